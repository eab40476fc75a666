//! Domains that nobody can own: they are kept for tests and documentation (RFC 2606 §2). Where the sandbox was ever
//! on, they count as verified for every tenant.

use super::token;
use crate::{App, Error};
use domain::{access::Scope, ids::TenantId};
use store::{Tx, platform, trunks};
use uuid::Uuid;

/// The reserved top-level domains.
const RESERVED: [&str; 4] = ["test", "example", "invalid", "localhost"];
/// The name of the value that says since when the sandbox was on.
const SINCE: &str = "sandbox-since";

/// Whether a domain lies under a reserved top-level domain.
pub(super) fn is_reserved(name: &str) -> bool {
    let top = name.rsplit('.').next().unwrap_or(name);
    RESERVED.contains(&top)
}

/// Remembers that the sandbox is on.
pub(crate) async fn remember_sandbox(app: &App) -> Result<(), Error> {
    let scope = Scope::system("the platform remembers that the sandbox was on");
    if !app.sandbox_on() || platform::value(app.db().read(), &scope, SINCE).await?.is_some() {
        return Ok(());
    }
    let now = app.now().to_rfc3339().into_bytes();
    let keep = async |tx: &Tx| Ok(platform::keep_value(tx, &scope, SINCE, now.clone()).await?);
    app.db().write::<_, Error, _>(keep).await.map(drop)
}

/// Whether a domain counts as a tenant's. A reserved one that counts is written down for the tenant on its first use.
pub(crate) async fn is_verified(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    name: &str,
) -> Result<bool, Error> {
    let known = trunks::domains(tx, scope).await?.into_iter().find(|row| row.name == name);
    if known.as_ref().is_some_and(|row| row.verified_at.is_some()) {
        return Ok(true);
    }
    if !counts(tx, name).await? {
        return Ok(false);
    }
    let now = app.now();
    match known {
        Some(row) => {
            trunks::update_domain(tx, scope, trunks::Domain { verified_at: Some(now), ..row }).await?
        }
        None => {
            let row = trunks::Domain {
                id: Uuid::now_v7(),
                tenant_id: tenant.0,
                name: name.to_owned(),
                token: token(),
                verified_at: Some(now),
                enabled: true,
                created_at: now,
            };
            trunks::insert_domain(tx, scope, row).await?;
        }
    }
    Ok(true)
}

/// Whether a domain is reserved, and the sandbox was on once.
pub(super) async fn counts(on: &impl store::On, name: &str) -> Result<bool, Error> {
    let scope = Scope::system("whether the sandbox was ever on is the platform's");
    Ok(is_reserved(name) && platform::value(on, &scope, SINCE).await?.is_some())
}
