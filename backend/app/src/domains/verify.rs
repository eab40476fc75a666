//! A tenant has published the record.

use super::{DomainView, name, view};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
};
use serde_json::Value;
use store::{Tx, trunks};

/// Looks for the record, and takes the domain as the tenant's where it is there.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] (422) where the record is not there, saying what was found;
/// [`Error::Conflict`] where another tenant has the domain; [`Error::Unavailable`] where DNS does not answer.
pub async fn verify(app: &App, actor: &Actor, domain: &str) -> Result<DomainView, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(no_domain)?;
    let name = name(domain)?;
    let row = find(app.db().read(), &scope, &name).await?;
    if row.verified_at.is_some() {
        return Ok(view(&row));
    }
    if !super::reserved::counts(app.db().read(), &name).await? {
        look_up(app, &row).await?;
    }
    app.db().write::<_, Error, _>(async |tx| take(app, tx, &scope, (tenant, &name), actor).await).await
}

async fn find(on: &impl store::On, scope: &Scope, name: &str) -> Result<trunks::Domain, Error> {
    trunks::domains(on, scope).await?.into_iter().find(|row| row.name == name).ok_or_else(no_domain)
}

async fn look_up(app: &App, row: &trunks::Domain) -> Result<(), Error> {
    let record = view(row).record;
    let found = app.deps().dns.txt(&record.name).await.map_err(|error| {
        tracing::warn!(name = record.name, %error, "DNS gave no answer for a domain to verify");
        Error::Unavailable { retry_after: 10 }
    })?;
    if found.iter().any(|text| text.trim() == record.value) {
        return Ok(());
    }
    let seen = if found.is_empty() {
        "there is no TXT record yet".to_owned()
    } else {
        format!("it holds {found:?}")
    };
    Err(Error::Invalid {
        status: 422,
        code: "DomainNotVerified",
        message: format!(
            "publish a TXT record at {} with the text {}, then verify again: {seen}",
            record.name, record.value
        ),
        target: Some("name".to_owned()),
        inner: None,
    })
}

async fn take(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    (tenant, name): (TenantId, &str),
    actor: &Actor,
) -> Result<DomainView, Error> {
    let everywhere = Scope::system("a domain has one owner on the whole platform");
    let reserved = super::reserved::is_reserved(name);
    if !reserved && trunks::is_anothers(tx, &everywhere, tenant, name).await? {
        return Err(Error::conflict(
            "name",
            "another tenant here has verified this domain: ask the operator",
        ));
    }
    let row = trunks::Domain { verified_at: Some(app.now()), ..find(tx, scope, name).await? };
    let taken = view(&row);
    trunks::update_domain(tx, scope, row).await?;
    let change = Change {
        actor: &actor.name,
        tenant: Some(tenant),
        what: "domain.verify",
        target: name,
        before: Value::Null,
        after: Value::Null,
    };
    audit::record(app, tx, scope, change).await?;
    Ok(taken)
}

fn no_domain() -> Error {
    Error::not_found("name", "there is no such domain: POST /api/v1/domains adds one")
}
