//! The configuration changes.

use super::{Changed, Live, LiveTenant, load};
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
};
use store::platform::{ConfigVersion, keep_config};

/// Reads what changed, keeps it by version, and swaps the configuration. Called after each committed change; when it
/// returns, the next call is decided on what was committed before.
///
/// # Errors
/// [`Error::Internal`] where the database fails; the configuration stays as it was.
pub async fn refresh(app: &App, changed: Changed) -> Result<(), Error> {
    let _alone = app.cell().refreshing.lock().await;
    let scope = Scope::system("the configuration of every tenant decides calls");
    let before = app.live();
    let platform = match changed {
        Changed::Tenant(_) => Arc::clone(&before.config.platform),
        Changed::Platform | Changed::Everything => Arc::new(load::platform(app, &scope).await?),
    };
    let tenants = match changed {
        Changed::Platform => before.tenants.clone(),
        Changed::Tenant(id) => with_tenant(app, &scope, &before, id).await?,
        Changed::Everything => by_id(load::tenants(app, &scope).await?),
    };
    keep(app, &scope, &before, &platform, &tenants).await?;
    let config = Snapshot::new(platform, tenants.values().map(|tenant| Arc::clone(&tenant.piece)));
    app.cell().swap(Live::new(config, tenants));
    Ok(())
}

type Tenants = HashMap<TenantId, Arc<LiveTenant>>;

fn by_id(tenants: Vec<Arc<LiveTenant>>) -> Tenants {
    tenants.into_iter().map(|tenant| (tenant.id(), tenant)).collect()
}

async fn with_tenant(app: &App, scope: &Scope, before: &Live, id: TenantId) -> Result<Tenants, Error> {
    let mut tenants = before.tenants.clone();
    tenants.remove(&id);
    tenants.extend(by_id(load::tenants(app, &scope.narrow(id)?).await?));
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
