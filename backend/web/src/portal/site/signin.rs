//! Sign-in, for tenants and operators alike, and sign-out.

use crate::limits::Admitted;
use crate::portal::{
    error::{self, PageError},
    page::{Audience, Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{PageResult, Visit},
};
use actix_web::{
    get, post,
    web::{Data, Query},
};
use app::App;
use askama::Template;
use domain::access::Role;
use serde::Deserialize;

/// Longest path that somebody is sent back to, in bytes.
const NEXT_MAX_BYTES: usize = 512;

#[derive(Template)]
#[template(path = "site/signin.html")]
struct SigninPage {
    shell: Shell,
    email: String,
    next: String,
    error: Option<String>,
}

/// Where to go after the sign-in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Next {
    next: String,
}

/// What somebody types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SigninForm {
    email: String,
    password: String,
    next: String,
}

#[get("/signin")]
pub(super) async fn show(visit: Visit, query: Query<Next>) -> PageResult {
    let next = query.into_inner().next;
    if visit.actor().is_some() {
        return Ok(visit.go(back(&next, visit.audience())));
    }
    visit.page(&SigninPage { shell: visit.shell(Place::Outside), email: String::new(), next, error: None })
}

#[post("/signin")]
pub(super) async fn submit(
    app: Data<App>,
    visit: Visit,
    _admitted: Admitted,
    form: Posted<SigninForm>,
) -> PageResult {
    let SigninForm { email, password, next } = form.0;
    let email = email.trim().to_owned();
    match app::sessions::open(&app, &email, &password).await {
        Ok(session) => {
            // An old session of this browser is of no more use.
            if let Some(old) = visit.session() {
                app::sessions::close(&app, old).await?;
            }
            let audience = match session.actor.role {
                Role::Operator => Audience::Operator,
                Role::Owner | Role::Key | Role::Machine(_) | Role::AppUser => Audience::Member,
            };
            Ok(visit.go_signed_in(back(&next, audience), &session))
        }
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = SigninPage { shell: visit.shell(Place::Outside), email, next, error: Some(text) };
            visit.page_with(status, &page)
        }
    }
}

#[post("/signout")]
pub(super) async fn sign_out(
    app: Data<App>,
    visit: Visit,
    form: Result<Posted<Nothing>, PageError>,
) -> PageResult {
    let Some(session) = visit.session() else { return Ok(visit.go("/signin")) };
    form?;
    app::sessions::close(&app, session).await?;
    Ok(visit.go_signed_out("/signin", Done::SignedOut))
}

/// Where somebody is sent back to: a page of their own part of this site, or its first page.
fn back(next: &str, audience: Audience) -> &str {
    let home = audience.home();
    let inside = next.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let plain = next.len() <= NEXT_MAX_BYTES && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if audience != Audience::Stranger && inside && plain { next } else { home }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_sent_back_to_pages_of_their_own_alone() {
        for (next, there) in [
            ("/app/calls?page=2", "/app/calls?page=2"),
            ("/app", "/app"),
            ("/apple", "/app"),
            ("/operator", "/app"),
            ("//evil.example/app", "/app"),
            ("https://evil.example/app", "/app"),
            ("/app/\r\nSet-Cookie: x", "/app"),
            ("", "/app"),
        ] {
            assert_eq!(back(next, Audience::Member), there, "{next:?}");
        }
        assert_eq!(back("/app/calls", Audience::Operator), "/operator");
    }
}
