//! Sign-up, and the page that shows the keys, once.

use crate::limits::Admitted;
use crate::portal::{
    Portal,
    error::{self, PageError},
    page::{Audience, Done, Place, Shell},
    posted::Posted,
    visit::{Member, PageResult, Visit},
};
use actix_web::{
    HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Query},
};
use app::{
    App,
    invitations::{self, Welcome},
    tenants::NewTenant,
};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "site/signup.html")]
struct SignupPage {
    shell: Shell,
    closed: Option<String>,
    invited: Option<String>,
    sandbox: bool,
    form: SignupForm,
    error: Option<String>,
}

/// What a newcomer types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SignupForm {
    organization: String,
    email: String,
    password: String,
    invitation: String,
}

/// The link of an invitation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    invitation: String,
}

#[get("/signup")]
pub(super) async fn show(app: Data<App>, visit: Visit, link: Query<Link>) -> PageResult {
    if visit.actor().is_some() {
        return Ok(visit.go(visit.audience().home()));
    }
    let form = SignupForm { invitation: link.into_inner().invitation, ..SignupForm::default() };
    page(&app, &visit, StatusCode::OK, form, None).await
}

#[post("/signup")]
pub(super) async fn submit(
    app: Data<App>,
    portal: Data<Portal>,
    visit: Visit,
    _admitted: Admitted,
    form: Posted<SignupForm>,
) -> PageResult {
    let form = form.0;
    let new = NewTenant {
        organization: form.organization.trim().to_owned(),
        email: form.email.trim().to_owned(),
        password: form.password.clone(),
        invitation: Some(form.invitation.trim().to_owned()).filter(|token| !token.is_empty()),
    };
    match app::tenants::sign_up(&app, new).await {
        Ok(signed_up) => {
            let Ok(session) = app::sessions::open(&app, form.email.trim(), &form.password).await else {
                return Ok(visit.go_signed_out("/signin", Done::SignedUp));
            };
            portal.once.put_welcome(&session.token, signed_up);
            Ok(visit.go_signed_in("/welcome", &session))
        }
        // Whether sign-up is open is said by the page itself.
        Err(app::Error::Denied { .. }) => page(&app, &visit, StatusCode::FORBIDDEN, form, None).await,
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &visit, status, form, Some(text)).await
        }
    }
}

async fn page(
    app: &App,
    visit: &Visit,
    status: StatusCode,
    form: SignupForm,
    error: Option<String>,
) -> Result<HttpResponse, PageError> {
    let (closed, invited) = match invitations::look(app, Some(&form.invitation)).await? {
        Welcome::Open { email } => (None, email),
        Welcome::NeedsInvitation { why: None } => (
            Some("Sign-up here is by invitation: ask the operator for one, and open its link.".to_owned()),
            None,
        ),
        Welcome::NeedsInvitation { why: Some(why) } => (Some(error::sentence(&why)), None),
        Welcome::Closed => {
            (Some("Sign-up here is closed. Ask the operator for an account.".to_owned()), None)
        }
    };
    let shell = visit.shell(Place::Outside);
    visit.page_with(status, &SignupPage { shell, closed, invited, sandbox: app.sandbox_on(), form, error })
}

#[derive(Template)]
#[template(path = "site/welcome.html")]
struct WelcomePage {
    shell: Shell,
    name: String,
    endpoint: String,
    connection_string: String,
    primary: String,
    secondary: String,
    /// Known to whoever is on this very machine alone.
    ca_file: Option<String>,
}

/// Shown once: whoever comes again is sent on to the console.
#[get("/welcome")]
pub(super) async fn welcome(app: Data<App>, portal: Data<Portal>, member: Member) -> PageResult {
    let session = member.session().unwrap_or_default();
    let Some(signed_up) = portal.once.take_welcome(session) else {
        return Ok(member.go(Audience::Member.home()));
    };
    member.page(&WelcomePage {
        shell: member.shell(Place::Outside),
        name: signed_up.tenant.name.clone(),
        endpoint: signed_up.endpoint.clone(),
        connection_string: signed_up.connection_string.clone(),
        primary: signed_up.access_keys.primary.clone(),
        secondary: signed_up.access_keys.secondary.clone(),
        ca_file: portal
            .ca_file
            .as_ref()
            .filter(|_| app.settings().loopback)
            .map(|path| path.display().to_string()),
    })
}
