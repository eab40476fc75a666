//! What every thread of a running edge sees: the three seams, the settings, and the ways out.

use crate::guard::Offence;
use crate::handle::Shared;
use crate::seam::{CallControl, Hop, MediaPool, PeerCertificate, Registrar};
use crate::{Config, Limits};
use bytes::Bytes;
use sip::digest::NonceMint;
use sip::transaction::Peer;
use sip::uri::Uri;
use sip::wire::Message;
use std::hash::RandomState;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

/// Shared by the socket thread and the shards.
pub(crate) struct Context {
    pub(crate) control: Arc<dyn CallControl>,
    pub(crate) registrar: Arc<dyn Registrar>,
    pub(crate) media: Arc<dyn MediaPool>,
    pub(crate) shared: Arc<Shared>,
    /// All shards mint nonces under one secret, so any of them checks the nonces of all.
    pub(crate) mint: NonceMint,
    /// Hashes that strangers cannot foresee: tags of stateless answers, the shard of a Call-ID.
    pub(crate) hash: RandomState,
    /// The host that the world knows us by.
    pub(crate) public_host: String,
    pub(crate) limits: Limits,
    pub(crate) udp: UdpSocket,
    /// Where `udp` listens.
    pub(crate) local: SocketAddr,
    /// The way to the thread that writes connections.
    pub(crate) streams: SyncSender<Outgoing>,
    /// Has the socket thread end, once the shards have.
    pub(crate) is_io_stopping: AtomicBool,
}

impl Context {
    /// Notes an offence of whoever sent something.
    pub(crate) fn offend(&self, from: Peer, offence: Offence, now: Instant) {
        let ip = from.addr.ip();
        let is_known = || self.control.is_known_address(ip);
        self.shared.guard.offend((ip, from.transport.is_reliable()), offence, now, is_known);
    }

    /// Notes that somebody was challenged, for which name.
    pub(crate) fn asked(&self, from: Peer, message: &Message, now: Instant) {
        let user = message.from().ok().and_then(|from| Uri::parse(from.uri).ok()?.user).unwrap_or_default();
        let ip = from.addr.ip();
        let is_known = || self.control.is_known_address(ip);
        self.shared.guard.asked((ip, from.transport.is_reliable()), user, now, is_known);
    }

    /// Whom to send to at a hop. `host`, with or without a port, is the name that a certificate must cover there.
    pub(crate) fn peer(&self, hop: Hop, host: &str) -> Peer {
        let peer = Peer::new(hop.address, hop.transport);
        if hop.transport != sip::Transport::Tls {
            return peer;
        }
        let host = without_port(host);
        Peer { flow: Some(self.shared.destinations.flow(hop.address, host)), ..peer }
    }

    /// An address as the socket for datagrams knows it: one of IPv6 has a form of its own for those of IPv4.
    pub(crate) const fn to_udp(&self, addr: SocketAddr) -> SocketAddr {
        match addr.ip() {
            IpAddr::V4(ip) if self.local.is_ipv6() => {
                SocketAddr::new(IpAddr::V6(ip.to_ipv6_mapped()), addr.port())
            }
            _ => addr,
        }
    }
}

/// The host of `host:port`, an address of IPv6 without its brackets.
pub(crate) fn without_port(text: &str) -> &str {
    match text.strip_prefix('[') {
        Some(inside) => inside.split(']').next().unwrap_or(inside),
        None => text.split(':').next().unwrap_or(text),
    }
}

/// An address in its one form: IPv4 as such, also where it came through a socket of IPv6.
pub(crate) const fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

/// A message for a connection.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Who is told when it cannot be sent; `None` where nobody waits for an answer to it.
    pub(crate) shard: Option<u16>,
    pub(crate) peer: Peer,
    pub(crate) bytes: Bytes,
}

/// A received message on its way to its shard.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) from: Peer,
    pub(crate) message: Message,
    /// What its connection's peer showed over TLS.
    pub(crate) certificate: Option<Arc<PeerCertificate>>,
}

/// `host:port` and `host` of the settings, with the port that was bound where they name none.
pub(crate) fn public_name(config: &Config, bound: SocketAddr) -> (String, String) {
    let named = config.public_host.trim();
    if named.is_empty() {
        let host = match bound.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        return (bound.to_string(), host);
    }
    let port_at = named.rfind(':').filter(|at| !named[*at..].contains(']'));
    match port_at {
        Some(at) => (named.to_owned(), named[..at].to_owned()),
        None => (format!("{named}:{}", bound.port()), named.to_owned()),
    }
}

/// `host:port` over TLS: the public host with the port of the TLS listener.
pub(crate) fn tls_name(config: &Config, bound: SocketAddr) -> String {
    if config.public_host.trim().is_empty() {
        return bound.to_string();
    }
    let (_, host) = public_name(config, bound);
    format!("{host}:{}", bound.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_name_takes_its_port_from_the_socket_where_it_has_none() {
        let bound = ([127, 0, 0, 1], 5080).into();
        let name = |public: &str| {
            let config = Config { public_host: public.to_owned(), ..Config::new(bound, [0; 32]) };
            public_name(&config, bound)
        };
        assert_eq!(name(""), ("127.0.0.1:5080".to_owned(), "127.0.0.1".to_owned()));
        assert_eq!(name("sip.test"), ("sip.test:5080".to_owned(), "sip.test".to_owned()));
        assert_eq!(name("sip.test:99"), ("sip.test:99".to_owned(), "sip.test".to_owned()));
        assert_eq!(name("[::1]"), ("[::1]:5080".to_owned(), "[::1]".to_owned()));
        assert_eq!(name("[::1]:99"), ("[::1]:99".to_owned(), "[::1]".to_owned()));
        assert_eq!(
            ["sbc.test", "sbc.test:5071", "[::1]:5071"].map(without_port),
            ["sbc.test", "sbc.test", "::1"]
        );
        let config = Config { public_host: "sip.test:99".to_owned(), ..Config::new(bound, [0; 32]) };
        assert_eq!(tls_name(&config, ([127, 0, 0, 1], 5081).into()), "sip.test:5081");
    }
}
