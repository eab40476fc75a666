//! The settings: `dialtone.toml`, then environment `DIALTONE_<SECTION>__<KEY>` over it. The only place that reads
//! either. Every key has a default that suits a laptop; an unknown key is an error.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    ops::RangeInclusive,
    path::PathBuf,
};

/// The file that is read where `--config` names none and it is there.
const DEFAULT_FILE: &str = "dialtone.toml";

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Database, keys, recordings, logs.
    pub(crate) data_dir: PathBuf,
    /// `sqlite://…` or `postgres://…`; SQLite in the data directory where it is not set.
    pub(crate) database_url: Option<String>,
    /// The HTTP port.
    pub(crate) http: Http,
    /// Signalling.
    pub(crate) sip: Sip,
    /// The media relay.
    pub(crate) media: Media,
    /// Resolvers.
    pub(crate) dns: Dns,
    /// What is kept of calls' messages.
    pub(crate) traces: Traces,
    /// Recordings of calls.
    pub(crate) recordings: Recordings,
    /// The simulated PSTN.
    pub(crate) sandbox: Sandbox,
    /// Who may sign up.
    pub(crate) signup: Signup,
    /// Outgoing mail.
    pub(crate) mail: Mail,
    /// Signatures of calls to carriers.
    pub(crate) stir: Stir,
    /// How often somebody may ask over HTTP.
    pub(crate) limits: Limits,
    /// Events to endpoints of tenants.
    pub(crate) webhooks: Webhooks,
    /// See the type.
    pub(crate) suppliers: Suppliers,
    /// The first operator.
    pub(crate) operator: Operator,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            database_url: None,
            http: Http::default(),
            sip: Sip::default(),
            media: Media::default(),
            dns: Dns::default(),
            traces: Traces::default(),
            recordings: Recordings::default(),
            sandbox: Sandbox::Auto,
            signup: Signup::Open,
            mail: Mail::default(),
            stir: Stir::default(),
            limits: Limits::default(),
            webhooks: Webhooks::default(),
            suppliers: Suppliers::default(),
            operator: Operator::default(),
        }
    }
}

/// `DIALTONE_HTTP__…`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// One port that speaks TLS and plain HTTP.
    pub(crate) listen: SocketAddr,
    /// What links and connection strings say.
    pub(crate) public_url: Option<String>,
    /// PEM file; made by the local CA where it is not set.
    pub(crate) tls_cert: Option<PathBuf>,
    /// PEM file that goes with `tls_cert`.
    pub(crate) tls_key: Option<PathBuf>,
    /// The directory of a public authority, which then issues certificates for the public host and tenants' hosts.
    pub(crate) acme_directory: Option<String>,
    /// An e-mail address that the authority may write to.
    pub(crate) acme_contact: Option<String>,
    /// How names are proven to it.
    pub(crate) acme_challenge: AcmeChallenge,
    /// PEM file of the authority behind the directory's own certificate, where that is no public one.
    pub(crate) acme_root: Option<PathBuf>,
    /// Origins whose pages may use the identity calls, with commas between them; `*` is all.
    pub(crate) cors_origins: String,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            tls_cert: None,
            tls_key: None,
            acme_directory: None,
            acme_contact: None,
            acme_challenge: AcmeChallenge::TlsAlpn01,
            acme_root: None,
            cors_origins: "*".to_owned(),
        }
    }
}

/// `DIALTONE_HTTP__ACME_CHALLENGE`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum AcmeChallenge {
    /// `tls-alpn-01`: a certificate on port 443 (RFC 8737).
    TlsAlpn01,
    /// `http-01`: a file on port 80 (RFC 8555 §8.3).
    Http01,
}

impl TryFrom<String> for AcmeChallenge {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "tls-alpn-01" => Ok(Self::TlsAlpn01),
            "http-01" => Ok(Self::Http01),
            _ => Err(format!(
                "http.acme_challenge {text:?} is none that this port can answer: write tls-alpn-01 or http-01"
            )),
        }
    }
}

/// `DIALTONE_SIP__…`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sip {
    /// UDP and TCP.
    pub(crate) listen: SocketAddr,
    /// SIP over TLS.
    pub(crate) tls_listen: SocketAddr,
    /// PEM chain shown over TLS, to callers and to callees; made by the local CA where it is not set.
    pub(crate) tls_cert: Option<PathBuf>,
    /// PEM file that goes with `tls_cert`.
    pub(crate) tls_key: Option<PathBuf>,
    /// PEM file of roots that peers' certificates may come from, besides the public ones.
    pub(crate) tls_roots: Option<PathBuf>,
    /// Host in Contact, Via and Record-Route; the listen address where it is not set.
    pub(crate) public_host: Option<String>,
    /// Signalling shards; the number of cores where it is not set.
    pub(crate) shards: Option<NonZeroUsize>,
    /// How often trunks and carriers are asked with OPTIONS, in seconds, 1 to 3,600; one that is set to another
    /// interval keeps its own.
    pub(crate) options_interval_seconds: u32,
}

impl Default for Sip {
    fn default() -> Self {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            listen: at(5060),
            tls_listen: at(5061),
            tls_cert: None,
            tls_key: None,
            tls_roots: None,
            public_host: None,
            shards: None,
            options_interval_seconds: 60,
        }
    }
}

/// `DIALTONE_MEDIA__…`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Media {
    /// Address bound and put in SDP.
    pub(crate) address: IpAddr,
    /// Put in SDP instead, behind 1:1 NAT.
    pub(crate) public_address: Option<IpAddr>,
    /// UDP range, `first-last`.
    pub(crate) ports: PortRange,
    /// Relay workers; the number of cores where it is not set.
    pub(crate) workers: Option<NonZeroUsize>,
}

impl Default for Media {
    fn default() -> Self {
        let address = IpAddr::from([127, 0, 0, 1]);
        Self { address, public_address: None, ports: PortRange(49152..=53247), workers: None }
    }
}

/// A range of UDP ports, written `49152-53247`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PortRange(pub(crate) RangeInclusive<u16>);

impl TryFrom<String> for PortRange {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let remedy =
            || format!("{text:?} is not a port range: write it as 49152-53247, with at least 4 ports");
        let (first, last) = text.split_once('-').ok_or_else(remedy)?;
        let first: u16 = first.trim().parse().map_err(|_| remedy())?;
        let last: u16 = last.trim().parse().map_err(|_| remedy())?;
        if first < 1024 || last < first.saturating_add(3) { Err(remedy()) } else { Ok(Self(first..=last)) }
    }
}

/// `DIALTONE_DNS__…`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dns {
    /// Resolvers, with commas between them; the system's where it is not set.
    pub(crate) servers: Option<String>,
}

impl Dns {
    /// The resolvers as addresses; port 53 where none is named.
    ///
    /// # Errors
    /// One line that names what is not an address.
    pub(crate) fn addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let texts =
            self.servers.iter().flat_map(|all| all.split(',')).map(str::trim).filter(|text| !text.is_empty());
        let parse = |text: &str| {
            let with_port =
                text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)));
            with_port.with_context(|| {
                format!("dns.servers: {text:?} is not an address such as 192.0.2.53 or 192.0.2.53:53")
            })
        };
        texts.map(parse).collect()
    }
}

/// `DIALTONE_TRACES__…`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Traces {
    /// Days for which the messages and media events of calls are kept; 0 keeps none.
    pub(crate) keep_days: u16,
}

impl Default for Traces {
    fn default() -> Self {
        Self { keep_days: 7 }
    }
}

/// `DIALTONE_RECORDINGS__…`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Recordings {
    /// What recordings of calls take of the disk at most, GiB.
    pub(crate) max_gib: u64,
}

impl Default for Recordings {
    fn default() -> Self {
        Self { max_gib: app::recordings::DISK_BYTES_MAX / Self::GIB }
    }
}

impl Recordings {
    const GIB: u64 = 1024 * 1024 * 1024;

    /// The same in bytes.
    pub(crate) const fn bytes_max(self) -> u64 {
        self.max_gib.saturating_mul(Self::GIB)
    }
}

/// `DIALTONE_SANDBOX`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sandbox {
    /// On while no carrier is configured.
    Auto,
    /// On.
    On,
    /// Off.
    Off,
}

/// `DIALTONE_SIGNUP`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Signup {
    /// Whoever comes.
    Open,
    /// With an invitation of the operator.
    Invite,
    /// Nobody.
    Closed,
}

/// `DIALTONE_MAIL__…`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mail {
    /// `smtp://user:password@host:port`; kept in the outbox and logged where it is not set.
    pub(crate) url: Option<String>,
}

/// `DIALTONE_STIR__…`: `key` and `cert_url` go together.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Stir {
    /// A PEM file with the P-256 private key (PKCS #8) that signs calls to carriers.
    pub(crate) key: Option<PathBuf>,
    /// The https address of its certificate.
    pub(crate) cert_url: Option<String>,
    /// Whether certificates of signers are fetched from private and loopback hosts, too, and at any port.
    pub(crate) fetch_private: bool,
    /// A PEM file with authorities that the hosts of signers' certificates may be known by, beside those of the web.
    pub(crate) fetch_ca: Option<PathBuf>,
}

/// `DIALTONE_LIMITS__…`: requests over HTTP; 0 is no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Of a tenant, by whatever it shows; those of ten seconds may come at once.
    pub(crate) tenant_requests_per_second: u32,
    /// Of one key or one person's tokens; those of ten seconds may come at once.
    pub(crate) key_requests_per_second: u32,
    /// Sign-ins, sign-ups and wrong credentials from one address.
    pub(crate) sign_ins_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { tenant_requests_per_second: 2_000, key_requests_per_second: 1_000, sign_ins_per_minute: 60 }
    }
}

/// `DIALTONE_WEBHOOKS__…`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Webhooks {
    /// Whether events go to private and loopback hosts, too, and over plain http.
    pub(crate) allow_private: bool,
    /// A PEM file with authorities that endpoints may be known by, beside those of the web.
    pub(crate) ca: Option<PathBuf>,
}

/// `DIALTONE_SUPPLIERS__…`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Suppliers {
    /// Whether suppliers of numbers may be private and loopback hosts, too, at any port and over plain http.
    pub(crate) allow_private: bool,
}

/// `DIALTONE_OPERATOR__…`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Operator {
    /// Made at first start.
    pub(crate) email: Option<String>,
    /// Its password.
    pub(crate) password: Option<String>,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator").field("email", &self.email).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the file and the environment.
    ///
    /// # Errors
    /// One line that names the key and what it may be.
    pub(crate) fn load(file: Option<&std::path::Path>) -> anyhow::Result<Self> {
        let mut layers = config::Config::builder();
        match file {
            Some(path) if !path.exists() => {
                bail!("the settings file {} is not there: mend --config", path.display())
            }
            Some(path) => {
                layers = layers.add_source(config::File::from(path).format(config::FileFormat::Toml))
            }
            None => {
                layers = layers
                    .add_source(config::File::new(DEFAULT_FILE, config::FileFormat::Toml).required(false))
            }
        }
        let environment = config::Environment::with_prefix("DIALTONE").prefix_separator("_").separator("__");
        let settings: Self = layers
            .add_source(environment)
            .build()
            .and_then(config::Config::try_deserialize)
            .context("settings")?;
        settings.check()?;
        Ok(settings)
    }

    /// What cannot be said by types alone.
    fn check(&self) -> anyhow::Result<()> {
        if self.http.tls_cert.is_some() != self.http.tls_key.is_some() {
            bail!(
                "http.tls_cert and http.tls_key go together: set both, or neither for a certificate of the local CA"
            );
        }
        if self.sip.tls_cert.is_some() != self.sip.tls_key.is_some() {
            bail!(
                "sip.tls_cert and sip.tls_key go together: set both, or neither for a certificate of the local CA"
            );
        }
        if let Some(directory) = &self.http.acme_directory {
            if self.http.tls_cert.is_some() {
                bail!(
                    "http.acme_directory and http.tls_cert exclude each other: unset one, so that it is clear which certificate is shown"
                );
            }
            if !directory.starts_with("https://") {
                bail!("http.acme_directory {directory:?} is not an https address");
            }
            if crate::acme::own_names(self).is_empty() {
                bail!(
                    "http.acme_directory is set, but no authority certifies {:?}: set http.public_url to a public host name",
                    self.public_url(self.http.listen)
                );
            }
        }
        if let Some(url) = &self.http.public_url
            && !(url.starts_with("http://") || url.starts_with("https://"))
        {
            bail!("http.public_url {url:?} has no scheme: write it as https://dialtone.example.com");
        }
        if self.operator.email.is_some() != self.operator.password.is_some() {
            bail!("operator.email and operator.password go together: set both, or neither");
        }
        let listens = [self.sip.listen, self.sip.tls_listen];
        if listens.iter().any(|listen| listen.ip().is_unspecified()) && self.sip.public_host.is_none() {
            bail!(
                "sip.listen or sip.tls_listen is on every address, so peers cannot be told where we are: set sip.public_host"
            );
        }
        if self.media.address.is_unspecified() && self.media.public_address.is_none() {
            bail!("media.address is every address, so SDP cannot name it: set media.public_address");
        }
        self.dns.addresses().map(drop)
    }

    /// The public URL: as set, or `http://localhost:<port>` on loopback.
    pub(crate) fn public_url(&self, bound: SocketAddr) -> String {
        let set = self.http.public_url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
        set.unwrap_or_else(|| {
            if bound.ip().is_loopback() || bound.ip().is_unspecified() {
                format!("http://localhost:{}", bound.port())
            } else {
                format!("http://{bound}")
            }
        })
    }

    /// The database's URL.
    pub(crate) fn database_url(&self) -> String {
        self.database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}?mode=rwc", self.data_dir.join("dialtone.db").display()))
    }
}

/// The number of cores, for what is not set.
pub(crate) fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> anyhow::Result<Settings> {
        let layers =
            config::Config::builder().add_source(config::File::from_str(toml, config::FileFormat::Toml));
        let settings: Settings = layers.build().and_then(config::Config::try_deserialize)?;
        settings.check()?;
        Ok(settings)
    }

    #[test]
    fn nothing_set_gives_the_defaults_of_a_laptop() {
        let settings = read("").expect("defaults");
        assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.public_url(settings.http.listen), "http://localhost:8080");
        assert_eq!(settings.media.ports.0, 49152..=53247);
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = read("[sip]\nlisten_adress = \"127.0.0.1:5060\"").expect_err("unknown");
        assert!(format!("{error:#}").contains("listen_adress"), "{error:#}");
    }

    #[test]
    fn a_public_authority_needs_a_public_name_and_no_other_certificate() {
        let acme = "[http]\nacme_directory = \"https://authority.example/dir\"\n";
        let refused = |more: &str| format!("{:#}", read(&format!("{acme}{more}")).expect_err("refused"));
        assert!(refused("").contains("public_url"));
        let both = "public_url = \"https://voice.example\"\ntls_cert = \"a\"\ntls_key = \"b\"";
        assert!(refused(both).contains("exclude each other"));
        assert!(refused("acme_challenge = \"dns-01\"").contains("http-01"));
        let settings = read(&format!("{acme}public_url = \"https://voice.example\"")).expect("settings");
        assert_eq!(crate::acme::own_names(&settings), ["voice.example"]);
    }

    #[test]
    fn half_a_pair_and_a_bad_range_are_refused_with_the_remedy() {
        assert!(
            format!("{:#}", read("[http]\ntls_cert = \"a.pem\"").expect_err("half")).contains("go together")
        );
        assert!(
            format!("{:#}", read("[media]\nports = \"50000\"").expect_err("range")).contains("49152-53247")
        );
        assert!(
            format!("{:#}", read("[sip]\nlisten = \"0.0.0.0:5060\"").expect_err("any"))
                .contains("sip.public_host")
        );
        assert!(
            format!("{:#}", read("[dns]\nservers = \"one.one\"").expect_err("dns")).contains("dns.servers")
        );
    }
}
