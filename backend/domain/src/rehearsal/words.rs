//! The words of a rehearsal.

use super::{Side, cause};
use crate::rating::{Line, Quote};
use serde::{Deserialize, Serialize};

/// What is different about an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Nothing.
    Same,
    /// It goes the same way, at another price or cost.
    Repriced,
    /// It goes the same way, with other numbers shown or asked for, or other statuses on which it goes on.
    Rewritten,
    /// It goes another way.
    Rerouted,
    /// It was connected, and is refused.
    Refused,
    /// It was refused, and is connected.
    Admitted,
    /// It is refused for another cause.
    RefusedOtherwise,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Same,
        Self::Repriced,
        Self::Rewritten,
        Self::Rerouted,
        Self::Refused,
        Self::Admitted,
        Self::RefusedOtherwise,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Repriced => "repriced",
            Self::Rewritten => "rewritten",
            Self::Rerouted => "rerouted",
            Self::Refused => "refused",
            Self::Admitted => "admitted",
            Self::RefusedOtherwise => "refusedOtherwise",
        }
    }

    pub(super) fn of(before: &Side, after: &Side) -> Self {
        let (one, two) = (&before.decision, &after.decision);
        match (one.connects(), two.connects()) {
            (false, false) if cause(one) == cause(two) => Self::Same,
            (false, false) => Self::RefusedOtherwise,
            (true, false) => Self::Refused,
            (false, true) => Self::Admitted,
            (true, true) => {
                let is_same_way = one.plan.len() == two.plan.len()
                    && one.plan.iter().zip(&two.plan).all(|(a, b)| a.target == b.target);
                if !is_same_way {
                    return Self::Rerouted;
                }
                let is_same_price = before.charge_micros == after.charge_micros
                    && before.cost == after.cost
                    && is_same_price(&one.quote, &two.quote);
                match (one.plan == two.plan, is_same_price) {
                    (true, true) => Self::Same,
                    (_, false) => Self::Repriced,
                    (false, true) => Self::Rewritten,
                }
            }
        }
    }
}

/// Whether every duration costs the same, whatever the versions are called.
fn is_same_price(one: &Quote, other: &Quote) -> bool {
    let same = |a: &Line, b: &Line| {
        a.kind == b.kind
            && a.per_minute_micros == b.per_minute_micros
            && a.increment_ms == b.increment_ms
            && a.terms == b.terms
    };
    one.currency == other.currency
        && one.lines.len() == other.lines.len()
        && one.lines.iter().zip(&other.lines).all(|(a, b)| same(a, b))
}

/// What a draft would need to know of an attempt, and nobody wrote down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Unknown {
    /// Whether a call that was refused would have been answered.
    Admitted,
    /// Whether a call that goes another way would have been answered there, and for how long.
    Answer,
    /// How busy and how well the trunks and carriers were that were not asked then.
    Load,
    /// Which of several carriers took it.
    Carrier,
    /// What money earlier calls would have left.
    Balance,
    /// The minutes of the month before the period, which the plan of then did not count.
    Volumes,
}

impl Unknown {
    /// What is not known, and what is taken for it, in a sentence.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Admitted => {
                "Calls that were refused and would be connected: whether and for how long they would have been answered is not \
                 known, so they earn and cost nothing here."
            }
            Self::Answer => {
                "Answered calls that would go another way: they are taken to be answered there as well, for as long as they were."
            }
            Self::Load => {
                "Calls that would go to a trunk or carrier that was not tried then: how busy and how well it was is recorded \
                 only where it was full or offline, so it is taken to have had room."
            }
            Self::Carrier => {
                "Calls with several carriers in their plan: which of them took it is not recorded, so the first is taken to have."
            }
            Self::Balance => {
                "Calls at another price: the money of their payer is as it was at each call, without what earlier calls of the \
                 period would have cost more or less."
            }
            Self::Volumes => {
                "Calls whose minutes the draft counts by the month, which were not counted then: they are counted from the \
                 beginning of the period."
            }
        }
    }
}

/// Why an attempt cannot be decided again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Unreplayed {
    /// It is up.
    Live,
    /// It was refused before there was anything to decide on.
    Undecided,
    /// A version of the configuration that it was decided on is not kept.
    ConfigurationGone,
    /// The configuration of then leads to another decision today.
    DecidedOtherwise,
}

impl Unreplayed {
    /// Why, in a sentence.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Live => "The call is up: how long it will be is not known.",
            Self::Undecided => {
                "It was refused before it was decided, as nothing was dialled that could be a number or a name: no draft changes that."
            }
            Self::ConfigurationGone => "The configuration that it was decided on is not kept any more.",
            Self::DecidedOtherwise => {
                "The configuration of then leads to another decision by the rules of today, so what the draft changes could not be told apart."
            }
        }
    }
}
