//! Automatic top-ups: rules of tenants, and what they asked the payment system for. A top-up changes its state by one
//! conditional update, so that of two who would end it one does.

use crate::{
    Error,
    entity::{
        top_up::{Column, Entity},
        top_up_rule,
    },
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr},
};
use uuid::Uuid;

pub use crate::entity::{top_up::Model as TopUp, top_up_rule::Model as Rule};

/// It is to be posted, or is being posted.
pub const REQUESTED: &str = "requested";
/// The payment system has it, and will say how it ended.
pub const PENDING: &str = "pending";
/// It was paid, and is in the ledger.
pub const PAID: &str = "paid";
/// The payment system refused it.
pub const REFUSED: &str = "refused";
/// It was given up: nobody said how it ended.
pub const FAILED: &str = "failed";

/// A tenant's rule.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn rule<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
) -> Result<Option<Rule>, Error> {
    see(scope, tenant.0)?;
    Ok(top_up_rule::Entity::find_by_id(tenant.0).one(on).await?)
}

/// Sets a tenant's rule, in the place of the one it had.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn put_rule<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Rule) -> Result<(), Error> {
    use top_up_rule::Column;
    see(scope, row.tenant_id)?;
    let mut known = OnConflict::column(Column::TenantId);
    known.update_columns([
        Column::Enabled,
        Column::Currency,
        Column::ThresholdMicros,
        Column::AmountMicros,
        Column::DailyCount,
        Column::DailyMicros,
        Column::UpdatedAt,
    ]);
    let insert = top_up_rule::Entity::insert(row.into_active_model()).on_conflict(known);
    insert.exec_without_returning(tx).await?;
    Ok(())
}

/// The rules of all tenants whose available money is below the rule's threshold and who have no top-up open, by tenant,
/// after one of them.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn low<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Rule>, Error> {
    use top_up_rule::Column;
    platform(scope)?;
    let below = "EXISTS (SELECT 1 FROM accounts WHERE accounts.id = top_up_rules.tenant_id \
        AND accounts.currency = top_up_rules.currency \
        AND accounts.balance_micros + accounts.credit_limit_micros - accounts.held_micros < top_up_rules.threshold_micros)";
    let open = "NOT EXISTS (SELECT 1 FROM top_ups WHERE top_ups.tenant_id = top_up_rules.tenant_id \
        AND top_ups.state IN ('requested', 'pending'))";
    let query = top_up_rule::Entity::find()
        .filter(Column::Enabled.eq(true))
        .filter(Expr::cust(below))
        .filter(Expr::cust(open))
        .apply_if(after, |query, after| query.filter(Column::TenantId.gt(after)));
    Ok(query.order_by_asc(Column::TenantId).limit(limit).all(on).await?)
}

/// Writes a new top-up down.
///
/// # Errors
/// [`Error::Taken`] where the tenant has one open.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: TopUp) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// A top-up.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<TopUp>, Error> {
    Ok(own(Entity::find_by_id(id), Column::TenantId, scope).one(on).await?)
}

/// Top-ups of the tenants that the scope sees, newest first, before one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<TopUp>, Error> {
    let query = own(Entity::find(), Column::TenantId, scope)
        .apply_if(before, |query, before| query.filter(Column::Id.lt(before)));
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// A tenant's top-ups since a time, newest first.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn since<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
    since: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<TopUp>, Error> {
    see(scope, tenant.0)?;
    let query = Entity::find().filter(Column::TenantId.eq(tenant.0)).filter(Column::CreatedAt.gte(since));
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// The open top-ups whose time has come, the longest due first.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn due<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<TopUp>, Error> {
    platform(scope)?;
    let query = Entity::find().filter(open()).filter(Column::NextAt.lte(now)).order_by_asc(Column::NextAt);
    Ok(query.limit(limit).all(on).await?)
}

/// Takes a requested top-up that is due, and counts the try, so that nobody else posts it until `until`. False where
/// somebody else has it.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn claim<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, Error> {
    platform(scope)?;
    let update = Entity::update_many()
        .col_expr(Column::NextAt, Expr::value(until))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(REQUESTED))
        .filter(Column::NextAt.lte(now));
    Ok(update.exec(tx).await?.rows_affected > 0)
}

/// Brings a top-up from one of some states to another, with what else is said of it: its time, reference, problem and end.
/// False where it is in none of them.
///
/// # Errors
/// [`Error`] where the scope does not see it, or the database fails.
pub async fn change<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    from: &[&str],
    row: TopUp,
) -> Result<bool, Error> {
    see(scope, row.tenant_id)?;
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(row.state))
        .col_expr(Column::NextAt, Expr::value(row.next_at))
        .col_expr(Column::Reference, Expr::value(row.reference))
        .col_expr(Column::Problem, Expr::value(row.problem))
        .col_expr(Column::EndedAt, Expr::value(row.ended_at))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.is_in(from.iter().copied()));
    Ok(update.exec(tx).await?.rows_affected > 0)
}

/// That a top-up is open, in the words of the index of those that are.
fn open() -> SimpleExpr {
    Expr::cust("state IN ('requested', 'pending')")
}
