//! Amounts as people type them.

use app::Error;
use domain::money::MICROS_PER_UNIT;

/// `2.50` in micro-units; nothing is none.
pub(super) fn amount(what: &str, text: &str) -> Result<Option<i64>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Error::invalid(what, format!("the {what} is an amount such as 2.50, not {text:?}"));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole)
        || !digits(part)
        || part.len() > 6
        || whole.len() > 10
        || (whole.is_empty() && part.is_empty())
    {
        return Err(wrong());
    }
    let part: i64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
    whole.checked_mul(MICROS_PER_UNIT).and_then(|micros| micros.checked_add(part)).map(Some).ok_or_else(wrong)
}

/// Micro-units as people write them.
pub(super) fn amount_text(micros: i64) -> String {
    let (whole, part) = (micros / MICROS_PER_UNIT, micros % MICROS_PER_UNIT);
    let part = format!("{part:06}");
    let part = part.trim_end_matches('0');
    format!("{whole}.{part:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        for (text, micros) in [("2.50", 2_500_000), ("0.0085", 8_500), ("10", 10_000_000), (".5", 500_000)] {
            assert_eq!(amount("cap", text).ok(), Some(Some(micros)), "{text}");
        }
        assert_eq!(amount("cap", " ").ok(), Some(None));
        for text in ["-1", "1,5", "1.2345678", "much", "."] {
            assert!(amount("cap", text).is_err(), "{text}");
        }
        assert_eq!((amount_text(2_500_000), amount_text(8_500)), ("2.50".into(), "0.0085".into()));
    }
}
