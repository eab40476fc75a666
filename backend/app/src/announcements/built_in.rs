//! The built-in announcements: tones alone, since nothing here speaks.

use domain::cause::Cause;
use media::tones::{Tone, of_country};

/// One round of the special information tone, milliseconds.
const SPECIAL_MS: u32 = 1_990;

/// What is heard of a cause without a file: what cannot be dialled begins with the special information tone; a line that is busy,
/// or a limit that is reached, is the country's tone for it.
pub(super) fn samples(cause: Cause, country: &str) -> Vec<i16> {
    let parts: &[(Tone, u32)] = match cause {
        Cause::Busy => &[(Tone::Busy, 6_000)],
        Cause::CallLimit | Cause::RateLimit => &[(Tone::Congestion, 5_000)],
        Cause::OutOfFunds | Cause::BalanceTooLow | Cause::SpendCap => {
            &[(Tone::SpecialInformation, SPECIAL_MS), (Tone::Busy, 4_000)]
        }
        _ => &[
            (Tone::SpecialInformation, SPECIAL_MS),
            (Tone::SpecialInformation, SPECIAL_MS),
            (Tone::Congestion, 3_000),
        ],
    };
    let plan = of_country(country);
    parts.iter().flat_map(|(tone, millis)| plan.samples(*tone, *millis)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::tone::share_at;

    #[test]
    fn every_cause_is_heard_and_those_that_cannot_be_dialled_begin_with_the_special_tone() {
        for cause in super::super::CAUSES {
            let samples = samples(cause, "GB");
            let is_special = share_at(&samples[..2_640], 950.0, 8_000) > 0.9;
            let is_plain = matches!(cause, Cause::Busy | Cause::CallLimit | Cause::RateLimit);
            assert_eq!(is_special, !is_plain, "{cause:?}");
            assert!(samples.len() >= 5 * 8_000, "{cause:?}");
        }
        assert!(share_at(&samples(Cause::Busy, "GB")[..2_400], 400.0, 8_000) > 0.9);
        assert!(share_at(&samples(Cause::Busy, "FR")[..2_400], 440.0, 8_000) > 0.9);
    }
}
