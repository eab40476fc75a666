//! Sides that speak different codecs: their audio is decoded and encoded on its way, behind one branch of the packet path.

use crate::{
    Side,
    digits::{Digits, Fate},
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

/// What it costs to decode and encode 20 ms of a codec, microseconds, as measured (`examples/codecs` of media) and rounded up.
const fn effort(coding: Coding) -> u32 {
    match coding {
        Coding::Pcmu | Coding::Pcma => 2,
        Coding::G722 => 15,
        Coding::G729 => 60,
        Coding::Opus => 120,
    }
}

/// What a session between these costs.
pub(crate) fn effort_of(voices: &[Voice; 2]) -> u32 {
    voices.iter().map(|voice| effort(voice.coding)).sum()
}

/// Both directions of a session.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// What comes from each side.
    ways: [Transcoder; 2],
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
    pub(crate) fn new([a, b]: &[Voice; 2]) -> Option<Box<Self>> {
        Some(Box::new(Self { ways: [Transcoder::new(a, b)?, Transcoder::new(b, a)?] }))
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
        self.ways[from.index()].pass(&heard, &mut |made| {
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
        })
    }
}
