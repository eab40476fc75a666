//! Writes a message into one buffer.

use super::Method;
use bytes::{BufMut, Bytes, BytesMut};
use std::fmt::{self, Write as _};
use std::net::IpAddr;

/// A typical message with SDP fits without a second allocation.
const CAPACITY: usize = 1536;

/// A message on its way out. Line ends inside a value become spaces, so no value can smuggle in a header.
#[derive(Debug)]
#[must_use = "finish() gives the bytes"]
pub struct Writer {
    buf: BytesMut,
    body: Bytes,
}

impl Writer {
    /// Starts a request.
    pub fn request(method: &Method, uri: &str) -> Self {
        let mut writer = Self::new();
        writer.put(method.as_str().as_bytes());
        writer.buf.put_u8(b' ');
        writer.put(uri.as_bytes());
        writer.buf.put_slice(b" SIP/2.0\r\n");
        writer
    }

    /// Starts a response; `status` is 100 to 699.
    pub fn response(status: u16, reason: &str) -> Self {
        let mut writer = Self::new();
        writer.buf.put_slice(b"SIP/2.0 ");
        Value(&mut writer.buf).number(status.into()).text(" ");
        writer.put(reason.as_bytes());
        writer.buf.put_slice(b"\r\n");
        writer
    }

    fn new() -> Self {
        Self { buf: BytesMut::with_capacity(CAPACITY), body: Bytes::new() }
    }

    /// Adds a header line. The name is a text or a [`HeaderName`](super::HeaderName).
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.put(name.as_ref().as_bytes());
        self.buf.put_slice(b": ");
        self.put(value.as_ref());
        self.buf.put_slice(b"\r\n");
        self
    }

    /// Adds a header line whose value prints itself, such as a number or `format_args!(..)`.
    pub fn header_fmt(mut self, name: impl AsRef<str>, value: impl fmt::Display) -> Self {
        self.put(name.as_ref().as_bytes());
        self.buf.put_slice(b": ");
        let at = self.buf.len();
        // Writing into a growing buffer fails only when a Display itself fails; the line then stays short.
        let _ = write!(self.buf, "{value}");
        blank_line_ends(&mut self.buf[at..]);
        self.buf.put_slice(b"\r\n");
        self
    }

    /// Adds a header line whose value is put together of pieces, without formatting.
    pub fn header_of(mut self, name: impl AsRef<str>, value: impl FnOnce(Value<'_>) -> Value<'_>) -> Self {
        self.put(name.as_ref().as_bytes());
        self.buf.put_slice(b": ");
        let at = self.buf.len();
        value(Value(&mut self.buf));
        blank_line_ends(&mut self.buf[at..]);
        self.buf.put_slice(b"\r\n");
        self
    }

    /// Sets the body; its Content-Length is written by [`Writer::finish`].
    pub fn body(mut self, content_type: Option<&str>, body: impl AsRef<[u8]>) -> Self {
        if let Some(content_type) = content_type {
            self = self.header("Content-Type", content_type);
        }
        self.body = Bytes::copy_from_slice(body.as_ref());
        self
    }

    /// Ends the head with Content-Length and appends the body.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        self.buf.put_slice(b"Content-Length: ");
        // A body is far shorter than what 32 bits count.
        Value(&mut self.buf).number(u32::try_from(self.body.len()).unwrap_or(u32::MAX)).text("\r\n\r\n");
        self.buf.put_slice(&self.body);
        // As long as it is and no longer: it may be kept for half a minute, to be sent again.
        Bytes::copy_from_slice(&self.buf)
    }

    fn put(&mut self, text: &[u8]) {
        let at = self.buf.len();
        self.buf.put_slice(text);
        blank_line_ends(&mut self.buf[at..]);
    }
}

/// A header value that grows piece by piece.
#[derive(Debug)]
pub struct Value<'a>(&'a mut BytesMut);

impl Value<'_> {
    /// Adds a text.
    pub fn text(self, text: &str) -> Self {
        self.0.put_slice(text.as_bytes());
        self
    }

    /// Adds a number in decimal digits.
    pub fn number(self, number: u32) -> Self {
        let (mut digits, mut at, mut rest) = ([0; 10], 10, number);
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                self.0.put_slice(&digits[at..]);
                return self;
            }
        }
    }

    /// Adds an address, one of IPv6 without brackets.
    pub fn address(self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets().map(u32::from);
                self.number(a).text(".").number(b).text(".").number(c).text(".").number(d)
            }
            IpAddr::V6(address) => {
                // Writing into a growing buffer cannot fail.
                let _ = write!(self.0, "{address}");
                self
            }
        }
    }
}

fn blank_line_ends(text: &mut [u8]) {
    while let Some(at) = memchr::memchr3(b'\r', b'\n', 0, text) {
        text[at] = b' ';
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{HeaderName, Message};

    #[test]
    fn a_written_request_reads_back() {
        let bytes = Writer::request(&Method::Invite, "sip:bob@example.com")
            .header(HeaderName::CallId, "a84b4c76e66710")
            .header_fmt("CSeq", format_args!("{} INVITE", 314_159))
            .body(Some("application/sdp"), b"v=0\r\n")
            .finish();
        let message = Message::parse(bytes).expect("our own writing parses");
        assert_eq!(message.method(), Method::Invite);
        assert_eq!(message.request_uri(), Some("sip:bob@example.com"));
        assert_eq!(message.call_id(), Some("a84b4c76e66710"));
        assert_eq!(message.cseq(), Some((314_159, Method::Invite)));
        assert_eq!(message.header(HeaderName::ContentLength), Some("5"));
        assert_eq!(&message.body()[..], b"v=0\r\n");
    }

    #[test]
    fn a_written_response_keeps_status_and_phrase() {
        let message =
            Message::parse(Writer::response(486, "Besetzt").finish()).expect("our own writing parses");
        assert_eq!((message.status(), message.reason()), (Some(486), "Besetzt"));
        assert_eq!(message.header(HeaderName::ContentLength), Some("0"));
    }

    #[test]
    fn a_value_of_pieces_is_what_formatting_would_write() {
        let addresses = ["127.0.0.1", "255.10.0.99", "2001:db8::1", "::ffff:1.2.3.4"];
        for (number, address) in [0, 7, 1_000_000_007, u32::MAX].into_iter().zip(addresses) {
            let address: IpAddr = address.parse().expect("an address");
            let bytes = Writer::response(200, "OK")
                .header_of("X", |value| value.text("a=").number(number).text(";b=").address(address))
                .finish();
            let message = Message::parse(bytes).expect("our own writing parses");
            assert_eq!(message.extension("X"), Some(format!("a={number};b={address}").as_str()));
        }
    }

    #[test]
    fn a_line_end_in_a_value_does_not_start_a_header() {
        let bytes = Writer::response(200, "OK\r\nEvil: 1")
            .header("Subject\r\nEvil: 2", "x\r\nEvil: 3")
            .header_fmt("To", "y\nEvil: 4")
            .header_of("From", |value| value.text("z\r\nEvil: 5"))
            .finish();
        let text = String::from_utf8(bytes.to_vec()).expect("ASCII");
        assert!(!text.contains("\nEvil"), "{text}");
        assert_eq!(text.lines().count(), 6, "{text}");
    }
}
