//! Codecs of two sides: who is offered what, and what each is told in the end.

use super::*;
use crate::codec::Coding::{self, G722, G729, Opus, Pcma, Pcmu};
use std::net::{IpAddr, Ipv4Addr};

const RELAY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn audio(formats: &str, lines: &[&str]) -> String {
    let mut out = format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.3\r\ns=-\r\nc=IN IP4 198.51.100.3\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n"
    );
    lines.iter().for_each(|line| out.push_str(&format!("a={line}\r\n")));
    out
}

struct Talk(Negotiation);

impl Talk {
    fn new(a: &[Coding], b: &[Coding]) -> Self {
        let mut negotiation = Negotiation::new(5);
        negotiation.allow([a.to_vec(), b.to_vec()]);
        Self(negotiation)
    }

    fn offer(&mut self, from: Side, sdp: &str) -> Result<String, NegotiationError> {
        let made = self.0.offer(from, sdp.as_bytes(), RELAY, (6000, 6001), &mut |_| {});
        made.map(|body| section(&body))
    }

    fn answer(&mut self, from: Side, sdp: &str) -> Result<String, NegotiationError> {
        self.0.answer(from, sdp.as_bytes(), RELAY, (6002, 6003)).map(|body| section(&body))
    }
}

/// The audio section without its port.
fn section(body: &[u8]) -> String {
    let text = str::from_utf8(body).unwrap();
    text[text.find("m=audio").unwrap()..].replacen("6000 ", "", 1).replacen("6002 ", "", 1)
}

const EVENTS: &str = "rtpmap:101 telephone-event/8000";

#[test]
fn without_lists_nothing_is_changed_and_nothing_transcoded() {
    let mut talk = Talk::new(&[], &[]);
    let to_b = talk.offer(Side::A, &audio("96 0 101", &["rtpmap:96 AMR/8000", EVENTS])).unwrap();
    assert!(to_b.starts_with("m=audio RTP/AVP 96 0 101\r\n"), "{to_b}");
    talk.answer(Side::B, &audio("96", &["rtpmap:96 AMR/8000"])).unwrap();
    assert_eq!(talk.0.voices(), None);
}

#[test]
fn a_side_is_offered_what_both_may_use_and_then_its_own_list() {
    let mut talk = Talk::new(&[], &[G722, Pcma, Opus]);
    let offer = audio("0 8 96 101", &["rtpmap:96 AMR/8000", "fmtp:96 mode-set=7", EVENTS, "ptime:20"]);
    let to_b = talk.offer(Side::A, &offer).unwrap();
    assert_eq!(
        to_b,
        "m=audio RTP/AVP 8 9 111 101 127\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=rtpmap:9 G722/8000\r\n\
         a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:127 telephone-event/48000\r\n\
         a=fmtp:127 0-16\r\n"
    );
    // What they share passes as it is, without what we put in.
    let to_a = talk.answer(Side::B, &audio("8 9 101", &["rtpmap:9 G722/8000", EVENTS])).unwrap();
    assert!(to_a.starts_with("m=audio RTP/AVP 8 101\r\n") && !to_a.contains("G722"), "{to_a}");
    assert_eq!((talk.0.voices(), talk.0.agreed(Side::A).unwrap().codec.as_str()), (None, "PCMA"));
}

#[test]
fn an_answer_that_was_not_offered_by_the_caller_is_told_as_the_callers_best_and_both_speak_their_own() {
    let mut talk = Talk::new(&[], &[G722, Opus]);
    talk.offer(Side::A, &audio("18 0 101", &["fmtp:18 annexb=yes", EVENTS, "ptime:30"])).unwrap();
    let answer = audio(
        "97 127",
        &[
            "rtpmap:97 opus/48000/2",
            "fmtp:97 maxaveragebitrate=12000;stereo=0",
            "rtpmap:127 telephone-event/48000",
            "maxptime:40",
            "ptime:60",
            "sendrecv",
        ],
    );
    let to_a = talk.answer(Side::B, &answer).unwrap();
    assert_eq!(
        to_a,
        "m=audio RTP/AVP 18 101\r\na=sendrecv\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:30\r\n"
    );
    let [a, b] = talk.0.voices().unwrap();
    assert_eq!((a.coding, a.payload, a.millis, a.heard.clone()), (G729, 18, 30, vec![(18, G729)]));
    assert_eq!((b.coding, b.payload, b.millis, b.bitrate), (Opus, 97, 40, Some(12_000)));
    assert_eq!(b.heard, [(97, Opus), (111, Opus)], "by its number or by ours");
    assert_eq!((a.events.unwrap().clock_rate, b.events.unwrap().clock_rate), (8_000, 48_000));
    assert_eq!(b.events.unwrap().payload, 127);
    let agreed =
        |side| talk.0.agreed(side).map(|end| (end.codec.clone(), end.payload, end.clock_rate)).unwrap();
    assert_eq!(agreed(Side::A), ("G729".to_owned(), Some(18), 8_000));
    assert_eq!(agreed(Side::B), ("opus".to_owned(), Some(97), 48_000));
}

#[test]
fn the_callee_may_offer_again_and_late_and_pass_through_ends_the_transcoding() {
    let mut talk = Talk::new(&[Pcmu], &[G722]);
    let to_a = talk.offer(Side::B, &audio("9", &[])).unwrap();
    assert!(to_a.starts_with("m=audio RTP/AVP 0\r\n"), "{to_a}");
    let to_b = talk.answer(Side::A, &audio("0", &[])).unwrap();
    assert!(to_b.starts_with("m=audio RTP/AVP 9\r\n"), "{to_b}");
    let [a, b] = talk.0.voices().unwrap();
    assert_eq!((a.coding, b.coding), (Pcmu, G722));
    talk.0.allow([vec![], vec![]]);
    talk.offer(Side::B, &audio("0", &[])).unwrap();
    assert!(talk.0.voices().is_some(), "an offer alone changes nothing");
    talk.answer(Side::A, &audio("0", &[])).unwrap();
    assert_eq!(talk.0.voices(), None);
}

#[test]
fn a_number_that_is_taken_is_not_given_twice() {
    let mut talk = Talk::new(&[], &[Opus, G722]);
    let to_b =
        talk.offer(Side::A, &audio("0 111 9", &["rtpmap:111 iLBC/8000", "rtpmap:9 L16/8000"])).unwrap();
    assert!(to_b.starts_with("m=audio RTP/AVP 127 126\r\n"), "{to_b}");
    assert!(to_b.contains("a=rtpmap:127 opus/48000/2\r\n") && to_b.contains("a=rtpmap:126 G722/8000\r\n"));
    assert!(!to_b.contains("iLBC") && !to_b.contains("L16"), "{to_b}");
}

#[test]
fn where_nothing_fits_the_codecs_are_named() {
    let refused = |a: &[Coding], b: &[Coding], formats: &str, lines: &[&str]| {
        Talk::new(a, b).offer(Side::A, &audio(formats, lines)).unwrap_err().to_string()
    };
    let amr = refused(&[], &[Pcma, G722], "96 101", &["rtpmap:96 AMR-WB/16000", EVENTS]);
    assert!(amr.contains("(AMR-WB)") && amr.contains("PCMA, G722"), "{amr}");
    let own = refused(&[Opus], &[Pcma], "0 8", &[]);
    assert!(own.contains("(PCMU, PCMA)") && own.contains("one of opus"), "{own}");
    let mut talk = Talk::new(&[], &[Pcma]);
    talk.offer(Side::A, &audio("0", &[])).unwrap();
    let wrong = talk.answer(Side::B, &audio("96", &["rtpmap:96 speex/8000"])).unwrap_err().to_string();
    assert!(wrong.contains("(speex)") && wrong.contains("PCMA"), "{wrong}");
    assert!(talk.0.agreed(Side::A).is_none(), "all is as it was");
}

#[test]
fn comfort_noise_is_agreed_where_both_have_it_and_refused_streams_stay_refused() {
    for (lines, expected) in [("9 13", Some(13)), ("9", None)] {
        let mut talk = Talk::new(&[], &[G722]);
        let to_b = talk.offer(Side::A, &audio("0 13", &[])).unwrap();
        assert!(to_b.starts_with("m=audio RTP/AVP 9 13\r\n"), "{to_b}");
        let to_a = talk.answer(Side::B, &audio(lines, &[])).unwrap();
        assert_eq!(to_a.starts_with("m=audio RTP/AVP 0 13\r\n"), expected.is_some(), "{to_a}");
        assert_eq!(talk.0.voices().unwrap()[0].comfort, expected);
    }
    let mut talk = Talk::new(&[], &[G722]);
    talk.offer(Side::A, &audio("0", &[])).unwrap();
    let to_a = talk.answer(Side::B, &audio("9", &[]).replace("4000", "0")).unwrap();
    assert!(to_a.starts_with("m=audio 0 RTP/AVP"), "{to_a}");
    assert!(talk.0.voices().is_none() && talk.0.agreed(Side::B).is_none());
}

const FAX: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.3\r\ns=-\r\nc=IN IP4 198.51.100.3\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\n\
    m=image 4010 udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n";

#[test]
fn fax_in_place_of_audio_is_passed_with_its_attributes_and_not_to_a_side_that_must_be_encrypted() {
    let mut talk = Talk::new(&[], &[G722]);
    talk.offer(Side::A, &audio("0", &[])).unwrap();
    talk.answer(Side::B, &audio("9", &[])).unwrap();
    let to_b = talk.offer(Side::A, FAX).unwrap();
    assert_eq!(
        to_b,
        "m=audio 0 RTP/AVP 8\r\nm=image udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
    );
    assert!(talk.0.voices().is_some(), "an offer alone changes nothing");
    let to_a = talk.answer(Side::B, &FAX.replace("4010", "4020")).unwrap();
    assert!(to_a.contains("m=image udptl t38\r\n"), "{to_a}");
    let ends = [Side::A, Side::B].map(|side| talk.0.agreed(side).unwrap().clone());
    assert!(ends.iter().all(Endpoint::is_fax) && talk.0.voices().is_none());
    assert_eq!(ends.map(|end| end.rtp.port()), [4010, 4020]);
    // The callee does not do fax: the call goes on without.
    talk.offer(Side::A, FAX).unwrap();
    talk.answer(Side::B, &FAX.replace("4010", "0")).unwrap();
    assert!(talk.0.agreed(Side::B).is_none());
    for policies in [[Encryption::Required, Encryption::Off], [Encryption::Off, Encryption::Required]] {
        talk.0.encrypt(policies);
        let refused = talk.offer(Side::A, FAX).unwrap_err();
        assert_eq!(refused, NegotiationError::Sdp(SdpError::PlainFax));
    }
}

/// What the payload types of each side mean, of those that are not fixed.
fn codings(talk: &Talk) -> [Vec<(u8, Coding)>; 2] {
    [Side::A, Side::B].map(|side| talk.0.agreed(side).unwrap().codings.clone())
}

#[test]
fn what_the_payload_types_of_each_side_mean_follows_each_answer() {
    let mut talk = Talk::new(&[], &[]);
    let opus = |number: u8| format!("rtpmap:{number} opus/48000/2");
    talk.offer(Side::A, &audio("0 8 101", &[EVENTS])).unwrap();
    talk.answer(Side::B, &audio("0 101", &[EVENTS])).unwrap();
    assert_eq!(codings(&talk), [vec![], vec![]], "fixed ones are known to all");
    for side in [Side::A, Side::B] {
        let beside = talk.0.agreed(side).unwrap().beside;
        assert_eq!([0, 8, 13, 101].map(|payload| beside.contains(payload)), [false, false, true, true]);
    }
    // Each side sends by the other's numbers; who answers with numbers of its own may send those, too.
    talk.offer(Side::A, &audio("96 97 0", &[&opus(96), "rtpmap:97 G729/8000"])).unwrap();
    assert_eq!(codings(&talk), [vec![], vec![]], "an offer changes nothing");
    talk.answer(Side::B, &audio("0 98", &[&opus(98)])).unwrap();
    assert_eq!(codings(&talk), [vec![(98, Opus)], vec![(96, Opus), (98, Opus)]]);
    // The same number of two codecs is that of who asked.
    talk.offer(Side::B, &audio("99", &["rtpmap:99 G729/8000"])).unwrap();
    talk.answer(Side::A, &audio("99", &["rtpmap:99 G729/8000"])).unwrap();
    assert_eq!(codings(&talk), [vec![(99, G729)], vec![(99, G729)]]);
    talk.offer(Side::B, &audio("9 100", &["rtpmap:9 G722/8000", "rtpmap:100 AMR/8000"])).unwrap();
    talk.answer(Side::A, &audio("9", &[])).unwrap();
    assert_eq!(codings(&talk), [vec![], vec![]]);
}

#[test]
fn sides_that_are_transcoded_have_numbers_of_their_own() {
    let mut talk = Talk::new(&[], &[Pcma]);
    talk.offer(Side::A, &audio("111", &["rtpmap:111 opus/48000/2"])).unwrap();
    talk.answer(Side::B, &audio("8", &[])).unwrap();
    assert!(talk.0.voices().is_some());
    assert_eq!(codings(&talk), [vec![(111, Opus)], vec![]]);
}
