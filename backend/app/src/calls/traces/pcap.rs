//! A trace as a capture that any analyser reads: the classic format, raw IP packets. Each message becomes one UDP
//! datagram between the far end and us, whatever carried it: a connection's bytes cannot be given back as they were.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The magic number of captures with microseconds, written in the order of this file.
const MAGIC: u32 = 0xa1b2_c3d4;
/// `LINKTYPE_RAW`: packets begin with their IP header.
const LINKTYPE_RAW: u32 = 101;
/// The longest payload of a datagram over IPv4; of a longer message the rest is cut.
const PAYLOAD_MAX: usize = 65_535 - 20 - 8;
/// The protocol number of UDP.
const UDP: u8 = 17;

/// One datagram.
pub(super) struct Datagram {
    pub(super) at: SystemTime,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) payload: Vec<u8>,
}

/// Writes a capture.
pub(super) fn capture(datagrams: &[Datagram]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend_from_slice(&MAGIC.to_le_bytes());
    // Version 2.4, no time zone, no accuracy.
    file.extend_from_slice(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend_from_slice(&65_535_u32.to_le_bytes());
    file.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
    for datagram in datagrams {
        let packet = packet(datagram);
        let at = datagram.at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let len = packet.len() as u32;
        let seconds = u32::try_from(at.as_secs()).unwrap_or(u32::MAX);
        for field in [seconds, at.subsec_micros(), len, len] {
            file.extend_from_slice(&field.to_le_bytes());
        }
        file.extend_from_slice(&packet);
    }
    file
}

/// An IP packet with a UDP datagram in it. Ends of two families are both written as IPv6 (RFC 4291 §2.5.5.2).
fn packet(datagram: &Datagram) -> Vec<u8> {
    let payload = &datagram.payload[..datagram.payload.len().min(PAYLOAD_MAX)];
    match (datagram.from.ip(), datagram.to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => v4(datagram, from.octets(), to.octets(), payload),
        (from, to) => v6(datagram, octets(from), octets(to), payload),
    }
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// RFC 791.
fn v4(datagram: &Datagram, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let udp = udp(datagram, &from, &to, payload);
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&((20 + udp.len()) as u16).to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0x40, 0, 64, UDP, 0, 0]);
    packet.extend_from_slice(&from);
    packet.extend_from_slice(&to);
    let sum = checksum(&[&packet]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(&udp);
    packet
}

/// RFC 8200.
fn v6(datagram: &Datagram, from: [u8; 16], to: [u8; 16], payload: &[u8]) -> Vec<u8> {
    let udp = udp(datagram, &from, &to, payload);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend_from_slice(&(udp.len() as u16).to_be_bytes());
    packet.extend_from_slice(&[UDP, 64]);
    packet.extend_from_slice(&from);
    packet.extend_from_slice(&to);
    packet.extend_from_slice(&udp);
    packet
}

/// RFC 768; the pseudo-header of both versions sums up alike, since the words between the fields are zero.
fn udp(datagram: &Datagram, from: &[u8], to: &[u8], payload: &[u8]) -> Vec<u8> {
    let len = (8 + payload.len()) as u16;
    let mut udp = Vec::with_capacity(usize::from(len));
    udp.extend_from_slice(&datagram.from.port().to_be_bytes());
    udp.extend_from_slice(&datagram.to.port().to_be_bytes());
    udp.extend_from_slice(&len.to_be_bytes());
    udp.extend_from_slice(&[0, 0]);
    udp.extend_from_slice(payload);
    let sum = match checksum(&[from, to, &[0, UDP], &len.to_be_bytes(), &udp]) {
        0 => 0xffff,
        sum => sum,
    };
    udp[6..8].copy_from_slice(&sum.to_be_bytes());
    udp
}

/// RFC 1071. Every part but the last must have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or_default());
    let mut sum: u32 = 0;
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        sum += word(pair);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(from: &str, to: &str, payload: &[u8]) -> Datagram {
        let address = |text: &str| text.parse().expect("an address");
        let at = UNIX_EPOCH + Duration::new(1_800_000_000, 123_456_000);
        Datagram { at, from: address(from), to: address(to), payload: payload.to_vec() }
    }

    #[test]
    fn a_known_header_gets_its_known_checksum() {
        // The example of an IPv4 header that textbooks sum up: 0xb861.
        let header =
            [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
        assert_eq!(checksum(&[&header]), 0xb861);
    }

    #[test]
    fn packets_of_both_families_sum_up_to_nothing_and_say_their_lengths() {
        for (from, to, head) in
            [("192.0.2.7:5060", "192.0.2.9:5062", 20), ("[2001:db8::1]:5060", "192.0.2.9:5062", 40)]
        {
            for payload in [&b"odd"[..], b"even", b""] {
                let packet = packet(&datagram(from, to, payload));
                assert_eq!(packet.len(), head + 8 + payload.len());
                let (ip, udp) = packet.split_at(head);
                let addresses = if head == 20 { &ip[12..20] } else { &ip[8..40] };
                let len = (udp.len() as u16).to_be_bytes();
                assert_eq!(checksum(&[addresses, &[0, UDP], &len, udp]), 0, "{from}");
                if head == 20 {
                    assert_eq!(checksum(&[ip]), 0);
                    assert_eq!(usize::from(u16::from_be_bytes([ip[2], ip[3]])), packet.len());
                }
                assert_eq!(udp[..4], [0x13, 0xc4, 0x13, 0xc6]);
                assert_eq!(&udp[8..], payload);
            }
        }
    }

    #[test]
    fn a_capture_begins_with_its_head_and_dates_each_packet() {
        let file = capture(&[
            datagram("192.0.2.7:1", "192.0.2.9:2", b"x"),
            datagram("192.0.2.7:1", "192.0.2.9:2", b"y"),
        ]);
        assert_eq!(file.len(), 24 + 2 * (16 + 29));
        assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
        assert_eq!(file[20..24], 101_u32.to_le_bytes());
        assert_eq!(file[24..28], 1_800_000_000_u32.to_le_bytes());
        assert_eq!(file[28..32], 123_456_u32.to_le_bytes());
        assert_eq!(file[32..36], 29_u32.to_le_bytes());
    }

    #[test]
    fn a_message_longer_than_a_datagram_is_cut() {
        let packet = packet(&datagram("192.0.2.7:1", "192.0.2.9:2", &vec![b'x'; 70_000]));
        assert_eq!(packet.len(), 65_535);
    }
}
