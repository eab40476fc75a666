//! What the fuzzer calls, and what the tests replay: each takes any bytes, and panics only where the code is wrong.

use dialtone_media::{
    dtls::{Arrival, Fingerprint, Profile, Role, Setup, UseSrtp},
    dtmf, hearing,
    rtcp::{self, Own, Packet},
    rtp,
    sdp::{Encryption, Local, Negotiation, Sdp, Side, rewrite},
    srtp::{Master, OVERHEAD_MAX, Receiver, Sender, Suite},
};
use std::net::{IpAddr, Ipv4Addr};

const RELAY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A session description: read, written, and rewritten for the other side.
pub(crate) fn sdp(data: &[u8]) {
    if let Ok(parsed) = Sdp::parse(data) {
        let written = parsed.to_bytes();
        assert!(Sdp::parse(&written).is_ok(), "what was written can be read");
        for media in &parsed.media {
            let _ = (parsed.direction(media), parsed.address(media), media.ptime(), media.rtcp());
            let _ = (0..=127).filter_map(|payload| media.rtpmap(payload)).count();
        }
    }
    let local = Local { addr: RELAY, rtp_port: 40_000, rtcp_port: 40_001, session_id: 1, version: u64::MAX };
    if let Ok(rewritten) = rewrite(data, &local) {
        let read = Sdp::parse(&rewritten.body).expect("what we send can be read");
        for media in read.media.iter().filter(|media| media.port != 0) {
            assert_eq!(read.address(media), Some(RELAY), "media goes through the relay and nowhere else");
        }
    }
}

/// An offer and what may answer it.
pub(crate) fn negotiation(data: &[u8]) {
    let half = data.len() / 2;
    let policies = [Encryption::Off, Encryption::Accepted, Encryption::Offered, Encryption::Required];
    let mut negotiation = Negotiation::new(1);
    negotiation.encrypt([policies[half % 4], policies[half / 4 % 4]]);
    let keys = &mut |bytes: &mut [u8]| bytes.fill(7);
    let _ = negotiation.offer(Side::A, &data[..half], RELAY, (40_000, 40_001), keys);
    let _ = negotiation.answer(Side::B, &data[half..], RELAY, (40_002, 40_003));
    let _ = negotiation.answer(Side::B, &data[..half], RELAY, (40_002, 40_003));
    negotiation.settle();
    let _ = negotiation.offer(Side::B, &data[half..], RELAY, (40_002, 40_003), keys);
    let _ = (negotiation.agreed(Side::A), negotiation.agreed(Side::B), negotiation.outstanding());
}

/// A packet of media: RTP and telephone events.
pub(crate) fn packet(data: &[u8]) {
    let _ = rtp::is_rtcp(data);
    if let Ok(packet) = rtp::Packet::parse(data) {
        assert!(packet.payload.len() <= data.len(), "a payload lies within its packet");
        let _ = dtmf::Event::parse(packet.payload);
        let _ = hearing::look(packet.header.payload_type, packet.payload);
    }
    let _ = dtmf::Event::parse(data);
}

/// Reports: what is read of them can be reckoned with, and what we write of it is read back.
pub(crate) fn reports(data: &[u8]) {
    let Ok(packets) = rtcp::parse(data) else { return };
    assert!(packets.count() <= rtcp::MAX_PACKETS, "no more are read than the bound allows");
    for packet in packets {
        let (Packet::Sender { ssrc, reports, .. } | Packet::Receiver { ssrc, reports }) = packet else {
            continue;
        };
        for report in reports {
            let _ = rtcp::round_trip(u64::from(ssrc) << 16, &report);
            let own = Own { ssrc, cname: data, sent: None, heard: Some(report), leaves: false };
            let mut bytes = Vec::new();
            own.write(&mut bytes);
            let first = rtcp::parse(&bytes).expect("what we write can be read").next();
            let Some(Packet::Receiver { mut reports, .. }) = first else {
                panic!("a receiver's report first")
            };
            assert_eq!(reports.next(), Some(report));
        }
    }
}

/// A packet under protection: whatever comes is refused, and what we protect of it is read back as it was.
pub(crate) fn srtp(data: &[u8]) {
    let suite = Suite::ALL[data.len() % Suite::ALL.len()];
    let master = Master::fresh(suite, &mut |bytes| bytes.fill(7));
    let (mut sender, mut receiver) = (Sender::new(&master), Receiver::new(&master));
    let (rtp, rtcp) =
        (receiver.unprotect_rtp(&mut data.to_vec()), receiver.unprotect_rtcp(&mut data.to_vec()));
    let is_signed = rtcp.is_ok() || (rtp.is_ok() && suite.rtp_tag_bytes() > 4);
    assert!(!is_signed, "what nobody signed is refused");
    let mut packet = data.to_vec();
    packet.resize(data.len() + OVERHEAD_MAX, 0);
    if let Ok(length) = sender.protect_rtp(&mut packet, data.len()) {
        let taken = receiver.unprotect_rtp(&mut packet[..length]).expect("it is the key's own");
        // The number may be shifted; the rest is as it was.
        assert_eq!((&packet[..2], &packet[4..taken]), (&data[..2], &data[4..]));
    }
    let mut packet = data.to_vec();
    packet.resize(data.len() + OVERHEAD_MAX, 0);
    if let Ok(length) = sender.protect_rtcp(&mut packet, data.len()) {
        let taken = receiver.unprotect_rtcp(&mut packet[..length]).expect("it is the key's own");
        assert_eq!(&packet[..taken], data);
    }
}

/// What arrives on a port that several protocols share, and what a side says of its DTLS.
pub(crate) fn shared(data: &[u8]) {
    let arrival = Arrival::of(data);
    assert!(
        !Arrival::is_stun(data) || arrival == Some(Arrival::Stun),
        "a message of STUN goes where STUN goes"
    );
    let is_media = matches!(arrival, Some(Arrival::Rtp | Arrival::Rtcp));
    assert_eq!(arrival == Some(Arrival::Rtcp), rtp::is_rtcp(data));
    assert!(is_media || rtp::Packet::parse(data).is_err(), "what is read as RTP goes where RTP goes");
    if let Some(read) = UseSrtp::parse(data) {
        let mut written = Vec::new();
        UseSrtp::write(&read.profiles, &mut written);
        let again = UseSrtp::parse(&written).map(|read| read.profiles);
        assert_eq!(again.unwrap_or_default(), read.profiles);
    }
    if let Ok(fingerprint) = Fingerprint::parse(data) {
        assert_eq!(Fingerprint::new(fingerprint.hash(), fingerprint.digest()), Some(fingerprint));
    }
    let _ = Setup::parse(data);
    for profile in Profile::ALL {
        let keys = profile.keying(Role::Client, data);
        assert_eq!(keys.is_some(), data.len() == profile.material_bytes());
    }
}
