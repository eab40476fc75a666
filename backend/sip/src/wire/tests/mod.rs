//! The messages of RFC 4475, the inputs that other parsers get wrong, an oracle, and mutations of all of
//! it.

mod faults;
mod mutation;
mod oracle;
mod speech;
mod torture;
mod torture_valid;

use super::{Message, ParseError};
use bytes::Bytes;

macro_rules! torture {
    ($($name:literal),* $(,)?) => {
        /// The messages of RFC 4475 under the names of its archive.
        pub(super) const TORTURE: &[(&str, &[u8])] = &[
            $(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/torture/", $name, ".dat"))),)*
        ];
    };
}

torture!(
    "badaspec",
    "badbranch",
    "baddate",
    "baddn",
    "badinv01",
    "badvers",
    "bcast",
    "bext01",
    "bigcode",
    "clerr",
    "cparam01",
    "cparam02",
    "dblreq",
    "esc01",
    "esc02",
    "escnull",
    "escruri",
    "insuf",
    "intmeth",
    "inv2543",
    "invut",
    "longreq",
    "ltgtruri",
    "lwsdisp",
    "lwsruri",
    "lwsstart",
    "mcl01",
    "mismatch01",
    "mismatch02",
    "mpart01",
    "multi01",
    "ncl",
    "noreason",
    "novelsc",
    "quotbal",
    "regaut01",
    "regbadct",
    "regescrt",
    "scalar02",
    "scalarlg",
    "sdp01",
    "semiuri",
    "transports",
    "trws",
    "unkscm",
    "unksm2",
    "unreason",
    "wsinv",
    "zeromf",
);

/// The bytes of a message of RFC 4475.
fn torture(name: &str) -> Bytes {
    let (_, bytes) = TORTURE.iter().find(|(other, _)| *other == name).expect("a message of RFC 4475");
    Bytes::from_static(bytes)
}

/// A message of RFC 4475 that must be good.
fn sound(name: &str) -> Message {
    let message = Message::parse(torture(name)).expect(name);
    assert_eq!(message.check(), Ok(()), "{name}");
    message
}

/// Why a message of RFC 4475 is refused, by the parser or the check, and what is answered.
fn refusal(bytes: Bytes) -> (ParseError, Option<u16>) {
    let (fault, message) = match Message::read(bytes) {
        Ok(message) => (message.check().expect_err("the message must be refused"), Some(message)),
        Err(refused) => refused,
    };
    (fault, message.and_then(|message| message.answer_to(fault)))
}

/// Text as a message, each line end as CRLF.
fn message(text: &str) -> Message {
    Message::parse(Bytes::from(text.replace('\n', "\r\n"))).expect("the message parses")
}

/// A sound INVITE with further header lines and without a body.
fn invite(lines: &str) -> Message {
    message(&format!(
        "INVITE sip:bob@example.com SIP/2.0\n{lines}Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK1\n\
         From: <sip:alice@example.com>;tag=1\nTo: <sip:bob@example.com>\nCall-ID: c1\nCSeq: 1 INVITE\n\
         Max-Forwards: 70\nContent-Length: 0\n\n"
    ))
}
