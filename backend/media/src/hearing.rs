//! What a single packet of audio sounds like: sound, quiet, or nothing that its payload type can mean. Cheap, for samples of a stream.

use crate::g711::Law;

/// The least mean amplitude that is a sound, of 32,768: about −64 dB. A-law's own rest is 8, a line's noise some 20 to 60.
const SOUND_FROM: u32 = 20;
/// Bytes of the shortest step in which G.711 and G.722 are packed: 5 ms.
const STEP: usize = 40;
/// The level of comfort noise (RFC 3389), −dBov, from which it is quiet.
const QUIET_FROM: u8 = 64;

/// What a packet is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// There is sound in it, or it is of a codec whose frames do not tell and not a mere sign of silence.
    Sound,
    /// It is silent: no amplitude, or a sign that there is none.
    Quiet,
    /// It can't be what its payload type says: the length is none of that codec.
    Misfit,
    /// It says nothing: a telephone event, or nothing at all.
    Nothing,
}

/// Looks at a payload. The payload types that RFC 3551 assigns are known by their number; of others the length alone tells: three bytes
/// and less are a sign of silence (Opus DTX), four a telephone event.
#[must_use]
pub fn look(payload_type: u8, payload: &[u8]) -> Look {
    if payload.is_empty() {
        return Look::Nothing;
    }
    match payload_type {
        0 => amplitude(payload, Law::Mu),
        8 => amplitude(payload, Law::A),
        9 if !payload.len().is_multiple_of(STEP) => Look::Misfit,
        13 => {
            if payload[0] & 0x7F >= QUIET_FROM {
                Look::Quiet
            } else {
                Look::Sound
            }
        }
        18 => match payload.len() {
            2 => Look::Quiet,
            length if length % 10 == 0 || length % 10 == 2 => Look::Sound,
            _ => Look::Misfit,
        },
        96.. => match payload.len() {
            ..=3 => Look::Quiet,
            4 => Look::Nothing,
            _ => Look::Sound,
        },
        _ => Look::Sound,
    }
}

fn amplitude(payload: &[u8], law: Law) -> Look {
    if !payload.len().is_multiple_of(STEP) {
        return Look::Misfit;
    }
    let sum: u32 = payload.iter().map(|&byte| u32::from(law.decode(byte).unsigned_abs())).sum();
    if sum >= SOUND_FROM * payload.len() as u32 { Look::Sound } else { Look::Quiet }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_sound_and_rest_is_quiet() {
        let tone = |law: Law| -> Vec<u8> {
            (0..160).map(|at| law.encode(if at % 8 < 4 { 2000 } else { -2000 })).collect()
        };
        assert_eq!(look(0, &tone(Law::Mu)), Look::Sound);
        assert_eq!(look(8, &tone(Law::A)), Look::Sound);
        assert_eq!([look(0, &[0xFF; 160]), look(8, &[0xD5; 160])], [Look::Quiet; 2]);
        let noise: Vec<_> = (0..160i16).map(|at| Law::A.encode(at % 3 * 40 - 40)).collect();
        assert_eq!(look(8, &noise), Look::Sound, "the noise of a line is not silence");
    }

    #[test]
    fn signs_of_silence_and_lengths_that_fit_no_codec_are_told() {
        assert_eq!([look(13, &[70]), look(13, &[40, 1, 2])], [Look::Quiet, Look::Sound]);
        assert_eq!(
            [look(18, &[1, 2]), look(18, &[1; 20]), look(18, &[1; 22])],
            [Look::Quiet, Look::Sound, Look::Sound]
        );
        assert_eq!(
            [look(111, &[1]), look(111, &[1; 60]), look(101, &[1; 4])],
            [Look::Quiet, Look::Sound, Look::Nothing]
        );
        assert_eq!(
            [look(8, &[0x55; 20]), look(0, &[7; 33]), look(18, &[1; 160 + 5]), look(9, &[1; 50])],
            [Look::Misfit; 4]
        );
        assert_eq!(
            [look(9, &[1; 160]), look(3, &[1; 33]), look(8, &[])],
            [Look::Sound, Look::Sound, Look::Nothing]
        );
    }
}
