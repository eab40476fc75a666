//! The true binary, started for a test on a loopback address of its own, and clients that speak to it.

mod client;

pub use client::{Answer, Client, PASSWORD};

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// How long a server may take until `/readyz` says 200.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long a server may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// How the server of a test is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Path of the binary: `env!("CARGO_BIN_EXE_dialtone")`.
    pub binary: PathBuf,
    /// Its address: one per server, `127.x.y.z`. Everything listens there on the default ports.
    pub address: Ipv4Addr,
    /// Further settings, as environment variables; an empty value takes a usual one away.
    pub settings: Vec<(String, String)>,
}

/// A running server; dropping it kills it and removes its data.
#[derive(Debug)]
pub struct Server {
    options: Options,
    child: Child,
    data: PathBuf,
    output: Arc<Mutex<String>>,
    leash: Leash,
}

impl Server {
    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    /// With the server's output, where it is not ready in time.
    #[must_use]
    pub fn start(binary: &str, address: Ipv4Addr) -> Self {
        Self::start_with(Options { binary: binary.into(), address, settings: Vec::new() })
    }

    /// Starts a server with settings.
    ///
    /// # Panics
    /// With the server's output, where it is not ready in time.
    #[must_use]
    pub fn start_with(options: Options) -> Self {
        let data =
            std::env::temp_dir().join(format!("dialtone-test-{}-{}", std::process::id(), options.address));
        if data.exists() {
            std::fs::remove_dir_all(&data).expect("an old test's data can be removed");
        }
        let (child, output, leash) = spawn(&options, &data);
        let mut server = Self { options, child, data, output, leash };
        server.wait_ready();
        server
    }

    /// Kills it as `kill -9` does. The data stays, for [`Server::restart`].
    pub fn kill(&mut self) {
        // It may be dead already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends SIGTERM and waits for its end.
    ///
    /// # Panics
    /// Where it does not stop in time.
    pub fn stop(&mut self) -> std::process::ExitStatus {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill is there");
        assert!(status.success(), "the server is gone already:\n{}", self.output());
        let end = Instant::now() + STOP_PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return status;
            }
            assert!(Instant::now() < end, "the server does not stop:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts it again on the same data, and waits until it is ready.
    ///
    /// # Panics
    /// Where it is not ready in time.
    pub fn restart(&mut self) {
        (self.child, self.output, self.leash) = spawn(&self.options, &self.data);
        self.wait_ready();
    }

    /// Everything it printed.
    ///
    /// # Panics
    /// Where the reader of its output panicked.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.lock().expect("the reader does not panic").clone()
    }

    /// Where its data lives; `ca.pem` is there.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its SIP address.
    #[must_use]
    pub fn sip(&self) -> SocketAddr {
        SocketAddr::from((self.options.address, 5060))
    }

    /// Its plain HTTP address.
    #[must_use]
    pub fn http(&self) -> String {
        format!("http://{}:8080", self.options.address)
    }

    /// A client that is nobody.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::anonymous(self.http())
    }

    /// The operator, who was set up at the first start.
    #[must_use]
    pub fn operator(&self) -> Client {
        self.anonymous().sign_in(OPERATOR_EMAIL, OPERATOR_PASSWORD)
    }

    /// A tenant that signs up now; the name must be new.
    #[must_use]
    pub fn tenant(&self, organization: &str) -> Client {
        self.anonymous().sign_up(organization)
    }

    fn wait_ready(&mut self) {
        let end = Instant::now() + START_PATIENCE;
        let probe =
            reqwest::blocking::Client::builder().timeout(Duration::from_secs(2)).build().expect("a client");
        let url = format!("{}/readyz", self.http());
        loop {
            if probe.get(&url).send().is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                panic!("the server ended with {status}:\n{}", self.output());
            }
            assert!(Instant::now() < end, "the server is not ready:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- output of the server on {} ---\n{}", self.options.address, self.output());
        }
        // A test's data is of no use after it; where it cannot be removed, the system's cleaner will.
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// The operator of every test server.
pub const OPERATOR_EMAIL: &str = "operator@platform.test";
/// Its password.
pub const OPERATOR_PASSWORD: &str = "correct horse battery";

fn spawn(options: &Options, data: &Path) -> (Child, Arc<Mutex<String>>, Leash) {
    let address = options.address;
    let mut command = Command::new(&options.binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DIALTONE_")) {
        command.env_remove(name);
    }
    command
        .env("DIALTONE_DATA_DIR", data)
        .env("DIALTONE_HTTP__LISTEN", format!("{address}:8080"))
        .env("DIALTONE_HTTP__PUBLIC_URL", format!("http://{address}:8080"))
        .env("DIALTONE_SIP__LISTEN", format!("{address}:5060"))
        .env("DIALTONE_SIP__TLS_LISTEN", format!("{address}:5061"))
        .env("DIALTONE_MEDIA__ADDRESS", address.to_string())
        .env("DIALTONE_MEDIA__PORTS", "20000-20999")
        .env("DIALTONE_OPERATOR__EMAIL", OPERATOR_EMAIL)
        .env("DIALTONE_OPERATOR__PASSWORD", OPERATOR_PASSWORD)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (key, value) in &options.settings {
        if value.is_empty() {
            command.env_remove(key)
        } else {
            command.env(key, value)
        };
    }
    let mut child = command.spawn().expect("the binary is built and can be started");
    let leash = Leash::on(child.id());
    let output = Arc::new(Mutex::new(String::new()));
    if let Some(out) = child.stdout.take() {
        collect(out, Arc::clone(&output));
    }
    if let Some(err) = child.stderr.take() {
        collect(err, Arc::clone(&output));
    }
    (child, output, leash)
}

/// Has a server killed once the test process is gone, however it went: a static's server is never dropped. A shell waits at
/// a pipe, which the system closes with the process; to look for the process again and again would cost every test time.
#[derive(Debug)]
struct Leash(ChildStdin);

impl Leash {
    fn on(server: u32) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("read -r _ || kill -9 {server}")]);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = shell.spawn().expect("sh is there");
        let pipe = shell.stdin.take().expect("it is piped");
        // Its end is waited for by nobody else; the thread goes with the process.
        std::thread::spawn(move || shell.wait());
        Self(pipe)
    }
}

impl Drop for Leash {
    /// The server is gone, and its number may be another's soon.
    fn drop(&mut self) {
        // A shell that is gone needs no word.
        let _ = self.0.write_all(b"\n");
    }
}

fn collect(from: impl std::io::Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut all = into.lock().expect("no holder panics");
            all.push_str(&line);
            all.push('\n');
        }
    });
}
