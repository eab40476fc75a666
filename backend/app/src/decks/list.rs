//! The operator looks at decks and their versions.

use super::{DeckKind, DeckView, VERSIONS_MAX, VersionView, body, no_deck, no_version};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    deck::{Comparison, write},
    ids::DeckId,
};
use std::sync::Arc;
use store::prices;

/// All decks, by name. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<DeckView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let on = app.db().read();
    let current = prices::current_deck_versions(on, &scope).await?;
    let live = app.live();
    let platform = &live.config.platform.value;
    let view = |row: prices::Deck| {
        let version = current.iter().find(|(deck, _)| deck.id == row.id).map(|(_, version)| version);
        let id = DeckId(row.id);
        let plans =
            platform.plans.iter().filter(|plan| plan.deck.as_ref().is_some_and(|used| used.deck == id));
        let carriers = platform
            .carriers
            .iter()
            .filter(|carrier| carrier.deck.as_ref().is_some_and(|used| used.deck == id));
        let used_by = plans.map(|plan| plan.name.clone()).chain(carriers.map(|carrier| carrier.name.clone()));
        Ok(DeckView {
            id,
            kind: DeckKind::from_word(&row.kind).ok_or_else(|| Error::internal("rate_decks.kind"))?,
            currency: row.currency.parse().map_err(Error::internal)?,
            current: version.map(|version| version.number),
            rows: version.map_or(0, |version| version.row_count.max(0).unsigned_abs()),
            used_by: used_by.collect(),
            created_at: row.created_at,
            name: row.name,
        })
    };
    prices::decks(on, &scope).await?.into_iter().map(view).collect()
}

/// A deck. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: DeckId) -> Result<DeckView, Error> {
    list(app, actor).await?.into_iter().find(|deck| deck.id == id).ok_or_else(no_deck)
}

/// The versions of a deck, the newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn versions(app: &App, actor: &Actor, id: DeckId) -> Result<Vec<VersionView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let deck = prices::deck(app.db().read(), &scope, id).await?.ok_or_else(no_deck)?;
    let rows = prices::deck_versions(app.db().read(), &scope, id, VERSIONS_MAX).await?;
    Ok(rows.into_iter().map(|row| VersionView::of(row, deck.current_version_id)).collect())
}

/// A version of a deck. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn version(app: &App, actor: &Actor, id: DeckId, number: i32) -> Result<VersionView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let deck = prices::deck(app.db().read(), &scope, id).await?.ok_or_else(no_deck)?;
    Ok(VersionView::of(row(app, &scope, id, number).await?, deck.current_version_id))
}

async fn row(app: &App, scope: &Scope, id: DeckId, number: i32) -> Result<prices::DeckVersion, Error> {
    prices::deck_version(app.db().read(), scope, id, number).await?.ok_or_else(no_version)
}

/// What one version changes of another. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn compare(
    app: &App,
    actor: &Actor,
    id: DeckId,
    (from, to): (i32, i32),
) -> Result<Comparison, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let (from, to) = (row(app, &scope, id, from).await?, row(app, &scope, id, to).await?);
    let before = body::deck(app, &scope, &from.hash).await?;
    let after = body::deck(app, &scope, &to.hash).await?;
    tokio::task::spawn_blocking(move || Comparison::of(&before, &after)).await.map_err(Error::internal)
}

/// A version as a CSV file, which makes the same version where it is uploaded again. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn export(app: &App, actor: &Actor, id: DeckId, number: i32) -> Result<String, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let deck = prices::deck(app.db().read(), &scope, id).await?.ok_or_else(no_deck)?;
    let version = row(app, &scope, id, number).await?;
    let rows = Arc::clone(&body::deck(app, &scope, &version.hash).await?);
    tokio::task::spawn_blocking(move || write(&rows, &deck.currency)).await.map_err(Error::internal)
}
