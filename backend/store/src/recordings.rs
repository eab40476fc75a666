//! Recordings of calls, and what tenants say of them. A recording changes its state by one conditional update, so that of two
//! who would end it one does.

use crate::{
    Error,
    entity::{
        recording::{Column, Entity},
        recording_policy,
    },
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, OnConflict, SimpleExpr},
};
use uuid::Uuid;

pub use crate::entity::{recording::Model as Recording, recording_policy::Model as Policy};

/// What is said is recorded.
pub const RECORDING: &str = "recording";
/// What is said is silence in it.
pub const PAUSED: &str = "paused";
/// It is over, and whole.
pub const READY: &str = "ready";
/// It could not begin or go on; what was recorded before can be heard.
pub const FAILED: &str = "failed";

/// The states of a recording that goes on.
const OPEN: [&str; 2] = [RECORDING, PAUSED];

/// Which recordings are wanted; what is left out narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this call, as its tenant knows it.
    pub call: Option<Uuid>,
    /// In this state.
    pub state: Option<&'static str>,
    /// Begun at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Begun before this time.
    pub until: Option<DateTime<Utc>>,
}

/// What is known of a recording that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// [`READY`] or [`FAILED`].
    pub state: &'static str,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How long it is, milliseconds.
    pub duration_ms: i64,
    /// What its file takes, bytes.
    pub bytes: i64,
    /// Packets that did not fit.
    pub lost: i64,
    /// Packets that could not be decoded.
    pub unreadable: i64,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What tenants in reach of the scope say of recording.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn policies<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Policy>, Error> {
    let query = own(recording_policy::Entity::find(), recording_policy::Column::TenantId, scope);
    Ok(query.all(on).await?)
}

/// Sets what a tenant says of recording, in the place of what it said.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn put_policy<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Policy) -> Result<(), Error> {
    use recording_policy::Column;
    see(scope, row.tenant_id)?;
    let mut known = OnConflict::column(Column::TenantId);
    known.update_columns([Column::Mode, Column::RetentionDays, Column::Notice, Column::UpdatedAt]);
    let insert = recording_policy::Entity::insert(row.into_active_model()).on_conflict(known);
    insert.exec_without_returning(tx).await?;
    Ok(())
}

/// Writes a new recording down.
///
/// # Errors
/// [`Error::Taken`] where its tenant has its call recorded at this moment; another tenant's recording of it is no matter.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Recording) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// A recording, also one that was deleted.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Recording>, Error> {
    Ok(own(Entity::find_by_id(id), Column::TenantId, scope).one(on).await?)
}

/// Recordings that were not deleted, newest first, before one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    wanted: &Wanted,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Recording>, Error> {
    let query = own(Entity::find(), Column::TenantId, scope)
        .filter(Column::DeletedAt.is_null())
        .apply_if(wanted.call, |query, call| query.filter(Column::CallId.eq(call)))
        .apply_if(wanted.state, |query, state| query.filter(Column::State.eq(state)))
        .apply_if(wanted.since, |query, since| query.filter(Column::StartedAt.gte(since)))
        .apply_if(wanted.until, |query, until| query.filter(Column::StartedAt.lt(until)))
        .apply_if(before, |query, before| query.filter(Column::Id.lt(before)));
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// Brings a recording that goes on to [`RECORDING`] or [`PAUSED`]; false where it is over or unknown.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn pause<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    state: &'static str,
) -> Result<bool, Error> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .filter(Column::Id.eq(id))
        .filter(open());
    Ok(own(update, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// Says what both sides heard when a recording began.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn noticed<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid, notice: &str) -> Result<(), Error> {
    let update =
        Entity::update_many().col_expr(Column::Notice, Expr::value(notice)).filter(Column::Id.eq(id));
    own(update, Column::TenantId, scope).exec(tx).await?;
    Ok(())
}

/// Closes a recording that goes on; false where it is over or unknown.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn close<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    closing: Closing,
) -> Result<bool, Error> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(closing.state))
        .col_expr(Column::EndedAt, Expr::value(closing.ended_at))
        .col_expr(Column::DurationMs, Expr::value(closing.duration_ms))
        .col_expr(Column::Bytes, Expr::value(closing.bytes))
        .col_expr(Column::Lost, Expr::value(closing.lost))
        .col_expr(Column::Unreadable, Expr::value(closing.unreadable))
        .col_expr(Column::Failure, Expr::value(closing.failure))
        .filter(Column::Id.eq(id))
        .filter(open());
    Ok(own(update, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// Notes that a recording that is over is deleted; false where it goes on, was deleted before, or is unknown.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let update = Entity::update_many()
        .col_expr(Column::DeletedAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::DeletedAt.is_null())
        .filter(Column::State.is_not_in(OPEN));
    Ok(own(update, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// Recordings of all tenants that are over and whose time has come, the longest due first.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn expired<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Recording>, Error> {
    platform(scope)?;
    let query = Entity::find()
        .filter(Column::DeletedAt.is_null())
        .filter(Column::State.is_not_in(OPEN))
        .filter(Column::ExpiresAt.lte(now));
    Ok(query.order_by_asc(Column::ExpiresAt).limit(limit).all(on).await?)
}

/// Recordings of a node that go on by their rows, oldest first, after one of them.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn open_on<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    node: &str,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Recording>, Error> {
    platform(scope)?;
    let query = Entity::find()
        .filter(Column::Node.eq(node))
        .filter(open())
        .apply_if(after, |query, after| query.filter(Column::Id.gt(after)));
    Ok(query.order_by_asc(Column::Id).limit(limit).all(on).await?)
}

/// Which of these recordings are there and were not deleted.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn present<C: ConnectionTrait>(on: &C, scope: &Scope, ids: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    platform(scope)?;
    let query = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DeletedAt.is_null())
        .filter(Column::Id.is_in(ids.iter().copied()));
    Ok(query.into_tuple().all(on).await?)
}

/// The tenant's policy in reach of a scope; `None` where it said nothing.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn policy<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
) -> Result<Option<Policy>, Error> {
    see(scope, tenant.0)?;
    Ok(recording_policy::Entity::find_by_id(tenant.0).one(on).await?)
}

/// That a recording goes on, in the words of the index of those that do.
fn open() -> SimpleExpr {
    Expr::cust("state IN ('recording', 'paused')")
}
