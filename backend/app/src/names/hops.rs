//! Where to send to, now: addresses as they are configured, names as they are known, phones' registrations.

use crate::App;
use domain::config::{Authentication, IpVersion, Place, Trunk};
use edge::seam::{Hop, Registrar};
use sip::locate::{Family, First, Wanted, first};
use std::{
    net::SocketAddr,
    time::{Instant, SystemTime},
};

/// The places of several hosts, in their order, those that failed a moment ago last. `None` where none of them is an
/// address or a name that was seen; then [`find_all`] asks.
pub(crate) fn all_hops(app: &App, wanted: &[Wanted], version: IpVersion) -> Option<Vec<Hop>> {
    let now = Instant::now();
    let known: Vec<Vec<Hop>> =
        wanted.iter().filter_map(|wanted| hops(app, wanted, family(version), now)).collect();
    if known.is_empty() && !wanted.is_empty() {
        return None;
    }
    Some(app.names().shunned_last(known.concat(), now))
}

/// The same, asking for the names.
pub(crate) async fn find_all(app: &App, wanted: &[Wanted], version: IpVersion) -> Vec<Hop> {
    for wanted in wanted {
        if hops(app, wanted, family(version), Instant::now()).is_none() {
            super::find(app, wanted).await;
        }
    }
    all_hops(app, wanted, version).unwrap_or_default()
}

/// Where a trunk is now: where its SBC registered, its addresses, or what its name says; `None` where its name was never
/// seen.
pub(crate) fn trunk_hops(app: &App, sip_domain: &str, trunk: &Trunk) -> Option<Vec<Hop>> {
    if let Authentication::Registration { username } = trunk.authentication() {
        let aor = format!("{username}@{sip_domain}");
        let bindings = crate::calls::registrations(app).lookup(&aor, SystemTime::now());
        return Some(bindings.into_iter().map(|binding| binding.hop).collect());
    }
    if trunk.addresses.is_empty() {
        return all_hops(app, &[super::of_trunk(trunk)], trunk.policy.ip_version);
    }
    let transport = super::transport(trunk.transport);
    let at = |place: &Place| Hop {
        address: SocketAddr::new(place.ip, place.port.unwrap_or(trunk.port)),
        transport,
    };
    Some(app.names().shunned_last(trunk.addresses.iter().map(at).collect(), Instant::now()))
}

fn hops(app: &App, wanted: &Wanted, family: Family, now: Instant) -> Option<Vec<Hop>> {
    match first(wanted) {
        First::Known(located) => Some(app.names().ordered(&located, family, now)),
        _ => app.names().hops(wanted, family, now),
    }
}

/// The other version comes after the one that is set: it is better than no way at all (RFC 7984).
const fn family(version: IpVersion) -> Family {
    match version {
        IpVersion::Ipv4 => Family::V4,
        IpVersion::Ipv6 => Family::V6,
    }
}
