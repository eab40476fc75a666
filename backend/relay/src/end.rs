//! One side of a session as its worker holds it: its far end, its keys, what is remembered of its stream, and whether its socket is connected.

use crate::{
    batch::{connect, disconnect},
    crypto::{Cover, Crypto},
    learn::Learner,
    ports::Pair,
    reporter::{Outgoing, Reporter},
    sample::Samples,
    session::Target,
};
use media::{
    quality::{Jitter, Sequence},
    rtp,
};
use std::net::SocketAddr;

/// Samples of a stream, one of fifty packets, after which its socket is connected: a second.
const CONNECT_FROM: u8 = 2;

/// By how much a packet that is due may be early or late, microseconds: two that come at once, where they are 5 ms apart or more, are never
/// both due.
const EVEN_US: u64 = 3_000;

/// One side: its ports here, its far end, and what is remembered of its stream.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) pair: u32,
    pub(crate) target: Option<Target>,
    /// Its keys, where its media is encrypted.
    pub(crate) crypto: Option<Crypto>,
    /// What is found out about its source, where that may be learned.
    pub(crate) learner: Option<Box<Learner>>,
    pub(crate) sequence: Sequence,
    pub(crate) jitter: Jitter,
    pub(crate) source: Option<u32>,
    pub(crate) samples: Samples,
    /// Samples that were taken since its far end was described.
    pub(crate) tried: u8,
    /// Where its socket for RTP is connected to, once its stream has gone on from one place for a while.
    pub(crate) connected: Option<SocketAddr>,
    /// Whether its last packet was audio that came when it was due: then most likely no other waits behind it.
    pub(crate) is_even: bool,
    /// Whether that was relied on, and its socket not emptied since.
    pub(crate) is_unsure: bool,
    /// The stream that goes to it.
    pub(crate) outgoing: Outgoing,
    /// Its reports, from when the session is live.
    pub(crate) reporter: Option<Box<Reporter>>,
}

impl End {
    pub(crate) fn new(pair: u32) -> Self {
        let (sequence, jitter) = (Sequence::default(), Jitter::default());
        let (samples, outgoing) = (Samples::default(), Outgoing::default());
        Self {
            pair,
            target: None,
            crypto: None,
            learner: None,
            sequence,
            jitter,
            source: None,
            samples,
            tried: 0,
            connected: None,
            is_even: false,
            is_unsure: false,
            outgoing,
            reporter: None,
        }
    }

    /// The packet as it goes to this side: encrypted where its media is. `None` where it may not go.
    pub(crate) fn seal<'p>(
        &mut self,
        packet: &'p [u8],
        is_rtcp: bool,
        cover: &'p mut Cover,
    ) -> Option<&'p [u8]> {
        match &mut self.crypto {
            None => Some(packet),
            Some(crypto) => crypto.seal(packet, is_rtcp, cover),
        }
    }

    /// Whether a good packet is of the side that is followed, by now.
    pub(crate) fn follows(
        &mut self,
        is_followed: bool,
        source: SocketAddr,
        header: &rtp::Header,
        now: u64,
    ) -> bool {
        let Some(learner) = &mut self.learner else { return is_followed };
        if is_followed {
            if learner.is_for(source) {
                learner.settle();
            }
            return true;
        }
        let follows = learner.follows(source, header, now);
        if let Some(target) = self.target.as_mut().filter(|_| follows) {
            // Reports are taken to be beside the audio, as they are where nothing else is said (RFC 3550 §11).
            let beside = SocketAddr::new(source.ip(), source.port().saturating_add(1));
            (target.rtp, target.rtcp) = (source, if target.rtcp_mux { source } else { beside });
        }
        follows
    }

    /// Connects its socket where its stream has gone on for a while: the system then looks the way up once, and drops what comes from
    /// elsewhere. Not while another source may still be learned, nor where the socket hears all addresses of this machine.
    pub(crate) fn settle(&mut self, pair: &Pair) {
        if self.tried < CONNECT_FROM || self.connected.is_some() {
            return;
        }
        self.tried = 0;
        let is_settled = self.learner.as_ref().is_none_or(|learner| learner.is_settled());
        let is_bound = pair.rtp.local_addr().is_ok_and(|local| !local.ip().is_unspecified());
        let place = self.target.as_ref().filter(|_| is_settled && is_bound).map(|target| target.rtp);
        self.connected = place.filter(|place| connect(&pair.rtp, *place));
    }

    /// Has its socket hear everybody again.
    pub(crate) fn unsettle(&mut self, pair: &Pair) {
        self.tried = 0;
        if self.connected.take().is_some() {
            disconnect(&pair.rtp);
        }
    }

    pub(crate) fn judge(&mut self, header: &rtp::Header, now: u64, clock_rate: u64) {
        if self.source.replace(header.ssrc) != Some(header.ssrc) || header.marker {
            self.jitter.interrupt();
        }
        self.sequence.push(header.ssrc, header.sequence);
        let shift = self.jitter.push((now * clock_rate / 1_000_000) as u32, header.timestamp);
        self.is_even = shift.is_some_and(|shift| u64::from(shift) * 1_000_000 < EVEN_US * clock_rate);
    }
}
