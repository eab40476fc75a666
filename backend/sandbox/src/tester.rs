//! A phone of the platform's own: it calls an echo number over the edge, talks, presses a key, holds, and says what
//! came back. One call, one thread, sockets of its own; the trunk doctor calls it once for each thing it wants to know.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use bytes::Bytes;
use media::{
    codec,
    sdp::{Direction, Sdp},
};
use sip::ua::{CallId, Event};

use crate::{
    driver::{Dial, DriveError, Driver},
    sound::Sound,
};

/// How long the callee may take to answer.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Numbered packets of a talk: one second of audio.
pub const PACKETS: u32 = 50;
/// How long the last packets of a talk may take to come back.
const ECHO_WITHIN: Duration = Duration::from_millis(2_500);
/// How long a pressed key may take to come back.
const KEY_WITHIN: Duration = Duration::from_millis(2_500);
/// How long a hold and a resume may each take.
const HOLD_WITHIN: Duration = Duration::from_secs(5);
/// How long the phone stays after its BYE, so that it can be repeated and answered.
const FAREWELL: Duration = Duration::from_millis(300);
/// The key that is pressed.
pub const KEY: &str = "5";
/// How often what is waited for is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A phone that is bound and has not called yet.
#[derive(Debug)]
pub struct Tester {
    driver: Driver,
}

/// What is tried.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The edge's SIP address over UDP.
    pub edge: SocketAddr,
    /// The number to call: one that echoes what it hears.
    pub to: String,
    /// The caller id.
    pub from: String,
    /// The codecs to offer, by the payload types of `media::codec`.
    pub payloads: &'static [u8],
    /// What to do after the answer.
    pub talk: Talk,
    /// The Call-ID under which the INVITE reaches the edge.
    pub call_id: String,
}

/// What is done in an answered call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Nothing: it is ended at once.
    Nothing,
    /// Audio alone.
    Audio,
    /// Audio, a key, hold and resume.
    Whole,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The final status: 200 to 699; 408 where nothing came.
    pub status: u16,
    /// The Reason header of a refusal (RFC 3326).
    pub reason: Option<String>,
    /// From the INVITE to its final answer.
    pub answered_after: Duration,
    /// The first codec of the answer, as RTP names it.
    pub codec: Option<String>,
    /// What was found in the talk; `None` where there was none.
    pub talk: Option<Talked>,
    /// Whether the far side, and not this phone, ended the call.
    pub is_cut_off: bool,
}

/// What came back of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talked {
    /// Numbered packets that were sent.
    pub sent: u32,
    /// Those of them that came back.
    pub returned: u32,
    /// Packets that were heard in all, whatever they were.
    pub heard: u64,
    /// Whether the pressed key came back as a telephone-event (RFC 4733).
    pub is_key_returned: bool,
    /// Whether telephone-events were agreed on.
    pub has_events: bool,
    /// The status of the hold (a re-INVITE with `sendonly`); `None` where nothing came within 5 s.
    pub hold: Option<u16>,
    /// The status of the resume; `None` where nothing came, or no hold went before.
    pub resume: Option<u16>,
}

/// Why a trial could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// No socket, or the poll failed.
    #[error("no socket for a test call")]
    Io(#[from] io::Error),
    /// The phone itself refused.
    #[error(transparent)]
    Drive(#[from] DriveError),
}

impl Tester {
    /// Binds a free port of `ip`, from where it will call.
    ///
    /// # Errors
    /// When the system has none.
    pub fn bind(ip: IpAddr) -> io::Result<Self> {
        Ok(Self { driver: Driver::bind(SocketAddr::new(ip, 0), "doctor", "Dialtone trunk doctor", 1)? })
    }

    /// Where it calls from.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.driver.local_addr()
    }

    /// Makes the call. Blocks for 35 s at most.
    ///
    /// # Errors
    /// When the system or the phone refuses; what the far side does is an [`Outcome`].
    pub fn run(mut self, trial: &Trial) -> Result<Outcome, TrialError> {
        self.driver.speak(trial.payloads);
        let host = trial.edge;
        let dial = Dial {
            peer: trial.edge,
            to: format!("sip:{}@{host}", trial.to),
            from: format!("sip:{}@{}", trial.from, self.driver.local_addr()),
            headers: Vec::new(),
            account: None,
            call_id: Some(trial.call_id.clone()),
            offer: true,
        };
        let started = Instant::now();
        let call = self.driver.call(dial)?;
        let mut codec = None;
        let answer = self.until(started + ANSWER_WITHIN, |event| {
            if let Event::EarlyMedia { sdp, .. } | Event::Answered { sdp: Some(sdp), .. } = event {
                codec = first_codec(sdp);
            }
            matches!(event, Event::Answered { .. } | Event::Failed { .. })
        })?;
        let mut outcome = Outcome {
            status: 408,
            reason: None,
            answered_after: started.elapsed(),
            codec,
            talk: None,
            is_cut_off: false,
        };
        match answer {
            Some(Event::Answered { .. }) => {
                outcome.status = 200;
                if trial.talk != Talk::Nothing {
                    outcome.talk = Some(self.talk(call, trial.talk, &mut outcome.is_cut_off)?);
                }
            }
            Some(Event::Failed { status, reason, .. }) => {
                outcome.status = status;
                outcome.reason = reason;
                return Ok(outcome);
            }
            _ => {}
        }
        self.part(call)?;
        Ok(outcome)
    }

    fn talk(&mut self, call: CallId, talk: Talk, is_cut_off: &mut bool) -> Result<Talked, TrialError> {
        let mut talked = Talked {
            sent: PACKETS,
            returned: 0,
            heard: 0,
            is_key_returned: false,
            has_events: false,
            hold: None,
            resume: None,
        };
        if let Some(line) = self.driver.line(call) {
            line.play(Sound::Numbered(PACKETS));
        }
        let second = Duration::from_millis(u64::from(PACKETS) * 20);
        self.listen(call, second + ECHO_WITHIN, is_cut_off, |tester| tester.returned(call) >= PACKETS)?;
        talked.returned = self.returned(call);
        if talk == Talk::Audio {
            talked.heard = self.driver.audio(call).map_or(0, |line| line.heard().packets);
            return Ok(talked);
        }
        if let Some(line) = self.driver.line(call) {
            talked.has_events = line.press(KEY);
        }
        if talked.has_events {
            talked.is_key_returned =
                self.listen(call, KEY_WITHIN, is_cut_off, |tester| tester.has_key(call))?;
        }
        talked.heard = self.driver.audio(call).map_or(0, |line| line.heard().packets);
        if !*is_cut_off {
            talked.hold = self.reinvite(call, Direction::SendOnly, is_cut_off)?;
        }
        if talked.hold == Some(200) && !*is_cut_off {
            talked.resume = self.reinvite(call, Direction::SendRecv, is_cut_off)?;
        }
        Ok(talked)
    }

    /// Listens until something is so, the call is over, or the time is up. Whether it became so.
    fn listen(
        &mut self,
        call: CallId,
        within: Duration,
        is_cut_off: &mut bool,
        mut is_so: impl FnMut(&Self) -> bool,
    ) -> io::Result<bool> {
        let end = Instant::now() + within;
        while Instant::now() < end && !*is_cut_off {
            self.driver.turn(Some(end.min(Instant::now() + LOOK)))?;
            while let Some(event) = self.driver.next_event() {
                *is_cut_off |= matches!(&event, Event::Ended { call: over, .. } if *over == call);
            }
            if is_so(self) {
                return Ok(true);
            }
        }
        Ok(is_so(self))
    }

    fn reinvite(
        &mut self,
        call: CallId,
        direction: Direction,
        is_cut_off: &mut bool,
    ) -> Result<Option<u16>, TrialError> {
        self.driver.reinvite(call, direction)?;
        let done = self.until(Instant::now() + HOLD_WITHIN, |event| {
            matches!(event, Event::Reanswered { .. } | Event::ReofferFailed { .. } | Event::Ended { .. })
        })?;
        Ok(match done {
            Some(Event::Reanswered { .. }) => Some(200),
            Some(Event::ReofferFailed { status, .. }) => Some(status),
            Some(_) => {
                *is_cut_off = true;
                None
            }
            None => None,
        })
    }

    /// Turns until an event is the one, or the time is up.
    fn until(&mut self, end: Instant, mut is_it: impl FnMut(&Event) -> bool) -> io::Result<Option<Event>> {
        loop {
            while let Some(event) = self.driver.next_event() {
                if is_it(&event) {
                    return Ok(Some(event));
                }
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            self.driver.turn(Some(end))?;
        }
    }

    fn part(&mut self, call: CallId) -> io::Result<()> {
        // It may be over already, which is what is wanted.
        let _ = self.driver.hang_up(call, None);
        self.until(Instant::now() + FAREWELL, |_| false).map(drop)
    }

    fn returned(&self, call: CallId) -> u32 {
        self.driver.audio(call).map_or(0, |line| line.heard().own_echo)
    }

    fn has_key(&self, call: CallId) -> bool {
        self.driver.audio(call).is_some_and(|line| line.heard().digits.contains(KEY))
    }
}

/// The name of the first codec that a description names.
fn first_codec(sdp: &Bytes) -> Option<String> {
    let sdp = Sdp::parse(sdp).ok()?;
    let audio = sdp.audio()?;
    let payload = audio.formats.first()?.parse::<u8>().ok()?;
    let named = audio.rtpmap(payload).map(|map| map.name.to_owned());
    named.or_else(|| codec::by_fixed_payload(payload).map(|codec| codec.name.to_owned()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::Config;

    fn trial(edge: SocketAddr, to: &str) -> Trial {
        Trial {
            edge,
            to: to.to_owned(),
            from: "+12025550100".to_owned(),
            payloads: crate::session::PAYLOADS,
            talk: Talk::Whole,
            call_id: format!("test-{to}"),
        }
    }

    /// The simulated PSTN stands in for edge and trunk: the phone cannot tell.
    fn with_pstn(to: &str) -> Outcome {
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let tester = Tester::bind(here).unwrap();
        let (handle, runner) = crate::new(Config::loopback(tester.local_addr())).unwrap();
        let pstn = std::thread::spawn(move || runner.run());
        let outcome = tester.run(&trial(handle.local_addr(), to)).unwrap();
        handle.stop();
        pstn.join().unwrap();
        outcome
    }

    #[test]
    fn an_echo_number_gives_back_every_packet_and_the_key_and_lets_itself_be_held() {
        let outcome = with_pstn("+12065550100");
        assert_eq!((outcome.status, outcome.codec.as_deref()), (200, Some("PCMU")), "{outcome:?}");
        assert!(outcome.answered_after >= crate::behaviour::RING && !outcome.is_cut_off);
        let talked = outcome.talk.unwrap();
        assert_eq!((talked.sent, talked.returned), (PACKETS, PACKETS), "{talked:?}");
        assert!(talked.has_events && talked.is_key_returned, "{talked:?}");
        assert_eq!((talked.hold, talked.resume), (Some(200), Some(200)));
    }

    #[test]
    fn a_busy_number_says_so_and_why() {
        let outcome = with_pstn("+12065550160");
        assert_eq!((outcome.status, outcome.talk), (486, None));
        assert!(outcome.reason.unwrap().contains("cause=17"));
    }

    #[test]
    fn a_far_side_that_hangs_up_in_the_talk_is_told_from_one_that_stays() {
        // The tone is not the echo: nothing of what was said comes back, though something is heard.
        let talked = with_pstn("+12065550150").talk.unwrap();
        assert_eq!(talked.returned, 0, "{talked:?}");
        assert!(talked.heard > 0);
    }
}
