//! Whom we are to a trunk or carrier that challenges us (401, 407): what its tenant or the operator set for it, towards
//! the realm that was set; else what we are registered with there, towards that place alone.

use crate::App;
use domain::{
    config::{Carrier, PeerPolicy, Trunk},
    ids::TenantId,
};
use edge::seam::{Credentials, Secret};
use uuid::Uuid;

/// To a trunk of a tenant.
pub(crate) fn to_trunk(app: &App, tenant: TenantId, trunk: &Trunk) -> Option<Credentials> {
    let live = app.live();
    set(&trunk.policy, live.trunk_secret(tenant, trunk.id).map(|secret| secret.as_slice()))
        .or_else(|| registered(app, trunk.id.0))
}

/// To a carrier.
pub(crate) fn to_carrier(app: &App, carrier: &Carrier) -> Option<Credentials> {
    let live = app.live();
    set(&carrier.policy, live.carrier_secret(carrier.id).map(|secret| secret.as_slice()))
        .or_else(|| registered(app, carrier.id.0))
}

fn set(policy: &PeerPolicy, secret: Option<&[u8]>) -> Option<Credentials> {
    let known = policy.credentials.as_ref()?;
    let password = String::from_utf8(secret?.to_vec()).ok()?;
    Some(Credentials {
        username: known.username.clone(),
        secret: Secret::Password(password),
        realm: Some(known.realm.clone()),
    })
}

fn registered(app: &App, peer: Uuid) -> Option<Credentials> {
    let (username, password, _) = app.registrars().credentials(peer)?;
    Some(Credentials { username, secret: Secret::Password(password), realm: None })
}
