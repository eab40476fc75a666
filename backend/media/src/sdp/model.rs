//! The model: a description as lines, and what can be asked of them.

use crate::codec;
use std::{borrow::Cow, net::IpAddr, str};

/// A session description.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sdp<'a> {
    /// The lines before the first `m=`, in order.
    pub session: Vec<Line<'a>>,
    /// The media sections, in order.
    pub media: Vec<Media<'a>>,
}

/// One line: `<kind>=<value>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// The letter before `=`.
    pub kind: u8,
    /// The bytes after it, without the line end; not necessarily UTF-8.
    pub value: Cow<'a, [u8]>,
}

/// A media section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media<'a> {
    /// What kind of media.
    pub kind: Kind<'a>,
    /// The port where it is wanted; 0 for a stream that is refused or gone.
    pub port: u16,
    /// The transport, such as `RTP/AVP`.
    pub proto: &'a str,
    /// The formats: payload types for RTP, most wanted first.
    pub formats: Vec<&'a str>,
    /// The lines after `m=`, in order.
    pub lines: Vec<Line<'a>>,
}

/// The kind of a media section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// `audio`.
    Audio,
    /// `video`.
    Video,
    /// `image`, which is T.38 fax.
    Image,
    /// Anything else, as written.
    Other(&'a str),
}

impl<'a> Kind<'a> {
    /// The kind of this word.
    #[must_use]
    pub fn of(word: &'a str) -> Self {
        match word {
            "audio" => Self::Audio,
            "video" => Self::Video,
            "image" => Self::Image,
            other => Self::Other(other),
        }
    }

    /// The word of this kind.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Image => "image",
            Self::Other(other) => other,
        }
    }
}

/// Which way a stream flows, seen from who wrote the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways; also what no line means.
    #[default]
    SendRecv,
    /// The writer sends and does not listen: it holds the other side.
    SendOnly,
    /// The writer listens and does not send.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// The direction of this attribute name.
    #[must_use]
    pub fn of(word: &[u8]) -> Option<Self> {
        match word {
            b"sendrecv" => Some(Self::SendRecv),
            b"sendonly" => Some(Self::SendOnly),
            b"recvonly" => Some(Self::RecvOnly),
            b"inactive" => Some(Self::Inactive),
            _ => None,
        }
    }

    /// The attribute's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether the writer sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer listens.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The direction of these two halves.
    #[must_use]
    pub const fn from_parts(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// The widest direction that may answer this one (RFC 3264 §6.1).
    #[must_use]
    pub const fn answered(self) -> Self {
        Self::from_parts(self.receives(), self.sends())
    }
}

/// The encoding of a payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpMap<'a> {
    /// The payload type.
    pub payload: u8,
    /// The encoding's name.
    pub name: &'a str,
    /// The clock in Hz.
    pub clock_rate: u32,
    /// Channels, 1 where nothing is said.
    pub channels: u8,
}

impl<'a> Line<'a> {
    /// A line of a letter and its value.
    #[must_use]
    pub fn new(kind: u8, value: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { kind, value: value.into() }
    }

    /// The name and the value of an `a=` line; the value is empty for a flag. `None` for other lines.
    #[must_use]
    pub fn attribute(&self) -> Option<(&[u8], &[u8])> {
        if self.kind != b'a' {
            return None;
        }
        let colon = self.value.iter().position(|&byte| byte == b':').unwrap_or(self.value.len());
        let (name, value) = self.value.split_at(colon);
        Some((name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii()))
    }
}

impl Sdp<'_> {
    /// The value of the session-level `c=`, as text.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        first(&self.session, b'c')
    }

    /// The direction that holds for a section: its own, else the session's, else both ways.
    #[must_use]
    pub fn direction(&self, media: &Media<'_>) -> Direction {
        direction_in(&media.lines).or_else(|| direction_in(&self.session)).unwrap_or_default()
    }

    /// The address that holds for a section: its own `c=`, else the session's. `None` where it is missing or not a literal.
    #[must_use]
    pub fn address(&self, media: &Media<'_>) -> Option<IpAddr> {
        connection_address(media.connection().or_else(|| self.connection())?)
    }

    /// The first audio section with a port.
    #[must_use]
    pub fn audio(&self) -> Option<&Media<'_>> {
        self.media.iter().find(|media| media.kind == Kind::Audio && media.port != 0)
    }

    /// The user, session id and version of `o=`: its first three words.
    #[must_use]
    pub fn origin(&self) -> Option<(&str, u64, u64)> {
        let mut words = first(&self.session, b'o')?.split_ascii_whitespace();
        Some((words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    }
}

impl Media<'_> {
    /// The value of the section's own `c=`.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        first(&self.lines, b'c')
    }

    /// The values of the attributes with this name, in order.
    pub fn attributes<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]> {
        let attributes = self.lines.iter().filter_map(Line::attribute);
        attributes.filter(move |(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
    }

    /// Whether it is fax over UDPTL (ITU-T T.38 Annex D).
    #[must_use]
    pub fn is_fax(&self) -> bool {
        self.kind == Kind::Image
            && self.proto.eq_ignore_ascii_case("udptl")
            && self.formats.iter().any(|format| format.eq_ignore_ascii_case("t38"))
    }

    /// Whether a flag or attribute with this name is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.attributes(name).next().is_some()
    }

    /// The port and, if it is said, the address of `a=rtcp` (RFC 3605).
    #[must_use]
    pub fn rtcp(&self) -> Option<(u16, Option<IpAddr>)> {
        let mut words =
            self.attributes("rtcp").find_map(|value| str::from_utf8(value).ok())?.split_ascii_whitespace();
        Some((words.next()?.parse().ok()?, words.nth(2).and_then(|word| word.parse().ok())))
    }

    /// Whether RTP and RTCP share the port (RFC 5761).
    #[must_use]
    pub fn rtcp_mux(&self) -> bool {
        self.has("rtcp-mux")
    }

    /// Whether the bandwidth for reports is said to be none (RFC 3556).
    #[must_use]
    pub fn is_without_reports(&self) -> bool {
        let is_none = |kind: &[u8]| {
            let mut said = self.lines.iter().filter(|line| line.kind == b'b');
            said.any(|line| line.value.strip_prefix(kind).is_some_and(|rest| rest.trim_ascii() == b"0"))
        };
        is_none(b"RS:") && is_none(b"RR:")
    }

    /// The packet time in milliseconds, where it is said.
    #[must_use]
    pub fn ptime(&self) -> Option<u32> {
        self.attributes("ptime").find_map(|value| str::from_utf8(value).ok()?.parse().ok())
    }

    /// The encoding of a payload type: by `a=rtpmap`, else by the fixed assignments.
    #[must_use]
    pub fn rtpmap(&self, payload: u8) -> Option<RtpMap<'_>> {
        self.attributes("rtpmap").filter_map(parse_rtpmap).find(|map| map.payload == payload).or_else(|| {
            let codec = codec::by_fixed_payload(payload)?;
            Some(RtpMap { payload, name: codec.name, clock_rate: codec.clock_rate, channels: codec.channels })
        })
    }

    /// The parameters of a payload type.
    #[must_use]
    pub fn fmtp(&self, payload: u8) -> Option<&str> {
        self.attributes("fmtp")
            .filter_map(|value| str::from_utf8(value).ok()?.split_once(' '))
            .find_map(|(key, rest)| (key.parse() == Ok(payload)).then_some(rest.trim()))
    }

    /// The payload type of an encoding, among the formats of the section.
    #[must_use]
    pub fn payload_of(&self, name: &str) -> Option<u8> {
        let payloads = self.formats.iter().filter_map(|format| format.parse().ok());
        payloads
            .into_iter()
            .find(|&payload| self.rtpmap(payload).is_some_and(|map| map.name.eq_ignore_ascii_case(name)))
    }
}

/// The address of a `c=` value; a name, a group or an unreadable one is `None`.
pub(super) fn connection_address(value: &str) -> Option<IpAddr> {
    let mut words = value.split_ascii_whitespace().skip(1);
    let _family = words.next()?;
    let word = words.next()?;
    let address: IpAddr = word.split('/').next().unwrap_or(word).parse().ok()?;
    (!address.is_multicast()).then_some(address)
}

fn first<'s>(lines: &'s [Line<'_>], kind: u8) -> Option<&'s str> {
    lines.iter().find(|line| line.kind == kind).and_then(|line| str::from_utf8(&line.value).ok())
}

fn direction_in(lines: &[Line<'_>]) -> Option<Direction> {
    lines.iter().filter_map(Line::attribute).find_map(|(name, _)| Direction::of(name))
}

fn parse_rtpmap(value: &[u8]) -> Option<RtpMap<'_>> {
    let (payload, encoding) = str::from_utf8(value).ok()?.split_once(' ')?;
    let mut parts = encoding.trim().split('/');
    let name = parts.next()?.trim();
    let clock_rate = parts.next()?.trim().parse().ok()?;
    let channels = parts.next().and_then(|word| word.trim().parse().ok()).unwrap_or(1);
    Some(RtpMap { payload: payload.parse().ok()?, name, clock_rate, channels })
}
