//! Descriptions as devices write them, and what must come of them.

use super::*;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

const RELAY: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
const LOCAL: Local = Local { addr: RELAY, rtp_port: 50_000, rtcp_port: 50_001, session_id: 77, version: 1 };

/// A desk phone.
const PHONE: &str = "v=0\r\no=alice 53655765 2353687637 IN IP4 198.51.100.3\r\ns=-\r\nc=IN IP4 198.51.100.3\r\nt=0 0\r\n\
    m=audio 40376 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

/// A soft client with ICE, bundling, video and best-effort encryption.
const CLIENT: &str = "v=0\r\no=- 1 2 IN IP4 192.168.1.20\r\ns=Blink\r\nb=AS:256\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    a=ice-options:trickle\r\na=x-unknown:kept as is\r\nm=audio 50010 RTP/AVPF 111 9 0\r\nc=IN IP4 192.168.1.20\r\n\
    a=rtcp:50099 IN IP4 192.168.1.21\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtcp-mux\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n\
    a=candidate:1 1 UDP 2130706431 192.168.1.20 50010 typ host\r\na=ice-ufrag:x\r\na=ice-pwd:y\r\n\
    m=video 50012 RTP/AVPF 96\r\nc=IN IP4 192.168.1.20\r\na=rtpmap:96 VP8/90000\r\na=candidate:1 1 UDP 1 192.168.1.20 50012 typ host\r\n";

fn keys(bytes: &mut [u8]) {
    bytes.fill(7);
}

fn text(body: &[u8]) -> &str {
    str::from_utf8(body).unwrap()
}

fn rewritten(sdp: &str) -> (String, Endpoint) {
    let done = rewrite(sdp.as_bytes(), &LOCAL).unwrap();
    (text(&done.body).to_owned(), done.remote.unwrap())
}

fn refused(sdp: &str) -> SdpError {
    rewrite(sdp.as_bytes(), &LOCAL).unwrap_err()
}

#[test]
fn a_phones_offer_points_at_the_relay_and_keeps_its_codecs() {
    let (body, remote) = rewritten(PHONE);
    assert_eq!(
        body,
        "v=0\r\no=- 77 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 50000 RTP/AVP 8 0 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
         a=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(remote.rtp, "198.51.100.3:40376".parse().unwrap());
    assert_eq!(remote.rtcp, "198.51.100.3:40377".parse().unwrap());
    assert_eq!((remote.codec.as_str(), remote.payload, remote.clock_rate), ("PCMA", Some(8), 8000));
    assert_eq!((remote.direction, remote.private_address), (Direction::SendRecv, false));
}

#[test]
fn what_a_plain_relay_cannot_keep_is_dropped_and_the_rest_stays() {
    let (body, remote) = rewritten(CLIENT);
    for gone in ["ice", "candidate", "crypto", "fingerprint", "BUNDLE", "rtcp", "setup", "192.168.1"] {
        assert!(!body.contains(gone), "{gone} is still in {body}");
    }
    for kept in
        ["a=x-unknown:kept as is\r\n", "s=Blink\r\n", "b=AS:256\r\n", "m=audio 50000 RTP/AVPF 111 9 0\r\n"]
    {
        assert!(body.contains(kept), "{kept} is missing in {body}");
    }
    assert!(
        body.contains("m=video 0 RTP/AVPF 96\r\na=rtpmap:96 VP8/90000\r\n"),
        "video is refused in its place: {body}"
    );
    assert_eq!(remote.rtcp, "192.168.1.21:50099".parse().unwrap());
    assert_eq!((remote.codec.as_str(), remote.clock_rate, remote.private_address), ("opus", 48_000, true));
}

#[test]
fn an_rtcp_port_that_is_not_the_next_one_is_said() {
    let done = rewrite(PHONE.as_bytes(), &Local { rtcp_port: 50_007, ..LOCAL }).unwrap();
    assert!(text(&done.body).contains("a=rtcp:50007\r\n"));
}

#[test]
fn hold_in_both_its_spellings_is_passed_on() {
    for (written, direction) in [
        ("a=sendonly", Direction::SendOnly),
        ("a=inactive", Direction::Inactive),
        ("a=recvonly", Direction::RecvOnly),
    ] {
        let (body, remote) = rewritten(&PHONE.replace("a=sendrecv", written));
        assert!(body.contains(&format!("{written}\r\n")));
        assert_eq!(remote.direction, direction);
    }
    let (body, remote) = rewritten(&PHONE.replace("c=IN IP4 198.51.100.3", "c=IN IP4 0.0.0.0"));
    assert!(
        body.contains("a=sendonly\r\n")
            && !body.contains("sendrecv")
            && body.contains("c=IN IP4 203.0.113.9")
    );
    assert_eq!((remote.direction, remote.is_nowhere()), (Direction::SendOnly, true));
}

#[test]
fn a_direction_of_the_session_holds_for_its_streams() {
    let sdp = PHONE.replace("a=sendrecv\r\n", "").replace("t=0 0\r\n", "t=0 0\r\na=inactive\r\n");
    assert_eq!(rewritten(&sdp).1.direction, Direction::Inactive);
    let (body, _) = rewritten(&PHONE.replace("a=sendrecv\r\n", ""));
    assert!(!body.contains("sendrecv"), "nothing is added where nothing was said");
}

#[test]
fn encrypted_audio_alone_is_refused_by_name_and_beside_plain_audio_it_is_left_out() {
    for proto in ["RTP/SAVP", "RTP/SAVPF"] {
        assert_eq!(refused(&PHONE.replace("RTP/AVP", proto)), SdpError::Secure(proto.to_owned()));
    }
    let dtls = "UDP/TLS/RTP/SAVPF";
    assert_eq!(refused(&PHONE.replace("RTP/AVP", dtls)), SdpError::Dtls(dtls.to_owned()));
    let best_effort =
        format!("{PHONE}m=audio 40378 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n");
    let (body, remote) = rewritten(&best_effort);
    assert!(body.ends_with("m=audio 0 RTP/SAVP 8\r\n") && remote.rtp.port() == 40_376);
}

#[test]
fn streams_that_are_refused_already_stay_refused() {
    let done = rewrite(PHONE.replace("40376", "0").as_bytes(), &LOCAL).unwrap();
    assert!(done.remote.is_none() && text(&done.body).contains("m=audio 0 RTP/AVP 8 0 101\r\n"));
}

#[test]
fn a_description_that_cannot_be_served_says_why() {
    assert_eq!(
        refused(&PHONE.replace("m=audio 40376 RTP/AVP 8 0 101", "m=image 4000 tcp t38")),
        SdpError::NoAudio
    );
    assert_eq!(refused("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n"), SdpError::NoAudio);
    assert_eq!(refused(&PHONE.replace("c=IN IP4 198.51.100.3\r\n", "")), SdpError::NoAddress);
    let named = PHONE.replace("c=IN IP4 198.51.100.3", "c=IN IP4 phone.example.com");
    assert_eq!(refused(&named), SdpError::BadAddress("IN IP4 phone.example.com".to_owned()));
    assert!(matches!(
        refused(&PHONE.replace("c=IN IP4 198.51.100.3", "c=IN IP4 224.2.1.1/127")),
        SdpError::BadAddress(_)
    ));
    let six = refused(&PHONE.replace("c=IN IP4 198.51.100.3", "c=IN IP6 2001:db8::1"));
    assert_eq!(six.to_string().matches("IPv").count(), 2, "{six}");
    assert_eq!(refused(""), SdpError::Empty);
}

#[test]
fn a_malformed_media_line_is_named_by_its_number() {
    for bad in [
        "m=audio",
        "m=audio x RTP/AVP 0",
        "m=audio 99999 RTP/AVP 0",
        "m=audio -1 RTP/AVP 0",
        "m=audio 4 RTP/AVP",
    ] {
        let sdp = PHONE.replace("m=audio 40376 RTP/AVP 8 0 101", bad);
        assert_eq!(refused(&sdp), SdpError::Malformed { line: 6 }, "{bad}");
    }
}

#[test]
fn sloppy_writers_are_understood_and_tidied() {
    let sloppy = "\n v=0\no=- 1 1 IN IP4 198.51.100.3\nt=0 0\ns=caf\u{e9}\n\nnonsense\nm=audio 4000/2 rtp/avp 0\nc=IN IP4 198.51.100.3/127\n\0";
    let latin: Vec<u8> = sloppy.chars().map(|letter| letter as u8).collect();
    let done = rewrite(&latin, &LOCAL).unwrap();
    let expected = b"v=0\r\no=- 77 1 IN IP4 203.0.113.9\r\ns=caf\xe9\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 50000 rtp/avp 0\r\n";
    assert_eq!(done.body, expected);
    assert_eq!(done.remote.unwrap().codec, "PCMU");
}

#[test]
fn size_is_bounded_in_every_direction() {
    let limit_of = |sdp: String| match refused(&sdp) {
        SdpError::TooLarge { what, limit } => (what, limit),
        other => panic!("{other}"),
    };
    assert_eq!(limit_of("a".repeat(MAX_BYTES + 1)), ("bytes", MAX_BYTES));
    assert_eq!(limit_of(format!("{PHONE}{}", "a=x\r\n".repeat(MAX_LINES))), ("lines", MAX_LINES));
    assert_eq!(limit_of(PHONE.to_owned() + &"m=video 0 RTP/AVP 9\r\n".repeat(MAX_MEDIA)).1, MAX_MEDIA);
    assert_eq!(limit_of(PHONE.replace("8 0 101", &"8 ".repeat(MAX_FORMATS + 1))).1, MAX_FORMATS);
}

#[test]
fn addresses_that_the_internet_cannot_reach_are_known() {
    for private in [
        "10.0.0.1",
        "172.16.5.4",
        "192.168.0.9",
        "100.64.0.1",
        "169.254.1.1",
        "127.0.0.1",
        "fd00::1",
        "fe80::1",
        "::1",
    ] {
        assert!(is_private(private.parse().unwrap()), "{private}");
    }
    for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "203.0.113.1", "2001:db8::1"] {
        assert!(!is_private(public.parse().unwrap()), "{public}");
    }
}

#[test]
fn accessors_read_what_the_lines_say() {
    let sdp = Sdp::parse(CLIENT.as_bytes()).unwrap();
    let audio = sdp.audio().unwrap();
    let map = audio.rtpmap(111).unwrap();
    assert_eq!((map.name, map.clock_rate, map.channels), ("opus", 48_000, 2));
    assert_eq!(audio.rtpmap(9).map(|map| map.name), Some("G722"), "by assignment, without a line");
    assert_eq!((audio.fmtp(111), audio.fmtp(9)), (Some("useinbandfec=1"), None));
    assert_eq!((audio.payload_of("OPUS"), audio.payload_of("G729")), (Some(111), None));
    assert!(audio.rtcp_mux() && audio.ptime().is_none());
    assert_eq!(sdp.address(audio), Some("192.168.1.20".parse().unwrap()));
    assert_eq!(sdp.origin(), Some(("-", 1, 2)));
    assert_eq!(Sdp::parse(PHONE.as_bytes()).unwrap().audio().unwrap().ptime(), Some(20));
}

#[test]
fn our_own_offer_and_answer_agree() {
    let offer = simple_offer(RELAY, 6000, &[0, 8, 101], Direction::SendRecv);
    let parsed = Sdp::parse(offer.as_bytes()).unwrap();
    let answer =
        simple_answer(&parsed, "198.51.100.7".parse().unwrap(), 7000, &[8, 101], Direction::SendRecv)
            .unwrap();
    let answered = Sdp::parse(answer.as_bytes()).unwrap();
    let audio = answered.audio().unwrap();
    assert_eq!((audio.formats.as_slice(), audio.port), (&["8", "101"][..], 7000));
    assert_eq!(audio.fmtp(101), Some("0-16"));
    let (_, remote) = rewritten(&answer);
    assert_eq!(remote.codec, "PCMA");
}

#[test]
fn our_answer_uses_the_offers_numbers_refuses_other_streams_and_follows_hold() {
    let offer =
        CLIENT.replace("111 9 0", "96 111").replace("a=rtcp-mux", "a=rtpmap:96 PCMU/8000\r\na=sendonly");
    let parsed = Sdp::parse(offer.as_bytes()).unwrap();
    let answer = simple_answer(&parsed, RELAY, 7000, &[0], Direction::SendRecv).unwrap();
    assert!(answer.contains("m=audio 7000 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000\r\n"), "{answer}");
    assert!(answer.contains("a=recvonly\r\n") && answer.ends_with("m=video 0 RTP/AVPF 96\r\n"), "{answer}");
    let none = simple_answer(&parsed, RELAY, 7000, &[9, 101], Direction::SendRecv);
    assert_eq!(none, Err(SdpError::NoCodec));
}

#[test]
fn versions_grow_only_with_what_changed() {
    let version = |body: &[u8]| Sdp::parse(body).unwrap().origin().unwrap().2;
    let mut talk = Negotiation::new(5);
    let offer = |talk: &mut Negotiation, sdp: &str| {
        talk.offer(Side::A, sdp.as_bytes(), RELAY, (6000, 6001), &mut keys).unwrap()
    };
    let first = offer(&mut talk, PHONE);
    assert_eq!(offer(&mut talk, PHONE), first, "the same offer, to another target, is the same description");
    let held = offer(&mut talk, &PHONE.replace("sendrecv", "sendonly"));
    let resumed = offer(&mut talk, PHONE);
    assert_eq!((version(&first), version(&held), version(&resumed)), (0, 1, 2));
    assert_eq!(offer(&mut talk, PHONE), resumed, "and repeated once more it keeps its version");
}

#[test]
fn ends_change_when_an_offer_is_answered_and_not_before() {
    let mut talk = Negotiation::new(5);
    let answer = PHONE.replace("198.51.100.3", "198.51.100.8");
    talk.offer(Side::A, PHONE.as_bytes(), RELAY, (6000, 6001), &mut keys).unwrap();
    assert_eq!((talk.outstanding(), talk.agreed(Side::A)), (Some(Side::A), None));
    let towards_a = talk.answer(Side::B, answer.as_bytes(), RELAY, (6002, 6003)).unwrap();
    assert!(text(&towards_a).contains("m=audio 6002 "));
    assert_eq!(talk.agreed(Side::A).unwrap().rtp.ip().to_string(), "198.51.100.3");
    assert_eq!(talk.agreed(Side::B).unwrap().rtp.ip().to_string(), "198.51.100.8");
    talk.offer(Side::B, answer.replace("sendrecv", "sendonly").as_bytes(), RELAY, (6002, 6003), &mut keys)
        .unwrap();
    assert_eq!(
        talk.agreed(Side::B).unwrap().direction,
        Direction::SendRecv,
        "an offer that may be refused changes nothing"
    );
    talk.answer(Side::A, PHONE.replace("sendrecv", "recvonly").as_bytes(), RELAY, (6000, 6001)).unwrap();
    assert_eq!(talk.agreed(Side::B).unwrap().direction, Direction::SendOnly);
    assert_eq!(talk.outstanding(), None);
}

#[test]
fn of_several_answers_the_last_wins() {
    let mut talk = Negotiation::new(5);
    talk.offer(Side::A, PHONE.as_bytes(), RELAY, (6000, 6001), &mut keys).unwrap();
    for fork in ["198.51.100.8", "198.51.100.9"] {
        talk.answer(Side::B, PHONE.replace("198.51.100.3", fork).as_bytes(), RELAY, (6002, 6003)).unwrap();
        assert_eq!(talk.agreed(Side::B).unwrap().rtp.ip().to_string(), fork);
    }
}

#[test]
fn both_sides_speak_what_the_answer_names_first() {
    let mut talk = Negotiation::new(5);
    talk.offer(Side::A, CLIENT.as_bytes(), RELAY, (6000, 6001), &mut keys).unwrap();
    let answer = PHONE.replace("8 0 101", "0 8 101");
    talk.answer(Side::B, answer.as_bytes(), RELAY, (6002, 6003)).unwrap();
    let spoken = [Side::A, Side::B].map(|side| talk.agreed(side).unwrap());
    assert!(spoken.iter().all(|end| (end.codec.as_str(), end.clock_rate) == ("PCMU", 8000)), "{spoken:?}");
}

#[test]
fn who_holds_with_an_address_of_zeros_stays_where_it_was_however_often_it_says_so() {
    let mut talk = Negotiation::new(5);
    let zeros = PHONE.replace("c=IN IP4 198.51.100.3", "c=IN IP4 0.0.0.0");
    for offer in [PHONE, &zeros, &zeros] {
        talk.offer(Side::A, offer.as_bytes(), RELAY, (6000, 6001), &mut keys).unwrap();
        talk.answer(Side::B, PHONE.as_bytes(), RELAY, (6002, 6003)).unwrap();
    }
    let held = talk.agreed(Side::A).unwrap();
    assert_eq!((held.rtp, held.direction), ("198.51.100.3:40376".parse().unwrap(), Direction::SendOnly));
}

#[test]
fn an_answer_must_fit_its_offer() {
    let mut talk = Negotiation::new(5);
    let ports = (6000, 6001);
    assert_eq!(talk.answer(Side::B, PHONE.as_bytes(), RELAY, ports), Err(NegotiationError::NoOffer));
    talk.offer(Side::A, CLIENT.as_bytes(), RELAY, ports, &mut keys).unwrap();
    assert_eq!(
        talk.answer(Side::A, PHONE.as_bytes(), RELAY, ports),
        Err(NegotiationError::NoOffer),
        "not by oneself"
    );
    let three = format!("{CLIENT}m=image 0 udptl t38\r\n");
    let too_many = NegotiationError::Streams { offered: 2, answered: 3 };
    assert_eq!(talk.answer(Side::B, three.as_bytes(), RELAY, ports), Err(too_many));
    let filled = talk.answer(Side::B, PHONE.as_bytes(), RELAY, ports).unwrap();
    assert!(
        text(&filled).ends_with("m=video 0 RTP/AVPF 96\r\n"),
        "a stream that the answer forgot is refused for it"
    );
}

#[test]
fn a_mutated_description_never_panics_and_what_is_served_reads_back() {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let mut served = 0;
    for round in 0..20_000 {
        let mut bytes = [PHONE, CLIENT][round % 2].as_bytes().to_vec();
        for _ in 0..1 + random(4) {
            let at = random(bytes.len().max(2));
            if at >= bytes.len() {
                break;
            }
            match random(5) {
                0 => bytes[at] = random(256) as u8,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n=: /0m\xff"[random(9)]),
                3 => bytes.truncate(at.max(1)),
                _ => bytes.extend_from_within(at..(at + random(60)).min(bytes.len())),
            }
        }
        let Ok(done) = rewrite(&bytes, &LOCAL) else { continue };
        served += 1;
        let again = Sdp::parse(&done.body).unwrap();
        assert_eq!(again.audio().is_some(), done.remote.is_some());
        assert!(again.media.iter().all(|media| media.port == 0 || media.port == LOCAL.rtp_port));
    }
    assert!(served > 5_000, "only {served} mutations were still served: the test has lost its bite");
}

proptest! {
    #[test]
    fn lines_are_written_back_as_they_came(
        values in proptest::collection::vec(("[a-ln-z]", "[ -~\u{a0}-\u{ff}]{0,40}"), 1..20),
        port in 0u16..,
    ) {
        let mut expected = String::new();
        for (kind, value) in &values {
            expected.push_str(&format!("{kind}={}\r\n", value.trim_matches(|letter: char| letter.is_ascii_whitespace())));
        }
        expected.push_str(&format!("m=audio {port} RTP/AVP 0\r\na=x\r\n"));
        let parsed = Sdp::parse(expected.as_bytes()).unwrap();
        prop_assert_eq!(parsed.to_bytes(), expected.clone().into_bytes());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = rewrite(&bytes, &LOCAL);
    }

    #[test]
    fn rewriting_twice_is_rewriting_once(ports in (1u16.., 1u16..), held in any::<bool>(), named in "[a-z]{1,8}") {
        let sdp = PHONE.replace("40376", &ports.0.to_string()).replace("s=-", &format!("s={named}"));
        let sdp = if held { sdp.replace("sendrecv", "inactive") } else { sdp };
        let local = Local { rtp_port: ports.1, rtcp_port: ports.1.saturating_add(1), ..LOCAL };
        let once = rewrite(sdp.as_bytes(), &local).unwrap().body;
        prop_assert_eq!(&rewrite(&once, &local).unwrap().body, &once);
    }
}
