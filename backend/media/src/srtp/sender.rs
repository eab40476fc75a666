//! The sending side of a key: numbers are made to follow one another, so that no key stream is ever used twice.

use super::{
    Master, SOURCES_MAX, SrtpError,
    packet::{ENCRYPTED, Head, rtcp_source},
    seal::Keys,
    window::Window,
};
use smallvec::SmallVec;

/// The most packets of one source under one key (RFC 3711 §9.2).
const INDEX_MAX: u64 = (1 << 48) - 1;
/// A stream begins in this half of the numbers: whoever misses its first packets does not miss that they began again.
const FIRST_MAX: u16 = 0x7FFF;

/// Protects what goes out under one master key.
#[derive(Debug)]
pub struct Sender {
    keys: Keys,
    /// One as a rule, which lies with its keys.
    streams: SmallVec<[Stream; 1]>,
    /// The place of the stream that was met last.
    last: usize,
    rtcp_index: u32,
}

/// What is remembered of one source.
#[derive(Debug, Clone, Copy)]
struct Stream {
    source: u32,
    window: Window,
    /// By how much its numbers are shifted.
    shift: u16,
    /// The number that came last and fitted nowhere: where the next one follows it, the stream has begun anew.
    stray: Option<u16>,
}

impl Sender {
    /// A sender under this key, which must be nobody else's.
    #[must_use]
    pub fn new(master: &Master) -> Self {
        Self { keys: Keys::new(master), streams: SmallVec::new(), last: 0, rtcp_index: 0 }
    }

    /// Whether this is a sender under the same key: only one of the two may be used.
    #[must_use]
    pub fn shares_key(&self, other: &Self) -> bool {
        self.keys.are_like(&other.keys)
    }

    /// Protects the RTP packet in `buffer[..length]` in place; how long it is then, [`OVERHEAD_MAX`](super::OVERHEAD_MAX) more at most.
    ///
    /// Its sequence number is shifted where its source began anew, or in the upper half of the numbers: under one key no number
    /// may come twice.
    ///
    /// # Errors
    /// `Malformed`, `NoRoom`, `Replayed` for a number that was there or is too old, `Sources`, `Exhausted`.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let packet = buffer.get_mut(..length).ok_or(SrtpError::NoRoom)?;
        let head = Head::read(packet)?;
        let place = self.stream(head)?;
        let stream = &mut self.streams[place];
        let index = stream.place(head.sequence)?;
        packet[2..4].copy_from_slice(&(index as u16).to_be_bytes());
        let made = self.keys.protect_rtp(buffer, length, head.bytes, (head.source, index))?;
        stream.window.note(index);
        Ok(made)
    }

    /// Protects the RTCP packet in `buffer[..length]` in place; how long it is then.
    ///
    /// # Errors
    /// `Malformed`, `NoRoom`, `Exhausted`.
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let source = rtcp_source(buffer.get(..length).ok_or(SrtpError::NoRoom)?)?;
        if self.rtcp_index >= ENCRYPTED {
            return Err(SrtpError::Exhausted);
        }
        let made = self.keys.protect_rtcp(buffer, length, source, self.rtcp_index)?;
        self.rtcp_index += 1;
        Ok(made)
    }

    fn stream(&mut self, head: Head) -> Result<usize, SrtpError> {
        let is_it = |stream: &Stream| stream.source == head.source;
        if self.streams.get(self.last).is_some_and(is_it) {
            return Ok(self.last);
        }
        self.last = match self.streams.iter().position(is_it) {
            Some(place) => place,
            None if self.streams.len() >= SOURCES_MAX => return Err(SrtpError::Sources),
            None => {
                self.streams.push(Stream::beginning(head));
                self.streams.len() - 1
            }
        };
        Ok(self.last)
    }
}

impl Stream {
    const fn beginning(head: Head) -> Self {
        let first = head.sequence & FIRST_MAX;
        let shift = first.wrapping_sub(head.sequence);
        // Nothing was sent yet: the packet that begins it is still to be noted.
        let window = Window::before(first as u64);
        Self { source: head.source, window, shift, stray: None }
    }

    /// The index under which a packet with this number goes.
    fn place(&mut self, sequence: u16) -> Result<u64, SrtpError> {
        let index = self.window.index_of(sequence.wrapping_add(self.shift));
        if let Some(index) = index.filter(|index| self.window.allows(*index)) {
            self.stray = None;
            return if index > INDEX_MAX { Err(SrtpError::Exhausted) } else { Ok(index) };
        }
        let begins_anew = self.stray.is_some_and(|stray| stray.wrapping_add(1) == sequence);
        self.stray = Some(sequence);
        if !begins_anew {
            return Err(SrtpError::Replayed);
        }
        self.stray = None;
        let next = self.window.highest() + 1;
        self.shift = (next as u16).wrapping_sub(sequence);
        if next > INDEX_MAX { Err(SrtpError::Exhausted) } else { Ok(next) }
    }
}
