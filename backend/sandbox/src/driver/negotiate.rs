//! Offers and answers: what the agent's events mean for the audio, and our side's descriptions.

use std::time::Instant;

use bytes::Bytes;
use media::sdp::Direction;
use sip::ua::{CallId, Event};

use super::{DriveError, Driver};

impl Driver {
    /// What an event means for the audio.
    pub(super) fn follow(&mut self, event: &Event) {
        let now = Instant::now();
        match event {
            Event::EarlyMedia { call, sdp }
            | Event::Reanswered { call, sdp: Some(sdp) }
            | Event::Confirmed { call, sdp: Some(sdp) } => self.steer(*call, sdp),
            Event::Answered { call, sdp: Some(sdp) } => self.follow_answer(now, *call, sdp),
            Event::Reoffer { call, sdp } => self.answer_reoffer(now, *call, sdp.as_ref()),
            _ => {}
        }
    }

    fn steer(&mut self, call: CallId, sdp: &Bytes) {
        if let Some(media) = self.calls.get_mut(&call)
            && let Some(talk) = media.session.accept(sdp)
        {
            media.line.steer(talk);
        }
    }

    /// The description of a 2xx: the answer to our offer, or the offer that our ACK answers.
    fn follow_answer(&mut self, now: Instant, call: CallId, sdp: &Bytes) {
        if !self.agent.is_confirming(call) {
            return self.steer(call, sdp);
        }
        let Some(media) = self.calls.get_mut(&call) else { return };
        if let Ok((answer, talk)) = media.session.answer(sdp) {
            talk.into_iter().for_each(|talk| media.line.steer(talk));
            let _ = self.agent.confirm(now, call, answer);
        } else {
            let _ = self.agent.hang_up(now, call, Some("SIP;cause=488"));
        }
    }

    /// Mirrors the far side's hold and its new addresses; an offer that cannot be answered gets 488.
    fn answer_reoffer(&mut self, now: Instant, call: CallId, offer: Option<&Bytes>) {
        let Some(media) = self.calls.get_mut(&call) else { return };
        // The agent refuses only what it has forgotten in the meantime, which ends the matter too.
        let _ = match offer.map(|offer| media.session.answer(offer)) {
            None => self.agent.answer(now, call, &media.session.offer(Direction::SendRecv)),
            Some(Ok((answer, talk))) => {
                talk.into_iter().for_each(|talk| media.line.steer(talk));
                self.agent.answer(now, call, &answer)
            }
            Some(Err(_)) => self.agent.refuse(now, call, 488, &[]),
        };
    }

    /// Our description for an incoming call: the answer to its offer, or an offer of ours; the same each
    /// time.
    pub(super) fn describe(&mut self, call: CallId, offer: Option<&Bytes>) -> Result<Bytes, DriveError> {
        if let Some(answer) = self.calls.get(&call).and_then(|media| media.answer.clone()) {
            return Ok(answer);
        }
        let mut media = self.open()?;
        let answer = match offer {
            Some(offer) => {
                let (answer, talk) = media.session.answer(offer)?;
                talk.into_iter().for_each(|talk| media.line.steer(talk));
                answer
            }
            None => media.session.offer(Direction::SendRecv),
        };
        media.answer = Some(answer.clone());
        self.adopt(call, media);
        Ok(answer)
    }
}
