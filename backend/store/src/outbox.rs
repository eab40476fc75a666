//! The outbox: messages are written with the change that causes them, and leave later.

use crate::{
    Error,
    bulk::{Bulk, Rows},
    entity::outbox::{Column, Entity},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, SimpleExpr},
};
use serde_json::Value;
use uuid::Uuid;

pub use crate::entity::outbox::Model as Message;

/// New messages that wait. One that is there already stays as it is.
const INSERT: Bulk = Bulk::new(
    "INSERT INTO outbox (id, tenant_id, payload, next_at, created_at, kind, state, attempts) SELECT column1, column2, \
     column3, column4, column4, column5, 'pending', 0 FROM",
    "WHERE column1 IS NOT NULL ON CONFLICT (id) DO NOTHING",
);

/// It waits.
pub const PENDING: &str = "pending";
/// It left.
pub const DONE: &str = "done";
/// It stays: there is nobody to hand it to.
pub const KEPT: &str = "kept";
/// It was tried too often.
pub const FAILED: &str = "failed";

/// Writes a message down.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Message) -> Result<(), Error> {
    match row.tenant_id {
        Some(tenant) => see(scope, tenant)?,
        None => platform(scope)?,
    }
    table::insert(tx, row).await
}

/// What a new message says, and of whom.
#[derive(Debug, Clone)]
pub struct News {
    /// Its identifier. The time in it is that of what it is about, or before.
    pub id: Uuid,
    /// What it is.
    pub kind: &'static str,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Of which tenant.
    pub tenant: Option<Uuid>,
    /// What it says.
    pub payload: Value,
}

/// Writes new messages that wait down, in one statement. Those that are there already stay as they are.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn insert_all<C: ConnectionTrait>(tx: &C, scope: &Scope, news: Vec<News>) -> Result<(), Error> {
    platform(scope)?;
    let mut rows = Rows::new(5, news.len());
    for new in news {
        rows.push([new.id.into(), new.tenant.into(), new.payload.into(), new.at.into(), new.kind.into()]);
    }
    INSERT.run(tx, rows).await?;
    Ok(())
}

/// Writes a message down as it is after a try.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Message) -> Result<(), Error> {
    platform(scope)?;
    table::update(tx, row).await
}

/// Messages of a kind that wait and are due at `now`, the oldest first.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn due<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    kind: &str,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Message>, Error> {
    platform(scope)?;
    Ok(due_at(now).filter(Column::Kind.eq(kind)).limit(limit).all(on).await?)
}

/// Messages of other kinds than this one that wait and are due at `now`, the oldest first.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn due_others<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    kind: &str,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Message>, Error> {
    platform(scope)?;
    Ok(due_at(now).filter(Column::Kind.ne(kind)).limit(limit).all(on).await?)
}

/// What waits and is due, the oldest first.
fn due_at(now: DateTime<Utc>) -> Select<Entity> {
    let query = Entity::find().filter(waits()).filter(Column::NextAt.lte(now));
    query.order_by_asc(Column::NextAt).order_by_asc(Column::Id)
}

/// Brings waiting messages to another state.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn settle<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    ids: Vec<Uuid>,
    state: &str,
) -> Result<(), Error> {
    platform(scope)?;
    if ids.is_empty() {
        return Ok(());
    }
    let query = Entity::update_many().col_expr(Column::State, Expr::value(state));
    query.filter(Column::Id.is_in(ids)).filter(waits()).exec(tx).await?;
    Ok(())
}

/// Messages, of one kind or of all, newest first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    kind: Option<&str>,
    skip: u64,
    limit: u64,
) -> Result<Vec<Message>, Error> {
    let query = own(Entity::find(), Column::TenantId, scope);
    let query = query.apply_if(kind, |query, kind| query.filter(Column::Kind.eq(kind)));
    Ok(query
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .offset(skip)
        .limit(limit)
        .all(on)
        .await?)
}

/// Keeps up to `limit` waiting messages of other kinds than these, the oldest first, and says how many.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn keep_others<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    kinds: &[&str],
    limit: u64,
) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::find()
        .filter(waits())
        .filter(Column::Kind.is_not_in(kinds.iter().copied()))
        .order_by_asc(Column::NextAt);
    let ids = first_ids(tx, query, limit).await?;
    let query = Entity::update_many().col_expr(Column::State, Expr::value(KEPT));
    Ok(query.filter(Column::Id.is_in(ids)).exec(tx).await?.rows_affected)
}

/// Deletes up to `limit` messages that were due before a time and do not wait any more, and says how many.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn sweep<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<u64, Error> {
    platform(scope)?;
    // Their ids begin with the time at which they were written, which is never after that at which they are due.
    let beyond = Uuid::from_u128(u128::from(before.timestamp_millis().max(0).unsigned_abs() + 1) << 80);
    let query = Entity::find()
        .filter(Column::Id.lt(beyond))
        .filter(Column::State.is_in([DONE, KEPT, FAILED]))
        .filter(Column::NextAt.lt(before))
        .order_by_asc(Column::Id);
    let ids = first_ids(tx, query, limit).await?;
    Ok(Entity::delete_many().filter(Column::Id.is_in(ids)).exec(tx).await?.rows_affected)
}

/// That a message waits, in the words of the index of those that do.
fn waits() -> SimpleExpr {
    Expr::cust("state = 'pending'")
}

async fn first_ids<C: ConnectionTrait>(
    on: &C,
    query: Select<Entity>,
    limit: u64,
) -> Result<Vec<Uuid>, Error> {
    Ok(query.select_only().column(Column::Id).limit(limit).into_tuple().all(on).await?)
}

/// How many wait.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_pending<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    let query = own(Entity::find(), Column::TenantId, scope).filter(waits());
    Ok(query.count(on).await?)
}
