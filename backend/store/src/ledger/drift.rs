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
    /// Micro-units by which closed periods differ from their entries, invoices from their lines, and what was posted for
    /// invoices from what they say.
    pub invoices_micros: i64,
    /// Numbers of invoices that are missing.
    pub number_gaps: i64,
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
            + self.invoices_micros
            + self.number_gaps
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

/// Closed periods against their entries: the words of [`crate::invoices::Span`].
const PERIODS: &str = "SELECT CAST(COALESCE(SUM(ABS(p.charges_micros + COALESCE((SELECT SUM(e.amount_micros) FROM entries e \
    LEFT JOIN entries r ON r.id = e.reverses_id WHERE e.tenant_id = p.tenant_id AND e.id >= p.scan_from \
    AND e.id < p.upto AND e.at < p.ends_at AND (e.id >= p.from_id OR e.at >= p.starts_at) AND e.invoice_id IS NULL \
    AND (e.kind IN ('setup', 'lease', 'usage') OR (e.kind = 'reversal' AND r.kind IN ('setup', 'lease', 'usage')))), 0) \
    )), 0) AS BIGINT) AS n FROM billing_periods p";
/// Invoices against their lines, and closed periods against their invoices.
const LINES: &str = "SELECT CAST(COALESCE(SUM(ABS(i.charges_micros - COALESCE(l.total, 0)) \
    + ABS(COALESCE(p.charges_micros, i.charges_micros) - i.charges_micros)), 0) AS BIGINT) AS n FROM invoices i \
    LEFT JOIN (SELECT invoice_id, SUM(amount_micros) AS total FROM invoice_lines GROUP BY invoice_id) l \
    ON l.invoice_id = i.id LEFT JOIN billing_periods p ON p.invoice_id = i.id";
/// What was posted when invoices were issued: what they come to beyond the charges of their period, which stand in the
/// ledger already. A credit note about an invoice is no period's, and is posted whole.
const POSTED: &str = "SELECT CAST(COALESCE(SUM(ABS(e.total + i.total_micros \
    - CASE WHEN i.credits_id IS NULL THEN i.charges_micros ELSE 0 END)), 0) AS BIGINT) AS n FROM invoices i \
    JOIN (SELECT i.id, COALESCE(SUM(e.amount_micros), 0) AS total FROM invoices i LEFT JOIN entries e \
    ON e.invoice_id = i.id AND e.tenant_id IS NOT NULL AND e.kind <> 'topUp' AND e.kind <> 'refund' \
    WHERE i.number IS NOT NULL GROUP BY i.id) e ON e.id = i.id";
const GAPS: &str = "SELECT CAST(COALESCE(SUM(ABS(s.last - COALESCE(i.n, 0)) + ABS(s.last - COALESCE(i.top, 0))), 0) AS BIGINT) AS n \
    FROM invoice_series s LEFT JOIN (SELECT series, COUNT(*) AS n, MAX(number) AS top FROM invoices \
    WHERE number IS NOT NULL GROUP BY series) i ON i.series = s.name";

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
        invoices_micros: figure(&tx, PERIODS).await?
            + figure(&tx, LINES).await?
            + figure(&tx, POSTED).await?,
        number_gaps: figure(&tx, GAPS).await?,
    };
    tx.commit().await?;
    Ok(drift)
}

async fn figure<C: ConnectionTrait>(tx: &C, sql: &'static str) -> Result<i64, Error> {
    let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    let row = row.ok_or_else(|| super::unreadable("an aggregate without a row"))?;
    Ok(row.try_get("", "n")?)
}
