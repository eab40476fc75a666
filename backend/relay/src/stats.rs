//! The figures of a session as they are read.

use crate::{Endpoint, Verdict, counters::DirectionCounters};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// The figures of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStats {
    /// What side A sent.
    pub from_a: DirectionStats,
    /// What side B sent.
    pub from_b: DirectionStats,
    /// When the session was opened.
    pub opened: Instant,
    /// When the call was answered.
    pub joined: Option<Instant>,
}

/// The figures of what one side sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectionStats {
    /// RTP packets relayed.
    pub packets: u64,
    /// Their bytes, headers of RTP included.
    pub bytes: u64,
    /// Packets that are missing by their sequence numbers.
    pub lost: u64,
    /// Packets from another source than the description names; dropped.
    pub foreign: u64,
    /// Packets from the right source that are neither RTP nor, on its port, RTCP; dropped.
    pub malformed: u64,
    /// Packets that came while the directions agreed on did not allow them (hold); dropped.
    pub held: u64,
    /// Packets that the system did not take for sending.
    pub unsent: u64,
    /// Packets whose SRTP tag was wrong, or that had none where the side's media is encrypted; dropped.
    pub unauthentic: u64,
    /// Encrypted packets that were there before, or came too late to tell; dropped.
    pub replayed: u64,
    /// Whether this side's media is encrypted.
    pub is_encrypted: bool,
    /// RTCP packets relayed.
    pub rtcp: u64,
    /// Interarrival jitter (RFC 3550 A.8), as coarse as the relay's tick.
    pub jitter: Duration,
    /// When the first packet was relayed.
    pub first: Option<Instant>,
    /// When the last packet was relayed.
    pub last: Option<Instant>,
    /// Where this side says it is.
    pub remote: Option<SocketAddr>,
    /// Whether that address can't be reached from the internet.
    pub private_address: bool,
    /// The first codec of this side's description; empty before there is one.
    pub codec: String,
    /// What became of its audio.
    pub verdict: Verdict,
}

/// What the control side knows about a direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) remote: Option<&'a Endpoint>,
    /// Where this side's packets arrive, as descriptions name it.
    pub(crate) local: SocketAddr,
    /// Whether the directions ever allowed this side to send to the other.
    pub(crate) agreed: bool,
    /// When the relay was made: the zero of the counters' times.
    pub(crate) origin: Instant,
}

impl Known<'_> {
    pub(crate) fn stats(&self, counters: Option<&DirectionCounters>) -> DirectionStats {
        let empty = DirectionCounters::default();
        let counters = counters.unwrap_or(&empty);
        let at =
            |micros: u64| micros.checked_sub(1).map(|micros| self.origin + Duration::from_micros(micros));
        DirectionStats {
            packets: counters.packets.get(),
            bytes: counters.bytes.get(),
            lost: counters.lost.get(),
            foreign: counters.foreign.get(),
            malformed: counters.malformed.get(),
            held: counters.held.get(),
            unsent: counters.unsent.get(),
            unauthentic: counters.unauthentic.get(),
            replayed: counters.replayed.get(),
            is_encrypted: self.remote.is_some_and(|remote| remote.keys.is_some()),
            rtcp: counters.rtcp.get(),
            jitter: Duration::from_micros(counters.jitter_us.get()),
            first: at(counters.first_us.get()),
            last: at(counters.last_us.get()),
            remote: self.remote.map(|remote| remote.rtp),
            private_address: self.remote.is_some_and(|remote| remote.private_address),
            codec: self.remote.map(|remote| remote.codec.clone()).unwrap_or_default(),
            verdict: self.verdict(counters),
        }
    }

    fn verdict(&self, counters: &DirectionCounters) -> Verdict {
        if counters.packets.get() > 0 {
            return Verdict::Flowing;
        }
        let Some(remote) = self.remote.filter(|_| self.agreed) else { return Verdict::NotAgreed };
        if counters.unauthentic.get() > 0 {
            return Verdict::Unauthentic { from: remote.rtp };
        }
        let from = counters.foreign_from();
        if remote.private_address && !media::sdp::is_private(self.local.ip()) {
            return Verdict::PrivateAddress { advertised: remote.rtp, from };
        }
        match from {
            Some(from) => Verdict::WrongSource { expected: remote.rtp, from },
            None => Verdict::NothingArrived { from: remote.rtp, at: self.local },
        }
    }
}
