//! Our registrations with the registrars of trunks and carriers that want one.

use super::{Operator, ok};
use crate::{auth::Caller, error::ApiResult, extract::Body};
use actix_web::{
    HttpResponse, delete, get, put,
    web::{Data, Path},
};
use app::registrars::{self, NewRegistration, RegistrationView};
use chrono::{DateTime, Utc};
use domain::{config::Transport, ids::CarrierId, registration::RegistrationState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_registration).service(set_registration).service(delete_registration);
    routes
        .service(get_carrier_registration)
        .service(set_carrier_registration)
        .service(delete_carrier_registration);
}

/// How we register with a registrar. The password is never shown again.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewRegistration)]
pub(crate) struct New {
    /// The registrar: a name or an address.
    registrar: String,
    /// Its port; without one the DNS says it.
    port: Option<u16>,
    /// `udp`, `tcp` or `tls`; without one the DNS says it.
    #[schema(value_type = Option<String>)]
    transport: Option<Transport>,
    /// The domain of the address of record; the registrar's name where none is given.
    domain: Option<String>,
    /// The digest username, which is the user of the address of record too.
    username: String,
    /// May be left out where it stays as it is.
    password: Option<String>,
    /// The user part of our Contact; the username where none is given.
    contact_user: Option<String>,
    /// Seconds to ask for, 30 to 86400; 600 where nothing is said.
    expires_seconds: Option<u32>,
}

impl From<New> for NewRegistration {
    fn from(new: New) -> Self {
        Self {
            registrar: new.registrar,
            port: new.port,
            transport: new.transport,
            domain: new.domain,
            username: new.username,
            password: new.password,
            contact_user: new.contact_user,
            expires_seconds: new.expires_seconds,
        }
    }
}

/// A registration of ours, and how it stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registration {
    registrar: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    transport: Option<Transport>,
    domain: String,
    username: String,
    contact_user: String,
    /// `waiting`, `registering`, `registered` or `failed`.
    #[schema(value_type = String)]
    state: RegistrationState,
    /// Until when calls to our contact arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_until: Option<DateTime<Utc>>,
    /// What the registrar said last, such as `403 Forbidden`.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_answer_at: Option<DateTime<Utc>>,
    next_try_at: DateTime<Utc>,
    /// Failures in a row.
    failures: u32,
}

impl From<RegistrationView> for Registration {
    fn from(view: RegistrationView) -> Self {
        Self {
            registrar: view.registrar,
            port: view.port,
            transport: view.transport,
            domain: view.domain,
            username: view.username,
            contact_user: view.contact_user,
            state: view.state,
            registered_until: view.registered_until,
            last_answer: view.last_answer,
            last_answer_at: view.last_answer_at,
            next_try_at: view.next_try_at,
            failures: view.failures,
        }
    }
}

/// Our registration with a trunk's registrar.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Registration)))]
#[get("/api/v1/trunks/{fqdn}/registration")]
pub(crate) async fn get_registration(app: Data<app::App>, caller: Caller, fqdn: Path<String>) -> ApiResult {
    ok(&Registration::from(registrars::get(&app, &caller, &fqdn).await?))
}

/// Registers us with a trunk's registrar, in the place of what was set before.
#[utoipa::path(tag = "trunks", request_body = New, responses((status = 200, body = Registration)))]
#[put("/api/v1/trunks/{fqdn}/registration")]
pub(crate) async fn set_registration(
    app: Data<app::App>,
    caller: Caller,
    fqdn: Path<String>,
    body: Body<New>,
) -> ApiResult {
    ok(&Registration::from(registrars::set(&app, &caller, &fqdn, body.0.into()).await?))
}

/// Takes our registration with a trunk's registrar back.
#[utoipa::path(tag = "trunks", responses((status = 204)))]
#[delete("/api/v1/trunks/{fqdn}/registration")]
pub(crate) async fn delete_registration(
    app: Data<app::App>,
    caller: Caller,
    fqdn: Path<String>,
) -> ApiResult {
    registrars::delete(&app, &caller, &fqdn).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Our registration with a carrier's registrar.
#[utoipa::path(tag = "operator", responses((status = 200, body = Registration)))]
#[get("/api/v1/operator/carriers/{id}/registration")]
pub(crate) async fn get_carrier_registration(
    app: Data<app::App>,
    caller: Operator,
    id: Path<Uuid>,
) -> ApiResult {
    ok(&Registration::from(registrars::get_of_carrier(&app, &caller, CarrierId(*id))?))
}

/// Registers us with a carrier's registrar, in the place of what was set before.
#[utoipa::path(tag = "operator", request_body = New, responses((status = 200, body = Registration)))]
#[put("/api/v1/operator/carriers/{id}/registration")]
pub(crate) async fn set_carrier_registration(
    app: Data<app::App>,
    caller: Operator,
    id: Path<Uuid>,
    body: Body<New>,
) -> ApiResult {
    let set = registrars::set_of_carrier(&app, &caller, CarrierId(*id), body.0.into()).await?;
    ok(&Registration::from(set))
}

/// Takes our registration with a carrier's registrar back.
#[utoipa::path(tag = "operator", responses((status = 204)))]
#[delete("/api/v1/operator/carriers/{id}/registration")]
pub(crate) async fn delete_carrier_registration(
    app: Data<app::App>,
    caller: Operator,
    id: Path<Uuid>,
) -> ApiResult {
    registrars::delete_of_carrier(&app, &caller, CarrierId(*id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
