//! Where the server of a host is: RFC 3263, with the order of RFC 2782 and both address families (RFC 7984).
//!
//! The look-ups are somebody else's: [`first`] says what to ask for, [`delegated`] reads the NAPTR records,
//! [`Located`] holds what was found, and [`Located::order`] gives the places in the order of one try. That order is
//! drawn anew for each call, so that weights share the load while the answer of the DNS is kept.

use crate::Transport;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

/// SRV records of one answer that are followed.
pub const SERVERS_MAX: usize = 16;
/// Addresses of one server that are kept.
pub const ADDRESSES_MAX: usize = 8;
/// Places that one order names.
pub const PLACES_MAX: usize = 16;

/// What is looked for: the host, port and transport of a URI or of a configured peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port, where one is named.
    pub port: Option<u16>,
    /// The transport, where one is named.
    pub transport: Option<Transport>,
}

/// What to ask the DNS first (RFC 3263 §4.1, §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// Nothing: it is an address.
    Known(Located),
    /// The addresses of the host: its port is named.
    Addresses {
        /// The port.
        port: u16,
        /// The transport.
        transport: Transport,
    },
    /// SRV records, since the transport is named; the addresses of the host where there are none.
    Services(Vec<Service>),
    /// NAPTR records; then [`services`] where there are none.
    Delegation,
}

/// A name whose SRV records lead to servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `_sip._udp.example.com`.
    pub name: String,
    /// What is spoken there.
    pub transport: Transport,
}

/// A NAPTR record (RFC 3403 §4.1), as far as SIP reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Lower goes first.
    pub order: u16,
    /// Among equals, lower goes first.
    pub preference: u16,
    /// `s` leads to SRV records; nothing else is followed.
    pub flags: String,
    /// `SIP+D2U`, `SIP+D2T` or `SIPS+D2T`.
    pub services: String,
    /// The name of the SRV records.
    pub replacement: String,
}

/// A server that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The place of its service among several: lower goes first.
    pub rank: u16,
    /// Lower goes first (RFC 2782).
    pub priority: u16,
    /// Its share among equals.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// What it speaks.
    pub transport: Transport,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// All servers of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// In no order; [`SERVERS_MAX`] for each service at most.
    pub servers: Vec<Server>,
}

/// Which family goes first where a server has both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// IPv4 first.
    #[default]
    V4,
    /// IPv6 first.
    V6,
}

/// What to ask for first. A port that is the transport's own counts as not named only where the caller leaves it out.
#[must_use]
pub fn first(wanted: &Wanted) -> First {
    let transport = wanted.transport.unwrap_or(Transport::Udp);
    if let Ok(ip) = wanted.host.parse::<IpAddr>() {
        let port = wanted.port.unwrap_or_else(|| transport.default_port());
        return First::Known(Located::at(vec![ip], port, transport));
    }
    match (wanted.port, wanted.transport) {
        (Some(port), _) => First::Addresses { port, transport },
        (None, Some(transport)) => First::Services(services(&wanted.host, &[transport])),
        (None, None) => First::Delegation,
    }
}

/// The names of the SRV records of a host for these transports, in their order. WebSockets have none.
#[must_use]
pub fn services(host: &str, spoken: &[Transport]) -> Vec<Service> {
    let host = host.trim_end_matches('.');
    let name = |transport: &Transport| {
        let prefix = match transport {
            Transport::Udp => "_sip._udp",
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
            Transport::Ws | Transport::Wss => return None,
        };
        Some(Service { name: format!("{prefix}.{host}"), transport: *transport })
    };
    spoken.iter().filter_map(name).collect()
}

/// The services that NAPTR records lead to, in their order, for the transports that are spoken (RFC 3263 §4.1). A record
/// with a rule of rewriting instead of a name is not SIP's and is passed over.
#[must_use]
pub fn delegated(records: &[Delegation], spoken: &[Transport]) -> Vec<Service> {
    let mut known: Vec<(&Delegation, Transport)> = records
        .iter()
        .filter(|record| record.flags.eq_ignore_ascii_case("s") && !record.replacement.is_empty())
        .filter_map(|record| Some((record, spoken_by(&record.services)?)))
        .filter(|(_, transport)| spoken.contains(transport))
        .collect();
    known.sort_by_key(|(record, _)| (record.order, record.preference));
    known.truncate(SERVERS_MAX);
    let service = |(record, transport): (&Delegation, Transport)| Service {
        name: record.replacement.trim_end_matches('.').to_owned(),
        transport,
    };
    known.into_iter().map(service).collect()
}

/// The transport of a NAPTR service field (RFC 3263 §4.1).
fn spoken_by(services: &str) -> Option<Transport> {
    [("SIP+D2U", Transport::Udp), ("SIP+D2T", Transport::Tcp), ("SIPS+D2T", Transport::Tls)]
        .into_iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(services))
        .map(|(_, transport)| transport)
}

impl Located {
    /// One server without priority or weight.
    #[must_use]
    pub fn at(addresses: Vec<IpAddr>, port: u16, transport: Transport) -> Self {
        Self { servers: vec![Server { rank: 0, priority: 0, weight: 0, port, transport, addresses }] }
    }

    /// Whether there is no address at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.servers.iter().all(|server| server.addresses.is_empty())
    }

    /// Every address of every server, with its port and transport.
    pub fn places(&self) -> impl Iterator<Item = (SocketAddr, Transport)> + '_ {
        self.servers.iter().flat_map(|server| {
            server.addresses.iter().map(|ip| (SocketAddr::new(*ip, server.port), server.transport))
        })
    }

    /// The places in the order of one try, [`PLACES_MAX`] at most: services by rank, servers by priority and among
    /// equals by a draw over their weights (RFC 2782), each server's addresses by family. `draw(n)` gives a number from
    /// 0 to n, both included.
    pub fn order(&self, family: Family, mut draw: impl FnMut(u32) -> u32) -> Vec<(SocketAddr, Transport)> {
        let mut left: Vec<&Server> = self.servers.iter().collect();
        left.sort_by_key(|server| (server.rank, server.priority, server.weight != 0));
        let mut places = Vec::new();
        while let Some(next) = left.first() {
            let same = |server: &&&Server| (server.rank, server.priority) == (next.rank, next.priority);
            let equals = left.iter().take_while(same).count();
            let server = left.remove(chosen(&left[..equals], &mut draw));
            let mut addresses = server.addresses.clone();
            addresses.sort_by_key(|ip| ip.is_ipv6() != (family == Family::V6));
            let at = |ip| (SocketAddr::new(ip, server.port), server.transport);
            for place in addresses.into_iter().map(at) {
                if places.len() < PLACES_MAX && !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        places
    }
}

/// The draw of RFC 2782: those without weight stand first, so that they have a small chance.
fn chosen(equals: &[&Server], draw: &mut impl FnMut(u32) -> u32) -> usize {
    let total: u32 = equals.iter().map(|server| u32::from(server.weight)).sum();
    if equals.len() < 2 {
        return 0;
    }
    let drawn = draw(total).min(total);
    let mut sum = 0;
    let reaches = |server: &&Server| {
        sum += u32::from(server.weight);
        sum >= drawn
    };
    equals.iter().position(reaches).unwrap_or_default()
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(transport) = self.transport {
            write!(f, "/{transport}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn wanted(host: &str, port: Option<u16>, transport: Option<Transport>) -> Wanted {
        Wanted { host: host.to_owned(), port, transport }
    }

    fn server(priority: u16, weight: u16, ips: &[&str]) -> Server {
        let addresses = ips.iter().map(|ip| ip.parse().unwrap()).collect();
        Server { rank: 0, priority, weight, port: 5060, transport: Transport::Udp, addresses }
    }

    fn hosts(places: &[(SocketAddr, Transport)]) -> Vec<String> {
        places.iter().map(|(at, _)| at.ip().to_string()).collect()
    }

    #[test]
    fn what_is_asked_first_depends_on_address_port_and_transport() {
        let known = First::Known(Located::at(vec!["192.0.2.1".parse().unwrap()], 5061, Transport::Tls));
        assert_eq!(first(&wanted("192.0.2.1", None, Some(Transport::Tls))), known);
        assert!(matches!(first(&wanted("2001:db8::1", Some(5080), None)), First::Known(at)
            if at.servers[0].port == 5080 && at.servers[0].transport == Transport::Udp));
        let port = First::Addresses { port: 5080, transport: Transport::Tcp };
        assert_eq!(first(&wanted("a.example", Some(5080), Some(Transport::Tcp))), port);
        let srv = Service { name: "_sips._tcp.a.example".into(), transport: Transport::Tls };
        assert_eq!(first(&wanted("a.example", None, Some(Transport::Tls))), First::Services(vec![srv]));
        assert_eq!(first(&wanted("a.example", None, None)), First::Delegation);
    }

    #[test]
    fn naptr_records_are_followed_by_order_and_preference_where_their_transport_is_spoken() {
        let record = |order, preference, flags: &str, services: &str, replacement: &str| Delegation {
            order,
            preference,
            flags: flags.into(),
            services: services.into(),
            replacement: replacement.into(),
        };
        let records = [
            record(90, 50, "s", "SIP+D2T", "_sip._tcp.example.com."),
            record(100, 50, "S", "sip+d2u", "_sip._udp.example.com."),
            record(50, 60, "s", "SIPS+D2T", "_sips._tcp.b.example."),
            record(50, 50, "s", "SIPS+D2T", "_sips._tcp.a.example."),
            record(10, 10, "s", "SIP+D2W", "_sip._ws.example.com."),
            record(10, 10, "u", "E2U+sip", ""),
        ];
        let names = |spoken: &[Transport]| -> Vec<String> {
            delegated(&records, spoken).into_iter().map(|service| service.name).collect()
        };
        assert_eq!(
            names(&[Transport::Udp, Transport::Tcp, Transport::Tls]),
            [
                "_sips._tcp.a.example",
                "_sips._tcp.b.example",
                "_sip._tcp.example.com",
                "_sip._udp.example.com"
            ]
        );
        assert_eq!(names(&[Transport::Udp]), ["_sip._udp.example.com"]);
    }

    #[test]
    fn a_lower_priority_goes_first_whatever_the_weights() {
        let located = Located {
            servers: vec![server(20, 65_535, &["192.0.2.3"]), server(10, 0, &["192.0.2.1", "192.0.2.2"])],
        };
        assert_eq!(hosts(&located.order(Family::V4, |most| most)), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    }

    #[test]
    fn weights_share_the_first_place_as_they_say() {
        let located = Located {
            servers: vec![
                server(1, 60, &["192.0.2.1"]),
                server(1, 20, &["192.0.2.2"]),
                server(1, 20, &["192.0.2.3"]),
            ],
        };
        let mut firsts = [0_u32; 3];
        for ticket in 0..10_000_u32 {
            let mut state = u64::from(ticket).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let order = located.order(Family::V4, |most| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                u32::try_from((state >> 33) % (u64::from(most) + 1)).unwrap()
            });
            assert_eq!(order.len(), 3);
            let IpAddr::V4(ip) = order[0].0.ip() else { panic!("v4 alone") };
            firsts[usize::from(ip.octets()[3]) - 1] += 1;
        }
        for (count, share) in firsts.into_iter().zip([6_000_u32, 2_000, 2_000]) {
            assert!(count.abs_diff(share) < 300, "{firsts:?}");
        }
    }

    #[test]
    fn the_preferred_family_goes_first_within_each_server_and_nothing_is_named_twice() {
        let both = ["2001:db8::1", "192.0.2.1"];
        let located =
            Located { servers: vec![server(1, 0, &both), server(2, 0, &both), server(3, 0, &["192.0.2.9"])] };
        assert_eq!(hosts(&located.order(Family::V4, |_| 0)), ["192.0.2.1", "2001:db8::1", "192.0.2.9"]);
        assert_eq!(hosts(&located.order(Family::V6, |_| 0)), ["2001:db8::1", "192.0.2.1", "192.0.2.9"]);
    }

    #[test]
    fn an_order_is_bounded_however_much_was_found() {
        let many: Vec<Server> = (0..200).map(|n| server(n, 1, &[&format!("192.0.2.{n}")])).collect();
        assert_eq!(Located { servers: many }.order(Family::V4, |_| 0).len(), PLACES_MAX);
        assert!(Located::default().order(Family::V4, |_| 0).is_empty());
    }
}
