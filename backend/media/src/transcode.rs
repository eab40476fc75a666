//! One direction of audio between two sides that speak different codecs, or pack it differently: RTP packets in, RTP packets out.
//!
//! Numbers go on without a gap; timestamps keep the pauses of the speaker. What is lost is concealed, and comes late is dropped.
//! Nothing is allocated once the first packets have passed.

use crate::{
    codec::{AUDIO_MAX_MS, CodecError, Coding, Decoder, Encoder},
    comfort::Noise,
    dtmf::Event,
    rtp,
};
mod events;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
mod tones;

use events::Pressed;
pub use tones::TONES_MAX;
use tones::{Ear, Keyboard};

/// The longest loss that is concealed, milliseconds; a longer one is a pause.
const CONCEAL_MAX_MS: usize = 80;
/// How far a packet may be behind the newest and still be late, not the begin of other numbers.
const LATE_MIN: i16 = -100;

/// The telephone-events of a side (RFC 4733).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    /// The payload type of those that go to it.
    pub payload: u8,
    /// The payload type of those that come from it; its own is taken, too, for many send by that.
    pub heard: u8,
    /// Their clock, Hz.
    pub clock_rate: u32,
}

/// How a side speaks, and is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// What goes to it.
    pub coding: Coding,
    /// Its payload type.
    pub payload: u8,
    /// What may come from it, by payload type.
    pub heard: Vec<(u8, Coding)>,
    /// The time of a packet that goes to it, milliseconds.
    pub millis: u32,
    /// The most bits a second that it takes, where it says so.
    pub bitrate: Option<u32>,
    /// Its telephone-events, where it has them.
    pub events: Option<Events>,
    /// The payload type of its comfort noise (RFC 3389), where it has it.
    pub comfort: Option<u8>,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken; what is made of it was given, now or with a later one.
    Taken,
    /// It came too late, or twice.
    Late,
    /// Its payload type is none that was agreed on.
    Foreign,
    /// Its payload is not of its codec.
    Undecodable(CodecError),
}

/// One direction.
#[derive(Debug)]
pub struct Transcoder {
    decoders: Vec<Decoder>,
    /// Which payload type goes to which decoder.
    heard: Vec<(u8, usize)>,
    /// The clock of what comes, Hz.
    clock_in: u32,
    heard_events: Option<Events>,
    heard_comfort: Option<u8>,
    encoder: Encoder,
    payload: u8,
    events: Option<Events>,
    comfort: Option<u8>,
    /// The clock of what goes, Hz, and what a packet of it lasts, in units of that and in samples.
    clock_out: u32,
    step: u32,
    frame: usize,
    rate: u32,
    /// Samples that wait for the rest of their packet.
    waiting: Vec<i16>,
    /// The newest packet that came: source, number, and the timestamp that is due next.
    last: Option<(u32, u16, u32)>,
    /// The packet that goes next.
    next: rtp::Header,
    noise: Noise,
    pressed: Option<Pressed>,
    /// Who looks for digits in what is said, where somebody does, and the keys that are heard as tones.
    ear: Option<Box<Ear>>,
    keyboard: Keyboard,
    room: Vec<u8>,
    packet: Vec<u8>,
}

impl Transcoder {
    /// From one side to the other; `None` where a codec is not built in.
    #[must_use]
    pub fn new(from: &Voice, to: &Voice) -> Option<Self> {
        let rate = from.coding.common_rate(to.coding);
        let (mut decoders, mut heard) = (Vec::<Decoder>::new(), Vec::new());
        for &(payload, coding) in &from.heard {
            let known = decoders.iter().position(|decoder| decoder.coding() == coding);
            let place = match known {
                Some(place) => place,
                None => {
                    decoders.push(Decoder::new(coding, rate)?);
                    decoders.len() - 1
                }
            };
            heard.push((payload, place));
        }
        let mut encoder = Encoder::new(to.coding, rate)?;
        if let Some(bits) = to.bitrate {
            encoder.limit_bitrate(bits);
        }
        let millis = to.coding.packet_time(to.millis);
        let (clock_out, frame) = (to.coding.row().clock_rate, encoder.samples_in(millis));
        Some(Self {
            decoders,
            heard,
            clock_in: from.coding.row().clock_rate,
            heard_events: from.events,
            heard_comfort: from.comfort,
            encoder,
            payload: to.payload,
            events: to.events,
            comfort: to.comfort,
            clock_out,
            step: millis * clock_out / 1000,
            frame,
            rate,
            waiting: Vec::with_capacity(frame + 2 * AUDIO_MAX_MS * rate as usize / 1000),
            last: None,
            next: rtp::Header::default(),
            noise: Noise::new(),
            pressed: None,
            ear: None,
            keyboard: Keyboard::default(),
            room: Vec::with_capacity(2048),
            packet: Vec::with_capacity(2048),
        })
    }

    /// The sample rate in between, Hz.
    #[must_use]
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes a packet; gives those that are made of it to `give`, none or several.
    pub fn pass(&mut self, packet: &rtp::Packet<'_>, give: &mut dyn FnMut(&[u8])) -> Outcome {
        let header = packet.header;
        let payload = header.payload_type;
        let is_event =
            self.heard_events.is_some_and(|events| events.heard == payload || events.payload == payload);
        let is_comfort = self.heard_comfort == Some(payload);
        let place = self.heard.iter().find(|(known, _)| *known == payload).map(|(_, place)| *place);
        if !is_event && !is_comfort && place.is_none() {
            return Outcome::Foreign;
        }
        let lost = match self.last {
            Some((source, number, _)) if source == header.ssrc => {
                match header.sequence.wrapping_sub(number) as i16 {
                    LATE_MIN..=0 => return Outcome::Late,
                    ahead => ahead.wrapping_sub(1).max(0),
                }
            }
            known => {
                self.begin(header, known.is_some());
                0
            }
        };
        let due = self.last.map_or(header.timestamp, |(_, _, due)| due);
        self.last = Some((header.ssrc, header.sequence, due));
        if is_event {
            if let Some(event) = Event::parse(packet.payload) {
                self.event(header.timestamp, event, give);
            }
            return Outcome::Taken;
        }
        self.catch_up(header, due, lost > 0, place, give);
        let Some(place) = place else {
            self.quiet(header, packet.payload, give);
            return Outcome::Taken;
        };
        let before = self.waiting.len();
        let heard = self.decoders[place].decode(packet.payload, &mut self.waiting);
        let count = match heard {
            Ok(count) => count,
            Err(error) => {
                self.waiting.truncate(before);
                return Outcome::Undecodable(error);
            }
        };
        let due = header.timestamp.wrapping_add(self.in_clock(count));
        self.last = Some((header.ssrc, header.sequence, due));
        self.pressed = None;
        self.touch(before);
        self.encode(give);
        Outcome::Taken
    }

    /// Another stream begins: ours goes on.
    fn begin(&mut self, header: rtp::Header, goes_on: bool) {
        if goes_on {
            self.next.timestamp = self.next.timestamp.wrapping_add(self.step);
        } else {
            (self.next.sequence, self.next.timestamp) = (header.sequence, header.timestamp);
        }
        (self.next.ssrc, self.next.marker) = (header.ssrc, true);
        self.waiting.clear();
        self.last = None;
        self.pressed = None;
    }

    /// Fills what is missing before a packet: concealed where it was lost and short, else a pause.
    fn catch_up(
        &mut self,
        header: rtp::Header,
        due: u32,
        is_lost: bool,
        place: Option<usize>,
        give: &mut dyn FnMut(&[u8]),
    ) {
        let gap = header.timestamp.wrapping_sub(due);
        // Timestamps that go back begin anew.
        if gap == 0 || gap > u32::MAX / 2 {
            return;
        }
        let millis = u64::from(gap) * 1000 / u64::from(self.clock_in);
        match place {
            Some(place) if is_lost && millis <= CONCEAL_MAX_MS as u64 => {
                self.decoders[place].conceal(millis as usize, &mut self.waiting);
                self.encode(give);
            }
            _ => {
                let padded = self.flush(give);
                let gap = (u64::from(gap) * u64::from(self.clock_out) / u64::from(self.clock_in)) as u32;
                self.next.timestamp = self.next.timestamp.wrapping_add(gap.saturating_sub(padded));
                self.next.marker = true;
            }
        }
    }

    /// The speaker is quiet: comfort noise of the level that it says.
    fn quiet(&mut self, header: rtp::Header, payload: &[u8], give: &mut dyn FnMut(&[u8])) {
        self.noise.set(payload);
        if let Some(comfort) = self.comfort {
            self.flush(give);
            self.send(comfort, self.next.timestamp, payload, give);
            return;
        }
        // One packet of it: the next one that comes says how long the pause was.
        let count = self.frame;
        self.noise.fill(count, &mut self.waiting);
        let due = header.timestamp.wrapping_add(self.in_clock(count));
        self.last = Some((header.ssrc, header.sequence, due));
        self.encode(give);
    }

    /// Samples in units of the clock of what comes.
    fn in_clock(&self, samples: usize) -> u32 {
        (samples as u64 * u64::from(self.clock_in) / u64::from(self.rate)) as u32
    }

    /// Gives what waits as a packet that is filled up with silence; by how much, in units of the clock of what goes.
    fn flush(&mut self, give: &mut dyn FnMut(&[u8])) -> u32 {
        let missing = self.frame - self.waiting.len() % self.frame;
        if missing == self.frame {
            return 0;
        }
        self.waiting.extend(std::iter::repeat_n(0, missing));
        self.encode(give);
        (missing as u64 * u64::from(self.clock_out) / u64::from(self.rate)) as u32
    }

    /// Gives the packets that are full.
    fn encode(&mut self, give: &mut dyn FnMut(&[u8])) {
        let mut room = std::mem::take(&mut self.room);
        let mut done = 0;
        while self.waiting.len() - done >= self.frame {
            room.clear();
            let samples = &self.waiting[done..done + self.frame];
            if self.encoder.encode(samples, &mut room).is_ok() {
                self.send(self.payload, self.next.timestamp, &room, give);
            }
            self.next.timestamp = self.next.timestamp.wrapping_add(self.step);
            done += self.frame;
        }
        self.waiting.drain(..done);
        self.room = room;
    }

    fn send(&mut self, payload_type: u8, timestamp: u32, payload: &[u8], give: &mut dyn FnMut(&[u8])) {
        let header = rtp::Header { payload_type, timestamp, ..self.next };
        self.packet.clear();
        header.write(payload, &mut self.packet);
        give(&self.packet);
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.next.marker = false;
    }
}
