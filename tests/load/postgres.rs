//! A PostgreSQL of our own for both sides' accounting, which keeps what it has confirmed when the power goes (`fsync` and
//! `synchronous_commit` stay on). It runs on the generator's core.

use crate::cpu;
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(20);
const USER: &str = "dialtone";

pub(crate) struct Postgres {
    child: Child,
    directory: PathBuf,
    programs: PathBuf,
    port: u16,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let directory = std::env::temp_dir().join(format!("dialtone-load-postgres-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("a directory can be made");
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let programs = programs();
        let data = directory.join("data");
        if is_root() {
            done(Command::new("chown").arg("postgres:").arg(&directory));
        }
        let mut make = as_postgres(&programs.join("initdb"));
        done(make.arg("-D").arg(&data).args(["-A", "trust", "-U", USER]).current_dir(&directory));
        let log = fs::File::create(directory.join("log")).expect("a file can be written");
        let settings = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=100"
        );
        let mut serve = as_postgres(&programs.join("postgres"));
        serve.arg("-D").arg(&data).args(settings.split(' ')).current_dir(&directory);
        let child = serve.stdout(Stdio::null()).stderr(log).stdin(Stdio::null()).spawn();
        let postgres = Self { child: child.expect("postgres can be started"), directory, programs, port };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(postgres.directory.join("log")).unwrap_or_default();
            assert!(Instant::now() < end, "postgres does not start:\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        postgres
    }

    /// A new database, and where it is.
    pub(crate) fn database(&self, name: &str) -> String {
        let mut last = None;
        let end = Instant::now() + PATIENCE;
        // It takes connections a moment before it serves them.
        while Instant::now() < end {
            let made = self.psql("postgres", &format!("create database {name}"));
            if made.is_ok() {
                return self.url(name);
            }
            last = made.err();
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{}", last.unwrap_or_default())
    }

    fn url(&self, name: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    /// Statements, and what they print.
    pub(crate) fn query(&self, database: &str, text: &str) -> String {
        self.psql(database, text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn psql(&self, database: &str, text: &str) -> Result<String, String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", text, &self.url(database)])
            .output()
            .expect("psql is there");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
    }

    /// Its processes, those of the connections that are open among them; all on the generator's core.
    pub(crate) fn pids(&self) -> Vec<u32> {
        let all = descendants(self.child.id());
        all.iter().for_each(|pid| cpu::pin(*pid, 0));
        all
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT to the server itself, which another program of ours may have started: it closes its connections and stops.
        let lock = fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap_or_default();
        if let Some(pid) = lock.lines().next() {
            let _ = Command::new("kill").args(["-INT", pid]).status();
        }
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end && !matches!(self.child.try_wait(), Ok(Some(_))) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A process and all below it: where another user runs the server, a program between us starts it.
fn descendants(pid: u32) -> Vec<u32> {
    let children = cpu::family(pid).into_iter().skip(1);
    std::iter::once(pid).chain(children.flat_map(descendants)).collect()
}

/// The newest version's programs, as Debian lays them out.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let version = versions.map(|entry| entry.path()).max().expect("PostgreSQL is there");
    version.join("bin")
}

/// It refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id is there");
    output.stdout.trim_ascii() == b"0"
}

fn done(command: &mut Command) {
    let output = command.stdout(Stdio::null()).output().expect("it can be started");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
