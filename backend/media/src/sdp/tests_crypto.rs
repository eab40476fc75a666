//! Keys in descriptions: `a=crypto`, and what each side is told by which policy.

use super::*;
use crate::srtp::{Master, Suite};
use std::net::{IpAddr, Ipv4Addr};

const RELAY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const OTHER_KEY: &str = "NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj";

fn audio(proto: &str, lines: &[String]) -> String {
    let mut out = format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.3\r\ns=-\r\nc=IN IP4 198.51.100.3\r\nt=0 0\r\nm=audio 4000 {proto} 0 101\r\n"
    );
    lines.iter().for_each(|line| out.push_str(&format!("{line}\r\n")));
    out
}

fn line(tag: u32, suite: &str, key: &str) -> String {
    format!("a=crypto:{tag} {suite} inline:{key}")
}

fn usual(key: &str) -> Vec<String> {
    vec![line(1, "AES_CM_128_HMAC_SHA1_80", key)]
}

/// Randomness that is never the same twice.
fn dice() -> impl FnMut(&mut [u8]) {
    let mut drawn = 0_u8;
    move |bytes: &mut [u8]| {
        drawn += 1;
        bytes.fill(drawn);
    }
}

type Dice = dyn FnMut(&mut [u8]);

struct Talk {
    negotiation: Negotiation,
    dice: Box<Dice>,
}

impl Talk {
    fn new(a: Encryption, b: Encryption) -> Self {
        let mut negotiation = Negotiation::new(5);
        negotiation.encrypt([a, b]);
        Self { negotiation, dice: Box::new(dice()) }
    }

    fn offer(&mut self, from: Side, sdp: &str) -> Result<String, NegotiationError> {
        let made = self.negotiation.offer(from, sdp.as_bytes(), RELAY, (6000, 6001), &mut *self.dice);
        made.map(|body| String::from_utf8(body).unwrap())
    }

    fn answer(&mut self, from: Side, sdp: &str) -> Result<String, NegotiationError> {
        let made = self.negotiation.answer(from, sdp.as_bytes(), RELAY, (6002, 6003));
        made.map(|body| String::from_utf8(body).unwrap())
    }

    fn keys(&self, side: Side) -> Option<&Keying> {
        self.negotiation.agreed(side)?.keys.as_ref()
    }
}

/// The transport of the audio, and its keys.
fn read(sdp: &str) -> (String, Vec<Crypto>) {
    let sdp = Sdp::parse(sdp.as_bytes()).unwrap();
    let media = &sdp.media[0];
    let lines = media.attributes("crypto").map(|value| Crypto::parse(value).unwrap()).collect();
    (media.proto.to_owned(), lines)
}

fn answered(to: &str, tag: u32, key: &[u8]) -> String {
    let (proto, lines) = read(to);
    let taken = lines.iter().find(|line| line.tag == tag).unwrap();
    let suite = taken.master.suite();
    let master = Master::fresh(suite, &mut |bytes| bytes.copy_from_slice(&key.repeat(46)[..bytes.len()]));
    audio(&proto, &[Crypto { tag, master }.to_string()])
}

#[test]
fn a_line_is_read_with_its_lifetime_and_what_is_not_served_is_named() {
    let read = |text: &str| Crypto::parse(text.as_bytes());
    let crypto = read(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20")).unwrap();
    assert_eq!((crypto.tag, crypto.master.suite()), (1, Suite::AesCm128Sha1Tag80));
    assert_eq!(crypto.master.keying(), b"wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#".as_slice());
    assert_eq!(crypto.to_string(), line(1, "AES_CM_128_HMAC_SHA1_80", KEY));
    let unpadded = format!("9 aead_aes_128_gcm inline:{} WSH=64 -HINT", "A".repeat(38));
    assert_eq!(read(&unpadded).unwrap().master.suite(), Suite::AeadAes128Gcm);
    assert!(read(&format!("9 AEAD_AES_128_GCM inline:{}==", "A".repeat(38))).is_ok());
    let suite = |rest: &str| read(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{rest}"));
    assert_eq!(suite(&format!("{KEY}|2^20|1:32")), Err(CryptoError::Mki));
    assert_eq!(suite(&format!("{KEY}|1:4")), Err(CryptoError::Mki));
    assert_eq!(suite(&format!("{KEY};inline:{OTHER_KEY}")), Err(CryptoError::Several));
    assert_eq!(suite(&KEY[1..]), Err(CryptoError::Key("AES_CM_128_HMAC_SHA1_80")));
    let parameter = CryptoError::Parameter("UNENCRYPTED_SRTP".to_owned());
    assert_eq!(suite(&format!("{KEY} UNENCRYPTED_SRTP")), Err(parameter));
    let unknown = CryptoError::Suite("F8_128_HMAC_SHA1_80".to_owned());
    assert_eq!(read(&format!("1 F8_128_HMAC_SHA1_80 inline:{KEY}")), Err(unknown));
    for malformed in ["", "1", "x AES_CM_128_HMAC_SHA1_80 inline:", "1 AES_CM_128_HMAC_SHA1_80 KEY", "\u{ff}"]
    {
        assert!(read(malformed).is_err(), "{malformed}");
    }
    assert!(!format!("{crypto:?} {:?}", suite(&KEY[1..])).contains(&KEY[1..9]), "a key is never shown");
}

#[test]
fn an_encrypted_caller_and_a_plain_callee_each_hear_their_own_transport() {
    let mut talk = Talk::new(Encryption::Accepted, Encryption::Off);
    let lines = [usual(KEY), vec![line(2, "AEAD_AES_128_GCM", &"B".repeat(38))]].concat();
    let to_b = talk.offer(Side::A, &audio("RTP/SAVP", &lines)).unwrap();
    assert_eq!(read(&to_b), ("RTP/AVP".to_owned(), vec![]));
    assert!(!to_b.contains(KEY), "a key goes to nobody but us: {to_b}");
    let to_a = talk.answer(Side::B, &audio("RTP/AVP", &[])).unwrap();
    let (proto, ours) = read(&to_a);
    assert_eq!(
        (proto.as_str(), ours.len(), ours[0].tag),
        ("RTP/SAVP", 1, 1),
        "the caller's first line is taken"
    );
    let keys = talk.keys(Side::A).unwrap();
    assert_eq!((&keys.send, keys.receive.keying()), (&ours[0].master, &keying_of(KEY)[..]));
    assert_eq!(talk.keys(Side::B), None);
    assert!(!format!("{:?}", talk.negotiation).contains(&to_a[..30]), "a description is not shown");
}

fn keying_of(key: &str) -> Vec<u8> {
    let value = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}");
    Crypto::parse(value.as_bytes()).unwrap().master.keying().to_vec()
}

#[test]
fn a_callee_that_must_be_encrypted_is_offered_keys_of_which_it_takes_one() {
    let mut talk = Talk::new(Encryption::Accepted, Encryption::Required);
    let to_b = talk.offer(Side::A, &audio("RTP/AVP", &[])).unwrap();
    let (proto, lines) = read(&to_b);
    let suites: Vec<_> = lines.iter().map(|line| line.master.suite()).collect();
    assert_eq!(proto, "RTP/SAVP");
    assert_eq!(suites, [Suite::AeadAes256Gcm, Suite::AeadAes128Gcm, Suite::AesCm128Sha1Tag80]);
    assert!(lines[0].master.keying()[0] != lines[1].master.keying()[0], "each line has a key of its own");
    let to_a = talk.answer(Side::B, &answered(&to_b, 3, b"x")).unwrap();
    assert_eq!(read(&to_a), ("RTP/AVP".to_owned(), vec![]));
    let keys = talk.keys(Side::B).unwrap();
    assert_eq!((&keys.send, keys.receive.keying()), (&lines[2].master, &[b'x'; 30][..]));
    assert_eq!(talk.keys(Side::A), None);
    // What it may not answer: nothing, a line that was not offered, the suite of another line.
    for wrong in [vec![], usual(OTHER_KEY), vec![line(3, "AEAD_AES_128_GCM", &"B".repeat(38))]] {
        let refused = talk.answer(Side::B, &audio("RTP/SAVP", &wrong)).unwrap_err().to_string();
        assert!(refused.contains("a=crypto"), "{refused}");
        let plain = talk.answer(Side::B, &audio("RTP/AVP", &wrong)).unwrap_err().to_string();
        assert!(plain.contains("not encrypted"), "{plain}");
    }
    assert_eq!(talk.keys(Side::B).unwrap().receive.keying(), &[b'x'; 30][..], "all is as it was");
}

#[test]
fn keys_that_are_offered_beside_plain_audio_may_be_left_unread() {
    let mut talk = Talk::new(Encryption::Off, Encryption::Offered);
    let to_b = talk.offer(Side::A, &audio("RTP/AVP", &usual(KEY))).unwrap();
    assert_eq!((read(&to_b).0.as_str(), read(&to_b).1.len()), ("RTP/AVP", 3));
    let to_a = talk.answer(Side::B, &audio("RTP/AVP", &[])).unwrap();
    assert_eq!(read(&to_a), ("RTP/AVP".to_owned(), vec![]), "a side that is off gets no key for its own");
    assert_eq!((talk.keys(Side::A), talk.keys(Side::B)), (None, None));
    let to_a = talk.answer(Side::B, &answered(&to_b, 1, b"y")).unwrap();
    assert_eq!(read(&to_a).1, vec![]);
    assert_eq!(talk.keys(Side::B).unwrap().receive.suite(), Suite::AeadAes256Gcm);
}

#[test]
fn what_a_policy_does_not_serve_is_refused_by_the_name_of_the_attribute() {
    let mki = vec![format!("{}|2^20|1:4", line(1, "AES_CM_128_HMAC_SHA1_80", KEY))];
    let cases = [
        (Encryption::Off, "RTP/SAVP", usual(KEY), "not served on this side"),
        (Encryption::Accepted, "RTP/SAVP", vec![], "no a=crypto line"),
        (Encryption::Accepted, "RTP/SAVP", mki.clone(), "MKI"),
        (
            Encryption::Accepted,
            "RTP/SAVP",
            vec![line(1, "AES_192_CM_HMAC_SHA1_80", KEY)],
            "AES_192_CM_HMAC_SHA1_80",
        ),
        (Encryption::Accepted, "UDP/TLS/RTP/SAVPF", vec![], "DTLS (a=fingerprint)"),
        (Encryption::Required, "RTP/AVP", vec![], "not encrypted"),
        (Encryption::Required, "RTP/AVP", mki, "MKI"),
    ];
    for (policy, proto, lines, expected) in cases {
        let mut talk = Talk::new(policy, Encryption::Accepted);
        let refused = talk.offer(Side::A, &audio(proto, &lines)).unwrap_err().to_string();
        assert!(refused.contains(expected) && !refused.contains(KEY), "{policy:?} {proto}: {refused}");
        assert_eq!(talk.negotiation.outstanding(), None);
    }
    // The first line that is served counts, wherever it stands; and where it need not be encrypted, a key that cannot be used is no matter.
    let lines =
        [vec![line(1, "F8_128_HMAC_SHA1_80", KEY)], vec![line(7, "AES_CM_128_HMAC_SHA1_32", KEY)]].concat();
    let mut talk = Talk::new(Encryption::Required, Encryption::Accepted);
    talk.offer(Side::A, &audio("RTP/AVP", &lines)).unwrap();
    let to_a = talk.answer(Side::B, &audio("RTP/AVP", &[])).unwrap();
    assert_eq!((read(&to_a).0.as_str(), read(&to_a).1[0].tag), ("RTP/AVP", 7));
    let mut talk = Talk::new(Encryption::Accepted, Encryption::Accepted);
    assert!(talk.offer(Side::A, &audio("RTP/AVP", &lines[..1])).is_ok());
}

#[test]
fn a_second_offer_with_a_new_key_changes_what_comes_and_leaves_what_goes() {
    let mut talk = Talk::new(Encryption::Accepted, Encryption::Required);
    let to_b = talk.offer(Side::A, &audio("RTP/SAVP", &usual(KEY))).unwrap();
    let to_a = talk.answer(Side::B, &answered(&to_b, 3, b"x")).unwrap();
    talk.negotiation.settle();
    let before = (talk.keys(Side::A).cloned().unwrap(), talk.keys(Side::B).cloned().unwrap());

    // A refresh that changes nothing is the same to the byte, keys and all, but for the one line that is left.
    let again = talk.offer(Side::A, &audio("RTP/SAVP", &usual(KEY))).unwrap();
    assert_eq!(read(&again).1, vec![Crypto { tag: 1, master: before.1.send.clone() }]);
    assert_eq!(talk.answer(Side::B, &answered(&again, 1, b"x")).unwrap(), to_a);
    assert_eq!((talk.keys(Side::A), talk.keys(Side::B)), (Some(&before.0), Some(&before.1)));
    assert_eq!(talk.offer(Side::A, &audio("RTP/SAVP", &usual(KEY))).unwrap(), again);

    // The caller takes a new key: it alone changes.
    let again = talk.offer(Side::A, &audio("RTP/SAVP", &usual(OTHER_KEY))).unwrap();
    talk.answer(Side::B, &answered(&again, 1, b"x")).unwrap();
    let keys = talk.keys(Side::A).unwrap();
    assert_eq!((&keys.send, keys.receive.keying()), (&before.0.send, &keying_of(OTHER_KEY)[..]));
    assert_eq!(talk.keys(Side::B), Some(&before.1));

    // The callee offers, with a new key and another suite of the caller's left alone.
    let to_a = talk.offer(Side::B, &audio("RTP/SAVP", &usual(KEY))).unwrap();
    assert_eq!(read(&to_a), ("RTP/SAVP".to_owned(), vec![Crypto { tag: 1, master: before.0.send.clone() }]));
    let to_b = talk.answer(Side::A, &answered(&to_a, 1, b"z")).unwrap();
    assert_eq!(read(&to_b).1[0].master, before.1.send, "our key towards it stays");
    assert_eq!(talk.keys(Side::B).unwrap().receive.keying(), &keying_of(KEY)[..]);
    assert_eq!(talk.keys(Side::A).unwrap().receive.keying(), &[b'z'; 30][..]);
}

#[test]
fn each_callee_that_is_tried_gets_keys_of_its_own_until_one_is_found() {
    let mut talk = Talk::new(Encryption::Off, Encryption::Required);
    let first = read(&talk.offer(Side::A, &audio("RTP/AVP", &[])).unwrap()).1;
    let second = talk.offer(Side::A, &audio("RTP/AVP", &[])).unwrap();
    talk.answer(Side::B, &answered(&second, 1, b"x")).unwrap();
    let third = read(&talk.offer(Side::A, &audio("RTP/AVP", &[])).unwrap()).1;
    let second = read(&second).1;
    for (one, other) in [(&first, &second), (&second, &third), (&first, &third)] {
        assert!(one.iter().zip(other).all(|(one, other)| one.master != other.master));
    }
    talk.negotiation.encrypt([Encryption::Off, Encryption::Off]);
    assert_eq!(read(&talk.offer(Side::A, &audio("RTP/AVPF", &[])).unwrap()), ("RTP/AVPF".to_owned(), vec![]));
}
