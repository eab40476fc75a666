//! How a trunk or carrier has been doing.

use crate::{App, Error, Page, PageRequest, snapshot::load::word, trunks};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    health::{Health, Reason},
    ids::CarrierId,
};
use serde::Serialize;
use store::trunk_health::{self, Change};
use uuid::Uuid;

/// A change of health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthChangeView {
    /// Its identifier.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// How it was.
    pub from: Health,
    /// How it was from then on.
    pub to: Health,
    /// Why.
    pub reason: Reason,
    /// Why, as a sentence with its remedy.
    pub explanation: &'static str,
}

/// The changes of a trunk of the actor's tenant, newest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] for the page.
pub async fn trunk_history(
    app: &App,
    actor: &Actor,
    fqdn: &str,
    page: &PageRequest,
) -> Result<Page<HealthChangeView>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let id = trunks::id_of(app, actor, fqdn).await?;
    history(app, &scope, id.0, page).await
}

/// The changes of a carrier, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn carrier_history(
    app: &App,
    actor: &Actor,
    id: CarrierId,
    page: &PageRequest,
) -> Result<Page<HealthChangeView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    history(app, &scope, id.0, page).await
}

async fn history(
    app: &App,
    scope: &Scope,
    peer: Uuid,
    page: &PageRequest,
) -> Result<Page<HealthChangeView>, Error> {
    let rows = trunk_health::changes(app.db().read(), scope, peer, page.key()?, page.limit()).await?;
    let changes: Vec<_> = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(page.cut(changes, |change| change.id.to_string()))
}

fn view(row: Change) -> Result<HealthChangeView, Error> {
    let reason: Reason = word("trunk_health_changes.reason", &row.reason)?;
    Ok(HealthChangeView {
        id: row.id,
        at: row.at,
        from: word("trunk_health_changes.from_health", &row.from_health)?,
        to: word("trunk_health_changes.to_health", &row.to_health)?,
        explanation: reason.explain(),
        reason,
    })
}
