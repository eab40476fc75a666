//! What stands in the cells of a file.

use super::{Prefix, code::DIGITS_MAX};
use crate::rating::PRICE_MAX_MICROS;

/// Prefixes of one cell at most.
const CELL_PREFIXES_MAX: usize = 10_000;
/// The longest increment and minimum, milliseconds.
const SECONDS_MAX_MS: u64 = 3_600_000;

/// A price: decimal digits with up to six after the point, or after a comma.
pub(super) fn micros(text: &str) -> Result<i64, String> {
    let plain = text.trim().trim_start_matches(['$', '€', '£']).trim();
    let (whole, fraction) = match plain.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
        None => (plain, ""),
    };
    if plain.starts_with('-') {
        return Err(format!("{plain} is negative: a price is zero or more"));
    }
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty() && !plain.contains('0'))
        || !are_digits(whole)
        || !are_digits(fraction)
    {
        return Err(format!("{text:?} is no price such as 0.0130"));
    }
    if fraction.len() > 6 {
        return Err(format!("{plain} has more than six decimals: prices go down to a millionth"));
    }
    let number: Option<i64> = if whole.is_empty() { Some(0) } else { whole.parse().ok() };
    let rest: i64 = format!("{fraction:0<6}").parse().map_err(|_| format!("{text:?} is no price"))?;
    number
        .and_then(|units| units.checked_mul(1_000_000)?.checked_add(rest))
        .filter(|micros| *micros <= PRICE_MAX_MICROS)
        .ok_or_else(|| format!("{plain} is more than a million a minute"))
}

/// Seconds, whole or with up to three decimals, in milliseconds.
pub(super) fn milliseconds(text: &str, least: u32) -> Result<u32, String> {
    let wrong = || {
        format!("{text:?} is no number of seconds from {} to 3600", if least == 0 { "0" } else { "0.001" })
    };
    let micros = micros(text).map_err(|_| wrong())?;
    let ms = u64::try_from(micros / 1_000).map_err(|_| wrong())?;
    if micros % 1_000 != 0 || ms > SECONDS_MAX_MS || ms < u64::from(least) {
        return Err(wrong());
    }
    u32::try_from(ms).map_err(|_| wrong())
}

/// The increments of one cell: `60`, or `30/6` for the first and the others, in seconds.
pub(super) fn increments(text: &str) -> Result<(Option<u32>, u32), String> {
    match text.split_once('/') {
        Some((first, next)) => Ok((Some(milliseconds(first, 1)?), milliseconds(next, 1)?)),
        None => Ok((None, milliseconds(text, 1)?)),
    }
}

/// The prefixes of a cell, each after a calling code, which may be empty.
pub(super) fn prefixes(country_code: &str, text: &str, mut found: impl FnMut(Prefix)) -> Result<(), String> {
    let country_code = digits(country_code)?;
    let text = text.trim();
    if country_code.is_empty() && text.len() <= DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit()) {
        found(text.parse().map_err(|error| format!("{error}"))?);
        return Ok(());
    }
    let mut count = 0;
    for part in text.split([';', ',', '|']) {
        let part = part.trim();
        let (from, until) = match part.split_once('-') {
            Some((from, until)) => (digits(from)?, digits(until)?),
            None => (digits(part)?, String::new()),
        };
        count += 1;
        if until.is_empty() && !part.contains('-') {
            found(joined(&country_code, &from)?);
            continue;
        }
        let wrong = || format!("{part:?} is no range such as 4670-4673");
        let (first, last): (u64, u64) =
            (from.parse().map_err(|_| wrong())?, until.parse().map_err(|_| wrong())?);
        if from.len() != until.len() || first > last {
            return Err(wrong());
        }
        for number in first..=last {
            count += 1;
            if count > CELL_PREFIXES_MAX {
                return Err(format!(
                    "{part:?} has more than {CELL_PREFIXES_MAX} prefixes: write fewer in a row"
                ));
            }
            found(joined(&country_code, &format!("{number:0width$}", width = from.len()))?);
        }
    }
    Ok(())
}

fn joined(country_code: &str, digits: &str) -> Result<Prefix, String> {
    format!("{country_code}{digits}").parse().map_err(|error| format!("{error}"))
}

/// Digits, without the signs that people put between them.
fn digits(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bare = text.strip_prefix('+').unwrap_or(text);
    let plain: String = bare.chars().filter(|letter| !matches!(letter, ' ' | '.' | '(' | ')')).collect();
    if bare.contains('.') || bare.contains(['E', 'e']) {
        return Err(format!(
            "{text:?} is no prefix; a spreadsheet seems to have changed it: format the column as text"
        ));
    }
    if plain.len() > DIGITS_MAX || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{text:?} is no prefix of up to {DIGITS_MAX} digits"));
    }
    Ok(plain)
}
