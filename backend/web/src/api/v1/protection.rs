//! Where a tenant may call, and for how much.

use super::{
    ok,
    velocity::{Velocity, in_currency},
};
use crate::{api::schema::Amount, auth::Caller, error::ApiResult, extract::Patch};
use actix_web::{get, patch, web::Data};
use app::{
    Error,
    protection::{self, Bounds, ProtectionView},
};
use domain::{
    config::{OverLimit, Protection},
    high_risk::{self, HIGH_RISK},
    money::{Currency, Money},
    phone::E164,
    stir::{Handling, TenantHandling},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_protection).service(update_protection);
}

/// What calls may cost at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = SpendCaps)]
pub(crate) struct Caps {
    /// One call: it is ended before it costs more. `null` is no cap.
    #[schema(value_type = Option<Amount>)]
    per_call: Option<Money>,
    /// A day (UTC): no call begins past it. `null` is no cap.
    #[schema(value_type = Option<Amount>)]
    per_day: Option<Money>,
    /// What may be owed at worst: nothing is held past it. `null` is no cap, or the operator's default.
    #[schema(value_type = Option<Amount>)]
    exposure: Option<Money>,
}

/// What a tenant sets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProtectionSettings {
    /// Countries that may be called (ISO 3166-1 alpha-2); with `allowedPrefixes` empty too, all of them.
    #[serde(default)]
    allowed_countries: Vec<String>,
    /// Prefixes that may be called beside the countries: digits without `+`.
    #[serde(default)]
    allowed_prefixes: Vec<String>,
    /// Prefixes that may not be called.
    #[serde(default)]
    blocked_prefixes: Vec<String>,
    /// High-risk prefixes that are opened.
    #[serde(default)]
    high_risk_prefixes: Vec<String>,
    #[serde(default)]
    caps: Caps,
    /// With what a call over a limit of calls is answered: `retryLater` (503) or `busy` (486).
    #[schema(value_type = String)]
    #[serde(default)]
    over_limit: OverLimit,
    #[serde(default)]
    unverified: Unverified,
    #[serde(default)]
    velocity: Velocity,
}

/// What becomes of calls from carriers to the tenant's numbers whose caller is not verified. `null` is as the operator
/// set it; what the operator refuses stays refused.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = UnverifiedCalls)]
pub(crate) struct Unverified {
    /// A call whose signature is not to be believed: `pass`, `mark` (the trunk is told by `verstat`), `refuse` (with the
    /// status of RFC 8224) or `unwanted` (607).
    #[schema(value_type = Option<String>)]
    failed: Option<Handling>,
    /// A call that is not signed, or by means that are not known here.
    #[schema(value_type = Option<String>)]
    missing: Option<Handling>,
}

/// Within which bounds a tenant sets its protection: the operator's word.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ProtectionBounds)]
pub(crate) struct BoundsBody {
    /// Countries that may be called; empty is all of them.
    #[serde(default)]
    allowed_countries: Vec<String>,
    /// Prefixes that may not be called.
    #[serde(default)]
    blocked_prefixes: Vec<String>,
    /// Whether the tenant may open high-risk prefixes by itself.
    #[serde(default = "yes")]
    may_open_high_risk: bool,
    #[serde(default)]
    caps: Caps,
    /// Whether calls may be sold below what the carrier asks.
    #[serde(default)]
    allow_below_cost: bool,
    /// How fast the tenant may spend at most; what is `null` is the default of its currency.
    #[serde(default)]
    velocity: Velocity,
}

const fn yes() -> bool {
    true
}

/// A range of the list of high-risk destinations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HighRiskPrefix)]
pub(crate) struct HighRisk {
    prefix: &'static str,
    what: &'static str,
    /// Whether it may be called.
    open: bool,
}

/// What protects a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Protection)]
pub(crate) struct ProtectionBody {
    #[serde(flatten)]
    settings: ProtectionSettings,
    /// Within which bounds.
    operator: BoundsBody,
    /// What of it decides calls at this moment.
    effective: ProtectionSettings,
    /// Destinations of toll fraud: closed unless they are opened.
    high_risk: Vec<HighRisk>,
}

impl From<ProtectionView> for ProtectionBody {
    fn from(view: ProtectionView) -> Self {
        let opened = &view.effective.high_risk_prefixes;
        let row = |risk: &high_risk::HighRisk| HighRisk {
            prefix: risk.prefix,
            what: risk.what,
            open: example(risk.prefix).is_some_and(|number| high_risk::is_open(opened, number)),
        };
        Self {
            settings: settings(&view.own, view.currency),
            operator: bounds(&view.held_to, view.currency),
            high_risk: HIGH_RISK.iter().map(row).collect(),
            effective: settings(&view.effective, view.currency),
        }
    }
}

/// A number that stands for all with a prefix.
fn example(prefix: &str) -> Option<E164> {
    E164::parse(&format!("+{prefix:0<11}")).ok()
}

fn settings(own: &Protection, currency: Currency) -> ProtectionSettings {
    ProtectionSettings {
        allowed_countries: own.allowed_countries.clone(),
        allowed_prefixes: own.allowed_prefixes.clone(),
        blocked_prefixes: own.blocked_prefixes.clone(),
        high_risk_prefixes: own.high_risk_prefixes.clone(),
        caps: caps([own.max_call_micros, own.max_day_micros, own.max_exposure_micros], currency),
        velocity: Velocity::of(&own.velocity, currency),
        over_limit: own.over_limit,
        unverified: Unverified { failed: own.unverified.failed, missing: own.unverified.missing },
    }
}

/// The bounds of a tenant, as the API says them.
pub(super) fn bounds(bounds: &Bounds, currency: Currency) -> BoundsBody {
    BoundsBody {
        allowed_countries: bounds.allowed_countries.clone(),
        blocked_prefixes: bounds.blocked_prefixes.clone(),
        may_open_high_risk: bounds.may_open_high_risk,
        caps: caps([bounds.max_call_micros, bounds.max_day_micros, bounds.max_exposure_micros], currency),
        velocity: Velocity::of(&bounds.velocity, currency),
        allow_below_cost: bounds.allow_below_cost,
    }
}

fn caps(micros: [Option<i64>; 3], currency: Currency) -> Caps {
    let [per_call, per_day, exposure] = micros.map(|micros| Some(Money::new(micros?, currency)));
    Caps { per_call, per_day, exposure }
}

impl Caps {
    /// Micro-units of the tenant's currency: a call, a day, what may be owed at worst.
    fn micros(self, currency: Currency) -> Result<[Option<i64>; 3], Error> {
        Ok([
            in_currency("caps.perCall", self.per_call, currency)?,
            in_currency("caps.perDay", self.per_day, currency)?,
            in_currency("caps.exposure", self.exposure, currency)?,
        ])
    }
}

impl BoundsBody {
    pub(super) fn into_bounds(self, currency: Currency) -> Result<Bounds, Error> {
        let [max_call_micros, max_day_micros, max_exposure_micros] = self.caps.micros(currency)?;
        Ok(Bounds {
            max_exposure_micros,
            velocity: self.velocity.into_limits(currency)?,
            allowed_countries: capital(self.allowed_countries),
            blocked_prefixes: digits(self.blocked_prefixes),
            may_open_high_risk: self.may_open_high_risk,
            max_call_micros,
            max_day_micros,
            allow_below_cost: self.allow_below_cost,
        })
    }
}

fn capital(codes: Vec<String>) -> Vec<String> {
    codes.into_iter().map(|code| code.trim().to_ascii_uppercase()).collect()
}

/// People write prefixes with a `+`.
fn digits(prefixes: Vec<String>) -> Vec<String> {
    prefixes.into_iter().map(|prefix| prefix.trim().trim_start_matches('+').to_owned()).collect()
}

/// What protects the tenant, with the operator's bounds and the list of high-risk destinations.
#[utoipa::path(tag = "protection", responses((status = 200, body = ProtectionBody)))]
#[get("/api/v1/protection")]
pub(crate) async fn get_protection(app: Data<app::App>, caller: Caller) -> ApiResult {
    ok(&ProtectionBody::from(protection::get(&app, &caller).await?))
}

/// Changes what protects the tenant, within the operator's bounds: what is left out stays, `null` takes away.
#[utoipa::path(tag = "protection",
    request_body(content = ProtectionSettings, content_type = "application/merge-patch+json"),
    responses((status = 200, body = ProtectionBody)))]
#[patch("/api/v1/protection")]
pub(crate) async fn update_protection(
    app: Data<app::App>,
    caller: Caller,
    change: Patch<ProtectionSettings>,
) -> ApiResult {
    let currency = protection::get(&app, &caller).await?.currency;
    let view = protection::change(&app, &caller, |now| {
        let wanted = change.apply(&settings(&now, currency))?;
        let [max_call_micros, max_day_micros, max_exposure_micros] = wanted.caps.micros(currency)?;
        Ok(Protection {
            max_exposure_micros,
            velocity: wanted.velocity.into_limits(currency)?,
            allowed_countries: capital(wanted.allowed_countries),
            allowed_prefixes: digits(wanted.allowed_prefixes),
            blocked_prefixes: digits(wanted.blocked_prefixes),
            high_risk_prefixes: digits(wanted.high_risk_prefixes),
            max_call_micros,
            max_day_micros,
            over_limit: wanted.over_limit,
            unverified: TenantHandling {
                failed: wanted.unverified.failed,
                missing: wanted.unverified.missing,
            },
            ..now
        })
    })
    .await?;
    ok(&ProtectionBody::from(view))
}
