//! Streams: round trips, forgeries, replays, order, wrapping, sources and changes of keys.

use super::{master, protected, rtp};
use crate::srtp::{OVERHEAD_MAX, PREVIOUS_PACKETS_MAX, Receiver, SOURCES_MAX, Sender, SrtpError, Suite};
use proptest::prelude::*;

const SOURCE: u32 = 0xCAFE_0001;

fn pair(suite: Suite) -> (Sender, Receiver) {
    let master = master(suite, 1);
    (Sender::new(&master), Receiver::new(&master))
}

fn suites() -> impl Strategy<Value = Suite> {
    prop::sample::select(&Suite::ALL[..])
}

/// A sender report with `blocks` report blocks.
fn report(source: u32, extra: &[u8]) -> (Vec<u8>, usize) {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(source.to_be_bytes());
    packet.extend([7; 20]);
    packet.extend_from_slice(extra);
    let length = packet.len();
    packet.resize(length + OVERHEAD_MAX, 0);
    (packet, length)
}

proptest! {
    #[test]
    fn what_is_protected_is_read_back_by_the_other_side(
        suite in suites(), source: u32, first: u16, payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..8),
    ) {
        let (mut sender, mut receiver) = pair(suite);
        for (at, payload) in payloads.iter().enumerate() {
            let sequence = first.wrapping_add(at as u16);
            let (mut packet, length) = rtp(source, sequence, payload);
            let clear = packet[..length].to_vec();
            let made = sender.protect_rtp(&mut packet, length).unwrap();
            prop_assert_eq!(made, length + suite.rtp_tag_bytes());
            prop_assert!(payload.len() < 8 || packet[12..length] != clear[12..], "it is encrypted");
            let taken = receiver.unprotect_rtp(&mut packet[..made]).unwrap();
            // All but the sequence number is as it was; that is shifted by as much for all.
            let mut expected = clear;
            expected[2..4].copy_from_slice(&(sequence.wrapping_sub(first).wrapping_add(first & 0x7fff)).to_be_bytes());
            prop_assert_eq!(&packet[..taken], &expected[..]);
        }
    }

    #[test]
    fn a_report_is_read_back_by_the_other_side(suite in suites(), source: u32, extra in prop::collection::vec(any::<u8>(), 0..100)) {
        let (mut sender, mut receiver) = pair(suite);
        for _ in 0..3 {
            let (mut packet, length) = report(source, &extra);
            let clear = packet[..length].to_vec();
            let made = sender.protect_rtcp(&mut packet, length).unwrap();
            prop_assert_eq!(made, length + 4 + suite.rtcp_tag_bytes());
            let taken = receiver.unprotect_rtcp(&mut packet[..made]).unwrap();
            prop_assert_eq!(&packet[..taken], &clear[..]);
        }
    }

    #[test]
    fn no_flipped_bit_is_taken_and_none_spoils_what_comes_after(suite in suites(), flip in 0_usize..8 * 182) {
        let (mut sender, mut receiver) = pair(suite);
        let packet = protected(&mut sender, SOURCE, 7, &[0x55; 160]);
        let bit = flip % (packet.len() * 8);
        let mut damaged = packet.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(matches!(receiver.unprotect_rtp(&mut damaged), Err(SrtpError::Forged | SrtpError::Malformed)));
        let (mut packet, next) = (packet, protected(&mut sender, SOURCE, 8, &[0x55; 160]));
        prop_assert!(receiver.unprotect_rtp(&mut packet).is_ok());
        prop_assert!(receiver.unprotect_rtp(&mut next.clone()).is_ok());
        let (mut report, length) = report(SOURCE, &[]);
        let length = sender.protect_rtcp(&mut report, length).unwrap();
        let mut damaged = report[..length].to_vec();
        let bit = flip % (length * 8);
        damaged[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(matches!(receiver.unprotect_rtcp(&mut damaged), Err(SrtpError::Forged | SrtpError::Malformed)));
        prop_assert!(receiver.unprotect_rtcp(&mut report[..length]).is_ok());
    }

    #[test]
    fn packets_in_any_order_within_the_window_are_taken_once_each(
        suite in suites(), first: u16, order in Just((0..100_u16).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let (mut sender, mut receiver) = pair(suite);
        // One comes first, so that the cycle is known wherever the others wrap.
        let mut head = protected(&mut sender, SOURCE, first, b"first");
        prop_assert!(receiver.unprotect_rtp(&mut head).is_ok());
        let packets: Vec<_> =
            (1..=100).map(|at| protected(&mut sender, SOURCE, first.wrapping_add(at), b"later")).collect();
        for at in &order {
            prop_assert!(receiver.unprotect_rtp(&mut packets[usize::from(*at)].clone()).is_ok());
        }
        for packet in &packets {
            prop_assert_eq!(receiver.unprotect_rtp(&mut packet.clone()), Err(SrtpError::Replayed));
        }
    }
}

#[test]
fn a_packet_is_taken_once_and_one_behind_the_window_never() {
    let (mut sender, mut receiver) = pair(Suite::AesCm128Sha1Tag80);
    let packets: Vec<_> = (0..200).map(|at| protected(&mut sender, SOURCE, at, b"x")).collect();
    for packet in &packets[100..] {
        assert!(receiver.unprotect_rtp(&mut packet.clone()).is_ok());
    }
    assert_eq!(receiver.unprotect_rtp(&mut packets[199].clone()), Err(SrtpError::Replayed));
    assert!(receiver.unprotect_rtp(&mut packets[72].clone()).is_ok(), "127 behind the newest");
    assert_eq!(receiver.unprotect_rtp(&mut packets[71].clone()), Err(SrtpError::Replayed), "128 behind");
    let (mut report, length) = report(SOURCE, &[]);
    let length = sender.protect_rtcp(&mut report, length).unwrap();
    assert!(receiver.unprotect_rtcp(&mut report[..length].to_vec()).is_ok());
    assert_eq!(receiver.unprotect_rtcp(&mut report[..length].to_vec()), Err(SrtpError::Replayed));
}

#[test]
fn the_cycle_of_numbers_is_counted_through_three_wraps_with_losses() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        for at in 0..3 * 65_536_u32 + 100 {
            if at % 512 < 3 || at % 65_536 > 65_500 {
                let mut packet = protected(&mut sender, SOURCE, at as u16, b"x");
                assert!(at % 7 == 0 || receiver.unprotect_rtp(&mut packet).is_ok(), "{suite:?} {at}");
            }
        }
    }
}

#[test]
fn a_receiver_that_missed_the_wrap_finds_the_cycle() {
    let (mut sender, mut receiver) = pair(Suite::AeadAes128Gcm);
    for sequence in [0x7FFF, 0xBFFF, 0xFFFF] {
        drop(protected(&mut sender, SOURCE, sequence, b"missed"));
    }
    let mut packet = protected(&mut sender, SOURCE, 3, b"heard");
    assert!(receiver.unprotect_rtp(&mut packet).is_ok());
}

#[test]
fn a_stream_that_begins_anew_goes_on_without_using_a_number_twice() {
    let (mut sender, mut receiver) = pair(Suite::AesCm128Sha1Tag80);
    for sequence in 5_000..5_400 {
        assert!(receiver.unprotect_rtp(&mut protected(&mut sender, SOURCE, sequence, b"x")).is_ok());
    }
    let (mut packet, length) = rtp(SOURCE, 5_399, b"again");
    assert_eq!(sender.protect_rtp(&mut packet, length), Err(SrtpError::Replayed), "a repetition");
    let (mut packet, length) = rtp(SOURCE, 100, b"anew");
    assert_eq!(sender.protect_rtp(&mut packet, length), Err(SrtpError::Replayed), "one alone is a stray");
    for sequence in 101..700 {
        let mut packet = protected(&mut sender, SOURCE, sequence, b"anew");
        assert_eq!(u16::from_be_bytes([packet[2], packet[3]]), 5_400 + sequence - 101);
        assert!(receiver.unprotect_rtp(&mut packet).is_ok());
    }
    let (mut packet, length) = rtp(SOURCE, 699, b"again");
    assert_eq!(sender.protect_rtp(&mut packet, length), Err(SrtpError::Replayed));
}

#[test]
fn sources_have_windows_of_their_own_and_a_bound() {
    let (mut sender, mut receiver) = pair(Suite::AeadAes256Gcm);
    for source in 0..SOURCES_MAX as u32 {
        assert!(receiver.unprotect_rtp(&mut protected(&mut sender, source, 9, b"x")).is_ok());
    }
    let (mut packet, length) = rtp(1_000, 9, b"x");
    assert_eq!(sender.protect_rtp(&mut packet, length), Err(SrtpError::Sources));
    let mut other = Sender::new(&master(Suite::AeadAes256Gcm, 1));
    assert_eq!(receiver.unprotect_rtp(&mut protected(&mut other, 1_000, 9, b"x")), Err(SrtpError::Sources));
    assert!(receiver.unprotect_rtp(&mut protected(&mut sender, 3, 10, b"x")).is_ok());
}

#[test]
fn after_a_change_of_keys_the_former_ones_last_packets_are_taken_and_then_no_more() {
    for suite in Suite::ALL {
        let (mut before, receiver) = pair(Suite::AesCm128Sha1Tag80);
        let key = master(suite, 2);
        let mut after = Sender::new(&key);
        let former = receiver;
        let mut receiver = Receiver::new(&key);
        receiver.follow(former);
        assert!(receiver.unprotect_rtp(&mut protected(&mut before, SOURCE, 1, b"old")).is_ok());
        assert!(receiver.unprotect_rtp(&mut protected(&mut after, SOURCE, 3, b"new")).is_ok());
        for at in 1..PREVIOUS_PACKETS_MAX {
            assert!(receiver.unprotect_rtp(&mut protected(&mut before, SOURCE, 1 + at, b"old")).is_ok());
        }
        let mut late = protected(&mut before, SOURCE, 1 + PREVIOUS_PACKETS_MAX, b"late");
        assert!(receiver.unprotect_rtp(&mut late).is_err());
        assert!(receiver.unprotect_rtp(&mut protected(&mut after, SOURCE, 4, b"new")).is_ok());
    }
}

#[test]
fn a_cycle_that_goes_on_under_a_new_key_is_found() {
    let (mut before, mut receiver) = pair(Suite::AesCm128Sha1Tag80);
    let mut last = Vec::new();
    for at in (0..5 * 65_536_u32).step_by(10_000) {
        last = protected(&mut before, SOURCE, at as u16, b"x");
        assert!(receiver.unprotect_rtp(&mut last.clone()).is_ok());
    }
    let key = master(Suite::AeadAes128Gcm, 2);
    let before = receiver;
    let mut receiver = Receiver::new(&key);
    receiver.follow(before);
    let sequence = u16::from_be_bytes([last[2], last[3]]).wrapping_add(1);
    // A sender whose count of cycles was not begun anew: that of a library which keeps it, as RFC 3711 §3.3.1 wants.
    let mut after = Sender::new(&key);
    for at in (0..4 * 65_536_u32 + u32::from(sequence)).step_by(10_000) {
        drop(protected(&mut after, SOURCE, at as u16, b"unsent"));
    }
    let mut packet = protected(&mut after, SOURCE, sequence, b"new");
    assert!(receiver.unprotect_rtp(&mut packet).is_ok());
}

#[test]
fn what_is_no_packet_or_has_no_room_is_refused_and_keys_are_never_shown() {
    let (mut sender, mut receiver) = pair(Suite::AeadAes128Gcm);
    for bytes in [&b""[..], &[0x80; 11], &[0x00; 40], &[0x9F; 20], &[0x90; 17]] {
        assert_eq!(receiver.unprotect_rtp(&mut bytes.to_vec()), Err(SrtpError::Malformed));
        assert_eq!(sender.protect_rtp(&mut bytes.to_vec(), bytes.len()), Err(SrtpError::Malformed));
    }
    assert_eq!(receiver.unprotect_rtcp(&mut [0x80; 27]), Err(SrtpError::Malformed));
    let (mut packet, length) = rtp(SOURCE, 1, b"x");
    assert_eq!(sender.protect_rtp(&mut packet[..length + 15], length), Err(SrtpError::NoRoom));
    assert_eq!(sender.protect_rtp(&mut packet[..3], 4), Err(SrtpError::NoRoom));
    let shown = format!("{:?} {sender:?} {receiver:?}", master(Suite::AeadAes128Gcm, 1));
    assert!(shown.contains("AEAD_AES_128_GCM"), "{shown}");
    let keying = master(Suite::AeadAes128Gcm, 1).keying().to_vec();
    let listed: Vec<String> = keying.iter().map(u8::to_string).collect();
    assert!(
        !shown.contains(&listed[..4].join(", ")) && !shown.contains(&hex::encode(&keying[..4])),
        "{shown}"
    );
}
