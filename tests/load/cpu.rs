//! CPU time by the scheduler's own count (`/proc/PID/task/*/schedstat`), and where threads may run.

use std::{
    collections::BTreeMap,
    fs,
    net::UdpSocket,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

/// CPU time of a server's threads, by what they do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cpu(BTreeMap<&'static str, Duration>);

/// A reading of each thread: what one has used that ends later must not be taken off the others.
#[derive(Debug, Default)]
pub(crate) struct Reading(BTreeMap<PathBuf, (&'static str, Duration)>);

impl Reading {
    /// What the threads of these processes have used so far.
    pub(crate) fn of(pids: &[u32]) -> Self {
        let read = |task: PathBuf| {
            let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
            let used = time(&task);
            (task, (group(name.trim()), used))
        };
        Self(pids.iter().flat_map(|pid| tasks(*pid)).map(read).collect())
    }

    /// What they have used since an earlier reading.
    pub(crate) fn since(&self, before: &Self) -> Cpu {
        let mut all = BTreeMap::new();
        for (task, (group, now)) in &self.0 {
            let then = before.0.get(task).map(|(_, then)| *then).unwrap_or_default();
            *all.entry(*group).or_default() += now.saturating_sub(then);
        }
        Cpu(all)
    }
}

impl Cpu {
    pub(crate) fn all(&self) -> Duration {
        self.0.values().sum()
    }

    /// Without what a database's own processes take.
    pub(crate) fn own(&self) -> Duration {
        self.all() - self.0.get(POSTGRES).copied().unwrap_or_default()
    }

    /// Of ours, what signalling takes: shards and sockets, without decisions, money and records.
    pub(crate) fn signalling(&self) -> Duration {
        ["shards", "socket"].iter().filter_map(|group| self.0.get(group)).sum()
    }

    /// Microseconds for each of so many calls, by group.
    pub(crate) fn per(&self, calls: u64) -> Vec<(&'static str, f64)> {
        self.0.iter().map(|(name, time)| (*name, micros(*time, calls))).collect()
    }
}

pub(crate) fn micros(time: Duration, calls: u64) -> f64 {
    time.as_nanos() as f64 / 1000.0 / calls.max(1) as f64
}

const POSTGRES: &str = "postgres";

/// What a thread does, by its name.
fn group(name: &str) -> &'static str {
    match name {
        "sip-io" => "socket",
        _ if name.starts_with("sip-shard") => "shards",
        _ if name.starts_with("relay") => "relay",
        _ if name.starts_with("sqlx-sqlite") => "database",
        _ if name.starts_with("tokio") => "app",
        "kamailio" => "kamailio",
        "postgres" | "runuser" => POSTGRES,
        _ => "rest",
    }
}

fn tasks(pid: u32) -> impl Iterator<Item = PathBuf> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    tasks.filter_map(Result::ok).map(|task| task.path())
}

fn time(task: &std::path::Path) -> Duration {
    let text = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

/// CPU time of this program's calling thread.
pub(crate) fn own() -> Duration {
    time(std::path::Path::new("/proc/thread-self"))
}

/// Has all threads of a process run on one core. Nothing happens where there is but one.
pub(crate) fn pin(pid: u32, core: usize) {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return;
    }
    let mut taskset = Command::new("taskset");
    taskset.args(["-apc", &core.to_string(), &pid.to_string()]).stdout(Stdio::null());
    assert!(taskset.status().expect("taskset is there").success(), "process {pid} can be pinned");
}

/// A process and its children.
pub(crate) fn family(pid: u32) -> Vec<u32> {
    let children = Command::new("pgrep").args(["-P", &pid.to_string()]).output().expect("pgrep is there");
    let children = String::from_utf8_lossy(&children.stdout).into_owned();
    std::iter::once(pid).chain(children.lines().filter_map(|line| line.parse().ok())).collect()
}

/// Microseconds of CPU for one send of 172 bytes over loopback with its delivery: how fast the machine is at this minute.
pub(crate) fn floor() -> f64 {
    let bind = |address| UdpSocket::bind(address).expect("a socket");
    let (from, to) = (bind("127.24.4.1:0"), bind("127.24.4.2:0"));
    let target = to.local_addr().expect("an address");
    let (count, before, mut buffer) = (50_000_u32, own(), [0; 256]);
    for _ in 0..count {
        from.send_to(&[0; 172], target).expect("it is sent");
        let _ = to.recv(&mut buffer).expect("it arrives");
    }
    micros(own().saturating_sub(before), u64::from(count))
}
