//! What is read, what is written, and when.

use super::*;
use crate::quality::{Sequence, StreamCounts};
use proptest::prelude::*;
use std::time::Duration;

fn packet(kind: u8, count: u8, words: &[u32]) -> Vec<u8> {
    let mut out = vec![0x80 | count, kind, 0, words.len() as u8];
    out.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    out
}

fn read(bytes: &[u8]) -> Vec<Packet<'_>> {
    parse(bytes).unwrap().collect()
}

#[test]
fn a_sender_report_with_a_report_block_and_a_bye_is_read() {
    let mut bytes = packet(200, 1, &[7, 1, 2, 3, 100, 16_000, 9, 0x40FF_FFFE, 0x1_0005, 11, 12, 13]);
    bytes.extend(packet(202, 1, &[7, 0x0102_6161, 0]));
    bytes.extend(packet(203, 1, &[7]));
    let packets = read(&bytes);
    let Packet::Sender { ssrc, ntp, packets: sent, bytes: octets, mut reports, .. } = packets[0] else {
        panic!()
    };
    assert_eq!((ssrc, ntp, sent, octets), (7, 1 << 32 | 2, 100, 16_000));
    let report = reports.next().unwrap();
    assert_eq!((report.ssrc, report.fraction_lost, report.lost), (9, 0x40, -2), "24 bits, signed");
    assert_eq!((report.highest_sequence, report.jitter, reports.next()), (0x1_0005, 11, None));
    assert_eq!(packets[1], Packet::Description { ssrc: 7, cname: Some(b"aa") });
    assert_eq!(packets[2], Packet::Bye { ssrc: 7 });
}

#[test]
fn lengths_that_run_past_the_end_are_refused() {
    let whole = packet(201, 1, &[7, 9, 0, 0, 0, 0, 0]);
    let why = |bytes: &[u8]| parse(bytes).err();
    assert_eq!(why(&whole), None);
    assert_eq!(why(&whole[..whole.len() - 1]), Some(RtcpError::Short));
    assert_eq!(why(&packet(201, 2, &[7, 9, 0, 0, 0, 0, 0])), Some(RtcpError::Short), "two in one's room");
    assert_eq!(why(&packet(200, 0, &[7])), Some(RtcpError::Short));
    assert_eq!(why(&[]), Some(RtcpError::Short));
    assert_eq!(why(&packet(96, 0, &[7])), Some(RtcpError::NotRtcp));
    assert_eq!(why(&[0x40, 200, 0, 0]), Some(RtcpError::NotRtcp));
    let many = packet(203, 1, &[7]).repeat(MAX_PACKETS + 5);
    assert_eq!(read(&many).len(), MAX_PACKETS);
}

#[test]
fn voip_metrics_are_found_behind_other_blocks_and_what_is_not_known_is_none() {
    let reference_time = [0x0400_0002, 1, 2];
    let metrics = [0x0700_0008, 9, 0x0D1A_0000, 0, 0x0050_0028, 0, 0x5D_7F_2A_7F, 0x0000_003C, 0x0078_00C8];
    let bytes = packet(207, 0, &[&[7][..], &reference_time, &metrics].concat());
    let [Packet::Extended { ssrc: 7, voip: Some(voip) }] = read(&bytes)[..] else { panic!() };
    assert_eq!((voip.ssrc, voip.loss_rate, voip.discard_rate), (9, 13, 26));
    assert_eq!((voip.round_trip_ms, voip.end_system_delay_ms), (80, 40));
    assert_eq!((voip.r_factor, voip.mos_listening, voip.mos_conversation), (Some(93), Some(42), None));
    assert_eq!(voip.buffer_ms, 60);
    let cut = packet(207, 0, &[7, 0x0700_0008, 9]);
    assert_eq!(read(&cut), [Packet::Extended { ssrc: 7, voip: None }], "the block is shorter than it says");
}

#[test]
fn what_we_write_is_read_back() {
    let sent = Sent { ntp: 0xE000_0000_8000_0000, timestamp: 160, packets: 3, bytes: 480 };
    let heard = Report {
        ssrc: 9,
        fraction_lost: 64,
        lost: -3,
        highest_sequence: 0x1_0002,
        jitter: 12,
        last_sr: 0x0001_8000,
        delay_since_last_sr: 65_536,
    };
    for length in 0..=CNAME_MAX + 1 {
        let cname = vec![b'x'; length];
        let mut bytes = Vec::new();
        Own { ssrc: 7, cname: &cname, sent: Some(sent), heard: Some(heard), leaves: true }.write(&mut bytes);
        assert!(bytes.len() % 4 == 0 && bytes.len() <= 128, "{}", bytes.len());
        let packets = read(&bytes);
        let Packet::Sender { ssrc: 7, ntp, timestamp: 160, packets: 3, bytes: 480, mut reports } = packets[0]
        else {
            panic!()
        };
        assert_eq!((ntp, reports.next(), reports.next()), (sent.ntp, Some(heard), None));
        let name = Some(&cname[..length.min(CNAME_MAX)]);
        assert_eq!(packets[1..], [Packet::Description { ssrc: 7, cname: name }, Packet::Bye { ssrc: 7 }]);
    }
    let mut bytes = Vec::new();
    Own { ssrc: 5, cname: b"abc", sent: None, heard: None, leaves: false }.write(&mut bytes);
    assert_eq!(
        bytes,
        [&[0x80, 201, 0, 1, 0, 0, 0, 5][..], &[0x81, 202, 0, 3, 0, 0, 0, 5, 1, 3], b"abc\0\0\0"].concat()
    );
}

fn counts(ssrc: u32, expected: u64, received: u64) -> StreamCounts {
    StreamCounts { ssrc, highest: expected as u32, expected, received }
}

#[test]
fn the_share_lost_is_that_since_the_last_report_and_the_count_that_of_all() {
    let mut reception = Reception::default();
    let first = reception.report(&counts(9, 100, 75), 8, None, 0);
    assert_eq!((first.fraction_lost, first.lost, first.jitter, first.last_sr), (64, 25, 8, 0));
    let second = reception.report(&counts(9, 200, 175), 8, None, 0);
    assert_eq!((second.fraction_lost, second.lost), (0, 25));
    let doubled = reception.report(&counts(9, 210, 400), 8, None, 0);
    assert_eq!((doubled.fraction_lost, doubled.lost), (0, -190), "duplicates");
    let other = reception.report(&counts(10, 4, 2), 8, None, 0);
    assert_eq!((other.fraction_lost, other.lost), (128, 2), "another source begins anew");
    let none = reception.report(&counts(10, 4, 2), 8, None, 0);
    assert_eq!((none.fraction_lost, none.lost), (0, 2), "nothing was due");
}

#[test]
fn a_report_goes_there_and_back_in_the_time_that_the_far_end_did_not_have_it() {
    // The picture of RFC 3550 §6.4.1: sent at 0xb44db705:20000000, there for 5.250 s, back at 0xb710:8000: 6.125 s.
    let report = Report {
        ssrc: 1,
        fraction_lost: 0,
        lost: 0,
        highest_sequence: 0,
        jitter: 0,
        last_sr: 0xB705_2000,
        delay_since_last_sr: 0x0005_4000,
    };
    assert_eq!(round_trip(0xB44D_B710_8000_0000, &report), Some(Duration::from_millis(6125)));
    assert_eq!(round_trip(0xB44D_B710_8000_0000, &Report { last_sr: 0, ..report }), None);
    assert_eq!(round_trip(0xB44D_B720_8000_0000, &report), None, "22 s");
    assert_eq!(round_trip(0xB44D_B70A_5FF0_0000, &report), Some(Duration::ZERO), "a coarse clock");
    let heard = HeardSender { ntp: 0xB44D_B705_2000_0000, at_us: 1_000_000 };
    let ours = Reception::default().report(&counts(9, 1, 1), 0, Some(heard), 6_250_000);
    assert_eq!((ours.last_sr, ours.delay_since_last_sr), (0xB705_2000, 0x0005_4000));
    assert_eq!(ntp_after(1 << 32, 2_500_000), 3 << 32 | 1 << 31);
}

#[test]
fn reports_are_five_seconds_apart_drawn_from_half_to_one_and_a_half_and_the_first_comes_sooner() {
    let two = Members { all: 2, senders: 2, we_send: true };
    let at = |members, is_first, chance| interval(members, 400.0, 120.0, is_first, chance).as_millis();
    assert_eq!([at(two, false, 0.0), at(two, false, 1.0)], [2052, 6156], "5 s × 0.5 or 1.5 / 1.21828");
    assert_eq!(at(two, true, 0.5), 2052);
    // 120 bytes × 1000 members / 400 bytes a second = 300 s; of four senders, a quarter of the bandwidth: 120 × 4 / 100.
    assert_eq!(at(Members { all: 1000, senders: 500, we_send: true }, false, 0.5), 246_248);
    assert_eq!(at(Members { all: 1000, senders: 4, we_send: true }, false, 0.5), 4104);
    assert_eq!(at(Members { all: 1000, senders: 4, we_send: false }, false, 0.5), 327_018);
}

#[test]
fn the_count_of_a_stream_begins_with_its_source() {
    let mut sequence = Sequence::default();
    assert_eq!(sequence.stream(), None);
    for number in [65_534, 65_535, 1] {
        sequence.push(7, number);
    }
    assert_eq!(
        sequence.stream(),
        Some(StreamCounts { ssrc: 7, highest: 0x1_0001, expected: 4, received: 3 })
    );
    sequence.push(8, 20);
    assert_eq!(sequence.stream(), Some(StreamCounts { ssrc: 8, highest: 20, expected: 1, received: 1 }));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120), kind in 192u8..=223) {
        if bytes.len() > 4 {
            bytes[0] |= 0x80;
            bytes[0] &= 0xBF;
            bytes[1] = kind;
            bytes[2] = 0;
        }
        let _ = parse(&bytes).map(|packets| packets.map(|packet| format!("{packet:?}")).count());
    }
}
