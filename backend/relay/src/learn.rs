//! Where a side really is, when it is behind NAT: learned from its packets, where its trunk allows it (symmetric RTP, RFC 4961).
//!
//! The source of the description goes first: a packet from there ends the learning, also later. Another source is followed only
//! after a run of packets in a row of one stream, over a while in which the described source was silent, and only within a bound of
//! packets and of time after the description. Where media is encrypted, packets come here after their check. Once a source
//! is learned no other is, until a description names another address.

use media::rtp::Header;
use std::net::SocketAddr;

/// Packets in a row of one stream from one source that make it the one that is followed. None of them is relayed but the last.
pub(crate) const LEARN_RUN: u32 = 5;
/// The least time from the first of them to the last, microseconds: a source that sprays quickly is no quicker.
pub(crate) const LEARN_SPAN_US: u64 = 60_000;
/// Packets from other sources than the described one that are looked at after a description.
pub(crate) const LEARN_PACKETS: u32 = 250;
/// How long after a side's description sources are learned, microseconds.
pub(crate) const LEARN_TIME_US: u64 = 10_000_000;

/// What is found out about one side's source.
#[derive(Debug)]
pub(crate) struct Learner {
    described: SocketAddr,
    began_us: u64,
    examined: u32,
    run: Option<Run>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Another source than the described one is followed; the described one still takes over.
    Learned,
    Closed,
}

#[derive(Debug)]
struct Run {
    source: SocketAddr,
    ssrc: u32,
    sequence: u16,
    length: u32,
    first_us: u64,
}

impl Learner {
    pub(crate) const fn new(described: SocketAddr, now: u64) -> Self {
        Self { described, began_us: now, examined: 0, run: None, state: State::Open }
    }

    /// Whether a description names the same address as before.
    pub(crate) fn is_for(&self, described: SocketAddr) -> bool {
        self.described == described
    }

    /// Whether a packet from a source that is not followed may be looked at; each look counts.
    pub(crate) fn looks(&mut self, source: SocketAddr, now: u64) -> bool {
        if source == self.described {
            return self.state != State::Closed;
        }
        if self.state != State::Open {
            return false;
        }
        self.examined += 1;
        if self.examined > LEARN_PACKETS || now.saturating_sub(self.began_us) > LEARN_TIME_US {
            self.state = State::Closed;
        }
        self.state == State::Open
    }

    /// The described source, which is followed, was heard: nothing is learned any more.
    pub(crate) fn settle(&mut self) {
        if self.state == State::Open {
            self.state = State::Closed;
        }
    }

    /// Whether it is over, and the described source is the one that is followed.
    pub(crate) fn is_settled(&self) -> bool {
        self.state == State::Closed
    }

    /// Takes a good packet from a source that is not followed; whether it is from now on.
    pub(crate) fn follows(&mut self, source: SocketAddr, header: &Header, now: u64) -> bool {
        if source == self.described {
            self.state = State::Closed;
            return true;
        }
        let next = |run: &Run| {
            (run.source, run.ssrc, run.sequence.wrapping_add(1)) == (source, header.ssrc, header.sequence)
        };
        match &mut self.run {
            Some(run) if next(run) => {
                (run.sequence, run.length) = (header.sequence, run.length.saturating_add(1));
                if run.length >= LEARN_RUN && now.saturating_sub(run.first_us) >= LEARN_SPAN_US {
                    self.state = State::Learned;
                }
            }
            // Another source that comes in between does not break the run of the first: it would keep the right one from being learned.
            Some(run) if run.source != source && now.saturating_sub(run.first_us) < 2 * LEARN_SPAN_US => {}
            run => {
                let (ssrc, sequence) = (header.ssrc, header.sequence);
                *run = Some(Run { source, ssrc, sequence, length: 1, first_us: now });
            }
        }
        self.state == State::Learned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn header(sequence: u16) -> Header {
        Header { sequence, ssrc: 7, ..Header::default() }
    }

    /// Sends so many packets of a stream, 20 ms apart; which one was followed first.
    fn send(learner: &mut Learner, source: SocketAddr, count: u16, from_us: u64) -> Option<u16> {
        (0..count).find(|index| {
            let now = from_us + u64::from(*index) * 20_000;
            learner.looks(source, now) && learner.follows(source, &header(*index), now)
        })
    }

    #[test]
    fn a_stream_from_elsewhere_is_followed_after_a_run_and_no_other_after_it() {
        let mut learner = Learner::new(at("192.0.2.1:4000"), 0);
        assert_eq!(send(&mut learner, at("198.51.100.1:9000"), 20, 0), Some(4));
        assert_eq!(send(&mut learner, at("203.0.113.1:9000"), 300, 400_000), None);
        assert_eq!(
            send(&mut learner, at("192.0.2.1:4000"), 1, 800_000),
            Some(0),
            "the described one takes over"
        );
        assert_eq!(send(&mut learner, at("198.51.100.1:9000"), 300, 900_000), None);
    }

    #[test]
    fn quick_late_and_broken_streams_are_not_followed() {
        let described = at("192.0.2.1:4000");
        let other = at("198.51.100.1:9000");
        let mut learner = Learner::new(described, 0);
        assert!(
            (0..200).all(|index| learner.looks(other, 10) && !learner.follows(other, &header(index), 10))
        );
        assert!((0..100).all(|_| !learner.follows(other, &header(9), 70_000)), "no stream");
        let mut learner = Learner::new(described, 0);
        assert_eq!(send(&mut learner, other, 20, LEARN_TIME_US + 1), None, "too late");
        let mut learner = Learner::new(described, 0);
        assert!((0..300).filter(|_| learner.looks(other, 0)).count() == LEARN_PACKETS as usize);
        let mut learner = Learner::new(described, 0);
        learner.settle();
        assert_eq!(send(&mut learner, other, 20, 0), None, "the described one was heard first");
    }
}
