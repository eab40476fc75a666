//! Many calls in one statement: what the writer of calls does in a batch. It asks in the name of the platform.

use super::{Call, CallState, Closing, NewDecision, record::amounts, visible, whole};
use crate::{
    Error,
    bulk::{Bulk, Rows},
    table::platform,
};
use chrono::{DateTime, Utc};
use domain::{access::Scope, cause::Outcome, ids::CallId};
use sea_orm::{ConnectionTrait, QueryResult};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

pub(super) const INSERT_CALLS: Bulk = Bulk::new(
    "INSERT INTO calls (id, tenant_id, payer_call_id, node, direction, state, caller, callee, caller_trunk, \
     callee_trunk, started_at, answered_at, ended_at, duration_ms, funded_ms, held_micros, outcome_code, \
     outcome_sub_code, cause, explanation, currency, quote, charges, total_micros) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);
/// Calls of one node that have only begun.
pub(super) const INSERT_NEW: Bulk = Bulk::new(
    "INSERT INTO calls (id, tenant_id, payer_call_id, direction, caller, callee, caller_trunk, started_at, funded_ms, \
     held_micros, currency, quote, node, state, charges) SELECT column1, column2, column3, column4, column5, column6, \
     column7, column8, column9, column10, column11, column12, ?, 'live', '[]' FROM",
    "WHERE column1 IS NOT NULL",
);
pub(super) const INSERT_DECISIONS: Bulk = Bulk::new(
    "INSERT INTO decisions (call_id, body, foreign_number) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);
const ANSWER: Bulk = Bulk::new(
    "UPDATE calls SET answered_at = v.column2, callee_trunk = COALESCE(v.column3, calls.callee_trunk) FROM",
    "WHERE calls.id = v.column1 AND calls.state = 'live'",
);
const FUND: Bulk = Bulk::new(
    "UPDATE calls SET funded_ms = v.column2, held_micros = calls.held_micros + v.column3 FROM",
    "WHERE calls.id = v.column1 AND calls.state = 'live' RETURNING calls.id",
);
/// Closes what is live and holds what is expected.
const CLOSE: Bulk = Bulk::new(
    "UPDATE calls SET state = 'ended', answered_at = v.column2, ended_at = v.column3, duration_ms = v.column4, \
     outcome_code = v.column5, outcome_sub_code = v.column6, cause = v.column7, explanation = v.column8, \
     callee_trunk = COALESCE(v.column9, calls.callee_trunk), charges = v.column10, total_micros = v.column11, \
     held_micros = 0 FROM",
    "WHERE calls.id = v.column1 AND calls.state = 'live' AND calls.held_micros = v.column12",
);
const LIVE: Bulk =
    Bulk::new("SELECT id, held_micros FROM calls WHERE state = 'live' AND id IN (SELECT column1 FROM", ")");

/// Writes records down: what has only begun in one statement, what is over in another.
///
/// # Errors
/// [`Error`] where the scope does not see a tenant, a record is there already, or the database fails.
pub async fn insert<C: ConnectionTrait>(txn: &C, scope: &Scope, calls: &[Call]) -> Result<(), Error> {
    let node = calls.first().map_or("", |call| call.node.as_str());
    let is_new = |call: &&Call| call.is_new() && call.node == node;
    let begun = calls.iter().filter(is_new).count();
    let mut new = Rows::new(12, begun).sharing([node.into()]);
    let mut others = Rows::new(24, calls.len() - begun);
    for call in calls {
        visible(scope, call.tenant)?;
        if is_new(&call) { new.push(call.new_row()?) } else { others.push(call.row()?) }
    }
    INSERT_NEW.run(txn, new).await?;
    INSERT_CALLS.run(txn, others).await?;
    Ok(())
}

/// Writes decisions down, in one statement.
///
/// # Errors
/// [`Error`] where a call has one already, or the database fails.
pub async fn insert_decisions<C: ConnectionTrait>(
    txn: &C,
    _scope: &Scope,
    decisions: &[NewDecision],
) -> Result<(), Error> {
    let mut rows = Rows::new(3, decisions.len());
    for new in decisions {
        rows.push(new.row());
    }
    INSERT_DECISIONS.run(txn, rows).await?;
    Ok(())
}

/// A call that was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The payer's record.
    pub call: CallId,
    /// The record of the callee's tenant.
    pub callee_call: Option<CallId>,
    /// When.
    pub at: DateTime<Utc>,
    /// The trunk that took it.
    pub callee_trunk: Option<String>,
}

/// Writes down that calls were answered; passes over those that are over already.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn answer_all<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    answered: &[Answered],
) -> Result<(), Error> {
    platform(scope)?;
    let mut rows = Rows::new(3, answered.len());
    for one in answered {
        for id in [Some(one.call), one.callee_call].into_iter().flatten() {
            rows.push([id.0.into(), one.at.into(), one.callee_trunk.clone().into()]);
        }
    }
    ANSWER.run(txn, rows).await?;
    Ok(())
}

/// Money that was set aside for a live call, for longer.
#[derive(Debug, Clone, Copy)]
pub struct Funded {
    /// The payer's record.
    pub call: CallId,
    /// How long it lasts now, milliseconds from the answer.
    pub funded_ms: u64,
    /// How much more is held for it than before, micro-units.
    pub more_micros: i64,
}

/// Writes down how long the money of live calls lasts, and adds to their holds; each call stands there once. Those that
/// are live: what was set aside for the others goes back.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn fund_all<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    funded: &[Funded],
) -> Result<HashSet<CallId>, Error> {
    platform(scope)?;
    let mut rows = Rows::new(3, funded.len());
    for one in funded {
        rows.push([one.call.0.into(), whole(one.funded_ms).into(), one.more_micros.into()]);
    }
    FUND.fetch(txn, rows).await?.iter().map(id_of).collect()
}

/// Closes live calls with the records of the callees' tenants; each call stands there once. Those that were live, with
/// what was held for them: the accounts are the caller's business, in the same transaction
/// ([`crate::ledger::Accounts::release`]). Of the others nothing else of a settlement may be done.
///
/// # Errors
/// [`Error::Changed`] where one of several is closed already or holds something else than was said: roll back, and close
/// each alone. [`Error`] where the scope is one tenant's, or the database fails.
pub async fn close_all<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    closings: &[Closing],
) -> Result<HashMap<CallId, i64>, Error> {
    platform(scope)?;
    // Many are closed on what is known of them, without a word back for each; one alone is asked for first.
    let known: HashMap<CallId, i64> = match closings {
        [one] => live(txn, &[one.call]).await?,
        all => all.iter().map(|closing| (closing.call, closing.held_micros)).collect(),
    };
    let mut rows = Rows::new(12, closings.len());
    for closing in closings {
        let Some(held) = known.get(&closing.call) else { continue };
        let charges = amounts(&closing.charges)?;
        push(&mut rows, closing, closing.call, &closing.outcome, (charges, closing.total_micros, *held));
        if let (Some(callee), Some(outcome)) = (closing.callee_call, &closing.callee_outcome) {
            push(&mut rows, closing, callee, outcome, (NO_CHARGES.to_owned(), 0, 0));
        }
    }
    // What was asked for is live for certain, whatever became of the callee's record.
    let wanted = if closings.len() == 1 { known.len() } else { rows.len() };
    if CLOSE.run(txn, rows).await? >= wanted as u64 { Ok(known) } else { Err(Error::Changed) }
}

/// Those of some calls that are live, with what is held for them.
async fn live<C: ConnectionTrait>(txn: &C, calls: &[CallId]) -> Result<HashMap<CallId, i64>, Error> {
    let mut rows = Rows::new(1, calls.len());
    for call in calls {
        rows.push([call.0.into()]);
    }
    let live = LIVE.fetch(txn, rows).await?;
    live.iter().map(|row| Ok((id_of(row)?, row.try_get_by_index(1)?))).collect()
}

/// The charges of whoever does not pay.
const NO_CHARGES: &str = "[]";

fn push(
    rows: &mut Rows,
    closing: &Closing,
    id: CallId,
    outcome: &Outcome,
    (charges, total_micros, held_micros): (String, i64, i64),
) {
    rows.push([
        id.0.into(),
        closing.answered_at.into(),
        closing.ended_at.into(),
        whole(closing.duration_ms).into(),
        i32::from(outcome.code).into(),
        i64::from(outcome.sub_code).into(),
        outcome.cause.word().into(),
        outcome.explanation.as_str().into(),
        closing.callee_trunk.as_deref().into(),
        charges.into(),
        total_micros.into(),
        held_micros.into(),
    ]);
}

fn id_of(row: &QueryResult) -> Result<CallId, Error> {
    Ok(CallId(row.try_get_by_index::<Uuid>(0)?))
}

/// The word in the statements above.
const _: () = assert!(matches!(CallState::Live.word().as_bytes(), b"live"));
