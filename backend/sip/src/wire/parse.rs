//! The scan of a message's head: where each line starts, and which header it is. Nothing is copied or
//! decoded.

use super::{HEADERS_MAX, HeaderName, MESSAGE_MAX, Method, ParseError, START_LINE_MAX};
use crate::header::is_token;
use memchr::{memchr, memrchr};
use smallvec::SmallVec;
use std::ops::Range;

/// Header lines that fit without the heap; carriers rarely send more.
const FIELDS_INLINE: usize = 32;

/// A header line as offsets into the message, 16 bits each because a message has at most 65 536 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    name_at: u16,
    name_len: u16,
    value_at: u16,
    value_len: u16,
    pub(super) id: Option<HeaderName>,
}

impl Field {
    fn new(name: &Range<usize>, value: &Range<usize>, id: Option<HeaderName>) -> Self {
        Self {
            name_at: offset(name.start),
            name_len: offset(name.len()),
            value_at: offset(value.start),
            value_len: offset(value.len()),
            id,
        }
    }

    pub(super) fn name(self) -> Range<usize> {
        usize::from(self.name_at)..usize::from(self.name_at) + usize::from(self.name_len)
    }

    pub(super) fn value(self) -> Range<usize> {
        usize::from(self.value_at)..usize::from(self.value_at) + usize::from(self.value_len)
    }
}

/// An offset within a message. [`scan`] refuses what is longer than the type holds.
fn offset(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// The start line, as offsets.
#[derive(Clone, Debug)]
pub(super) enum Start {
    Request { method: Method, uri: Range<u32> },
    Response { status: u16, reason: Range<u32> },
}

/// What the scan found.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) start: Start,
    pub(super) fields: SmallVec<[Field; FIELDS_INLINE]>,
    pub(super) head: Range<usize>,
    pub(super) body: Range<usize>,
    pub(super) is_folded: bool,
    /// The first fault that leaves enough of the message to answer it.
    pub(super) fault: Option<ParseError>,
}

/// Scans a message. An error means that nothing can be made of the buffer; lesser faults are in
/// [`Scan::fault`].
pub(super) fn scan(buf: &[u8]) -> Result<Scan, ParseError> {
    if buf.len() > MESSAGE_MAX {
        return Err(ParseError::TooLarge);
    }
    // RFC 3261 §7.5: empty lines before the start line are skipped.
    let first = buf.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).ok_or(ParseError::Empty)?;
    let (line, next) = line_at(buf, first).unwrap_or((first..buf.len(), buf.len()));
    let (start, fault) = start_line(buf, line)?;
    let mut scan =
        Scan { start, fields: SmallVec::new(), head: first..next, body: 0..0, is_folded: false, fault };
    let body_at = header_lines(buf, next, &mut scan);
    scan.head = first..body_at;
    body(buf, body_at, &mut scan);
    Ok(scan)
}

/// The line at `at` without its end (CRLF, or a bare LF), and where the next begins.
fn line_at(buf: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let end = at + memchr(b'\n', buf.get(at..)?)?;
    let trimmed = if end > at && buf[end - 1] == b'\r' { end - 1 } else { end };
    Some((at..trimmed, end + 1))
}

fn start_line(buf: &[u8], line: Range<usize>) -> Result<(Start, Option<ParseError>), ParseError> {
    let text = &buf[line.clone()];
    if text.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"SIP/")) {
        return status_line(text, line.start);
    }
    request_line(text, line.start)
}

/// `SIP/2.0 SP 3DIGIT SP Reason-Phrase`; the space before an empty phrase may be missing.
fn status_line(text: &[u8], at: usize) -> Result<(Start, Option<ParseError>), ParseError> {
    let space = memchr(b' ', text).ok_or(ParseError::StatusLine)?;
    let (version, rest) = text.split_at(space);
    let rest = &rest[1..];
    let (digits, tail) = rest.split_at_checked(3).ok_or(ParseError::StatusLine)?;
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let status = digits.iter().fold(0_u16, |sum, digit| sum * 10 + u16::from(digit.wrapping_sub(b'0') % 10));
    if !is_number || !(100..700).contains(&status) || !matches!(tail.first(), None | Some(b' ')) {
        return Err(ParseError::StatusLine);
    }
    let reason_at = (at + space + 5).min(at + text.len());
    let reason = range32(reason_at..at + text.len());
    let mut fault = (!version.eq_ignore_ascii_case(b"SIP/2.0")).then_some(ParseError::Version);
    if text.len() > START_LINE_MAX {
        fault = Some(ParseError::StartLineTooLong);
    }
    Ok((Start::Response { status, reason }, fault))
}

/// `Method SP Request-URI SP SIP-Version`, single spaces, nothing after it (RFC 3261 §7.1).
fn request_line(text: &[u8], at: usize) -> Result<(Start, Option<ParseError>), ParseError> {
    let first = memchr(b' ', text).ok_or(ParseError::NotSip)?;
    let method = Method::from_bytes(&text[..first]).ok_or(ParseError::NotSip)?;
    let last = memrchr(b' ', text).unwrap_or(first);
    let version = &text[last + 1..];
    let uri = if last > first { first + 1..last } else { first + 1..text.len() };
    let fault = if text.len() > START_LINE_MAX {
        Some(ParseError::StartLineTooLong)
    } else if version.eq_ignore_ascii_case(b"SIP/2.0") {
        let is_uri =
            last > first && !uri.is_empty() && !text[uri.clone()].iter().any(|b| *b <= b' ' || *b == 0x7f);
        (!is_uri).then_some(ParseError::RequestLine)
    } else if last > first && is_version(version) {
        Some(ParseError::Version)
    } else if memchr::memmem::find(text, b" SIP/").is_some() {
        Some(ParseError::RequestLine)
    } else {
        return Err(ParseError::NotSip);
    };
    Ok((Start::Request { method, uri: range32(at + uri.start..at + uri.end) }, fault))
}

/// `SIP/` digits `.` digits.
fn is_version(text: &[u8]) -> bool {
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    text.len() > 4
        && text[..4].eq_ignore_ascii_case(b"SIP/")
        && memchr(b'.', &text[4..])
            .is_some_and(|dot| is_number(&text[4..4 + dot]) && is_number(&text[5 + dot..]))
}

/// Reads header lines up to the empty line and returns where the body starts.
fn header_lines(buf: &[u8], at: usize, scan: &mut Scan) -> usize {
    let mut start = at;
    for end in memchr::memchr_iter(b'\n', &buf[at..]).map(|end| at + end) {
        let trimmed = if end > start && buf[end - 1] == b'\r' { end - 1 } else { end };
        let line = start..trimmed;
        start = end + 1;
        if line.is_empty() {
            return start;
        }
        if matches!(buf[line.start], b' ' | b'\t') {
            fold(buf, &line, scan);
        } else if scan.fields.len() == HEADERS_MAX {
            scan.fault.get_or_insert(ParseError::TooManyHeaders);
        } else if let Some(field) = field(buf, &line) {
            scan.fields.push(field);
        } else {
            scan.fault.get_or_insert(ParseError::HeaderLine);
        }
    }
    scan.fault.get_or_insert(ParseError::HeadUnterminated);
    buf.len()
}

/// A continuation line (RFC 3261 §7.3.1) lengthens the value before it.
fn fold(buf: &[u8], line: &Range<usize>, scan: &mut Scan) {
    scan.is_folded = true;
    let Some(field) = scan.fields.last_mut() else {
        scan.fault.get_or_insert(ParseError::HeaderLine);
        return;
    };
    let whole = usize::from(field.value_at)..line.end;
    *field = Field::new(&field.name(), &trim(buf, whole), field.id);
}

fn field(buf: &[u8], line: &Range<usize>) -> Option<Field> {
    // Names are short: a plain loop beats a vector search here.
    let colon = line.start + buf[line.clone()].iter().position(|byte| *byte == b':')?;
    let name = trim(buf, line.start..colon);
    let text = &buf[name.clone()];
    let id = HeaderName::from_bytes(text);
    if id.is_none() && !is_token(text) {
        return None;
    }
    Some(Field::new(&name, &trim(buf, colon + 1..line.end), id))
}

/// Narrows a range to what stands between white space. Line ends count, because a value may be folded.
fn trim(buf: &[u8], mut range: Range<usize>) -> Range<usize> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    while !range.is_empty() && is_space(buf[range.start]) {
        range.start += 1;
    }
    while !range.is_empty() && is_space(buf[range.end - 1]) {
        range.end -= 1;
    }
    range
}

/// Cuts the body to its Content-Length (RFC 3261 §18.3): what is beyond is dropped, what is missing is a
/// fault.
fn body(buf: &[u8], at: usize, scan: &mut Scan) {
    let rest = buf.len() - at;
    scan.body = at..buf.len();
    match content_length(buf, &scan.fields) {
        Ok(None) => {}
        Ok(Some(length)) => match usize::try_from(length) {
            Ok(length) if length <= rest => scan.body = at..at + length,
            _ => {
                scan.fault.get_or_insert(ParseError::BodyTooShort);
            }
        },
        Err(fault) => {
            scan.fault.get_or_insert(fault);
        }
    }
}

/// The Content-Length that all its lines agree on.
fn content_length(buf: &[u8], fields: &[Field]) -> Result<Option<u64>, ParseError> {
    let mut agreed = None;
    for field in fields.iter().filter(|field| field.id == Some(HeaderName::ContentLength)) {
        let length = decimal(&buf[field.value()]).ok_or(ParseError::ContentLength)?;
        if agreed.is_some_and(|other| other != length) {
            return Err(ParseError::ContentLength);
        }
        agreed = Some(length);
    }
    Ok(agreed)
}

/// Digits alone, without a sign, that fit 64 bits.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

fn range32(range: Range<usize>) -> Range<u32> {
    // Lossless: a message has at most 65 536 bytes.
    u32::try_from(range.start).unwrap_or(0)..u32::try_from(range.end).unwrap_or(0)
}
