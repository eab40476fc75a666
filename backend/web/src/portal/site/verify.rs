//! The link in the mail to a newcomer. Opening it changes nothing, since mail programs open links too; its button does.

use crate::portal::{
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    visit::{PageResult, Visit},
};
use actix_web::{
    get, post,
    web::{Data, Query},
};
use app::App;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "site/verify.html")]
struct VerifyPage {
    shell: Shell,
    token: String,
    error: Option<String>,
}

/// The token of the link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    token: String,
}

#[get("/verify")]
pub(super) async fn show(visit: Visit, link: Query<Link>) -> PageResult {
    let token = link.into_inner().token;
    visit.page(&VerifyPage { shell: visit.shell(Place::Outside), token, error: None })
}

#[post("/verify")]
pub(super) async fn submit(app: Data<App>, visit: Visit, form: Posted<Link>) -> PageResult {
    let token = form.0.token;
    match app::tenants::verify_email(&app, &token).await {
        Ok(()) if visit.actor().is_some() => Ok(visit.go_saying(visit.audience().home(), Done::Verified)),
        Ok(()) => Ok(visit.go_saying("/signin", Done::Verified)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = VerifyPage { shell: visit.shell(Place::Outside), token, error: Some(text) };
            visit.page_with(status, &page)
        }
    }
}
