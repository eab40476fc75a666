//! Deliveries: each event on its way to each subscription that wants it.

use crate::{
    Error,
    entity::{
        webhook,
        webhook_delivery::{Column, Entity},
    },
    table::{self, own, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, LockBehavior, LockType, SimpleExpr},
};
use uuid::Uuid;

pub use crate::entity::webhook_delivery::Model as Delivery;

/// It waits, or is being tried.
pub const PENDING: &str = "pending";
/// The endpoint took it.
pub const DELIVERED: &str = "delivered";
/// It was given up: a dead letter.
pub const DEAD: &str = "dead";
/// What stands in a dead letter whose time was over.
const EXPIRED: &str = "its time to live was over";

/// Writes new deliveries down.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, rows: Vec<Delivery>) -> Result<(), Error> {
    platform(scope)?;
    table::insert_all(tx, rows).await
}

/// Those of these subscriptions for which something is due at `now`, in no order.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn waiting<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, Error> {
    platform(scope)?;
    let due = Entity::find()
        .select_only()
        .expr(Expr::value(1))
        .filter(Expr::cust("webhook_deliveries.webhook_id = webhooks.id"))
        .filter(waits())
        .filter(Column::NextAt.lte(now))
        .into_query();
    let query = webhook::Entity::find()
        .select_only()
        .column(webhook::Column::Id)
        .filter(webhook::Column::Enabled.eq(true))
        .filter(webhook::Column::Validation.eq(crate::webhooks::VALID))
        .filter(Expr::exists(due));
    Ok(query.into_tuple().all(on).await?)
}

/// Takes deliveries of a subscription that are due, the longest due first, so that nobody else tries them until `until`.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn claim<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    webhook: Uuid,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    node: &str,
    limit: u64,
) -> Result<Vec<Delivery>, Error> {
    platform(scope)?;
    let mut query = Entity::find()
        .filter(Column::WebhookId.eq(webhook))
        .filter(waits())
        .filter(Column::NextAt.lte(now))
        .order_by_asc(Column::NextAt)
        .limit(limit);
    if tx.get_database_backend() == DbBackend::Postgres {
        query = query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let rows = query.all(tx).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    if !ids.is_empty() {
        let update = Entity::update_many()
            .col_expr(Column::NextAt, Expr::value(until))
            .col_expr(Column::ClaimedBy, Expr::value(node))
            .filter(Column::Id.is_in(ids));
        update.exec(tx).await?;
    }
    Ok(rows)
}

/// Gives back what a node had taken when it stopped, and says how much that was.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn release<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    node: &str,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    platform(scope)?;
    let update = Entity::update_many()
        .col_expr(Column::NextAt, Expr::value(now))
        .col_expr(Column::ClaimedBy, Expr::value(None::<String>))
        .filter(waits())
        .filter(Column::ClaimedBy.eq(node));
    Ok(update.exec(tx).await?.rows_affected)
}

/// Writes a delivery down as it is after a try. One that is gone meanwhile stays gone.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Delivery) -> Result<(), Error> {
    platform(scope)?;
    match table::update(tx, row).await {
        Err(Error::Missing) => Ok(()),
        done => done,
    }
}

/// A delivery of a subscription.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    webhook: Uuid,
    id: Uuid,
) -> Result<Option<Delivery>, Error> {
    let query = Entity::find_by_id(id).filter(Column::WebhookId.eq(webhook));
    Ok(own(query, Column::TenantId, scope).one(on).await?)
}

/// The deliveries of a subscription, in one state or in all, newest first, before one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    (webhook, state): (Uuid, Option<&str>),
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Delivery>, Error> {
    let query = Entity::find().filter(Column::WebhookId.eq(webhook));
    let query = own(query, Column::TenantId, scope)
        .apply_if(state, |query, state| query.filter(Column::State.eq(state)))
        .apply_if(before, |query, before| query.filter(Column::Id.lt(before)));
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// Has deliveries of a subscription tried anew: one, or its dead letters, up to `limit` of them. How many.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn redeliver<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    (webhook, one): (Uuid, Option<Uuid>),
    (now, expires): (DateTime<Utc>, DateTime<Utc>),
    limit: u64,
) -> Result<u64, Error> {
    let query = Entity::find().filter(Column::WebhookId.eq(webhook));
    let query = match one {
        Some(id) => query.filter(Column::Id.eq(id)).filter(Column::ClaimedBy.is_null()),
        None => query.filter(Expr::cust("state = 'dead'")).order_by_asc(Column::Id),
    };
    let query = own(query, Column::TenantId, scope).select_only().column(Column::Id).limit(limit);
    let ids: Vec<Uuid> = query.into_tuple().all(tx).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(PENDING))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAt, Expr::value(now))
        .col_expr(Column::ExpiresAt, Expr::value(expires))
        .col_expr(Column::DoneAt, Expr::value(None::<DateTime<Utc>>))
        .filter(Column::Id.is_in(ids));
    Ok(update.exec(tx).await?.rows_affected)
}

/// Gives up what waits longer than it may, up to `limit`, and says how much that is.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn expire<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::find()
        .filter(waits())
        .filter(Column::ExpiresAt.lt(now))
        .filter(Column::ClaimedBy.is_null())
        .select_only()
        .column(Column::Id)
        .limit(limit);
    let ids: Vec<Uuid> = query.into_tuple().all(tx).await?;
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(DEAD))
        .col_expr(Column::LastError, Expr::value(EXPIRED))
        .col_expr(Column::DoneAt, Expr::value(now))
        .filter(Column::Id.is_in(ids));
    Ok(update.exec(tx).await?.rows_affected)
}

/// Deletes up to `limit` deliveries that were written before a time and do not wait, or whose subscription is gone, and says
/// how many.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn sweep<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<u64, Error> {
    platform(scope)?;
    // Their ids begin with the time at which they were written.
    let beyond = Uuid::from_u128(u128::from(before.timestamp_millis().max(0).unsigned_abs()) << 80);
    let old = Entity::find().filter(Column::Id.lt(beyond)).filter(Column::State.is_in([DELIVERED, DEAD]));
    let left = Entity::find().filter(Expr::cust(
        "NOT EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = webhook_deliveries.webhook_id)",
    ));
    let mut swept = 0;
    for query in [old, left] {
        let ids: Vec<Uuid> = query.select_only().column(Column::Id).limit(limit).into_tuple().all(tx).await?;
        swept += Entity::delete_many().filter(Column::Id.is_in(ids)).exec(tx).await?.rows_affected;
    }
    Ok(swept)
}

/// What waits for a subscription, and what was given up.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Depth {
    /// Which subscription.
    pub webhook_id: Uuid,
    /// How many there are.
    pub deliveries: i64,
    /// When the oldest one's event happened.
    pub oldest: Option<DateTime<Utc>>,
}

/// What waits (`is_dead` false) or was given up (true), by subscription of the scope.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn depths<C: ConnectionTrait>(on: &C, scope: &Scope, is_dead: bool) -> Result<Vec<Depth>, Error> {
    let which = if is_dead { Expr::cust("state = 'dead'") } else { waits() };
    let query = Entity::find()
        .select_only()
        .column(Column::WebhookId)
        .column_as(Column::Id.count(), "deliveries")
        .column_as(Column::EventAt.min(), "oldest")
        .filter(which)
        .group_by(Column::WebhookId);
    Ok(own(query, Column::TenantId, scope).into_model().all(on).await?)
}

/// How many wait for a subscription.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_waiting<C: ConnectionTrait>(on: &C, scope: &Scope, webhook: Uuid) -> Result<u64, Error> {
    let query = Entity::find().filter(Column::WebhookId.eq(webhook)).filter(waits());
    Ok(own(query, Column::TenantId, scope).count(on).await?)
}

/// That a delivery waits, in the words of the index of those that do.
fn waits() -> SimpleExpr {
    Expr::cust("state = 'pending'")
}
