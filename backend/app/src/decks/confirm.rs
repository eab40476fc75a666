//! A draft comes into force, an earlier version comes back, and a scheduled one is taken back.

use super::{VersionView, body, margin, no_deck, no_version, target};
use crate::{
    App, Error,
    audit::{self, Change},
    snapshot::{Changed, refresh},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::DeckId,
};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Tx, prices};
use uuid::Uuid;

/// Has a draft come into force, now or at a later time. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it is no draft, [`Error::Invalid`] (409,
/// `BelowCost`) where a plan would sell below cost and that is not confirmed.
pub async fn confirm(
    app: &App,
    actor: &Actor,
    id: DeckId,
    number: i32,
    (effective_at, below_cost): (Option<DateTime<Utc>>, bool),
) -> Result<VersionView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let row = prices::deck_version(app.db().read(), &scope, id, number).await?.ok_or_else(no_version)?;
    loses(app, &scope, id, &row.hash, below_cost).await?;
    let now = app.now();
    let at = effective_at.filter(|at| *at > now);
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = prices::deck_version(tx, &scope, id, number).await?.ok_or_else(no_version)?;
            if row.state != prices::DRAFT {
                let text = format!("version {number} is {}: only a draft is confirmed", row.state);
                return Err(Error::conflict("version", text));
            }
            let row = prices::DeckVersion {
                state: prices::SCHEDULED.to_owned(),
                effective_at: Some(at.unwrap_or(now)),
                ..row
            };
            prices::update_deck_version(tx, &scope, row.clone()).await?;
            if at.is_none() {
                apply(tx, &scope, row).await?;
            }
            note(
                app,
                tx,
                &scope,
                actor,
                id,
                ("rateDeck.confirm", json!({"number": number, "effectiveAt": at})),
            )
            .await
        })
        .await?;
    refresh(app, Changed::Platform).await?;
    super::version(app, actor, id, number).await
}

/// Puts an earlier version back: a new one says the same, and is in force now. Operators only.
///
/// # Errors
/// As [`confirm`]; [`Error::Conflict`] where it never was in force.
pub async fn rollback(
    app: &App,
    actor: &Actor,
    id: DeckId,
    to: i32,
    below_cost: bool,
) -> Result<VersionView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let old = prices::deck_version(app.db().read(), &scope, id, to).await?.ok_or_else(no_version)?;
    if old.state != prices::APPLIED {
        return Err(Error::conflict("version", format!("version {to} was never in force")));
    }
    loses(app, &scope, id, &old.hash, below_cost).await?;
    let now = app.now();
    let number = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let last = prices::deck_versions(tx, &scope, id, 1).await?;
            let number = last.first().map_or(1, |last| last.number + 1);
            let row = prices::DeckVersion {
                id: Uuid::now_v7(),
                number,
                state: prices::SCHEDULED.to_owned(),
                note: format!("as version {to}"),
                preview: Value::Null,
                effective_at: Some(now),
                created_by: actor.name.chars().take(254).collect(),
                created_at: now,
                ..old.clone()
            };
            prices::insert_deck_version(tx, &scope, row.clone()).await?;
            apply(tx, &scope, row).await?;
            note(app, tx, &scope, actor, id, ("rateDeck.rollback", json!({"number": number, "as": to})))
                .await?;
            Ok(number)
        })
        .await?;
    refresh(app, Changed::Platform).await?;
    super::version(app, actor, id, number).await
}

/// Takes a draft or a scheduled version back: it will not come into force. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it is or was in force.
pub async fn withdraw(app: &App, actor: &Actor, id: DeckId, number: i32) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = prices::deck_version(tx, &scope, id, number).await?.ok_or_else(no_version)?;
            match row.state.as_str() {
                prices::DRAFT => prices::drop_drafts(tx, &scope, id).await?,
                prices::SCHEDULED => {
                    let row = prices::DeckVersion { state: prices::WITHDRAWN.to_owned(), ..row };
                    prices::update_deck_version(tx, &scope, row).await?;
                }
                other => {
                    let text = format!("version {number} is {other}: roll back to another one instead");
                    return Err(Error::conflict("version", text));
                }
            }
            note(app, tx, &scope, actor, id, ("rateDeck.withdraw", json!({"number": number}))).await
        })
        .await
}

/// A version comes into force.
pub(super) async fn apply(tx: &Tx, scope: &Scope, row: prices::DeckVersion) -> Result<(), Error> {
    let deck = prices::deck(tx, scope, DeckId(row.deck_id)).await?.ok_or_else(no_deck)?;
    let deck = prices::Deck { current_version_id: Some(row.id), ..deck };
    prices::update_deck(tx, scope, deck).await?;
    let row = prices::DeckVersion { state: prices::APPLIED.to_owned(), ..row };
    Ok(prices::update_deck_version(tx, scope, row).await?)
}

async fn note(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    actor: &Actor,
    id: DeckId,
    (what, after): (&'static str, Value),
) -> Result<(), Error> {
    let deck = prices::deck(tx, scope, id).await?.ok_or_else(no_deck)?;
    let target = target(&deck.name);
    let change =
        Change { actor: &actor.name, tenant: None, what, target: &target, before: Value::Null, after };
    audit::record(app, tx, scope, change).await
}

/// Refuses what would sell below cost, where nobody said that it may.
async fn loses(app: &App, scope: &Scope, id: DeckId, hash: &str, below_cost: bool) -> Result<(), Error> {
    if below_cost {
        return Ok(());
    }
    let deck = Arc::clone(&body::deck(app, scope, hash).await?);
    margin::check_deck(app, id, hash, deck).await
}
