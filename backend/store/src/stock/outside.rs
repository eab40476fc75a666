//! Numbers of the stock that are not for sale by themselves: those of suppliers from outside, which are in it from hold to
//! release, and those in quarantine.

use super::{FREE, HELD, LEASED, QUARANTINED, Stock, kinds};
use crate::{
    Error,
    entity::stock::{ActiveModel, Column, Entity},
    table::{self, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

/// Puts numbers into the stock as they are; none of them may be there.
///
/// # Errors
/// [`Error::Taken`] where one of them is in the stock already.
pub async fn put<C: ConnectionTrait>(tx: &C, scope: &Scope, rows: Vec<Stock>) -> Result<(), Error> {
    platform(scope)?;
    let mut rows = rows;
    kinds::assign(tx, &mut rows).await?;
    table::insert_all(tx, rows).await
}

/// Writes changed numbers down, with the kinds that they have now.
///
/// # Errors
/// [`Error::Missing`].
pub async fn change<C: ConnectionTrait>(tx: &C, scope: &Scope, rows: Vec<Stock>) -> Result<(), Error> {
    platform(scope)?;
    let mut rows = rows;
    kinds::assign(tx, &mut rows).await?;
    for row in rows {
        table::update(tx, row).await?;
    }
    Ok(())
}

/// Takes what a reference holds of a supplier out of the stock, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn drop_held<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    (supplier, reference): (Uuid, Uuid),
) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::delete_many().filter(Column::HeldBy.eq(reference)).filter(Column::State.eq(HELD));
    Ok(query.filter(Column::SupplierId.eq(supplier)).exec(tx).await?.rows_affected)
}

/// Takes some of what a reference holds out of the stock where it comes from outside, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn drop_some_held<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    reference: Uuid,
    numbers: &[String],
) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::delete_many().filter(Column::HeldBy.eq(reference)).filter(Column::State.eq(HELD));
    let query = query.filter(Column::SupplierId.is_not_null()).filter(Column::E164.is_in(numbers));
    Ok(query.exec(tx).await?.rows_affected)
}

/// What one reference holds of the numbers is held by another one, and says how many that is.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn hand_over<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    numbers: &[String],
    from: Uuid,
    to: Uuid,
) -> Result<u64, Error> {
    platform(scope)?;
    let row = ActiveModel { held_by: Set(Some(to)), ..ActiveModel::default() };
    let query = Entity::update_many().set(row).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(from));
    Ok(query.filter(Column::E164.is_in(numbers)).exec(tx).await?.rows_affected)
}

/// Takes a sold number of a supplier out of the stock.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn drop_leased<C: ConnectionTrait>(tx: &C, scope: &Scope, e164: &str) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::delete_many().filter(Column::E164.eq(e164)).filter(Column::State.eq(LEASED));
    Ok(query.filter(Column::SupplierId.is_not_null()).exec(tx).await?.rows_affected)
}

/// Numbers of suppliers whose hold has lapsed at `now`.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn outside_lapsed<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Stock>, Error> {
    platform(scope)?;
    let query = Entity::find().filter(Column::State.eq(HELD)).filter(Column::HeldUntil.lte(now));
    Ok(query.filter(Column::SupplierId.is_not_null()).limit(limit).all(on).await?)
}

/// Keeps a sold number from being sold again until a time; whose it was last stays known.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn quarantine<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    e164: &str,
    last: Uuid,
    until: DateTime<Utc>,
) -> Result<u64, Error> {
    platform(scope)?;
    let row = ActiveModel {
        state: Set(QUARANTINED.to_owned()),
        held_by: Set(None),
        held_until: Set(Some(until)),
        last_tenant_id: Set(Some(last)),
        ..ActiveModel::default()
    };
    let query = Entity::update_many().set(row).filter(Column::E164.eq(e164));
    Ok(query.filter(Column::State.eq(LEASED)).exec(tx).await?.rows_affected)
}

/// Ends the quarantine of a number: it is free, or (`leased`) sold to whom it was. Whether it was in quarantine.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn end_quarantine<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    e164: &str,
    leased: bool,
) -> Result<bool, Error> {
    platform(scope)?;
    let query = ending(if leased { LEASED } else { FREE }).filter(Column::E164.eq(e164));
    Ok(query.exec(tx).await?.rows_affected > 0)
}

/// Frees the numbers whose quarantine is over at `now`, and says how many.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn end_quarantines<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    platform(scope)?;
    Ok(ending(FREE).filter(Column::HeldUntil.lte(now)).exec(tx).await?.rows_affected)
}

/// Numbers in quarantine, by number, after one of them.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn quarantined<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Stock>, Error> {
    platform(scope)?;
    // Each has an end, and the index is one of ends.
    let mut query =
        Entity::find().filter(Column::State.eq(QUARANTINED)).filter(Column::HeldUntil.is_not_null());
    if let Some(after) = after {
        query = query.filter(Column::E164.gt(after));
    }
    Ok(query.order_by_asc(Column::E164).limit(limit).all(on).await?)
}

/// How many numbers are in a state.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn count<C: ConnectionTrait>(on: &C, scope: &Scope, state: &str) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::find();
    let query = match state {
        FREE => return kinds::count_free(on).await,
        // The index of what is sold is known to serve where the word stands in the text.
        LEASED => query.filter(Expr::cust("state = 'leased'")),
        HELD | QUARANTINED => query.filter(Column::State.eq(state)).filter(Column::HeldUntil.is_not_null()),
        other => query.filter(Column::State.eq(other)),
    };
    Ok(query.count(on).await?)
}

fn ending(state: &str) -> sea_orm::UpdateMany<Entity> {
    let row = ActiveModel {
        state: Set(state.to_owned()),
        held_until: Set(None),
        last_tenant_id: Set(None),
        ..ActiveModel::default()
    };
    Entity::update_many().set(row).filter(Column::State.eq(QUARANTINED))
}
