//! The one-time set-up of the first operator. Its link is printed at the start, and works until there is an operator.

use crate::limits::Admitted;
use crate::portal::{
    Portal,
    error::{self, PageError},
    page::{Place, Shell},
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
use subtle::ConstantTimeEq as _;

#[derive(Template)]
#[template(path = "site/setup.html")]
struct SetupPage {
    shell: Shell,
    token: String,
    email: String,
    error: Option<String>,
}

/// The token of the link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    token: String,
}

/// What the first operator types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SetupForm {
    token: String,
    email: String,
    password: String,
}

#[get("/operator/setup")]
pub(super) async fn show(
    app: Data<App>,
    portal: Data<Portal>,
    visit: Visit,
    link: Query<Link>,
) -> PageResult {
    let token = link.into_inner().token;
    admit(&app, &portal, &token).await?;
    visit.page(&SetupPage { shell: visit.shell(Place::Outside), token, email: String::new(), error: None })
}

#[post("/operator/setup")]
pub(super) async fn submit(
    app: Data<App>,
    portal: Data<Portal>,
    visit: Visit,
    _admitted: Admitted,
    form: Posted<SetupForm>,
) -> PageResult {
    let SetupForm { token, email, password } = form.0;
    admit(&app, &portal, &token).await?;
    let email = email.trim().to_owned();
    match app::operators::create(&app, &email, &password).await {
        Ok(_) => {
            let session = app::sessions::open(&app, &email, &password).await?;
            Ok(visit.go_signed_in("/operator", &session))
        }
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = SetupPage { shell: visit.shell(Place::Outside), token, email, error: Some(text) };
            visit.page_with(status, &page)
        }
    }
}

/// The page is there for whoever has the link, until there is an operator.
async fn admit(app: &App, portal: &Portal, token: &str) -> Result<(), PageError> {
    let right = portal.setup_token.as_deref().unwrap_or_default();
    let is_right = !right.is_empty() && bool::from(right.as_bytes().ct_eq(token.as_bytes()));
    if is_right && !app::operators::exists(app).await? { Ok(()) } else { Err(PageError::NotFound) }
}
