//! Keys: the tenant's two access keys, and API keys of the tenant and of the operator. Secrets are shown once.

use super::{
    Portal, error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, Operator, PageResult, Visit},
    words::{At, Badge},
};
use actix_web::{
    HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, PageRequest,
    access_keys::{self, AccessKeyView, ShownKey, Slot},
    api_keys::{self, ApiKeyView, CreatedApiKey, KeyState, NewApiKey},
};
use askama::Template;
use chrono::{Duration, Utc};
use domain::{access::Actor, grants::Grant};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};

/// Keys on one page.
const ROWS: u32 = 50;
/// The tenant's page.
const TENANT: &str = "/app/keys";
/// The operator's page.
const OPERATOR: &str = "/operator/api-keys";
/// How long a key lasts that nobody thinks about, days.
const DAYS_SUGGESTED: &str = "90";
/// How long a key may last, as days and as words; no days mean no end.
const LIVES: [(&str, &str); 4] =
    [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "until it is revoked")];

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(create).service(revoke).service(reveal).service(regenerate);
    pages.service(show_operator).service(create_operator).service(revoke_operator);
}

#[derive(Template)]
#[template(path = "access/keys.html")]
struct KeysPage {
    shell: Shell,
    base: &'static str,
    is_operator: bool,
    access_keys: Vec<AccessKeyRow>,
    shown: Option<Arc<ShownKey>>,
    fresh: Option<Arc<CreatedApiKey>>,
    keys: Vec<KeyRow>,
    next: Option<String>,
    next_label: &'static str,
    form: KeyForm,
    error: Option<String>,
    scopes: Vec<ScopeChoice>,
    lives: [(&'static str, &'static str); 4],
}

/// One of the two access keys.
struct AccessKeyRow {
    slot: &'static str,
    fingerprint: String,
    created: At,
}

/// One API key.
struct KeyRow {
    id: String,
    name: String,
    prefix: String,
    scopes: String,
    state: Badge,
    is_active: bool,
    by: String,
    created: At,
    expires: Option<At>,
    used: Option<At>,
}

/// One scope that a key may have.
struct ScopeChoice {
    word: &'static str,
    label: &'static str,
    checked: bool,
}

/// What somebody types: the fields by their names; of the boxes, each has a scope for its name.
type Fields = BTreeMap<String, String>;

/// What somebody typed.
#[derive(Debug)]
struct KeyForm {
    name: String,
    days: String,
    scopes: Vec<String>,
}

impl Default for KeyForm {
    fn default() -> Self {
        Self { name: String::new(), days: DAYS_SUGGESTED.to_owned(), scopes: Vec::new() }
    }
}

impl From<Fields> for KeyForm {
    fn from(mut fields: Fields) -> Self {
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let (name, days) = (take("name"), take("days"));
        let is_ticked = |grant: &Grant| fields.contains_key(grant.word());
        let scopes = Grant::ALL.into_iter().filter(is_ticked).map(|grant| grant.word().to_owned());
        Self { name, days, scopes: scopes.collect() }
    }
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    after: Option<String>,
}

const fn label(grant: Grant) -> &'static str {
    match grant {
        Grant::TenantRead => "read the account",
        Grant::NumbersRead => "read numbers",
        Grant::NumbersWrite => "buy and change numbers",
        Grant::RoutingRead => "read trunks, routes and users",
        Grant::RoutingWrite => "change trunks, routes and users",
        Grant::CallsRead => "read calls",
        Grant::CallsWrite => "end calls",
        Grant::MoneyRead => "read money",
        Grant::RecordingsRead => "recordings of calls: listen",
        Grant::RecordingsWrite => "recordings of calls: begin, pause, end, delete",
        Grant::IdentitiesWrite => "app users and their tokens",
        Grant::AuditRead => "read the audit",
        Grant::EventsRead => "read webhooks",
        Grant::EventsWrite => "change webhooks",
        Grant::OperatorRead => "read everything",
        Grant::OperatorWrite => "change everything",
    }
}

#[get("/app/keys")]
async fn show(app: Data<App>, portal: Data<Portal>, member: Member, part: Query<Part>) -> PageResult {
    let session = member.session().unwrap_or_default();
    let (shown, fresh) = (portal.once.take_access_key(session), portal.once.take_api_key(session));
    let mut page = page(&app, &member.actor, &member, part.into_inner(), KeyForm::default()).await?;
    (page.shown, page.fresh) = (shown, fresh);
    member.page(&page)
}

#[post("/app/keys")]
async fn create(app: Data<App>, portal: Data<Portal>, member: Member, form: Posted<Fields>) -> PageResult {
    created(&app, &portal, &member.actor, &member, form.0.into()).await
}

#[post("/app/keys/{id}/revoke")]
async fn revoke(app: Data<App>, member: Member, id: Path<String>, _form: Posted<Nothing>) -> PageResult {
    revoked(&app, &member.actor, &member, &id, TENANT).await
}

#[post("/app/keys/access/{slot}/reveal")]
async fn reveal(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    slot: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let shown = access_keys::reveal(&app, &member.actor, Slot::from_word(&slot)?).await?;
    portal.once.put_access_key(member.session().unwrap_or_default(), shown);
    Ok(member.go(TENANT))
}

#[post("/app/keys/access/{slot}/regenerate")]
async fn regenerate(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    slot: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let shown = access_keys::regenerate(&app, &member.actor, Slot::from_word(&slot)?).await?;
    portal.once.put_access_key(member.session().unwrap_or_default(), shown);
    Ok(member.go_saying(TENANT, Done::KeyRegenerated))
}

#[get("/operator/api-keys")]
async fn show_operator(
    app: Data<App>,
    portal: Data<Portal>,
    operator: Operator,
    part: Query<Part>,
) -> PageResult {
    let fresh = portal.once.take_api_key(operator.session().unwrap_or_default());
    let mut page = page(&app, &operator.actor, &operator, part.into_inner(), KeyForm::default()).await?;
    page.fresh = fresh;
    operator.page(&page)
}

#[post("/operator/api-keys")]
async fn create_operator(
    app: Data<App>,
    portal: Data<Portal>,
    operator: Operator,
    form: Posted<Fields>,
) -> PageResult {
    created(&app, &portal, &operator.actor, &operator, form.0.into()).await
}

#[post("/operator/api-keys/{id}/revoke")]
async fn revoke_operator(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    revoked(&app, &operator.actor, &operator, &id, OPERATOR).await
}

async fn created(app: &App, portal: &Portal, actor: &Actor, visit: &Visit, form: KeyForm) -> PageResult {
    match made(app, actor, &form).await {
        Ok(made) => {
            portal.once.put_api_key(visit.session().unwrap_or_default(), made);
            Ok(visit.go(if actor.operates() { OPERATOR } else { TENANT }))
        }
        Err(failed) => {
            let (status, text): (StatusCode, String) = error::of_form(failed)?;
            let mut page = page(app, actor, visit, Part::default(), form).await?;
            page.error = Some(text);
            visit.page_with(status, &page)
        }
    }
}

async fn made(app: &App, actor: &Actor, form: &KeyForm) -> Result<CreatedApiKey, app::Error> {
    let days = match form.days.trim() {
        "" => None,
        text => {
            Some(text.parse::<u32>().map_err(|_| app::Error::invalid("days", "choose how long it works"))?)
        }
    };
    let expires_at = days.map(|days| Utc::now() + Duration::days(i64::from(days)));
    let new = NewApiKey { name: form.name.clone(), scopes: form.scopes.clone(), expires_at };
    api_keys::create(app, actor, &new).await
}

async fn revoked(
    app: &App,
    actor: &Actor,
    visit: &Visit,
    id: &str,
    base: &str,
) -> Result<HttpResponse, error::PageError> {
    let gone = || app::Error::not_found("id", "there is no such key");
    api_keys::revoke(app, actor, id.parse().map_err(|_| gone())?).await?;
    Ok(visit.go_saying(base, Done::KeyRevoked))
}

async fn page(
    app: &App,
    actor: &Actor,
    visit: &Visit,
    part: Part,
    form: KeyForm,
) -> Result<KeysPage, app::Error> {
    let is_operator = actor.operates();
    let (base, place) = if is_operator { (OPERATOR, Place::Platform) } else { (TENANT, Place::Keys) };
    let access_keys = if is_operator { Vec::new() } else { access_keys::list(app, actor).await? };
    let found = api_keys::list(app, actor, &PageRequest { after: part.after, size: ROWS }).await?;
    let scopes = Grant::ALL.into_iter().filter(|grant| grant.is_operators() == is_operator);
    let choice = |grant: Grant| ScopeChoice {
        word: grant.word(),
        label: label(grant),
        checked: form.scopes.iter().any(|word| word == grant.word()),
    };
    Ok(KeysPage {
        shell: visit.shell(place),
        base,
        is_operator,
        access_keys: access_keys.into_iter().map(AccessKeyRow::from).collect(),
        shown: None,
        fresh: None,
        keys: found.value.into_iter().map(KeyRow::from).collect(),
        next: found.next.map(|after| format!("{base}?after={after}")),
        next_label: "Older",
        scopes: scopes.map(choice).collect(),
        form,
        error: None,
        lives: LIVES,
    })
}

impl From<AccessKeyView> for AccessKeyRow {
    fn from(view: AccessKeyView) -> Self {
        Self { slot: view.slot.word(), fingerprint: view.fingerprint, created: At::from(view.created_at) }
    }
}

impl From<ApiKeyView> for KeyRow {
    fn from(view: ApiKeyView) -> Self {
        let tone = match view.state {
            KeyState::Active => "good",
            KeyState::Expired => "warn",
            KeyState::Revoked => "bad",
        };
        Self {
            id: view.id.to_string(),
            name: view.name,
            prefix: view.prefix,
            scopes: view.scopes.to_string().replace(' ', ", "),
            state: Badge::new(tone, view.state.word()),
            is_active: view.state == KeyState::Active,
            by: view.created_by,
            created: At::from(view.created_at),
            expires: view.expires_at.map(At::from),
            used: view.last_used_at.map(At::from),
        }
    }
}
