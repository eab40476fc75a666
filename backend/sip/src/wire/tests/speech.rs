//! Limits of the parser, what is told from SIP, and the sanity check's own rules.

use super::*;
use crate::wire::{HEADERS_MAX, HeaderName, MESSAGE_MAX, START_LINE_MAX, reason_phrase};

fn fault(text: &str) -> ParseError {
    Message::parse(Bytes::from(text.replace('\n', "\r\n"))).expect_err("it must be refused")
}

#[test]
fn the_largest_content_length_does_not_overflow() {
    for length in ["18446744073709551615", "18446744073709551616", "4294967296", "9223372036854775808"] {
        let text = format!("OPTIONS sip:a@b SIP/2.0\nCall-ID: c\nContent-Length: {length}\n\nbody");
        assert!(matches!(fault(&text), ParseError::BodyTooShort | ParseError::ContentLength), "{length}");
    }
}

#[test]
fn content_lengths_that_agree_are_one() {
    assert_eq!(&message("SIP/2.0 200 OK\nl: 2\nContent-Length: 02\n\nabc").body()[..], b"ab");
    for lines in ["l: 1\nl: 2\n", "l: 1, 1\n", "l:\n", "l: +1\n", "l: 1\n 2\n", "l: 0x1\n"] {
        assert_eq!(fault(&format!("SIP/2.0 200 OK\n{lines}\nabc")), ParseError::ContentLength, "{lines}");
    }
}

#[test]
fn each_limit_is_held() {
    let long = format!("OPTIONS sip:{}@b SIP/2.0\nCall-ID: c\n\n", "a".repeat(START_LINE_MAX));
    assert_eq!((fault(&long), fault(&long).status()), (ParseError::StartLineTooLong, Some(414)));
    let lines = |count| format!("SIP/2.0 200 OK\n{}\n", "a: b\n".repeat(count));
    assert_eq!(message(&lines(HEADERS_MAX)).fields().count(), HEADERS_MAX);
    assert_eq!(fault(&lines(HEADERS_MAX + 1)), ParseError::TooManyHeaders);
    let filled =
        |size: usize| Message::parse(format!("SIP/2.0 200 OK\r\n\r\n{}", "x".repeat(size - 18)).into());
    assert_eq!(filled(MESSAGE_MAX).map(|message| message.body().len()).ok(), Some(MESSAGE_MAX - 18));
    assert_eq!(filled(MESSAGE_MAX + 1).err(), Some(ParseError::TooLarge));
}

#[test]
fn a_value_may_fill_the_whole_message() {
    let head = "SIP/2.0 200 OK\r\nSubject:";
    let text = format!("{head}{}\r\n\r\n", "x".repeat(MESSAGE_MAX - head.len() - 4));
    assert_eq!(text.len(), MESSAGE_MAX);
    let message = Message::parse(text.into()).expect("it parses");
    let length = message.header(HeaderName::Subject).map(str::len);
    assert_eq!(length, Some(MESSAGE_MAX - head.len() - 4));
}

#[test]
fn other_traffic_is_met_with_silence() {
    let others: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x00\x01\x00\x08\x21\x12\xa4\x42",
        b"hello",
        b"SIP/2.0\r\n\r\n",
        b"SIP/2.0 99 Low\r\n\r\n",
        b"SIP/2.0 700 High\r\n\r\n",
    ];
    for bytes in others {
        let fault = Message::parse(Bytes::from_static(bytes)).expect_err("no SIP");
        assert_eq!(fault.status(), None, "{bytes:?}");
    }
}

#[test]
fn a_line_that_is_no_header_is_refused() {
    for line in ["no colon\n", ": no name\n", "two words: x\n", "quo\"te: x\n"] {
        let text = format!("OPTIONS sip:a@b SIP/2.0\n{line}Call-ID: c\n\n");
        assert_eq!((fault(&text), fault(&text).status()), (ParseError::HeaderLine, Some(400)), "{line}");
    }
    assert_eq!(fault("OPTIONS sip:a@b SIP/2.0\n folded nothing\nCall-ID: c\n\n"), ParseError::HeaderLine);
    assert_eq!(fault("OPTIONS sip:a@b SIP/2.0\nCall-ID: c\n"), ParseError::HeadUnterminated);
}

#[test]
fn each_missing_or_repeated_header_is_named() {
    let sound = invite("");
    assert_eq!(sound.check(), Ok(()));
    let text = String::from_utf8(sound.bytes().to_vec()).expect("ASCII");
    use HeaderName as Name;
    for name in [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq] {
        let prefix = format!("{name}:");
        let without: String = text.split_inclusive('\n').filter(|line| !line.starts_with(&prefix)).collect();
        let message = Message::parse(without.into()).expect("it parses");
        assert_eq!(message.check(), Err(ParseError::Missing(name)));
    }
    for name in [Name::From, Name::To, Name::CallId, Name::CSeq, Name::MaxForwards] {
        let prefix = format!("{name}:");
        let line = text.split_inclusive('\n').find(|line| line.starts_with(&prefix)).expect("it is there");
        assert_eq!(invite(&line.replace('\r', "")).check(), Err(ParseError::Repeated(name)));
    }
}

#[test]
fn max_forwards_may_be_missing_but_not_wild() {
    let text = String::from_utf8(invite("").bytes().to_vec()).expect("ASCII");
    let with =
        |line: &str| Message::parse(text.replace("Max-Forwards: 70\r\n", line).into()).expect("it parses");
    assert_eq!(with("").check(), Ok(()));
    assert_eq!(with("Max-Forwards: 0\r\n").check(), Ok(()));
    for line in ["Max-Forwards: 256\r\n", "Max-Forwards: -1\r\n", "Max-Forwards:\r\n"] {
        assert_eq!(with(line).check(), Err(ParseError::Malformed(HeaderName::MaxForwards)), "{line}");
    }
}

#[test]
fn every_final_status_has_a_phrase() {
    assert_eq!((reason_phrase(200), reason_phrase(487)), ("OK", "Request Terminated"));
    assert_eq!((reason_phrase(499), reason_phrase(599)), ("Request Failure", "Server Failure"));
    assert_eq!((reason_phrase(100), reason_phrase(608)), ("Trying", "Rejected"));
    assert!((100..700).all(|status| !reason_phrase(status).is_empty()));
}
