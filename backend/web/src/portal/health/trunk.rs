//! The page of a tenant's trunk.

use super::{CHANGES, HealthCard, HealthPage, RegistrationCard, RegistrationForm};
use crate::portal::{
    error,
    page::{Done, Place},
    posted::{Nothing, Posted},
    visit::{Member, PageResult},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{App, PageRequest, health, registrars};

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save).service(delete);
}

#[get("/app/trunks/{fqdn}/health")]
async fn show(app: Data<App>, member: Member, fqdn: Path<String>) -> PageResult {
    page(&app, &member, StatusCode::OK, &fqdn, None, None).await
}

#[post("/app/trunks/{fqdn}/registration")]
async fn save(
    app: Data<App>,
    member: Member,
    fqdn: Path<String>,
    form: Posted<RegistrationForm>,
) -> PageResult {
    let done = match form.0.read() {
        Ok(new) => registrars::set(&app, &member.actor, &fqdn, new).await.map(drop),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(member.go_saying(&format!("/app/trunks/{fqdn}/health"), Done::TrunkSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, status, &fqdn, Some(form.0), Some(text)).await
        }
    }
}

#[post("/app/trunks/{fqdn}/registration/delete")]
async fn delete(app: Data<App>, member: Member, fqdn: Path<String>, _form: Posted<Nothing>) -> PageResult {
    registrars::delete(&app, &member.actor, &fqdn).await?;
    Ok(member.go_saying(&format!("/app/trunks/{fqdn}/health"), Done::TrunkSaved))
}

async fn page(
    app: &App,
    member: &Member,
    status: StatusCode,
    fqdn: &str,
    form: Option<RegistrationForm>,
    error: Option<String>,
) -> PageResult {
    let actor = &member.actor;
    let view = health::trunk(app, actor, fqdn).await?;
    let changes =
        health::trunk_history(app, actor, fqdn, &PageRequest { after: None, size: CHANGES }).await?;
    let registration = match registrars::get(app, actor, fqdn).await {
        Ok(view) => Some(view),
        Err(app::Error::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let page = HealthPage {
        shell: member.shell(Place::Trunks),
        name: fqdn.to_owned(),
        base: format!("/app/trunks/{fqdn}"),
        back: "/app/trunks",
        health: HealthCard::new(view, changes.value),
        registration: RegistrationCard::new(registration, form),
        error,
    };
    member.page_with(status, &page)
}
