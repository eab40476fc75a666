//! Digits of a session one of whose sides does them as SIP INFO: the telephone-events of the other side (RFC 4733) are taken
//! out of its stream and said to whoever listens, and keys that are pressed are put into the stream towards it.
//!
//! A packet of an event takes the place of a packet of audio, so that the stream keeps its source and its numbers have no
//! gap; where no audio flows it is sent by itself. Numbers shift by what was taken out or put in.

use crate::Side;
use media::{
    dtmf::{Event, Press, Presses},
    rtp,
};
use std::{collections::VecDeque, fmt, sync::Arc};

/// Keys of one session that wait to be pressed; of more the newest are dropped.
pub const KEYS_MAX: usize = 32;
/// The time between two packets of an event, microseconds.
const STEP_US: u64 = 20_000;
/// For how long a stream may be silent before events are sent by themselves, microseconds.
const SILENCE_US: u64 = 60_000;
/// The longest and the shortest press, milliseconds.
const MILLIS: std::ops::RangeInclusive<u16> = 40..=6_000;
/// The longest packet whose number is changed, bytes.
const SHIFTED_MAX: usize = 2048;

/// A key and how long it is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digit {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    pub key: char,
    /// Milliseconds.
    pub millis: u16,
}

/// Whom digits are said to, on the relay's thread: it must not block.
#[derive(Clone)]
pub struct Listener(pub Arc<dyn Fn(Digit) + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// How the digits of a session are converted.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The side that has telephone-events.
    pub events: Side,
    /// The payload type of those that come from it.
    pub from: u8,
    /// The payload type of those that go to it.
    pub to: u8,
    /// Their clock, Hz.
    pub clock_rate: u32,
    /// Who hears them; without anybody they stay in the stream.
    pub listener: Option<Listener>,
}

/// The state of a conversion.
#[derive(Debug)]
pub(crate) struct Digits {
    plan: Conversion,
    presses: Presses,
    waiting: VecDeque<Digit>,
    pressing: Option<Pressing>,
    /// By how much the numbers of each side's stream are shifted.
    shifts: [u16; 2],
    /// The last packet that went to the side with events, as it went, and when.
    last: Option<(rtp::Header, u64)>,
}

#[derive(Debug)]
struct Pressing {
    press: Press,
    timestamp: u32,
    is_first: bool,
}

/// What becomes of a packet.
pub(crate) enum Fate<'p> {
    /// It goes as it is.
    Same,
    /// This goes in its place.
    Other(&'p [u8]),
    /// It was a digit.
    Taken,
}

impl Digits {
    /// A conversion that begins; what is left of the former one goes on.
    pub(crate) fn new(plan: Conversion, before: Option<Self>) -> Self {
        let (shifts, last) = before.map_or(([0, 0], None), |before| (before.shifts, before.last));
        Self { plan, presses: Presses::default(), waiting: VecDeque::new(), pressing: None, shifts, last }
    }

    /// Takes a key to be pressed; `false` where as many wait as may.
    pub(crate) fn press(&mut self, digit: Digit) -> bool {
        let takes = self.waiting.len() < KEYS_MAX;
        if takes {
            self.waiting.push_back(digit);
        }
        takes
    }

    /// The side that keys are pressed towards.
    pub(crate) const fn towards(&self) -> Side {
        self.plan.events
    }

    /// Whether there is a key to be pressed.
    pub(crate) fn is_pressing(&self) -> bool {
        self.pressing.is_some() || !self.waiting.is_empty()
    }

    /// Says what becomes of a packet of a side; `room` is where another one is written.
    pub(crate) fn pass<'p>(
        &mut self,
        from: Side,
        packet: &[u8],
        parsed: &rtp::Packet<'_>,
        now: u64,
        room: &'p mut Vec<u8>,
    ) -> Fate<'p> {
        let header = parsed.header;
        if from == self.plan.events && self.plan.listener.is_none() {
            return Fate::Same;
        }
        if from == self.plan.events {
            if header.payload_type == self.plan.from {
                let heard =
                    Event::parse(parsed.payload).and_then(|event| self.presses.push(header.timestamp, event));
                self.say(heard);
                self.shifts[from.index()] = self.shifts[from.index()].wrapping_sub(1);
                return Fate::Taken;
            }
            let heard = self.presses.interrupt();
            self.say(heard);
            return self.shifted(from, packet, header, room);
        }
        let sequence = header.sequence.wrapping_add(self.shifts[from.index()]);
        let header = rtp::Header { sequence, ..header };
        self.last = Some((header, now));
        match self.next_event(header.timestamp) {
            Some((event, timestamp, marker)) => {
                let header = rtp::Header { marker, payload_type: self.plan.to, timestamp, ..header };
                room.clear();
                header.write(&event.payload(), room);
                Fate::Other(room)
            }
            None => self.shifted(from, packet, parsed.header, room),
        }
    }

    /// The next packet of an event where no audio flows that it could take the place of.
    pub(crate) fn tick<'p>(&mut self, now: u64, room: &'p mut Vec<u8>) -> Option<&'p [u8]> {
        let is_silent = |(_, at): &(rtp::Header, u64)| now.saturating_sub(*at) >= SILENCE_US;
        let is_under_way = self.pressing.as_ref().is_some_and(|pressing| !pressing.is_first);
        let is_due = match &self.last {
            Some((_, at)) if is_under_way => now.saturating_sub(*at) >= STEP_US,
            Some(last) => is_silent(last),
            None => true,
        };
        if !is_due || !self.is_pressing() {
            return None;
        }
        let step = (STEP_US * u64::from(self.plan.clock_rate) / 1_000_000) as u32;
        // A stream that was never heard begins here, with a source of its own.
        let first = rtp::Header { ssrc: now as u32 ^ 0x5d1a_170e, ..rtp::Header::default() };
        let before = self.last.map_or(first, |(header, _)| header);
        let header = rtp::Header {
            sequence: before.sequence.wrapping_add(1),
            timestamp: before.timestamp.wrapping_add(step),
            ..before
        };
        let (event, timestamp, marker) = self.next_event(header.timestamp)?;
        let towards = self.plan.events.other().index();
        self.shifts[towards] = self.shifts[towards].wrapping_add(1);
        self.last = Some((header, now));
        let header = rtp::Header { marker, payload_type: self.plan.to, timestamp, ..header };
        room.clear();
        header.write(&event.payload(), room);
        Some(room)
    }

    /// The next event of the press that is under way, with its timestamp, and whether it is the first of it.
    fn next_event(&mut self, timestamp: u32) -> Option<(Event, u32, bool)> {
        loop {
            if let Some(pressing) = &mut self.pressing {
                if let Some(event) = pressing.press.next() {
                    return Some((event, pressing.timestamp, std::mem::take(&mut pressing.is_first)));
                }
                self.pressing = None;
                // One packet of audio between two keys, so that two equal ones are told apart.
                return None;
            }
            let Digit { key, millis } = self.waiting.pop_front()?;
            let step =
                (STEP_US * u64::from(self.plan.clock_rate) / 1_000_000).min(u64::from(u16::MAX)) as u16;
            let packets = millis.clamp(*MILLIS.start(), *MILLIS.end()).div_ceil(20);
            let press = Press::new(key, step, packets);
            self.pressing = press.map(|press| Pressing { press, timestamp, is_first: true });
        }
    }

    fn shifted<'p>(&self, from: Side, packet: &[u8], header: rtp::Header, room: &'p mut Vec<u8>) -> Fate<'p> {
        let shift = self.shifts[from.index()];
        if shift == 0 || packet.len() > SHIFTED_MAX {
            return Fate::Same;
        }
        room.clear();
        room.extend_from_slice(packet);
        room[2..4].copy_from_slice(&header.sequence.wrapping_add(shift).to_be_bytes());
        Fate::Other(room)
    }

    fn say(&self, heard: Option<(char, u16)>) {
        let Some((key, duration)) = heard else { return };
        let millis = u32::from(duration) * 1000 / self.plan.clock_rate.max(1);
        let Some(listener) = &self.plan.listener else { return };
        (listener.0)(Digit { key, millis: u16::try_from(millis).unwrap_or(u16::MAX) });
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn digits() -> (Digits, Arc<Mutex<Vec<Digit>>>) {
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let listener = Listener(Arc::new(move |digit| heard.lock().unwrap().push(digit)));
        let plan =
            Conversion { events: Side::B, from: 101, to: 96, clock_rate: 8000, listener: Some(listener) };
        (Digits::new(plan, None), said)
    }

    fn packet(payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        rtp::Header { marker: false, payload_type, sequence, timestamp, ssrc: 9 }.packet(payload)
    }

    /// What goes out in place of a packet; nothing where it was a digit.
    fn pass(digits: &mut Digits, from: Side, packet: &[u8], now: u64) -> Option<Vec<u8>> {
        let mut room = Vec::new();
        let parsed = rtp::Packet::parse(packet).unwrap();
        match digits.pass(from, packet, &parsed, now, &mut room) {
            Fate::Same => Some(packet.to_vec()),
            Fate::Other(other) => Some(other.to_vec()),
            Fate::Taken => None,
        }
    }

    fn header(packet: &[u8]) -> (rtp::Header, Option<Event>) {
        let parsed = rtp::Packet::parse(packet).unwrap();
        (parsed.header, Event::parse(parsed.payload).filter(|_| parsed.payload.len() == 4))
    }

    #[test]
    fn events_are_said_once_and_taken_out_and_the_numbers_of_what_follows_have_no_gap() {
        let (mut digits, said) = digits();
        let audio = packet(8, 10, 1600, &[1; 160]);
        assert_eq!(pass(&mut digits, Side::B, &audio, 0), Some(audio));
        for (step, event) in (11..).zip(Press::new('4', 160, 5).unwrap()) {
            let event = packet(101, step, 1760, &event.payload());
            assert_eq!(pass(&mut digits, Side::B, &event, 0), None);
        }
        assert_eq!(*said.lock().unwrap(), [Digit { key: '4', millis: 100 }]);
        let next = pass(&mut digits, Side::B, &packet(8, 18, 2880, &[2; 160]), 0).unwrap();
        assert_eq!(next, packet(8, 11, 2880, &[2; 160]));
    }

    #[test]
    fn a_key_takes_the_place_of_audio_with_marker_growing_duration_and_three_ends() {
        let (mut digits, _) = digits();
        assert!(digits.press(Digit { key: '7', millis: 80 }));
        let sent: Vec<_> = (0..8)
            .map(|step: u16| {
                let audio = packet(8, 100 + step, u32::from(step) * 160, &[1; 160]);
                header(&pass(&mut digits, Side::A, &audio, u64::from(step) * STEP_US).unwrap())
            })
            .collect();
        let numbers: Vec<u16> = sent.iter().map(|(header, _)| header.sequence).collect();
        assert_eq!(numbers, (100..108).collect::<Vec<_>>());
        assert!(sent.iter().all(|(header, _)| header.ssrc == 9));
        let events: Vec<_> = sent[..6].iter().map(|(header, event)| (*header, event.unwrap())).collect();
        assert!(events.iter().all(|(header, event)| {
            (header.payload_type, header.timestamp, event.key()) == (96, 0, Some('7'))
        }));
        assert_eq!(events.iter().map(|(header, _)| header.marker).collect::<Vec<_>>()[..2], [true, false]);
        let shape: Vec<_> = events.iter().map(|(_, event)| (event.duration, event.end)).collect();
        assert_eq!(shape, [(160, false), (320, false), (480, false), (640, true), (640, true), (640, true)]);
        assert!(sent[6..].iter().all(|(header, _)| header.payload_type == 8), "then audio again");
        assert!(!digits.is_pressing());
    }

    #[test]
    fn a_key_is_sent_by_itself_where_no_audio_flows_and_later_audio_goes_on_after_it() {
        let (mut digits, _) = digits();
        let audio = packet(8, 50, 8000, &[1; 160]);
        let _ = pass(&mut digits, Side::A, &audio, 0);
        assert!(digits.press(Digit { key: '#', millis: 40 }));
        let mut room = Vec::new();
        assert!(digits.tick(SILENCE_US - 1, &mut room).is_none(), "audio may still come");
        let sent: Vec<_> = (0..20)
            .filter_map(|step| digits.tick(SILENCE_US + step * STEP_US / 2, &mut room).map(header))
            .collect();
        assert_eq!(sent.iter().map(|(header, _)| header.sequence).collect::<Vec<_>>(), [51, 52, 53, 54]);
        assert_eq!(sent.iter().filter(|(_, event)| event.is_some_and(|event| event.end)).count(), 3);
        assert!(sent.iter().all(|(header, _)| (header.ssrc, header.timestamp) == (9, 8160)));
        let next = pass(&mut digits, Side::A, &packet(8, 51, 12_000, &[1; 160]), 10 * SILENCE_US).unwrap();
        assert_eq!(header(&next).0.sequence, 55);
    }

    #[test]
    fn keys_that_wait_are_bounded() {
        let (mut digits, _) = digits();
        let taken = (0..100).filter(|_| digits.press(Digit { key: '1', millis: 100 })).count();
        assert_eq!(taken, KEYS_MAX);
    }
}
