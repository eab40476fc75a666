//! `/api/v1`: everything that the data plane's protocol has no words for. JSON in camelCase, amounts in micro-units,
//! lists as `{"value", "nextLink"}`.

mod access_keys;
mod announcements;
mod api_keys;
mod audio;
mod audit;
mod available;
mod bans;
mod billing;
mod calls;
mod carriers;
mod decks;
mod doctor;
mod domains;
mod eligibility;
mod emergency;
mod health;
mod identities;
mod inventory;
mod invitations;
mod invoices;
mod money;
mod node;
mod numbers;
mod operator_tenants;
mod plans;
mod porting;
mod proof;
mod protection;
mod quarantine;
mod reconciliation;
mod recordings;
mod regions;
mod registrations;
mod regulatory;
mod rehearsals;
mod routes;
mod signaling;
mod spending;
mod stir;
mod suppliers;
mod tenants;
mod top_ups;
mod trunks;
mod users;
mod velocity;
mod webhooks;

pub(crate) use calls::capture;
pub(crate) use invoices::answer as invoice_file;
pub(crate) use plans::{PlanOverrides, PlanSettings, differing};
pub(crate) use recordings::{answer as audio, layout};

use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::LOCATION};
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use std::{
    future::{Ready, ready},
    ops::Deref,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn mount(routes: &mut ServiceConfig<'_>) {
    tenants::mount(routes);
    numbers::mount(routes);
    trunks::mount(routes);
    health::mount(routes);
    registrations::mount(routes);
    routes::mount(routes);
    doctor::mount(routes);
    domains::mount(routes);
    protection::mount(routes);
    emergency::mount(routes);
    eligibility::mount(routes);
    regions::mount(routes);
    operator_tenants::mount(routes);
    users::mount(routes);
    access_keys::mount(routes);
    api_keys::mount(routes);
    audit::mount(routes);
    invitations::mount(routes);
    identities::mount(routes);
    calls::mount(routes);
    recordings::mount(routes);
    money::mount(routes);
    spending::mount(routes);
    top_ups::mount(routes);
    invoices::mount(routes);
    billing::mount(routes);
    proof::mount(routes);
    reconciliation::mount(routes);
    carriers::mount(routes);
    plans::mount(routes);
    decks::mount(routes);
    inventory::mount(routes);
    quarantine::mount(routes);
    regulatory::mount(routes);
    rehearsals::mount(routes);
    porting::mount(routes);
    suppliers::mount(routes);
    available::mount(routes);
    node::mount(routes);
    bans::mount(routes);
    stir::mount(routes);
    announcements::mount(routes);
    audio::mount(routes);
    webhooks::mount(routes);
}

/// A list, or a page of one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing<T> {
    /// The rows of this page.
    value: Vec<T>,
    /// The next page, where there is one: a relative link.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// Which page of a list. Links to further pages are made by the server: follow `nextLink`.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Rows wanted, 1 to 1,000; 100 where it is not said.
    #[param(minimum = 1, maximum = 1000)]
    max_page_size: Option<u32>,
    /// Where the page begins, as `nextLink` says it.
    after: Option<String>,
}

impl PageParams {
    fn request(self) -> Result<app::PageRequest, ApiError> {
        match self.max_page_size {
            Some(0) => Err(ApiError::invalid("maxPageSize", "maxPageSize: 1 to 1000 rows fit on a page")),
            size => Ok(app::PageRequest { after: self.after, size: size.unwrap_or(app::PAGE_DEFAULT) }),
        }
    }
}

impl<T> Listing<T> {
    fn whole(value: Vec<T>) -> Self {
        Self { value, next_link: None }
    }

    fn of_page<V: Into<T>>(page: app::Page<V>, request: &HttpRequest) -> Self {
        let next_link = page.next.map(|after| link(request, &after));
        Self { value: page.value.into_iter().map(Into::into).collect(), next_link }
    }
}

/// The path and query of this request, beginning at another place.
fn link(request: &HttpRequest, after: &str) -> String {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes()).filter(|(name, _)| name != "after");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .append_pair("after", after)
        .finish();
    format!("{}?{query}", request.path())
}

/// 201, and where the new thing is.
fn created(location: &str, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Created().insert_header((LOCATION, location)).json(body)
}

fn ok(body: &impl Serialize) -> ApiResult {
    Ok(HttpResponse::Ok().json(body))
}

/// Somebody who runs the platform. To everybody else the operator's side is not there: 404, never 403.
#[derive(Debug, Clone)]
pub(crate) struct Operator(Caller);

impl Deref for Operator {
    type Target = Actor;
    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequest for Operator {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(match Caller::from_request(request, payload).into_inner() {
            Ok(caller) if caller.operates() => Ok(Self(caller)),
            Ok(_) => Err(ApiError::not_found("there is nothing here for this sign-in")),
            Err(error) => Err(error),
        })
    }
}
