//! Holds: money that is set aside before it is spent. A hold is taken by one conditional update inside the caller's
//! transaction, so that parallel calls and orders never set aside the same money.

use crate::{
    Error,
    bulk::{Bulk, Rows},
    entity::{account, hold},
    table::platform,
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    ids::{CallId, TenantId},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, SimpleExpr},
};
use std::collections::HashSet;
use uuid::Uuid;

const INSERT: Bulk = Bulk::new(
    "INSERT INTO holds (id, tenant_id, purpose, reference, amount_micros, created_at) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);
const GROW: Bulk = Bulk::new(
    "UPDATE holds SET amount_micros = holds.amount_micros + v.column2 FROM",
    "WHERE holds.purpose = 'call' AND holds.reference = v.column1 RETURNING holds.reference",
);
const DELETE: Bulk = Bulk::new(
    "DELETE FROM holds WHERE purpose = 'call' AND reference IN (SELECT column1 FROM",
    ") RETURNING tenant_id, amount_micros",
);

/// What money is set aside for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A call; the reference is its id.
    Call,
    /// An order of numbers; the reference is its id.
    Order,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Order => "order",
        }
    }
}

/// A hold to write down, after [`reserve`] has taken its money.
#[derive(Debug, Clone, Copy)]
pub struct NewHold {
    /// Whose money.
    pub tenant: TenantId,
    /// What for.
    pub purpose: Purpose,
    /// The call or order.
    pub reference: Uuid,
    /// Micro-units, not negative.
    pub amount_micros: i64,
    /// When.
    pub at: DateTime<Utc>,
}

/// `balance + credit limit − held`, as the database computes it.
pub(crate) fn available() -> SimpleExpr {
    use account::Column;
    Expr::col(Column::BalanceMicros)
        .add(Expr::col(Column::CreditLimitMicros))
        .sub(Expr::col(Column::HeldMicros))
}

/// Sets money of a tenant aside where that much is available; says whether it was. The hold itself is written with
/// [`insert`] or [`grow`] in the same transaction.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn reserve<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    tenant: TenantId,
    amount_micros: i64,
) -> Result<bool, Error> {
    crate::ledger::see(scope, tenant)?;
    let held = account::Entity::update_many()
        .col_expr(account::Column::HeldMicros, Expr::col(account::Column::HeldMicros).add(amount_micros))
        .filter(account::Column::Id.eq(tenant.0))
        .filter(available().gte(amount_micros))
        .exec(txn)
        .await?;
    Ok(held.rows_affected == 1)
}

/// Writes holds down, in one statement.
///
/// # Errors
/// [`Error`] where the scope does not see a tenant, a hold for the same thing is there, or the database fails.
pub async fn insert<C: ConnectionTrait>(txn: &C, scope: &Scope, holds: &[NewHold]) -> Result<(), Error> {
    let mut rows = Rows::new(6, holds.len());
    for new in holds {
        crate::ledger::see(scope, new.tenant)?;
        rows.push([
            Uuid::now_v7().into(),
            new.tenant.0.into(),
            new.purpose.word().into(),
            new.reference.into(),
            new.amount_micros.into(),
            new.at.into(),
        ]);
    }
    INSERT.run(txn, rows).await?;
    Ok(())
}

/// Adds to the holds of calls what was set aside for them; each call stands there once. Those whose hold is there.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn grow_all<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    more: &[(CallId, i64)],
) -> Result<HashSet<CallId>, Error> {
    platform(scope)?;
    let mut rows = Rows::new(2, more.len());
    for (call, micros) in more {
        rows.push([call.0.into(), (*micros).into()]);
    }
    let grown = GROW.fetch(txn, rows).await?;
    grown.iter().map(|row| Ok(CallId(row.try_get_by_index(0)?))).collect()
}

/// Deletes the holds of calls that are over. What each was; the accounts are the caller's business, in the same
/// transaction ([`crate::ledger::Accounts::release`]).
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn delete_all<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    calls: impl ExactSizeIterator<Item = CallId>,
) -> Result<Vec<(TenantId, i64)>, Error> {
    platform(scope)?;
    let mut rows = Rows::new(1, calls.len());
    for call in calls {
        rows.push([call.0.into()]);
    }
    let deleted = DELETE.fetch(txn, rows).await?;
    deleted.iter().map(|row| Ok((TenantId(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect()
}

/// Adds to a hold what [`reserve`] has taken for it. False where the hold is gone.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn grow<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    purpose: Purpose,
    reference: Uuid,
    by_micros: i64,
) -> Result<bool, Error> {
    let mut update = hold::Entity::update_many()
        .col_expr(hold::Column::AmountMicros, Expr::col(hold::Column::AmountMicros).add(by_micros))
        .filter(hold::Column::Purpose.eq(purpose.word()))
        .filter(hold::Column::Reference.eq(reference));
    if let Some(tenant) = scope.tenant() {
        update = update.filter(hold::Column::TenantId.eq(tenant.0));
    }
    Ok(update.exec(txn).await?.rows_affected == 1)
}

/// What a hold covers, in micro-units; `None` where there is none.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn amount<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    purpose: Purpose,
    reference: Uuid,
) -> Result<Option<i64>, Error> {
    Ok(find(conn, scope, purpose, reference).await?.map(|row| row.amount_micros))
}

/// Gives a hold's money back. What it was; `None` where it is gone already.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn release<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    purpose: Purpose,
    reference: Uuid,
) -> Result<Option<i64>, Error> {
    let Some(row) = find(txn, scope, purpose, reference).await? else { return Ok(None) };
    let gone = hold::Entity::delete_by_id(row.id).exec(txn).await?;
    if gone.rows_affected == 0 {
        return Ok(None);
    }
    account::Entity::update_many()
        .col_expr(account::Column::HeldMicros, Expr::col(account::Column::HeldMicros).sub(row.amount_micros))
        .filter(account::Column::Id.eq(row.tenant_id))
        .exec(txn)
        .await?;
    Ok(Some(row.amount_micros))
}

async fn find<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    purpose: Purpose,
    reference: Uuid,
) -> Result<Option<hold::Model>, Error> {
    let mut query = hold::Entity::find()
        .filter(hold::Column::Purpose.eq(purpose.word()))
        .filter(hold::Column::Reference.eq(reference));
    if let Some(tenant) = scope.tenant() {
        query = query.filter(hold::Column::TenantId.eq(tenant.0));
    }
    Ok(query.limit(1).one(conn).await?)
}
