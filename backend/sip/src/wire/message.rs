//! A received message: one buffer, the offsets of its lines, and typed reading on demand.

use super::parse::{Scan, Start, decimal, scan};
use super::read::Read;
use super::{HeaderName, Method, ParseError};
use crate::header::{HeaderError, NameAddr, Via, split_comma};
use bytes::{Bytes, BytesMut};
use std::sync::{Arc, OnceLock};

/// A parsed SIP message (RFC 3261 §7). It is small, and its clones share all of it.
///
/// Header values are `&str`: bytes that are not UTF-8 read as `?` there, and unchanged in
/// [`Message::fields`].
#[derive(Clone, Debug)]
pub struct Message {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The whole message; where it is not UTF-8, its head with a `?` for each byte that is not.
    text: String,
    /// The whole message, where `text` is not.
    raw: Option<Bytes>,
    body: Bytes,
    scan: Scan,
    read: Read,
    /// What [`Message::check`] found, once it was asked.
    checked: OnceLock<Result<(), ParseError>>,
}

impl Message {
    /// Reads one datagram or one framed message. Without Content-Length the body is the rest of the buffer;
    /// bytes beyond it are dropped.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong; [`Message::read`] gives the headers to answer it with.
    pub fn parse(buf: Bytes) -> Result<Self, ParseError> {
        Self::read(buf).map_err(|(fault, _)| fault)
    }

    /// Reads as [`Message::parse`] does.
    ///
    /// # Errors
    /// What is wrong, and what can be read of the message all the same, good for writing the refusal and nothing else.
    pub fn read(buf: Bytes) -> Result<Self, (ParseError, Option<Self>)> {
        let message = Self::build(buf).map_err(|fault| (fault, None))?;
        match message.inner.scan.fault {
            None => Ok(message),
            Some(fault) => Err((fault, Some(message))),
        }
    }

    fn build(buf: Bytes) -> Result<Self, ParseError> {
        let scan = scan(&buf)?;
        let bytes = if scan.is_folded { unfold(&buf, &scan) } else { buf };
        let body = Bytes::copy_from_slice(&bytes[scan.body.clone()]);
        // Without another copy, where nobody else has the buffer.
        let (text, raw) = match String::from_utf8(bytes.into()) {
            Ok(text) => (text, None),
            Err(error) => {
                let bytes = error.into_bytes();
                (readable(&bytes[..scan.head.end]), Some(bytes.into()))
            }
        };
        let inner = Inner { text, raw, body, scan, read: Read::nothing(), checked: OnceLock::new() };
        let mut message = Self { inner: Arc::new(inner) };
        let read = Read::of(&message, &message.inner.text);
        if let Some(inner) = Arc::get_mut(&mut message.inner) {
            inner.read = read;
        }
        Ok(message)
    }

    fn text(&self, range: std::ops::Range<usize>) -> &str {
        // Every cut is at an ASCII byte of the head, so this never falls back.
        self.inner.text.get(range).unwrap_or_default()
    }

    /// Which headers stand more than once, as [`HeaderName::bit`]s.
    pub(super) fn repeated(&self) -> u128 {
        let bits = self.inner.scan.fields.iter().filter_map(|field| field.id).map(HeaderName::bit);
        bits.fold((0, 0), |(seen, again), bit| (seen | bit, again | (seen & bit))).1
    }

    pub(super) fn headers(&self) -> &Read {
        &self.inner.read
    }

    pub(super) fn checked(&self) -> &OnceLock<Result<(), ParseError>> {
        &self.inner.checked
    }

    /// Whether this is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.inner.scan.start, Start::Request { .. })
    }

    /// The method: of the start line in a request, of CSeq in a response. A response without a readable
    /// CSeq, which [`Message::check`] refuses, gives a method that matches no transaction.
    #[must_use]
    pub fn method(&self) -> Method {
        match &self.inner.scan.start {
            Start::Request { method, .. } => method.clone(),
            Start::Response { .. } => {
                self.cseq().map_or_else(|| Method::Other("".into()), |(_, method)| method)
            }
        }
    }

    /// The Request-URI as it was sent.
    #[must_use]
    pub fn request_uri(&self) -> Option<&str> {
        match &self.inner.scan.start {
            Start::Request { uri, .. } => Some(self.text(uri.start as usize..uri.end as usize)),
            Start::Response { .. } => None,
        }
    }

    /// The status code of a response, 100 to 699.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.inner.scan.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(status),
        }
    }

    /// The reason phrase of a response as it was sent; empty for a request.
    #[must_use]
    pub fn reason(&self) -> &str {
        match &self.inner.scan.start {
            Start::Request { .. } => "",
            Start::Response { reason, .. } => self.text(reason.start as usize..reason.end as usize),
        }
    }

    /// The first line of a header, without surrounding white space.
    #[must_use]
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.header_lines(name).next()
    }

    /// All lines of a header in their order.
    pub fn header_lines(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        self.inner
            .scan
            .fields
            .iter()
            .filter(move |field| field.id == Some(name))
            .map(|field| self.text(field.value()))
    }

    /// All values of a header that is a comma list (RFC 3261 §7.3.1): over all lines, split outside quotes
    /// and `<>`.
    pub fn values(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        self.header_lines(name).flat_map(split_comma)
    }

    /// The first line of any header, known or not, by its name in any case.
    #[must_use]
    pub fn extension(&self, name: &str) -> Option<&str> {
        match HeaderName::from_bytes(name.as_bytes()) {
            Some(id) => self.header(id),
            None => self
                .inner
                .scan
                .fields
                .iter()
                .find(|field| self.text(field.name()).eq_ignore_ascii_case(name))
                .map(|field| self.text(field.value())),
        }
    }

    /// Every header line in its order: its name as it was sent and its value as bytes, unfolded and
    /// trimmed.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.inner.scan.fields.iter().map(|field| (self.text(field.name()), &self.bytes()[field.value()]))
    }

    /// Every header line in its order with its identifier, for rewriting by a table: identifier, name,
    /// value.
    pub fn known_fields(&self) -> impl Iterator<Item = (Option<HeaderName>, &str, &[u8])> {
        self.inner
            .scan
            .fields
            .iter()
            .map(|field| (field.id, self.text(field.name()), &self.bytes()[field.value()]))
    }

    /// The body, cut to its Content-Length.
    #[must_use]
    pub fn body(&self) -> Bytes {
        self.inner.body.clone()
    }

    /// The whole buffer; folded lines have spaces where their line ends were.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.inner.raw.as_deref().unwrap_or(self.inner.text.as_bytes())
    }

    /// Call-ID, RFC 3261 §20.8.
    #[must_use]
    pub fn call_id(&self) -> Option<&str> {
        self.header(HeaderName::CallId)
    }

    /// CSeq, RFC 3261 §20.16; `None` when it is missing, malformed or not below 2^31.
    #[must_use]
    pub fn cseq(&self) -> Option<(u32, Method)> {
        self.inner.read.cseq.clone().ok()
    }

    /// The topmost Via value.
    ///
    /// # Errors
    /// When there is none or it cannot be read.
    pub fn top_via(&self) -> Result<Via<'_>, HeaderError> {
        self.inner.read.via(&self.inner.text)
    }

    /// From, RFC 3261 §20.20.
    ///
    /// # Errors
    /// When it is missing or cannot be read.
    pub fn from(&self) -> Result<NameAddr<'_>, HeaderError> {
        self.inner.read.sender(&self.inner.text)
    }

    /// The tag of From; `None` where it has none or cannot be read.
    #[must_use]
    pub fn from_tag(&self) -> Option<&str> {
        self.inner.read.tag_of_from(&self.inner.text)
    }

    /// To, RFC 3261 §20.39.
    ///
    /// # Errors
    /// When it is missing or cannot be read.
    pub fn to(&self) -> Result<NameAddr<'_>, HeaderError> {
        self.inner.read.recipient(&self.inner.text)
    }

    /// The tag of To; `None` where it has none or cannot be read.
    #[must_use]
    pub fn to_tag(&self) -> Option<&str> {
        self.inner.read.tag_of_to(&self.inner.text)
    }

    /// The first Contact, RFC 3261 §20.10; the lone `*` of a REGISTER has `*` as its URI.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn contact(&self) -> Result<Option<NameAddr<'_>>, HeaderError> {
        self.contacts().next().transpose()
    }

    /// All Contact values in their order.
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.values(HeaderName::Contact).map(NameAddr::parse)
    }

    /// Max-Forwards, RFC 3261 §20.22; `None` when it is missing or no number.
    #[must_use]
    pub fn max_forwards(&self) -> Option<u32> {
        self.number(HeaderName::MaxForwards)
    }

    /// Expires in seconds, RFC 3261 §20.19. A value beyond 32 bits reads as the largest; `None` when it is
    /// missing or no number.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.number(HeaderName::Expires)
    }

    /// A header that is one decimal number; too large a number reads as `u32::MAX`.
    #[must_use]
    pub fn number(&self, name: HeaderName) -> Option<u32> {
        let text = self.header(name)?;
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| decimal(text.as_bytes()).and_then(|n| u32::try_from(n).ok()).unwrap_or(u32::MAX))
    }
}

/// Puts spaces where the line ends of folded values are; nothing moves, so all offsets stay true.
fn unfold(buf: &[u8], scan: &Scan) -> Bytes {
    let mut copy = BytesMut::from(buf);
    for field in &scan.fields {
        for byte in &mut copy[field.value()] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
    }
    copy.freeze()
}

/// Puts `?` in the place of each byte that is not part of UTF-8 text; nothing moves.
fn readable(head: &[u8]) -> String {
    let mut copy = String::with_capacity(head.len());
    for chunk in head.utf8_chunks() {
        copy.push_str(chunk.valid());
        copy.extend(chunk.invalid().iter().map(|_| '?'));
    }
    copy
}
