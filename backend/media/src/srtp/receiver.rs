//! The receiving side of a key: what is old, forged or there already is told apart from what is taken.

use super::{
    Master, SOURCES_MAX, SrtpError,
    packet::{ENCRYPTED, Head, rtcp_source},
    seal::Keys,
    window::{Window, cycle_of, index_in},
};
use smallvec::SmallVec;

/// Packets of the former key that are taken after a change of keys: those that were under way.
pub const PREVIOUS_PACKETS_MAX: u16 = 512;

/// Checks and decrypts what comes in under one master key and, for a while after a change, under the one before.
#[derive(Debug)]
pub struct Receiver {
    current: Side,
    previous: Option<Box<Previous>>,
}

#[derive(Debug)]
struct Previous {
    side: Side,
    /// How many more packets of it are taken.
    left: u16,
}

/// One key and what came under it.
#[derive(Debug)]
struct Side {
    keys: Keys,
    /// One as a rule, which lies with its keys.
    streams: SmallVec<[Stream; 1]>,
    last: usize,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    source: u32,
    rtp: Option<Window>,
    rtcp: Option<Window>,
}

impl Receiver {
    /// A receiver under this key.
    #[must_use]
    pub fn new(master: &Master) -> Self {
        Self { current: Side::new(master), previous: None }
    }

    /// Follows the receiver of the key before, whose last packets are still taken for a while.
    pub fn follow(&mut self, before: Self) {
        self.previous = Some(Box::new(Previous { side: before.current, left: PREVIOUS_PACKETS_MAX }));
    }

    /// Checks and decrypts an RTP packet in place; how long it is then.
    ///
    /// # Errors
    /// `Malformed`, `Replayed`, `Forged`, `Sources`; nothing is remembered of such a packet.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let former = self.previous.as_ref().map(|previous| &previous.side);
        let found = self.current.unprotect_rtp(packet, former);
        self.or_before(found, |side| side.unprotect_rtp(packet, None))
    }

    /// Checks and decrypts an RTCP packet in place; how long it is then.
    ///
    /// # Errors
    /// `Malformed`, `Replayed`, `Forged`, `Sources`; nothing is remembered of such a packet.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let found = self.current.unprotect_rtcp(packet);
        self.or_before(found, |side| side.unprotect_rtcp(packet))
    }

    /// What the former key makes of a packet that is nothing under the present one.
    fn or_before(
        &mut self,
        found: Result<usize, SrtpError>,
        again: impl FnOnce(&mut Side) -> Result<usize, SrtpError>,
    ) -> Result<usize, SrtpError> {
        let Some(previous) = self.previous.as_mut().filter(|_| found.is_err()) else { return found };
        let taken = again(&mut previous.side).or(found)?;
        previous.left -= 1;
        if previous.left == 0 {
            self.previous = None;
        }
        Ok(taken)
    }
}

impl Side {
    fn new(master: &Master) -> Self {
        Self { keys: Keys::new(master), streams: SmallVec::new(), last: 0 }
    }

    fn unprotect_rtp(&mut self, packet: &mut [u8], former: Option<&Self>) -> Result<usize, SrtpError> {
        let head = Head::read(packet)?;
        let place = self.place(head.source);
        let known = place.and_then(|place| self.streams[place].rtp);
        let (taken, index) = match known {
            Some(window) => {
                let index = nearest(&window, head.sequence);
                if !window.allows(index) {
                    return Err(SrtpError::Replayed);
                }
                (self.keys.unprotect_rtp(packet, head.bytes, (head.source, index))?, index)
            }
            None => self.begin(packet, head, former)?,
        };
        let stream = self.entry(place, head.source)?;
        stream.rtp.get_or_insert_with(|| Window::before(index)).note(index);
        Ok(taken)
    }

    /// The first packet of a source: its cycle of numbers is the first, or the second where the beginning was missed, or goes on from
    /// the former key (RFC 3711 §3.3.1).
    fn begin(&self, packet: &mut [u8], head: Head, former: Option<&Self>) -> Result<(usize, u64), SrtpError> {
        let goes_on = former.and_then(|former| former.window_of(head.source));
        let goes_on = goes_on.map(|window| cycle_of(nearest(&window, head.sequence)));
        let missed = (head.sequence < 0x8000).then_some(1);
        let mut found = Err(SrtpError::Forged);
        for cycle in [Some(0), missed, goes_on.filter(|cycle| *cycle > 1)].into_iter().flatten() {
            let index = index_in(cycle, head.sequence);
            found =
                self.keys.unprotect_rtp(packet, head.bytes, (head.source, index)).map(|taken| (taken, index));
            if found != Err(SrtpError::Forged) {
                break;
            }
        }
        found
    }

    fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let source = rtcp_source(packet)?;
        let word = self.keys.rtcp_index(packet)?;
        let index = u64::from(word & !ENCRYPTED);
        let place = self.place(source);
        let known = place.and_then(|place| self.streams[place].rtcp);
        if known.is_some_and(|window| !window.allows(index)) {
            return Err(SrtpError::Replayed);
        }
        let taken = self.keys.unprotect_rtcp(packet, source, word)?;
        let stream = self.entry(place, source)?;
        stream.rtcp.get_or_insert_with(|| Window::before(index)).note(index);
        Ok(taken)
    }

    fn window_of(&self, source: u32) -> Option<Window> {
        self.streams.iter().find(|stream| stream.source == source)?.rtp
    }

    fn place(&mut self, source: u32) -> Option<usize> {
        let is_it = |stream: &Stream| stream.source == source;
        if !self.streams.get(self.last).is_some_and(is_it) {
            self.last = self.streams.iter().position(is_it)?;
        }
        Some(self.last)
    }

    /// The stream of a packet that was verified.
    fn entry(&mut self, place: Option<usize>, source: u32) -> Result<&mut Stream, SrtpError> {
        let place = match place {
            Some(place) => place,
            None if self.streams.len() >= SOURCES_MAX => return Err(SrtpError::Sources),
            None => {
                self.streams.push(Stream { source, rtp: None, rtcp: None });
                self.streams.len() - 1
            }
        };
        Ok(&mut self.streams[place])
    }
}

/// The index that a sequence number means; one before the first cycle is of the first all the same, as its end.
fn nearest(window: &Window, sequence: u16) -> u64 {
    window.index_of(sequence).unwrap_or_else(|| u64::from(sequence))
}
