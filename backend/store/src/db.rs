//! The connection to the database: SQLite with one writer and several readers, or PostgreSQL with one pool.

use crate::error::{Error, is_transient};
use domain::access::Scope;
use migrations::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use std::time::Duration;

/// Connections that read a SQLite database at the same time.
pub const READERS_DEFAULT: u32 = 4;
/// Statements that the writer of a SQLite database keeps prepared: those of a batch of calls have a text for each power of
/// two of rows.
const WRITER_STATEMENTS: usize = 256;
/// Pages in SQLite's write-ahead log from which on it is copied into the file: 16 MiB, so that a page that many commits
/// change is copied once for all of them.
const WAL_PAGES: &str = "4096";
/// SQLite's page cache of the writer, in KiB where it is negative.
const WRITER_CACHE: &str = "-32768";
/// Connections to PostgreSQL.
pub const POSTGRES_CONNECTIONS_DEFAULT: u32 = 16;
/// How long a connection waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a query waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Tries of one write transaction that loses races, the first included.
const WRITE_TRIES: u32 = 4;
/// Pause before the second try; doubled before each further one.
const RETRY_PAUSE: Duration = Duration::from_millis(20);
/// The advisory lock under which migrations run on PostgreSQL: one node at a time. Any fixed number does.
const MIGRATION_LOCK: i64 = 0x4469_616c_746f_6e65;

#[cfg(debug_assertions)]
tokio::task_local! {
    /// Within the work of a write transaction. Who asks for a second connection there waits for others who hold one and
    /// wait alike: on PostgreSQL for ever, once there are as many of them as connections.
    static WRITING: ();
}

/// Panics where a transaction's work asks for another connection: a mistake of ours, which only a busy PostgreSQL shows.
#[cfg(debug_assertions)]
#[track_caller]
fn outside_of_a_transaction() {
    assert!(
        WRITING.try_with(|()| ()).is_err(),
        "a write transaction asks for a second connection: read on `tx`, or before it begins"
    );
}

/// One write transaction. Dropped without commit, it is rolled back.
pub type Tx = DatabaseTransaction;

/// Bounds of the pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Reading connections of SQLite, 1 to 64.
    pub readers: u32,
    /// Connections to PostgreSQL, 2 to 200.
    pub postgres_connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: READERS_DEFAULT, postgres_connections: POSTGRES_CONNECTIONS_DEFAULT }
    }
}

/// The database. Cheap to clone: the pools are shared.
#[derive(Debug, Clone)]
pub struct Db {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
}

impl Db {
    /// Connects. `sqlite://path?mode=rwc` or `postgres://user@host/name`.
    ///
    /// # Errors
    /// [`Error::BadUrl`], or what the database says.
    pub async fn connect(url: &str, options: Options) -> Result<Self, Error> {
        if url.starts_with("sqlite:") {
            let writer = Database::connect(sqlite(url, 1, false)).await?;
            let reader = Database::connect(sqlite(url, options.readers.clamp(1, 64), true)).await?;
            return Ok(Self { writer, reader });
        }
        if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
            return Err(Error::BadUrl);
        }
        let mut pool = ConnectOptions::new(url);
        pool.max_connections(options.postgres_connections.clamp(2, 200))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .sqlx_logging(false);
        let writer = Database::connect(pool).await?;
        Ok(Self { reader: writer.clone(), writer })
    }

    /// Applies the migrations that are missing. Safe while other nodes start: PostgreSQL lets one at a time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn migrate(&self) -> Result<(), Error> {
        if self.is_sqlite() {
            return Ok(Migrator::up(&self.writer, None).await?);
        }
        // The lock belongs to a transaction of its own, so that it goes when the process does.
        let lock = self.writer.begin().await?;
        lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        let applied = Migrator::up(&self.writer, None).await;
        lock.commit().await?;
        Ok(applied?)
    }

    /// How many migrations are not applied yet.
    ///
    /// # Errors
    /// What the database says.
    pub async fn pending_migrations(&self) -> Result<usize, Error> {
        Ok(Migrator::get_pending_migrations(&self.writer).await?.len())
    }

    /// Where queries that only read go.
    #[must_use]
    #[track_caller]
    pub fn read(&self) -> &DatabaseConnection {
        #[cfg(debug_assertions)]
        outside_of_a_transaction();
        &self.reader
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE` on SQLite, so that it never has to upgrade a read lock).
    ///
    /// # Errors
    /// [`Error::Busy`] where another process holds the lock for longer than 5 s.
    pub async fn begin(&self) -> Result<Tx, Error> {
        #[cfg(debug_assertions)]
        outside_of_a_transaction();
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// Runs `work` in one write transaction, and commits it where it succeeds. Work that lost a race is rolled back and
    /// tried again a few times, so it must not do anything that a rollback does not undo.
    ///
    /// The compiler cannot see that the future of a borrowing closure is `Send`: await it where you are, or spawn it
    /// on a `LocalSet`.
    ///
    /// # Errors
    /// What `work` answers, or what the commit says.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<Error> + std::error::Error + 'static,
        F: AsyncFn(&Tx) -> Result<T, E>,
    {
        let mut pause = RETRY_PAUSE;
        for _ in 1..WRITE_TRIES {
            match self.write_once(&work).await {
                Err(error) if is_transient(&error) => tokio::time::sleep(pause).await,
                done => return done,
            }
            pause *= 2;
        }
        self.write_once(&work).await
    }

    async fn write_once<T, E, F>(&self, work: &F) -> Result<T, E>
    where
        E: From<Error>,
        F: AsyncFn(&Tx) -> Result<T, E>,
    {
        let tx = self.begin().await?;
        #[cfg(debug_assertions)]
        let value = WRITING.scope((), work(&tx)).await?;
        #[cfg(not(debug_assertions))]
        let value = work(&tx).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(value)
    }

    /// Runs statements as they are written. For tests and tools: what the product asks for stands in the nouns' files.
    ///
    /// # Errors
    /// What the database says, or [`Error::Missing`] where the scope is one tenant's.
    pub async fn script(&self, scope: &Scope, statements: &str) -> Result<(), Error> {
        crate::table::platform(scope)?;
        self.writer.execute_unprepared(statements).await?;
        Ok(())
    }

    /// Whether the database answers: the readiness probe's question.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ping(&self) -> Result<(), Error> {
        self.reader.ping().await?;
        Ok(self.writer.ping().await?)
    }

    /// Closes all connections, after what runs on them has ended.
    ///
    /// # Errors
    /// What the database says.
    pub async fn close(self) -> Result<(), Error> {
        self.reader.close().await?;
        Ok(self.writer.close().await?)
    }

    /// Whether this is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.writer.get_database_backend() == sea_orm::DbBackend::Sqlite
    }
}

/// Write-ahead log, durable commits, foreign keys; statements are not logged, since they may carry personal data.
fn sqlite(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    let mut pool = ConnectOptions::new(url);
    pool.max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        // A file does not go away as a server may: asking before each use would cost a turn of two threads.
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            let options = options.busy_timeout(BUSY_TIMEOUT).foreign_keys(true).read_only(read_only);
            if read_only {
                return options;
            }
            options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .statement_cache_capacity(WRITER_STATEMENTS)
                .pragma("wal_autocheckpoint", WAL_PAGES)
                .pragma("cache_size", WRITER_CACHE)
        });
    pool
}
