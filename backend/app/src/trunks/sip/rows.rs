//! Rows of trunks and routes as `/sip` makes and changes them.

use super::{SipRoute, patch::Trunk};
use crate::{App, Error, domains::reserved, eligibility, snapshot::load, trunks::check, trunks::rows};
use domain::{
    access::Scope,
    config::{DEFAULT_CALLS_PER_SECOND, DEFAULT_MAX_CALLS},
    ids::TenantId,
    routing::{RouteTarget, VoiceRoute},
};
use serde_json::json;
use store::{Tx, trunks};
use uuid::Uuid;

/// A new trunk as `/sip` makes it: TLS and SRTP, found by DNS.
pub(super) async fn made(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    fqdn: &str,
) -> Result<trunks::Trunk, Error> {
    if let Some(why) = eligibility::no_direct_routing(app, tenant) {
        let message = "This tenant may not have trunks.";
        return Err(check::refused(422, "DirectRoutingNotAllowed", message, &why));
    }
    let domain = check::domain_of(fqdn);
    if !reserved::is_verified(app, tx, scope, tenant, domain).await? {
        return Err(check::bad_fqdn(&format!(
            "The domain {domain} is not verified: POST /api/v1/domains with {{\"name\": \"{domain}\"}}, publish the TXT record it answers, then POST /api/v1/domains/{domain}:verify."
        )));
    }
    Ok(trunks::Trunk {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        fqdn: fqdn.to_owned(),
        port: 0,
        enabled: true,
        transport: "tls".to_owned(),
        addresses: json!([]),
        srtp: "required".to_owned(),
        codecs: json!([]),
        calls_per_second: i32::try_from(DEFAULT_CALLS_PER_SECOND).unwrap_or(i32::MAX),
        max_calls: i32::try_from(DEFAULT_MAX_CALLS).unwrap_or(i32::MAX),
        settings: json!({}),
        outbound_secret: None,
        created_at: app.now(),
    })
}

/// A row with what a patch says of it.
pub(super) fn changed(row: trunks::Trunk, wanted: &Trunk) -> Result<trunks::Trunk, Error> {
    let mut trunk = load::trunk(row.clone())?;
    trunk.port = wanted.port.unwrap_or(trunk.port);
    trunk.enabled = wanted.enabled.unwrap_or(trunk.enabled);
    let policy = &mut trunk.policy;
    policy.direct_transfer = wanted.direct_transfer.unwrap_or(policy.direct_transfer);
    policy.privacy_header = wanted.privacy_header.unwrap_or(policy.privacy_header);
    policy.ip_version = wanted.ip_version.unwrap_or(policy.ip_version);
    rows::with(row, &trunk)
}

pub(super) async fn insert(tx: &Tx, scope: &Scope, row: trunks::Trunk) -> Result<(), Error> {
    let fqdn = row.fqdn.clone();
    trunks::insert(tx, scope, row).await.map_err(|error| match error {
        store::Error::Taken(_) => {
            check::bad_fqdn(&format!("{fqdn} belongs to another tenant: a trunk has one owner."))
        }
        other => other.into(),
    })
}

/// A route as `/sip` says it, with what it cannot say from the route that had the name.
pub(super) fn route(wanted: &SipRoute, known: &[VoiceRoute], preview: bool) -> VoiceRoute {
    let before = known.iter().find(|route| route.name == wanted.name).cloned().unwrap_or_default();
    let target = |fqdn: &String| {
        let same = before.targets.iter().find(|target| target.fqdn.eq_ignore_ascii_case(fqdn));
        same.cloned().unwrap_or_else(|| RouteTarget::new(fqdn.to_ascii_lowercase()))
    };
    VoiceRoute {
        name: wanted.name.clone(),
        description: wanted.description.clone(),
        number_pattern: wanted.number_pattern.clone(),
        targets: wanted.trunks.iter().map(target).collect(),
        caller_id_override: match preview {
            true => wanted.caller_id_override.clone().filter(|text| !text.is_empty()),
            false => before.caller_id_override.clone(),
        },
        ..before
    }
}
