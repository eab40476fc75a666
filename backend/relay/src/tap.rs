//! A tap: what each side says, decrypted, handed to another thread through a bounded queue. What does not fit is counted and left
//! out; a packet never waits for who listens. A session has [`TAPS_MAX`] of them at most, none of which knows of the other.

mod agreed;

pub(crate) use agreed::{Agreed, Terms};

use crate::Side;
use agreed::Meaning;
use media::{codec::Coding, rtp};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Who may listen to a session at a time: a call is of two tenants at most, and each records it for itself.
pub const TAPS_MAX: usize = 2;
/// Packets that may wait for who listens: some two and a half seconds of both sides.
pub const TAP_PACKETS_MAX: usize = 256;
/// The longest payload that is handed over, bytes: 60 ms of G.711.
pub const TAP_PAYLOAD_MAX: usize = 480;

/// One packet that was heard.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Who said it.
    pub side: Side,
    /// Its header.
    pub header: rtp::Header,
    /// When it came, microseconds of the relay's clock.
    pub at_us: u64,
    length: u16,
    bytes: [u8; TAP_PAYLOAD_MAX],
}

impl Heard {
    /// What it carries.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// The end of the worker.
#[derive(Debug)]
pub(crate) struct Tap {
    queue: rtrb::Producer<Heard>,
    lost: Arc<AtomicU64>,
}

/// The end of who listens.
#[derive(Debug)]
pub struct Tapped {
    queue: rtrb::Consumer<Heard>,
    lost: Arc<AtomicU64>,
    agreed: Arc<Agreed>,
    /// What was read there last, and in which version.
    meanings: [Meaning; 2],
    version: u64,
}

/// A tap and who listens to it, to a session of which this is agreed.
pub(crate) fn tap(agreed: Arc<Agreed>) -> (Tap, Tapped) {
    let (producer, consumer) = rtrb::RingBuffer::new(TAP_PACKETS_MAX);
    let lost = Arc::new(AtomicU64::new(0));
    let (meanings, version) = agreed.read();
    (
        Tap { queue: producer, lost: Arc::clone(&lost) },
        Tapped { queue: consumer, lost, agreed, meanings, version },
    )
}

impl Tap {
    /// Hands a packet over, or counts it.
    pub(crate) fn hear(&mut self, side: Side, packet: &rtp::Packet<'_>, at_us: u64) {
        let payload = packet.payload;
        let mut heard = Heard {
            side,
            header: packet.header,
            at_us,
            length: payload.len().min(TAP_PAYLOAD_MAX) as u16,
            bytes: [0; TAP_PAYLOAD_MAX],
        };
        let fits = payload.len() <= TAP_PAYLOAD_MAX;
        if fits {
            heard.bytes[..payload.len()].copy_from_slice(payload);
        }
        if !fits || self.queue.push(heard).is_err() {
            // One thread writes it.
            self.lost.store(self.lost.load(Relaxed) + 1, Relaxed);
        }
    }
}

impl Tapped {
    /// The next packet; `None` where there is none yet, or will be none any more.
    pub fn hear(&mut self) -> Option<Heard> {
        self.queue.pop().ok()
    }

    /// How a packet that was heard is coded, by what held when it came: a description that changes a codec or its number in the middle of
    /// a call is followed. `None` where it is no audio that we know.
    pub fn coding(&mut self, heard: &Heard) -> Option<Coding> {
        self.meaning(heard.side).coding(heard.header.payload_type, heard.at_us)
    }

    /// Whether a packet that was heard is no audio, as was agreed: telephone-events or comfort noise.
    pub fn is_beside(&mut self, heard: &Heard) -> bool {
        self.meaning(heard.side).is_beside(heard.header.payload_type)
    }

    fn meaning(&mut self, side: Side) -> &Meaning {
        if self.version != self.agreed.version() {
            (self.meanings, self.version) = self.agreed.read();
        }
        &self.meanings[side.index()]
    }

    /// Whether this is where that listener reads what is agreed.
    pub(crate) fn reads(&self, agreed: &Arc<Agreed>) -> bool {
        Arc::ptr_eq(&self.agreed, agreed)
    }

    /// Whether all was heard: the session is closed, or is not listened to by this any more, and nothing waits.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.queue.is_abandoned() && self.queue.is_empty()
    }

    /// How many packets did not fit so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_and_nobody_waits() {
        let (mut tap, mut tapped) = tap(Arc::default());
        let packet = rtp::Packet {
            header: rtp::Header::default(),
            csrc_count: 0,
            extension: None,
            payload: &[7; 160],
        };
        (0..TAP_PACKETS_MAX as u64 + 3).for_each(|at| tap.hear(Side::A, &packet, at));
        tap.hear(Side::B, &rtp::Packet { payload: &[0; TAP_PAYLOAD_MAX + 1], ..packet }, 0);
        assert_eq!(tapped.lost(), 4);
        drop(tap);
        assert!(!tapped.is_over(), "what was handed over is still there");
        let mut heard = 0;
        while let Some(one) = tapped.hear() {
            assert_eq!((one.at_us, one.payload()), (heard, &[7; 160][..]));
            heard += 1;
        }
        assert_eq!(heard, TAP_PACKETS_MAX as u64);
        assert!(tapped.is_over());
    }
}
