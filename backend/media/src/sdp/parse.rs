//! Reading and writing. Tolerant of line ends, blank lines and lines that are none; strict about `m=`, which decides ports.

use super::{Kind, Line, Media, Sdp, SdpError};
use std::{borrow::Cow, str};

/// The most bytes that a description may have.
pub const MAX_BYTES: usize = 32 * 1024;
/// The most lines.
pub const MAX_LINES: usize = 1024;
/// The most media sections.
pub const MAX_MEDIA: usize = 16;
/// The most formats of one section.
pub const MAX_FORMATS: usize = 64;

impl<'a> Sdp<'a> {
    /// Reads a description.
    ///
    /// # Errors
    /// `Empty`, `TooLarge` beyond the limits of this module, `Malformed` for an `m=` line that can't be read.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SdpError> {
        if bytes.len() > MAX_BYTES {
            return Err(SdpError::TooLarge { what: "bytes", limit: MAX_BYTES });
        }
        let mut sdp = Self::default();
        for (index, raw) in bytes.split(|&byte| byte == b'\n' || byte == b'\r').enumerate() {
            if index >= 2 * MAX_LINES {
                return Err(SdpError::TooLarge { what: "lines", limit: MAX_LINES });
            }
            let Some((kind, value)) = split_line(raw) else { continue };
            if kind == b'm' {
                let media = parse_media(value)
                    .ok_or_else(|| SdpError::Malformed { line: line_number(bytes, raw) })?;
                sdp.media.push(media);
            } else {
                let lines = sdp.media.last_mut().map_or(&mut sdp.session, |media| &mut media.lines);
                lines.push(Line { kind, value: Cow::Borrowed(value) });
            }
            sdp.check_limits()?;
        }
        if sdp.session.is_empty() && sdp.media.is_empty() { Err(SdpError::Empty) } else { Ok(sdp) }
    }

    fn check_limits(&self) -> Result<(), SdpError> {
        if self.media.len() > MAX_MEDIA {
            return Err(SdpError::TooLarge { what: "media sections", limit: MAX_MEDIA });
        }
        if self.media.last().is_some_and(|media| media.formats.len() > MAX_FORMATS) {
            return Err(SdpError::TooLarge { what: "formats in one media section", limit: MAX_FORMATS });
        }
        Ok(())
    }

    /// The description's bytes: its lines in order, each ended by CR LF.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        for line in &self.session {
            line.write(&mut out);
        }
        for media in &self.media {
            media.write(&mut out);
        }
        out
    }
}

impl Line<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.kind, b'=']);
        out.extend_from_slice(&self.value);
        out.extend(b"\r\n");
    }
}

impl Media<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.write_head(self.port, out);
        for line in &self.lines {
            line.write(out);
        }
    }

    /// The `m=` line alone, with another port.
    pub(super) fn write_head(&self, port: u16, out: &mut Vec<u8>) {
        self.write_head_as(port, self.proto, out);
    }

    /// The `m=` line alone, with another port and transport.
    pub(super) fn write_head_as(&self, port: u16, proto: &str, out: &mut Vec<u8>) {
        let head = format!("m={} {port} {proto} {}\r\n", self.kind.as_str(), self.formats.join(" "));
        out.extend_from_slice(head.as_bytes());
    }
}

fn split_line(raw: &[u8]) -> Option<(u8, &[u8])> {
    match raw.trim_ascii() {
        [kind, b'=', value @ ..] if kind.is_ascii_alphabetic() => Some((kind.to_ascii_lowercase(), value)),
        _ => None,
    }
}

fn parse_media(value: &[u8]) -> Option<Media<'_>> {
    let mut words = str::from_utf8(value).ok()?.split_ascii_whitespace();
    let kind = Kind::of(words.next()?);
    let port = words.next()?.split('/').next()?.parse().ok()?;
    let proto = words.next()?;
    let formats: Vec<_> = words.collect();
    (!formats.is_empty()).then_some(Media { kind, port, proto, formats, lines: Vec::new() })
}

fn line_number(bytes: &[u8], raw: &[u8]) -> usize {
    let offset = raw.as_ptr().addr().saturating_sub(bytes.as_ptr().addr());
    let before = bytes.get(..offset).unwrap_or_default();
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}
