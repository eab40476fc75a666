//! Encryption in the packet path: what comes is checked and decrypted before anything else is made of it, what goes is encrypted last.
//!
//! One that is decrypted or is to be encrypted is copied into the worker's room, which has space for the tag: nothing is allocated, and
//! a call without encryption pays a look at an empty place.

use crate::{Keying, counters::DirectionCounters};
use media::srtp::{OVERHEAD_MAX, Receiver, Sender, SrtpError};

/// The longest packet that moves here, bytes.
const PACKET_MAX: usize = 2048;

/// Where a worker writes packets of its own, and those that are encrypted.
#[derive(Debug)]
pub(crate) struct Room {
    /// Packets of keys that are pressed.
    pub(crate) events: Vec<u8>,
    /// The packet that came, decrypted.
    pub(crate) opened: Cover,
    /// The packet that goes, encrypted.
    pub(crate) sealed: Cover,
}

/// A packet that is decrypted or encrypted in place.
#[derive(Debug)]
pub(crate) struct Cover {
    bytes: Box<[u8; PACKET_MAX + OVERHEAD_MAX]>,
    length: usize,
}

impl Room {
    pub(crate) fn new() -> Self {
        let cover = || Cover { bytes: Box::new([0; PACKET_MAX + OVERHEAD_MAX]), length: 0 };
        Self { events: Vec::with_capacity(PACKET_MAX), opened: cover(), sealed: cover() }
    }
}

impl Cover {
    /// Puts a packet here; what is longer than any packet is cut off, and fails its check.
    fn put(&mut self, packet: &[u8]) {
        self.length = packet.len().min(PACKET_MAX);
        self.bytes[..self.length].copy_from_slice(&packet[..self.length]);
    }
}

/// The keys of one side, in use.
#[derive(Debug)]
pub(crate) struct Crypto {
    sender: Box<Sender>,
    receiver: Box<Receiver>,
}

/// A change of a side's keys; what did not change is not there, and goes on with its counts.
#[derive(Debug)]
pub(crate) enum Rekeying {
    /// No encryption from now on.
    Off,
    /// These keys from now on.
    Keys { sender: Option<Box<Sender>>, receiver: Option<Box<Receiver>> },
}

impl Rekeying {
    /// What changes from one description to the next; `None` for nothing.
    pub(crate) fn between(before: Option<&Keying>, after: Option<&Keying>) -> Option<Self> {
        match (before, after) {
            (None, None) => None,
            (Some(_), None) => Some(Self::Off),
            (before, Some(after)) => {
                let sends = before.is_none_or(|before| before.send != after.send);
                let receives = before.is_none_or(|before| before.receive != after.receive);
                let sender = sends.then(|| Box::new(Sender::new(&after.send)));
                let receiver = receives.then(|| Box::new(Receiver::new(&after.receive)));
                (sends || receives).then_some(Self::Keys { sender, receiver })
            }
        }
    }

    /// Carries it out.
    pub(crate) fn apply(self, crypto: &mut Option<Crypto>) {
        *crypto = match (self, crypto.take()) {
            (Self::Off, _) => None,
            (Self::Keys { sender, receiver }, Some(mut known)) => {
                if let Some(receiver) = receiver {
                    let before = std::mem::replace(&mut known.receiver, receiver);
                    known.receiver.follow(*before);
                }
                if let Some(sender) = sender {
                    known.sender = sender;
                }
                Some(known)
            }
            (Self::Keys { sender: Some(sender), receiver: Some(receiver) }, None) => {
                Some(Crypto { sender, receiver })
            }
            // A change of keys that were never there: none was told of such a side.
            (Self::Keys { .. }, None) => None,
        };
    }
}

impl Crypto {
    /// Checks and decrypts a packet; counts why not.
    pub(crate) fn open<'c>(
        &mut self,
        packet: &[u8],
        is_rtcp: bool,
        cover: &'c mut Cover,
        counters: &DirectionCounters,
    ) -> Option<&'c [u8]> {
        cover.put(packet);
        let bytes = &mut cover.bytes[..cover.length];
        let opened =
            if is_rtcp { self.receiver.unprotect_rtcp(bytes) } else { self.receiver.unprotect_rtp(bytes) };
        match opened {
            Ok(length) => return Some(&cover.bytes[..length]),
            Err(SrtpError::Replayed) => counters.replayed.add(1),
            Err(SrtpError::Malformed) => counters.malformed.add(1),
            Err(_) => counters.unauthentic.add(1),
        }
        None
    }

    /// Encrypts a packet; `None` where it may not go.
    pub(crate) fn seal<'c>(
        &mut self,
        packet: &[u8],
        is_rtcp: bool,
        cover: &'c mut Cover,
    ) -> Option<&'c [u8]> {
        cover.put(packet);
        let (bytes, length) = (&mut cover.bytes[..], cover.length);
        let sealed = if is_rtcp {
            self.sender.protect_rtcp(bytes, length)
        } else {
            self.sender.protect_rtp(bytes, length)
        };
        Some(&cover.bytes[..sealed.ok()?])
    }
}
