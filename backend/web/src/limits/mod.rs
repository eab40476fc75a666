//! How often somebody may ask: per tenant, per key or sign-in, and per address for those who are nobody yet. Answers
//! say where the caller stands (`RateLimit`, `RateLimit-Policy`: draft-ietf-httpapi-ratelimit-headers-10); a request
//! that comes too early is 429 with `Retry-After`.
//!
//! What comes from this very machine, and from no proxy on it, is nobody's address.

mod bucket;

pub use bucket::Rate;

use crate::{auth::Asker, portal::PageError, server::Connection};
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{
        Method,
        header::{HeaderMap, HeaderValue},
    },
    web::Data,
};
use bucket::{Bucket, Standing};
use domain::ids::TenantId;
use std::{
    fmt::Write as _,
    future::{Ready, ready},
    net::{IpAddr, Ipv6Addr},
    time::Instant,
};

/// Where people sign in and up over the API, without credentials.
const OPEN_DOORS: [&[&str]; 2] = [&["api", "v1", "signup"], &["api", "v1", "tokens"]];
/// Bits of an IPv6 address that one customer of a provider has for itself: the rest is theirs to choose.
const IPV6_PREFIX: u32 = 64;

/// How often somebody may ask. A rate of no requests is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A tenant, by whatever it shows.
    pub tenant: Rate,
    /// A key, or the tokens of one person.
    pub key: Rate,
    /// An address: sign-ins, sign-ups, and credentials that do not hold.
    pub address: Rate,
}

/// The limits at work.
pub(crate) struct Limiter {
    began: Instant,
    tenant: Option<Bucket<TenantId>>,
    key: Option<Bucket<String>>,
    address: Option<Bucket<IpAddr>>,
}

/// What an answer says of its caller's limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standings(Vec<(&'static str, Standing)>);

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            began: Instant::now(),
            tenant: Bucket::new(limits.tenant),
            key: Bucket::new(limits.key),
            address: Bucket::new(limits.address),
        }
    }

    /// Counts a request of the API, of whoever the gate found out.
    pub(crate) fn count(&self, request: &HttpRequest, asker: Option<&Asker>) -> Standings {
        let now = self.began.elapsed();
        let mut standings = Vec::with_capacity(2);
        match asker.map(Asker::actor) {
            Some(Ok(actor)) => {
                let tenant = self.tenant.as_ref().zip(actor.tenant);
                standings.extend(tenant.map(|(bucket, tenant)| ("tenant", bucket.take(tenant, now))));
                let name = || match actor.tenant {
                    Some(tenant) => format!("{tenant}:{}", actor.name),
                    None => actor.name.clone(),
                };
                standings.extend(self.key.as_ref().map(|bucket| ("key", bucket.take(name(), now))));
            }
            Some(Err(_)) => standings.extend(self.of_address(request)),
            None if is_open_door(request) => standings.extend(self.of_address(request)),
            None => {}
        }
        Standings(standings)
    }

    fn of_address(&self, request: &HttpRequest) -> Option<(&'static str, Standing)> {
        let (bucket, address) = (self.address.as_ref()?, address(request)?);
        Some(("address", bucket.take(address, self.began.elapsed())))
    }
}

impl Standings {
    /// Refuses a request that came too early.
    pub(crate) fn check(&self) -> Result<(), app::Error> {
        let refused = self.0.iter().filter_map(|(name, at)| Some((*name, at.rate, at.retry_after?)));
        let Some((name, rate, retry_after)) = refused.max_by_key(|(_, _, seconds)| *seconds) else {
            return Ok(());
        };
        let whose = match name {
            "tenant" => "this tenant",
            "key" => "this key or sign-in",
            _ => "this address",
        };
        let message = format!(
            "too many requests: {whose} may make {} in {} s; try again in {retry_after} s",
            rate.requests, rate.seconds
        );
        Err(app::Error::TooMany { message, retry_after })
    }

    /// Says it in the headers of an answer.
    pub(crate) fn put_on(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let (mut policy, mut state) = (String::new(), String::new());
        for (name, at) in &self.0 {
            let comma = if policy.is_empty() { "" } else { ", " };
            let _infallible =
                write!(policy, "{comma}\"{name}\";q={};w={}", at.rate.requests, at.rate.seconds);
            let _infallible = write!(state, "{comma}\"{name}\";r={};t={}", at.remaining, at.reset);
        }
        for (name, text) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(actix_web::http::header::HeaderName::from_static(name), value);
            }
        }
    }
}

/// From where a request comes: the peer, or whom a proxy on this machine names; `None` for this machine itself.
fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.conn_data::<Connection>().and_then(|connection| connection.peer)?.ip();
    origin(peer, request.headers())
}

/// Whether a request knocks where people sign in or up.
fn is_open_door(request: &HttpRequest) -> bool {
    // Slashes are collapsed behind the gate.
    let segments = request.path().split('/').filter(|segment| !segment.is_empty());
    request.method() == Method::POST && OPEN_DOORS.contains(&segments.collect::<Vec<_>>().as_slice())
}

fn origin(peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let address = if peer.to_canonical().is_loopback() {
        let last = headers.get_all("x-forwarded-for").last()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().trim_matches(['[', ']']).parse().ok()?
    } else {
        peer
    };
    Some(network(address.to_canonical()))
}

/// An address by whom it belongs to.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << (128 - IPV6_PREFIX)))),
    }
}

/// A form of a page that strangers send, which comes not too early.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admitted;

impl FromRequest for Admitted {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let limiter = request.app_data::<Data<Limiter>>();
        let standing = limiter.and_then(|limiter| limiter.of_address(request));
        ready(Standings(standing.into_iter().collect()).check().map(|()| Self).map_err(PageError::App))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, X_FORWARDED_FOR};

    fn rate(requests: u32) -> Rate {
        Rate { requests, seconds: 60 }
    }

    fn forwarded(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn an_address_is_the_peer_or_whom_a_proxy_on_this_machine_saw_last() {
        let peer = |text: &str| text.parse::<IpAddr>().unwrap();
        let none = HeaderMap::new();
        assert_eq!(origin(peer("192.0.2.1"), &none), Some(peer("192.0.2.1")));
        assert_eq!(origin(peer("192.0.2.1"), &forwarded(&["198.51.100.7"])), Some(peer("192.0.2.1")));
        assert_eq!(origin(peer("127.0.0.1"), &none), None);
        let chain = forwarded(&["203.0.113.9", "10.0.0.1, 198.51.100.7"]);
        assert_eq!(
            origin(peer("127.0.0.1"), &chain),
            Some(peer("198.51.100.7")),
            "what came before is hearsay"
        );
        assert_eq!(origin(peer("::1"), &forwarded(&["nonsense"])), None);
        let v6 = origin(peer("2001:db8:1:2:3:4:5:6"), &none);
        assert_eq!(v6, Some(peer("2001:db8:1:2::")), "one customer is one address");
        assert_eq!(origin(peer("::ffff:192.0.2.1"), &none), Some(peer("192.0.2.1")));
    }

    #[test]
    fn the_headers_name_every_limit_and_the_refusal_says_when_to_come_again() {
        let standing = |requests, remaining, retry_after| Standing {
            rate: rate(requests),
            remaining,
            reset: 7,
            retry_after,
        };
        let fine = Standings(vec![("tenant", standing(100, 42, None)), ("key", standing(50, 0, None))]);
        let mut headers = HeaderMap::new();
        fine.put_on(&mut headers);
        let text = |name: &'static str| {
            headers.get(HeaderName::from_static(name)).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(text("ratelimit-policy"), "\"tenant\";q=100;w=60, \"key\";q=50;w=60");
        assert_eq!(text("ratelimit"), "\"tenant\";r=42;t=7, \"key\";r=0;t=7");
        assert!(fine.check().is_ok());
        let early = Standings(vec![("tenant", standing(100, 42, None)), ("key", standing(50, 0, Some(3)))]);
        let Err(app::Error::TooMany { message, retry_after }) = early.check() else { panic!("it is early") };
        assert_eq!(retry_after, 3);
        assert!(message.contains("50 in 60 s"), "{message}");
        let mut none = HeaderMap::new();
        Standings::default().put_on(&mut none);
        assert!(none.is_empty());
    }
}
