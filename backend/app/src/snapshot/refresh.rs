//! The configuration changes.

use super::{
    Changed, Live, LiveTenant, load,
    stale::{Broken, cause},
};
use crate::{App, Error};
use domain::{
    access::Scope,
    config::{PlatformPiece, Snapshot},
    ids::TenantId,
};
use serde::Serialize;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};
use store::platform::{ConfigVersion, keep_config};

/// Reads what changed, keeps it by version, and swaps the configuration. Called after each committed change; when it
/// returns, the next call is decided on what was committed before.
///
/// Where something cannot be built, the last configuration serves on, and [`stale`](super::stale::stale) says so until a
/// later refresh, or [`retry`](super::stale::retry), succeeds. A tenant that cannot be built holds no other up.
///
/// # Errors
/// [`Error::Internal`] where the database fails; the configuration stays as it was.
pub async fn refresh(app: &App, changed: Changed) -> Result<(), Error> {
    let (cell, began) = (app.cell(), Instant::now());
    let _alone = cell.refreshing.lock().await;
    let changed = cell.stale.with_owed(changed);
    match rebuild(app, changed).await {
        Ok(broken) => {
            cell.stale.built(&broken, app.now());
            cell.timing.swapped(began.elapsed());
            Ok(())
        }
        Err(error) => {
            let slug = match changed {
                Changed::Tenant(id) => app.live().tenant(id).map(|tenant| tenant.slug().to_owned()),
                Changed::Platform | Changed::Everything => None,
            };
            cell.stale.failed(changed, cause(&error), slug.into_iter().collect(), app.now());
            Err(error)
        }
    }
}

async fn rebuild(app: &App, changed: Changed) -> Result<Vec<Broken>, Error> {
    let scope = Scope::system("the configuration of every tenant decides calls");
    let before = app.live();
    let platform = match changed {
        Changed::Tenant(_) => Arc::clone(&before.config.platform),
        Changed::Platform | Changed::Everything => Arc::new(load::platform(app, &scope).await?),
    };
    let secrets = match changed {
        Changed::Tenant(_) => Arc::clone(&before.carrier_secrets),
        Changed::Platform | Changed::Everything => Arc::new(load::carrier_secrets(app, &scope).await?),
    };
    let (tenants, broken) = match changed {
        Changed::Platform => (before.tenants.clone(), Vec::new()),
        Changed::Tenant(id) => (with_tenant(app, &scope, &before, id).await?, Vec::new()),
        Changed::Everything => everybody(app, &scope, &before).await?,
    };
    keep(app, &scope, &before, &platform, &tenants).await?;
    let config = match changed {
        Changed::Tenant(id) => {
            let now = tenants.get(&id).map(|tenant| Arc::clone(&tenant.piece));
            before.config.with_tenant(id, now)
        }
        Changed::Platform => before.config.with_platform(platform),
        Changed::Everything => {
            Snapshot::new(platform, tenants.values().map(|tenant| Arc::clone(&tenant.piece)))
        }
    };
    app.cell().swap(Live::new(config, tenants).with_carrier_secrets(secrets));
    Ok(broken)
}

type Tenants = HashMap<TenantId, Arc<LiveTenant>>;

/// Every tenant anew; one that cannot be built stays as it was.
async fn everybody(app: &App, scope: &Scope, before: &Live) -> Result<(Tenants, Vec<Broken>), Error> {
    let mut tenants = Tenants::new();
    let mut broken = Vec::new();
    for (id, slug, built) in load::tenants(app, scope, before).await? {
        match built {
            Ok(tenant) => {
                tenants.insert(id, Arc::new(tenant));
            }
            Err(error) => {
                tenants.extend(before.tenants.get(&id).map(|last| (id, Arc::clone(last))));
                broken.push(Broken { slug, error });
            }
        }
    }
    Ok((tenants, broken))
}

/// One tenant anew, or gone.
async fn with_tenant(app: &App, scope: &Scope, before: &Live, id: TenantId) -> Result<Tenants, Error> {
    let mut tenants = before.tenants.clone();
    tenants.remove(&id);
    for (id, _, built) in load::tenants(app, &scope.narrow(id)?, before).await? {
        tenants.insert(id, Arc::new(built?));
    }
    Ok(tenants)
}

/// Keeps the pieces whose version is new, so that a call can be decided again as it was.
async fn keep(
    app: &App,
    scope: &Scope,
    before: &Live,
    platform: &PlatformPiece,
    tenants: &Tenants,
) -> Result<(), Error> {
    let known: HashSet<&str> = before
        .config
        .tenants()
        .map(|tenant| tenant.piece.version.as_str())
        .chain([before.config.platform.version.as_str()])
        .collect();
    let mut rows = Vec::new();
    if !known.contains(platform.version.as_str()) {
        rows.push(version(app, "platform", &platform.version, &platform.value)?);
    }
    for tenant in tenants.values().filter(|tenant| !known.contains(tenant.piece.piece.version.as_str())) {
        rows.push(version(app, "tenant", &tenant.piece.piece.version, &tenant.piece.piece.value)?);
    }
    if rows.is_empty() {
        return Ok(());
    }
    app.db()
        .write::<_, Error, _>(async |tx| {
            for row in &rows {
                keep_config(tx, scope, row.clone()).await?;
            }
            Ok(())
        })
        .await
}

fn version<T: Serialize>(app: &App, kind: &str, hash: &str, value: &T) -> Result<ConfigVersion, Error> {
    let body = serde_json::to_string(value).map_err(Error::internal)?;
    Ok(ConfigVersion { hash: hash.to_owned(), kind: kind.to_owned(), body, created_at: app.now() })
}
