//! Databases for tests: each migrated, empty and the test's own. A SQLite file goes with its test; a PostgreSQL schema stays
//! until the server, which is the test run's own, goes.

use domain::access::Scope;
use std::path::PathBuf;
use store::{Db, Error, Options};

/// Names a PostgreSQL server (`postgres://user@host/database`) on which tests of the database run too.
pub const POSTGRES_VARIABLE: &str = "DIALTONE_TEST_POSTGRES";

/// A database of a test.
#[derive(Debug)]
pub struct TestDb {
    /// The database.
    pub db: Db,
    /// Its URL, for a second connection.
    pub url: String,
    /// The file, where it is SQLite.
    file: Option<PathBuf>,
}

impl TestDb {
    /// A SQLite file, migrated.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sqlite() -> Result<Self, Error> {
        let file = std::env::temp_dir().join(format!("dialtone-test-{}.db", uuid::Uuid::now_v7()));
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let db = Db::connect(&url, Options::default()).await?;
        db.migrate().await?;
        Ok(Self { db, url, file: Some(file) })
    }

    /// A schema of its own on the server that [`POSTGRES_VARIABLE`] names, migrated; `None` where it names none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn postgres() -> Result<Option<Self>, Error> {
        let Ok(server) = std::env::var(POSTGRES_VARIABLE) else { return Ok(None) };
        let schema = format!("test_{}", uuid::Uuid::now_v7().simple());
        let setup = Db::connect(&server, Options::default()).await?;
        let scope = Scope::system("a test makes its own schema");
        setup.script(&scope, &format!("CREATE SCHEMA {schema}")).await?;
        setup.close().await?;
        let join = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{join}options=-c%20search_path%3D{schema}");
        let db = Db::connect(&url, Options { postgres_connections: 8, ..Options::default() }).await?;
        db.migrate().await?;
        Ok(Some(Self { db, url, file: None }))
    }

    /// One of each kind that there is: a test of queries runs on all of them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn each() -> Result<Vec<Self>, Error> {
        let mut all = vec![Self::sqlite().await?];
        all.extend(Self::postgres().await?);
        Ok(all)
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Some(file) = &self.file else { return };
        for suffix in ["", "-wal", "-shm"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            // It is a file in the system's temporary folder: where it stays, nothing is lost.
            let _ = std::fs::remove_file(name);
        }
    }
}
