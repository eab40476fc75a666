//! What the edge is told at its start. Units are in the names and types; only `server` reads the environment.

use crate::tls::TlsConfig;
use std::net::SocketAddr;
use std::time::Duration;

/// Settings of the edge.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port for UDP and TCP alike. Port 0 takes a free one, the same for both. `[::]` takes IPv4 too.
    pub listen: SocketAddr,
    /// SIP over TLS; without it neither calls nor connections over TLS are made or taken.
    pub tls: Option<TlsConfig>,
    /// `host` or `host:port` for Via, Contact and From; an IPv6 address in brackets. Without a port, the port that
    /// was bound. Empty is the listen address.
    pub public_host: String,
    /// Signalling threads, 1 to 1024; a value outside is moved to the nearest bound.
    pub shards: u16,
    /// What User-Agent and Server say to those we serve.
    pub user_agent: String,
    /// Key of the digest nonces. One that is kept over a restart keeps registered phones from a second challenge.
    pub secret: [u8; 32],
    /// Bounds.
    pub limits: Limits,
    /// Who is not heard, and how much is heard of whom nobody knows.
    pub guard: crate::guard::Rules,
}

impl Config {
    /// A configuration with the default bounds, two shards and the listen address as public host.
    #[must_use]
    pub fn new(listen: SocketAddr, secret: [u8; 32]) -> Self {
        let user_agent = concat!("Dialtone/", env!("CARGO_PKG_VERSION")).to_owned();
        Self {
            listen,
            tls: None,
            public_host: String::new(),
            shards: 2,
            user_agent,
            secret,
            limits: Limits::default(),
            guard: crate::guard::Rules::default(),
        }
    }

    /// The number of shards within its bounds.
    pub(crate) fn shard_count(&self) -> u16 {
        self.shards.clamp(1, SHARDS_MAX)
    }
}

/// The most shards; their number has to fit in our tags and branches.
const SHARDS_MAX: u16 = 1024;

/// Bounds of the edge. Beyond each, work is refused or dropped and counted; nothing grows without one.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Calls at the same time, over all shards; the next gets 503 with Retry-After.
    pub calls_max: usize,
    /// Connections at the same time, plain and TLS; the next is closed at once.
    pub tcp_connections_max: usize,
    /// Messages that wait for one shard. From three quarters on, new calls get 503 with Retry-After; beyond, a
    /// datagram is dropped (its retransmission heals that) and a connection is read no further.
    pub shard_queue_messages: usize,
    /// Messages that wait for the thread that writes the connections.
    pub tcp_queue_messages: usize,
    /// TLS handshakes of callers under way at the same time; beyond, the oldest gives way.
    pub tls_handshakes_max: usize,
    /// How long a TLS handshake may take.
    pub tls_handshake_timeout: Duration,
    /// How long a connection that we opened may be silent before a keep-alive is sent over it (RFC 5626 §4.4.1).
    pub keep_alive: Duration,
    /// WebSockets at the same time; the next is refused.
    pub websockets_max: usize,
    /// Messages from WebSockets that wait for the thread that steers them.
    pub websocket_queue_messages: usize,
    /// Bytes that wait on one connection; beyond, it is closed.
    pub tcp_backlog_bytes: usize,
    /// How long the app may take for the decision on a call; then the caller gets 503. Beyond 16 s the engine's own
    /// patience comes first.
    pub decision_timeout: Duration,
    /// Seconds in our own Retry-After.
    pub retry_after_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_max: 20_000,
            tcp_connections_max: 4_096,
            shard_queue_messages: 8_192,
            tcp_queue_messages: 16_384,
            tls_handshakes_max: 512,
            tls_handshake_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(95),
            websockets_max: 4_096,
            websocket_queue_messages: 4_096,
            tcp_backlog_bytes: 1 << 20,
            decision_timeout: Duration::from_secs(10),
            retry_after_seconds: 5,
        }
    }
}
