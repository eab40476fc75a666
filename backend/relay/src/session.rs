//! A session as its worker holds it: two sides, and what is done with a packet.

use crate::{
    Direction, Endpoint, Side,
    counters::DirectionCounters,
    digits::{Digits, Fate},
    ports::Pair,
};
use media::{
    quality::{Jitter, Sequence},
    rtcp, rtp,
};
use std::net::{SocketAddr, UdpSocket};

/// The far end of a side, as the packet path needs it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    rtp: SocketAddr,
    rtcp: SocketAddr,
    direction: Direction,
    clock_rate: u32,
}

impl From<&Endpoint> for Target {
    fn from(remote: &Endpoint) -> Self {
        Self {
            rtp: remote.rtp,
            rtcp: remote.rtcp,
            direction: remote.direction,
            clock_rate: remote.clock_rate.max(1),
        }
    }
}

/// One side: its ports here, its far end, and what is remembered of its stream.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) pair: u32,
    pub(crate) target: Option<Target>,
    sequence: Sequence,
    jitter: Jitter,
    source: Option<u32>,
}

impl End {
    pub(crate) fn new(pair: u32) -> Self {
        Self { pair, target: None, sequence: Sequence::default(), jitter: Jitter::default(), source: None }
    }
}

/// A session on its worker.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) generation: u32,
    pub(crate) ends: [End; 2],
    /// Whether its sockets are read.
    pub(crate) live: bool,
    /// The conversion of its digits, where there is one.
    pub(crate) digits: Option<Box<Digits>>,
}

impl Session {
    /// Passes one RTP packet of a side on, or counts why not. `out` is the other side's pair, `now` microseconds of the relay.
    #[expect(
        clippy::too_many_arguments,
        reason = "the packet path: what it needs, and nothing packed for it"
    )]
    pub(crate) fn pass_rtp(
        &mut self,
        from: Side,
        packet: &[u8],
        source: SocketAddr,
        out: &Pair,
        counters: &DirectionCounters,
        now: u64,
        room: &mut Vec<u8>,
    ) {
        let (ours, theirs) = split(&mut self.ends, from);
        let Some(target) = &ours.target else { return counters.held.add(1) };
        if source != target.rtp {
            return counters.count_foreign(source);
        }
        let Ok(parsed) = rtp::Packet::parse(packet) else { return counters.malformed.add(1) };
        if rtp::is_rtcp(packet) {
            return counters.malformed.add(1);
        }
        let towards = theirs.target.as_ref().filter(|towards| passes(target, towards));
        let clock_rate = u64::from(target.clock_rate);
        // What comes while held is judged too: else its numbers would be missing afterwards.
        ours.judge(&parsed.header, now, clock_rate);
        counters.lost.set(ours.sequence.lost());
        counters.jitter_us.set(u64::from(ours.jitter.value()) * 1_000_000 / clock_rate);
        match towards {
            None => return counters.held.add(1),
            Some(towards) => {
                let fate = match &mut self.digits {
                    None => Fate::Same,
                    Some(digits) => digits.pass(from, packet, &parsed, now, room),
                };
                let is_sent = match fate {
                    Fate::Same => send(&out.rtp, packet, towards.rtp),
                    Fate::Other(other) => send(&out.rtp, other, towards.rtp),
                    Fate::Taken => true,
                };
                if !is_sent {
                    return counters.unsent.add(1);
                }
            }
        }
        counters.packets.add(1);
        counters.bytes.add(packet.len() as u64);
        if counters.first_us.get() == 0 {
            counters.first_us.set(now + 1);
        }
        counters.last_us.set(now + 1);
    }

    /// Sends the next packet of a key that is pressed, where no audio flows in whose place it could go.
    pub(crate) fn tick(&mut self, pairs: &[Pair], now: u64, room: &mut Vec<u8>) {
        let Some(digits) = &mut self.digits else { return };
        let end = &self.ends[digits.towards().index()];
        let Some(towards) = end.target.as_ref().filter(|towards| towards.direction.receives()) else {
            return;
        };
        if let Some(packet) = digits.tick(now, room) {
            let _ = send(&pairs[end.pair as usize].rtp, packet, towards.rtp);
        }
    }

    /// Passes one RTCP packet on. It flows while the session is live, hold or not: reports keep the far ends awake.
    pub(crate) fn pass_rtcp(
        &mut self,
        from: Side,
        packet: &[u8],
        source: SocketAddr,
        out: &Pair,
        counters: &DirectionCounters,
    ) {
        let (ours, theirs) = split(&mut self.ends, from);
        let Some(target) = &ours.target else { return counters.held.add(1) };
        if source != target.rtcp {
            return counters.count_foreign(source);
        }
        if !rtcp::looks_valid(packet) {
            return counters.malformed.add(1);
        }
        match &theirs.target {
            Some(towards) if towards.rtp.ip().is_unspecified() => counters.held.add(1),
            Some(towards) if send(&out.rtcp, packet, towards.rtcp) => counters.rtcp.add(1),
            Some(_) => counters.unsent.add(1),
            None => counters.held.add(1),
        }
    }
}

impl End {
    fn judge(&mut self, header: &rtp::Header, now: u64, clock_rate: u64) {
        if self.source.replace(header.ssrc) != Some(header.ssrc) || header.marker {
            self.jitter.interrupt();
        }
        self.sequence.push(header.ssrc, header.sequence);
        self.jitter.push((now * clock_rate / 1_000_000) as u32, header.timestamp);
    }
}

fn split(ends: &mut [End; 2], from: Side) -> (&mut End, &End) {
    let [a, b] = ends;
    match from {
        Side::A => (a, b),
        Side::B => (b, a),
    }
}

fn passes(from: &Target, to: &Target) -> bool {
    from.direction.sends() && to.direction.receives() && !to.rtp.ip().is_unspecified()
}

fn send(socket: &UdpSocket, packet: &[u8], to: SocketAddr) -> bool {
    socket.send_to(packet, to).is_ok_and(|sent| sent == packet.len())
}
