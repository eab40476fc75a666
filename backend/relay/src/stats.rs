//! The figures of a session as they are read.

use crate::{Endpoint, Verdict, counters::DirectionCounters, sample::EVERY};
use media::emodel::{self, Way};
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
    /// Packets with a payload type that was not agreed on; relayed all the same.
    pub wrong_codec: u64,
    /// Reports (RTCP) that this side sent; they end here.
    pub rtcp: u64,
    /// Reports that it was sent.
    pub reports_sent: u64,
    /// Interarrival jitter (RFC 3550 A.8), as coarse as the relay's tick.
    pub jitter: Duration,
    /// Its mean, its most, and what 95 of 100 samples do not pass; one of fifty packets is a sample.
    pub jitter_mean: Duration,
    /// See there.
    pub jitter_max: Duration,
    /// See there.
    pub jitter_p95: Duration,
    /// From here to this side and back: the mean, where its reports tell.
    pub round_trip: Option<Duration>,
    /// The longest.
    pub round_trip_max: Option<Duration>,
    /// What it says of what it hears, where it says so.
    pub heard: Option<Reported>,
    /// The opinion score of what it sent, as it arrived here and by the codec in which it did, in hundredths from 100 to 450: on one
    /// scale for all codecs ([`media::emodel`]), of which narrowband ones reach 441. `None` before half a second of packets, and
    /// for codecs without values.
    pub mos: Option<u16>,
    /// When the first packet was relayed.
    pub first: Option<Instant>,
    /// When the last packet was relayed.
    pub last: Option<Instant>,
    /// Where this side says it is.
    pub remote: Option<SocketAddr>,
    /// Whether that address can't be reached from the internet.
    pub private_address: bool,
    /// The codec of this side's audio: of those agreed on the one that arrives, the first of its description before one has; empty before
    /// there is a description.
    pub codec: String,
    /// What became of its audio.
    pub verdict: Verdict,
}

/// What a side says of the stream that it hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Packets that it misses.
    pub lost: u64,
    /// Of so many.
    pub of: u64,
    /// Interarrival jitter there.
    pub jitter: Duration,
    /// The opinion score that follows from it, in hundredths.
    pub mos: Option<u16>,
    /// The score that it gives itself (RFC 3611), in hundredths.
    pub said_mos: Option<u16>,
}

/// Packets before a score means anything: half a second.
const RATED_FROM: u64 = 25;
/// Samples without any sound that make a silence: five seconds.
const SILENT_FROM: u64 = 5;
/// Samples of a wrong length that make a wrong codec.
const MISFITS_FROM: u64 = 3;

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
        let micros = Duration::from_micros;
        let trips = counters.trips.get();
        let round_trip = counters.trips_us.get().checked_div(trips).map(micros);
        let jitter_mean = micros(counters.jitters_us.get() / counters.jitters.get().max(1));
        DirectionStats {
            wrong_codec: counters.wrong.get(),
            reports_sent: counters.told.get(),
            jitter_mean,
            jitter_max: micros(counters.jitter_most_us.get().max(counters.jitter_us.get())),
            jitter_p95: micros(counters.jitter_95_us.get()),
            round_trip,
            round_trip_max: (trips > 0).then(|| micros(counters.trip_most_us.get())),
            heard: self.heard(counters, round_trip),
            mos: self.mos(
                self.carried(counters),
                (counters.lost.get(), counters.lost.get() + counters.packets.get() + counters.held.get()),
                jitter_mean,
                round_trip,
            ),
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
            codec: self.carried(counters).to_owned(),
            verdict: self.verdict(counters),
        }
    }

    /// The codec of what this side sends. It may be any that was agreed on, and change at any time: the one that RFC 3551 gives the
    /// payload type that arrived last, else the first of its description.
    fn carried(&self, counters: &DirectionCounters) -> &str {
        let Some(remote) = self.remote else { return "" };
        let arrived = counters.carried.get().checked_sub(1).map(|payload| payload as u8);
        let other = arrived.filter(|payload| {
            remote.payload.is_some_and(|first| first != *payload) && remote.payloads.contains(*payload)
        });
        other.and_then(media::codec::by_fixed_payload).map_or(&remote.codec, |codec| codec.name)
    }

    /// The score of a stream of this codec that lost so many of so many.
    fn mos(
        &self,
        codec: &str,
        (lost, of): (u64, u64),
        jitter: Duration,
        round_trip: Option<Duration>,
    ) -> Option<u16> {
        let codec = emodel::impairment(codec)?;
        let loss = lost as f64 / of.max(1) as f64;
        let way = Way { loss, round_trip: round_trip.unwrap_or_default(), jitter };
        (of >= RATED_FROM).then(|| emodel::rate(codec, &way).mos_hundredths())
    }

    fn heard(&self, counters: &DirectionCounters, round_trip: Option<Duration>) -> Option<Reported> {
        let of = counters.said_of.get();
        let (lost, jitter) = (counters.said_lost.get(), Duration::from_micros(counters.said_jitter_us.get()));
        let said = counters.said_mos.get();
        let said_mos = u16::try_from(said * 10).ok().filter(|said| *said > 0);
        (of > 0).then(|| Reported {
            lost,
            of,
            jitter,
            // It is spoken to in the codec of its own.
            mos: self.remote.and_then(|remote| self.mos(&remote.codec, (lost, of), jitter, round_trip)),
            said_mos,
        })
    }

    /// What is wrong with what is in the packets, where something is.
    fn content(&self, counters: &DirectionCounters) -> Option<Verdict> {
        let wrong = counters.wrong.get();
        if wrong > 0 && wrong >= counters.packets.get() / 2 {
            let (payload, agreed) = (counters.wrong_last.get() as u8, self.remote?.codec.clone());
            return Some(Verdict::WrongCodec { payload, agreed });
        }
        let (quiet, sounding) = (counters.quiet.get(), counters.sounding.get());
        let misfits = counters.misfits.get();
        if misfits >= MISFITS_FROM && misfits > quiet + sounding {
            let last = counters.misfit_last.get();
            return Some(Verdict::WrongLength { payload: last as u8, bytes: (last >> 8) as usize });
        }
        let seconds = counters.last_us.get().saturating_sub(counters.first_us.get()) / 1_000_000;
        let is_silent = quiet >= SILENT_FROM && sounding == 0 && counters.packets.get() >= u64::from(EVERY);
        is_silent.then_some(Verdict::Silence { seconds })
    }

    fn verdict(&self, counters: &DirectionCounters) -> Verdict {
        if let Some(verdict) = self.content(counters) {
            return verdict;
        }
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
