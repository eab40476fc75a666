//! Kamailio beside us, as it would be used: dialogs, accounting, sanity checks and a route by the longest of 10,000 prefixes;
//! with the quick allocator (`-x fm -X fm`), not the debugging one that Debian starts it with. It accounts to flat files, or to
//! a database that keeps what it was told when the power goes, as ours does.

use crate::{
    cpu,
    link::{Keys, Wire},
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accounting {
    /// Lines of a file, which nobody waits for.
    Flat,
    /// Rows of SQLite in WAL mode with `synchronous=FULL`, a transaction each. By one process: its module does not wait for a
    /// database that another one is writing to, and drops the row.
    Database,
}

/// The table as Kamailio's own `acc-create.sql` makes it, in the journal mode that ours has. What is not said here stays as
/// SQLite has it: `synchronous=FULL`.
const TABLE: &str = "pragma journal_mode = wal;
create table version (id integer primary key not null, table_name varchar(32) not null,
    table_version integer default 0 not null, constraint version_table_name_idx unique (table_name));
create table acc (id integer primary key not null, method varchar(16) default '' not null,
    from_tag varchar(128) default '' not null, to_tag varchar(128) default '' not null,
    callid varchar(255) default '' not null, sip_code varchar(3) default '' not null,
    sip_reason varchar(128) default '' not null, time timestamp without time zone not null);
create index acc_callid_idx on acc (callid);
insert into version (table_name, table_version) values ('version', '1'), ('acc', '5');";

pub(crate) struct Kamailio {
    child: Child,
    directory: PathBuf,
    accounting: Accounting,
}

impl Kamailio {
    /// Starts it on an address, to hand all calls on to `next`.
    pub(crate) fn start(
        (at, next): (Ipv4Addr, SocketAddr),
        wire: Wire,
        keys: Option<&Keys>,
        accounting: Accounting,
    ) -> Self {
        let directory = std::env::temp_dir().join(format!("dialtone-load-kamailio-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("acc")).expect("a directory can be made");
        let mut config = CONFIG
            .replace("@ADDRESS@", &at.to_string())
            .replace("@NEXT@", &format!("{next};transport={}", wire.name().to_ascii_lowercase()))
            .replace("@ACC@", &directory.join("acc").display().to_string())
            .replace("@ACCOUNTING@", if accounting == Accounting::Database { "database" } else { "flat" })
            .replace("@CHILDREN@", if accounting == Accounting::Database { "1" } else { "2" })
            .replace("@TLS@", if keys.is_some() { "tls" } else { "plain" });
        if accounting == Accounting::Database {
            query(&directory.join(DATABASE), TABLE);
        }
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
        if self.accounting == Accounting::Database {
            let count = query(&self.directory.join(DATABASE), "select count(*) from acc");
            return count.trim().parse().unwrap_or_default();
        }
        let files = fs::read_dir(self.directory.join("acc")).into_iter().flatten().filter_map(Result::ok);
        files.map(|file| fs::read_to_string(file.path()).unwrap_or_default().lines().count() as u64).sum()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

/// Where in its directory the database is.
const DATABASE: &str = "acc/acc.db";

fn query(file: &Path, text: &str) -> String {
    let output = Command::new("sqlite3").arg(file).arg(text).output().expect("sqlite3 is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // It may have ended by itself; asked kindly it takes its children along.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end && !matches!(self.child.try_wait(), Ok(Some(_))) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
