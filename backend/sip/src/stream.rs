//! Messages out of a byte stream: TCP, TLS and WebSocket carry one after another (RFC 3261 §18.3).
//!
//! A connection whose framing is lost cannot be found again: after a [`FrameError`] the driver closes it.

use crate::wire::{HEADERS_MAX, HeaderName, MESSAGE_MAX};
use bytes::{Buf, Bytes, BytesMut};

#[cfg(test)]
mod tests;

/// How many unread bytes are kept; the driver takes the frames out after each push.
const BUFFER_MAX: usize = 2 * MESSAGE_MAX;
/// A double CRLF between messages: the keep-alive of RFC 5626 §3.5.1.
const PING: &[u8] = b"\r\n\r\n";

/// What stood next in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, head and body.
    Message(Bytes),
    /// A keep-alive, to be answered with one CRLF (RFC 5626 §3.5.1).
    Ping,
}

/// Why a stream cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message, by its head or its Content-Length, is larger than [`MESSAGE_MAX`].
    #[error("a message in the stream is too large")]
    TooLarge,
    /// Content-Length is missing, which a stream needs (RFC 3261 §18.3), is not one number, or differs
    /// between lines.
    #[error("a message in the stream has no usable Content-Length")]
    ContentLength,
    /// More was pushed than is kept, because no frames were taken.
    #[error("the stream buffer is full")]
    Overflow,
}

/// Cuts a byte stream into frames. Bounded; reading costs each byte once, however small the pieces are.
#[derive(Debug, Default)]
pub struct Framer {
    buf: BytesMut,
    /// Where the search for the end of the head goes on.
    searched: usize,
    /// The length of the message at the front, once its head is complete.
    length: Option<usize>,
    failed: Option<FrameError>,
}

impl Framer {
    /// An empty stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes that arrived. Beyond the bound nothing is kept and the next [`Framer::next`] fails.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        if self.buf.len() + bytes.len() > BUFFER_MAX {
            self.fail(FrameError::Overflow);
        } else {
            self.buf.extend_from_slice(bytes);
        }
    }

    /// How many bytes wait for the rest of their message.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buf.len()
    }

    /// The next frame; `None` until more bytes come.
    ///
    /// # Errors
    /// When the stream cannot go on; the same error comes again from then on.
    #[expect(
        clippy::should_implement_trait,
        reason = "a frame may come after a None, unlike with an iterator"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.take().inspect_err(|error| self.fail(*error))
    }

    fn fail(&mut self, error: FrameError) {
        self.failed = Some(error);
        self.buf = BytesMut::new();
    }

    fn take(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.length.is_none() {
            if let Some(frame) = self.skip_line_ends() {
                return Ok(frame);
            }
            self.length = self.find_length()?;
        }
        let Some(length) = self.length.filter(|length| *length <= self.buf.len()) else {
            return Ok(None);
        };
        self.length = None;
        self.searched = 0;
        let message = self.buf.split_to(length).freeze();
        if self.buf.is_empty() {
            self.buf = BytesMut::new(); // an idle connection holds no memory
        }
        Ok(Some(Frame::Message(message)))
    }

    /// At a message's start: takes a ping, drops single line ends. `Some` says what [`Framer::next`]
    /// returns.
    fn skip_line_ends(&mut self) -> Option<Option<Frame>> {
        loop {
            if self.buf.starts_with(PING) {
                self.buf.advance(PING.len());
                return Some(Some(Frame::Ping));
            }
            if PING.starts_with(&self.buf) {
                return Some(None); // nothing, or what may become a ping
            }
            if !matches!(self.buf[0], b'\r' | b'\n') {
                return None;
            }
            self.buf.advance(1);
        }
    }

    /// The length of the message at the front, once its empty line is there.
    fn find_length(&mut self) -> Result<Option<usize>, FrameError> {
        let Some(head) = self.find_head()? else {
            return Ok(None);
        };
        let body = content_length(&self.buf[..head])?;
        let body = usize::try_from(body).map_err(|_| FrameError::TooLarge)?;
        let length = head.checked_add(body).filter(|length| *length <= MESSAGE_MAX);
        length.map(Some).ok_or(FrameError::TooLarge)
    }

    /// Where the head ends, the empty line included.
    fn find_head(&mut self) -> Result<Option<usize>, FrameError> {
        while let Some(found) = memchr::memchr(b'\n', &self.buf[self.searched..]) {
            let end = self.searched + found + 1;
            match self.buf[end..] {
                [b'\n', ..] => return Ok(Some(end + 1)),
                [b'\r', b'\n', ..] => return Ok(Some(end + 2)),
                [] | [b'\r'] => {
                    self.searched = end - 1; // the line end may turn out to be the last
                    return self.unfinished();
                }
                _ => self.searched = end,
            }
        }
        self.searched = self.buf.len();
        self.unfinished()
    }

    const fn unfinished(&self) -> Result<Option<usize>, FrameError> {
        if self.searched > MESSAGE_MAX { Err(FrameError::TooLarge) } else { Ok(None) }
    }
}

/// The Content-Length of a head. All its lines must agree, or two readers would cut the stream differently.
fn content_length(head: &[u8]) -> Result<u64, FrameError> {
    let mut agreed = None;
    let mut lines = head.split(|byte| *byte == b'\n').skip(1).take(HEADERS_MAX * 2).peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = split_header(line) else { continue };
        if HeaderName::from_bytes(name) != Some(HeaderName::ContentLength) {
            continue;
        }
        let value = match lines.peek().filter(|next| matches!(next.first(), Some(b' ' | b'\t'))) {
            None => value,
            Some(continuation) if value.is_empty() => continuation.trim_ascii(),
            Some(_) => return Err(FrameError::ContentLength),
        };
        let length = crate::wire::decimal(value).ok_or(FrameError::ContentLength)?;
        if agreed.is_some_and(|other| other != length) {
            return Err(FrameError::ContentLength);
        }
        agreed = Some(length);
    }
    agreed.ok_or(FrameError::ContentLength)
}

fn split_header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return None;
    }
    let colon = memchr::memchr(b':', line)?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}
