//! What a query can answer instead of rows.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

/// Why a query failed. The door shows none of it; the cause is logged there once.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL names no database that is spoken here.
    #[error("the database URL must begin with sqlite: or postgres:")]
    BadUrl,
    /// A row with this unique value is there already; the text says which constraint, for the log.
    #[error("it is there already ({0})")]
    Taken(String),
    /// There is no such row in the scope, or it changed meanwhile.
    #[error("there is no such row, or it changed meanwhile")]
    Missing,
    /// The account's money does not cover it; so many micro-units are missing.
    #[error("{missing_micros} micro-units are missing")]
    Funds {
        /// How much is missing, positive.
        missing_micros: i64,
    },
    /// Something is not what it was known to be: roll back, and look first.
    #[error("something is not what it was known to be")]
    Changed,
    /// What was read is not what was once written.
    #[error("the database holds what this version cannot read: {0}")]
    Unreadable(String),
    /// The database is locked by somebody else, or the transaction lost a race: it may be tried again.
    #[error("the database is busy")]
    Busy(#[source] DbErr),
    /// Too many want the database at this moment: no connection became free in time. Nothing was done.
    #[error("no connection to the database became free in time")]
    Crowded(#[source] DbErr),
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] DbErr),
}

/// SQLite's codes for a database that somebody else has locked: `SQLITE_BUSY`, `SQLITE_LOCKED`, `SQLITE_BUSY_SNAPSHOT`.
const SQLITE_BUSY: [&str; 3] = ["5", "6", "517"];
/// PostgreSQL's: serialization failure, deadlock, lock not available.
const POSTGRES_BUSY: [&str; 3] = ["40001", "40P01", "55P03"];

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(what)) = error.sql_err() {
            return Self::Taken(what);
        }
        match &error {
            DbErr::RecordNotFound(_) | DbErr::RecordNotUpdated => Self::Missing,
            DbErr::ConnectionAcquire(_) => Self::Crowded(error),
            DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner))
            | DbErr::Conn(RuntimeErr::SqlxError(inner))
                if is_busy(inner) =>
            {
                Self::Busy(error)
            }
            _ => Self::Database(error),
        }
    }
}

fn is_busy(error: &SqlxError) -> bool {
    let SqlxError::Database(error) = error else { return false };
    error
        .code()
        .is_some_and(|code| SQLITE_BUSY.contains(&code.as_ref()) || POSTGRES_BUSY.contains(&code.as_ref()))
}

/// Whether an error, or what it came from, is worth another try.
#[must_use]
pub fn is_transient(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(Error::Busy(_)) = error.downcast_ref() {
            return true;
        }
        next = error.source();
    }
    false
}
