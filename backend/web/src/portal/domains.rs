//! Domains: a trunk's name must lie in one that the tenant has shown to be its own.

use super::{
    Portal, error,
    page::Done,
    posted::{Nothing, Posted},
    trunks::{self, Forms},
    visit::{Member, PageResult},
};
use actix_web::{
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{App, domains::DomainView};
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(add).service(verify);
}

/// One domain.
pub(super) struct DomainRow {
    /// Its name.
    pub(super) name: String,
    /// Whether it counts as the tenant's.
    pub(super) verified: bool,
    /// Where to publish the TXT record.
    pub(super) record_name: String,
    /// What it must say.
    pub(super) record_value: String,
}

impl From<DomainView> for DomainRow {
    fn from(domain: DomainView) -> Self {
        Self {
            name: domain.name,
            verified: domain.verified,
            record_name: domain.record.name,
            record_value: domain.record.value,
        }
    }
}

/// What somebody types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DomainForm {
    name: String,
}

#[post("/app/domains")]
pub(super) async fn add(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    form: Posted<DomainForm>,
) -> PageResult {
    let name = form.0.name.trim().to_owned();
    match app::domains::add(&app, &member.actor, &name).await {
        Ok(_) => Ok(member.go_saying("/app/trunks", Done::DomainAdded)),
        Err(failed) => refused(&app, &portal, &member, name, failed).await,
    }
}

#[post("/app/domains/{name}/verify")]
pub(super) async fn verify(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    name: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    match app::domains::verify(&app, &member.actor, &name).await {
        Ok(_) => Ok(member.go_saying("/app/trunks", Done::DomainVerified)),
        Err(failed) => refused(&app, &portal, &member, String::new(), failed).await,
    }
}

async fn refused(
    app: &App,
    portal: &Portal,
    member: &Member,
    domain: String,
    failed: app::Error,
) -> PageResult {
    let (status, text) = error::of_form(failed)?;
    let forms = Forms { domain, domain_error: Some(text), ..Forms::default() };
    trunks::page(app, portal, member, status, forms).await
}
