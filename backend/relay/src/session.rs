//! A session as its worker holds it: two sides, and what is done with a packet.

use crate::{
    Direction, Endpoint, Rules, Side,
    batch::{send, send_connected},
    counters::DirectionCounters,
    crypto::Room,
    digits::{Digits, Fate},
    end::End,
    learn::Learner,
    play::Extras,
    ports::Pair,
    reporter::{About, Reporter},
    transcode::{Beside, Exchange},
    watch::{Loss, Watch},
};
use media::{rtp, sdp::Payloads, transcode::Outcome};
use std::net::SocketAddr;

/// The far end of a side, as the packet path needs it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) rtp: SocketAddr,
    pub(crate) rtcp: SocketAddr,
    direction: Direction,
    clock_rate: u32,
    pub(crate) rtcp_mux: bool,
    wants_reports: bool,
    payloads: Payloads,
    /// Whether its packets are no RTP, and passed on unread.
    is_opaque: bool,
}

impl Target {
    pub(crate) const fn clock_rate(&self) -> u32 {
        self.clock_rate
    }
}

impl From<&Endpoint> for Target {
    fn from(remote: &Endpoint) -> Self {
        Self {
            rtp: remote.rtp,
            rtcp: remote.rtcp,
            direction: remote.direction,
            clock_rate: remote.clock_rate.max(1),
            rtcp_mux: remote.rtcp_mux,
            wants_reports: remote.wants_reports && !remote.is_fax(),
            payloads: remote.payloads,
            is_opaque: remote.is_fax(),
        }
    }
}

impl Target {
    /// Whether it may be sent to.
    fn hears(&self) -> bool {
        self.direction.receives() && !self.rtp.ip().is_unspecified()
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
    /// Its transcoding, where the sides speak different codecs.
    pub(crate) exchange: Option<Box<Exchange>>,
    /// What is played to its sides, and who listens; `None` while it is passed on and nothing else.
    pub(crate) extras: Option<Box<Extras>>,
    /// What holds for its media, and whether it still comes.
    pub(crate) watch: Option<Box<Watch>>,
    /// When a packet of either side was last taken, microseconds of the relay; 0 for never.
    pub(crate) heard_us: u64,
}

impl Session {
    /// Sets a side's far end. What was learned of it stays, unless the description names another address.
    pub(crate) fn retarget(&mut self, side: Side, target: Option<Target>, pairs: &[Pair], now: u64) {
        let may_learn = self.watch.as_ref().is_some_and(|watch| watch.rules.learns(side));
        let end = &mut self.ends[side.index()];
        if end.connected.is_some_and(|place| target.as_ref().is_none_or(|target| target.rtp != place)) {
            end.unsettle(&pairs[end.pair as usize]);
        }
        let before = std::mem::replace(&mut end.target, target);
        let Some(target) = &mut end.target else { return end.learner = None };
        match (&end.learner, before) {
            (Some(learner), Some(before)) if learner.is_for(target.rtp) => {
                (target.rtp, target.rtcp) = (before.rtp, before.rtcp);
            }
            _ => end.learner = may_learn.then(|| Box::new(Learner::new(target.rtp, now))),
        }
    }

    /// Takes the rules of its media.
    pub(crate) fn govern(&mut self, rules: Rules, now: u64) {
        let joined = self.watch.as_ref().and_then(|watch| watch.joined_us());
        for side in [Side::A, Side::B] {
            let end = &mut self.ends[side.index()];
            match &end.target {
                Some(target) if rules.learns(side) && end.learner.is_none() => {
                    end.learner = Some(Box::new(Learner::new(target.rtp, now)));
                }
                Some(_) | None => {}
            }
        }
        self.watch = Some(Box::new(Watch::new(rules, joined, now)));
    }

    /// Whether its media has been away for too long; said once.
    pub(crate) fn lost(&mut self, now: u64) -> Option<Loss> {
        let watch = self.watch.as_mut()?;
        let is_held = self.ends.iter().any(|end| {
            end.target.as_ref().is_none_or(|target| {
                target.direction != Direction::SendRecv || target.rtp.ip().is_unspecified()
            })
        });
        watch.look(self.heard_us, is_held, now)
    }

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
        room: &mut Room,
    ) {
        let Room { events, spoken, opened, sealed, .. } = room;
        let (ours, theirs) = split(&mut self.ends, from);
        let Some(target) = &ours.target else { return counters.held.add(1) };
        if target.is_opaque {
            return self.pass_opaque(from, packet, source, out, counters, now);
        }
        if rtp::is_rtcp(packet) && target.rtcp_mux {
            return self.take_rtcp(from, packet, source, counters, now, room);
        }
        let is_followed = source == target.rtp;
        if !is_followed && !ours.learner.as_mut().is_some_and(|learner| learner.looks(source, now)) {
            return counters.count_foreign(source);
        }
        let opened = match &mut ours.crypto {
            None => Some(packet),
            Some(crypto) => crypto.open(packet, false, opened, counters),
        };
        let Some(packet) = opened else { return };
        let length = packet.len();
        let Ok(parsed) = rtp::Packet::parse(packet) else { return counters.malformed.add(1) };
        if rtp::is_rtcp(packet) {
            return counters.malformed.add(1);
        }
        // Nothing is learned of a packet before all its checks.
        if !ours.follows(is_followed, source, &parsed.header, now) {
            return counters.count_foreign(source);
        }
        self.heard_us = now.max(1);
        let Some(target) = &ours.target else { return };
        let towards = theirs.target.as_ref().filter(|towards| passes(target, towards));
        let (clock_rate, payloads) = (u64::from(target.clock_rate), target.payloads);
        // What comes while held is judged too: else its numbers would be missing afterwards.
        ours.judge(&parsed.header, now, clock_rate);
        let jitter_us = u64::from(ours.jitter.value()) * 1_000_000 / clock_rate;
        counters.lost.set(ours.sequence.lost());
        counters.jitter_us.set(jitter_us);
        if !payloads.contains(parsed.header.payload_type) {
            counters.wrong.add(1);
            counters.wrong_last.set(u64::from(parsed.header.payload_type));
        }
        if ours.samples.take(&parsed, jitter_us, counters) {
            ours.tried = ours.tried.saturating_add(1);
        }
        match towards {
            None => return counters.held.add(1),
            Some(towards) if self.exchange.is_some() => {
                let towards = towards.rtp;
                let mut is_sent = true;
                let Some(exchange) = &mut self.exchange else { return };
                let (digits, extras) = (self.digits.as_deref_mut(), self.extras.as_deref_mut());
                let beside = Beside { digits, extras, events, spoken };
                let outcome = exchange.pass(from, packet, &parsed, now, beside, &mut |packet| {
                    theirs.outgoing.note(packet, now);
                    let sealed = theirs.seal(packet, false, sealed);
                    is_sent &= sealed.is_some_and(|packet| send(&out.rtp, packet, towards));
                });
                if !is_sent {
                    return counters.unsent.add(1);
                }
                if !matches!(outcome, Outcome::Taken | Outcome::Late) {
                    return counters.malformed.add(1);
                }
            }
            Some(towards) => {
                let fate = match &mut self.digits {
                    None => Fate::Same,
                    Some(digits) => digits.pass(from, packet, &parsed, now, events),
                };
                let going = match fate {
                    Fate::Same => Some(packet),
                    Fate::Other(other) => Some(other),
                    Fate::Taken => None,
                };
                let going = match &mut self.extras {
                    None => going,
                    Some(extras) => extras.pass(from, &parsed, going, now, spoken),
                };
                let towards = towards.rtp;
                let is_sent = going.is_none_or(|packet| {
                    theirs.outgoing.note(packet, now);
                    let sealed = theirs.seal(packet, false, sealed);
                    sealed.is_some_and(|packet| match theirs.connected {
                        Some(at) if at == towards => send_connected(&out.rtp, packet),
                        _ => send(&out.rtp, packet, towards),
                    })
                });
                if !is_sent {
                    return counters.unsent.add(1);
                }
            }
        }
        counters.packets.add(1);
        counters.bytes.add(length as u64);
        if counters.first_us.get() == 0 {
            counters.first_us.set(now + 1);
        }
        counters.last_us.set(now + 1);
    }

    /// Passes one packet of a side on that is no RTP (fax over UDPTL), unread: from where its description says and nowhere else.
    fn pass_opaque(
        &mut self,
        from: Side,
        packet: &[u8],
        source: SocketAddr,
        out: &Pair,
        counters: &DirectionCounters,
        now: u64,
    ) {
        let (ours, theirs) = split(&mut self.ends, from);
        let Some(target) = &ours.target else { return counters.held.add(1) };
        if source != target.rtp {
            return counters.count_foreign(source);
        }
        self.heard_us = now.max(1);
        let towards = theirs.target.as_ref().filter(|towards| towards.is_opaque && passes(target, towards));
        let Some(towards) = towards else { return counters.held.add(1) };
        if !send(&out.rtp, packet, towards.rtp) {
            return counters.unsent.add(1);
        }
        counters.packets.add(1);
        counters.bytes.add(packet.len() as u64);
        if counters.first_us.get() == 0 {
            counters.first_us.set(now + 1);
        }
        counters.last_us.set(now + 1);
    }

    /// Sends the next packet of a key that is pressed, where no audio flows in whose place it could go.
    pub(crate) fn tick(&mut self, pairs: &[Pair], now: u64, room: &mut Room) {
        let Some(digits) = &mut self.digits else { return };
        let Room { events, sealed, .. } = room;
        let end = &mut self.ends[digits.towards().index()];
        let Some(towards) = end.target.as_ref().filter(|towards| towards.direction.receives()) else {
            return;
        };
        let (socket, towards) = (&pairs[end.pair as usize].rtp, towards.rtp);
        let packet = digits.tick(now, events).and_then(|packet| {
            end.outgoing.note(packet, now);
            end.seal(packet, false, sealed)
        });
        let _ = packet.is_some_and(|packet| send(socket, packet, towards));
    }

    /// Sends what is due of what is played to its sides; when the next is.
    pub(crate) fn play_on(&mut self, pairs: &[Pair], now: u64, room: &mut Room) -> Option<u64> {
        let extras = self.extras.as_mut()?;
        let Room { spoken, sealed, .. } = room;
        for side in [Side::A, Side::B] {
            let end = &mut self.ends[side.index()];
            let Some(packet) = extras.speakers[side.index()].tick(now, rand::random, spoken) else {
                continue;
            };
            let Some(towards) = end.target.as_ref().filter(|towards| towards.hears()) else { continue };
            let (socket, towards) = (&pairs[end.pair as usize].rtp, towards.rtp);
            end.outgoing.note(packet, now);
            let _ = end.seal(packet, false, sealed).is_some_and(|packet| send(socket, packet, towards));
        }
        extras.due_us()
    }

    /// Takes one RTCP packet of a side, hold or not: it ends here.
    pub(crate) fn take_rtcp(
        &mut self,
        from: Side,
        packet: &[u8],
        source: SocketAddr,
        counters: &DirectionCounters,
        now: u64,
        room: &mut Room,
    ) {
        let Room { opened, ntp, .. } = room;
        let end = &mut self.ends[from.index()];
        let Some(target) = &end.target else { return counters.held.add(1) };
        if source != target.rtcp {
            return counters.count_foreign(source);
        }
        let opened = match &mut end.crypto {
            None => Some(packet),
            Some(crypto) => crypto.open(packet, true, opened, counters),
        };
        let Some(packet) = opened else { return };
        let End { outgoing, sequence, jitter, reporter, .. } = end;
        let about = About { target, outgoing, sequence, jitter };
        let is_read =
            reporter.as_mut().is_some_and(|reporter| reporter.take(packet, about, *ntp, now, counters));
        if !is_read {
            return counters.malformed.add(1);
        }
        self.heard_us = now.max(1);
        counters.rtcp.add(1);
    }

    /// Begins to report to both sides; when the first report is due.
    pub(crate) fn begin_reports(&mut self, now: u64) -> Option<u64> {
        for end in &mut self.ends {
            end.reporter.get_or_insert_with(|| Box::new(Reporter::new(now)));
        }
        self.next_report()
    }

    fn next_report(&self) -> Option<u64> {
        self.ends.iter().filter_map(|end| end.reporter.as_ref()).map(|reporter| reporter.due_us()).min()
    }

    /// Sends the reports that are due, or, where the session ends, the last ones; when the next one is due.
    pub(crate) fn report(
        &mut self,
        pairs: &[Pair],
        counters: &[DirectionCounters; 2],
        now: u64,
        room: &mut Room,
        leaves: bool,
    ) -> Option<u64> {
        for (end, counters) in self.ends.iter_mut().zip(counters) {
            let due = |reporter: &&mut Box<Reporter>| leaves || reporter.due_us() <= now;
            let Some(reporter) = end.reporter.as_mut().filter(due) else { continue };
            let Some(target) = &end.target else { continue };
            let about =
                About { target, outgoing: &end.outgoing, sequence: &end.sequence, jitter: &end.jitter };
            reporter.report(about, room.ntp, now, leaves, &mut room.reports);
            if !target.wants_reports || target.rtp.ip().is_unspecified() {
                continue;
            }
            let pair = &pairs[end.pair as usize];
            let (socket, towards) = (if target.rtcp_mux { &pair.rtp } else { &pair.rtcp }, target.rtcp);
            let packet = end.seal(&room.reports, true, &mut room.sealed);
            if packet.is_some_and(|packet| send(socket, packet, towards)) {
                counters.told.add(1);
            }
        }
        self.next_report()
    }
}

fn split(ends: &mut [End; 2], from: Side) -> (&mut End, &mut End) {
    let [a, b] = ends;
    match from {
        Side::A => (a, b),
        Side::B => (b, a),
    }
}

fn passes(from: &Target, to: &Target) -> bool {
    from.direction.sends() && to.hears()
}
