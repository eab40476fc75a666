//! The SIP configuration changes, all or nothing.

use super::{SipConfiguration, SipDomainPatch, SipPatch, SipRoute, SipTrunkPatch, read::configuration, rows};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, load, refresh},
    trunks::check,
};
use domain::{
    access::{Actor, Permission, Scope},
    config::{IpVersion, PrivacyHeader},
    ids::TenantId,
    numbering::UnknownWord,
    routing::VoiceRoute,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};
use store::{Tx, trunks};

/// Changes domains, trunks and routes of the actor's tenant, all or nothing.
///
/// # Errors
/// [`Error::Invalid`] with the inner codes of the protocol.
pub async fn sip_patch(app: &App, actor: &Actor, patch: SipPatch) -> Result<SipConfiguration, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))?;
    let wanted = Wanted::read(patch)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = configuration(tx, &scope).await?;
            wanted.check(&before)?;
            let work = Work { app, tx, scope: &scope, tenant };
            // Domains first: a trunk may lie in one that the same patch adds.
            work.add_domains(&wanted.domains).await?;
            work.put_trunks(&wanted.trunks).await?;
            work.put_routes(&wanted).await?;
            work.delete_domains(&wanted.domains).await?;
            let after = configuration(tx, &scope).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "sip.update",
                target: "sip",
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    super::sip_get(app, actor).await
}

/// A trunk to make or change, whose words are in order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trunk {
    pub(super) port: Option<u16>,
    pub(super) enabled: Option<bool>,
    pub(super) direct_transfer: Option<bool>,
    pub(super) privacy_header: Option<PrivacyHeader>,
    pub(super) ip_version: Option<IpVersion>,
}

/// A patch whose names and words are in order.
struct Wanted {
    domains: BTreeMap<String, Option<SipDomainPatch>>,
    trunks: BTreeMap<String, Option<Trunk>>,
    routes: Option<Vec<SipRoute>>,
    preview: bool,
}

impl Wanted {
    fn read(patch: SipPatch) -> Result<Self, Error> {
        let trunks = patch.trunks.unwrap_or_default();
        let domains = patch.domains.unwrap_or_default();
        if trunks.is_empty() && domains.is_empty() && patch.routes.is_none() {
            return Err(check::refused(422, "EmptyPatch", "Patch with no data provided.", ""));
        }
        let trunk = |(name, trunk): (String, Option<SipTrunkPatch>)| {
            // Deleting what is not there is no error, whatever its name.
            let Some(trunk) = trunk else { return Ok((name.to_ascii_lowercase(), None)) };
            Ok((check::fqdn(&name)?, Some(words(&trunk)?)))
        };
        let domain = |(name, domain): (String, Option<SipDomainPatch>)| match domain {
            None => Ok((name.trim().trim_end_matches('.').to_ascii_lowercase(), None)),
            Some(domain) => crate::domains::name(&name).map(|name| (name, Some(domain))).map_err(|error| {
                check::refused(422, "InvalidDomain", "Domain with an invalid name.", &error.to_string())
            }),
        };
        Ok(Self {
            domains: domains.into_iter().map(domain).collect::<Result<_, Error>>()?,
            trunks: trunks.into_iter().map(trunk).collect::<Result<_, Error>>()?,
            routes: patch.routes,
            preview: patch.preview,
        })
    }

    /// That what comes out holds together.
    fn check(&self, before: &SipConfiguration) -> Result<(), Error> {
        let mut names: BTreeSet<String> = before.trunks.keys().cloned().collect();
        for (name, trunk) in &self.trunks {
            match trunk {
                Some(trunk) if trunk.port.is_none() && !names.contains(name) => return Err(check::bad_port()),
                Some(_) => drop(names.insert(name.clone())),
                None => drop(names.remove(name)),
            }
        }
        check::count(&names)?;
        for (name, domain) in &self.domains {
            let used = names.iter().find(|fqdn| check::domain_of(fqdn) == name);
            if let (None, Some(fqdn)) = (domain, used) {
                let detail = format!("{fqdn} lies in {name}: delete the trunk first.");
                return Err(check::refused(
                    422,
                    "DomainInUse",
                    "Deleting a domain that a trunk uses.",
                    &detail,
                ));
            }
        }
        match &self.routes {
            Some(routes) => check::routes(routes, &names),
            None => check::routes_trunks(&before.routes, &names),
        }
    }
}

fn words(patch: &SipTrunkPatch) -> Result<Trunk, Error> {
    Ok(Trunk {
        port: patch.sip_signaling_port.map(check::port).transpose()?,
        enabled: patch.enabled,
        direct_transfer: patch.direct_transfer,
        privacy_header: word(patch.privacy_header.as_deref(), "InvalidTrunkPrivacyHeader", "privacy header")?,
        ip_version: word(patch.ip_address_version.as_deref(), "InvalidTrunkIpAddressVersion", "IP version")?,
    })
}

/// A word of a closed set, compared without case: documents of the protocol spell them in several ways.
fn word<T: FromStr<Err = UnknownWord>>(
    text: Option<&str>,
    code: &'static str,
    what: &str,
) -> Result<Option<T>, Error> {
    let message = format!("Trunk with an invalid {what}.");
    let refused = |error: UnknownWord| check::refused(422, code, &message, &format!("{error}."));
    text.map(|text| text.parse().map_err(refused)).transpose()
}

struct Work<'a> {
    app: &'a App,
    tx: &'a Tx,
    scope: &'a Scope,
    tenant: TenantId,
}

impl Work<'_> {
    async fn add_domains(&self, wanted: &BTreeMap<String, Option<SipDomainPatch>>) -> Result<(), Error> {
        for (name, domain) in wanted {
            let Some(domain) = domain else { continue };
            let row = crate::domains::ensure(self.app, self.tx, self.scope, self.tenant, name).await?;
            let enabled = domain.enabled.unwrap_or(row.enabled);
            trunks::update_domain(self.tx, self.scope, trunks::Domain { enabled, ..row }).await?;
        }
        Ok(())
    }

    async fn delete_domains(&self, wanted: &BTreeMap<String, Option<SipDomainPatch>>) -> Result<(), Error> {
        for (name, _) in wanted.iter().filter(|(_, domain)| domain.is_none()) {
            trunks::delete_domain(self.tx, self.scope, name).await?;
        }
        Ok(())
    }

    async fn put_trunks(&self, wanted: &BTreeMap<String, Option<Trunk>>) -> Result<(), Error> {
        let known = trunks::all(self.tx, self.scope).await?;
        for (fqdn, wanted) in wanted {
            match (known.iter().find(|row| row.fqdn == *fqdn), wanted) {
                (Some(row), Some(wanted)) => {
                    let row = rows::changed(row.clone(), wanted)?;
                    trunks::update(self.tx, self.scope, row).await?;
                }
                (None, Some(wanted)) => {
                    let row = rows::made(self.app, self.tx, self.scope, self.tenant, fqdn).await?;
                    let row = rows::changed(row, wanted)?;
                    rows::insert(self.tx, self.scope, row).await?;
                }
                (_, None) => {
                    trunks::delete(self.tx, self.scope, fqdn).await?;
                    store::leases::unbind(self.tx, self.scope, "trunk", fqdn).await?;
                }
            }
        }
        Ok(())
    }

    /// Routes are replaced as a whole; what `/sip` cannot say of a route stays with its name.
    async fn put_routes(&self, wanted: &Wanted) -> Result<(), Error> {
        let Some(routes) = &wanted.routes else { return Ok(()) };
        let known = trunks::routes(self.tx, self.scope).await?;
        let known: Vec<VoiceRoute> = known.into_iter().map(load::route).collect::<Result<_, Error>>()?;
        let made: Vec<VoiceRoute> =
            routes.iter().map(|route| rows::route(route, &known, wanted.preview)).collect();
        crate::routes::put(self.tx, self.scope, self.tenant, &made).await
    }
}
