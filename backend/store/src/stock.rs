//! Stock: numbers that the platform has for sale. A number's state changes by conditional updates alone, so that no two
//! searches hold it and no two buyers get it.

use crate::{
    Error,
    entity::stock::{ActiveModel, Column, Entity},
    table::{INSERT_ROWS, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType, OnConflict},
};
use uuid::Uuid;

pub use crate::entity::stock::Model as Stock;

/// For sale.
pub const FREE: &str = "free";
/// Held by a search.
pub const HELD: &str = "held";
/// Sold.
pub const LEASED: &str = "leased";
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
    /// Words of `calling` that will do; empty is any.
    pub calling: Vec<String>,
    /// Words of `sms` that will do; empty is any.
    pub sms: Vec<String>,
}

/// A kind of number that is for sale, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, sea_orm::FromQueryResult)]
pub struct Kind {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The word of the kind.
    pub number_type: String,
    /// The place.
    pub locality: Option<String>,
    /// The area code.
    pub area_code: Option<String>,
    /// What it can do with calls.
    pub calling: String,
    /// What it can do with texts.
    pub sms: String,
    /// What a month costs, micro-units.
    pub monthly_micros: i64,
    /// ISO 4217.
    pub currency: String,
    /// How many are free.
    pub free: i64,
}

/// Puts numbers up for sale; numbers that are there stay as they are. Says how many were new.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn add<C: ConnectionTrait>(on: &C, scope: &Scope, rows: Vec<Stock>) -> Result<u64, Error> {
    platform(scope)?;
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

/// The kinds of number that are for sale, with how many there are of each.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn kinds<C: ConnectionTrait>(on: &C, _scope: &Scope, wanted: &Wanted) -> Result<Vec<Kind>, Error> {
    const COLUMNS: [Column; 8] = [
        Column::Country,
        Column::NumberType,
        Column::Locality,
        Column::AreaCode,
        Column::Calling,
        Column::Sms,
        Column::MonthlyMicros,
        Column::Currency,
    ];
    let query = Entity::find().select_only().columns(COLUMNS);
    let mut query = query.column_as(Column::E164.count(), "free").filter(conditions(wanted));
    for column in COLUMNS {
        query = query.group_by(column).order_by_asc(column);
    }
    Ok(query.into_model::<Kind>().all(on).await?)
}

/// The free number at a place in their order; `None` beyond the last.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn nth_free<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    wanted: &Wanted,
    skip: u64,
) -> Result<Option<String>, Error> {
    let query = Entity::find().filter(conditions(wanted)).order_by_asc(Column::E164).offset(skip).limit(1);
    Ok(query.one(on).await?.map(|row| row.e164))
}

/// Free numbers, as many as `limit`, upwards from a number that the caller chooses and then from the lowest: searches
/// that choose at random seldom meet. On PostgreSQL numbers that another transaction is taking are passed over, and
/// those that are found are locked.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn free<C: ConnectionTrait>(
    tx: &C,
    _scope: &Scope,
    wanted: &Wanted,
    from: &str,
    limit: u64,
) -> Result<Vec<Stock>, Error> {
    // By key, not by offset: PostgreSQL would lock what an offset passes over.
    let query = || {
        let query = Entity::find().filter(conditions(wanted)).order_by_asc(Column::E164);
        query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
    };
    let mut found = query().filter(Column::E164.gte(from)).limit(limit).all(tx).await?;
    let missing = limit.saturating_sub(found.len() as u64);
    if missing > 0 {
        found.extend(query().filter(Column::E164.lt(from)).limit(missing).all(tx).await?);
    }
    Ok(found)
}

/// A number of the stock, whatever became of it.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, _scope: &Scope, e164: &str) -> Result<Option<Stock>, Error> {
    Ok(Entity::find_by_id(e164.to_owned()).one(on).await?)
}

/// Free numbers that begin with one of these, in order; any where there are none.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn beginning<C: ConnectionTrait>(
    on: &C,
    _scope: &Scope,
    wanted: &Wanted,
    prefixes: &[String],
    limit: u64,
) -> Result<Vec<Stock>, Error> {
    // A range of the key, not LIKE: both databases walk their index for it. After the digits comes the colon.
    let range = |prefix: &String| {
        Condition::all().add(Column::E164.gte(prefix)).add(Column::E164.lt(format!("{prefix}:")))
    };
    let mut query = Entity::find().filter(conditions(wanted));
    if !prefixes.is_empty() {
        query = query.filter(prefixes.iter().map(range).fold(Condition::any(), Condition::add));
    }
    Ok(query.order_by_asc(Column::E164).limit(limit).all(on).await?)
}

/// Whether there is, or was, a number of the kind: sold ones count.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn is_known<C: ConnectionTrait>(on: &C, _scope: &Scope, wanted: &Wanted) -> Result<bool, Error> {
    Ok(Entity::find().filter(narrow(Condition::all(), wanted)).limit(1).one(on).await?.is_some())
}

/// How many free numbers there are.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_free<C: ConnectionTrait>(on: &C, _scope: &Scope, wanted: &Wanted) -> Result<u64, Error> {
    Ok(Entity::find().filter(conditions(wanted)).count(on).await?)
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
    let query = change(LEASED).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(search));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Frees what a search holds, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn let_go<C: ConnectionTrait>(tx: &C, _scope: &Scope, search: Uuid) -> Result<u64, Error> {
    let query = change(FREE).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(search));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Frees some of what a search or reservation holds, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn let_some_go<C: ConnectionTrait>(
    tx: &C,
    _scope: &Scope,
    holder: Uuid,
    numbers: &[String],
) -> Result<u64, Error> {
    let query = change(FREE).filter(Column::State.eq(HELD)).filter(Column::HeldBy.eq(holder));
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

/// Frees what was held until `now` or before, and says how many numbers that is.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn expire<C: ConnectionTrait>(tx: &C, scope: &Scope, now: DateTime<Utc>) -> Result<u64, Error> {
    platform(scope)?;
    let query = change(FREE).filter(Column::State.eq(HELD)).filter(Column::HeldUntil.lte(now));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Puts sold numbers back up for sale.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn take_back<C: ConnectionTrait>(tx: &C, scope: &Scope, numbers: &[String]) -> Result<u64, Error> {
    platform(scope)?;
    let query = change(FREE).filter(Column::State.eq(LEASED)).filter(Column::E164.is_in(numbers));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Puts numbers back up for sale that were sold a moment ago, and were not delivered.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn unsell<C: ConnectionTrait>(tx: &C, scope: &Scope, numbers: &[String]) -> Result<u64, Error> {
    platform(scope)?;
    let query = change(FREE).filter(Column::State.eq(LEASED)).filter(Column::E164.is_in(numbers));
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
    let query = change(to).filter(Column::State.eq(from)).filter(Column::CarrierId.eq(carrier));
    Ok(query.exec(tx).await?.rows_affected)
}

fn change(state: &str) -> sea_orm::UpdateMany<Entity> {
    let row = ActiveModel {
        state: Set(state.to_owned()),
        held_by: Set(None),
        held_until: Set(None),
        ..ActiveModel::default()
    };
    Entity::update_many().set(row)
}

fn conditions(wanted: &Wanted) -> Condition {
    narrow(Condition::all().add(Column::State.eq(FREE)), wanted)
}

fn narrow(mut all: Condition, wanted: &Wanted) -> Condition {
    let exact = [
        (Column::Country, &wanted.country),
        (Column::NumberType, &wanted.number_type),
        (Column::AreaCode, &wanted.area_code),
        (Column::Locality, &wanted.locality),
    ];
    for (column, value) in exact {
        if let Some(value) = value {
            all = all.add(column.eq(value));
        }
    }
    for (column, words) in [(Column::Calling, &wanted.calling), (Column::Sms, &wanted.sms)] {
        if !words.is_empty() {
            all = all.add(column.is_in(words));
        }
    }
    all
}
