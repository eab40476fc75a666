//! Kamailio beside us, as it would be used: dialogs, accounting to flat files, sanity checks and a route by the longest of
//! 10,000 prefixes; with the quick allocator (`-x fm -X fm`), not the debugging one that Debian starts it with.

use crate::{
    cpu,
    link::{Keys, Wire},
};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const CONFIG: &str = include_str!("kamailio.cfg");
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Kamailio {
    child: Child,
    directory: PathBuf,
}

impl Kamailio {
    /// Starts it on an address, to hand all calls on to `next`.
    pub(crate) fn start(at: Ipv4Addr, next: SocketAddr, wire: Wire, keys: Option<&Keys>) -> Self {
        let directory = std::env::temp_dir().join(format!("dialtone-load-kamailio-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("acc")).expect("a directory can be made");
        let mut config = CONFIG
            .replace("@ADDRESS@", &at.to_string())
            .replace("@NEXT@", &format!("{next};transport={}", wire.name().to_ascii_lowercase()))
            .replace("@ACC@", &directory.join("acc").display().to_string())
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
        let kamailio = Self { child, directory };
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

    /// Lines of accounting so far: two for each call.
    pub(crate) fn accounted(&self) -> u64 {
        let files = fs::read_dir(self.directory.join("acc")).into_iter().flatten().filter_map(Result::ok);
        files.map(|file| fs::read_to_string(file.path()).unwrap_or_default().lines().count() as u64).sum()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
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
