//! Whose a certificate is: the names of RFC 5922 §7.1, compared as RFC 5922 §7.2 and RFC 2818 §3.1 say.

use rustls_pki_types::CertificateDer;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Names of one certificate that are kept; a certificate has few.
const NAMES_MAX: usize = 256;

/// A certificate that a peer showed, and whether it can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    names: Vec<String>,
    expires_at: SystemTime,
    fault: Option<String>,
}

impl PeerCertificate {
    /// Reads names and date; `None` where it is no certificate. It counts as believed until
    /// [`PeerCertificate::with_fault`] says otherwise.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut names = Vec::new();
        if let Ok(Some(alternatives)) = certificate.subject_alternative_name() {
            names.extend(alternatives.value.general_names.iter().filter_map(name).take(NAMES_MAX));
        }
        // The common name counts only where nothing better is there (RFC 5922 §7.1).
        if names.is_empty() {
            let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
            names.extend(common.filter(|name| is_host(name)).map(host).take(1));
        }
        let seconds = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
        // A date that no clock can show is as good as never.
        let expires_at = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH);
        Some(Self { names, expires_at, fault: None })
    }

    /// The same, with why it cannot be believed.
    pub(crate) fn with_fault(mut self, fault: Option<String>) -> Self {
        self.fault = fault;
        self
    }

    /// One that is believed, for tests of those who ask.
    #[must_use]
    pub fn believed<'a>(names: impl IntoIterator<Item = &'a str>, expires_at: SystemTime) -> Self {
        Self { names: names.into_iter().map(host).collect(), expires_at, fault: None }
    }

    /// Its names in lower case: DNS names, some with `*` as first label, hosts of SIP URIs, addresses; else the common
    /// name.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// When it expires.
    #[must_use]
    pub const fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// Why it is not believed: expired, from nobody whom we trust.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Whether it is believed, and this host is its own: a name that is the same, or a wildcard that stands for exactly
    /// one label. Compared without case; an address only with an address.
    #[must_use]
    pub fn covers(&self, wanted: &str) -> bool {
        let wanted = host(wanted);
        self.fault.is_none() && self.names.iter().any(|name| is_same(name, &wanted))
    }
}

fn is_same(name: &str, wanted: &str) -> bool {
    match name.strip_prefix("*.") {
        None => name == wanted,
        Some(domain) => wanted
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest == domain && domain.contains('.')),
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) if is_host(name.trim_start_matches("*.")) => Some(host(name)),
        // A user part or another scheme names no host (RFC 5922 §7.1).
        GeneralName::URI(uri) => {
            let uri = sip::uri::Uri::parse(uri).ok()?;
            let is_host =
                uri.user.is_none() && matches!(uri.scheme, sip::uri::Scheme::Sip | sip::uri::Scheme::Sips);
            is_host.then(|| host(uri.host))
        }
        GeneralName::IPAddress(bytes) => address(bytes).map(|ip| ip.to_string()),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

/// A host to be compared: lower case, no brackets, no last dot; an address in its one form.
fn host(text: &str) -> String {
    let text = text.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    text.parse::<IpAddr>().map_or_else(|_| text.to_ascii_lowercase(), |ip| ip.to_string())
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
}
