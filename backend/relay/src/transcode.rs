//! Sides that speak different codecs: their audio is decoded and encoded on its way, behind one branch of the packet path.

use crate::{
    Side,
    digits::{Digit, Digits, Fate, Listener},
    play::{Extras, Way},
};
use media::{
    codec::Coding,
    rtp,
    transcode::{Outcome, Transcoder, Voice},
};

/// What the transcoding of one worker may cost, microseconds of CPU in each 20 ms: half of its time. Beyond it a call gets 503 in place
/// of all of them stuttering.
pub const EFFORT_MAX: u32 = 10_000;

/// What it costs to decode and encode 20 ms of a codec at a sample rate, microseconds: the dearer of two runs of `examples/codecs` of media
/// (0.4, 21.4, 38.4; Opus 58.6 at 8 kHz and 217.1 at 48 kHz), and half as much again for slower machines.
const fn effort(coding: Coding, rate: u32) -> u32 {
    match coding {
        Coding::Pcmu | Coding::Pcma => 1,
        Coding::G722 => 33,
        Coding::G729 => 58,
        Coding::Opus if rate <= 8_000 => 88,
        Coding::Opus => 326,
    }
}

/// What a session between these costs.
pub(crate) fn effort_of([a, b]: &[Voice; 2]) -> u32 {
    let rate = a.coding.common_rate(b.coding);
    effort(a.coding, rate) + effort(b.coding, rate)
}

/// A side whose digits are tones in its audio: they are looked for in what it says, and made in what it hears.
#[derive(Debug, Clone)]
pub struct Tones {
    /// Which side.
    pub side: Side,
    /// Who hears them, where they become INFO; else they are pressed as telephone-events of the other side.
    pub listener: Option<Listener>,
}

/// Both directions of a session.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// What comes from each side.
    ways: [Transcoder; 2],
    tones: Option<Tones>,
}

/// What else is done with the packets of a session.
pub(crate) struct Beside<'s> {
    pub(crate) digits: Option<&'s mut Digits>,
    pub(crate) extras: Option<&'s mut Extras>,
    pub(crate) events: &'s mut Vec<u8>,
    pub(crate) spoken: &'s mut Vec<u8>,
}

impl Exchange {
    /// Between the sides A and B; `None` where a codec is not built in.
    pub(crate) fn new([a, b]: &[Voice; 2], tones: Option<Tones>) -> Option<Box<Self>> {
        let mut ways = [Transcoder::new(a, b)?, Transcoder::new(b, a)?];
        if let Some(tones) = &tones {
            ways[tones.side.index()].detect();
        }
        Some(Box::new(Self { ways, tones }))
    }

    /// Has a key heard as tones by the side that does them so.
    pub(crate) fn press(&mut self, digit: Digit) {
        if let Some(tones) = &self.tones {
            self.ways[tones.side.other().index()].press(digit.key, digit.millis);
        }
    }

    /// Takes a packet of a side; gives those that are made of it for the other one.
    pub(crate) fn pass(
        &mut self,
        from: Side,
        packet: &[u8],
        parsed: &rtp::Packet<'_>,
        now: u64,
        beside: Beside<'_>,
        give: &mut dyn FnMut(&[u8]),
    ) -> Outcome {
        let Beside { mut digits, mut extras, events, spoken } = beside;
        if let Some(extras) = &mut extras {
            extras.pass(from, parsed, None, now, spoken);
        }
        // Digits are converted where their clock is: of the side that has events.
        let (mut before, mut after) = (None, None);
        match digits.take() {
            Some(digits) if digits.towards() == from => before = Some(digits),
            other => after = other,
        }
        let fate = before.map_or(Fate::Same, |digits| digits.pass(from, packet, parsed, now, events));
        let heard = match fate {
            Fate::Same => *parsed,
            Fate::Taken => return Outcome::Taken,
            Fate::Other(other) => match rtp::Packet::parse(other) {
                Ok(other) => other,
                Err(_) => return Outcome::Foreign,
            },
        };
        let mut pressed = Vec::new();
        let speaker = extras.map(|extras| &mut extras.speakers[from.other().index()]);
        let mut speaker = speaker;
        let outcome = self.ways[from.index()].pass(&heard, &mut |made| {
            let fate = match (&mut after, rtp::Packet::parse(made)) {
                (Some(digits), Ok(parsed)) => digits.pass(from, made, &parsed, now, &mut pressed),
                _ => Fate::Same,
            };
            let going = match fate {
                Fate::Same => made,
                Fate::Other(other) => other,
                Fate::Taken => return,
            };
            match &mut speaker {
                None => give(going),
                Some(speaker) => match speaker.pass(going, now, spoken) {
                    Way::Same => give(going),
                    Way::Other(other) => give(other),
                    Way::Nothing => {}
                },
            }
        });
        if let (Some(heard), Some(tones)) = (self.ways[from.index()].heard(), &self.tones) {
            let digit = Digit { key: heard.key, millis: heard.millis };
            match (&tones.listener, &mut after) {
                (Some(listener), _) => (listener.0)(digit),
                // Of more than wait the newest are dropped.
                (None, Some(digits)) => drop(digits.press(digit)),
                (None, None) => {}
            }
        }
        outcome
    }
}
