//! What the app must be told by the server: nothing here is read from files or the environment.

use domain::config::Abilities;
use std::{net::SocketAddr, path::PathBuf};

/// When the simulated PSTN and its fictional numbers are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxMode {
    /// While no real carrier is configured.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// Who may sign up by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignupMode {
    /// Whoever comes.
    Open,
    /// With the operator's help.
    Invite,
    /// Nobody.
    Closed,
}

/// The settings of the app.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What links and connection strings say, such as `https://voice.example:8443`, without a final slash.
    pub public_url: String,
    /// The host of `public_url`, without port: tenants are `<slug>.<public host>`.
    pub public_host: String,
    /// The port of `public_url`, where it names one.
    pub public_port: Option<u16>,
    /// Whether the public URL is on loopback: connection strings then use the bare host.
    pub loopback: bool,
    /// When the simulated PSTN is there.
    pub sandbox: SandboxMode,
    /// Where the simulated PSTN speaks SIP over UDP.
    pub sandbox_carrier: Option<SocketAddr>,
    /// Where the echo speaks SIP over UDP; `None` on a node without calls.
    pub echo: Option<SocketAddr>,
    /// Where this node speaks SIP over UDP; `None` where nobody can say.
    pub sip_listen: Option<SocketAddr>,
    /// Who may sign up.
    pub signup: SignupMode,
    /// How often trunks and carriers are asked with OPTIONS, in seconds, where they are set to nothing else.
    pub options_interval_seconds: u32,
    /// The name of this node, for heartbeats and the calls it carries.
    pub node: String,
    /// Days for which the messages of calls are kept; 0 keeps none.
    pub trace_days: u16,
    /// Where recordings of calls are kept; `None` keeps none.
    pub recordings_dir: Option<PathBuf>,
    /// Bytes that they take at most.
    pub recordings_bytes_max: u64,
    /// What this build and its settings can do.
    pub abilities: Abilities,
}
