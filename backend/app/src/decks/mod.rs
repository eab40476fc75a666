//! Rate decks: prices or costs of up to a million prefixes, in versions.
//!
//! A file becomes a draft, which says what it would change; somebody confirms it, for now or for a later time. Versions
//! are kept: an earlier one is put back by another version that says the same.

mod body;
mod confirm;
mod create;
mod due;
mod list;
mod margin;
mod upload;

pub(crate) use body::decks as load;
pub use confirm::{confirm, rollback, withdraw};
pub use create::{NewDeck, create};
pub(crate) use due::apply_due;
pub use list::{compare, export, get, list, version, versions};
pub(crate) use margin::{check_carrier, check_plan};
pub use upload::upload;

use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    config::Platform,
    deck::{Comparison, Survey},
    ids::DeckId,
    money::Currency,
    rating::DeckUse,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::prices;

/// Versions of a deck that are listed at most.
pub const VERSIONS_MAX: u64 = 500;
/// Decks at most.
pub const DECKS_MAX: usize = 200;

/// Whose prices a deck has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeckKind {
    /// What tenants pay; price plans take it.
    Price,
    /// What a carrier asks; carriers take it.
    Cost,
}

impl DeckKind {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Cost => "cost",
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Price, Self::Cost].into_iter().find(|kind| kind.word() == word)
    }
}

/// A deck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeckView {
    /// Its identifier.
    pub id: DeckId,
    /// Its name.
    pub name: String,
    /// Whose prices.
    pub kind: DeckKind,
    /// The currency of its prices.
    pub currency: Currency,
    /// The number of the version in force; `None` while there is none.
    pub current: Option<i32>,
    /// How many prefixes that one has.
    pub rows: u64,
    /// The plans or carriers that take it, by name.
    pub used_by: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What a file says, and what it would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Which column was taken for what, in their order.
    pub columns: Vec<(String, domain::deck::Column)>,
    /// What it changes of the version in force.
    pub changes: Comparison,
    /// What is odd about it by itself.
    pub survey: Survey,
    /// How many rows name a prefix that another row names too.
    pub duplicates: u64,
    /// The first of them.
    pub duplicates_listed: Vec<Twice>,
}

/// A prefix that stands in a file twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Twice {
    /// Which.
    pub prefix: String,
    /// The line that counts.
    pub kept: u64,
    /// The line that does not.
    pub dropped: u64,
    /// Whether they say different prices; the dearer one counts.
    pub differs: bool,
}

/// A version of a deck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionView {
    /// Its number.
    pub number: i32,
    /// `draft`, `scheduled`, `applied` or `withdrawn`.
    pub state: String,
    /// Whether it is in force.
    pub is_current: bool,
    /// How many prefixes it has.
    pub rows: u64,
    /// Where it is from.
    pub note: String,
    /// SHA-256 of what it says.
    pub hash: String,
    /// From when on it is in force; of a draft nothing.
    pub effective_at: Option<DateTime<Utc>>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What was said of its file, as JSON.
    pub preview: serde_json::Value,
}

impl VersionView {
    fn of(row: prices::DeckVersion, current: Option<uuid::Uuid>) -> Self {
        Self {
            number: row.number,
            is_current: current == Some(row.id),
            state: row.state,
            rows: row.row_count.max(0).unsigned_abs(),
            note: row.note,
            hash: row.hash,
            effective_at: row.effective_at,
            created_by: row.created_by,
            created_at: row.created_at,
            preview: row.preview,
        }
    }
}

fn no_deck() -> Error {
    Error::not_found("deck", "there is no such rate deck: GET /api/v1/operator/rateDecks lists them")
}

fn no_version() -> Error {
    Error::not_found("version", "this deck has no such version")
}

/// What the audit calls a deck.
#[must_use]
pub fn target(name: &str) -> String {
    format!("deck {name}")
}

/// Says in a platform which versions of decks are in force; the decks that it names then.
///
/// # Errors
/// [`Error::Internal`] where the database fails or a deck cannot be read.
pub(crate) async fn resolve(
    app: &App,
    scope: &Scope,
    platform: &mut Platform,
) -> Result<domain::config::Decks, Error> {
    let current = in_force(app, scope).await?;
    let mut hashes = Vec::new();
    for plan in &mut platform.plans {
        let version = plan.version.clone();
        let Some(used) = &mut plan.deck else { continue };
        fill(used, &current, &version);
        hashes.push(used.hash.clone());
    }
    for carrier in &mut platform.carriers {
        let Some(used) = &mut carrier.deck else { continue };
        fill(used, &current, "");
        hashes.push(used.hash.clone());
    }
    load(app, scope, hashes).await
}

/// The hash and the name of the version in force of each deck.
pub(crate) type InForce = HashMap<DeckId, (String, String)>;

pub(crate) async fn in_force(app: &App, scope: &Scope) -> Result<InForce, Error> {
    let current = prices::current_deck_versions(app.db().read(), scope).await?;
    let named = |(deck, version): (prices::Deck, prices::DeckVersion)| {
        (DeckId(deck.id), (version.hash, format!("{}/{}", deck.name, version.number)))
    };
    Ok(current.into_iter().map(named).collect())
}

/// Which version a use of a deck means now.
pub(crate) fn fill(used: &mut DeckUse, current: &InForce, plan_version: &str) {
    let Some((hash, name)) = current.get(&used.deck) else {
        (used.hash, used.rate_version) = (String::new(), plan_version.to_owned());
        return;
    };
    used.hash.clone_from(hash);
    used.rate_version = if plan_version.is_empty() { name.clone() } else { format!("{plan_version}+{name}") };
}
