//! A deck as bytes: short, and the same for the same rows.

use super::{Deck, DeckRate, Destination};
use crate::rating::RateTerms;

/// What the bytes begin with.
const MAGIC: &[u8; 6] = b"deck\x001";

/// Bytes that are no deck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no rate deck")]
pub struct Unreadable;

/// A deck as bytes, before they are compressed.
#[must_use]
pub fn pack(deck: &Deck) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + deck.destinations.len() * 24 + deck.len() * 8);
    out.extend_from_slice(MAGIC);
    number(&mut out, deck.destinations.len() as u64);
    for destination in &deck.destinations {
        for text in [&destination.name, &destination.kind, &destination.country] {
            number(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
    }
    number(&mut out, deck.rates.len() as u64);
    for rate in &deck.rates {
        number(&mut out, u64::from(rate.destination));
        number(&mut out, rate.per_minute_micros.unsigned_abs());
        let terms = rate.terms;
        maybe(&mut out, terms.connection_micros.map(i64::unsigned_abs));
        maybe(&mut out, terms.first_ms.map(u64::from));
        maybe(&mut out, terms.next_ms.map(u64::from));
        maybe(&mut out, terms.minimum_ms.map(u64::from));
        maybe(&mut out, terms.minimum_micros.map(i64::unsigned_abs));
    }
    number(&mut out, deck.keys.len() as u64);
    let mut before = 0;
    for key in &deck.keys {
        number(&mut out, key.wrapping_sub(before));
        before = *key;
    }
    for place in &deck.places {
        number(&mut out, u64::from(*place));
    }
    out
}

/// The deck of bytes.
///
/// # Errors
/// [`Unreadable`].
pub fn unpack(bytes: &[u8]) -> Result<Deck, Unreadable> {
    let mut from = bytes.strip_prefix(MAGIC).ok_or(Unreadable)?;
    let from = &mut from;
    let destinations =
        many(from, |from| Ok(Destination { name: text(from)?, kind: text(from)?, country: text(from)? }))?;
    let rates = many(from, |from| {
        let destination = take32(from)?;
        let per_minute_micros = whole(take(from)?)?;
        let terms = RateTerms {
            connection_micros: perhaps(from)?.map(whole).transpose()?,
            first_ms: perhaps(from)?.map(small).transpose()?,
            next_ms: perhaps(from)?.map(small).transpose()?,
            minimum_ms: perhaps(from)?.map(small).transpose()?,
            minimum_micros: perhaps(from)?.map(whole).transpose()?,
        };
        Ok(DeckRate { destination, per_minute_micros, terms })
    })?;
    let mut before = 0_u64;
    let keys = many(from, |from| {
        before = before.wrapping_add(take(from)?);
        Ok(before)
    })?;
    let mut places = Vec::with_capacity(keys.len());
    for _ in 0..keys.len() {
        places.push(take32(from)?);
    }
    let is_whole = keys.is_sorted()
        && places.iter().all(|place| (*place as usize) < rates.len())
        && rates.iter().all(|rate| (rate.destination as usize) < destinations.len());
    if !from.is_empty() || !is_whole {
        return Err(Unreadable);
    }
    Ok(Deck::of_sorted(keys, places, rates, destinations))
}

/// Seven bits a byte, the low ones first.
fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// 0 for nothing, and else one more than the value.
fn maybe(out: &mut Vec<u8>, value: Option<u64>) {
    number(out, value.map_or(0, |value| value.saturating_add(1)));
}

fn take(from: &mut &[u8]) -> Result<u64, Unreadable> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first().ok_or(Unreadable)?;
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Unreadable)
}

fn take32(from: &mut &[u8]) -> Result<u32, Unreadable> {
    small(take(from)?)
}

fn perhaps(from: &mut &[u8]) -> Result<Option<u64>, Unreadable> {
    Ok(take(from)?.checked_sub(1))
}

fn small(value: u64) -> Result<u32, Unreadable> {
    u32::try_from(value).map_err(|_| Unreadable)
}

fn whole(value: u64) -> Result<i64, Unreadable> {
    i64::try_from(value).map_err(|_| Unreadable)
}

fn text(from: &mut &[u8]) -> Result<String, Unreadable> {
    let length = usize::try_from(take(from)?).map_err(|_| Unreadable)?;
    let (text, rest) = from.split_at_checked(length).ok_or(Unreadable)?;
    *from = rest;
    String::from_utf8(text.to_vec()).map_err(|_| Unreadable)
}

fn many<T>(
    from: &mut &[u8],
    mut one: impl FnMut(&mut &[u8]) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Unreadable> {
    let count = usize::try_from(take(from)?).map_err(|_| Unreadable)?;
    // Nothing takes less than a byte, so what is promised cannot be more than there is.
    if count > from.len() {
        return Err(Unreadable);
    }
    (0..count).map(|_| one(from)).collect()
}
