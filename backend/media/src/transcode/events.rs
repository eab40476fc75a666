//! Telephone-events between two sides: from one clock and payload type to another, or to the tones that they stand for.

use super::Transcoder;
use crate::{
    dtmf::Event,
    inband::{Pair, frequencies_of},
};

/// A press that is under way.
#[derive(Debug)]
pub(super) struct Pressed {
    /// The timestamp with which it began, and of the segment that is under way.
    began: u32,
    segment: u32,
    event: Event,
    /// Where it began in what goes.
    at: u32,
    is_first: bool,
    /// Samples of its tone that were given.
    given: usize,
    tone: Option<Pair>,
}

/// The longest segment of an event (RFC 4733 §2.5.1.3).
const SEGMENT_MAX: u32 = 0xFFFF;

impl Transcoder {
    /// Takes an event.
    pub(super) fn event(&mut self, timestamp: u32, event: Event, give: &mut dyn FnMut(&[u8])) {
        let goes_on = self.pressed.as_mut().is_some_and(|pressed| pressed.takes(timestamp, event));
        if !goes_on {
            let padded = self.flush(give);
            let _ = padded;
            self.pressed = Some(Pressed {
                began: timestamp,
                segment: timestamp,
                event,
                at: self.next.timestamp,
                is_first: true,
                given: 0,
                tone: event.key().and_then(frequencies_of).map(|pair| Pair::new(pair, self.rate)),
            });
        }
        let Some(mut pressed) = self.pressed.take() else { return };
        let clock_in = self.heard_events.map_or(8000, |events| events.clock_rate).max(1);
        let total = pressed.segment.wrapping_sub(pressed.began).wrapping_add(u32::from(event.duration));
        match self.events {
            Some(events) => {
                let total = (u64::from(total) * u64::from(events.clock_rate) / u64::from(clock_in)) as u32;
                let (whole, rest) = (total / SEGMENT_MAX, total % SEGMENT_MAX);
                let event = Event { duration: rest as u16, ..event };
                self.next.marker = std::mem::take(&mut pressed.is_first);
                let at = pressed.at.wrapping_add(whole.wrapping_mul(SEGMENT_MAX));
                self.send(events.payload, at, &event.payload(), give);
            }
            None => self.sound(&mut pressed, total, clock_in, give),
        }
        self.pressed = Some(pressed);
    }

    /// Gives the tone of a press up to where it is now.
    fn sound(&mut self, pressed: &mut Pressed, total: u32, clock_in: u32, give: &mut dyn FnMut(&[u8])) {
        let wanted = (u64::from(total) * u64::from(self.rate) / u64::from(clock_in)) as usize;
        // A packet that says more than a second at once is one whose begin was lost.
        let count = wanted.saturating_sub(pressed.given).min(self.rate as usize);
        match &mut pressed.tone {
            Some(tone) => tone.fill(count, &mut self.waiting),
            None => self.waiting.extend(std::iter::repeat_n(0, count)),
        }
        pressed.given = pressed.given.max(wanted);
        if let Some((_, _, due)) = &mut self.last {
            let units = count as u64 * u64::from(self.clock_in) / u64::from(self.rate);
            *due = due.wrapping_add(units as u32);
        }
        self.encode(give);
    }
}

impl Pressed {
    /// Whether an event belongs to this press: its packet again or the next one, or the next segment of a long one.
    fn takes(&mut self, timestamp: u32, event: Event) -> bool {
        let is_next = !self.event.end
            && timestamp == self.segment.wrapping_add(u32::from(self.event.duration))
            && self.event.code == event.code;
        if timestamp != self.segment && !is_next {
            return false;
        }
        self.segment = timestamp;
        self.event = event;
        true
    }
}
