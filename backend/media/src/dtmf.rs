//! Telephone events (RFC 4733): digits as RTP payloads.

/// One payload of a telephone event: four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// 0-9 the digits, 10 `*`, 11 `#`, 12-15 A-D, 16 flash.
    pub code: u8,
    /// Whether this packet ends the event; it is sent three times.
    pub end: bool,
    /// The loudness as minus dBm0, 0-63; 10 is usual.
    pub volume: u8,
    /// How long it has lasted, in units of the RTP clock.
    pub duration: u16,
}

impl Event {
    /// Reads the payload; `None` if it is shorter than four bytes. Further bytes are other events and are left.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let &[code, flags, high, low, ..] = payload else { return None };
        Some(Self {
            code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The payload of this event.
    #[must_use]
    pub const fn payload(&self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, (self.end as u8) << 7 | self.volume & 0x3F, high, low]
    }

    /// The key of this event, `None` for codes that are no key.
    #[must_use]
    pub const fn key(&self) -> Option<char> {
        match self.code {
            0..=9 => Some((b'0' + self.code) as char),
            10 => Some('*'),
            11 => Some('#'),
            12..=15 => Some((b'A' + self.code - 12) as char),
            _ => None,
        }
    }
}

/// The code of a key: `0`-`9`, `*`, `#`, `A`-`D` in either case.
#[must_use]
pub const fn code_of(key: char) -> Option<u8> {
    match key {
        '0'..='9' => Some(key as u8 - b'0'),
        '*' => Some(10),
        '#' => Some(11),
        'A'..='D' => Some(key as u8 - b'A' + 12),
        'a'..='d' => Some(key as u8 - b'a' + 12),
        _ => None,
    }
}

/// The packets of one key press, to be sent one each packet time; the last three say "end" (RFC 4733 §2.5.1.4).
///
/// All of them carry the RTP timestamp of the first; the first has the marker.
#[derive(Debug, Clone)]
pub struct Press {
    code: u8,
    step: u16,
    sent: u16,
    packets: u16,
}

/// How often the last packet of an event is sent.
const END_REPEATS: u16 = 3;

impl Press {
    /// A press that lasts `packets` packet times of `step` clock units each; at least one packet.
    #[must_use]
    pub fn new(key: char, step: u16, packets: u16) -> Option<Self> {
        Some(Self { code: code_of(key)?, step, sent: 0, packets: packets.clamp(1, u16::MAX - END_REPEATS) })
    }
}

impl Iterator for Press {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if self.sent == self.packets + END_REPEATS - 1 {
            return None;
        }
        self.sent += 1;
        let end = self.sent >= self.packets;
        let duration = self.step.saturating_mul(self.sent.min(self.packets));
        Some(Event { code: self.code, end, volume: 10, duration })
    }
}

/// Turns arriving events into keys, each press once however often its packets are repeated or lost.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    last: Option<u32>,
}

impl Keys {
    /// Takes an event with its packet's RTP timestamp; the key, when this is the first packet seen of its press.
    pub fn push(&mut self, timestamp: u32, event: Event) -> Option<char> {
        if self.last == Some(timestamp) {
            return None;
        }
        self.last = Some(timestamp);
        event.key()
    }
}

/// Turns arriving events into keys with their durations: each press once, at its end, also where its last packets are lost.
#[derive(Debug, Clone, Default)]
pub struct Presses {
    /// The press that is heard: its timestamp, its latest event, and whether it was given.
    heard: Option<(u32, Event, bool)>,
}

impl Presses {
    /// Takes an event with its packet's RTP timestamp; the key and its duration in clock units, where a press is over.
    pub fn push(&mut self, timestamp: u32, event: Event) -> Option<(char, u16)> {
        let before = match &mut self.heard {
            Some((known, latest, is_given)) if *known == timestamp => {
                latest.duration = latest.duration.max(event.duration);
                if event.end && !*is_given {
                    *is_given = true;
                    return Some((latest.key()?, latest.duration));
                }
                return None;
            }
            before => before.replace((timestamp, event, event.end)),
        };
        // One key is given for each packet: where this one is the end of the next press already, that is given by its repeats.
        let missed = before
            .filter(|(_, _, is_given)| !is_given)
            .and_then(|(_, event, _)| Some((event.key()?, event.duration)));
        match missed {
            Some(missed) => {
                if let Some((_, _, is_given)) = &mut self.heard {
                    *is_given = false;
                }
                Some(missed)
            }
            None => event.end.then(|| Some((event.key()?, event.duration))).flatten(),
        }
    }

    /// Other audio comes: a press that was not over is, its last packets being lost.
    pub fn interrupt(&mut self) -> Option<(char, u16)> {
        let (_, event, is_given) = self.heard.as_mut()?;
        if std::mem::replace(is_given, true) { None } else { Some((event.key()?, event.duration)) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_as_the_rfc_draws_it() {
        let event = Event::parse(&[11, 0x8A, 0x03, 0x20]).unwrap();
        assert_eq!(event, Event { code: 11, end: true, volume: 10, duration: 800 });
        assert_eq!(event.key(), Some('#'));
        assert_eq!(event.payload(), [11, 0x8A, 0x03, 0x20]);
        assert_eq!(Event::parse(&[1, 2, 3]), None);
    }

    #[test]
    fn every_key_has_its_code_and_back() {
        for key in "0123456789*#ABCD".chars() {
            let event = Event { code: code_of(key).unwrap(), end: false, volume: 10, duration: 0 };
            assert_eq!(event.key(), Some(key));
        }
        assert_eq!((code_of('d'), code_of('x')), (Some(15), None));
        assert_eq!(Event { code: 16, end: false, volume: 0, duration: 0 }.key(), None, "a flash is no key");
    }

    #[test]
    fn a_press_grows_and_ends_three_times() {
        let events: Vec<_> = Press::new('5', 160, 4).unwrap().collect();
        let durations: Vec<_> = events.iter().map(|event| (event.duration, event.end)).collect();
        assert_eq!(
            durations,
            [(160, false), (320, false), (480, false), (640, true), (640, true), (640, true)]
        );
        assert!(Press::new('?', 160, 4).is_none());
    }

    #[test]
    fn a_press_is_one_key_though_packets_repeat_and_are_lost() {
        let mut keys = Keys::default();
        let mut heard = String::new();
        for (timestamp, key) in [(1000, '1'), (9000, '1'), (17_000, '2')] {
            heard.extend(
                Press::new(key, 160, 5).unwrap().skip(2).filter_map(|event| keys.push(timestamp, event)),
            );
        }
        assert_eq!(heard, "112");
    }

    #[test]
    fn a_press_is_given_at_its_end_with_its_duration_also_where_the_end_is_lost() {
        let mut presses = Presses::default();
        let press = |key| Press::new(key, 160, 5).unwrap();
        let heard: Vec<_> = press('1').filter_map(|event| presses.push(1000, event)).collect();
        assert_eq!(heard, [('1', 800)]);
        let heard: Vec<_> = press('2').take(3).filter_map(|event| presses.push(9000, event)).collect();
        assert_eq!(heard, [], "it goes on");
        let heard: Vec<_> = press('3').filter_map(|event| presses.push(17_000, event)).collect();
        assert_eq!(heard, [('2', 480), ('3', 800)]);
        assert_eq!(presses.interrupt(), None);
        let _ = press('4').take(2).filter_map(|event| presses.push(25_000, event)).count();
        assert_eq!(presses.interrupt(), Some(('4', 320)));
        assert_eq!(presses.interrupt(), None, "once");
    }
}
