//! Small files over https from whoever names them: the address is not to be trusted, so nothing but a public host is
//! asked, no redirect is followed, and size and time are bounded.

use crate::{
    Dns,
    guard::{Guarded, innermost, is_open_literal, tls},
};
use reqwest::{StatusCode, Url, redirect};
use std::time::Duration;

/// The ports that are asked (ATIS-1000074 §5.3.1), unless private hosts are allowed too.
const PORTS: [u16; 2] = [443, 8443];
/// The longest address that is asked.
const URL_MAX: usize = 2_048;

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

/// One request with a body, and what its answer may be.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    /// Where to.
    pub(crate) url: &'a str,
    /// Its headers.
    pub(crate) headers: &'a [(&'static str, String)],
    /// What is sent.
    pub(crate) body: &'a [u8],
    /// Bytes of the answer at most.
    pub(crate) most: usize,
    /// How long it may take.
    pub(crate) within: Duration,
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
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(roots).map_err(FetchError::Failed)?)
            .https_only(!allows_private)
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
        let response = self.client.get(url).timeout(within).send().await.map_err(failed_request)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        collect(response, most).await
    }

    /// Sends a body, and answers status and body of what comes back.
    ///
    /// # Errors
    /// [`FetchError`] says why nothing came.
    pub(crate) async fn exchange(&self, exchange: Exchange<'_>) -> Result<(u16, Vec<u8>), FetchError> {
        let url = self.check_open(exchange.url)?;
        let mut request = self.client.post(url).timeout(exchange.within).body(exchange.body.to_vec());
        for (name, value) in exchange.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(failed_request)?;
        let status = response.status().as_u16();
        Ok((status, collect(response, exchange.most).await?))
    }

    /// As [`Self::check`]; where private hosts are allowed, plain http is too.
    pub(crate) fn check_open(&self, url: &str) -> Result<Url, FetchError> {
        if self.allows_private && url.starts_with("http://") && url.len() <= URL_MAX {
            return Url::parse(url).map_err(|_| FetchError::Address("the address cannot be read"));
        }
        self.check(url)
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
        if !is_open_literal(host) {
            return Err(FetchError::Address(PRIVATE));
        }
        Ok(url)
    }
}

async fn collect(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(failed_request)? {
        if body.len() + part.len() > most {
            return Err(FetchError::TooLarge(most));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

const PRIVATE: &str = "the host is in a private network";

fn failed(error: impl std::fmt::Display) -> FetchError {
    FetchError::Failed(error.to_string())
}

fn failed_request(error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::Failed("its host took too long".to_owned());
    }
    failed(innermost(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn https(allows_private: bool) -> Https {
        let dns = Dns::new(&[([127, 0, 0, 1], 9).into()]).expect("a resolver");
        Https::new(dns, &[], allows_private).expect("a client")
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
}
