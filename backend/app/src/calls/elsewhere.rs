//! Callers that the configuration alone does not show: carriers known by name, peers that we are registered with, SBCs
//! that registered with us, and trunks that answer a challenge. They stand beside the contract's four rules: an address
//! and port that are a peer's now count as its signalling address and port.

use super::identify::{identify, only_one, trunk_party};
use crate::{
    App,
    snapshot::{Live, Sender, Who},
};
use domain::{
    config::{Authentication, Trunk},
    phone::E164,
};
use edge::seam::{Approach, CallFacts, Identity, Party, PartyKind};
use std::time::SystemTime;
use uuid::Uuid;

/// Says who is calling, and takes down that a peer was heard.
pub(super) fn recognise(app: &App, approach: &Approach<'_>) -> Identity {
    let live = app.live();
    let identity = match identify(&live, approach) {
        identity @ (Identity::Known(_) | Identity::Refused(_)) => identity,
        other if approach.method == "REGISTER" => other,
        other => by_now(app, &live, approach, other),
    };
    if let Identity::Known(party) = &identity {
        heard(app, party, approach);
    }
    identity
}

fn by_now(app: &App, live: &Live, approach: &Approach<'_>, otherwise: Identity) -> Identity {
    if let Some(party) = registered(app, live, approach) {
        return Identity::Known(party);
    }
    let ip = approach.source.address.ip().to_canonical();
    let named = app.names().senders();
    let here = named.get(&ip).map_or(&[][..], Vec::as_slice);
    let same_port = || here.iter().filter(|sender| sender.is_at(approach.source.address));
    let is_stranger = otherwise == Identity::Stranger;
    let found = one_of(app, live, approach, same_port())
        .or_else(|| is_stranger.then(|| one_of(app, live, approach, here.iter())).flatten());
    match found {
        Some(party) => Identity::Known(party),
        None if is_stranger => challenged(live, approach).unwrap_or(otherwise),
        None => otherwise,
    }
}

/// The one at an address; where several are registered with one registrar, the one whose contact is asked for.
fn one_of<'a>(
    app: &App,
    live: &Live,
    approach: &Approach<'_>,
    here: impl Iterator<Item = &'a Sender> + Clone,
) -> Option<Party> {
    let is_asked_for = |sender: &&Sender| {
        app.registrars().contact_user(id_of(sender.who)).as_deref() == Some(approach.request_user)
    };
    if !approach.request_user.is_empty() && here.clone().any(|sender| is_asked_for(&sender)) {
        return only_one(live, approach, here.filter(is_asked_for));
    }
    only_one(live, approach, here)
}

const fn id_of(who: Who) -> Uuid {
    match who {
        Who::Trunk(_, trunk) => trunk.0,
        Who::Carrier(carrier) => carrier.0,
    }
}

/// The trunk whose SBC registered from this address and port.
fn registered(app: &App, live: &Live, approach: &Approach<'_>) -> Option<Party> {
    let aor = super::registrations(app).at(approach.source.address, SystemTime::now())?;
    let (username, domain) = aor.split_once('@')?;
    trunk_of(live, domain, username)
}

/// The trunk that proves itself by this username in a realm.
pub(super) fn trunk_of(live: &Live, realm: &str, username: &str) -> Option<Party> {
    let tenant = live.by_sip_domain(realm)?;
    let is_it = |trunk: &&Trunk| match trunk.authentication() {
        Authentication::Digest { username: own } | Authentication::Registration { username: own } => {
            trunk.enabled && own.eq_ignore_ascii_case(username)
        }
        Authentication::Certificate | Authentication::Address => false,
    };
    let trunk = tenant.piece.piece.value.trunks.iter().find(is_it)?;
    Some(trunk_party(tenant.id(), trunk))
}

/// A trunk that answers challenges names itself in Contact or From.
fn challenged(live: &Live, approach: &Approach<'_>) -> Option<Identity> {
    let names: Vec<&str> = [approach.contact_host, Some(approach.from_host)].into_iter().flatten().collect();
    let (tenant, trunk) = names.iter().find_map(|name| live.trunk_by_name(name))?;
    let answers =
        matches!(trunk.authentication(), Authentication::Digest { .. } | Authentication::Registration { .. });
    let realm = tenant.piece.piece.value.sip_domain.as_str().into();
    (answers && trunk.enabled).then_some(Identity::Challenge { realm })
}

/// OPTIONS of a peer are a sign of life, and its certificate has an end.
fn heard(app: &App, party: &Party, approach: &Approach<'_>) {
    if party.kind == PartyKind::User {
        return;
    }
    let id = Uuid::from_u128(party.id);
    if approach.method == "OPTIONS" {
        app.health().heard(id, app.now());
    }
    if let Some(certificate) = approach.certificate {
        app.health().certificate(id, certificate.expires_at().into(), app.now());
    }
}

/// A peer that we are registered with asks for our contact, and says in To which number was dialled.
pub(super) fn dialled(app: &App, facts: &mut CallFacts) {
    if facts.party.kind == PartyKind::User {
        return;
    }
    let contact = app.registrars().contact_user(Uuid::from_u128(facts.party.id));
    if contact.as_deref() == Some(facts.to.as_str())
        && let Some(number) = facts.to_header.as_deref().filter(|text| E164::parse(text).is_ok())
    {
        facts.to = number.to_owned();
    }
}
