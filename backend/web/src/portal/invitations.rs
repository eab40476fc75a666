//! Invitations to sign up, which the operator makes. The link of a new one is shown once.

use super::{
    Portal, error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Operator, PageResult},
    words::{At, Badge},
};
use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, Error, PageRequest, SignupMode,
    invitations::{self, CreatedInvitation, DAYS_DEFAULT, InvitationState, InvitationView, NewInvitation},
};
use askama::Template;
use serde::Deserialize;
use std::sync::Arc;

/// Invitations on one page.
const ROWS: u32 = 50;
/// The page.
const PAGE: &str = "/operator/invitations";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(create).service(withdraw);
}

#[derive(Template)]
#[template(path = "operator/invitations.html")]
struct InvitationsPage {
    shell: Shell,
    mode: &'static str,
    sends_mail: bool,
    fresh: Option<Arc<CreatedInvitation>>,
    invitations: Vec<InvitationRow>,
    next: Option<String>,
    next_label: &'static str,
    form: InviteForm,
    error: Option<String>,
}

/// One invitation.
struct InvitationRow {
    id: String,
    email: Option<String>,
    note: String,
    state: Badge,
    is_open: bool,
    by: String,
    made: At,
    until: At,
    tenant: Option<String>,
}

/// Whom to invite.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct InviteForm {
    email: String,
    note: String,
    days: String,
}

impl Default for InviteForm {
    fn default() -> Self {
        Self { email: String::new(), note: String::new(), days: DAYS_DEFAULT.to_string() }
    }
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    after: Option<String>,
}

#[get("/operator/invitations")]
async fn show(app: Data<App>, portal: Data<Portal>, operator: Operator, part: Query<Part>) -> PageResult {
    let fresh = portal.once.take_invitation(operator.session().unwrap_or_default());
    let page = page(&app, &operator, part.into_inner().after).await?;
    operator.page(&InvitationsPage { fresh, ..page })
}

#[post("/operator/invitations")]
async fn create(
    app: Data<App>,
    portal: Data<Portal>,
    operator: Operator,
    form: Posted<InviteForm>,
) -> PageResult {
    let form = form.0;
    match invited(&app, &operator, &form).await {
        Ok(made) => {
            portal.once.put_invitation(operator.session().unwrap_or_default(), made);
            Ok(operator.go(PAGE))
        }
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = InvitationsPage { form, error: Some(text), ..page(&app, &operator, None).await? };
            operator.page_with(status, &page)
        }
    }
}

#[post("/operator/invitations/{id}/withdraw")]
async fn withdraw(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let gone = || Error::not_found("id", "there is no such invitation");
    invitations::withdraw(&app, &operator.actor, id.parse().map_err(|_| gone())?).await?;
    Ok(operator.go_saying(PAGE, Done::InvitationWithdrawn))
}

async fn invited(app: &App, operator: &Operator, form: &InviteForm) -> Result<CreatedInvitation, Error> {
    let email = Some(form.email.trim().to_owned()).filter(|email| !email.is_empty());
    let days = form.days.trim().parse().map_err(|_| Error::invalid("days", "write the days as a number"))?;
    let new = NewInvitation { email, note: form.note.clone(), days: Some(days) };
    invitations::create(app, &operator.actor, &new).await
}

async fn page(app: &App, operator: &Operator, after: Option<String>) -> Result<InvitationsPage, Error> {
    let found = invitations::list(app, &operator.actor, &PageRequest { after, size: ROWS }).await?;
    Ok(InvitationsPage {
        shell: operator.shell(Place::Platform),
        mode: match app.settings().signup {
            SignupMode::Open => "open",
            SignupMode::Invite => "invite",
            SignupMode::Closed => "closed",
        },
        sends_mail: app::outbox::sends_mail(app),
        fresh: None,
        invitations: found.value.into_iter().map(InvitationRow::from).collect(),
        next: found.next.map(|after| format!("{PAGE}?after={after}")),
        next_label: "Older",
        form: InviteForm::default(),
        error: None,
    })
}

impl From<InvitationView> for InvitationRow {
    fn from(view: InvitationView) -> Self {
        let tone = match view.state {
            InvitationState::Open => "good",
            InvitationState::Used => "",
            InvitationState::Expired => "warn",
        };
        Self {
            id: view.id.to_string(),
            email: view.email,
            note: view.note,
            state: Badge::new(tone, view.state.word()),
            is_open: view.state == InvitationState::Open,
            by: view.created_by,
            made: At::from(view.created_at),
            until: At::from(view.expires_at),
            tenant: view.tenant.map(|tenant| tenant.to_string()),
        }
    }
}
