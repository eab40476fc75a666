//! Tens of thousands of broken messages, the same on each run: nothing may panic, whatever is asked of
//! them.

#[path = "../../../../../tests/mutation/dice.rs"]
mod dice;

use super::*;
use crate::digest::{Challenge, Credentials};
use crate::header::{CSeq, NameAddr, Params, RAck, Reason, SessionExpires, Via, quote, split_comma};
use crate::model;
use crate::stream::Framer;
use crate::uri::{Uri, decode, encode_user, split_host_port};
use crate::wire::{HeaderName, MESSAGE_MAX};
use dice::Dice;

const MUTATIONS: usize = 24_000;

/// What breaks parsers: long numbers, open quotes, half escapes, lone line ends, bytes that are no text.
const SEEDS: &[&[u8]] = &[
    b"Content-Length: 18446744073709551615\r\n",
    b"l:-1\r\n",
    b"\r\n\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\"",
    b"\\",
    b"\\\"",
    b"<",
    b">",
    b"<>",
    b"%",
    b"%4",
    b"%zz",
    b";",
    b";;",
    b"=",
    b",",
    b",,",
    b":",
    b"@",
    b"?",
    b"[",
    b"]",
    b"[::",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f\x98\x80",
    b" ",
    b"\t",
    b"\r\n ",
    b"SIP/2.0",
    b"99999999999999999999",
    b";rport=",
    b"Digest nc=ffffffff, x=\"",
    b"Authorization: Digest realm=\"\\",
    b"Via: SIP/2.0/UDP [",
    b"Contact: *\r\n",
];

const AUTH: &[u8] = b"REGISTER sips:[2001:db8::1]:5061;transport=tls SIP/2.0\r\nVia: SIP/2.0/TLS [2001:db8::9]:5061;\
    branch=z9hG4bK1;rport=5061;received=\"[::1]\"\r\nFrom: \"J\xf6\" <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\n\
    CSeq: 1 REGISTER\r\nRAck: 1 2 INVITE\r\nReason: Q.850;cause=16;text=\"x\"\r\nSession-Expires: 90;refresher=uac\r\n\
    Authorization: Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"sip:b\", response=\"00\", qop=auth, nc=00000001, \
    cnonce=\"d\", algorithm=SHA-256\r\nWWW-Authenticate: Digest realm=\"b\", nonce=\"c\", qop=\"auth,auth-int\"\r\n\
    Contact: <sip:a@b;x=1?y=z>;q=0.1;+sip.instance=\"<urn:uuid:1>\", tel:+1-2;phone-context=a\r\nContent-Length: 4\r\n\r\nbody";

#[test]
fn no_mutation_of_any_message_panics() {
    let mut dice = Dice(0x5eed_0000_d1a1_70e5);
    let corpus: Vec<&[u8]> = TORTURE.iter().map(|(_, bytes)| *bytes).chain([AUTH]).collect();
    let (mut parsed, mut refused) = (0, 0);
    for round in 0..MUTATIONS {
        let mut bytes = corpus[round % corpus.len()].to_vec();
        dice.mutate(&mut bytes, SEEDS);
        stream(&dice.noise(64), 8);
        stream(&bytes, 1 + dice.roll(64));
        let bytes = Bytes::from(bytes);
        match Message::read(bytes) {
            Ok(message) => {
                parsed += 1;
                ask_everything(&message);
            }
            Err((_, salvaged)) => {
                refused += 1;
                salvaged.iter().for_each(ask_everything);
            }
        }
    }
    assert!(parsed > MUTATIONS / 10 && refused > MUTATIONS / 10, "{parsed} parsed, {refused} refused");
}

fn stream(bytes: &[u8], piece: usize) {
    let mut framer = Framer::new();
    for piece in bytes.chunks(piece) {
        framer.push(piece);
        while let Ok(Some(frame)) = framer.next() {
            drop(frame);
        }
    }
}

fn ask_everything(message: &Message) {
    let _ =
        (message.check(), message.is_request(), message.method(), message.status(), message.reason().len());
    let _ =
        (message.cseq(), message.call_id(), message.max_forwards(), message.expires(), message.body().len());
    let _ = (
        message.from(),
        message.to(),
        message.contact(),
        message.contacts().count(),
        message.extension("x-y"),
    );
    let _ = message.top_via().map(|via| (via.to_string(), via.has_cookie(), via.port_or_default()));
    let _ = model::to_rsip(message).map(|message| message.to_string());
    assert!(message.bytes().len() <= MESSAGE_MAX);
    for (name, value) in message.fields() {
        assert!(!value.contains(&b'\n') && !name.is_empty());
        ask_value(&String::from_utf8_lossy(value));
    }
    message.request_uri().into_iter().for_each(ask_uri);
    for name in [HeaderName::Via, HeaderName::Contact, HeaderName::Route] {
        message.values(name).for_each(ask_value);
    }
}

fn ask_value(value: &str) {
    let _ = (
        Via::parse(value),
        CSeq::parse(value),
        RAck::parse(value),
        Reason::parse(value),
        SessionExpires::parse(value),
    );
    let _ =
        (Credentials::parse(value), Challenge::parse(value), split_comma(value).count(), quote(value).len());
    let _ = Params::parse(value).map(|params| params.iter().count());
    if let Ok(addr) = NameAddr::parse(value) {
        let _ = (addr.tag(), addr.to_string());
        ask_uri(addr.uri);
    }
    ask_uri(value);
}

fn ask_uri(text: &str) {
    let _ = (decode(text).len(), encode_user(text).len(), split_host_port(text));
    if let Ok(uri) = Uri::parse(text) {
        let _ = uri.is_equal(&uri);
        let _ =
            (uri.user_decoded(), uri.host_port().to_string(), uri.header_values().count(), uri.param("lr"));
    }
}
