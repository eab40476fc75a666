//! What to look for: the peers of the configuration in the words of RFC 3263.

use domain::config::{CarrierHost, Transport, Trunk};
use sip::locate::Wanted;

/// A trunk without addresses.
pub(crate) fn of_trunk(trunk: &Trunk) -> Wanted {
    wanted(&trunk.fqdn, trunk.port, trunk.transport)
}

/// A host of a carrier.
pub(crate) fn of_carrier_host(host: &CarrierHost) -> Wanted {
    wanted(&host.address, host.port, host.transport)
}

/// A registrar, whose port and transport the DNS may say.
pub(crate) fn of_registrar(host: &str, port: Option<u16>, spoken: Option<Transport>) -> Wanted {
    Wanted { host: host.to_ascii_lowercase(), port, transport: spoken.map(transport) }
}

/// The transport's own port counts as not named, so that SRV records are asked for first (RFC 3263 §4.2); where there
/// are none it is the port after all.
fn wanted(host: &str, port: u16, spoken: Transport) -> Wanted {
    let transport = transport(spoken);
    let port = (port != transport.default_port()).then_some(port);
    Wanted { host: host.to_ascii_lowercase(), port, transport: Some(transport) }
}

/// A transport of the configuration in the edge's words.
pub(crate) const fn transport(configured: Transport) -> sip::Transport {
    match configured {
        Transport::Udp => sip::Transport::Udp,
        Transport::Tcp => sip::Transport::Tcp,
        Transport::Tls => sip::Transport::Tls,
    }
}
