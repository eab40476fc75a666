//! Minutes of a month: what a tenant has used of them before a call.

use super::{Line, LineKind, LineTerms, PricePlan, VolumePrice};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a tenant has used of a kind of leg in a month, when a call is decided: a fact of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsedVolume {
    /// Which kind.
    pub kind: LineKind,
    /// Milliseconds billed of calls that are over, free ones included.
    pub used_ms: u64,
    /// Free milliseconds that are used, or set aside for calls that are up.
    pub free_taken_ms: u64,
}

/// The month (UTC) of a moment, in which its call is counted: `2026-11`.
#[must_use]
pub fn month_of(at: DateTime<Utc>) -> String {
    at.format("%Y-%m").to_string()
}

impl PricePlan {
    /// The legs of a call at the volume that their payer has reached: what was used before stands in the lines from then
    /// on. Two legs of a kind share its free minutes. Kinds whose minutes the plan does not count stay as they are.
    pub fn at_volumes(&self, lines: &mut [Line], used: &[UsedVolume], at: DateTime<Utc>) {
        for place in 0..lines.len() {
            let kind = lines[place].kind;
            let Some(volume) = self.volumes.iter().find(|volume| volume.kind == kind) else { continue };
            let before = lines[..place].iter().filter(|line| line.kind == kind);
            let granted_ms: u64 =
                before.filter_map(|line| line.terms.as_deref()).map(LineTerms::free_ms).sum();
            let used = used.iter().find(|used| used.kind == kind);
            let (used_ms, taken_ms) = used.map_or((0, 0), |used| (used.used_ms, used.free_taken_ms));
            let free_left_ms = volume.free_ms().saturating_sub(taken_ms.saturating_add(granted_ms));
            at_volume(&mut lines[place], volume, (used_ms, free_left_ms), at);
        }
    }
}

fn at_volume(line: &mut Line, volume: &VolumePrice, (used_ms, free_left_ms): (u64, u64), at: DateTime<Utc>) {
    let (steps, price) = volume.steps(line.per_minute_micros, used_ms, free_left_ms);
    let mut terms = line.terms.take().unwrap_or_default();
    terms.steps = steps;
    terms.month = month_of(at);
    line.per_minute_micros = price;
    line.terms = Some(terms);
}
