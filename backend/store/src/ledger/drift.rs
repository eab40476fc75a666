//! The drift check: records, ledger, balances and holds tell one story, or the difference is said.

use crate::{Db, Error};
use domain::access::Scope;
use sea_orm::{ConnectionTrait, IsolationLevel, Statement, TransactionTrait};

/// What does not add up. All of it is zero on a sound database, after a crash too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drift {
    /// Journals whose entries do not sum to zero.
    pub unbalanced_journals: i64,
    /// Micro-units by which tenants' balances differ from the sums of their entries.
    pub balance_micros: i64,
    /// Micro-units by which tenants' held money differs from the sums of their holds.
    pub held_micros: i64,
    /// Micro-units by which the totals of calls differ from their usage entries.
    pub calls_micros: i64,
    /// Holds of calls that are over.
    pub stray_holds: i64,
}

impl Drift {
    /// Whether everything adds up.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// One figure for the metrics: micro-units that differ, plus one for each journal or hold that should not be.
    #[must_use]
    pub const fn figure(&self) -> i64 {
        self.unbalanced_journals
            + self.balance_micros
            + self.held_micros
            + self.calls_micros
            + self.stray_holds
    }
}

const UNBALANCED: &str = "SELECT COUNT(*) AS n FROM (SELECT journal_id FROM entries GROUP BY journal_id \
    HAVING SUM(amount_micros) <> 0) AS unbalanced";
const BALANCES: &str = "SELECT CAST(COALESCE(SUM(ABS(a.balance_micros - COALESCE(e.total, 0))), 0) AS BIGINT) AS n \
    FROM accounts a LEFT JOIN (SELECT account_id, SUM(amount_micros) AS total FROM entries GROUP BY account_id) e \
    ON e.account_id = a.id WHERE a.tenant_id IS NOT NULL";
const HELD: &str = "SELECT CAST(COALESCE(SUM(ABS(a.held_micros - COALESCE(h.total, 0))), 0) AS BIGINT) AS n \
    FROM accounts a LEFT JOIN (SELECT tenant_id, SUM(held_micros) AS total FROM calls WHERE state = 'live' \
    GROUP BY tenant_id) h ON h.tenant_id = a.id WHERE a.tenant_id IS NOT NULL";
const CALLS: &str = "SELECT CAST(COALESCE(SUM(ABS(COALESCE(c.total_micros, 0) + COALESCE(e.total, 0))), 0) AS BIGINT) AS n \
    FROM calls c FULL OUTER JOIN (SELECT call_id, SUM(amount_micros) AS total FROM entries \
    WHERE kind = 'usage' AND tenant_id IS NOT NULL GROUP BY call_id) e ON e.call_id = c.id";
const STRAY: &str = "SELECT COUNT(*) AS n FROM calls WHERE held_micros <> 0 AND state <> 'live'";

/// Counts what does not add up, at one moment: in one transaction that only reads. It reads whole tables: for a job and
/// the operator's page, not for a request of a tenant.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn drift(db: &Db, scope: &Scope) -> Result<Drift, Error> {
    if scope.tenant().is_some() {
        return Err(Error::Missing);
    }
    // SQLite's readers see one moment in any case; PostgreSQL wants to be asked.
    let isolation = (!db.is_sqlite()).then_some(IsolationLevel::RepeatableRead);
    let tx = db.read().begin_with_config(isolation, None).await?;
    let drift = Drift {
        unbalanced_journals: figure(&tx, UNBALANCED).await?,
        balance_micros: figure(&tx, BALANCES).await?,
        held_micros: figure(&tx, HELD).await?,
        calls_micros: figure(&tx, CALLS).await?,
        stray_holds: figure(&tx, STRAY).await?,
    };
    tx.commit().await?;
    Ok(drift)
}

async fn figure<C: ConnectionTrait>(tx: &C, sql: &'static str) -> Result<i64, Error> {
    let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    let row = row.ok_or_else(|| super::unreadable("an aggregate without a row"))?;
    Ok(row.try_get("", "n")?)
}
