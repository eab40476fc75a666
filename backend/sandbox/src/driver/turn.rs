//! The loop itself: what has arrived, what is due, what wants to be sent.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::Token;
use sip::ua;

use super::{Driver, PACKET_TIME, Received, TOKENS, WAKER};

/// Most packet times that are made up for after a delay; beyond it the audio starts late instead.
const CATCH_UP_MAX: u32 = 10;
/// Most SIP datagrams read in one turn, so that audio is not starved.
const DATAGRAMS_PER_TURN: usize = 128;

impl Driver {
    /// Waits for packets, timers, a packet time or the waker, at most until `until`, and deals with them.
    ///
    /// # Errors
    /// When the poll itself fails; a socket's errors are losses.
    pub fn turn(&mut self, until: Option<Instant>) -> io::Result<()> {
        let tick = (!self.calls.is_empty()).then_some(self.next_tick);
        let wake = [until, tick, self.agent.poll_timeout()].into_iter().flatten().min();
        let now = Instant::now();
        let mut timeout = wake.map(|at| at.saturating_duration_since(now));
        if !self.unread.is_empty() || !self.inbox.is_empty() {
            timeout = Some(Duration::ZERO);
        }
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let mut ready = std::mem::take(&mut self.unread);
        ready.extend(self.events.iter().map(|event| event.token()).filter(|token| *token != WAKER));
        ready.sort_unstable();
        ready.dedup();
        for token in ready {
            self.read(token);
        }
        self.run_timers();
        self.drain();
        Ok(())
    }

    fn read(&mut self, token: Token) {
        let has_more = match self.tokens.get(&token) {
            _ if TOKENS.contains(&token.0) => self.read_sip(),
            Some(call) => self.calls.get_mut(call).is_some_and(|media| media.line.read()),
            None => false,
        };
        if has_more {
            self.unread.push(token);
        }
    }

    fn read_sip(&mut self) -> bool {
        for _ in 0..DATAGRAMS_PER_TURN {
            match self.wire.receive() {
                None => return false,
                Some(Received::Message(from, bytes)) => self.agent.handle_packet(Instant::now(), from, bytes),
                Some(Received::Unreachable(to)) => self.agent.handle_transport_failed(Instant::now(), to),
            }
            self.drain();
        }
        true
    }

    fn run_timers(&mut self) {
        let now = Instant::now();
        if self.agent.poll_timeout().is_some_and(|at| at <= now) {
            self.agent.handle_timeout(now);
        }
        for _ in 0..CATCH_UP_MAX {
            if self.next_tick > now || self.calls.is_empty() {
                return;
            }
            self.calls.values_mut().for_each(|media| media.line.tick());
            self.next_tick += PACKET_TIME;
        }
        self.next_tick = now + PACKET_TIME;
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.agent.poll_output() {
            match output {
                ua::Output::Transmit { to, bytes } => self.transmit(to, &bytes),
                ua::Output::Event(event) => {
                    self.follow(&event);
                    self.inbox.push_back(event);
                }
            }
        }
    }

    fn transmit(&mut self, to: SocketAddr, bytes: &[u8]) {
        if self.wire.send(to, bytes).is_err() {
            self.agent.handle_transport_failed(Instant::now(), to);
        }
    }
}
