//! A description of one side, made to point at the relay for the other side.

use super::{
    Direction, Encryption, Keying, Line, Media, Payloads, Sdp, SdpError,
    model::connection_address,
    payloads,
    shield::{self, Coat},
};
use crate::codec::Coding;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where the relay listens for the side that will read the rewritten description, and how its `o=` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// The address that is put into `o=` and `c=`.
    pub addr: IpAddr,
    /// The port for RTP.
    pub rtp_port: u16,
    /// The port for RTCP; written as `a=rtcp` where it is not the one above the RTP port.
    pub rtcp_port: u16,
    /// The session id of `o=`: the same for all descriptions of one side of one call.
    pub session_id: u64,
    /// The version of `o=`: one more for each description that changed (RFC 3264 §8).
    pub version: u64,
}

/// Where the writer of a description wants its audio, and what it said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Where RTP goes to, and must come from.
    pub rtp: SocketAddr,
    /// The same for RTCP.
    pub rtcp: SocketAddr,
    /// Whether RTCP is on the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
    /// Whether the writer wants reports: not where `b=RS:0` and `b=RR:0` say that there are none (RFC 3556).
    pub wants_reports: bool,
    /// The payload types that it may send.
    pub payloads: Payloads,
    /// What those of them mean that are not fixed, as far as it is audio that we know.
    pub codings: Vec<(u8, Coding)>,
    /// Those of them that are no audio: telephone-events and comfort noise.
    pub beside: Payloads,
    /// Which way the writer lets it flow; an address of all zeros counts as not listening.
    pub direction: Direction,
    /// The payload type of the first format, where it is a number.
    pub payload: Option<u8>,
    /// The encoding's name of the first format, or the format itself where it is unnamed.
    pub codec: String,
    /// The clock of the first format in Hz; 8000 where it is unnamed.
    pub clock_rate: u32,
    /// Whether the address can't be reached from the public internet.
    pub private_address: bool,
    /// The keys of its media, where it is encrypted.
    pub keys: Option<Keying>,
}

/// What came of rewriting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The description for the other side.
    pub body: Vec<u8>,
    /// The writer's end of the audio; `None` where it refuses or has ended all streams (port 0).
    pub remote: Option<Endpoint>,
}

/// Attributes that promise what a plain relay can't keep: ICE, bundling, feedback; and those of each leg of its own: encryption, where
/// RTCP is.
const DROPPED: &[&[u8]] = &[
    b"alt",
    b"bundle-only",
    b"candidate",
    b"connection",
    b"crypto",
    b"dtls-id",
    b"end-of-candidates",
    b"fingerprint",
    b"group",
    b"ice-lite",
    b"ice-mismatch",
    b"ice-options",
    b"ice-pacing",
    b"ice-pwd",
    b"ice-ufrag",
    b"key-mgmt",
    b"remote-candidates",
    b"rtcp",
    b"rtcp-fb",
    b"rtcp-mux",
    b"rtcp-mux-only",
    b"setup",
    b"tls-id",
    b"zrtp-hash",
];

/// Points a description at the relay: `o=`, `c=`, the audio's port and `a=rtcp` become ours, one audio stream over plain RTP is
/// kept with its codecs and direction, other streams are refused with port 0, unknown lines stay as they are.
///
/// An address of all zeros (the old way to hold) becomes ours with `a=sendonly`, or `a=inactive` where it was not sending.
///
/// # Errors
/// What `Sdp::parse` refuses; `Secure`, `NoAudio`, `NoAddress`, `BadAddress`, `AddressFamily` where no stream can be served.
pub fn rewrite(sdp: &[u8], local: &Local) -> Result<Rewritten, SdpError> {
    let sdp = Sdp::parse(sdp)?;
    let chosen = shield::choose(&sdp, Encryption::Off, |_| false)?.map(|chosen| chosen.index);
    rewrite_section(&sdp, chosen, local, &Coat::default())
}

/// The same for a section that was chosen, which is written in this coat.
pub(super) fn rewrite_section(
    sdp: &Sdp<'_>,
    chosen: Option<usize>,
    local: &Local,
    coat: &Coat,
) -> Result<Rewritten, SdpError> {
    let remote = chosen.map(|index| endpoint(sdp, &sdp.media[index], local)).transpose()?;
    let mut body = Vec::with_capacity(512);
    write_session(sdp, local, &mut body);
    for (index, media) in sdp.media.iter().enumerate() {
        match &remote {
            Some(remote) if chosen == Some(index) => {
                write_audio(sdp, media, (remote, local), coat, &mut body);
            }
            _ => write_refused(media, &mut body),
        }
    }
    Ok(Rewritten { body, remote })
}

/// Whether an address can't be reached from the public internet: private, shared, link-local, loopback or nowhere.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64;
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared
        }
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
    }
}

fn endpoint(sdp: &Sdp<'_>, media: &Media<'_>, local: &Local) -> Result<Endpoint, SdpError> {
    let connection = media.connection().or_else(|| sdp.connection()).ok_or(SdpError::NoAddress)?;
    let address = connection_address(connection).ok_or_else(|| SdpError::BadAddress(bounded(connection)))?;
    if address.is_ipv4() != local.addr.is_ipv4() && !address.is_unspecified() {
        return Err(SdpError::AddressFamily { theirs: address, ours: local.addr });
    }
    let same_family = |other: &IpAddr| other.is_ipv4() == address.is_ipv4() && !other.is_multicast();
    let rtcp = match media.rtcp() {
        Some((port, other)) => SocketAddr::new(other.filter(same_family).unwrap_or(address), port),
        None => SocketAddr::new(address, media.port.saturating_add(1)),
    };
    let said = sdp.direction(media);
    let direction = Direction::from_parts(said.sends(), said.receives() && !address.is_unspecified());
    let format = media.formats.first().copied().unwrap_or_default();
    let payload = format.parse().ok();
    let map = payload.and_then(|payload| media.rtpmap(payload));
    Ok(Endpoint {
        rtp: SocketAddr::new(address, media.port),
        rtcp,
        rtcp_mux: media.rtcp_mux(),
        wants_reports: rtcp.port() != 0 && !media.is_without_reports(),
        payloads: Payloads::of(media),
        codings: payloads::codings(media).collect(),
        beside: Payloads::beside(media),
        direction,
        payload,
        codec: map.map_or(format, |map| map.name).to_owned(),
        clock_rate: map.map_or(8000, |map| map.clock_rate),
        private_address: is_private(address),
        keys: None,
    })
}

/// The most that an error repeats of what it met.
const MAX_QUOTE: usize = 80;

fn bounded(text: &str) -> String {
    text.chars().take(MAX_QUOTE).collect()
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "IP4" } else { "IP6" }
}

/// The order of RFC 8866 §5; what is unknown goes before the attributes.
fn rank(kind: u8) -> u8 {
    match kind {
        b'v' => 0,
        b'o' => 1,
        b's' => 2,
        b'i' => 3,
        b'u' => 4,
        b'e' => 5,
        b'p' => 6,
        b'c' => 7,
        b'b' => 8,
        b't' | b'r' | b'z' => 9,
        b'a' => 11,
        _ => 10,
    }
}

fn write_session(sdp: &Sdp<'_>, local: &Local, out: &mut Vec<u8>) {
    let family = family(local.addr);
    let origin = format!("- {} {} IN {family} {}", local.session_id, local.version, local.addr);
    let connection = format!("IN {family} {}", local.addr);
    let mut lines = vec![
        Line::new(b'v', &b"0"[..]),
        Line::new(b'o', origin.into_bytes()),
        Line::new(b'c', connection.into_bytes()),
    ];
    for (kind, default) in [(b's', &b"-"[..]), (b't', b"0 0")] {
        if !sdp.session.iter().any(|line| line.kind == kind) {
            lines.push(Line::new(kind, default));
        }
    }
    let kept = sdp.session.iter().filter(|line| !matches!(line.kind, b'v' | b'o' | b'c') && is_kept(line));
    lines.extend(kept.cloned());
    lines.sort_by_key(|line| rank(line.kind));
    lines.iter().for_each(|line| line.write(out));
}

fn write_audio(
    sdp: &Sdp<'_>,
    media: &Media<'_>,
    (remote, local): (&Endpoint, &Local),
    coat: &Coat,
    out: &mut Vec<u8>,
) {
    media.write_head_as(local.rtp_port, coat.proto.as_deref().unwrap_or(media.proto), out);
    let redirected = sdp.direction(media) != remote.direction;
    let is_direction =
        |line: &Line<'_>| line.attribute().is_some_and(|(name, _)| Direction::of(name).is_some());
    let kept = |line: &&Line<'_>| line.kind != b'c' && is_kept(line) && !(redirected && is_direction(line));
    media.lines.iter().filter(kept).for_each(|line| line.write(out));
    if local.rtcp_port != local.rtp_port.saturating_add(1) {
        out.extend_from_slice(format!("a=rtcp:{}\r\n", local.rtcp_port).as_bytes());
    }
    if coat.rtcp_mux {
        out.extend_from_slice(b"a=rtcp-mux\r\n");
    }
    for line in &coat.lines {
        out.extend_from_slice(format!("{line}\r\n").as_bytes());
    }
    if redirected {
        out.extend_from_slice(format!("a={}\r\n", remote.direction.as_str()).as_bytes());
    }
}

/// A refused stream keeps its place and what it said, except addresses.
fn write_refused(media: &Media<'_>, out: &mut Vec<u8>) {
    media.write_head(0, out);
    media.lines.iter().filter(|line| line.kind != b'c' && is_kept(line)).for_each(|line| line.write(out));
}

fn is_kept(line: &Line<'_>) -> bool {
    line.kind != b'k' && !line.attribute().is_some_and(|(name, _)| DROPPED.contains(&name))
}

impl Endpoint {
    /// Whether it is fax (T.38 over UDPTL): its packets are no RTP, and passed on unread.
    #[must_use]
    pub fn is_fax(&self) -> bool {
        self.payload.is_none() && self.codec.eq_ignore_ascii_case("t38")
    }

    /// Whether the writer neither gave a place to send to nor wants to hear.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.rtp.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
            || self.rtp.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    }
}
