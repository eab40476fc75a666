//! Carriers: where the operator's calls to the world go, and come from.

use super::{
    Listing, Operator, created, ok,
    plans::Confirmation,
    signaling::{CredentialsBody, Signaling, renamed},
};
use crate::{
    api::schema::{Amount, Limits, TimeWindow},
    error::{ApiError, ApiResult},
    extract::{Body, Params, Patch},
};
use actix_web::{
    get, patch, post, put,
    web::{Data, Path},
};
use app::{
    Password,
    carriers::{self, CarrierView},
};
use domain::{
    config::{self, CallerIdPolicy, CarrierOrder, Transport, Window},
    ids::{CarrierId, DeckId},
    money::{Currency, Money},
    rating::DeckUse,
    stir::Signing,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_carriers)
        .service(create_carrier)
        .service(get_carrier)
        .service(update_carrier)
        .service(get_carrier_order)
        .service(put_carrier_order);
}

/// A host of a carrier.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
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

/// What a carrier carries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CarrierPrefix)]
pub(crate) struct Prefix {
    /// Digits, with or without `+`; empty is everything.
    prefix: String,
    /// What a minute costs the operator; nothing where it is left out. All costs of a carrier are in one currency, which
    /// is that of a price plan.
    #[schema(value_type = Option<Amount>)]
    cost_per_minute: Option<Money>,
    /// When it is carried at this cost; empty is always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<TimeWindow>)]
    windows: Vec<Window>,
}

/// What a carrier was told.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CarrierSettings {
    /// Unique.
    name: String,
    #[serde(default = "yes")]
    enabled: bool,
    /// In order, 1 to 32.
    hosts: Vec<Host>,
    /// Which caller ids it takes: `any` or `owned`.
    #[schema(value_type = String)]
    caller_id: CallerIdPolicy,
    limits: Limits,
    /// 1 to 10,000; none where there is a deck.
    prefixes: Vec<Prefix>,
    /// The rate deck of costs that has what it carries beside `prefixes`, in the same currency.
    deck: Option<Uuid>,
    /// How good it is, 0 to 100.
    quality: u8,
    /// Calls that it can carry, for the order by capacity; its limit of calls where it is null.
    capacity: Option<u32>,
    /// Its share among its equals, for the order by weight; 0 comes last.
    weight: u32,
    #[serde(default)]
    signaling: Signaling,
    /// With what its digest challenges are answered.
    credentials: Option<CredentialsBody>,
    /// Countries whose emergency calls it can take (ISO 3166-1 alpha-2).
    #[serde(default)]
    emergency_countries: Vec<String>,
    /// Which calls to it are signed, where the platform has a key: `always` (every call that shows a number), `fullOnly`
    /// (only those of which A can be attested: the caller's tenant owns the number that is shown) or `never`.
    #[serde(default)]
    #[schema(value_type = String)]
    signing: Signing,
    /// Whether the signatures of its calls are verified, where the platform trusts a root.
    #[serde(default = "yes")]
    verification: bool,
}

const fn yes() -> bool {
    true
}

/// A carrier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Carrier {
    id: Uuid,
    /// Whether it is the simulated one.
    sandbox: bool,
    #[serde(flatten)]
    settings: CarrierSettings,
    /// Whether the password of its credentials is kept.
    password_kept: bool,
}

impl From<CarrierView> for Carrier {
    fn from(view: CarrierView) -> Self {
        Self {
            id: view.carrier.id.0,
            sandbox: view.carrier.sandbox,
            settings: CarrierSettings::from(&view.carrier),
            password_kept: view.has_password,
        }
    }
}

impl From<&config::Carrier> for CarrierSettings {
    fn from(carrier: &config::Carrier) -> Self {
        let host = |host: &config::CarrierHost| Host {
            address: host.address.clone(),
            port: host.port,
            transport: host.transport,
        };
        let prefix = |prefix: &config::CarrierPrefix| Prefix {
            prefix: prefix.prefix.clone(),
            cost_per_minute: Some(Money::new(prefix.cost_per_minute_micros, carrier.currency)),
            windows: prefix.windows.clone(),
        };
        Self {
            name: carrier.name.clone(),
            enabled: carrier.enabled,
            hosts: carrier.hosts.iter().map(host).collect(),
            caller_id: carrier.caller_id,
            limits: carrier.limits.into(),
            prefixes: carrier.prefixes.iter().map(prefix).collect(),
            deck: carrier.deck.as_ref().map(|used| used.deck.0),
            quality: carrier.quality,
            capacity: carrier.capacity,
            weight: carrier.weight,
            signaling: Signaling::from(&carrier.policy),
            credentials: carrier.policy.credentials.as_ref().map(Into::into),
            emergency_countries: carrier.emergency_countries.clone(),
            signing: carrier.signing,
            verification: !carrier.unverified,
        }
    }
}

impl CarrierSettings {
    pub(super) fn into_carrier(
        self,
        now: config::Carrier,
    ) -> Result<(config::Carrier, Password), app::Error> {
        let currency = self.currency(now.currency)?;
        let host = |host: Host| config::CarrierHost {
            address: host.address,
            port: host.port,
            transport: host.transport,
        };
        let prefix = |prefix: Prefix| config::CarrierPrefix {
            prefix: prefix.prefix,
            cost_per_minute_micros: prefix.cost_per_minute.map_or(0, |cost| cost.micros),
            windows: prefix.windows,
        };
        let (policy, password) = self.signaling.policy(self.credentials, now.policy);
        let carrier = config::Carrier {
            name: self.name,
            enabled: self.enabled,
            hosts: self.hosts.into_iter().map(host).collect(),
            caller_id: self.caller_id,
            limits: self.limits.into(),
            prefixes: self.prefixes.into_iter().map(prefix).collect(),
            quality: self.quality,
            capacity: self.capacity,
            weight: self.weight,
            emergency_countries: self.emergency_countries,
            signing: self.signing,
            unverified: !self.verification,
            deck: self.deck.map(|deck| DeckUse {
                deck: DeckId(deck),
                hash: String::new(),
                rate_version: String::new(),
            }),
            currency,
            policy,
            ..now
        };
        Ok((carrier, password))
    }

    /// The one currency of all costs; what costs nothing is in any.
    fn currency(&self, now: Currency) -> Result<Currency, app::Error> {
        let costs = self.prefixes.iter().map(|prefix| prefix.cost_per_minute.filter(|cost| cost.micros != 0));
        let mut said: Option<Currency> = None;
        for (index, cost) in costs.enumerate() {
            let Some(cost) = cost else { continue };
            let first = *said.get_or_insert(cost.currency);
            if cost.currency != first {
                let target = format!("prefixes[{index}].costPerMinute");
                let message = format!("a carrier's costs are in one currency: give them all in {first}");
                return Err(app::Error::invalid(&target, message));
            }
        }
        Ok(said.unwrap_or(now))
    }
}

/// All carriers, by name.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<Carrier>)))]
#[get("/api/v1/operator/carriers")]
pub(crate) async fn list_carriers(app: Data<app::App>, operator: Operator) -> ApiResult {
    let all = carriers::list(&app, &operator).await?;
    ok(&Listing::<Carrier>::whole(all.into_iter().map(Into::into).collect()))
}

/// Adds a carrier. What is left out is as it is by default; name, hosts and prefixes are needed. Where a plan would sell below
/// cost by it: 409 `BelowCost` until that is confirmed.
#[utoipa::path(tag = "operator", params(Confirmation), request_body = CarrierSettings, responses((status = 201, body = Carrier)))]
#[post("/api/v1/operator/carriers")]
pub(crate) async fn create_carrier(
    app: Data<app::App>,
    operator: Operator,
    confirmation: Params<Confirmation>,
    body: Patch<CarrierSettings>,
) -> ApiResult {
    let plain = carriers::plain("", Vec::new(), Vec::new());
    let (carrier, password) = body.apply(&CarrierSettings::from(&plain))?.into_carrier(plain)?;
    let below_cost = confirmation.0.below_cost()?;
    let made = carriers::create(&app, &operator, carrier, password, below_cost).await.map_err(renamed)?;
    let carrier = Carrier::from(made);
    Ok(created(&format!("/api/v1/operator/carriers/{}", carrier.id), &carrier))
}

/// One carrier.
#[utoipa::path(tag = "operator", responses((status = 200, body = Carrier)))]
#[get("/api/v1/operator/carriers/{id}")]
pub(crate) async fn get_carrier(app: Data<app::App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&Carrier::from(carriers::get(&app, &operator, carrier_id(&id)?).await?))
}

/// Changes a carrier: what is left out stays, `null` takes away. Where a plan would sell below cost that does not so far, or
/// for less more: 409 `BelowCost` until that is confirmed.
#[utoipa::path(tag = "operator", params(Confirmation),
    request_body(content = CarrierSettings, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Carrier)))]
#[patch("/api/v1/operator/carriers/{id}")]
pub(crate) async fn update_carrier(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    confirmation: Params<Confirmation>,
    change: Patch<CarrierSettings>,
) -> ApiResult {
    let edit = |now: config::Carrier| change.apply(&CarrierSettings::from(&now))?.into_carrier(now);
    let (id, below_cost) = (carrier_id(&id)?, confirmation.0.below_cost()?);
    let carrier = carriers::change(&app, &operator, id, below_cost, edit).await.map_err(renamed)?;
    ok(&Carrier::from(carrier))
}

/// By what carriers with an equally long prefix are put in order.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CarrierOrderBody {
    /// `cost`, `quality`, `capacity`, `weight`: the first that tells two carriers apart decides.
    #[schema(value_type = Vec<String>)]
    carrier_order: Vec<CarrierOrder>,
}

/// By what carriers with an equally long prefix are put in order.
#[utoipa::path(tag = "operator", responses((status = 200, body = CarrierOrderBody)))]
#[get("/api/v1/operator/routing")]
pub(crate) async fn get_carrier_order(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&CarrierOrderBody { carrier_order: carriers::order(&app, &operator).await? })
}

/// Sets by what carriers with an equally long prefix are put in order.
#[utoipa::path(tag = "operator", request_body = CarrierOrderBody, responses((status = 200, body = CarrierOrderBody)))]
#[put("/api/v1/operator/routing")]
pub(crate) async fn put_carrier_order(
    app: Data<app::App>,
    operator: Operator,
    body: Body<CarrierOrderBody>,
) -> ApiResult {
    let carrier_order = carriers::put_order(&app, &operator, body.0.carrier_order).await?;
    ok(&CarrierOrderBody { carrier_order })
}

fn carrier_id(text: &str) -> Result<CarrierId, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no carrier {text:?}")).at("id"))
}
