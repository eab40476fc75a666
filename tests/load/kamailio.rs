//! Kamailio beside us, as it would be used: dialogs, accounting, sanity checks and a route by the longest of 10,000 prefixes;
//! with the quick allocator (`-x fm -X fm`), not the debugging one that Debian starts it with. It accounts to flat files, or to
//! a database that keeps what it was told when the power goes, as ours does.

use crate::{
    cpu,
    link::{Keys, Wire},
    postgres::Postgres,
};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const CONFIG: &str = include_str!("kamailio.cfg");
const PATIENCE: Duration = Duration::from_secs(15);

/// Where it writes each call's beginning and end.
#[derive(Clone, Copy)]
pub(crate) enum Accounting<'a> {
    /// Lines of a file, which nobody waits for.
    Flat,
    /// Rows of SQLite in WAL mode with `synchronous=FULL`, a transaction each. By one process: its module does not wait for a
    /// database that another one is writing to, and drops the row.
    Sqlite,
    /// Rows of a PostgreSQL that confirms each when it is on the disk. By eight processes, which wait for it beside each other.
    Postgres(&'a Postgres),
}

impl Accounting<'_> {
    /// Kamailio's module for it.
    fn module(self) -> &'static str {
        match self {
            Self::Flat => "db_flatstore.so",
            Self::Sqlite => "db_sqlite.so",
            Self::Postgres(_) => "db_postgres.so",
        }
    }

    /// How many of its processes take messages.
    fn children(self) -> &'static str {
        match self {
            Self::Flat => "2",
            Self::Sqlite => "1",
            Self::Postgres(_) => "8",
        }
    }

    /// What the tables of its measurements call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flat => "kamailio",
            Self::Sqlite => "kam+sqlite",
            Self::Postgres(_) => "kam+pg",
        }
    }
}

/// The table as Kamailio's own `acc-create.sql` makes it, with the database's way to number rows.
const TABLE: &str = "create table version (id @NUMBER@ primary key not null, table_name varchar(32) not null,
    table_version integer default 0 not null, constraint version_table_name_idx unique (table_name));
create table acc (id @NUMBER@ primary key not null, method varchar(16) default '' not null,
    from_tag varchar(128) default '' not null, to_tag varchar(128) default '' not null,
    callid varchar(255) default '' not null, sip_code varchar(3) default '' not null,
    sip_reason varchar(128) default '' not null, time timestamp without time zone not null);
create index acc_callid_idx on acc (callid);
insert into version (table_name, table_version) values ('version', '1'), ('acc', '5');";
/// The journal mode that ours has. What is not said here stays as SQLite has it: `synchronous=FULL`.
const JOURNAL: &str = "pragma journal_mode = wal;";

pub(crate) struct Kamailio<'a> {
    child: Child,
    directory: PathBuf,
    accounting: Accounting<'a>,
}

impl<'a> Kamailio<'a> {
    /// Starts it on an address, to hand all calls on to `next`.
    pub(crate) fn start(
        (at, next): (Ipv4Addr, SocketAddr),
        wire: Wire,
        keys: Option<&Keys>,
        accounting: Accounting<'a>,
    ) -> Self {
        let directory = std::env::temp_dir().join(format!("dialtone-load-kamailio-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("acc")).expect("a directory can be made");
        let url = match accounting {
            Accounting::Flat => format!("flatstore:{}", directory.join("acc").display()),
            Accounting::Sqlite => {
                query(
                    &directory.join(DATABASE),
                    &format!("{JOURNAL}{}", TABLE.replace("@NUMBER@", "integer")),
                );
                format!("sqlite:///{}", directory.join(DATABASE).display())
            }
            Accounting::Postgres(postgres) => {
                let url = postgres.database(POSTGRES_DATABASE);
                let _ = postgres.query(POSTGRES_DATABASE, &TABLE.replace("@NUMBER@", "serial"));
                url
            }
        };
        let mut config = CONFIG
            .replace("@ADDRESS@", &at.to_string())
            .replace("@NEXT@", &format!("{next};transport={}", wire.name().to_ascii_lowercase()))
            .replace("@URL@", &url)
            .replace("@MODULE@", accounting.module())
            .replace("@CHILDREN@", accounting.children())
            .replace("@TLS@", if keys.is_some() { "tls" } else { "plain" });
        if let Some(keys) = keys {
            let pair = [("@CERTIFICATE@", &keys.certificate_file), ("@KEY@", &keys.key_file)];
            for (word, file) in pair {
                config = config.replace(word, &file.display().to_string());
            }
        }
        let file = directory.join("kamailio.cfg");
        fs::write(&file, config).expect("a file can be written");
        let log = fs::File::create(directory.join("log")).expect("a file can be written");
        let child = Command::new("kamailio")
            .args(["-x", "fm", "-X", "fm", "-m", "512", "-M", "32", "-DD", "-E", "-f"])
            .arg(&file)
            .arg("-Y")
            .arg(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("kamailio can be started");
        let kamailio = Self { child, directory, accounting };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect((at, 5060)).is_err() {
            assert!(Instant::now() < end, "kamailio does not start:\n{}", kamailio.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        // It listens before its children are there.
        let mut children = 0;
        while children < 2 || kamailio.pids().len() != children {
            children = kamailio.pids().len();
            std::thread::sleep(Duration::from_millis(300));
        }
        for pid in kamailio.pids() {
            cpu::pin(pid, 1);
        }
        kamailio
    }

    /// Its processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        cpu::family(self.child.id())
    }

    /// Lines or rows of accounting so far: two for each call.
    pub(crate) fn accounted(&self) -> u64 {
        let count = "select count(*) from acc";
        let counted = match self.accounting {
            Accounting::Flat => None,
            Accounting::Sqlite => Some(query(&self.directory.join(DATABASE), count)),
            Accounting::Postgres(postgres) => Some(postgres.query(POSTGRES_DATABASE, count)),
        };
        if let Some(counted) = counted {
            return counted.trim().parse().unwrap_or_default();
        }
        let files = fs::read_dir(self.directory.join("acc")).into_iter().flatten().filter_map(Result::ok);
        files.map(|file| fs::read_to_string(file.path()).unwrap_or_default().lines().count() as u64).sum()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

/// Where in its directory the database of SQLite is.
const DATABASE: &str = "acc/acc.db";
/// Its name in PostgreSQL.
const POSTGRES_DATABASE: &str = "kamailio";

fn query(file: &Path, text: &str) -> String {
    let output = Command::new("sqlite3").arg(file).arg(text).output().expect("sqlite3 is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Drop for Kamailio<'_> {
    fn drop(&mut self) {
        // It may have ended by itself; asked kindly it takes its children along.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end && !matches!(self.child.try_wait(), Ok(Some(_))) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Accounting::Postgres(postgres) = self.accounting {
            let _ = postgres.query("postgres", &format!("drop database {POSTGRES_DATABASE} with (force)"));
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}
