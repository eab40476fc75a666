//! Users of the tenant's apps, and the keys that sign their tokens. A token is shown once, to try things with; apps have
//! theirs issued over the API.

use super::{
    Portal, error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, Operator, PageResult},
    words::At,
};
use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, PageRequest,
    identities::{self, IdentityView, Order, SigningKeyView, TOKEN_MINUTES_MAX, TOKEN_MINUTES_MIN},
};
use askama::Template;
use domain::identity::TokenScope;
use serde::Deserialize;
use std::sync::Arc;

/// Users on one page.
const ROWS: u32 = 50;
/// The page.
const PAGE: &str = "/app/identities";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(create).service(issue).service(revoke).service(delete);
    pages.service(keys).service(rotate);
}

/// A token that waits for its page.
pub(crate) struct FreshToken {
    user: String,
    token: String,
    until: At,
}

#[derive(Template)]
#[template(path = "identities/index.html")]
struct IdentitiesPage {
    shell: Shell,
    fresh: Option<Arc<FreshToken>>,
    users: Vec<UserRow>,
    next: Option<String>,
    next_label: &'static str,
    form: TokenForm,
    error: Option<String>,
    scopes: [ScopeChoice; 2],
}

/// One user.
struct UserRow {
    id: String,
    /// The part in which the tenant's users differ.
    tail: String,
    created: At,
    revoked: Option<At>,
}

/// One scope that a token of this page may have.
struct ScopeChoice {
    word: &'static str,
    label: &'static str,
}

/// What a phone can be given.
const SCOPES: [ScopeChoice; 2] = [
    ScopeChoice { word: TokenScope::Voip.word(), label: "Calls both ways" },
    ScopeChoice { word: TokenScope::VoipJoin.word(), label: "Is called, and begins no call" },
];

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    after: Option<String>,
}

/// What somebody chooses.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct TokenForm {
    id: String,
    scope: String,
    minutes: String,
}

impl Default for TokenForm {
    fn default() -> Self {
        let scope = TokenScope::Voip.word().to_owned();
        Self { id: String::new(), scope, minutes: TOKEN_MINUTES_MIN.to_string() }
    }
}

#[get("/app/identities")]
pub(super) async fn show(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    part: Query<Part>,
) -> PageResult {
    let fresh = portal.once.take_token(member.session().unwrap_or_default());
    let after = part.into_inner().after;
    member.page(&IdentitiesPage { fresh, ..page(&app, &member, after).await? })
}

#[post("/app/identities")]
pub(super) async fn create(app: Data<App>, member: Member, _form: Posted<Nothing>) -> PageResult {
    identities::create(&app, &member.actor, None).await?;
    Ok(member.go_saying(PAGE, Done::IdentityMade))
}

#[post("/app/identities/token")]
pub(super) async fn issue(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    form: Posted<TokenForm>,
) -> PageResult {
    let form = form.0;
    match issued(&app, &member, &form).await {
        Ok(fresh) => {
            portal.once.put_token(member.session().unwrap_or_default(), fresh);
            Ok(member.go(PAGE))
        }
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = IdentitiesPage { form, error: Some(text), ..page(&app, &member, None).await? };
            member.page_with(status, &page)
        }
    }
}

#[post("/app/identities/{id}/revoke")]
pub(super) async fn revoke(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    identities::revoke(&app, &member.actor, &id).await?;
    Ok(member.go_saying(PAGE, Done::TokensRevoked))
}

#[post("/app/identities/{id}/delete")]
pub(super) async fn delete(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    identities::delete(&app, &member.actor, &id).await?;
    Ok(member.go_saying(PAGE, Done::IdentityDeleted))
}

async fn issued(app: &App, member: &Member, form: &TokenForm) -> Result<FreshToken, app::Error> {
    let scope = TokenScope::from_word(&form.scope)
        .ok_or_else(|| app::Error::invalid("scope", "choose what the token is for"))?;
    let minutes = form.minutes.trim().parse().map_err(|_| {
        let message = format!("write {TOKEN_MINUTES_MIN} to {TOKEN_MINUTES_MAX} minutes as a number");
        app::Error::invalid("minutes", message)
    })?;
    let order = Order { scopes: vec![scope], minutes: Some(minutes) };
    let user = form.id.trim().to_owned();
    let issued = identities::issue(app, &member.actor, &user, &order).await?;
    Ok(FreshToken { user, token: issued.token, until: At::from(issued.expires_on) })
}

async fn page(app: &App, member: &Member, after: Option<String>) -> Result<IdentitiesPage, app::Error> {
    let found = identities::list(app, &member.actor, &PageRequest { after, size: ROWS }).await?;
    Ok(IdentitiesPage {
        shell: member.shell(Place::Users),
        fresh: None,
        users: found.value.into_iter().map(UserRow::from).collect(),
        next: found.next.map(|after| format!("{PAGE}?after={after}")),
        next_label: "More",
        form: TokenForm::default(),
        error: None,
        scopes: SCOPES,
    })
}

impl From<IdentityView> for UserRow {
    fn from(view: IdentityView) -> Self {
        Self {
            id: view.user.to_string(),
            tail: view.user.sip_username(),
            created: At::from(view.created_at),
            revoked: view.revoked_at.map(At::from),
        }
    }
}

#[derive(Template)]
#[template(path = "operator/keys.html")]
struct KeysPage {
    shell: Shell,
    keys: Vec<KeyRow>,
}

/// One key.
struct KeyRow {
    id: String,
    created: At,
    retired: Option<At>,
}

impl From<SigningKeyView> for KeyRow {
    fn from(view: SigningKeyView) -> Self {
        Self {
            id: view.id.to_string(),
            created: At::from(view.created_at),
            retired: view.retired_at.map(At::from),
        }
    }
}

#[get("/operator/keys")]
pub(super) async fn keys(app: Data<App>, operator: Operator) -> PageResult {
    let keys = identities::keys(&app, &operator.actor)?.into_iter().map(KeyRow::from).collect();
    operator.page(&KeysPage { shell: operator.shell(Place::Platform), keys })
}

#[post("/operator/keys/rotate")]
pub(super) async fn rotate(app: Data<App>, operator: Operator, _form: Posted<Nothing>) -> PageResult {
    identities::rotate(&app, &operator.actor).await?;
    Ok(operator.go_saying("/operator/keys", Done::KeyRotated))
}
