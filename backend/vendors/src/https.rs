//! Small files over https from whoever names them: the address is not to be trusted, so nothing but a public host is
//! asked, no redirect is followed, and size and time are bounded.

use crate::Dns;
use reqwest::{
    StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// The ports that are asked (ATIS-1000074 §5.3.1), unless private hosts are allowed too.
const PORTS: [u16; 2] = [443, 8443];
/// The longest address that is asked.
const URL_MAX: usize = 2_048;
/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 4;

/// Why a file was not had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is none that is asked.
    #[error("{0}")]
    Address(&'static str),
    /// The host answered, but not with the file.
    #[error("its host answered {0}")]
    Status(u16),
    /// The file is larger than was asked for.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// The host could not be reached, is not who it says, or took too long.
    #[error("{0}")]
    Failed(String),
}

/// Asks for files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Https {
    client: reqwest::Client,
    allows_private: bool,
}

impl Https {
    /// Trusts the authorities of the web, and those of `roots` (PEM) beside them. Where `allows_private` is set, private and
    /// loopback hosts are asked too, at any port.
    ///
    /// # Errors
    /// [`FetchError::Failed`] where one of them is none.
    pub fn new(dns: Dns, roots: &[u8], allows_private: bool) -> Result<Self, FetchError> {
        let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in CertificateDer::pem_slice_iter(roots) {
            trusted.add(root.map_err(failed)?).map_err(failed)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .dns_resolver(Guarded { dns, allows_private })
            .build()
            .map_err(failed)?;
        Ok(Self { client, allows_private })
    }

    /// The file at an address, of so many bytes at most, within a time.
    ///
    /// # Errors
    /// [`FetchError`] says why there is none.
    pub async fn get(&self, url: &str, most: usize, within: Duration) -> Result<Vec<u8>, FetchError> {
        let url = self.check(url)?;
        let mut response = self.client.get(url).timeout(within).send().await.map_err(failed_request)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(failed_request)? {
            if body.len() + part.len() > most {
                return Err(FetchError::TooLarge(most));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn check(&self, url: &str) -> Result<Url, FetchError> {
        if url.len() > URL_MAX {
            return Err(FetchError::Address("the address is too long"));
        }
        let url = Url::parse(url).map_err(|_| FetchError::Address("the address cannot be read"))?;
        if url.scheme() != "https" {
            return Err(FetchError::Address("the address is not https"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(FetchError::Address("the address says more than host and path"));
        }
        if self.allows_private {
            return Ok(url);
        }
        if !PORTS.contains(&url.port_or_known_default().unwrap_or(0)) {
            return Err(FetchError::Address("the address names a port other than 443 and 8443"));
        }
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if literal.is_ok_and(|ip| !is_public(ip)) {
            return Err(FetchError::Address(PRIVATE));
        }
        Ok(url)
    }
}

const PRIVATE: &str = "the host is in a private network";

fn failed(error: impl std::fmt::Display) -> FetchError {
    FetchError::Failed(error.to_string())
}

/// The innermost cause says what happened; the outer ones say the address again.
fn failed_request(error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::Failed("its host took too long".to_owned());
    }
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    failed(cause)
}

/// Looks names up, and forgets addresses that are not to be asked.
struct Guarded {
    dns: Dns,
    allows_private: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (dns, allows_private) = (self.dns.clone(), self.allows_private);
        Box::pin(async move {
            let found = dns.addresses(name.as_str()).await?;
            let is_open = |ip: &IpAddr| allows_private || is_public(*ip);
            if found.is_empty() {
                return Err("its host has no address".into());
            }
            let open: Vec<SocketAddr> = found
                .into_iter()
                .filter(is_open)
                .take(ADDRESSES_MAX)
                .map(|ip| SocketAddr::new(ip, 0))
                .collect();
            if open.is_empty() {
                return Err(PRIVATE.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public Internet (the special-purpose registries of RFC 6890 name the others).
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

const fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_shared = a == 100 && b >= 64 && b < 128;
    let is_protocol = a == 192 && b == 0 && c == 0;
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    !(a == 0
        || a >= 224
        || is_shared
        || is_protocol
        || is_benchmark
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation())
}

/// Global unicast alone, without documentation, and without addresses that carry an IPv4 address to a relay.
const fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let is_global = a & 0xe000 == 0x2000;
    let is_documentation = (a == 0x2001 && b == 0x0db8) || a == 0x3fff;
    let is_relayed = a == 0x2002 || (a == 0x2001 && b < 0x0200);
    is_global && !is_documentation && !is_relayed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn https(allows_private: bool) -> Https {
        let dns = Dns::new(&[([127, 0, 0, 1], 9).into()]).expect("a resolver");
        Https::new(dns, &[], allows_private).expect("a client")
    }

    #[test]
    fn only_public_addresses_are_public() {
        for text in ["8.8.8.8", "2606:4700::1111", "193.0.6.139", "100.128.0.1", "::ffff:8.8.8.8"] {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001::1",
            "64:ff9b::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_https_address_of_a_public_host_is_not_asked() {
        let strict = https(false);
        for url in [
            "http://cert.example.org/a",
            "https://127.0.0.1/a",
            "https://[::1]/a",
            "https://10.0.0.1:8443/a",
            "https://0x7f000001/a",
            "https://2130706433/a",
            "https://cert.example.org:22/a",
            "https://u:p@cert.example.org/a",
            "https://cert.example.org/a#b",
            "file:///etc/passwd",
            "",
            "cert",
        ] {
            assert!(matches!(strict.check(url), Err(FetchError::Address(_))), "{url}");
        }
        assert!(strict.check("https://cert.example.org/a").is_ok());
        assert!(strict.check("https://cert.example.org:8443/a").is_ok());
        assert!(https(true).check("https://127.0.0.1:4711/a").is_ok());
    }

    #[tokio::test]
    async fn a_name_whose_address_is_private_is_not_asked() {
        let guarded = Guarded { dns: https_dns(), allows_private: false };
        let name = "127.0.0.1".parse::<Name>().expect("a name");
        let error = guarded.resolve(name).await.err().expect("refused");
        assert_eq!(error.to_string(), PRIVATE);
    }

    fn https_dns() -> Dns {
        Dns::new(&[([127, 0, 0, 1], 9).into()]).expect("a resolver")
    }
}
