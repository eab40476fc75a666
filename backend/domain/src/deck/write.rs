//! A deck as a CSV file that reads as the same deck.

use super::{Deck, Row};
use crate::money::MICROS_PER_UNIT;
use std::fmt::Write as _;

/// The heading.
const HEADING: &str = "prefix,destination,type,country,perMinute,connectionFee,firstIncrement,increment,minimumDuration,minimumCharge,currency\n";

/// Writes a deck in its own layout. [`super::read`] makes the same deck of it.
#[must_use]
pub fn write(deck: &Deck, currency: &str) -> String {
    let mut text = String::with_capacity(HEADING.len() + deck.len() * 48);
    text.push_str(HEADING);
    for row in deck.rows() {
        line(&mut text, &row, currency);
    }
    text
}

fn line(text: &mut String, row: &Row<'_>, currency: &str) {
    let _ = write!(text, "{},", row.prefix);
    for cell in [&row.destination.name, &row.destination.kind, &row.destination.country] {
        quoted(text, cell);
        text.push(',');
    }
    decimals(text, row.rate.per_minute_micros, MICROS_PER_UNIT);
    let terms = &row.rate.terms;
    let thousandths = |ms: Option<u32>| ms.map(|ms| (i64::from(ms), 1_000));
    let money = |micros: Option<i64>| micros.map(|micros| (micros, MICROS_PER_UNIT));
    for cell in [
        money(terms.connection_micros),
        thousandths(terms.first_ms),
        thousandths(terms.next_ms),
        thousandths(terms.minimum_ms),
        money(terms.minimum_micros),
    ] {
        text.push(',');
        if let Some((number, unit)) = cell {
            decimals(text, number, unit);
        }
    }
    text.push(',');
    text.push_str(currency);
    text.push('\n');
}

/// A cell; one that a program would take for a formula is left as it is: a deck is read by machines.
fn quoted(text: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) {
        let _ = write!(text, "\"{}\"", cell.replace('"', "\"\""));
    } else {
        text.push_str(cell);
    }
}

/// A number of so many parts of a unit, with no more decimals than it needs.
fn decimals(text: &mut String, number: i64, unit: i64) {
    let _ = write!(text, "{}", number / unit);
    let (mut rest, mut unit) = (number % unit, unit);
    if rest == 0 {
        return;
    }
    text.push('.');
    while rest > 0 {
        unit /= 10;
        let _ = write!(text, "{}", rest / unit);
        rest %= unit;
    }
}
