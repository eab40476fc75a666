//! Carriers: where the operator's calls to the world go, and come from.

use super::{Listing, Operator, created, ok};
use crate::{
    api::schema::{Amount, Limits, LimitsPatch},
    error::{ApiError, ApiResult},
    extract::Body,
};
use actix_web::{
    get, patch, post,
    web::{Data, Path},
};
use app::carriers::{self, CarrierPatch, CarrierView, NewCarrier};
use domain::{
    config::{CallerIdPolicy, Transport},
    money::Money,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_carriers).service(create_carrier).service(update_carrier);
}

/// A host of a carrier.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CarrierHost)]
pub(crate) struct Host {
    /// An IP address or a name.
    address: String,
    #[serde(default = "sip_port")]
    #[schema(default = 5060)]
    port: u16,
    /// `udp`, `tcp` or `tls`.
    #[serde(default = "udp")]
    #[schema(value_type = String, default = "udp")]
    transport: Transport,
}

const fn sip_port() -> u16 {
    5060
}

const fn udp() -> Transport {
    Transport::Udp
}

const fn any() -> CallerIdPolicy {
    CallerIdPolicy::Any
}

/// What a carrier carries.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CarrierPrefix)]
pub(crate) struct Prefix {
    /// Digits, with or without `+`; empty is everything.
    prefix: String,
    /// What a minute costs the operator; nothing where it is left out.
    #[schema(value_type = Option<Amount>)]
    cost_per_minute: Option<Money>,
}

impl From<Host> for carriers::Host {
    fn from(host: Host) -> Self {
        Self { address: host.address, port: host.port, transport: host.transport }
    }
}

impl From<carriers::Host> for Host {
    fn from(host: carriers::Host) -> Self {
        Self { address: host.address, port: host.port, transport: host.transport }
    }
}

impl From<Prefix> for carriers::Prefix {
    fn from(prefix: Prefix) -> Self {
        Self { prefix: prefix.prefix, cost_per_minute: prefix.cost_per_minute }
    }
}

impl From<carriers::Prefix> for Prefix {
    fn from(prefix: carriers::Prefix) -> Self {
        Self { prefix: prefix.prefix, cost_per_minute: prefix.cost_per_minute }
    }
}

fn each<A: Into<B>, B>(all: Vec<A>) -> Vec<B> {
    all.into_iter().map(Into::into).collect()
}

/// A carrier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Carrier {
    id: Uuid,
    name: String,
    /// Whether it is the simulated one.
    sandbox: bool,
    enabled: bool,
    hosts: Vec<Host>,
    /// `any` or `owned`.
    #[schema(value_type = String)]
    caller_id: CallerIdPolicy,
    limits: Limits,
    prefixes: Vec<Prefix>,
}

impl From<CarrierView> for Carrier {
    fn from(carrier: CarrierView) -> Self {
        Self {
            id: carrier.id.0,
            name: carrier.name,
            sandbox: carrier.sandbox,
            enabled: carrier.enabled,
            hosts: each(carrier.hosts),
            caller_id: carrier.caller_id,
            limits: carrier.limits.into(),
            prefixes: each(carrier.prefixes),
        }
    }
}

/// A carrier to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewCarrier)]
pub(crate) struct NewCarrierBody {
    /// Unique.
    name: String,
    /// In order.
    hosts: Vec<Host>,
    /// `any` or `owned`.
    #[serde(default = "any")]
    #[schema(value_type = String, default = "any")]
    caller_id: CallerIdPolicy,
    limits: Option<LimitsPatch>,
    prefixes: Vec<Prefix>,
}

/// What changes about a carrier; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CarrierChange {
    enabled: Option<bool>,
    hosts: Option<Vec<Host>>,
    /// `any` or `owned`.
    #[schema(value_type = Option<String>)]
    caller_id: Option<CallerIdPolicy>,
    limits: Option<LimitsPatch>,
    prefixes: Option<Vec<Prefix>>,
}

/// All carriers, by name.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<Carrier>)))]
#[get("/api/v1/operator/carriers")]
pub(crate) async fn list_carriers(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&Listing::<Carrier>::whole(each(carriers::list(&app, &operator).await?)))
}

/// Adds a carrier.
#[utoipa::path(tag = "operator", request_body = NewCarrierBody, responses((status = 201, body = Carrier)))]
#[post("/api/v1/operator/carriers")]
pub(crate) async fn create_carrier(
    app: Data<app::App>,
    operator: Operator,
    body: Body<NewCarrierBody>,
) -> ApiResult {
    let new = body.0;
    let new = NewCarrier {
        name: new.name,
        hosts: each(new.hosts),
        caller_id: new.caller_id,
        limits: new.limits.map(Into::into),
        prefixes: each(new.prefixes),
    };
    let carrier = Carrier::from(carriers::create(&app, &operator, new).await?);
    Ok(created(&format!("/api/v1/operator/carriers/{}", carrier.id), &carrier))
}

/// Changes a carrier.
#[utoipa::path(tag = "operator",
    request_body(content = CarrierChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Carrier)))]
#[patch("/api/v1/operator/carriers/{id}")]
pub(crate) async fn update_carrier(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    body: Body<CarrierChange>,
) -> ApiResult {
    let id = id.parse().map_err(|_| ApiError::not_found(format!("there is no carrier {id:?}")).at("id"))?;
    let change = body.0;
    let patch = CarrierPatch {
        enabled: change.enabled,
        hosts: change.hosts.map(each),
        caller_id: change.caller_id,
        limits: change.limits.map(Into::into),
        prefixes: change.prefixes.map(each),
    };
    ok(&Carrier::from(carriers::update(&app, &operator, id, patch).await?))
}
