//! Calls: their records, legs and decisions.
//!
//! A record is opened when the money is held, and closed once: [`close`] changes a live record only, so a call that is
//! settled twice is charged once. An on-net call has a second record, of the callee's tenant.

mod attempts;
mod legs;
mod list;
mod many;
mod record;
mod some;
mod traces;

pub use attempts::attempts;
pub use legs::{Leg, LegSide, Quality, Reported, insert_legs, legs};
pub use list::{CallFilter, list};
pub use many::{Answered, Funded, answer_all, close_all, fund_all, insert, insert_decisions};
pub use record::{Call, CallState, NewDecision, StoredDecision};
pub use some::of_ids;
pub use traces::{StoredTrace, insert_traces, sweep_traces, trace};

use crate::{
    Error,
    entity::{call, decision},
    ledger::see,
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    cause::Outcome,
    ids::{CallId, TenantId},
    rating::Charge,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

/// Most records that one question for what is live answers.
pub const LIVE_MAX: u64 = 100_000;

/// A call and, where it is on-net, the record of the callee's tenant.
fn both(call: CallId) -> Condition {
    Condition::any().add(call::Column::Id.eq(call.0)).add(call::Column::PayerCallId.eq(call.0))
}

/// Writes down that a live call was answered. False where it is over already.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn answer<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    call: CallId,
    at: DateTime<Utc>,
    callee_trunk: Option<&str>,
) -> Result<bool, Error> {
    let mut update = call::Entity::update_many()
        .col_expr(call::Column::AnsweredAt, Expr::value(at))
        .filter(both(call))
        .filter(call::Column::State.eq(CallState::Live.word()));
    if let Some(fqdn) = callee_trunk {
        update = update.col_expr(call::Column::CalleeTrunk, Expr::value(fqdn));
    }
    if let Some(tenant) = scope.tenant() {
        update = update.filter(call::Column::TenantId.eq(tenant.0));
    }
    Ok(update.exec(txn).await?.rows_affected > 0)
}

/// How a call is closed.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The call.
    pub call: CallId,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// From answer to end, milliseconds; zero where it was not answered.
    pub duration_ms: u64,
    /// How it ended, for the payer.
    pub outcome: Outcome,
    /// How it ended, for the callee's tenant; `None` where it is known that there is no record of one.
    pub callee_outcome: Option<Outcome>,
    /// What it costs, line by line.
    pub charges: Vec<Charge>,
    /// The sum of the charges, micro-units.
    pub total_micros: i64,
    /// The trunk that took it.
    pub callee_trunk: Option<String>,
    /// The record of the callee's tenant, where its id is known: [`close_all`] looks for no other.
    pub callee_call: Option<CallId>,
    /// What is held for it, micro-units, as far as is known.
    pub held_micros: i64,
}

/// Closes a live call, and the record of the callee's tenant with it. Its hold goes; what it was, is the account's
/// business ([`crate::ledger::Accounts::release`]). False where it is closed already: then nothing else of the settlement
/// may be done either.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn close<C: ConnectionTrait>(txn: &C, scope: &Scope, closing: &Closing) -> Result<bool, Error> {
    let mut update = ended(closing, &closing.outcome)
        .col_expr(call::Column::Charges, Expr::value(record::amounts(&closing.charges)?))
        .col_expr(call::Column::HeldMicros, Expr::value(0_i64))
        .col_expr(call::Column::TotalMicros, Expr::value(closing.total_micros))
        .filter(call::Column::Id.eq(closing.call.0));
    if let Some(tenant) = scope.tenant() {
        update = update.filter(call::Column::TenantId.eq(tenant.0));
    }
    if update.exec(txn).await?.rows_affected == 0 {
        return Ok(false);
    }
    if let Some(outcome) = &closing.callee_outcome {
        ended(closing, outcome).filter(call::Column::PayerCallId.eq(closing.call.0)).exec(txn).await?;
    }
    Ok(true)
}

fn ended(closing: &Closing, outcome: &Outcome) -> sea_orm::UpdateMany<call::Entity> {
    use call::Column;
    let mut update = call::Entity::update_many()
        .col_expr(Column::State, Expr::value(CallState::Ended.word()))
        .col_expr(Column::AnsweredAt, Expr::value(closing.answered_at))
        .col_expr(Column::EndedAt, Expr::value(closing.ended_at))
        .col_expr(Column::DurationMs, Expr::value(whole(closing.duration_ms)))
        .col_expr(Column::OutcomeCode, Expr::value(i32::from(outcome.code)))
        .col_expr(Column::OutcomeSubCode, Expr::value(i64::from(outcome.sub_code)))
        .col_expr(Column::Cause, Expr::value(outcome.cause.word()))
        .col_expr(Column::Explanation, Expr::value(outcome.explanation.clone()))
        .filter(Column::State.eq(CallState::Live.word()));
    if let Some(fqdn) = &closing.callee_trunk {
        update = update.col_expr(Column::CalleeTrunk, Expr::value(fqdn.clone()));
    }
    update
}

/// A call; `None` where there is none in the scope.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn get<C: ConnectionTrait>(conn: &C, scope: &Scope, id: CallId) -> Result<Option<Call>, Error> {
    let mut query = call::Entity::find_by_id(id.0);
    if let Some(tenant) = scope.tenant() {
        query = query.filter(call::Column::TenantId.eq(tenant.0));
    }
    query.one(conn).await?.map(Call::read).transpose()
}

/// The payers' records of a node that are live, oldest first, [`LIVE_MAX`] at most.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn live_on<C: ConnectionTrait>(conn: &C, scope: &Scope, node: &str) -> Result<Vec<Call>, Error> {
    let mut query = call::Entity::find()
        .filter(call::Column::Node.eq(node))
        .filter(call::Column::State.eq(CallState::Live.word()))
        .filter(call::Column::PayerCallId.is_null());
    if let Some(tenant) = scope.tenant() {
        query = query.filter(call::Column::TenantId.eq(tenant.0));
    }
    let rows = query.order_by_asc(call::Column::Id).limit(LIVE_MAX).all(conn).await?;
    rows.into_iter().map(Call::read).collect()
}

/// The record of the callee's tenant of an on-net call, where there is one.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn callee_of<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    call: CallId,
) -> Result<Option<Call>, Error> {
    let mut query = call::Entity::find().filter(call::Column::PayerCallId.eq(call.0));
    if let Some(tenant) = scope.tenant() {
        query = query.filter(call::Column::TenantId.eq(tenant.0));
    }
    query.one(conn).await?.map(Call::read).transpose()
}

/// The decision about a call; `None` where there is none in the scope. The callee's tenant of an on-net call sees none:
/// it would show the caller's routes.
///
/// # Errors
/// [`Error`] where the database fails or holds what cannot be read.
pub async fn decision<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    call: CallId,
) -> Result<Option<StoredDecision>, Error> {
    if scope.tenant().is_some() && get(conn, scope, call).await?.is_none() {
        return Ok(None);
    }
    let row = decision::Entity::find_by_id(call.0).one(conn).await?;
    row.map(StoredDecision::read).transpose()
}

fn visible(scope: &Scope, tenant: Option<TenantId>) -> Result<(), Error> {
    match tenant {
        Some(tenant) => see(scope, tenant),
        None if scope.tenant().is_none() => Ok(()),
        None => Err(Error::Missing),
    }
}

/// Milliseconds as the database keeps them.
fn whole(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
