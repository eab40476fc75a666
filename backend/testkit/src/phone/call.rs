//! One call of the fake phone, as a test holds it.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use media::sdp::Direction;
use sandbox::driver::{DriveError, PACKET_TIME};
use sip::{ua::CallId, uri::Uri, wire::Message};

use super::{Event, Heard, PATIENCE, PhoneError, Sound, client::Client};

/// How often the counters are looked at while waiting for them.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A call of a [`Phone`](super::Phone). Dropping it changes nothing; the phone keeps the call.
#[derive(Debug)]
pub struct Call {
    client: Client,
    id: CallId,
    /// The place in the log up to which events are used up.
    seen: AtomicUsize,
}

impl Call {
    pub(super) const fn new(client: Client, id: CallId) -> Self {
        Self { client, id, seen: AtomicUsize::new(0) }
    }

    /// The INVITE of an incoming call.
    #[must_use]
    pub fn invite(&self) -> Option<Message> {
        self.client.invite(self.id)
    }

    /// Who calls: the user part of From of an incoming call, else nothing.
    #[must_use]
    pub fn caller(&self) -> String {
        let invite = self.invite();
        invite.and_then(|invite| invite.from().ok().map(|from| user_of(from.uri))).unwrap_or_default()
    }

    /// Who was called: the user part of the Request-URI of an incoming call, else nothing.
    #[must_use]
    pub fn dialled(&self) -> String {
        self.invite().and_then(|invite| invite.request_uri().map(user_of)).unwrap_or_default()
    }

    /// Every event of this call so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.client.events(Some(self.id))
    }

    /// Waits for the first event that `is_it` accepts. It and all before it are used up: the next wait looks
    /// only at what came later. `what` is for the error.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`], with all events of the call.
    pub fn wait_for(
        &self,
        what: &str,
        deadline: Duration,
        is_it: impl Fn(&Event) -> bool,
    ) -> Result<Event, PhoneError> {
        let from = self.seen.load(Ordering::Acquire);
        let (seen, event) = self.client.wait(Some(self.id), from, what, deadline, is_it)?;
        self.seen.store(seen, Ordering::Release);
        Ok(event)
    }

    /// Waits for 180.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] when there will be none, else when it does not come within [`PATIENCE`].
    pub fn wait_ringing(&self) -> Result<(), PhoneError> {
        self.wait_unless_refused("ringing", |event| matches!(event, Event::Ringing))
    }

    /// Waits for audio before the answer.
    ///
    /// # Errors
    /// When it does not come within [`PATIENCE`].
    pub fn wait_early_media(&self) -> Result<(), PhoneError> {
        self.wait_for("early media", PATIENCE, |event| matches!(event, Event::EarlyMedia)).map(drop)
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] when there will be none, else when it does not come within [`PATIENCE`].
    pub fn wait_answered(&self) -> Result<(), PhoneError> {
        self.wait_unless_refused("the answer", |event| matches!(event, Event::Answered))
    }

    /// Waits for what comes only to a call that is not refused.
    fn wait_unless_refused(
        &self,
        what: &'static str,
        is_it: impl Fn(&Event) -> bool,
    ) -> Result<(), PhoneError> {
        let ends = |event: &Event| is_it(event) || matches!(event, Event::Failed { .. } | Event::Cancelled);
        match self.wait_for(what, PATIENCE, ends)? {
            Event::Failed { status, .. } => Err(PhoneError::Refused(status)),
            Event::Cancelled => Err(PhoneError::Refused(487)),
            _ => Ok(()),
        }
    }

    /// Waits for a final failure and returns its status and Reason header.
    ///
    /// # Errors
    /// [`PhoneError::State`] when the call is answered instead, else when nothing comes in time.
    pub fn wait_failed(&self, deadline: Duration) -> Result<(u16, Option<String>), PhoneError> {
        let ends = |event: &Event| matches!(event, Event::Answered | Event::Failed { .. });
        match self.wait_for("a failure", deadline, ends)? {
            Event::Failed { status, reason } => Ok((status, reason)),
            other => Err(PhoneError::State(format!("{other:?} is no failure"))),
        }
    }

    /// Waits for the end of the call, whatever it is.
    ///
    /// # Errors
    /// When it does not come in time.
    pub fn wait_ended(&self, deadline: Duration) -> Result<Event, PhoneError> {
        self.wait_for("the end", deadline, |event| {
            matches!(event, Event::Ended { .. } | Event::Failed { .. } | Event::Cancelled)
        })
    }

    /// Says 180 to an incoming call.
    ///
    /// # Errors
    /// When the call does not wait for our word.
    pub fn ring(&self) -> Result<(), PhoneError> {
        let id = self.id;
        told(self.client.ask(move |station| station.driver.ring(id))?)
    }

    /// Says 183 with an answer, and plays.
    ///
    /// # Errors
    /// When the call does not wait for our word, or its offer cannot be answered.
    pub fn progress(&self, sound: Sound) -> Result<(), PhoneError> {
        let id = self.id;
        told(self.client.ask(move |station| station.progress(id, sound))?)
    }

    /// Answers an incoming call, and plays.
    ///
    /// # Errors
    /// When the call does not wait for our word, or its offer cannot be answered.
    pub fn answer(&self, sound: Sound) -> Result<(), PhoneError> {
        let id = self.id;
        told(self.client.ask(move |station| station.answer(id, sound))?)
    }

    /// Refuses an incoming call.
    ///
    /// # Errors
    /// When the call does not wait for our word.
    pub fn refuse(&self, status: u16) -> Result<(), PhoneError> {
        let id = self.id;
        told(self.client.ask(move |station| station.refuse(id, status))?)
    }

    /// CANCEL, 480 or BYE, whichever fits; returns at once.
    ///
    /// # Errors
    /// When there is no such call any more.
    pub fn hang_up(&self) -> Result<(), PhoneError> {
        let id = self.id;
        told(self.client.ask(move |station| station.driver.hang_up(id, None))?)
    }

    /// Hangs up and waits until that is done.
    ///
    /// # Errors
    /// When the call is over already, or does not end within [`PATIENCE`].
    pub fn bye(&self) -> Result<Event, PhoneError> {
        self.hang_up()?;
        self.wait_ended(PATIENCE)
    }

    /// Puts the far side on hold with a re-INVITE (`sendonly`), and waits for its consent.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] with the far side's status.
    pub fn hold(&self) -> Result<(), PhoneError> {
        self.reinvite(Direction::SendOnly)
    }

    /// Takes the far side back (`sendrecv`), and waits for its consent.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] with the far side's status.
    pub fn resume(&self) -> Result<(), PhoneError> {
        self.reinvite(Direction::SendRecv)
    }

    fn reinvite(&self, direction: Direction) -> Result<(), PhoneError> {
        let id = self.id;
        told(self.client.ask(move |station| station.driver.reinvite(id, direction))?)?;
        let ends = |event: &Event| matches!(event, Event::Reanswered | Event::ReofferFailed(_));
        match self.wait_for("the answer to a re-INVITE", PATIENCE, ends)? {
            Event::ReofferFailed(status) => Err(PhoneError::Refused(status)),
            _ => Ok(()),
        }
    }

    /// Plays from the next packet on.
    ///
    /// # Errors
    /// When the call has no audio yet.
    pub fn play(&self, sound: Sound) -> Result<(), PhoneError> {
        let id = self.id;
        let plays = self.client.ask(move |station| station.play(id, sound))?;
        if plays { Ok(()) } else { Err(PhoneError::State("the call has no audio".to_owned())) }
    }

    /// Begins to send so many numbered packets, one each 20 ms; see [`Call::wait_said`].
    ///
    /// # Errors
    /// When the call has no audio yet.
    pub fn start_tone(&self, packets: u32) -> Result<(), PhoneError> {
        self.play(Sound::Numbered(packets))
    }

    /// Sends so many numbered packets, one each 20 ms, and returns after the last.
    ///
    /// # Errors
    /// When the call has no audio, or ends before.
    pub fn send_tone(&self, packets: u32) -> Result<(), PhoneError> {
        self.start_tone(packets)?;
        self.wait_said(PACKET_TIME * packets + PATIENCE)
    }

    /// Presses keys as telephone-events, 100 ms each, and returns after the last.
    ///
    /// # Errors
    /// When a character is no key, or the far side takes no telephone-events.
    pub fn send_dtmf(&self, keys: &str) -> Result<(), PhoneError> {
        let (id, owned) = (self.id, keys.to_owned());
        let is_taken = self.client.ask(move |station| station.press(id, &owned))?;
        if !is_taken {
            return Err(PhoneError::State(format!("the keys {keys:?} cannot be sent")));
        }
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        self.wait_said(Duration::from_millis(200).saturating_mul(count) + PATIENCE)
    }

    /// Waits until the tone or the keys are sent.
    ///
    /// # Errors
    /// When they are not in time.
    pub fn wait_said(&self, deadline: Duration) -> Result<(), PhoneError> {
        self.wait_for("the last packet", deadline, |event| matches!(event, Event::Said)).map(drop)
    }

    /// What came in so far, also after the end of the call.
    ///
    /// # Errors
    /// When the phone's thread is gone.
    pub fn heard(&self) -> Result<Heard, PhoneError> {
        Ok(self.client.counters(self.id)?.0)
    }

    /// How many RTP packets went out.
    ///
    /// # Errors
    /// When the phone's thread is gone.
    pub fn sent(&self) -> Result<u64, PhoneError> {
        Ok(self.client.counters(self.id)?.1)
    }

    /// Waits until enough came in, and returns what did.
    ///
    /// # Errors
    /// [`PhoneError::State`] with the counters when the deadline passes.
    pub fn wait_heard(
        &self,
        what: &str,
        deadline: Duration,
        is_enough: impl Fn(&Heard) -> bool,
    ) -> Result<Heard, PhoneError> {
        let until = Instant::now() + deadline;
        loop {
            let heard = self.heard()?;
            if is_enough(&heard) {
                return Ok(heard);
            }
            if Instant::now() >= until {
                return Err(PhoneError::State(format!(
                    "waited {deadline:?} for {what}, and heard {heard:?}"
                )));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

fn told(outcome: Result<(), DriveError>) -> Result<(), PhoneError> {
    Ok(outcome?)
}

fn user_of(uri: &str) -> String {
    Uri::parse(uri).ok().and_then(|uri| uri.user_decoded().map(|user| user.into_owned())).unwrap_or_default()
}
