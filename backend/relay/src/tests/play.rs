//! Playing and listening, over plain and encrypted media. Relay at 127.0.71.n, peers at 127.0.72.n, from 80 on.

use super::{srtp::Call, *};
use crate::Clip;
use media::{g711::Law, srtp::Suite, tone};

const SUITE: Suite = Suite::AesCm128Sha1Tag80;

fn clip(frequency: f64) -> Clip {
    let mut samples = vec![0; 8_000];
    tone::Sine::new(frequency, 8_000, 8_000).fill(&mut samples);
    Clip::new(samples)
}

/// What side A hears for so many packets, while B says something every 20 ms.
fn heard(call: &mut Call, packets: usize) -> Vec<rtp::Header> {
    let mut samples = Vec::new();
    let mut headers = Vec::new();
    let deadline = Instant::now() + SOON;
    while headers.len() < packets {
        assert!(Instant::now() < deadline, "{} packets of {packets} came", headers.len());
        call.b.send();
        thread::sleep(Duration::from_millis(10));
        for packet in call.a.take() {
            let packet = rtp::Packet::parse(&packet).unwrap();
            headers.push(packet.header);
            Law::A.decode_into(packet.payload, &mut samples);
        }
    }
    // The first packets may be of before.
    assert!(tone::share_at(&samples[480..], 425.0, 8_000) > 0.9);
    headers
}

fn a_tone_is_heard(number: u8, suite: Option<Suite>) {
    let mut call = Call::new(number, suite, None);
    let first = call.b.send();
    call.a.expect(&first);
    let lasts = call.bridge.play(call.id, Side::A, &clip(425.0), Duration::from_secs(20)).unwrap();
    assert_eq!(lasts, Duration::from_secs(20));
    let headers = heard(&mut call, 20);
    assert!(headers.windows(2).all(|two| two[1].sequence == two[0].sequence.wrapping_add(1)));
    assert!(headers.windows(2).all(|two| two[0].ssrc == two[1].ssrc));
    call.bridge.hush(call.id, Side::A);
    eventually("the other side is heard again", || {
        let said = call.b.send();
        thread::sleep(Duration::from_millis(5));
        call.a.take().iter().any(|packet| packet[12..] == said[12..])
    });
}

#[test]
fn a_side_hears_what_is_played_in_place_of_the_other_side() {
    a_tone_is_heard(80, None);
}

#[test]
fn what_is_played_to_an_encrypted_side_is_encrypted() {
    a_tone_is_heard(81, Some(SUITE));
}

#[test]
fn what_lasts_a_moment_ends_by_itself() {
    let mut call = Call::new(82, None, None);
    call.bridge.play(call.id, Side::B, &clip(425.0), Duration::from_millis(100)).unwrap();
    let mut count = 0;
    eventually("five packets come", || {
        count += call.b.take().len();
        count == 5
    });
    let said = call.a.send();
    call.b.expect(&said);
    assert!(call.bridge.play(call.id + (1 << 40), Side::B, &clip(1.0), SOON).is_none(), "no such call");
}

#[test]
fn who_listens_hears_both_sides_decrypted_and_packets_go_on() {
    let mut call = Call::new(83, Some(SUITE), None);
    let mut tapped = call.bridge.relay().listen(SessionId(call.id)).unwrap();
    // What its worker moves before it has heard of who listens is not for them.
    eventually("it is listened to", || {
        let said = call.a.send();
        call.b.expect(&said);
        tapped.hear().is_some()
    });
    for _ in 0..5 {
        let (from_a, from_b) = (call.a.send(), call.b.send());
        call.b.expect(&from_a);
        call.a.expect(&from_b);
        for (side, said) in [(Side::A, &from_a), (Side::B, &from_b)] {
            let mut own = None;
            eventually("it is heard", || {
                own = tapped.hear();
                own.is_some()
            });
            let one = own.unwrap();
            // The order in which two sockets are read is nobody's promise.
            let expected = if one.side == side {
                said
            } else if side == Side::A {
                &from_b
            } else {
                &from_a
            };
            assert_eq!(one.payload(), &expected[12..]);
        }
    }
    call.bridge.relay().unlisten(SessionId(call.id), &tapped).unwrap();
    eventually("nobody is listened to any more", || tapped.is_over());
    let said = call.a.send();
    call.b.expect(&said);
    assert_eq!(tapped.lost(), 0);
}
