//! Digits as INFO (RFC 6086; the bodies `application/dtmf-relay` and `application/dtmf` that are in use): on a leg whose policy
//! says so they are taken for the driver, which presses them in the other side's media, and written where the driver heard them there.

use std::time::Instant;

use crate::transaction::Outgoing;
use crate::wire::{HeaderName, Message, Method};

use super::call::{Call, Stage};
use super::engine::Engine;
use super::io::{Asked, Io, Owner};
use super::setup::MAX_FORWARDS;
use super::{CallRef, DigitForm, Encryption, MediaRules, Output, Side};

/// How long a key is pressed that an INFO gives no duration of, milliseconds.
const PRESS_MILLIS: u16 = 250;
/// The longest press that is taken from an INFO, milliseconds.
const PRESS_MILLIS_MAX: u16 = 6_000;
/// The longest body that is read.
const BODY_MAX: usize = 256;

/// A key and how long it was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digit {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    pub key: char,
    /// Milliseconds.
    pub millis: u16,
}

impl Digit {
    /// The digit of an INFO; `None` where it brings none.
    fn of(info: &Message) -> Option<Self> {
        let content_type = info.header(HeaderName::ContentType)?;
        let media_type = content_type.split(';').next()?.trim();
        let body = info.body();
        let text = std::str::from_utf8(&body).ok().filter(|text| text.len() <= BODY_MAX)?;
        if media_type.eq_ignore_ascii_case("application/dtmf") && !text.contains('=') {
            return Some(Self { key: key_of(text.trim())?, millis: PRESS_MILLIS });
        }
        let is_relay = ["application/dtmf-relay", "application/dtmf"]
            .iter()
            .any(|known| media_type.eq_ignore_ascii_case(known));
        let field = |name: &str| {
            let mut fields = text.lines().filter_map(|line| line.split_once('='));
            let (_, value) = fields.find(|(field, _)| field.trim().eq_ignore_ascii_case(name))?;
            Some(value.trim())
        };
        let key = key_of(field("Signal").filter(|_| is_relay)?)?;
        let millis = field("Duration").and_then(|value| value.parse().ok()).unwrap_or(PRESS_MILLIS);
        Some(Self { key, millis: millis.clamp(1, PRESS_MILLIS_MAX) })
    }
}

/// The key of a word: the key itself, or the number of its event (RFC 4733 §3.2).
fn key_of(word: &str) -> Option<char> {
    match word {
        "10" => return Some('*'),
        "11" => return Some('#'),
        _ => {}
    }
    let mut chars = word.chars();
    let key = chars.next().filter(|_| chars.next().is_none())?.to_ascii_uppercase();
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D').then_some(key)
}

impl Engine {
    /// Whether the media of each side of a call, A and B, is encrypted. Between attempts side B is the next one.
    #[must_use]
    pub fn encryption(&self, call: CallRef) -> [Encryption; 2] {
        let policies = self.calls.get(call).map(|call| &call.policies);
        policies.map(|policies| [policies[0].encryption, policies[1].encryption]).unwrap_or_default()
    }

    /// What else holds for the media of each side of a call, A and B. Between attempts side B is the next one.
    #[must_use]
    pub fn media_rules(&self, call: CallRef) -> [MediaRules; 2] {
        let policies = self.calls.get(call).map(|call| &call.policies);
        policies.map(|policies| [policies[0].media, policies[1].media]).unwrap_or_default()
    }

    /// The side of a call that does its digits as INFO while the other one has them in its media.
    #[must_use]
    pub fn info_side(&self, call: CallRef) -> Option<Side> {
        let call = self.calls.get(call)?;
        let is_info = |side: Side| call.policies[side as usize].digits == DigitForm::Info;
        match (is_info(Side::A), is_info(Side::B)) {
            (true, false) => Some(Side::A),
            (false, true) => Some(Side::B),
            _ => None,
        }
    }
}

impl Call {
    /// Takes the digit of an INFO of a leg that does them so; gives the request back where it is another one.
    pub(super) fn take_digit(&self, io: &mut Io, now: Instant, side: Side, asked: Asked) -> Option<Asked> {
        let policies = [side, side.other()].map(|side| self.policies[side as usize].digits);
        let converts = policies == [DigitForm::Info, DigitForm::Rtp] && self.stage == Stage::Answered;
        let Some(digit) = Digit::of(&asked.message).filter(|_| converts) else { return Some(asked) };
        io.answer(now, &asked, 200, "");
        io.outputs.push_back(Output::Digit { call: self.key, from: side, digit });
        None
    }

    /// Sends a digit to a side as INFO.
    pub(super) fn send_digit(&mut self, io: &mut Io, now: Instant, to: Side, digit: Digit) {
        if self.stage != Stage::Answered {
            return;
        }
        let branch = io.ids.branch();
        let Some(leg) = self.leg_mut(to) else { return };
        let (number, peer) = (leg.next_cseq(), leg.next_hop());
        let writer = leg.request(&Method::Info, number, io.hop(peer.transport, &branch), MAX_FORWARDS);
        let writer = io.sign(writer, HeaderName::UserAgent);
        let body = format!("Signal={}\r\nDuration={}\r\n", digit.key, digit.millis);
        let bytes = writer.body(Some("application/dtmf-relay"), body).finish();
        let outgoing = Outgoing { peer, method: &Method::Info, branch: &branch, bytes };
        // A full layer sends none; a key that was not heard is pressed again.
        let _ = io.layer.request(now, outgoing, Owner::Nobody);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(content_type: &str, body: &str) -> Option<Digit> {
        let text = format!(
            "INFO sip:a@b SIP/2.0\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Digit::of(&Message::parse(text.into()).expect("sound"))
    }

    #[test]
    fn digits_are_read_in_the_forms_that_are_in_use() {
        let digit = |key, millis| Some(Digit { key, millis });
        assert_eq!(info("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"), digit('5', 160));
        assert_eq!(info("Application/DTMF-Relay; x=y", "Signal= #\nDuration= 9000"), digit('#', 6_000));
        assert_eq!(info("application/dtmf-relay", "signal=11"), digit('#', PRESS_MILLIS));
        assert_eq!(info("application/dtmf", "d"), digit('D', PRESS_MILLIS));
        assert_eq!(info("application/dtmf", "10\r\n"), digit('*', PRESS_MILLIS));
        assert_eq!(info("application/dtmf", "Signal=1\r\nDuration=80"), digit('1', 80));
        for (content_type, body) in [
            ("application/dtmf", ""),
            ("application/dtmf", "12"),
            ("application/dtmf-relay", "Duration=100"),
            ("application/dtmf-relay", "Signal=!"),
            ("text/plain", "Signal=5"),
        ] {
            assert_eq!(info(content_type, body), None, "{content_type} {body}");
        }
    }
}
