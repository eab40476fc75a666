//! SIP users: phones that register with a password. The password is shown once, together with all that a phone asks for.

use super::{
    Portal, error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, PageResult},
    words::At,
};
use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, PageRequest,
    users::{CreatedSipUser, NewSipUser, SipUserView},
};
use askama::Template;
use serde::Deserialize;
use std::sync::Arc;

/// Users on one page.
const ROWS: u32 = 50;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(create).service(delete);
}

#[derive(Template)]
#[template(path = "users/index.html")]
struct UsersPage {
    shell: Shell,
    edge: String,
    fresh: Option<Arc<CreatedSipUser>>,
    users: Vec<UserRow>,
    next: Option<String>,
    next_label: &'static str,
    form: UserForm,
    error: Option<String>,
}

/// One user.
struct UserRow {
    username: String,
    name: String,
    domain: String,
    phones: Vec<Phone>,
}

/// A registered phone.
struct Phone {
    address: String,
    agent: String,
    until: At,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    after: Option<String>,
}

/// What somebody types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserForm {
    username: String,
    display_name: String,
}

#[get("/app/users")]
pub(super) async fn show(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    part: Query<Part>,
) -> PageResult {
    let fresh = portal.once.take_phone(member.session().unwrap_or_default());
    let page = UsersPage { fresh, ..page(&app, &portal, &member, part.into_inner().after).await? };
    member.page(&page)
}

#[post("/app/users")]
pub(super) async fn create(
    app: Data<App>,
    portal: Data<Portal>,
    member: Member,
    form: Posted<UserForm>,
) -> PageResult {
    let form = form.0;
    let display_name = Some(form.display_name.trim().to_owned()).filter(|name| !name.is_empty());
    let new = NewSipUser { username: form.username.trim().to_owned(), display_name };
    match app::users::create(&app, &member.actor, new).await {
        Ok(user) => {
            portal.once.put_phone(member.session().unwrap_or_default(), user);
            Ok(member.go("/app/users"))
        }
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = UsersPage { form, error: Some(text), ..page(&app, &portal, &member, None).await? };
            member.page_with(status, &page)
        }
    }
}

#[post("/app/users/{username}/delete")]
pub(super) async fn delete(
    app: Data<App>,
    member: Member,
    username: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    app::users::delete(&app, &member.actor, &username).await?;
    Ok(member.go_saying("/app/users", Done::UserDeleted))
}

async fn page(
    app: &App,
    portal: &Portal,
    member: &Member,
    after: Option<String>,
) -> Result<UsersPage, app::Error> {
    let list = app::users::list(app, &member.actor, &PageRequest { after, size: ROWS }).await?;
    let mut users = Vec::with_capacity(list.value.len());
    for user in list.value {
        users.push(row(app, member, user)?);
    }
    Ok(UsersPage {
        shell: member.shell(Place::Users),
        edge: portal.edge(app),
        fresh: None,
        users,
        next: list.next.map(|after| format!("/app/users?after={after}")),
        next_label: "More",
        form: UserForm::default(),
        error: None,
    })
}

fn row(app: &App, member: &Member, user: SipUserView) -> Result<UserRow, app::Error> {
    let phones = app::calls::phones(app, &member.actor, &user.username)?;
    let phone = |phone: app::calls::PhoneView| Phone {
        address: phone.address.to_string(),
        agent: phone.user_agent,
        until: At::from(phone.expires_at),
    };
    Ok(UserRow {
        username: user.username,
        name: user.display_name.unwrap_or_default(),
        domain: user.domain,
        phones: phones.into_iter().map(phone).collect(),
    })
}
