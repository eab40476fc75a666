//! The SIP configuration of the data plane.

use super::{SipConfiguration, SipPatch, SipRoute, SipTrunk, check};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    domains::reserved,
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission, Scope},
    config::{DEFAULT_CALLS_PER_SECOND, DEFAULT_MAX_CALLS},
    ids::TenantId,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use store::{Tx, trunks};
use uuid::Uuid;

/// Trunks and routes of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`].
pub async fn sip_get(app: &App, actor: &Actor) -> Result<SipConfiguration, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let on = app.db().read();
    configuration(trunks::all(on, &scope).await?, trunks::routes(on, &scope).await?)
}

/// Changes trunks and routes, all or nothing.
///
/// # Errors
/// [`Error::Invalid`] with the inner codes of the protocol.
pub async fn sip_patch(app: &App, actor: &Actor, patch: SipPatch) -> Result<SipConfiguration, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))?;
    let change = Patch::read(patch)?;
    let work = Work { app, scope: &scope, tenant };
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let known = trunks::all(tx, &scope).await?;
            let routes = trunks::routes(tx, &scope).await?;
            let before = configuration(known.clone(), routes)?;
            change.check(&before)?;
            work.put_trunks(tx, &known, &change.trunks).await?;
            if let Some(routes) = &change.routes {
                trunks::replace_routes(tx, &scope, tenant, rows(tenant, routes)).await?;
            }
            let after = configuration(trunks::all(tx, &scope).await?, trunks::routes(tx, &scope).await?)?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "sip.update",
                target: "sip",
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(after)
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(after)
}

/// A patch whose names and ports are in order.
struct Patch {
    /// Port of each trunk to make or change; `None` deletes it.
    trunks: BTreeMap<String, Option<u16>>,
    routes: Option<Vec<SipRoute>>,
}

impl Patch {
    fn read(patch: SipPatch) -> Result<Self, Error> {
        let given = patch.trunks.unwrap_or_default();
        if given.is_empty() && patch.routes.is_none() {
            return Err(check::refused(422, "EmptyPatch", "Patch with no data provided.", ""));
        }
        let mut trunks = BTreeMap::new();
        for (name, trunk) in given {
            let Some(trunk) = trunk else {
                // Deleting what is not there is no error, whatever its name.
                trunks.insert(name.to_ascii_lowercase(), None);
                continue;
            };
            trunks.insert(check::fqdn(&name)?, Some(check::port(trunk.sip_signaling_port)?));
        }
        Ok(Self { trunks, routes: patch.routes })
    }

    /// That what comes out holds together.
    fn check(&self, before: &SipConfiguration) -> Result<(), Error> {
        let mut names: BTreeSet<String> = before.trunks.keys().cloned().collect();
        for (name, port) in &self.trunks {
            let _ = if port.is_some() { names.insert(name.clone()) } else { names.remove(name) };
        }
        check::count(&names)?;
        check::routes(self.routes.as_ref().unwrap_or(&before.routes), &names)
    }
}

struct Work<'a> {
    app: &'a App,
    scope: &'a Scope,
    tenant: TenantId,
}

impl Work<'_> {
    async fn put_trunks(
        &self,
        tx: &Tx,
        known: &[trunks::Trunk],
        wanted: &BTreeMap<String, Option<u16>>,
    ) -> Result<(), Error> {
        for (fqdn, port) in wanted {
            let row = known.iter().find(|row| row.fqdn == *fqdn);
            match (row, port) {
                (Some(row), Some(port)) => {
                    let row = trunks::Trunk { port: i32::from(*port), ..row.clone() };
                    trunks::update(tx, self.scope, row).await?;
                }
                (None, Some(port)) => self.make(tx, fqdn, *port).await?,
                (_, None) => {
                    trunks::delete(tx, self.scope, fqdn).await?;
                    store::leases::unbind(tx, self.scope, "trunk", fqdn).await?;
                }
            }
        }
        Ok(())
    }

    /// A trunk as `/sip` makes it: TLS and SRTP, found by DNS.
    async fn make(&self, tx: &Tx, fqdn: &str, port: u16) -> Result<(), Error> {
        let domain = fqdn.split_once('.').map_or(fqdn, |(_, domain)| domain);
        if !reserved::is_verified(self.app, tx, self.scope, self.tenant, domain).await? {
            return Err(check::bad_fqdn(&format!(
                "The domain {domain} is not verified: POST /api/v1/domains with {{\"name\": \"{domain}\"}}, publish the TXT record it answers, then POST /api/v1/domains/{domain}:verify."
            )));
        }
        let row = trunks::Trunk {
            id: Uuid::now_v7(),
            tenant_id: self.tenant.0,
            fqdn: fqdn.to_owned(),
            port: i32::from(port),
            enabled: true,
            transport: "tls".to_owned(),
            addresses: json!([]),
            srtp: "required".to_owned(),
            codecs: json!([]),
            calls_per_second: i32::try_from(DEFAULT_CALLS_PER_SECOND).unwrap_or(i32::MAX),
            max_calls: i32::try_from(DEFAULT_MAX_CALLS).unwrap_or(i32::MAX),
            settings: json!({}),
            outbound_secret: None,
            created_at: self.app.now(),
        };
        trunks::insert(tx, self.scope, row).await.map_err(|error| match error {
            store::Error::Taken(_) => {
                check::bad_fqdn(&format!("{fqdn} belongs to another tenant: a trunk has one owner."))
            }
            other => other.into(),
        })
    }
}

fn rows(tenant: TenantId, routes: &[SipRoute]) -> Vec<trunks::Route> {
    let row = |(position, route): (usize, &SipRoute)| trunks::Route {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        position: i32::try_from(position).unwrap_or(i32::MAX),
        name: route.name.clone(),
        description: route.description.clone(),
        number_pattern: route.number_pattern.clone(),
        trunks: route.trunks.iter().map(|fqdn| fqdn.to_ascii_lowercase()).collect(),
        caller_id_override: None,
        settings: json!({}),
    };
    routes.iter().enumerate().map(row).collect()
}

fn configuration(trunks: Vec<trunks::Trunk>, routes: Vec<trunks::Route>) -> Result<SipConfiguration, Error> {
    let trunk = |row: trunks::Trunk| (row.fqdn, SipTrunk { sip_signaling_port: i64::from(row.port) });
    let route = |row: trunks::Route| {
        let route = crate::snapshot::load::route(row)?;
        Ok(SipRoute {
            description: route.description,
            name: route.name,
            number_pattern: route.number_pattern,
            trunks: route.targets.into_iter().map(|target| target.fqdn).collect(),
        })
    };
    Ok(SipConfiguration {
        trunks: trunks.into_iter().map(trunk).collect(),
        routes: routes.into_iter().map(route).collect::<Result<_, Error>>()?,
    })
}
