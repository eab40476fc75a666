//! Encryption in the packet path: what comes is checked and decrypted before anything else is made of it, what goes is encrypted last.
//!
//! One that is decrypted or is to be encrypted is copied into the worker's room, which has space for the tag: nothing is allocated, and
//! a call without encryption pays a look at an empty place.

use crate::{Keying, batch::fetch, counters::DirectionCounters, reporter::Ntp};
use media::srtp::{OVERHEAD_MAX, Receiver, Sender, SrtpError};

/// The longest packet that moves here, bytes.
const PACKET_MAX: usize = 2048;

/// Where a worker writes packets of its own, and those that are encrypted.
#[derive(Debug)]
pub(crate) struct Room {
    /// Packets of keys that are pressed.
    pub(crate) events: Vec<u8>,
    /// Packets of what is played, and those whose numbers are moved by it.
    pub(crate) spoken: Vec<u8>,
    /// The packet that came, decrypted.
    pub(crate) opened: Cover,
    /// The packet that goes, encrypted.
    pub(crate) sealed: Cover,
    /// Reports of our own.
    pub(crate) reports: Vec<u8>,
    /// The clock that they tell.
    pub(crate) ntp: Ntp,
}

/// A packet that is decrypted or encrypted in place.
#[derive(Debug)]
pub(crate) struct Cover {
    bytes: Box<[u8; PACKET_MAX + OVERHEAD_MAX]>,
    length: usize,
}

impl Room {
    pub(crate) fn new(ntp: Ntp) -> Self {
        let cover = || Cover { bytes: Box::new([0; PACKET_MAX + OVERHEAD_MAX]), length: 0 };
        let room = || Vec::with_capacity(PACKET_MAX);
        Self { events: room(), spoken: room(), opened: cover(), sealed: cover(), reports: room(), ntp }
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
    /// Senders under keys that were in use before: where one of several callees answers again, its key goes on, since no number may
    /// be used twice under it.
    retired: Vec<Sender>,
}

/// Senders that are kept for a key that may come back: an offer of ours has so many keys.
const RETIRED_MAX: usize = 3;

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
                    known.send_by(sender);
                }
                Some(known)
            }
            (Self::Keys { sender: Some(sender), receiver: Some(receiver) }, None) => {
                Some(Crypto { sender, receiver, retired: Vec::new() })
            }
            // A change of keys that were never there: none was told of such a side.
            (Self::Keys { .. }, None) => None,
        };
    }
}

impl Crypto {
    fn send_by(&mut self, sender: Box<Sender>) {
        let place = self.retired.iter().position(|known| known.shares_key(&sender));
        let sender = place.map_or(sender, |place| Box::new(self.retired.remove(place)));
        if self.retired.len() == RETIRED_MAX {
            self.retired.remove(0);
        }
        self.retired.push(*std::mem::replace(&mut self.sender, sender));
    }

    /// Has what the next packet from this side takes fetched.
    pub(crate) fn fetch_receiver(&self) {
        fetch(&*self.receiver);
    }

    /// Has what the next packet to this side takes fetched.
    pub(crate) fn fetch_sender(&self) {
        fetch(&*self.sender);
    }

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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use media::{
        rtp::Header,
        srtp::{Master, Suite},
    };

    fn keying(send: u8) -> Keying {
        let key = |seed: u8| Master::fresh(Suite::AesCm128Sha1Tag80, &mut |bytes| bytes.fill(seed));
        Keying { send: key(send), receive: key(200) }
    }

    #[test]
    fn a_key_that_comes_back_goes_on_where_it_was() {
        let (first, second) = (keying(1), keying(2));
        let mut crypto = None;
        Rekeying::between(None, Some(&first)).unwrap().apply(&mut crypto);
        let mut room = Room::new(Ntp::from_age(std::time::Duration::ZERO));
        let mut number = |crypto: &mut Option<Crypto>, sequence| {
            let packet = Header { sequence, ssrc: 1, ..Header::default() }.packet(&[0; 20]);
            let sealed = crypto.as_mut().unwrap().seal(&packet, false, &mut room.sealed);
            sealed.map(|sealed| u16::from_be_bytes([sealed[2], sealed[3]]))
        };
        assert_eq!(number(&mut crypto, 0x7FFE), Some(0x7FFE));
        Rekeying::between(Some(&first), Some(&second)).unwrap().apply(&mut crypto);
        assert_eq!(number(&mut crypto, 0x8000), Some(0), "a new key begins in the lower half");
        Rekeying::between(Some(&second), Some(&first)).unwrap().apply(&mut crypto);
        assert_eq!(number(&mut crypto, 0x8001), Some(0x8001), "it does not begin again under the same key");
        assert_eq!(number(&mut crypto, 0x7FFE), None, "nor repeat");
        assert!(Rekeying::between(Some(&first), Some(&first)).is_none());
        Rekeying::between(Some(&first), None).unwrap().apply(&mut crypto);
        assert!(crypto.is_none());
    }
}
