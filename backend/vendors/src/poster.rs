//! Events to the endpoints of whoever wants them: the address is not to be trusted, so nothing but a public host is asked
//! over https, no redirect is followed, and size and time are bounded. Where private hosts are allowed, so is plain http.

use crate::{
    Dns,
    guard::{Guarded, Private, innermost, is_open_literal, tls},
};
use reqwest::{Method, Url, redirect};
use std::time::Duration;

/// The longest address that is asked.
const URL_MAX: usize = 2_048;
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Connections to one host that are kept for the next event.
const IDLE_MAX: usize = 2;
/// How long they are kept.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Where.
    pub url: String,
    /// The body of a POST; an OPTIONS has none.
    pub body: Option<Vec<u8>>,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names and values; what is no text is left out.
    pub headers: Vec<(String, String)>,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// Whether there was more of it.
    pub is_cut: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The address is none that is asked.
    #[error("{0}")]
    Refused(String),
    /// The host could not be reached, is not who it says, or took too long.
    #[error("{0}")]
    Failed(String),
}

/// Sends events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Poster {
    client: reqwest::Client,
    guard: Guarded,
}

impl Poster {
    /// Trusts the authorities of the web, and those of `roots` (PEM) beside them. Where `allows_private` is set, private and
    /// loopback hosts are asked too, and over plain http.
    ///
    /// # Errors
    /// [`PostError::Failed`] where one of them is none.
    pub fn new(dns: Dns, roots: &[u8], allows_private: bool) -> Result<Self, PostError> {
        let guard = Guarded { dns, allows_private };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(roots).map_err(PostError::Failed)?)
            .https_only(!allows_private)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_WITHIN)
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_idle_timeout(IDLE_FOR)
            .dns_resolver(guard.clone())
            .build()
            .map_err(|error| PostError::Failed(error.to_string()))?;
        Ok(Self { client, guard })
    }

    /// Whether private and loopback hosts are asked.
    #[must_use]
    pub const fn allows_private(&self) -> bool {
        self.guard.allows_private
    }

    /// Whether an address is one that would be asked now. Its name is looked up, and judged again at each connection.
    ///
    /// # Errors
    /// [`PostError::Refused`] where it is not, [`PostError::Failed`] where its name cannot be looked up.
    pub async fn check(&self, url: &str) -> Result<(), PostError> {
        let url = self.parse(url)?;
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match self.guard.addresses(host).await {
            Ok(_) => Ok(()),
            Err(error) if error.downcast_ref::<Private>().is_some() => Err(refused(PRIVATE)),
            Err(error) => Err(PostError::Failed(error.to_string())),
        }
    }

    /// Sends a POST, or an OPTIONS where there is no body, and takes the first `most` bytes of the answer, all of it within
    /// a time.
    ///
    /// # Errors
    /// [`PostError`] says why there is no answer.
    pub async fn send(&self, order: Order, most: usize, within: Duration) -> Result<Reply, PostError> {
        let url = self.parse(&order.url)?;
        let method = if order.body.is_some() { Method::POST } else { Method::OPTIONS };
        let mut request = self.client.request(method, url).timeout(within);
        for (name, value) in order.headers {
            request = request.header(name, value);
        }
        if let Some(body) = order.body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let text = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            Some((name.to_string(), value.to_str().ok()?.to_owned()))
        };
        let headers = response.headers().iter().filter_map(text).collect();
        let (mut body, mut is_cut) = (Vec::new(), false);
        while let Some(part) = response.chunk().await.map_err(failed)? {
            let fits = part.len().min(most - body.len());
            body.extend_from_slice(&part[..fits]);
            if fits < part.len() {
                is_cut = true;
                break;
            }
        }
        Ok(Reply { status, headers, body, is_cut })
    }

    fn parse(&self, url: &str) -> Result<Url, PostError> {
        if url.len() > URL_MAX {
            return Err(refused("the address is too long"));
        }
        let url =
            Url::parse(url).map_err(|_| refused("the address cannot be read: write https://host/path"))?;
        let allows_private = self.guard.allows_private;
        match url.scheme() {
            "https" => {}
            "http" if allows_private => {}
            _ => return Err(refused("the address must begin with https://")),
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(refused("the address must not hold a user, a password or a fragment"));
        }
        if !allows_private && !is_open_literal(url.host_str().unwrap_or_default()) {
            return Err(refused(PRIVATE));
        }
        Ok(url)
    }
}

const PRIVATE: &str =
    "the host is in a private network: give a public one, or ask the operator to allow private ones";

fn refused(text: &str) -> PostError {
    PostError::Refused(text.to_owned())
}

fn failed(error: reqwest::Error) -> PostError {
    if error.is_timeout() {
        return PostError::Failed("the endpoint took too long".to_owned());
    }
    let cause = innermost(&error);
    if cause.downcast_ref::<Private>().is_some() {
        return refused(PRIVATE);
    }
    PostError::Failed(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poster(allows_private: bool) -> Poster {
        let dns = Dns::new(&[([127, 0, 0, 1], 9).into()]).expect("a resolver");
        Poster::new(dns, &[], allows_private).expect("a client")
    }

    #[tokio::test]
    async fn an_address_that_is_not_https_at_a_public_host_is_refused_at_both_times() {
        let strict = poster(false);
        for url in [
            "http://hooks.example.org/a",
            "https://127.0.0.1/a",
            "https://[::1]/a",
            "https://[::ffff:10.0.0.1]/a",
            "https://10.0.0.1:8443/a",
            "https://169.254.169.254/latest/meta-data",
            "https://0x7f000001/a",
            "https://2130706433/a",
            "https://0177.0.0.1/a",
            "https://0/a",
            "https://[64:ff9b::a9fe:a9fe]/a",
            "https://user:password@hooks.example.org/a",
            "https://hooks.example.org/a#b",
            "ftp://hooks.example.org/a",
            "file:///etc/passwd",
            "hooks",
            "",
        ] {
            assert!(matches!(strict.check(url).await, Err(PostError::Refused(_))), "{url}");
            let order = Order { url: url.into(), body: Some(Vec::new()), headers: Vec::new() };
            let sent = strict.send(order, 10, Duration::from_secs(1)).await;
            assert!(matches!(sent, Err(PostError::Refused(_))), "{url}");
        }
        assert!(strict.check("https://8.8.8.8:8443/a").await.is_ok());
        assert!(poster(true).check("http://127.0.0.1:4711/a").await.is_ok());
    }
}
