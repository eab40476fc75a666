//! Stock: numbers that the platform has for sale. A number's state changes by conditional updates alone, so that no two
//! searches hold it and no two buyers get it.

mod find;
mod kinds;
mod outside;
mod text;

pub use find::{CONTAINED_MIN, KINDS_LOOKED_AT, Pattern, ends, free, matching};
pub use kinds::{
    KINDS_MAX, Kind, Offer, Priced, area_codes, cheapest, countries, is_known, kinds, localities, offers,
};
pub use outside::{
    change, count, drop_held, drop_leased, drop_some_held, end_quarantine, end_quarantines, hand_over,
    outside_lapsed, put, quarantine, quarantined,
};

use crate::{
    Error,
    entity::stock::{ActiveModel, Column, Entity},
    table::{INSERT_ROWS, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};
use uuid::Uuid;

pub use crate::entity::stock::Model as Stock;

/// For sale.
pub const FREE: &str = "free";
/// Held by a search.
pub const HELD: &str = "held";
/// Sold.
pub const LEASED: &str = "leased";
/// Given back, and not for sale again yet.
pub const QUARANTINED: &str = "quarantined";
/// Not for sale any more.
pub const WITHDRAWN: &str = "withdrawn";

/// What is wanted of the stock; what is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The word of the kind.
    pub number_type: Option<String>,
    /// The area code.
    pub area_code: Option<String>,
    /// The place.
    pub locality: Option<String>,
    /// Words of kinds of which one will do; empty is any.
    pub number_types: Vec<String>,
    /// Places of which one will do; empty is any.
    pub localities: Vec<String>,
    /// Words of `calling` that will do; empty is any.
    pub calling: Vec<String>,
    /// Words of `sms` that will do; empty is any.
    pub sms: Vec<String>,
    /// Only numbers of this carrier.
    pub carrier: Option<Uuid>,
    /// No numbers of this carrier.
    pub not_carrier: Option<Uuid>,
    /// Only numbers of the platform's own inventory.
    pub own: bool,
}

/// Puts numbers up for sale; numbers that are there stay as they are. Says how many were new.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn add<C: ConnectionTrait>(on: &C, scope: &Scope, rows: Vec<Stock>) -> Result<u64, Error> {
    platform(scope)?;
    let mut rows = rows;
    kinds::assign(on, &mut rows).await?;
    let mut added = 0;
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let some: Vec<ActiveModel> = rows.by_ref().take(INSERT_ROWS).collect();
        let insert =
            Entity::insert_many(some).on_conflict(OnConflict::column(Column::E164).do_nothing().to_owned());
        added += insert.exec_without_returning(on).await?;
    }
    Ok(added)
}

/// A number of the stock, whatever became of it.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, _scope: &Scope, e164: &str) -> Result<Option<Stock>, Error> {
    Ok(Entity::find_by_id(e164.to_owned()).one(on).await?)
}

/// How many free numbers there are.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_free<C: ConnectionTrait>(on: &C, _scope: &Scope) -> Result<u64, Error> {
    kinds::count_free(on).await
}

/// Holds free numbers for a search, and says how many of them it got.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn hold<C: ConnectionTrait>(
    tx: &C,
    _scope: &Scope,
    numbers: &[String],
    search: Uuid,
    until: DateTime<Utc>,
) -> Result<u64, Error> {
    let row = ActiveModel {
        state: Set(HELD.to_owned()),
        held_by: Set(Some(search)),
        held_until: Set(Some(until)),
        ..ActiveModel::default()
    };
    let query = Entity::update_many().set(row).filter(Column::State.eq(FREE));
    Ok(query.filter(Column::E164.is_in(numbers)).exec(tx).await?.rows_affected)
}

/// What a search holds, in order.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn held_by<C: ConnectionTrait>(on: &C, _scope: &Scope, search: Uuid) -> Result<Vec<Stock>, Error> {
    let query = Entity::find().filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(search));
    Ok(query.order_by_asc(Column::E164).all(on).await?)
}

/// Marks as sold what a search holds, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn sell<C: ConnectionTrait>(tx: &C, _scope: &Scope, search: Uuid) -> Result<u64, Error> {
    let query = moved(LEASED).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(search));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Frees what a search holds, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn let_go<C: ConnectionTrait>(tx: &C, _scope: &Scope, search: Uuid) -> Result<u64, Error> {
    // What comes from an outside supplier is not for sale: it lapses, and is given back.
    let lapsed = ActiveModel { held_until: Set(Some(DateTime::UNIX_EPOCH)), ..ActiveModel::default() };
    let query =
        Entity::update_many().set(lapsed).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(search));
    query.filter(Column::SupplierId.is_not_null()).exec(tx).await?;
    let query = moved(FREE).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(search));
    Ok(query.filter(Column::SupplierId.is_null()).exec(tx).await?.rows_affected)
}

/// Frees some of what a search or reservation holds of the platform's own, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn let_some_go<C: ConnectionTrait>(
    tx: &C,
    _scope: &Scope,
    holder: Uuid,
    numbers: &[String],
) -> Result<u64, Error> {
    let query = moved(FREE).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(holder));
    let query = query.filter(Column::SupplierId.is_null());
    Ok(query.filter(Column::E164.is_in(numbers)).exec(tx).await?.rows_affected)
}

/// Holds on to what a search or reservation holds until another time.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn hold_on<C: ConnectionTrait>(
    tx: &C,
    _scope: &Scope,
    holder: Uuid,
    until: DateTime<Utc>,
) -> Result<u64, Error> {
    let row = ActiveModel { held_until: Set(Some(until)), ..ActiveModel::default() };
    let query = Entity::update_many().set(row).filter(Column::State.eq(HELD));
    Ok(query.filter(Column::HeldBy.eq(holder)).exec(tx).await?.rows_affected)
}

/// Numbers of the stock, whatever became of them, in order.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn some<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    numbers: &[String],
) -> Result<Vec<Stock>, Error> {
    Ok(Entity::find().filter(Column::E164.is_in(numbers)).order_by_asc(Column::E164).all(on).await?)
}

/// Holds on to what a search holds at `now`, until another time, and says how many of the numbers that is.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn keep<C: ConnectionTrait>(
    tx: &C,
    _scope: &Scope,
    numbers: &[String],
    search: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<u64, Error> {
    let row = ActiveModel { held_until: Set(Some(until)), ..ActiveModel::default() };
    let query =
        Entity::update_many().set(row).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(search));
    let query = query.filter(Column::HeldUntil.gt(now));
    Ok(query.filter(Column::E164.is_in(numbers)).exec(tx).await?.rows_affected)
}

/// Frees what was held until `now` or before, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn expire<C: ConnectionTrait>(tx: &C, scope: &Scope, now: DateTime<Utc>) -> Result<u64, Error> {
    platform(scope)?;
    let query = moved(FREE).filter(Column::State.eq(HELD)).filter(Column::HeldUntil.lte(now));
    let query = query.filter(Column::SupplierId.is_null());
    Ok(query.exec(tx).await?.rows_affected)
}

/// Puts sold numbers back up for sale.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn take_back<C: ConnectionTrait>(tx: &C, scope: &Scope, numbers: &[String]) -> Result<u64, Error> {
    platform(scope)?;
    let query = moved(FREE).filter(Column::State.eq(LEASED)).filter(Column::E164.is_in(numbers));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Takes the free numbers of a carrier off the shelf, or (`on_sale`) puts them back on it.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn shelve<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    carrier: Uuid,
    on_sale: bool,
) -> Result<u64, Error> {
    platform(scope)?;
    let (from, to) = if on_sale { (WITHDRAWN, FREE) } else { (FREE, WITHDRAWN) };
    let query = moved(to).filter(Column::KindId.in_subquery(kinds::of_carrier(carrier)));
    let query = query.filter(Column::State.eq(from));
    Ok(query.exec(tx).await?.rows_affected)
}

fn moved(state: &str) -> sea_orm::UpdateMany<Entity> {
    let row = ActiveModel {
        state: Set(state.to_owned()),
        held_by: Set(None),
        held_until: Set(None),
        ..ActiveModel::default()
    };
    Entity::update_many().set(row)
}
