//! Playing to a side: packets of prepared audio in the place of what the other side says.
//!
//! What is played goes on with the stream that the side hears: the same source, numbers without a gap, and afterwards the stream
//! itself with its numbers moved. Where none flows, it begins one of its own. What the other side says meanwhile is not heard.

use crate::{
    Side,
    tap::{TAPS_MAX, Tap},
};
use media::{clip::Frames, rtp};
use std::{sync::Arc, time::Duration};

/// The time between two packets, microseconds.
const STEP_US: u64 = 20_000;
/// For how long a stream is waited for with which playing could go on, microseconds.
const JOIN_US: u64 = 60_000;
/// How far behind its time playing may be before it lets the time go in place of catching up, microseconds.
const BEHIND_US: u64 = 200_000;
/// The longest packet whose numbers are changed, bytes.
const SHIFTED_MAX: usize = 2048;
/// The longest time that something is played for, repeated or not.
pub const PLAY_MAX: Duration = Duration::from_secs(120);

/// What is played to a side.
#[derive(Debug, Clone)]
pub struct Playback {
    /// The frames, in the codec that the side has agreed to.
    pub frames: Arc<Frames>,
    /// Their payload type.
    pub payload: u8,
    /// For how long, at most [`PLAY_MAX`]; longer than the frames repeats them.
    pub lasts: Duration,
}

/// What a side hears, where that is more than what the other one sends.
#[derive(Debug, Default)]
pub(crate) struct Speaker {
    playing: Option<Playing>,
    /// The last packet that went to the side as it went, and when.
    last: Option<(rtp::Header, u64)>,
    /// By how much the numbers of a stream are moved.
    shift: Option<Shift>,
    /// Whether something was played since the last packet of a stream.
    is_interrupted: bool,
}

#[derive(Debug)]
struct Playing {
    playback: Playback,
    sent: usize,
    packets: usize,
    /// When the next packet goes.
    due_us: u64,
    /// The header of the next packet, once it is known.
    next: Option<rtp::Header>,
}

#[derive(Debug, Clone, Copy)]
struct Shift {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The first number of the stream that is let through: what comes before came late.
    from: u16,
}

/// What becomes of a packet on its way to a side.
pub(crate) enum Way<'p> {
    /// It goes as it is.
    Same,
    /// This goes in its place.
    Other(&'p [u8]),
    /// Nothing goes: the side hears something else.
    Nothing,
}

impl Speaker {
    /// Plays from now on, in place of what was played.
    pub(crate) fn play(&mut self, playback: Playback, now: u64) {
        let packets = (playback.lasts.min(PLAY_MAX).as_micros() as u64).div_ceil(STEP_US) as usize;
        let next = self.following(now, playback.frames.step());
        let before = self.playing.take().and_then(|playing| playing.next.map(|next| (next, playing.due_us)));
        let (next, due_us) = match (before, next) {
            (Some((next, due_us)), _) => (Some(next), due_us),
            (None, Some(next)) => (Some(next), now),
            (None, None) => (None, now + JOIN_US),
        };
        let next = next.map(|next| rtp::Header { marker: true, payload_type: playback.payload, ..next });
        if packets > 0 && !playback.frames.is_empty() {
            self.playing = Some(Playing { playback, sent: 0, packets, due_us, next });
        }
    }

    /// Plays no more.
    pub(crate) fn stop(&mut self) {
        self.playing = None;
    }

    /// When the next packet is due; `None` where nothing is played.
    pub(crate) fn due_us(&self) -> Option<u64> {
        self.playing.as_ref().map(|playing| playing.due_us)
    }

    /// The header that follows the last packet at this time.
    fn following(&self, now: u64, step: u32) -> Option<rtp::Header> {
        let (last, at) = self.last?;
        let passed = (now.saturating_sub(at) * u64::from(step) / STEP_US) as u32;
        Some(rtp::Header {
            sequence: last.sequence.wrapping_add(1),
            timestamp: last.timestamp.wrapping_add(passed.max(step)),
            ..last
        })
    }

    /// Says what becomes of a packet of the other side; `room` is where another one is written.
    pub(crate) fn pass<'p>(&mut self, packet: &[u8], now: u64, room: &'p mut Vec<u8>) -> Way<'p> {
        let Some(header) = header(packet) else { return Way::Same };
        if let Some(playing) = &mut self.playing {
            if playing.next.is_none() {
                let payload_type = playing.playback.payload;
                playing.next = Some(rtp::Header { marker: true, payload_type, ..header });
                playing.due_us = now;
            }
            return Way::Nothing;
        }
        if std::mem::take(&mut self.is_interrupted) {
            self.shift = self.shift_of(&header, now);
        }
        let Some(shift) = self.shift.filter(|shift| shift.ssrc == header.ssrc) else {
            self.last = Some((header, now));
            return Way::Same;
        };
        if header.sequence.wrapping_sub(shift.from) > u16::MAX / 2 {
            return Way::Nothing;
        }
        let sequence = header.sequence.wrapping_add(shift.sequence);
        let timestamp = header.timestamp.wrapping_add(shift.timestamp);
        self.last = Some((rtp::Header { sequence, timestamp, ..header }, now));
        room.clear();
        room.extend_from_slice(&packet[..packet.len().min(SHIFTED_MAX)]);
        room[2..4].copy_from_slice(&sequence.to_be_bytes());
        room[4..8].copy_from_slice(&timestamp.to_be_bytes());
        Way::Other(room)
    }

    /// How the numbers of a stream that goes on after playing are to be moved.
    fn shift_of(&self, header: &rtp::Header, now: u64) -> Option<Shift> {
        let (last, at) = self.last.filter(|(last, _)| last.ssrc == header.ssrc)?;
        let passed = (now.saturating_sub(at).max(STEP_US) / 125) as u32;
        Some(Shift {
            ssrc: header.ssrc,
            sequence: last.sequence.wrapping_add(1).wrapping_sub(header.sequence),
            timestamp: last.timestamp.wrapping_add(passed).wrapping_sub(header.timestamp),
            from: header.sequence,
        })
    }

    /// The next packet of what is played, where it is due; `ssrc` names the stream where there is none.
    pub(crate) fn tick<'p>(
        &mut self,
        now: u64,
        ssrc: impl FnOnce() -> u32,
        room: &'p mut Vec<u8>,
    ) -> Option<&'p [u8]> {
        let playing = self.playing.as_mut().filter(|playing| playing.due_us <= now)?;
        let Playback { frames, payload, .. } = &playing.playback;
        let header = playing.next.unwrap_or_else(|| rtp::Header {
            marker: true,
            payload_type: *payload,
            ssrc: ssrc(),
            ..rtp::Header::default()
        });
        room.clear();
        header.write(frames.frame(playing.sent % frames.len()).unwrap_or_default(), room);
        playing.next = Some(rtp::Header {
            marker: false,
            sequence: header.sequence.wrapping_add(1),
            timestamp: header.timestamp.wrapping_add(frames.step()),
            ..header
        });
        playing.sent += 1;
        playing.due_us += STEP_US;
        if now.saturating_sub(playing.due_us) > BEHIND_US {
            playing.due_us = now + STEP_US;
        }
        self.last = Some((header, now));
        self.is_interrupted = true;
        if playing.sent >= playing.packets {
            self.playing = None;
        }
        Some(room)
    }
}

fn header(packet: &[u8]) -> Option<rtp::Header> {
    rtp::Packet::parse(packet).ok().map(|packet| packet.header)
}

/// What is done with a session's media beside passing it on.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// What each side hears.
    pub(crate) speakers: [Speaker; 2],
    /// Who listens to what each side says.
    pub(crate) taps: [Option<Tap>; TAPS_MAX],
}

impl Extras {
    /// When the next packet of either side is due.
    pub(crate) fn due_us(&self) -> Option<u64> {
        self.speakers.iter().filter_map(Speaker::due_us).min()
    }

    /// A packet of a side is heard, and says what becomes of the one that goes to the other side in its place.
    pub(crate) fn pass<'p>(
        &mut self,
        from: Side,
        heard: &rtp::Packet<'_>,
        going: Option<&'p [u8]>,
        now: u64,
        room: &'p mut Vec<u8>,
    ) -> Option<&'p [u8]> {
        self.taps.iter_mut().flatten().for_each(|tap| tap.hear(from, heard, now));
        let going = going?;
        match self.speakers[from.other().index()].pass(going, now, room) {
            Way::Same => Some(going),
            Way::Other(other) => Some(other),
            Way::Nothing => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use media::clip::Clip;

    const MS: u64 = 1_000;

    fn playback(packets: u64) -> Playback {
        let clip = Clip::new(vec![1000; 320]);
        let lasts = Duration::from_millis(packets * 20);
        Playback { frames: clip.frames("PCMA").unwrap(), payload: 8, lasts }
    }

    fn audio(sequence: u16) -> Vec<u8> {
        let timestamp = u32::from(sequence) * 160;
        rtp::Header { payload_type: 8, sequence, timestamp, ssrc: 7, marker: false }.packet(&[0x55; 160])
    }

    fn read(packet: &[u8]) -> (rtp::Header, u8) {
        let packet = rtp::Packet::parse(packet).unwrap();
        (packet.header, packet.payload[0])
    }

    #[test]
    fn playing_takes_the_place_of_the_stream_which_goes_on_after_it_without_a_gap() {
        let (mut speaker, mut room) = (Speaker::default(), Vec::new());
        assert!(matches!(speaker.pass(&audio(100), 0, &mut room), Way::Same));
        speaker.play(playback(3), 20 * MS);
        let mut sent = Vec::new();
        for step in 1..=8u16 {
            let now = u64::from(step) * 20 * MS;
            match speaker.pass(&audio(100 + step), now, &mut room) {
                Way::Other(packet) => sent.push(read(packet)),
                Way::Same => sent.push(read(&audio(100 + step))),
                Way::Nothing => {}
            }
            sent.extend(speaker.tick(now, || 1, &mut room).map(read));
        }
        let numbers: Vec<_> = sent.iter().map(|(header, _)| header.sequence).collect();
        assert_eq!(numbers, (101..=101 + sent.len() as u16 - 1).collect::<Vec<_>>());
        let stamps: Vec<_> = sent.iter().map(|(header, _)| header.timestamp).collect();
        assert!(stamps.windows(2).all(|two| two[1] - two[0] == 160), "{stamps:?}");
        assert!(sent.iter().all(|(header, _)| header.ssrc == 7));
        let audible: Vec<_> = sent.iter().map(|(_, byte)| *byte).collect();
        assert_eq!(audible, [0xFA, 0xFA, 0xFA, 0x55, 0x55, 0x55, 0x55, 0x55][..audible.len()]);
        assert!(sent[0].0.marker && !sent[1].0.marker);
        assert_eq!(speaker.due_us(), None);
    }

    #[test]
    fn where_nothing_flows_a_stream_of_its_own_begins_after_a_moment() {
        let (mut speaker, mut room) = (Speaker::default(), Vec::new());
        speaker.play(playback(5), 0);
        assert!(speaker.tick(JOIN_US - 1, || 9, &mut room).is_none());
        let sent: Vec<_> = (0..400)
            .filter_map(|step| speaker.tick(JOIN_US + step * MS, || 9, &mut room).map(read))
            .collect();
        let shape: Vec<_> =
            sent.iter().map(|(header, _)| (header.sequence, header.timestamp, header.ssrc)).collect();
        assert_eq!(shape, [(0, 0, 9), (1, 160, 9), (2, 320, 9), (3, 480, 9), (4, 640, 9)]);
        assert!(matches!(speaker.pass(&audio(4), 900 * MS, &mut room), Way::Same), "another source");
    }

    #[test]
    fn playing_that_is_stopped_or_replaced_leaves_no_gap_either() {
        let (mut speaker, mut room) = (Speaker::default(), Vec::new());
        assert!(matches!(speaker.pass(&audio(10), 0, &mut room), Way::Same));
        speaker.play(playback(50), MS);
        assert_eq!(speaker.tick(2 * MS, || 9, &mut room).map(read).unwrap().0.sequence, 11);
        speaker.play(playback(50), 3 * MS);
        assert_eq!(speaker.tick(22 * MS, || 9, &mut room).map(read).unwrap().0.sequence, 12);
        speaker.stop();
        assert!(speaker.tick(100 * MS, || 9, &mut room).is_none());
        let Way::Other(packet) = speaker.pass(&audio(15), 100 * MS, &mut room) else {
            panic!("its numbers move")
        };
        assert_eq!(read(packet).0.sequence, 13);
        assert!(matches!(speaker.pass(&audio(14), 101 * MS, &mut room), Way::Nothing), "it came late");
    }

    #[test]
    fn a_worker_that_was_away_does_not_pour_everything_out_at_once() {
        let (mut speaker, mut room) = (Speaker::default(), Vec::new());
        speaker.play(playback(500), 0);
        assert!(speaker.tick(JOIN_US, || 9, &mut room).is_some());
        let late = JOIN_US + 5_000 * MS;
        let burst = (0..20).filter(|_| speaker.tick(late, || 9, &mut room).is_some()).count();
        assert!(burst <= 2, "{burst}");
    }
}
