//! The page of one of the operator's carriers.

use super::{CHANGES, HealthCard, HealthPage, RegistrationCard, RegistrationForm};
use crate::portal::{
    error,
    page::{Done, Place},
    posted::{Nothing, Posted},
    visit::{Operator, PageResult},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{App, PageRequest, health, registrars};
use domain::ids::CarrierId;
use uuid::Uuid;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save).service(delete);
}

#[get("/operator/carriers/{id}/health")]
async fn show(app: Data<App>, operator: Operator, id: Path<Uuid>) -> PageResult {
    page(&app, &operator, StatusCode::OK, CarrierId(*id), None, None).await
}

#[post("/operator/carriers/{id}/registration")]
async fn save(
    app: Data<App>,
    operator: Operator,
    id: Path<Uuid>,
    form: Posted<RegistrationForm>,
) -> PageResult {
    let carrier = CarrierId(*id);
    let done = match form.0.read() {
        Ok(new) => registrars::set_of_carrier(&app, &operator.actor, carrier, new).await.map(drop),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(operator.go_saying(&format!("/operator/carriers/{carrier}/health"), Done::TrunkSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, status, carrier, Some(form.0), Some(text)).await
        }
    }
}

#[post("/operator/carriers/{id}/registration/delete")]
async fn delete(app: Data<App>, operator: Operator, id: Path<Uuid>, _form: Posted<Nothing>) -> PageResult {
    let carrier = CarrierId(*id);
    registrars::delete_of_carrier(&app, &operator.actor, carrier).await?;
    Ok(operator.go_saying(&format!("/operator/carriers/{carrier}/health"), Done::TrunkSaved))
}

async fn page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    id: CarrierId,
    form: Option<RegistrationForm>,
    error: Option<String>,
) -> PageResult {
    let actor = &operator.actor;
    let view = health::carrier(app, actor, id)?;
    let changes =
        health::carrier_history(app, actor, id, &PageRequest { after: None, size: CHANGES }).await?;
    let registration = match registrars::get_of_carrier(app, actor, id) {
        Ok(view) => Some(view),
        Err(app::Error::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let name = app.live().config.carrier(id).map_or_else(|| id.to_string(), |carrier| carrier.name.clone());
    let page = HealthPage {
        shell: operator.shell(Place::Platform),
        name,
        base: format!("/operator/carriers/{id}"),
        back: "/operator",
        health: HealthCard::new(view, changes.value),
        registration: RegistrationCard::new(registration, form),
        error,
    };
    operator.page_with(status, &page)
}
