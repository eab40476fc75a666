//! Stops of tenants that spent too much too fast, the countries that each tenant has called, and what it spent lately.

use crate::{
    Error,
    entity::{
        call, called_country,
        velocity_stop::{Column, Entity},
    },
    table::{own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    ids::{CallId, TenantId},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

pub use crate::entity::velocity_stop::Model as Stop;

/// Stops that are read at once at most.
pub const STOPS_MAX: u64 = 10_000;
/// Countries of all tenants that are read at a start at most.
pub const COUNTRIES_MAX: u64 = 1_000_000;

/// Writes a stop down; one of this id that is there already stays. Whether it was written.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn insert_stop<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Stop) -> Result<bool, Error> {
    see(scope, row.tenant_id)?;
    let once = OnConflict::column(Column::Id).do_nothing().to_owned();
    let written =
        Entity::insert(row.into_active_model()).on_conflict(once).exec_without_returning(tx).await?;
    Ok(written > 0)
}

/// The stops that are in force at a time, of the tenants that the scope sees.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn open_stops<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    at: DateTime<Utc>,
) -> Result<Vec<Stop>, Error> {
    let open = Condition::any().add(Column::Until.is_null()).add(Column::Until.gt(at));
    let query = Entity::find().filter(Column::LiftedAt.is_null()).filter(open);
    let query = own(query, Column::TenantId, scope).order_by_asc(Column::Id).limit(STOPS_MAX);
    Ok(query.all(on).await?)
}

/// Stops of the tenants that the scope sees, newest first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn stops<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: Option<TenantId>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Stop>, Error> {
    let mut query = own(Entity::find(), Column::TenantId, scope);
    if let Some(tenant) = tenant {
        query = query.filter(Column::TenantId.eq(tenant.0));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// A stop.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn stop<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Stop>, Error> {
    Ok(own(Entity::find_by_id(id), Column::TenantId, scope).one(on).await?)
}

/// Lifts a stop that nobody has lifted; whether it was so.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn lift<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    at: DateTime<Utc>,
    by: &str,
) -> Result<bool, Error> {
    let update = Entity::update_many()
        .col_expr(Column::LiftedAt, Expr::value(at))
        .col_expr(Column::LiftedBy, Expr::value(by))
        .filter(Column::Id.eq(id))
        .filter(Column::LiftedAt.is_null());
    Ok(own(update, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// When the stops of a tenant were lifted last since a time, of each subject: its kind, value and that time.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn lifted_since<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
    since: DateTime<Utc>,
) -> Result<Vec<(String, String, DateTime<Utc>)>, Error> {
    platform(scope)?;
    let query = Entity::find()
        .select_only()
        .column(Column::Kind)
        .column(Column::Value)
        .column(Column::LiftedAt)
        .filter(Column::TenantId.eq(tenant.0))
        .filter(Column::LiftedAt.gt(since))
        .order_by_asc(Column::LiftedAt)
        .limit(STOPS_MAX);
    Ok(query.into_tuple().all(on).await?)
}

/// Writes down that a tenant calls a country; whether it does for the first time.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn reach<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    tenant: TenantId,
    country: &str,
    call: CallId,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    see(scope, tenant.0)?;
    let row = called_country::Model {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        country: country.to_owned(),
        call_id: call.0,
        at,
    };
    let columns = [called_country::Column::TenantId, called_country::Column::Country];
    let once = OnConflict::columns(columns).do_nothing().to_owned();
    let insert = called_country::Entity::insert(row.into_active_model()).on_conflict(once);
    Ok(insert.exec_without_returning(tx).await? > 0)
}

/// The countries that tenants have called, with when each did first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn reached<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
) -> Result<Vec<(TenantId, String, DateTime<Utc>)>, Error> {
    use called_country::Column;
    let query = called_country::Entity::find()
        .select_only()
        .column(Column::TenantId)
        .column(Column::Country)
        .column(Column::At);
    let rows: Vec<(Uuid, String, DateTime<Utc>)> = own(query, Column::TenantId, scope)
        .order_by_asc(Column::Country)
        .limit(COUNTRIES_MAX)
        .into_tuple()
        .all(on)
        .await?;
    Ok(rows.into_iter().map(|(tenant, country, at)| (TenantId(tenant), country, at)).collect())
}

/// What a call costs or holds, as its record says.
#[derive(Debug, Clone, PartialEq, Eq, sea_orm::FromQueryResult)]
pub struct Lately {
    /// `inbound` or `outbound`.
    pub direction: String,
    /// Who called.
    pub caller: Option<String>,
    /// What was dialled.
    pub callee: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// What is held for it.
    pub held_micros: i64,
    /// What it cost.
    pub total_micros: i64,
}

/// What a tenant pays for calls that began since a time, newest first; those that cost nothing are left out.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn lately<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
    since: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Lately>, Error> {
    platform(scope)?;
    // Calls are named by when they began, so that their index by id finds them.
    let millis = u128::try_from(since.timestamp_millis()).unwrap_or_default();
    let oldest = Uuid::from_u128(millis << 80);
    let costs = Condition::any().add(call::Column::TotalMicros.gt(0)).add(call::Column::HeldMicros.gt(0));
    let query = call::Entity::find()
        .select_only()
        .columns([
            call::Column::Direction,
            call::Column::Caller,
            call::Column::Callee,
            call::Column::StartedAt,
            call::Column::HeldMicros,
            call::Column::TotalMicros,
        ])
        .filter(call::Column::TenantId.eq(tenant.0))
        .filter(call::Column::Id.gt(oldest))
        .filter(call::Column::PayerCallId.is_null())
        .filter(costs)
        .order_by_desc(call::Column::Id)
        .limit(limit);
    Ok(query.into_model().all(on).await?)
}
