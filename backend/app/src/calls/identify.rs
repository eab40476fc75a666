//! Who is calling: the four rules of the contract, in their order, on the configuration in memory.

use super::plan::refusal_of;
use crate::snapshot::{Live, Sender, Who};
use domain::{
    cause::Cause,
    config::{Authentication, Carrier, Trunk},
    ids::TenantId,
    phone::E164,
};
use edge::seam::{Approach, Identity, Party, PartyKind};
use std::net::IpAddr;

/// Somebody who may be behind an address.
struct Candidate<'a> {
    who: Who,
    found: Found<'a>,
}

enum Found<'a> {
    Trunk(TenantId, &'a Trunk),
    Carrier(&'a Carrier),
}

/// Says who is calling. First match wins: a certificate that names the trunk in Contact, or address and port; a tenant's
/// SIP domain; the address alone, where the request leaves no doubt; a stranger.
pub(super) fn identify(live: &Live, approach: &Approach<'_>) -> Identity {
    let ip = approach.source.address.ip().to_canonical();
    if approach.method == "REGISTER" {
        return registering(live, approach);
    }
    if let Some(party) = certified(live, approach) {
        return Identity::Known(party);
    }
    let here = live.senders(ip);
    let same_port = here.iter().filter(|sender| sender.is_at(approach.source.address));
    if let Some(party) = only_one(live, approach, same_port) {
        return Identity::Known(party);
    }
    if is_certified_without_name(live, approach) {
        return Identity::Refused(refusal_of(Cause::TrunkUnusable, 403));
    }
    if let Some(realm) = realm(live, approach) {
        return Identity::Challenge { realm };
    }
    only_one(live, approach, here.iter()).map_or(Identity::Stranger, Identity::Known)
}

/// The trunk in Contact, where the peer's certificate covers that name (RFC 5922 §7.2).
fn certified(live: &Live, approach: &Approach<'_>) -> Option<Party> {
    let (certificate, name) = (approach.certificate?, approach.contact_host?);
    let who = live.certified(name).filter(|_| certificate.covers(name))?;
    Some(Candidate { who, found: look_up(live, who)? }.party())
}

/// Whether the peer's certificate is that of a trunk, but its Contact is an address and so names none.
fn is_certified_without_name(live: &Live, approach: &Approach<'_>) -> bool {
    let is_address =
        |host: &str| host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    let Some(certificate) = approach.certificate.filter(|certificate| certificate.fault().is_none()) else {
        return false;
    };
    approach.contact_host.is_some_and(is_address)
        && certificate.names().iter().any(|name| match name.starts_with("*.") {
            false => live.certified(name).is_some(),
            true => live.certified_names().any(|fqdn| certificate.covers(fqdn)),
        })
}

/// A phone registers in a tenant's SIP domain; an address has no realm, and so no users (404).
fn registering(live: &Live, approach: &Approach<'_>) -> Identity {
    if let Some(realm) = realm(live, approach) {
        return Identity::Challenge { realm };
    }
    let host = approach.request_host.trim_start_matches('[').trim_end_matches(']');
    if host.parse::<IpAddr>().is_ok() {
        return Identity::Refused(refusal_of(Cause::NumberNotFound, 404));
    }
    Identity::Stranger
}

/// The SIP domain of Request-URI, From or To.
fn realm(live: &Live, approach: &Approach<'_>) -> Option<std::sync::Arc<str>> {
    [approach.request_host, approach.from_host, approach.to_host]
        .into_iter()
        .find_map(|host| live.by_sip_domain(host))
        .map(|tenant| tenant.piece.piece.value.sip_domain.as_str().into())
}

/// The one party that is left of those at an address: narrowed by the trunk's name in Contact or From, then by who
/// owns the number in From. `None` where nobody or more than one is left.
pub(super) fn only_one<'a>(
    live: &Live,
    approach: &Approach<'_>,
    senders: impl Iterator<Item = &'a Sender>,
) -> Option<Party> {
    let mut left: Vec<Candidate<'_>> = Vec::new();
    for sender in senders {
        let is_new = left.iter().all(|known| known.who != sender.who);
        if let (true, Some(found)) = (is_new, look_up(live, sender.who)) {
            left.push(Candidate { who: sender.who, found });
        }
    }
    if left.len() > 1 {
        narrow(&mut left, |candidate| match candidate.found {
            Found::Trunk(_, trunk) => [approach.contact_host, Some(approach.from_host)]
                .into_iter()
                .flatten()
                .any(|host| host.eq_ignore_ascii_case(&trunk.fqdn)),
            Found::Carrier(_) => false,
        });
    }
    if left.len() > 1 {
        let owner = E164::parse(approach.from_user).ok().and_then(|number| live.config.owner(number));
        let owner = owner.map(|(_, owned)| owned.tenant);
        narrow(
            &mut left,
            |candidate| matches!(candidate.who, Who::Trunk(tenant, _) if Some(tenant) == owner),
        );
    }
    match left.as_slice() {
        [one] => Some(one.party()),
        _ => None,
    }
}

/// Keeps those that fit, where any does.
fn narrow(left: &mut Vec<Candidate<'_>>, fits: impl Fn(&Candidate<'_>) -> bool) {
    if left.iter().any(&fits) {
        left.retain(fits);
    }
}

fn look_up(live: &Live, who: Who) -> Option<Found<'_>> {
    match who {
        Who::Trunk(tenant, id) => {
            let trunks = &live.config.tenant(tenant)?.piece.value.trunks;
            trunks.iter().find(|trunk| trunk.id == id).map(|trunk| Found::Trunk(tenant, trunk))
        }
        Who::Carrier(id) => live.config.carrier(id).map(Found::Carrier),
    }
}

impl Candidate<'_> {
    fn party(&self) -> Party {
        match &self.found {
            Found::Trunk(tenant, trunk) => trunk_party(*tenant, trunk),
            Found::Carrier(carrier) => Party {
                kind: PartyKind::Carrier,
                tenant: None,
                id: carrier.id.0.as_u128(),
                name: carrier.name.as_str().into(),
            },
        }
    }
}

/// A trunk of a tenant.
pub(super) fn trunk_party(tenant: TenantId, trunk: &Trunk) -> Party {
    Party {
        kind: PartyKind::Trunk,
        tenant: Some(tenant.0.as_u128()),
        id: trunk.id.0.as_u128(),
        name: trunk.fqdn.as_str().into(),
    }
}

/// The party of a user who proved its name in a realm: the trunk that is known by this user's password, else the user.
pub(super) fn user(live: &Live, realm: &str, username: &str) -> Option<Party> {
    let tenant = live.by_sip_domain(realm)?;
    if let Some(trunk) = tenant.piece.piece.value.trunks.iter().find(|trunk| is_known_by(trunk, username)) {
        return Some(trunk_party(tenant.id(), trunk));
    }
    tenant.credentials.contains_key(username).then(|| Party {
        kind: PartyKind::User,
        tenant: Some(tenant.id().0.as_u128()),
        id: 0,
        name: username.into(),
    })
}

/// Whether a trunk proves itself as this user, with each call or by its registration.
fn is_known_by(trunk: &Trunk, username: &str) -> bool {
    let user = match trunk.authentication() {
        Authentication::Digest { username } | Authentication::Registration { username } => username,
        Authentication::Certificate | Authentication::Address => return false,
    };
    trunk.enabled && user == username
}
