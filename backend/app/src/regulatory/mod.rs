//! What regulators want of whoever buys a number: the operator says it per country and type, a tenant reads it before it
//! buys and shows it, the operator judges it. Until then such numbers are not sold to that tenant.

mod judge;
mod rules;
mod show;

pub use judge::{EvidenceView, document, evidence, judge};
pub use rules::{NewRequirement, RequirementRule, add_rule, drop_rule, rules};
pub(crate) use show::check_document;
pub use show::{Document, RequirementView, requirements, show};

use crate::{App, Error};
use domain::access::Scope;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::{
    regulatory::{self as rows, APPROVED, Evidence, Requirement},
    stock::Stock,
};
use uuid::Uuid;

/// Bytes of a document at most.
pub const DOCUMENT_MAX: usize = 700 * 1024;
/// Characters of what a tenant says at most.
pub const STATEMENT_MAX: usize = 2_000;
/// Things that a tenant may have shown, over all time.
pub const SHOWN_MAX: u64 = 200;
/// Things that are listed.
const LISTED: u64 = 200;

/// What kind of thing is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequirementKind {
    /// Where the buyer is.
    Address,
    /// Who it is.
    Identity,
    /// Papers of its business.
    Business,
}

impl RequirementKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Address, Self::Identity, Self::Business];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Identity => "identity",
            Self::Business => "business",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How far a tenant is with a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EvidenceState {
    /// Nothing was shown.
    Missing,
    /// It waits for the operator.
    Submitted,
    /// It is met.
    Approved,
    /// What was shown will not do.
    Rejected,
}

impl EvidenceState {
    fn of(row: Option<&Evidence>) -> Self {
        match row.map(|row| row.state.as_str()) {
            None => Self::Missing,
            Some(APPROVED) => Self::Approved,
            Some(rows::REJECTED) => Self::Rejected,
            Some(_) => Self::Submitted,
        }
    }
}

/// Of each requirement what counts: what was approved, else what was shown last.
fn standing(shown: &[Evidence]) -> BTreeMap<Uuid, &Evidence> {
    let mut best: BTreeMap<Uuid, &Evidence> = BTreeMap::new();
    for row in shown {
        let known = best.entry(row.requirement_id).or_insert(row);
        if known.state != APPROVED && row.state == APPROVED {
            *known = row;
        }
    }
    best
}

/// Refuses a purchase of numbers whose requirements are not met: 403 `RegulatoryRequirementsNotMet`.
pub(crate) async fn check(app: &App, scope: &Scope, numbers: &[&Stock]) -> Result<(), Error> {
    check_kinds(
        app,
        scope,
        numbers.iter().map(|row| (row.country.as_str(), row.number_type.as_str())).collect(),
    )
    .await
}

/// The same for numbers of one kind that are not in the stock: country and type.
pub(crate) async fn check_kind(app: &App, scope: &Scope, kind: (&str, &str)) -> Result<(), Error> {
    check_kinds(app, scope, BTreeSet::from([kind])).await
}

async fn check_kinds(app: &App, scope: &Scope, kinds: BTreeSet<(&str, &str)>) -> Result<(), Error> {
    let on = app.db().read();
    let mut wanted: Vec<Requirement> = Vec::new();
    for (country, number_type) in kinds {
        let found = rows::requirements(on, scope, Some(country)).await?;
        wanted.extend(found.into_iter().filter(|row| row.number_type == number_type));
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let shown = rows::shown(on, scope, None, SHOWN_MAX).await?;
    let standing = standing(&shown);
    let open = wanted
        .iter()
        .find(|row| EvidenceState::of(standing.get(&row.id).copied()) != EvidenceState::Approved);
    let Some(open) = open else { return Ok(()) };
    let what = match EvidenceState::of(standing.get(&open.id).copied()) {
        EvidenceState::Submitted => "what you showed waits for the operator",
        EvidenceState::Rejected => "what you showed was rejected: show something else",
        EvidenceState::Missing | EvidenceState::Approved => "show it first",
    };
    Err(Error::Invalid {
        status: 403,
        code: "RegulatoryRequirementsNotMet",
        message: format!(
            "{} numbers of {} want {} of their buyer ({}); {what}. GET /api/v1/regulatoryRequirements lists everything.",
            open.number_type, open.country, open.kind, open.description
        ),
        target: Some("countryCode".to_owned()),
        inner: None,
    })
}
