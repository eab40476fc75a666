//! Codecs of two sides that need not share one: which of them a side is offered, and what is told to the side that offered, where the
//! answer is a codec of ours. Both sides are spoken to in a codec of their own then.

use super::{Line, Media, SdpError, model::RtpMap};
use crate::{
    codec::Coding,
    transcode::{Events, Voice},
};

/// The packet time where a side says nothing, milliseconds (RFC 3551 §4.5).
const PACKET_TIME: u32 = 20;
/// The first number that may be given to any codec (RFC 3551 §3).
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;

/// A format of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    Audio(Coding),
    /// Telephone-events of this clock.
    Events(u32),
    Comfort,
    /// A codec that we do not know.
    Unknown(String),
}

/// How the codecs of an offer were changed for the side that is asked.
#[derive(Debug, Clone)]
pub(super) struct Widened {
    /// The formats of the offer that we can speak to the offerer, most wanted first.
    usable: Vec<(u8, Coding)>,
    /// The telephone-events and the comfort noise of the offerer.
    events: Vec<(u8, u32)>,
    comfort: Option<u8>,
    /// What the other side was offered, with what we put in.
    offered: Vec<(u8, Format)>,
    added: Vec<u8>,
    millis: u32,
    bitrate: Option<u32>,
}

/// What is made of an answer.
#[derive(Debug)]
pub(super) struct Settled {
    /// The formats and lines of its audio, for the side that offered.
    pub(super) section: Section,
    /// How each side is spoken to, the offerer first, where they do not share a codec.
    pub(super) voices: Option<[Voice; 2]>,
}

/// The formats of a section and the lines that say what they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    formats: Vec<String>,
    lines: Vec<Line<'static>>,
    /// Whether the lines that say a packet time are ours.
    times: bool,
}

impl Section {
    fn push(&mut self, payload: u8, format: &Format) {
        self.formats.push(payload.to_string());
        let (map, fmtp) = match format {
            Format::Audio(coding) => {
                let row = coding.row();
                let channels = if row.channels > 1 { format!("/{}", row.channels) } else { String::new() };
                (format!("{}/{}{channels}", row.name, row.clock_rate), row.fmtp)
            }
            Format::Events(clock_rate) => (format!("telephone-event/{clock_rate}"), "0-16"),
            Format::Comfort => ("CN/8000".to_owned(), ""),
            Format::Unknown(_) => return,
        };
        self.lines.push(Line::new(b'a', format!("rtpmap:{payload} {map}").into_bytes()));
        if !fmtp.is_empty() {
            self.lines.push(Line::new(b'a', format!("fmtp:{payload} {fmtp}").into_bytes()));
        }
    }

    /// The section with these formats in place of its own; what is said of others is left out.
    pub(super) fn dress<'s>(&'s self, media: &mut Media<'s>) {
        media.formats = self.formats.iter().map(String::as_str).collect();
        let (formats, ours) = (&self.formats, &self.lines);
        media.lines.retain(|line| {
            let Some((name, value)) = line.attribute() else { return true };
            if self.times && matches!(name, b"ptime" | b"maxptime") {
                return false;
            }
            if !matches!(name, b"rtpmap" | b"fmtp" | b"rtcp-fb") {
                return true;
            }
            let about = value.split(|&byte| byte == b' ').next().unwrap_or_default();
            let is_ours = ours.iter().any(|line| {
                line.attribute()
                    .is_some_and(|(_, value)| value.split(|&byte| byte == b' ').next() == Some(about))
            });
            !is_ours && (about == b"*" || formats.iter().any(|format| format.as_bytes() == about))
        });
        media.lines.extend(ours.iter().cloned());
    }
}

fn format_of(map: Option<RtpMap<'_>>, word: &str) -> Format {
    let Some(map) = map else { return Format::Unknown(word.to_owned()) };
    if map.name.eq_ignore_ascii_case("telephone-event") {
        return Format::Events(map.clock_rate);
    }
    if map.name.eq_ignore_ascii_case("CN") {
        return Format::Comfort;
    }
    let known = Coding::of_name(map.name).filter(|coding| coding.row().clock_rate == map.clock_rate);
    known.map_or_else(|| Format::Unknown(map.name.to_owned()), Format::Audio)
}

fn formats_of(media: &Media<'_>) -> Vec<(u8, Format)> {
    let formats = media.formats.iter().filter_map(|word| Some((word.parse().ok()?, *word)));
    formats.map(|(payload, word)| (payload, format_of(media.rtpmap(payload), word))).collect()
}

/// How a side is spoken to by its own description: its first codec, its packet time, its telephone-events.
pub(super) fn plain(media: &Media<'_>) -> Option<Voice> {
    let formats = formats_of(media);
    let (payload, coding) = codings(&formats).find(|(_, coding)| coding.is_built())?;
    let (millis, bitrate) = manner(media, payload);
    let events = formats.iter().find_map(|(number, format)| match format {
        Format::Events(clock_rate) => {
            Some(Events { payload: *number, heard: *number, clock_rate: *clock_rate })
        }
        _ => None,
    });
    let heard = codings(&formats).filter(|(_, coding)| coding.is_built()).collect();
    Some(Voice { coding, payload, heard, millis, bitrate, events, comfort: None })
}

fn codings(formats: &[(u8, Format)]) -> impl Iterator<Item = (u8, Coding)> + '_ {
    formats.iter().filter_map(|(payload, format)| match format {
        Format::Audio(coding) => Some((*payload, *coding)),
        _ => None,
    })
}

/// What a section says of how it wants to hear: the packet time and the most bits a second.
fn manner(media: &Media<'_>, payload: u8) -> (u32, Option<u32>) {
    let number =
        |name| media.attributes(name).find_map(|value| str::from_utf8(value).ok()?.parse::<u32>().ok());
    let longest = number("maxptime").unwrap_or(u32::MAX).max(10);
    let millis = media.ptime().unwrap_or(PACKET_TIME).min(longest);
    let bits = media.fmtp(payload).and_then(|fmtp| {
        fmtp.split(';').find_map(|part| part.trim().strip_prefix("maxaveragebitrate=")?.parse().ok())
    });
    (millis, bits)
}

/// What the other side is offered: the codecs of the offer that both may use, then those of its own list. `None` where neither side has
/// a list: all goes as it came.
pub(super) fn widen(
    media: &Media<'_>,
    offerer: &[Coding],
    asked: &[Coding],
) -> Result<Option<(Section, Widened)>, SdpError> {
    if offerer.is_empty() && asked.is_empty() {
        return Ok(None);
    }
    let formats = formats_of(media);
    let may = |list: &[Coding], coding: Coding| list.is_empty() || list.contains(&coding);
    let usable: Vec<_> =
        codings(&formats).filter(|(_, coding)| may(offerer, *coding) && coding.is_built()).collect();
    let passes = |format: &Format| match format {
        Format::Audio(coding) => may(offerer, *coding) && may(asked, *coding),
        Format::Unknown(_) => false,
        Format::Events(_) | Format::Comfort => true,
    };
    let mut offered: Vec<_> = formats.iter().filter(|(_, format)| passes(format)).cloned().collect();
    let missing = asked
        .iter()
        .copied()
        .filter(|coding| coding.is_built() && !codings(&offered).any(|(_, known)| known == *coding));
    let missing: Vec<_> = if usable.is_empty() { Vec::new() } else { missing.collect() };
    if missing.is_empty() && codings(&offered).next().is_none() {
        return Err(unserved(&formats, offerer, asked));
    }
    let mut added = Vec::new();
    let free = |wanted: Option<u8>, taken: &[(u8, Format)], added: &mut Vec<u8>| {
        let is_free = |number: &u8| formats.iter().chain(taken).all(|(known, _)| known != number);
        let number = wanted.into_iter().chain(DYNAMIC.rev()).find(is_free)?;
        added.push(number);
        Some(number)
    };
    let has_events = offered.iter().any(|(_, format)| matches!(format, Format::Events(_)));
    for coding in missing {
        let Some(number) = free(Some(coding.row().payload), &offered, &mut added) else { break };
        let place = offered.iter().position(|(_, format)| !matches!(format, Format::Audio(_)));
        offered.insert(place.unwrap_or(offered.len()), (number, Format::Audio(coding)));
    }
    let clocks: Vec<u32> = codings(&offered).map(|(_, coding)| coding.row().clock_rate).collect();
    for clock in [8_000, 48_000] {
        let is_there = offered.iter().any(|(_, format)| *format == Format::Events(clock));
        if has_events && clocks.contains(&clock) && !is_there {
            let Some(number) = free(Some(101), &offered, &mut added) else { break };
            offered.push((number, Format::Events(clock)));
        }
    }
    let mut section = Section::default();
    for (number, format) in &offered {
        if added.contains(number) {
            section.push(*number, format);
        } else {
            section.formats.push(number.to_string());
        }
    }
    let events = formats.iter().filter_map(|(number, format)| match format {
        Format::Events(clock) => Some((*number, *clock)),
        _ => None,
    });
    let comfort = formats.iter().find(|(_, format)| *format == Format::Comfort).map(|(number, _)| *number);
    let (millis, bitrate) = manner(media, usable.first().map_or(0, |(payload, _)| *payload));
    let widened = Widened { usable, events: events.collect(), comfort, offered, added, millis, bitrate };
    Ok(Some((section, widened)))
}

fn unserved(formats: &[(u8, Format)], offerer: &[Coding], asked: &[Coding]) -> SdpError {
    let names = formats.iter().filter_map(|(_, format)| match format {
        Format::Audio(coding) => Some(coding.name().to_owned()),
        Format::Unknown(name) => Some(name.chars().take(32).collect()),
        Format::Events(_) | Format::Comfort => None,
    });
    let offered = names.take(8).collect::<Vec<_>>().join(", ");
    let list = if offerer.is_empty() { asked } else { offerer };
    let allowed = list.iter().map(|coding| coding.name()).collect::<Vec<_>>().join(", ");
    SdpError::Unserved { offered, allowed }
}

impl Widened {
    /// What is made of the answer to an offer that was changed.
    pub(super) fn settle(&self, media: &Media<'_>) -> Result<Settled, SdpError> {
        let answered = formats_of(media);
        let first =
            answered.iter().find(|(_, format)| matches!(format, Format::Audio(_) | Format::Unknown(_)));
        let Some((payload, Format::Audio(coding))) = first.cloned() else {
            let asked: Vec<_> = codings(&self.offered).map(|(_, coding)| coding).collect();
            return Err(unserved(&answered, &[], &asked));
        };
        let is_added = |format: &Format| {
            self.offered.iter().any(|(number, known)| known == format && self.added.contains(number))
        };
        if !is_added(&Format::Audio(coding)) {
            let mut section = Section::default();
            let stays = answered.iter().filter(|(_, format)| !is_added(format));
            section.formats.extend(stays.map(|(number, _)| number.to_string()));
            return Ok(Settled { section, voices: None });
        }
        let Some(&(number, ours)) = self.usable.first() else {
            return Err(unserved(&answered, &[], &[]));
        };
        let clock = ours.row().clock_rate;
        let events =
            self.events.iter().find(|(_, rate)| *rate == clock).or_else(|| self.events.first()).copied();
        let other = self.voice(media, &answered, (payload, coding));
        let comfort = self.comfort.filter(|_| other.comfort.is_some() && clock == 8_000);
        let mut section = Section { times: true, ..Section::default() };
        section.push(number, &Format::Audio(ours));
        if let Some((number, clock)) = events {
            section.push(number, &Format::Events(clock));
        }
        if let Some(number) = comfort {
            section.push(number, &Format::Comfort);
        }
        let millis = ours.packet_time(self.millis);
        section.lines.push(Line::new(b'a', format!("ptime:{millis}").into_bytes()));
        let offerer = Voice {
            coding: ours,
            payload: number,
            heard: vec![(number, ours)],
            millis,
            bitrate: self.bitrate,
            events: events.map(|(payload, clock_rate)| Events { payload, heard: payload, clock_rate }),
            comfort,
        };
        Ok(Settled { section, voices: Some([offerer, other]) })
    }

    /// How the side that answered is spoken to, and speaks: by our numbers or by its own.
    fn voice(&self, media: &Media<'_>, answered: &[(u8, Format)], (payload, coding): (u8, Coding)) -> Voice {
        let mut heard: Vec<_> = codings(answered).filter(|(_, coding)| coding.is_built()).collect();
        for (number, known) in codings(&self.offered) {
            let is_answered = codings(answered).any(|(_, coding)| coding == known);
            if is_answered && heard.iter().all(|(other, _)| *other != number) {
                heard.push((number, known));
            }
        }
        let clock = coding.row().clock_rate;
        let events = |wanted: Option<u32>| {
            answered.iter().find_map(|(number, format)| match format {
                Format::Events(rate) if wanted.is_none_or(|wanted| wanted == *rate) => Some((*number, *rate)),
                _ => None,
            })
        };
        let events = events(Some(clock)).or_else(|| events(None)).map(|(payload, clock_rate)| {
            let ours = self.offered.iter().find(|(_, format)| *format == Format::Events(clock_rate));
            Events { payload, heard: ours.map_or(payload, |(number, _)| *number), clock_rate }
        });
        let comfort =
            answered.iter().find(|(_, format)| *format == Format::Comfort).map(|(number, _)| *number);
        let (millis, bitrate) = manner(media, payload);
        Voice { coding, payload, heard, millis, bitrate, events, comfort: comfort.filter(|_| clock == 8_000) }
    }
}
