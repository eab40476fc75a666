//! Telephone-events in descriptions of a side that does not speak them: put in for the other side's sake, and taken out again.

use super::{Line, Sdp};

/// The payload types that may be given to telephone-events, the usual one first (RFC 3551 §3: 96-127 are dynamic).
const PAYLOADS: [u8; 32] = {
    let mut payloads = [0; 32];
    let mut at = 0;
    while at < 32 {
        payloads[at] = 96 + (at as u8 + 5) % 32;
        at += 1;
    }
    payloads
};

/// The payload type of telephone-events in the audio of a description, where it has them.
#[must_use]
pub fn events_of(sdp: &[u8]) -> Option<u8> {
    Sdp::parse(sdp).ok()?.audio()?.payload_of("telephone-event")
}

/// The clock of the telephone-events in the audio of a description, Hz, where it has them: not always that of its audio.
#[must_use]
pub fn events_clock_of(sdp: &[u8]) -> Option<u32> {
    let sdp = Sdp::parse(sdp).ok()?;
    let audio = sdp.audio()?;
    Some(audio.rtpmap(audio.payload_of("telephone-event")?)?.clock_rate)
}

/// The description with telephone-events in its audio, of this payload type or a free one, and which that is. `None` where
/// it has some already, has no audio, or cannot be read.
#[must_use]
pub fn with_events(sdp: &[u8], payload: Option<u8>) -> Option<(Vec<u8>, u8)> {
    let mut sdp = Sdp::parse(sdp).ok()?;
    let audio = sdp.audio()?;
    if audio.payload_of("telephone-event").is_some() {
        return None;
    }
    let is_free = |payload: &u8| audio.formats.iter().all(|format| format.parse() != Ok(*payload));
    let payload = payload.or_else(|| PAYLOADS.into_iter().find(is_free)).filter(is_free)?;
    let first = audio.formats.first().and_then(|format| format.parse().ok());
    let clock_rate = first.and_then(|first| audio.rtpmap(first)).map_or(8000, |map| map.clock_rate);
    let format = payload.to_string();
    let place = audio_place(&sdp)?;
    let media = &mut sdp.media[place];
    media.formats.push(&format);
    media.lines.push(Line::new(b'a', format!("rtpmap:{payload} telephone-event/{clock_rate}").into_bytes()));
    media.lines.push(Line::new(b'a', format!("fmtp:{payload} 0-15").into_bytes()));
    Some((write(&sdp), payload))
}

/// The description without this payload type in its audio. As it was, where that cannot be read.
#[must_use]
pub fn without_payload(sdp: &[u8], payload: u8) -> Vec<u8> {
    let Ok(mut parsed) = Sdp::parse(sdp) else { return sdp.to_vec() };
    let Some(place) = audio_place(&parsed) else { return sdp.to_vec() };
    let media = &mut parsed.media[place];
    let (format, word) = (payload.to_string(), format!("{payload} "));
    // The last format stays: a section without any is none.
    if media.formats.len() < 2 {
        return sdp.to_vec();
    }
    media.formats.retain(|known| *known != format);
    media.lines.retain(|line| {
        let about = line.attribute().filter(|(name, _)| matches!(*name, b"rtpmap" | b"fmtp"));
        !about.is_some_and(|(_, value)| value.starts_with(word.as_bytes()))
    });
    write(&parsed)
}

fn audio_place(sdp: &Sdp<'_>) -> Option<usize> {
    sdp.media.iter().position(|media| media.kind == super::Kind::Audio && media.port != 0)
}

fn write(sdp: &Sdp<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    sdp.session.iter().for_each(|line| line.write(&mut out));
    for media in &sdp.media {
        media.write_head(media.port, &mut out);
        media.lines.iter().for_each(|line| line.write(&mut out));
    }
    out
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const PLAIN: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                         m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 iLBC/8000\r\na=sendrecv\r\nm=video 0 RTP/AVP 31\r\n";

    #[test]
    fn events_are_put_in_with_a_free_number_and_taken_out_again() {
        assert_eq!(events_of(PLAIN.as_bytes()), None);
        let (with, payload) = with_events(PLAIN.as_bytes(), None).unwrap();
        assert_eq!(payload, 102, "101 is taken");
        let text = String::from_utf8(with.clone()).unwrap();
        assert!(text.contains("m=audio 4000 RTP/AVP 8 101 102\r\n"), "{text}");
        assert!(text.contains("a=rtpmap:102 telephone-event/8000\r\na=fmtp:102 0-15\r\nm=video"), "{text}");
        assert_eq!(events_of(&with), Some(102));
        assert_eq!((events_clock_of(&with), events_clock_of(PLAIN.as_bytes())), (Some(8_000), None));
        assert_eq!(with_events(&with, None), None, "it has some already");
        assert_eq!(String::from_utf8(without_payload(&with, 102)).unwrap(), PLAIN);
    }

    #[test]
    fn a_number_that_is_taken_and_what_cannot_be_read_change_nothing() {
        assert_eq!(with_events(PLAIN.as_bytes(), Some(101)), None);
        assert_eq!(with_events(b"nonsense", None), None);
        assert_eq!(without_payload(b"nonsense", 101), b"nonsense");
    }
}
