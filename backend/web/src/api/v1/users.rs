//! SIP users: phones that register with digest.

use super::{Listing, PageParams, created, ok};
use crate::{
    auth::Caller,
    error::ApiResult,
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, post,
    web::{Data, Path},
};
use app::users::{self, NewSipUser, SipUserView};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_sip_users).service(create_sip_user).service(delete_sip_user);
}

/// A user to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewUser {
    /// 1 to 64 of letters, digits, `.`, `-` and `_`.
    username: String,
    /// For people.
    display_name: Option<String>,
}

/// What to type into the phone. The password is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Credentials {
    username: String,
    /// The tenant's host, which is the realm.
    domain: String,
    password: String,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SipUser {
    id: Uuid,
    username: String,
    display_name: Option<String>,
    domain: String,
    created_at: DateTime<Utc>,
}

impl From<SipUserView> for SipUser {
    fn from(user: SipUserView) -> Self {
        Self {
            id: user.id.0,
            username: user.username,
            display_name: user.display_name,
            domain: user.domain,
            created_at: user.created_at,
        }
    }
}

/// The tenant's SIP users, by name.
#[utoipa::path(tag = "users", params(PageParams), responses((status = 200, body = Listing<SipUser>)))]
#[get("/api/v1/sipUsers")]
pub(crate) async fn list_sip_users(
    app: Data<app::App>,
    caller: Caller,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let list = users::list(&app, &caller, &page.0.request()?).await?;
    ok(&Listing::<SipUser>::of_page(list, &request))
}

/// Makes a SIP user with a strong password.
#[utoipa::path(tag = "users", request_body = NewUser, responses((status = 201, body = Credentials)))]
#[post("/api/v1/sipUsers")]
pub(crate) async fn create_sip_user(app: Data<app::App>, caller: Caller, body: Body<NewUser>) -> ApiResult {
    let NewUser { username, display_name } = body.0;
    let made = users::create(&app, &caller, NewSipUser { username, display_name }).await?;
    let made = Credentials { username: made.username, domain: made.domain, password: made.password };
    Ok(created(&format!("/api/v1/sipUsers/{}", made.username), &made))
}

/// Deletes a SIP user; numbers that were bound to it ring nowhere.
#[utoipa::path(tag = "users", responses((status = 204, description = "It is gone")))]
#[delete("/api/v1/sipUsers/{username}")]
pub(crate) async fn delete_sip_user(
    app: Data<app::App>,
    caller: Caller,
    username: Path<String>,
) -> ApiResult {
    users::delete(&app, &caller, &username).await?;
    Ok(HttpResponse::NoContent().finish())
}
