//! How packets are taken from the sockets that hold some, and handed to their sessions.

use super::{PACKET_MAX, Worker};
use crate::{
    Side,
    batch::{BURST, fetch},
    crypto::Crypto,
};

/// The token of the wake-up, beside those of sockets.
pub(super) const WAKE: u64 = u64::MAX;
/// Receives on one socket before the others have their turn: a flood on one can't keep a worker from them and from its commands.
const ROUNDS_MAX: usize = 16;
/// In how many ticks each socket of which one packet was taken is emptied: about a tenth of a second.
const SURE_WITHIN: usize = 100;
/// The least of them in a tick.
const SURE_LEAST: usize = 8;

/// What the socket of a side is reported by.
pub(super) const fn token(slot: u32, side: Side, is_rtcp: bool) -> u64 {
    (slot as u64) << 2 | (side.index() as u64) << 1 | is_rtcp as u64
}

const fn read_token(token: u64) -> (usize, Side, bool) {
    let side = if token & 2 == 0 { Side::A } else { Side::B };
    ((token >> 2) as usize, side, token & 1 == 1)
}

impl Worker {
    /// Moves the packets of the sockets that the last wait reported; how many there were.
    pub(super) fn move_ready(&mut self, count: usize, micros: u64) -> u32 {
        let (is_busy, mut moved) = (self.pace.is_busy(), 0);
        for index in 0..count {
            self.foresee(index);
            match self.ready.token(index) {
                Some(WAKE) => self.bell.wake.quieten(),
                Some(token) => moved += self.empty(token, micros, is_busy),
                None => break,
            }
        }
        moved
    }

    /// Has what is known of the sessions of the events after this one fetched, while its packet is moved: of the next its keys, of the one
    /// after it the session.
    fn foresee(&self, index: usize) {
        let session = |index| {
            let (slot, side, _) = read_token(self.ready.token(index).unwrap_or(WAKE));
            Some((self.sessions.get(slot)?, side, slot))
        };
        if let Some((Some(session), side, _)) = session(index + 1) {
            session.ends[side.index()].crypto.iter().for_each(Crypto::fetch_receiver);
            session.ends[side.other().index()].crypto.iter().for_each(Crypto::fetch_sender);
        }
        if let Some((session, side, slot)) = session(index + 2) {
            fetch(session);
            fetch(&self.counters[slot].from[side.index()].packets);
        }
    }

    /// Goes on with the sockets that were not emptied before.
    pub(super) fn move_rest(&mut self, micros: u64) -> u32 {
        if self.rest.is_empty() {
            return 0;
        }
        let rest = std::mem::take(&mut self.rest);
        rest.into_iter().map(|token| self.empty(token, micros, false)).sum()
    }

    /// Empties some of the sockets of which one packet was taken; all of them where packets are not let gather any more, since nothing may
    /// wake the worker for a long time then.
    pub(super) fn make_sure(&mut self, micros: u64) {
        let count = match self.unsure.len() {
            0 => return,
            all if !self.pace.is_busy() => all,
            all => (all / SURE_WITHIN).max(SURE_LEAST).min(all),
        };
        for _ in 0..count {
            let Some(token) = self.unsure.pop_front() else { break };
            let (slot, side, _) = read_token(token);
            let Some(session) = self.sessions.get_mut(slot).and_then(Option::as_mut) else { continue };
            if session.live && std::mem::take(&mut session.ends[side.index()].is_unsure) {
                self.empty(token, micros, false);
            }
        }
    }

    /// Takes all packets from the socket of this token, or as many as it may at a time; how many there were.
    ///
    /// An even stream holds one packet. So where many streams flow, one is taken; whether another waits is asked at once only where the
    /// first was not due, and of each stream ten times a second.
    fn empty(&mut self, token: u64, micros: u64, is_busy: bool) -> u32 {
        let (slot, side, is_rtcp) = read_token(token);
        let Self { sessions, pairs, counters, inbox, room, rest, unsure, .. } = self;
        let Some(session) = sessions.get_mut(slot).and_then(Option::as_mut) else { return 0 };
        let [pair, out] = [side, side.other()].map(|side| &pairs[session.ends[side.index()].pair as usize]);
        let counters = &counters[slot].from[side.index()];
        let socket = if is_rtcp { &pair.rtcp } else { &pair.rtp };
        let mut moved = 0;
        for round in 0..ROUNDS_MAX {
            let (taken, most) =
                if round < 2 { (inbox.take_one(socket), 1) } else { (inbox.take(socket), BURST) };
            for index in 0..taken {
                let (packet, source) = inbox.packet(index);
                if packet.len() == PACKET_MAX {
                    counters.malformed.add(1);
                } else if is_rtcp {
                    session.take_rtcp(side, packet, source, counters, micros, room);
                } else {
                    session.pass_rtp(side, packet, source, out, counters, micros, room);
                }
            }
            moved += taken as u32;
            let end = &mut session.ends[side.index()];
            end.settle(pair);
            let was_even = std::mem::take(&mut end.is_even);
            if taken < most {
                return moved;
            }
            if round == 0 && was_even && is_busy {
                if !std::mem::replace(&mut end.is_unsure, true) {
                    unsure.push_back(token);
                }
                return moved;
            }
        }
        rest.push(token);
        moved
    }
}
