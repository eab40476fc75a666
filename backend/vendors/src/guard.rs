//! Addresses that somebody else names are not to be trusted: where nothing but the public Internet may be asked, each is judged
//! when it is looked up, and the connection goes to an address that was judged.

use crate::Dns;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 4;
/// A host that a cloud keeps for its own machines, in the public space.
const CLOUD_HOST: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// The host is none that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host is in a private network")]
pub(crate) struct Private;

/// The trust of a client: the authorities of the web, and those of `roots` (PEM) beside them.
///
/// # Errors
/// The text of what is wrong with `roots`.
pub(crate) fn tls(roots: &[u8]) -> Result<ClientConfig, String> {
    let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in CertificateDer::pem_slice_iter(roots) {
        let root = root.map_err(|error| error.to_string())?;
        trusted.add(root).map_err(|error| error.to_string())?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(trusted).with_no_client_auth())
}

/// The innermost cause says what happened; the outer ones say the address again.
pub(crate) fn innermost<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause
}

/// Looks names up, and forgets addresses that are not to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    pub(crate) dns: Dns,
    pub(crate) allows_private: bool,
}

impl Guarded {
    /// The addresses of a name that may be asked.
    ///
    /// # Errors
    /// [`Private`] where there are others alone, or what the look-up says.
    pub(crate) async fn addresses(
        &self,
        name: &str,
    ) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let found = self.dns.addresses(name).await?;
        if found.is_empty() {
            return Err("its host has no address".into());
        }
        let is_open = |ip: &IpAddr| self.allows_private || is_public(*ip);
        let open: Vec<IpAddr> = found.into_iter().filter(is_open).take(ADDRESSES_MAX).collect();
        if open.is_empty() { Err(Private.into()) } else { Ok(open) }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let open = guard.addresses(name.as_str()).await?;
            Ok(Box::new(open.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// Whether a host that is written as an address may be asked; a name is judged when it is looked up.
pub(crate) fn is_open_literal(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    !literal.is_ok_and(|ip| !is_public(ip))
}

/// Whether an address is one of the public Internet (the special-purpose registries of RFC 6890 name the others).
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocol = a == 192 && b == 0 && c == 0;
    let is_relay = a == 192 && b == 88 && c == 99;
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    !(a == 0
        || a >= 224
        || is_shared
        || is_protocol
        || is_relay
        || is_benchmark
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip == CLOUD_HOST)
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

    #[test]
    fn public_addresses_are_public() {
        for text in
            ["8.8.8.8", "2606:4700::1111", "193.0.6.139", "100.128.0.1", "::ffff:8.8.8.8", "192.88.100.1"]
        {
            assert!(is_public(text.parse().expect("an address")), "{text}");
            assert!(is_open_literal(text), "{text}");
        }
        assert!(is_open_literal("hooks.example.com") && is_open_literal("[2606:4700::1111]"));
    }

    #[test]
    fn no_address_of_a_special_purpose_is_public() {
        let classes = [
            ("this network", &["0.0.0.0", "0.255.255.255"][..]),
            ("private use", &["10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"]),
            ("shared by a carrier's customers", &["100.64.0.1", "100.127.255.255", "100.100.100.200"]),
            ("loopback", &["127.0.0.1", "127.255.255.254", "::1"]),
            ("link-local", &["169.254.0.1", "fe80::1", "febf::1"]),
            ("a cloud's metadata", &["169.254.169.254", "fd00:ec2::254", "168.63.129.16", "192.0.0.192"]),
            ("protocols", &["192.0.0.8", "192.0.0.170"]),
            ("documentation", &["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"]),
            ("relays from IPv6", &["192.88.99.1"]),
            ("benchmarks", &["198.18.0.1", "198.19.255.255"]),
            ("multicast", &["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"]),
            ("reserved", &["240.0.0.1", "255.255.255.255"]),
            ("unspecified", &["::"]),
            ("unique local", &["fc00::1", "fdff::1"]),
            ("site-local", &["fec0::1"]),
            (
                "IPv4-mapped",
                &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"],
            ),
            ("IPv4-compatible", &["::127.0.0.1", "::10.0.0.1"]),
            ("NAT64", &["64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a9fe:a9fe"]),
            ("6to4", &["2002:7f00:1::", "2002:a00:1::1"]),
            ("Teredo and other protocols", &["2001::1", "2001:10::1", "2001:1ff::1"]),
            ("discard", &["100::1"]),
        ];
        for (class, addresses) in classes {
            for text in addresses {
                assert!(!is_public(text.parse().expect("an address")), "{class}: {text}");
                assert!(!is_open_literal(text), "{class}: {text}");
                assert!(!is_open_literal(&format!("[{text}]")), "{class}: [{text}]");
            }
        }
    }

    #[tokio::test]
    async fn a_name_whose_address_is_private_is_not_asked_unless_that_is_allowed() {
        let dns = Dns::new(&[([127, 0, 0, 1], 9).into()]).expect("a resolver");
        let guarded = Guarded { dns, allows_private: false };
        let error = guarded.addresses("127.0.0.1").await.expect_err("refused");
        assert!(error.downcast_ref::<Private>().is_some());
        let open = Guarded { allows_private: true, ..guarded };
        assert_eq!(open.addresses("127.0.0.1").await.expect("asked").len(), 1);
    }
}
