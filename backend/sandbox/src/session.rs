//! Our offers and answers, and what follows from both sides' descriptions for the audio. Pure.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use media::{
    g711::Law,
    sdp::{Direction, Sdp, SdpError, simple_answer, simple_offer},
};

use crate::line::Talk;

/// What we offer and take unless told otherwise, by the payload types of `media::codec`: PCMU, PCMA and
/// telephone-event.
pub const PAYLOADS: &[u8] = &[0, 8, 101];
/// What is taken by who sends back what it hears: all that is known by name.
const MIRRORED: &[u8] = &[0, 8, 9, 18, 111, 13, 101];
/// The payload type of telephone-events in our offers.
const EVENTS: u8 = 101;

/// The session descriptions of our side of one call.
#[derive(Debug, Clone)]
pub struct Session {
    local: SocketAddr,
    payloads: &'static [u8],
    /// Whether codecs that are not spoken here may be agreed on for a talk.
    mirrors: bool,
    direction: Direction,
    version: u32,
}

impl Session {
    /// A session whose audio is wanted at `local`, both ways.
    #[must_use]
    pub const fn new(local: SocketAddr) -> Self {
        Self::with_payloads(local, PAYLOADS)
    }

    /// The same with these codecs, by the payload types of `media::codec`. Only PCMU and PCMA are spoken; others
    /// are agreed on and stay silent.
    #[must_use]
    pub const fn with_payloads(local: SocketAddr, payloads: &'static [u8]) -> Self {
        Self { local, payloads, mirrors: false, direction: Direction::SendRecv, version: 0 }
    }

    /// A session that sends back what it hears, in any codec that is known by name.
    #[must_use]
    pub const fn mirroring(local: SocketAddr) -> Self {
        Self { mirrors: true, ..Self::with_payloads(local, MIRRORED) }
    }

    /// An offer; `direction` is kept for the answers that follow. Each description has a higher version than
    /// the one before (RFC 3264 §8).
    pub fn offer(&mut self, direction: Direction) -> Bytes {
        self.direction = direction;
        let text = simple_offer(self.local.ip(), self.local.port(), self.payloads, direction);
        self.stamped(text)
    }

    /// The answer to an offer, and what to do by both. The codec is PCMU or PCMA, whichever the offer has
    /// first.
    ///
    /// # Errors
    /// When the offer cannot be read, has no plain audio, or neither codec.
    pub fn answer(&mut self, offer: &[u8]) -> Result<(Bytes, Option<Talk>), SdpError> {
        let theirs = Sdp::parse(offer)?;
        let local = self.local;
        let text = simple_answer(&theirs, local.ip(), local.port(), self.payloads, self.direction)?;
        let answer = self.stamped(text);
        let events = Sdp::parse(&answer)?.audio().and_then(|audio| audio.payload_of("telephone-event"));
        Ok((answer, self.talk(&theirs, events)))
    }

    /// What to do by the answer to our offer; `None` when it cannot be read or refuses the audio.
    #[must_use]
    pub fn accept(&self, answer: &[u8]) -> Option<Talk> {
        self.talk(&Sdp::parse(answer).ok()?, Some(EVENTS))
    }

    fn stamped(&mut self, text: String) -> Bytes {
        self.version += 1;
        let port = self.local.port();
        text.replacen(&format!("o=- {port} 1 "), &format!("o=- {port} {} ", self.version), 1).into()
    }

    /// `our_events` is the payload type of telephone-events towards us; they go out only if the far side
    /// takes them.
    fn talk(&self, theirs: &Sdp<'_>, our_events: Option<u8>) -> Option<Talk> {
        let audio = theirs.audio()?;
        let address = theirs.address(audio)?;
        let formats = audio.formats.iter().filter_map(|format| format.parse::<u8>().ok());
        let any = formats.clone().next().filter(|_| self.mirrors).map(|payload| (payload, Law::Mu));
        let spoken = formats.into_iter().find_map(|payload| {
            let name = audio.rtpmap(payload)?.name;
            let law = if name.eq_ignore_ascii_case("PCMU") { Law::Mu } else { Law::A };
            (law == Law::Mu || name.eq_ignore_ascii_case("PCMA")).then_some((payload, law))
        });
        let (payload_type, law) = any.or(spoken)?;
        let hears = theirs.direction(audio).receives() && !is_nowhere(address);
        let events = audio.payload_of("telephone-event").zip(our_events);
        let may_send = hears && self.direction.sends();
        Some(Talk { remote: SocketAddr::new(address, audio.port), payload_type, law, events, may_send })
    }
}

/// The old way to hold: a connection to 0.0.0.0 (RFC 3264 §8.4).
fn is_nowhere(address: IpAddr) -> bool {
    address.is_unspecified()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new("127.0.0.9:4000".parse().unwrap())
    }

    fn offer(formats: &str, tail: &str) -> String {
        format!(
            "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
             m=audio 6000 RTP/AVP {formats}\r\na=rtpmap:96 telephone-event/8000\r\n{tail}"
        )
    }

    #[test]
    fn the_codec_is_the_first_of_pcmu_and_pcma_in_the_offer() {
        for (formats, law, payload_type) in
            [("0 8", Law::Mu, 0), ("18 8 0", Law::A, 8), ("9 0 8", Law::Mu, 0)]
        {
            let (_, talk) = session().answer(offer(formats, "").as_bytes()).unwrap();
            let talk = talk.unwrap();
            assert_eq!(
                (talk.law, talk.payload_type, talk.remote.port()),
                (law, payload_type, 6000),
                "{formats}"
            );
        }
        assert!(session().answer(offer("18 9", "").as_bytes()).is_err());
    }

    #[test]
    fn the_events_of_the_offer_keep_its_number() {
        let (answer, talk) = session().answer(offer("8 96", "").as_bytes()).unwrap();
        assert!(std::str::from_utf8(&answer).unwrap().contains("a=rtpmap:96 telephone-event/8000"));
        assert_eq!(talk.unwrap().events, Some((96, 96)));
    }

    #[test]
    fn a_held_side_does_not_send_and_says_so() {
        let mut session = session();
        let (answer, talk) = session.answer(offer("0", "a=sendonly\r\n").as_bytes()).unwrap();
        assert!(std::str::from_utf8(&answer).unwrap().contains("a=recvonly"));
        assert!(!talk.unwrap().may_send);
        let held = offer("0", "").replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0");
        assert!(!session.answer(held.as_bytes()).unwrap().1.unwrap().may_send);
        let (_, talk) = session.answer(offer("0", "").as_bytes()).unwrap();
        assert!(talk.unwrap().may_send);
    }

    #[test]
    fn each_description_has_a_higher_version() {
        let mut session = session();
        let first = session.offer(Direction::SendRecv);
        let second = session.offer(Direction::SendOnly);
        assert_eq!(
            Sdp::parse(&first).unwrap().origin().unwrap().2 + 1,
            Sdp::parse(&second).unwrap().origin().unwrap().2
        );
    }

    #[test]
    fn whoever_holds_does_not_send_audio_of_its_own_when_inactive() {
        let mut session = session();
        session.offer(Direction::Inactive);
        assert!(!session.accept(offer("0", "a=inactive\r\n").as_bytes()).unwrap().may_send);
    }
}
