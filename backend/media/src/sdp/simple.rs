//! Small descriptions of our own: for the sandbox, the test phone and whoever ends a call itself.

use super::{Direction, Sdp, SdpError};
use crate::codec::{self, Codec};
use std::{fmt::Write, net::IpAddr};

/// An offer of one audio stream with these payload types of `codec::TABLE`, most wanted first; unknown ones are left out.
#[must_use]
pub fn simple_offer(addr: IpAddr, port: u16, payloads: &[u8], direction: Direction) -> String {
    let rows: Vec<_> =
        payloads.iter().filter_map(|&payload| Some((payload, codec::by_payload(payload)?))).collect();
    audio(addr, port, &rows, direction, 1)
}

/// An answer to an offer: the codecs of its audio that are in `payloads` (of `codec::TABLE`), in the offer's order and with the offer's
/// numbers; other streams are refused. The direction is the widest the offer allows within `direction`.
///
/// # Errors
/// `NoAudio` for an offer without audio over plain RTP, `NoCodec` where nothing is shared.
pub fn simple_answer(
    offer: &Sdp<'_>,
    addr: IpAddr,
    port: u16,
    payloads: &[u8],
    direction: Direction,
) -> Result<String, SdpError> {
    let audio_index =
        offer.media.iter().position(|media| media.port != 0 && media.proto.starts_with("RTP/AVP"));
    let media = audio_index.map(|index| &offer.media[index]).ok_or(SdpError::NoAudio)?;
    let known: Vec<_> = payloads.iter().filter_map(|&payload| codec::by_payload(payload)).collect();
    let rows: Vec<(u8, &Codec)> = media
        .formats
        .iter()
        .filter_map(|format| format.parse().ok())
        .filter_map(|payload| {
            let map = media.rtpmap(payload)?;
            let row = known
                .iter()
                .find(|row| row.name.eq_ignore_ascii_case(map.name) && row.clock_rate == map.clock_rate)?;
            Some((payload, *row))
        })
        .collect();
    if !rows.iter().any(|(_, row)| !matches!(row.name, "telephone-event" | "CN")) {
        return Err(SdpError::NoCodec);
    }
    let allowed = offer.direction(media).answered();
    let hears = offer.address(media).is_none_or(|address| !address.is_unspecified());
    let direction = Direction::from_parts(
        direction.sends() && allowed.sends() && hears,
        direction.receives() && allowed.receives(),
    );
    let ours = audio(addr, port, &rows, direction, 1);
    let (head, section) = ours.split_at(ours.find("m=").unwrap_or(ours.len()));
    let mut out = head.to_owned();
    for (index, media) in offer.media.iter().enumerate() {
        if Some(index) == audio_index {
            out.push_str(section);
        } else {
            let _ =
                write!(out, "m={} 0 {} {}\r\n", media.kind.as_str(), media.proto, media.formats.join(" "));
        }
    }
    Ok(out)
}

fn audio(addr: IpAddr, port: u16, rows: &[(u8, &Codec)], direction: Direction, version: u64) -> String {
    let family = if addr.is_ipv4() { "IP4" } else { "IP6" };
    let mut out =
        format!("v=0\r\no=- {port} {version} IN {family} {addr}\r\ns=-\r\nc=IN {family} {addr}\r\nt=0 0\r\n");
    let _ = write!(out, "m=audio {port} RTP/AVP");
    for (payload, _) in rows {
        let _ = write!(out, " {payload}");
    }
    out.push_str("\r\n");
    for (payload, row) in rows {
        let channels = if row.channels > 1 { format!("/{}", row.channels) } else { String::new() };
        let _ = write!(out, "a=rtpmap:{payload} {}/{}{channels}\r\n", row.name, row.clock_rate);
        if !row.fmtp.is_empty() {
            let _ = write!(out, "a=fmtp:{payload} {}\r\n", row.fmtp);
        }
    }
    let _ = write!(out, "a=ptime:20\r\na={}\r\n", direction.as_str());
    out
}
