//! Listening to calls whose codecs change in the middle. Relay at 127.0.71.n, peers at 127.0.72.n, from 130 on.

use super::{
    transcode::{Speaker, Talk, talk},
    *,
};
use crate::{Coding, RelayError, TAPS_MAX, Tapped};
use media::{
    codec::{Decoder, Encoder},
    tone,
};

/// What each side says, Hz.
const HERTZ: [f64; 2] = [1_004.0, 620.0];
const AMPLITUDE: i16 = 8_000;
/// Packets that are spoken for.
const PACKETS: u16 = 40;

/// Comfort noise, which is told from what is said.
const COMFORT: u8 = 13;

/// Waits until the worker has taken up that it is listened to.
fn is_listened_to(tapped: &mut Tapped, speakers: [&mut Speaker; 2]) {
    let noise = rtp::Header { payload_type: COMFORT, ..rtp::Header::default() }.packet(&[40]);
    let [a, b] = speakers;
    let mut heard = [false; 2];
    eventually("both are listened to", || {
        [&mut *a, &mut *b].into_iter().for_each(|speaker| speaker.send(&noise));
        while let Some(packet) = tapped.hear() {
            heard[packet.side.index()] = true;
        }
        heard == [true; 2]
    });
}

/// Has both sides speak their tone, and listens: each is decoded as the tap says, and heard as it was said.
fn is_understood(tapped: &mut Tapped, [a, b]: [&mut Speaker; 2], timestamp: u32) {
    let codings = [a.coding, b.coding];
    let mut encoders = codings.map(|coding| Encoder::new(coding, coding.sample_rate()).unwrap());
    let mut decoders = codings.map(|coding| Decoder::new(coding, 8_000).unwrap());
    let mut sines =
        [0, 1].map(|side: usize| tone::Sine::new(HERTZ[side], codings[side].sample_rate(), AMPLITUDE));
    let (mut heard, mut count) = ([Vec::new(), Vec::new()], 0);
    for sequence in 0..PACKETS {
        for (index, speaker) in [&mut *a, &mut *b].into_iter().enumerate() {
            let mut samples = vec![0; encoders[index].samples_in(20)];
            sines[index].fill(&mut samples);
            let mut payload = Vec::new();
            encoders[index].encode(&samples, &mut payload).unwrap();
            let timestamp = timestamp + u32::from(sequence) * speaker.coding.row().clock_rate / 50;
            let header = rtp::Header {
                marker: sequence == 0,
                payload_type: speaker.payload,
                sequence,
                timestamp,
                ssrc: 7,
            };
            speaker.send(&header.packet(&payload));
        }
        eventually("both are listened to", || {
            while let Some(packet) = tapped.hear() {
                if packet.header.payload_type == COMFORT {
                    continue;
                }
                let (index, coding) = (packet.side.index(), tapped.coding(&packet));
                assert_eq!(coding, Some(codings[index]), "{:?}", packet.header);
                decoders[index].decode(packet.payload(), &mut heard[index]).unwrap();
                count += 1;
            }
            count == 2 * (usize::from(sequence) + 1)
        });
    }
    for (index, coding) in codings.into_iter().enumerate() {
        let heard = &heard[index][heard[index].len() / 2..];
        let decibels = 20.0 * (tone::level(heard) / (f64::from(AMPLITUDE) / 2_f64.sqrt())).log10();
        let share = tone::share_at(heard, HERTZ[index], 8_000);
        assert!(decibels.abs() < 2.5 && share > 0.75, "{coding:?}: {decibels:.1} dB, share {share:.2}");
    }
}

/// Hears what somebody else was asked to understand.
fn passes_over(tapped: &mut Tapped) {
    let mut count = 0;
    eventually("the other one's packets are heard", || {
        while let Some(packet) = tapped.hear() {
            count += u16::from(packet.header.payload_type != COMFORT);
        }
        count == 2 * PACKETS
    });
}

/// A side offers anew, and the other one answers.
fn renegotiate(talk: &Talk, side: Side, from: &mut Speaker, to: &mut Speaker) {
    let offer = talk.bridge.update(talk.id, side, Kind::Offer, from.says().as_bytes()).unwrap();
    to.follow(&offer);
    let answer = talk.bridge.update(talk.id, side.other(), Kind::Answer, to.says().as_bytes()).unwrap();
    from.follow(&answer);
}

#[test]
fn who_listens_knows_the_codec_that_is_agreed_on_in_the_middle_of_a_call_and_its_number() {
    let (mut a, mut b) = (Speaker::new(130, Coding::Pcma), Speaker::new(130, Coding::Pcma));
    let talk = talk(130, &mut a, &mut b);
    let mut tapped = talk.bridge.relay().listen(SessionId(talk.id)).unwrap();
    is_listened_to(&mut tapped, [&mut a, &mut b]);
    is_understood(&mut tapped, [&mut a, &mut b], 1_000);
    // Transcoding begins, with a codec of no fixed number, which then gets another one.
    (a.coding, a.payload) = (Coding::Opus, 98);
    renegotiate(&talk, Side::A, &mut a, &mut b);
    is_understood(&mut tapped, [&mut a, &mut b], 60_000);
    a.payload = 107;
    renegotiate(&talk, Side::A, &mut a, &mut b);
    is_understood(&mut tapped, [&mut a, &mut b], 120_000);
    // The other side asks, for what both have: packets pass as they are again.
    (a.coding, a.payload) = (Coding::Pcma, 8);
    renegotiate(&talk, Side::B, &mut b, &mut a);
    is_understood(&mut tapped, [&mut a, &mut b], 180_000);
    for number in [96, 97] {
        talk.bridge.allow(talk.id, [vec![], vec![]]);
        ((a.coding, a.payload), (b.coding, b.payload)) = ((Coding::G729, number), (Coding::G729, number));
        renegotiate(&talk, Side::A, &mut a, &mut b);
        is_understood(&mut tapped, [&mut a, &mut b], 240_000);
    }
    assert_eq!(tapped.lost(), 0);
}

#[test]
fn who_begins_to_listen_later_knows_what_was_agreed_before() {
    let (mut a, mut b) = (Speaker::new(131, Coding::Opus), Speaker::new(131, Coding::Pcmu));
    let talk = talk(131, &mut a, &mut b);
    let mut first = talk.bridge.relay().listen(SessionId(talk.id)).unwrap();
    is_listened_to(&mut first, [&mut a, &mut b]);
    is_understood(&mut first, [&mut a, &mut b], 0);
    a.payload = 99;
    renegotiate(&talk, Side::A, &mut a, &mut b);
    let mut tapped = talk.bridge.relay().listen(SessionId(talk.id)).unwrap();
    is_listened_to(&mut tapped, [&mut a, &mut b]);
    is_understood(&mut tapped, [&mut a, &mut b], 0);
    passes_over(&mut first);
    assert!(!first.is_over(), "who listened before goes on");
    is_understood(&mut first, [&mut a, &mut b], 60_000);
}

#[test]
fn two_listen_to_a_call_at_a_time_each_until_it_is_done_and_a_third_does_not() {
    let (mut a, mut b) = (Speaker::new(132, Coding::Pcma), Speaker::new(132, Coding::Opus));
    let talk = talk(132, &mut a, &mut b);
    let (relay, session) = (talk.bridge.relay(), SessionId(talk.id));
    let [mut one, mut two] = [(); TAPS_MAX].map(|()| relay.listen(session).unwrap());
    assert_eq!(relay.listen(session).unwrap_err(), RelayError::Listened { limit: TAPS_MAX });
    for tapped in [&mut one, &mut two] {
        is_listened_to(tapped, [&mut a, &mut b]);
    }
    is_understood(&mut one, [&mut a, &mut b], 1_000);
    passes_over(&mut two);
    is_understood(&mut two, [&mut a, &mut b], 60_000);
    assert_eq!([one.lost(), two.lost()], [0; 2], "each has a queue of its own");
    // The first is done: what it leaves is another one's place, and the second hears on.
    relay.unlisten(session, &one).unwrap();
    while one.hear().is_some() {}
    eventually("it hears nothing any more", || one.is_over());
    let third = relay.listen(session).unwrap();
    relay.unlisten(session, &one).unwrap();
    assert!(relay.listen(session).is_err(), "who is done ends nobody else's");
    is_understood(&mut two, [&mut a, &mut b], 120_000);
    // One that is gone without a word keeps no place either.
    drop(third);
    let mut fourth = relay.listen(session).unwrap();
    is_listened_to(&mut fourth, [&mut a, &mut b]);
    is_understood(&mut fourth, [&mut a, &mut b], 180_000);
    relay.close(session).unwrap();
    while two.hear().is_some() || fourth.hear().is_some() {}
    eventually("the call is over for both", || two.is_over() && fourth.is_over());
}
