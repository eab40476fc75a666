//! Webhooks: where the tenant hears of events. A secret is shown once.

mod form;
mod log;
mod operator;

use super::{
    Portal, amounts, error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, PageResult},
    words::{At, Badge, count, lasts},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, PageRequest, events,
    webhooks::{self, Created, DepthView, ValidationState, WEBHOOKS_MAX, WebhookView},
};
use askama::Template;
use domain::{events::EventKind, money::Money};
use form::{Choice, Fields, Tick, WebhookForm, short};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// The list.
const PAGE: &str = "/app/webhooks";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(index).service(create).service(set_alert);
    pages.service(log::show_delivery).service(log::redeliver).service(log::redeliver_dead);
    pages.service(show).service(change).service(delete).service(validate).service(rotate).service(sample);
    pages.service(operator::show);
}

#[derive(Template)]
#[template(path = "webhooks/index.html")]
struct WebhooksPage {
    shell: Shell,
    fresh: Option<Arc<Created>>,
    webhooks: Vec<Row>,
    form: WebhookForm,
    error: Option<String>,
    schemas: Vec<Choice>,
    ticks: Vec<Tick>,
    allows_private: bool,
    currency: String,
    alert: String,
    alert_error: Option<String>,
}

/// One webhook of the list.
struct Row {
    id: Uuid,
    name: String,
    url: String,
    wants: String,
    state: Badge,
    waiting: String,
    dead: String,
}

#[derive(Template)]
#[template(path = "webhooks/show.html")]
struct WebhookPage {
    shell: Shell,
    fresh: Option<Arc<Created>>,
    id: Uuid,
    name: String,
    state: Badge,
    problem: Option<String>,
    until: Option<At>,
    rests: Option<String>,
    rate: Option<u32>,
    previous_until: Option<At>,
    waiting: String,
    oldest: Option<At>,
    dead: u64,
    dropped: String,
    is_valid: bool,
    form: WebhookForm,
    error: Option<String>,
    schemas: Vec<Choice>,
    ticks: Vec<Tick>,
    allows_private: bool,
    kinds: Vec<&'static str>,
    deliveries: Vec<log::DeliveryRow>,
    filters: Vec<log::Filter>,
    next: Option<String>,
    next_label: &'static str,
}

#[get("/app/webhooks")]
pub(super) async fn index(app: Data<App>, portal: Data<Portal>, member: Member) -> PageResult {
    let fresh = portal.once.take_webhook(member.session().unwrap_or_default());
    member.page(&WebhooksPage { fresh, ..list(&app, &member, WebhookForm::default()).await? })
}

#[post("/app/webhooks")]
pub(super) async fn create(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    form: Posted<Fields>,
) -> PageResult {
    let form = WebhookForm::from(form.0);
    let made = match form.draft() {
        Ok(draft) => webhooks::create(&app, &member.actor, draft).await,
        Err(refused) => Err(refused),
    };
    match made {
        Ok(made) => {
            let path = format!("{PAGE}/{}", made.webhook.id);
            portal.once.put_webhook(member.session().unwrap_or_default(), made);
            Ok(member.go(&path))
        }
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = WebhooksPage { error: Some(text), ..list(&app, &member, form).await? };
            member.page_with(status, &page)
        }
    }
}

/// What somebody types as the mark of a low balance.
#[derive(Debug, Deserialize)]
pub(super) struct AlertForm {
    #[serde(default)]
    threshold: String,
}

#[post("/app/webhooks/balance-alert")]
pub(super) async fn set_alert(app: Data<App>, member: Member, form: Posted<AlertForm>) -> PageResult {
    let typed = form.0.threshold;
    let money = app::money::balance(&app, &member.actor).await?.balance;
    let set = match amounts::amount("threshold", &typed) {
        Ok(mark) => {
            let mark = mark.map(|micros| Money::new(micros, money.currency));
            events::set_mark(&app, &member.actor, mark).await
        }
        Err(refused) => Err(refused),
    };
    match set {
        Ok(_) => Ok(member.go_saying(PAGE, Done::AlertSaved)),
        Err(failed) => {
            let (status, text): (StatusCode, String) = error::of_form(failed)?;
            let list = list(&app, &member, WebhookForm::default()).await?;
            member.page_with(status, &WebhooksPage { alert: typed, alert_error: Some(text), ..list })
        }
    }
}

async fn list(app: &App, member: &Member, form: WebhookForm) -> Result<WebhooksPage, app::Error> {
    let size = u32::try_from(WEBHOOKS_MAX).unwrap_or(u32::MAX);
    let found = webhooks::list(app, &member.actor, &PageRequest { after: None, size }).await?;
    let depths = DepthView::of_tenant(app, &member.actor).await?;
    let balance = app::money::balance(app, &member.actor).await?.balance;
    let alert = events::mark(app, &member.actor).await?;
    Ok(WebhooksPage {
        shell: member.shell(Place::Webhooks),
        fresh: None,
        webhooks: found.value.iter().map(|seen| Row::new(seen, &depths)).collect(),
        schemas: form.schemas(),
        ticks: form.ticks(),
        form,
        error: None,
        allows_private: webhooks::allows_private(app),
        currency: balance.currency.to_string(),
        alert: alert.map(|mark| amounts::amount_text(mark.micros)).unwrap_or_default(),
        alert_error: None,
    })
}

impl Row {
    fn new(seen: &WebhookView, depths: &HashMap<Uuid, DepthView>) -> Self {
        let depth = depths.get(&seen.id).copied().unwrap_or_default();
        let wants = match seen.kinds.as_slice() {
            [] => "all events".to_owned(),
            [one] => short(one.type_name()).to_owned(),
            [one, rest @ ..] => format!("{} and {} more", short(one.type_name()), rest.len()),
        };
        Self {
            id: seen.id,
            name: seen.name.clone(),
            url: seen.url.clone(),
            wants,
            state: state(seen, depth),
            waiting: count(depth.waiting),
            dead: count(depth.dead),
        }
    }
}

/// How a webhook does, in a word.
fn state(seen: &WebhookView, depth: DepthView) -> Badge {
    match (seen.validation.state, seen.enabled) {
        (_, false) => Badge::new("", "switched off"),
        (ValidationState::Awaiting, _) => Badge::new("warn", "waits for its proof"),
        (ValidationState::Failed, _) => Badge::new("bad", "not proven"),
        (ValidationState::Valid, _) if depth.rests.is_some() => Badge::new("bad", "does not answer"),
        (ValidationState::Valid, _) => Badge::new("good", "active"),
    }
}

#[get("/app/webhooks/{id}")]
pub(super) async fn show(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    id: Path<String>,
    part: Query<log::Part>,
) -> PageResult {
    let fresh = portal.once.take_webhook(member.session().unwrap_or_default());
    let page = one(&app, &member, read(&id)?, None, part.into_inner()).await?;
    member.page(&WebhookPage { fresh, ..page })
}

#[post("/app/webhooks/{id}")]
pub(super) async fn change(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    form: Posted<Fields>,
) -> PageResult {
    let (id, form) = (read(&id)?, WebhookForm::from(form.0));
    let changed = match form.draft() {
        Ok(draft) => webhooks::change(&app, &member.actor, id, draft).await,
        Err(refused) => Err(refused),
    };
    match changed {
        Ok(_) => Ok(member.go_saying(&format!("{PAGE}/{id}"), Done::WebhookSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = one(&app, &member, id, Some(form), log::Part::default()).await?;
            member.page_with(status, &WebhookPage { error: Some(text), ..page })
        }
    }
}

#[post("/app/webhooks/{id}/delete")]
pub(super) async fn delete(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    webhooks::delete(&app, &member.actor, read(&id)?).await?;
    Ok(member.go_saying(PAGE, Done::WebhookDeleted))
}

#[post("/app/webhooks/{id}/validate")]
pub(super) async fn validate(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let seen = webhooks::validate(&app, &member.actor, read(&id)?).await?;
    let path = format!("{PAGE}/{}", seen.id);
    if seen.validation.state == ValidationState::Valid {
        Ok(member.go_saying(&path, Done::WebhookProven))
    } else {
        Ok(member.go(&path))
    }
}

#[post("/app/webhooks/{id}/secret")]
pub(super) async fn rotate(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let made = webhooks::rotate_secret(&app, &member.actor, read(&id)?).await?;
    let path = format!("{PAGE}/{}", made.webhook.id);
    portal.once.put_webhook(member.session().unwrap_or_default(), made);
    Ok(member.go(&path))
}

/// Which sample somebody chooses.
#[derive(Debug, Deserialize)]
pub(super) struct SampleForm {
    #[serde(default)]
    kind: String,
}

#[post("/app/webhooks/{id}/test")]
pub(super) async fn sample(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    form: Posted<SampleForm>,
) -> PageResult {
    let id = read(&id)?;
    let kind = EventKind::from_type_name(&form.0.kind)
        .ok_or_else(|| app::Error::invalid("kind", "choose an event of the list"))?;
    webhooks::sample(&app, &member.actor, id, kind).await?;
    Ok(member.go_saying(&format!("{PAGE}/{id}"), Done::SampleSent))
}

/// An id in a path; what is none is the id of nothing.
fn read(id: &str) -> Result<Uuid, app::Error> {
    id.parse().map_err(|_| app::Error::not_found("id", "there is no such webhook: it was deleted"))
}

async fn one(
    app: &App,
    member: &Member,
    id: Uuid,
    form: Option<WebhookForm>,
    part: log::Part,
) -> Result<WebhookPage, app::Error> {
    let seen = webhooks::get(app, &member.actor, id).await?;
    let depths = DepthView::of_tenant(app, &member.actor).await?;
    let depth = depths.get(&id).copied().unwrap_or_default();
    let found = log::page(app, member, id, &part).await?;
    let form = form.unwrap_or_else(|| WebhookForm::of(&seen));
    Ok(WebhookPage {
        shell: member.shell(Place::Webhooks),
        fresh: None,
        id,
        state: state(&seen, depth),
        problem: seen.validation.error.clone(),
        until: seen.validation.until.map(At::from),
        rests: depth.rests.map(|rest| lasts(rest.as_secs())),
        rate: seen.allowed_per_minute,
        previous_until: seen.previous_secret_until.map(At::from),
        waiting: count(depth.waiting),
        oldest: depth.oldest.map(At::from),
        dead: depth.dead,
        dropped: count(seen.dropped),
        is_valid: seen.validation.state == ValidationState::Valid,
        name: seen.name,
        schemas: form.schemas(),
        ticks: form.ticks(),
        form,
        error: None,
        allows_private: webhooks::allows_private(app),
        kinds: EventKind::ALL.into_iter().map(EventKind::type_name).collect(),
        deliveries: found.value.into_iter().map(log::DeliveryRow::from).collect(),
        filters: part.filters(id),
        next: found.next.map(|after| part.next(id, &after)),
        next_label: "Older",
    })
}
