//! What the simulated PSTN does with a call, by the number that was dialled. Pure; the table of the README.

use std::time::Duration;

/// How long numbers that ring at all ring before they answer.
pub const RING: Duration = Duration::from_secs(2);
/// How long numbers ending in 50-59 talk before they hang up.
pub const TALK: Duration = Duration::from_secs(10);
/// The cause word with which emergency numbers are refused: it stands in the Reason header, with Q.850 cause
/// 3 (no route to destination) and status 404, since no carrier takes such a call anywhere and trying the
/// next one is pointless (a 503 would ask for just that).
pub const EMERGENCY_CAUSE: &str = "emergency-unavailable";

/// Emergency numbers of the countries whose fictional numbers are sold, and the world's usual ones. 933 is
/// the North American test number for emergency calls.
const EMERGENCY: [&str; 12] =
    ["000", "106", "110", "111", "112", "113", "115", "118", "119", "911", "933", "999"];

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// 00-49: rings [`RING`], answers, echoes audio and DTMF.
    Echo,
    /// 50-59: answers at once, plays a tone, hangs up after [`TALK`].
    Tone,
    /// 60-69: 486.
    Busy,
    /// 70-79: rings until cancelled.
    NoAnswer,
    /// 80-84: 503.
    Unavailable,
    /// 85-89: 603.
    Declines,
    /// 90-94: 183 with a tone for [`RING`], then answers and echoes.
    EarlyMedia,
    /// 95-97: answers at once and never sends a packet.
    Silent,
    /// 98: answers at once and sends a tone from another address than its SDP says.
    StrayMedia,
    /// 99: no reply at all, not even 100.
    NeverReplies,
    /// An emergency number: refused with [`EMERGENCY_CAUSE`].
    Emergency,
    /// Nothing that ends in two digits: 404 with Q.850 cause 1.
    NotANumber,
}

impl Behaviour {
    /// The behaviour of what was dialled: the user part of a `sip:` URI or the subscriber of a `tel:` one.
    /// Parameters after `;` and the visual separators of RFC 3966 §5.1.1 do not matter.
    #[must_use]
    pub fn of(dialled: &str) -> Self {
        let subscriber = dialled.split(';').next().unwrap_or_default();
        let digits: String =
            subscriber.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')' | ' ')).collect();
        let number = digits.strip_prefix('+').unwrap_or(&digits);
        if EMERGENCY.contains(&number) {
            return Self::Emergency;
        }
        let ending = number.len().checked_sub(2).and_then(|at| number.get(at..)).and_then(|two| {
            let all_digits = number.bytes().all(|byte| byte.is_ascii_digit());
            all_digits.then(|| two.parse::<u8>().ok()).flatten()
        });
        ending.map_or(Self::NotANumber, Self::of_ending)
    }

    const fn of_ending(ending: u8) -> Self {
        match ending {
            0..=49 => Self::Echo,
            50..=59 => Self::Tone,
            60..=69 => Self::Busy,
            70..=79 => Self::NoAnswer,
            80..=84 => Self::Unavailable,
            85..=89 => Self::Declines,
            90..=94 => Self::EarlyMedia,
            95..=97 => Self::Silent,
            98 => Self::StrayMedia,
            _ => Self::NeverReplies,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_digits_choose_the_behaviour() {
        let edges = [
            ("+12065550100", Behaviour::Echo),
            ("+12065550149", Behaviour::Echo),
            ("+12065550150", Behaviour::Tone),
            ("+12065550159", Behaviour::Tone),
            ("+12065550160", Behaviour::Busy),
            ("+12065550169", Behaviour::Busy),
            ("+12065550170", Behaviour::NoAnswer),
            ("+12065550179", Behaviour::NoAnswer),
            ("+12065550180", Behaviour::Unavailable),
            ("+12065550184", Behaviour::Unavailable),
            ("+12065550185", Behaviour::Declines),
            ("+12065550189", Behaviour::Declines),
            ("+12065550190", Behaviour::EarlyMedia),
            ("+12065550194", Behaviour::EarlyMedia),
            ("+12065550195", Behaviour::Silent),
            ("+12065550197", Behaviour::Silent),
            ("+12065550198", Behaviour::StrayMedia),
            ("+12065550199", Behaviour::NeverReplies),
        ];
        for (number, behaviour) in edges {
            assert_eq!(Behaviour::of(number), behaviour, "{number}");
        }
    }

    #[test]
    fn separators_and_parameters_do_not_matter() {
        assert_eq!(Behaviour::of("+1-206-555-01.60;phone-context=+1"), Behaviour::Busy);
        assert_eq!(Behaviour::of("(206) 555 0150"), Behaviour::Tone);
    }

    #[test]
    fn emergency_numbers_are_refused_whatever_their_last_digits_say() {
        for number in ["112", "911", "999", "000", "933", "+112"] {
            assert_eq!(Behaviour::of(number), Behaviour::Emergency, "{number}");
        }
        assert_eq!(Behaviour::of("+12065550112"), Behaviour::Echo);
    }

    #[test]
    fn what_is_no_number_is_refused_as_such() {
        for dialled in ["", "+", "7", "alice", "12a50", "+١٢"] {
            assert_eq!(Behaviour::of(dialled), Behaviour::NotANumber, "{dialled}");
        }
    }
}
