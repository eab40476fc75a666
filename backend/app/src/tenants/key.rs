//! A program signs with an access key.

use super::{TenantStatus, sign_in::suspended};
use crate::{App, Error, snapshot::LiveTenant};
use domain::access::{Actor, Role};
use std::sync::Arc;

/// Tenants whose keys are tried on a bare host.
const BARE_HOST_TENANTS_MAX: usize = 64;

/// The actor whose key verifies a request. The Host names the tenant; on a bare host all tenants' keys are tried while
/// there are at most 64 tenants. `verify` gets one key after the other, and says whether the signature is right under
/// it.
///
/// # Errors
/// [`Error::Unauthenticated`] where no key fits; the message names the tenant's endpoint where a bare host cannot be
/// used.
pub fn actor_by_key(app: &App, host: &str, verify: impl Fn(&[u8]) -> bool) -> Result<Actor, Error> {
    let live = app.live();
    if let Some(tenant) = live.by_sip_domain(without_port(host)) {
        return check(tenant, &verify).unwrap_or_else(|| Err(wrong_key()));
    }
    if live.tenants().len() > BARE_HOST_TENANTS_MAX {
        return Err(bare_host(app));
    }
    live.tenants().find_map(|tenant| check(tenant, &verify)).unwrap_or_else(|| Err(wrong_key()))
}

/// `None` where neither key of the tenant fits.
fn check(tenant: &Arc<LiveTenant>, verify: &impl Fn(&[u8]) -> bool) -> Option<Result<Actor, Error>> {
    let key = tenant.keys.iter().find(|key| verify(&key.secret))?;
    if tenant.status == TenantStatus::Suspended {
        return Some(Err(suspended()));
    }
    let name = format!("key:{}", key.slot);
    Some(Ok(Actor { user: None, tenant: Some(tenant.id()), role: Role::Key, name }))
}

/// The host of a Host header.
fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_once(']').map_or(host, |(address, _)| address.trim_start_matches('['));
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

fn wrong_key() -> Error {
    Error::unauthenticated(
        "the signature does not fit: check the access key, the clock of this machine, and that no proxy changes Host, path or body",
    )
}

fn bare_host(app: &App) -> Error {
    let host = &app.settings().public_host;
    let port = app.settings().public_port.map_or_else(String::new, |port| format!(":{port}"));
    Error::unauthenticated(format!(
        "this host serves many tenants: use your tenant's own endpoint, https://<your slug>.{host}{port}/"
    ))
}
