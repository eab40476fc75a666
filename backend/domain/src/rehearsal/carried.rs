//! The minutes of a month on a draft: what was recorded with each attempt, and what earlier attempts of the rehearsal used
//! more or less of it than they did.

use super::Attempted;
use crate::{
    decision::Funds,
    ids::TenantId,
    rating::{LineKind, Quote, UsedVolume, month_of},
};
use std::{borrow::Cow, collections::HashMap};

/// Milliseconds more, or less, than were recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct More {
    used_ms: i64,
    free_ms: i64,
}

/// What the attempts so far used otherwise than they did, by payer, month and kind of leg.
#[derive(Debug, Clone, Default)]
pub struct Carried(HashMap<TenantId, Vec<(String, LineKind, More)>>);

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

impl Carried {
    /// What the payer of an attempt had, with the minutes that it would have used until then.
    pub(super) fn funds<'a>(&self, attempt: &'a Attempted) -> Cow<'a, Funds> {
        let known = attempt.decision.payer.and_then(|payer| self.0.get(&payer));
        let Some(known) = known else { return Cow::Borrowed(&attempt.funds) };
        let month = month_of(attempt.facts.at);
        let mut funds = attempt.funds.clone();
        for (_, kind, more) in known.iter().filter(|(of, _, more)| *of == month && *more != More::default()) {
            let volumes = &mut funds.usage.volumes;
            let at = volumes.iter().position(|used| used.kind == *kind).unwrap_or_else(|| {
                volumes.push(UsedVolume { kind: *kind, used_ms: 0, free_taken_ms: 0 });
                volumes.len() - 1
            });
            let used = &mut volumes[at];
            used.used_ms = used.used_ms.saturating_add_signed(more.used_ms);
            used.free_taken_ms = used.free_taken_ms.saturating_add_signed(more.free_ms);
        }
        Cow::Owned(funds)
    }

    /// Counts what an attempt uses by a quote, for so long, instead of what it used.
    pub(super) fn count(&mut self, attempt: &Attempted, quote: &Quote, ms: Option<u64>) {
        let Some(payer) = attempt.decision.payer else { return };
        let now = lines(quote, ms).map(|used| (used, 1));
        let then = lines(&attempt.decision.quote, attempt.answered_ms).map(|used| (used, -1));
        for ((month, kind, used_ms, free_ms), sign) in now.chain(then) {
            let known = self.0.entry(payer).or_default();
            let at = known.iter().position(|(of, other, _)| of == month && *other == kind);
            let at = at.unwrap_or_else(|| {
                known.push((month.to_owned(), kind, More::default()));
                known.len() - 1
            });
            let more = &mut known[at].2;
            more.used_ms = more.used_ms.saturating_add(sign * signed(used_ms));
            more.free_ms = more.free_ms.saturating_add(sign * signed(free_ms));
        }
    }
}

/// What a quote counts of a duration: month, kind, billed milliseconds and the free ones of them.
fn lines(quote: &Quote, ms: Option<u64>) -> impl Iterator<Item = (&str, LineKind, u64, u64)> {
    let counted = move |line: &'_ crate::rating::Line| ms.is_some_and(|ms| line.counted(ms).is_some());
    quote.lines.iter().filter(move |line| counted(line)).filter_map(move |line| {
        let (month, used_ms, free_ms) = line.counted(ms?)?;
        Some((month, line.kind, used_ms, free_ms))
    })
}
