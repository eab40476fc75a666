//! Invitations to sign up, which the operator makes.

use super::{Listing, Operator, PageParams, created, ok};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, post,
    web::{Data, Path},
};
use app::{
    App,
    invitations::{self, InvitationView, NewInvitation},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_invitations).service(create_invitation).service(delete_invitation);
}

/// Whom to invite.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = NewInvitation, example = json!({"email": "ada@acme.example", "note": "the trial", "days": 14}))]
pub(crate) struct Invite {
    /// Who gets the link by mail, and must sign up with this address; anybody's address will do where it is left out.
    email: Option<String>,
    /// For the operator, 200 characters at most.
    note: String,
    /// Days that it works, 1 to 90; 14 where it is left out.
    #[schema(minimum = 1, maximum = 90)]
    days: Option<u32>,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invitation {
    id: Uuid,
    email: Option<String>,
    note: String,
    /// `open`, `used` or `expired`.
    state: &'static str,
    created_by: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
    /// The tenant that was made with it.
    tenant: Option<Uuid>,
}

/// An invitation that was just made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvitationCreated)]
pub(crate) struct Made {
    #[serde(flatten)]
    of: Invitation,
    /// What `POST /api/v1/signup` wants as `invitation`. It is shown this once.
    token: String,
    /// Where to sign up with it. It is shown this once.
    link: String,
}

impl From<InvitationView> for Invitation {
    fn from(view: InvitationView) -> Self {
        Self {
            id: view.id,
            email: view.email,
            note: view.note,
            state: view.state.word(),
            created_by: view.created_by,
            created_at: view.created_at,
            expires_at: view.expires_at,
            used_at: view.used_at,
            tenant: view.tenant.map(|tenant| tenant.0),
        }
    }
}

/// The invitations, youngest first; used and expired ones for 90 days.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = Listing<Invitation>)))]
#[get("/api/v1/operator/invitations")]
pub(crate) async fn list_invitations(
    app: Data<App>,
    operator: Operator,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = invitations::list(&app, &operator, &page.0.request()?).await?;
    ok(&Listing::<Invitation>::of_page(found, &request))
}

/// Invites somebody to sign up, once. Where there is an address, the link is mailed to it.
#[utoipa::path(tag = "operator", request_body = Invite, responses((status = 201, body = Made)))]
#[post("/api/v1/operator/invitations")]
pub(crate) async fn create_invitation(app: Data<App>, operator: Operator, body: Body<Invite>) -> ApiResult {
    let Invite { email, note, days } = body.0;
    let made = invitations::create(&app, &operator, &NewInvitation { email, note, days }).await?;
    let made = Made { of: made.view.into(), token: made.token, link: made.link };
    Ok(created("/api/v1/operator/invitations", &made))
}

/// Takes back an invitation that nobody has used.
#[utoipa::path(tag = "operator", responses((status = 204, description = "It is gone")))]
#[delete("/api/v1/operator/invitations/{id}")]
pub(crate) async fn delete_invitation(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    let gone = || ApiError::not_found("there is no such invitation").at("id");
    invitations::withdraw(&app, &operator, id.parse().map_err(|_| gone())?).await?;
    Ok(HttpResponse::NoContent().finish())
}
