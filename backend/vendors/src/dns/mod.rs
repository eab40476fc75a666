//! Names: TXT records that prove a domain, and the addresses of trunks and carriers. Answers are cached as long as
//! their TTL says, within bounds; a question waits for a few seconds at most.

mod locate;

pub use locate::Found;

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::RData,
};
use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// Answers kept.
const CACHE_ENTRIES: u64 = 4_096;
/// How long one server is waited for.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);
/// Tries of one question.
const ATTEMPTS: usize = 2;
/// The longest that an answer is believed, whatever its TTL.
const POSITIVE_TTL_MAX: Duration = Duration::from_secs(300);
/// The longest that "there is none" is believed: short, since people add the record and press the button again.
const NEGATIVE_TTL_MAX: Duration = Duration::from_secs(5);
/// Records of one answer that are looked at.
const ANSWERS_MAX: usize = 32;

/// A resolver with its cache. Cheap to clone.
#[derive(Clone)]
pub struct Dns {
    resolver: TokioResolver,
}

/// Why a name gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// The system's resolver settings cannot be read.
    #[error("the system's DNS settings cannot be read: set dns.servers")]
    Settings(#[source] NetError),
    /// No server answered, or one failed.
    #[error("DNS gave no answer for {name}")]
    Failed {
        /// The name that was asked for.
        name: String,
        /// What happened.
        #[source]
        source: NetError,
    },
}

impl Dns {
    /// A resolver over these servers, or over the system's where there are none.
    ///
    /// # Errors
    /// [`DnsError::Settings`].
    pub fn new(servers: &[SocketAddr]) -> Result<Self, DnsError> {
        let builder = if servers.is_empty() {
            TokioResolver::builder_tokio().map_err(DnsError::Settings)?
        } else {
            let config = ResolverConfig::from_name_servers(servers.iter().map(name_server).collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let mut options = ResolverOpts::default();
        options.cache_size = CACHE_ENTRIES;
        options.timeout = SERVER_TIMEOUT;
        options.attempts = ATTEMPTS;
        options.positive_max_ttl = Some(POSITIVE_TTL_MAX);
        options.negative_max_ttl = Some(NEGATIVE_TTL_MAX);
        let resolver = builder.with_options(options).build().map_err(DnsError::Settings)?;
        Ok(Self { resolver })
    }

    /// The TXT records of a name, each with its strings joined (RFC 7208 §3.3); empty where there are none.
    ///
    /// # Errors
    /// [`DnsError::Failed`] where no server answered.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let found = match self.resolver.txt_lookup(absolute(name)).await {
            Ok(found) => found,
            Err(error) if error.is_no_records_found() => return Ok(Vec::new()),
            Err(source) => return Err(DnsError::Failed { name: name.to_owned(), source }),
        };
        let text = |data: &RData| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        Ok(found.answers().iter().filter_map(|record| text(&record.data)).take(ANSWERS_MAX).collect())
    }

    /// The addresses of a name, 32 at most; empty where there are none. An address is its own answer.
    ///
    /// # Errors
    /// [`DnsError::Failed`] where no server answered.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, DnsError> {
        Ok(self.addresses_until(name).await?.0)
    }

    /// The addresses, and until when they hold; without end for an address.
    async fn addresses_until(&self, name: &str) -> Result<(Vec<IpAddr>, Option<Instant>), DnsError> {
        if let Ok(ip) = name.parse() {
            return Ok((vec![ip], None));
        }
        match self.resolver.lookup_ip(absolute(name)).await {
            Ok(found) => Ok((found.iter().take(ANSWERS_MAX).collect(), Some(found.valid_until()))),
            Err(error) if error.is_no_records_found() => Ok((Vec::new(), None)),
            Err(source) => Err(DnsError::Failed { name: name.to_owned(), source }),
        }
    }
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}

/// With a final dot, so that no search domain is appended; `localhost` stays as it is, for the hosts file.
fn absolute(name: &str) -> String {
    if name.ends_with('.') || name == "localhost" { name.to_owned() } else { format!("{name}.") }
}

fn name_server(at: &SocketAddr) -> NameServerConfig {
    let on = |mut connection: ConnectionConfig| {
        connection.port = at.port();
        connection
    };
    let mut server = NameServerConfig::udp_and_tcp(at.ip());
    server.connections = vec![on(ConnectionConfig::udp()), on(ConnectionConfig::tcp())];
    server
}
