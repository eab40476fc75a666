//! Many calls in one statement: what the writer of calls does in a batch. It asks in the name of the platform.

use super::{Call, CallState, Closing, StoredDecision, record::json, visible, whole};
use crate::{
    Error,
    bulk::{Bulk, Rows},
    table::platform,
};
use chrono::{DateTime, Utc};
use domain::{access::Scope, cause::Outcome, ids::CallId};
use sea_orm::{ConnectionTrait, QueryResult};
use std::collections::HashSet;
use uuid::Uuid;

pub(super) const INSERT_CALLS: Bulk = Bulk::new(
    "INSERT INTO calls (id, tenant_id, payer_call_id, node, direction, state, caller, callee, caller_trunk, \
     callee_trunk, started_at, answered_at, ended_at, duration_ms, funded_ms, outcome_code, outcome_sub_code, cause, \
     explanation, currency, quote, charges, total_micros) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);
pub(super) const INSERT_DECISIONS: Bulk = Bulk::new(
    "INSERT INTO decisions (id, call_id, at, facts, funds, decision, config_versions, foreign_number) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);
const ANSWER: Bulk = Bulk::new(
    "UPDATE calls SET answered_at = v.column2, callee_trunk = COALESCE(v.column3, calls.callee_trunk) FROM",
    "WHERE calls.id = v.column1 AND calls.state = 'live'",
);
const FUND: Bulk = Bulk::new(
    "UPDATE calls SET funded_ms = v.column2 FROM",
    "WHERE calls.id = v.column1 AND calls.state = 'live' RETURNING calls.id",
);
const CLOSE: Bulk = Bulk::new(
    "UPDATE calls SET state = 'ended', answered_at = v.column2, ended_at = v.column3, duration_ms = v.column4, \
     outcome_code = v.column5, outcome_sub_code = v.column6, cause = v.column7, explanation = v.column8, \
     callee_trunk = COALESCE(v.column9, calls.callee_trunk), charges = v.column10, total_micros = v.column11 FROM",
    "WHERE calls.id = v.column1 AND calls.state = 'live' RETURNING calls.id",
);

/// Writes records down, in one statement.
///
/// # Errors
/// [`Error`] where the scope does not see a tenant, a record is there already, or the database fails.
pub async fn insert<C: ConnectionTrait>(txn: &C, scope: &Scope, calls: &[Call]) -> Result<(), Error> {
    let mut rows = Rows::new(23, calls.len());
    for new in calls {
        visible(scope, new.tenant)?;
        rows.push(new.row()?);
    }
    INSERT_CALLS.run(txn, rows).await?;
    Ok(())
}

/// Writes decisions down, in one statement.
///
/// # Errors
/// [`Error`] where a call has one already, or the database fails.
pub async fn insert_decisions<C: ConnectionTrait>(
    txn: &C,
    _scope: &Scope,
    decisions: &[StoredDecision],
) -> Result<(), Error> {
    let mut rows = Rows::new(8, decisions.len());
    for new in decisions {
        rows.push(new.row()?);
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

/// Writes down how long the money of live calls lasts, in milliseconds; each call stands there once. Those that are live.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn fund_all<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    funded: &[(CallId, u64)],
) -> Result<HashSet<CallId>, Error> {
    platform(scope)?;
    let mut rows = Rows::new(2, funded.len());
    for (call, funded_ms) in funded {
        rows.push([call.0.into(), whole(*funded_ms).into()]);
    }
    FUND.fetch(txn, rows).await?.iter().map(id_of).collect()
}

/// Closes live calls with the records of the callees' tenants; each call stands there once. Those that were live: of
/// the others nothing else of a settlement may be done.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn close_all<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    closings: &[Closing],
) -> Result<HashSet<CallId>, Error> {
    platform(scope)?;
    let mut rows = Rows::new(11, closings.len());
    for closing in closings {
        let charges = json(&closing.charges, "calls.charges")?;
        push(&mut rows, closing, closing.call, &closing.outcome, charges, closing.total_micros);
        if let (Some(callee), Some(outcome)) = (closing.callee_call, &closing.callee_outcome) {
            push(&mut rows, closing, callee, outcome, NO_CHARGES.to_owned(), 0);
        }
    }
    CLOSE.fetch(txn, rows).await?.iter().map(id_of).collect()
}

/// The charges of whoever does not pay.
const NO_CHARGES: &str = "[]";

fn push(
    rows: &mut Rows,
    closing: &Closing,
    id: CallId,
    outcome: &Outcome,
    charges: String,
    total_micros: i64,
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
        closing.callee_trunk.clone().into(),
        charges.into(),
        total_micros.into(),
    ]);
}

fn id_of(row: &QueryResult) -> Result<CallId, Error> {
    Ok(CallId(row.try_get_by_index::<Uuid>(0)?))
}

/// The word in the statements above.
const _: () = assert!(matches!(CallState::Live.word().as_bytes(), b"live"));
