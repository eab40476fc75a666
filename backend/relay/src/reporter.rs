//! The reports of one side (RTCP, RFC 3550): ended here, both ways. What its far end says of the stream that it hears is counted, and it
//! is told what we hear of its own; nothing of either goes to the other side.

use crate::{counters::DirectionCounters, session::Target};
use media::{
    quality::{Jitter, Sequence},
    rtcp::{self, HeardSender, Members, Own, Packet, Reception, Report},
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What reports of a call may use: 5 % of G.711's 64 kbit/s, bytes a second.
const BANDWIDTH: f64 = 400.0;
/// A compound of ours with UDP and IP, bytes.
const AVERAGE: f64 = 120.0;
/// Bytes of the name that we give ourselves (RFC 7022: 96 random bits).
const CNAME: usize = 16;
/// From the beginning of NTP time to that of Unix time, seconds.
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// Which NTP time the relay's microsecond 0 is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ntp(u64);

impl Ntp {
    /// By the clock of this machine, where the relay is so old by now.
    pub(crate) fn from_age(age: Duration) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = now.saturating_sub(age).as_micros() as u64;
        Self(rtcp::ntp_after(NTP_TO_UNIX << 32, micros))
    }

    const fn at(self, now: u64) -> u64 {
        rtcp::ntp_after(self.0, now)
    }
}

/// The stream that goes to a side, as its sender reports need it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outgoing {
    ssrc: u32,
    timestamp: u32,
    packets: u32,
    bytes: u32,
    at_us: u64,
}

impl Outgoing {
    /// Takes a packet that goes there, before it is encrypted.
    pub(crate) fn note(&mut self, packet: &[u8], now: u64) {
        let Some(&[_, _, _, _, t0, t1, t2, t3, s0, s1, s2, s3]) = packet.first_chunk() else { return };
        let ssrc = u32::from_be_bytes([s0, s1, s2, s3]);
        if ssrc != self.ssrc {
            *self = Self { ssrc, ..Self::default() };
        }
        self.timestamp = u32::from_be_bytes([t0, t1, t2, t3]);
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add((packet.len() - media::rtp::HEADER_BYTES) as u32);
        self.at_us = now;
    }

    fn sent(&self, ntp: u64, now: u64, clock_rate: u32) -> rtcp::Sent {
        let passed = now.saturating_sub(self.at_us) * u64::from(clock_rate) / 1_000_000;
        let timestamp = self.timestamp.wrapping_add(passed as u32);
        rtcp::Sent { ntp, timestamp, packets: self.packets, bytes: self.bytes }
    }
}

/// What a report is about: both streams of a side, and where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) target: &'a Target,
    pub(crate) outgoing: &'a Outgoing,
    pub(crate) sequence: &'a Sequence,
    pub(crate) jitter: &'a Jitter,
}

/// The reports of one side.
#[derive(Debug)]
pub(crate) struct Reporter {
    /// Our source, while no stream goes there.
    own: u32,
    cname: [u8; CNAME],
    due_us: u64,
    reception: Reception,
    heard: Option<HeardSender>,
    /// What had been sent when the last two reports went: who sent nothing since then is no sender (RFC 3550 §6.4).
    sent_before: [u32; 2],
}

impl Reporter {
    pub(crate) fn new(now: u64) -> Self {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let drawn: [u8; CNAME] = rand::random();
        let mut reporter = Self {
            own: rand::random(),
            cname: drawn.map(|byte| LETTERS[usize::from(byte & 63)]),
            due_us: now,
            reception: Reception::default(),
            heard: None,
            sent_before: [0; 2],
        };
        reporter.plan(now, true, true);
        reporter
    }

    pub(crate) const fn due_us(&self) -> u64 {
        self.due_us
    }

    fn plan(&mut self, now: u64, we_send: bool, is_first: bool) {
        let members = Members { all: 2, senders: 1 + u32::from(we_send), we_send };
        let wait = rtcp::interval(members, BANDWIDTH, AVERAGE, is_first, rand::random());
        self.due_us = now + wait.as_micros() as u64;
    }

    /// Writes the report that is due, and plans the next.
    pub(crate) fn report(&mut self, about: About<'_>, ntp: Ntp, now: u64, leaves: bool, out: &mut Vec<u8>) {
        let About { target, outgoing, sequence, jitter } = about;
        let [before, last] = self.sent_before;
        let we_send = outgoing.packets != before && outgoing.packets > 0;
        self.sent_before = [last, outgoing.packets];
        let heard =
            sequence.stream().map(|stream| self.reception.report(&stream, jitter.value(), self.heard, now));
        let own = Own {
            ssrc: if outgoing.packets == 0 { self.own } else { outgoing.ssrc },
            cname: &self.cname,
            sent: we_send.then(|| outgoing.sent(ntp.at(now), now, target.clock_rate())),
            heard,
            leaves,
        };
        out.clear();
        own.write(out);
        self.plan(now, we_send, false);
    }

    /// Takes what the far end reports; whether it could be read.
    pub(crate) fn take(
        &mut self,
        packet: &[u8],
        about: About<'_>,
        ntp: Ntp,
        now: u64,
        counters: &DirectionCounters,
    ) -> bool {
        let Ok(packets) = rtcp::parse(packet) else { return false };
        let About { target, outgoing, .. } = about;
        for packet in packets {
            match packet {
                Packet::Sender { ntp: said, reports, .. } => {
                    self.heard = Some(HeardSender { ntp: said, at_us: now });
                    reports.for_each(|report| count(&report, outgoing, target, ntp.at(now), counters));
                }
                Packet::Receiver { reports, .. } => {
                    reports.for_each(|report| count(&report, outgoing, target, ntp.at(now), counters));
                }
                Packet::Extended { voip: Some(voip), .. } if voip.ssrc == outgoing.ssrc => {
                    let score = voip.mos_listening.or(voip.mos_conversation);
                    counters.said_mos.set(score.map_or(0, u64::from));
                }
                Packet::Bye { .. } => self.heard = None,
                Packet::Extended { .. } | Packet::Description { .. } | Packet::Other { .. } => {}
            }
        }
        true
    }
}

/// Counts what the far end heard of the stream that we send it.
fn count(report: &Report, outgoing: &Outgoing, target: &Target, ntp: u64, counters: &DirectionCounters) {
    if report.ssrc != outgoing.ssrc || outgoing.packets == 0 {
        return;
    }
    counters.said_lost.set(u64::try_from(report.lost).unwrap_or(0));
    counters.said_of.set(u64::from(outgoing.packets));
    counters.said_jitter_us.set(u64::from(report.jitter) * 1_000_000 / u64::from(target.clock_rate()));
    if let Some(trip) = rtcp::round_trip(ntp, report) {
        let micros = trip.as_micros() as u64;
        counters.trips.add(1);
        counters.trips_us.add(micros);
        counters.trip_most_us.set(counters.trip_most_us.get().max(micros));
    }
}

/// When which session has a report to send: looked through when the first is due, so that a packet costs one comparison.
#[derive(Debug)]
pub(crate) struct Agenda {
    due: Vec<u64>,
    next_us: u64,
}

/// How exactly reports are in time, microseconds.
const EXACT_US: u64 = 10_000;

impl Agenda {
    pub(crate) fn new(slots: usize) -> Self {
        Self { due: vec![u64::MAX; slots], next_us: u64::MAX }
    }

    pub(crate) fn set(&mut self, slot: u32, due_us: u64) {
        self.due[slot as usize] = due_us;
        self.next_us = self.next_us.min(due_us);
    }

    pub(crate) fn clear(&mut self, slot: u32) {
        self.due[slot as usize] = u64::MAX;
    }

    pub(crate) const fn is_due(&self, now: u64) -> bool {
        now >= self.next_us
    }

    /// How long until the first is due; `None` for never.
    pub(crate) fn wait(&self, now: u64) -> Option<Duration> {
        (self.next_us != u64::MAX).then(|| Duration::from_micros(self.next_us.saturating_sub(now)))
    }

    /// Carries out what is due; `act` gives when it is due again.
    pub(crate) fn run(&mut self, now: u64, mut act: impl FnMut(usize) -> Option<u64>) {
        let mut next = u64::MAX;
        for (slot, due) in self.due.iter_mut().enumerate() {
            if *due <= now {
                *due = act(slot).unwrap_or(u64::MAX);
            }
            next = next.min(*due);
        }
        self.next_us = if next == u64::MAX { next } else { next.max(now + EXACT_US) };
    }
}
