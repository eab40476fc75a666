//! The operator makes a deck.

use super::{DECKS_MAX, DeckKind, DeckView, get, target};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::{
    access::{Actor, Permission},
    ids::DeckId,
    money::Currency,
};
use serde_json::{Value, json};
use store::prices;
use uuid::Uuid;

/// Characters of a name at most.
const NAME_MAX: usize = 60;

/// A deck to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeck {
    /// Its name, unique.
    pub name: String,
    /// Whose prices.
    pub kind: DeckKind,
    /// The currency of its prices.
    pub currency: Currency,
}

/// Makes a deck without a version. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field, [`Error::Conflict`] where there is one of that name.
pub async fn create(app: &App, actor: &Actor, new: NewDeck) -> Result<DeckView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let name = new.name.trim();
    let is_name = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if !is_name {
        return Err(Error::invalid("name", format!("name the deck in 1 to {NAME_MAX} characters")));
    }
    if !new.currency.is_known() {
        let text = format!("{} is no currency of ISO 4217: give one such as USD", new.currency);
        return Err(Error::invalid("currency", text));
    }
    let row = prices::Deck {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        kind: new.kind.word().to_owned(),
        currency: new.currency.to_string(),
        current_version_id: None,
        created_at: app.now(),
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            if prices::decks(tx, &scope).await?.len() >= DECKS_MAX {
                return Err(Error::conflict("name", format!("there are {DECKS_MAX} decks, and no more")));
            }
            prices::insert_deck(tx, &scope, row.clone()).await.map_err(|error| match error {
                store::Error::Taken(_) => Error::conflict("name", "there is a deck of that name already"),
                other => other.into(),
            })?;
            let after = json!({"name": row.name, "kind": row.kind, "currency": row.currency});
            let target = target(&row.name);
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "rateDeck.create",
                target: &target,
                before: Value::Null,
                after,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    get(app, actor, DeckId(row.id)).await
}
