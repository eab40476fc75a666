//! Versions of price plans, and rate decks with theirs.

use crate::{
    Error,
    entity::{
        price_plan_version as plan_version, rate_deck as deck, rate_deck_body as deck_body,
        rate_deck_version as deck_version,
    },
    table::{self, platform},
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    ids::{DeckId, PlanId},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

pub use crate::entity::{
    price_plan_version::Model as PlanVersion, rate_deck::Model as Deck, rate_deck_body::Model as DeckBody,
    rate_deck_version::Model as DeckVersion,
};

/// It waits for somebody to confirm it.
pub const DRAFT: &str = "draft";
/// It waits for its time.
pub const SCHEDULED: &str = "scheduled";
/// It is in force, or was.
pub const APPLIED: &str = "applied";
/// It will never be in force.
pub const WITHDRAWN: &str = "withdrawn";

/// Writes a version of a plan down.
///
/// # Errors
/// [`Error::Taken`] where the plan has the number already.
pub async fn insert_plan_version<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    row: PlanVersion,
) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// Writes a changed version of a plan down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update_plan_version<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    row: PlanVersion,
) -> Result<(), Error> {
    platform(scope)?;
    table::update(tx, row).await
}

/// The versions of a plan, the newest first.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn plan_versions<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    plan: PlanId,
    limit: u64,
) -> Result<Vec<PlanVersion>, Error> {
    platform(scope)?;
    let query = plan_version::Entity::find().filter(plan_version::Column::PlanId.eq(plan.0));
    Ok(query.order_by_desc(plan_version::Column::Number).limit(limit).all(on).await?)
}

/// Scheduled versions of plans whose time has come, in its order.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn due_plan_versions<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Vec<PlanVersion>, Error> {
    platform(scope)?;
    let query = plan_version::Entity::find()
        .filter(plan_version::Column::State.eq(SCHEDULED))
        .filter(plan_version::Column::EffectiveAt.lte(now));
    let query = query.order_by_asc(plan_version::Column::EffectiveAt);
    Ok(query.order_by_asc(plan_version::Column::Number).all(on).await?)
}

/// Writes a new deck down.
///
/// # Errors
/// [`Error::Taken`] where the name is.
pub async fn insert_deck<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Deck) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// Writes a changed deck down.
///
/// # Errors
/// [`Error::Missing`], [`Error::Taken`] where the name is.
pub async fn update_deck<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Deck) -> Result<(), Error> {
    platform(scope)?;
    table::update(tx, row).await
}

/// All decks, by name.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn decks<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Deck>, Error> {
    platform(scope)?;
    Ok(deck::Entity::find().order_by_asc(deck::Column::Name).all(on).await?)
}

/// A deck.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn deck<C: ConnectionTrait>(on: &C, scope: &Scope, id: DeckId) -> Result<Option<Deck>, Error> {
    platform(scope)?;
    Ok(deck::Entity::find_by_id(id.0).one(on).await?)
}

/// Writes a version of a deck down.
///
/// # Errors
/// [`Error::Taken`] where the deck has the number already.
pub async fn insert_deck_version<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    row: DeckVersion,
) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// Writes a changed version of a deck down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update_deck_version<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    row: DeckVersion,
) -> Result<(), Error> {
    platform(scope)?;
    table::update(tx, row).await
}

/// The versions of a deck, the newest first.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn deck_versions<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    deck: DeckId,
    limit: u64,
) -> Result<Vec<DeckVersion>, Error> {
    platform(scope)?;
    let query = deck_version::Entity::find().filter(deck_version::Column::DeckId.eq(deck.0));
    Ok(query.order_by_desc(deck_version::Column::Number).limit(limit).all(on).await?)
}

/// A version of a deck by its number.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn deck_version<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    deck: DeckId,
    number: i32,
) -> Result<Option<DeckVersion>, Error> {
    platform(scope)?;
    let query = deck_version::Entity::find().filter(deck_version::Column::DeckId.eq(deck.0));
    Ok(query.filter(deck_version::Column::Number.eq(number)).one(on).await?)
}

/// The versions in force of all decks.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn current_deck_versions<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
) -> Result<Vec<(Deck, DeckVersion)>, Error> {
    let decks = decks(on, scope).await?;
    let ids: Vec<Uuid> = decks.iter().filter_map(|deck| deck.current_version_id).collect();
    let versions = deck_version::Entity::find().filter(deck_version::Column::Id.is_in(ids)).all(on).await?;
    let with_version = |deck: Deck| {
        let version = versions.iter().find(|version| Some(version.id) == deck.current_version_id)?;
        Some((deck, version.clone()))
    };
    Ok(decks.into_iter().filter_map(with_version).collect())
}

/// Scheduled versions of decks whose time has come, in its order.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn due_deck_versions<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Vec<DeckVersion>, Error> {
    platform(scope)?;
    let query = deck_version::Entity::find()
        .filter(deck_version::Column::State.eq(SCHEDULED))
        .filter(deck_version::Column::EffectiveAt.lte(now));
    let query = query.order_by_asc(deck_version::Column::EffectiveAt);
    Ok(query.order_by_asc(deck_version::Column::Number).all(on).await?)
}

/// What a version of a deck says, compressed, by its hash.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn deck_body<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    hash: &str,
) -> Result<Option<Vec<u8>>, Error> {
    platform(scope)?;
    Ok(deck_body::Entity::find_by_id(hash).one(on).await?.map(|row| row.body))
}

/// Keeps what a version of a deck says, where it is not kept already.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn keep_deck_body<C: ConnectionTrait>(tx: &C, scope: &Scope, row: DeckBody) -> Result<(), Error> {
    platform(scope)?;
    let known = deck_body::Entity::find_by_id(row.hash.as_str()).count(tx).await? > 0;
    if known { Ok(()) } else { table::insert(tx, row).await }
}

/// Forgets the drafts of a deck, and what they alone say.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn drop_drafts<C: ConnectionTrait>(tx: &C, scope: &Scope, deck: DeckId) -> Result<(), Error> {
    platform(scope)?;
    let drafts = deck_version::Entity::find()
        .filter(deck_version::Column::DeckId.eq(deck.0))
        .filter(deck_version::Column::State.eq(DRAFT))
        .all(tx)
        .await?;
    for draft in drafts {
        deck_version::Entity::delete_by_id(draft.id).exec(tx).await?;
        let others = deck_version::Entity::find().filter(deck_version::Column::Hash.eq(draft.hash.as_str()));
        if others.count(tx).await? == 0 {
            deck_body::Entity::delete_by_id(draft.hash).exec(tx).await?;
        }
    }
    Ok(())
}
