//! What the stream may look like.

use super::*;
use crate::wire::Message;

const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: c\r\nContent-Length: 4\r\n\r\nbody";
const NOTIFY: &str = "NOTIFY sip:a@b SIP/2.0\nCall-ID: d\nl: 0\n\n";

fn all(framer: &mut Framer) -> Vec<Frame> {
    std::iter::from_fn(|| framer.next().expect("the stream is sound")).collect()
}

fn texts(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(text).collect()
}

fn text(frame: &Frame) -> &str {
    match frame {
        Frame::Message(bytes) => std::str::from_utf8(bytes).expect("text"),
        Frame::Ping => "ping",
    }
}

fn error(stream: &str) -> Option<FrameError> {
    let mut framer = Framer::new();
    framer.push(stream.as_bytes());
    let first = framer.next().err()?;
    framer.push(OPTIONS.as_bytes());
    assert_eq!(framer.next(), Err(first), "a broken stream stays broken");
    Some(first)
}

#[test]
fn messages_are_cut_apart_wherever_the_pieces_end() {
    let stream = format!("{OPTIONS}\r\n{NOTIFY}\r\n\r\n{OPTIONS}");
    for size in 1..stream.len() {
        let mut framer = Framer::new();
        let mut frames = Vec::new();
        for piece in stream.as_bytes().chunks(size) {
            framer.push(piece);
            frames.extend(all(&mut framer));
        }
        assert_eq!(texts(&frames), [OPTIONS, NOTIFY, "ping", OPTIONS], "pieces of {size}");
    }
}

#[test]
fn a_message_waits_for_its_whole_body() {
    let mut framer = Framer::new();
    framer.push(&OPTIONS.as_bytes()[..OPTIONS.len() - 1]);
    assert_eq!(framer.next(), Ok(None));
    framer.push(b"y");
    let frames = all(&mut framer);
    assert_eq!(texts(&frames), [OPTIONS]);
    let Some(Frame::Message(bytes)) = frames.first() else { panic!("a message") };
    assert!(Message::parse(bytes.clone()).is_ok());
}

#[test]
fn each_double_line_end_is_a_ping_and_a_single_one_nothing() {
    let mut framer = Framer::new();
    framer.push(b"\r\n\r\n\r\n\r\n\r\n");
    assert_eq!(all(&mut framer), [Frame::Ping, Frame::Ping]);
    framer.push(OPTIONS.as_bytes());
    assert_eq!(texts(&all(&mut framer)), [OPTIONS]);
}

#[test]
fn the_largest_content_length_does_not_overflow() {
    for length in
        ["18446744073709551615", "18446744073709551514", "9223372036854775807", "65536", "4294967295"]
    {
        let stream = format!("OPTIONS sip:a@b SIP/2.0\r\nContent-Length: {length}\r\n\r\nbody");
        assert_eq!(error(&stream), Some(FrameError::TooLarge), "{length}");
    }
    let stream = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 18446744073709551616\r\n\r\nbody";
    assert_eq!(error(stream), Some(FrameError::ContentLength));
}

#[test]
fn a_stream_needs_one_clear_content_length() {
    let lines = [
        "",
        "l: 1\r\nl: 2\r\n",
        "l: -1\r\n",
        "l:\r\n",
        "l: 1\r\n 2\r\n",
        "l: 1 2\r\n",
        "Content-Length: x\r\n",
    ];
    for lines in lines {
        let stream = format!("OPTIONS sip:a@b SIP/2.0\r\n{lines}Call-ID: c\r\n\r\n");
        assert_eq!(error(&stream), Some(FrameError::ContentLength), "{lines}");
    }
    let folded = "OPTIONS sip:a@b SIP/2.0\r\nCONTENT-LENGTH :\r\n 2\r\nl: 2\r\n\r\nhi";
    let mut framer = Framer::new();
    framer.push(folded.as_bytes());
    assert_eq!(texts(&all(&mut framer)), [folded]);
}

#[test]
fn a_head_without_end_is_given_up() {
    let mut framer = Framer::new();
    let line = format!("X: {}\r\n", "y".repeat(1000));
    framer.push(b"OPTIONS sip:a@b SIP/2.0\r\n");
    let failed = (0..100).find_map(|count| {
        framer.push(line.as_bytes());
        framer.next().err().map(|error| (count, error))
    });
    let (count, error) = failed.expect("the bound holds");
    assert_eq!(error, FrameError::TooLarge);
    assert!(count <= MESSAGE_MAX / line.len() + 1);
}

#[test]
fn what_nobody_takes_is_not_kept_without_end() {
    let mut framer = Framer::new();
    (0..=BUFFER_MAX / OPTIONS.len()).for_each(|_| framer.push(OPTIONS.as_bytes()));
    assert_eq!(framer.next(), Err(FrameError::Overflow));
}
