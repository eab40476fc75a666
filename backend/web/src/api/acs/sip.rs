//! Trunks, voice routes and domains in one document, changed by merge-patch. What came with the preview of
//! 2024-11-15 is shown to, and taken from, callers that name it or a later preview.

use super::{ApiVersion, VersionParams};
use crate::{
    auth::Caller,
    error::ApiResult,
    extract::{Body, Params},
};
use actix_web::{HttpResponse, get, patch, post, web::Data};
use app::{
    health::HealthView,
    trunks::{self, SipDomainPatch, SipPatch, SipProbe, SipRoute, SipTrunk, SipTrunkPatch},
};
use domain::config::{IpVersion, PrivacyHeader};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_sip_configuration).service(update_sip_configuration).service(test_routes_with_number);
}

/// What is wanted beside the configuration.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Expand {
    /// `trunks/health` shows how each trunk is doing (preview).
    #[serde(default)]
    expand: Option<String>,
}

/// All trunks, by FQDN, and all voice routes, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SipConfiguration {
    /// By name (preview).
    #[serde(skip_serializing_if = "Option::is_none")]
    domains: Option<BTreeMap<String, Domain>>,
    trunks: BTreeMap<String, Trunk>,
    routes: Vec<TrunkRoute>,
}

/// A domain of trunks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SipDomain)]
pub(crate) struct Domain {
    /// Whether trunks in it are used; true where a new one does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

/// A session border controller of the tenant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trunk {
    /// The port on which it takes SIP, 1 to 65535; a new trunk must have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    sip_signaling_port: Option<i64>,
    /// Whether it is used (preview).
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// How it is doing (preview, with `expand=trunks/health`).
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    #[schema(read_only)]
    health: Option<TrunkHealth>,
    /// Whether a transfer is handed to it, so that the platform steps out of the call (preview).
    #[serde(skip_serializing_if = "Option::is_none", alias = "stepOutOfSignaling")]
    direct_transfer: Option<bool>,
    /// `id` or `none`, compared without case (preview).
    #[serde(skip_serializing_if = "Option::is_none")]
    privacy_header: Option<String>,
    /// `ipv4` or `ipv6`, compared without case (preview).
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address_version: Option<String>,
}

/// How a trunk is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrunkHealth {
    tls: HealthStatus,
    ping: HealthStatus,
    overall: OverallHealth,
}

/// How one side of a trunk is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthStatus {
    /// TLS: `unknown`, `ok`, `certExpiring`, `certExpired`; ping: `unknown`, `ok`, `expired`, `error`.
    status: String,
}

/// How a trunk is doing on the whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverallHealth {
    /// `unknown`, `active` or `inactive`.
    status: &'static str,
    /// Why it is inactive: `noRecentCalls`, `noRecentPings` or `noRecentCallsAndPings`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<HealthView> for TrunkHealth {
    fn from(health: HealthView) -> Self {
        Self {
            tls: HealthStatus { status: word(&health.tls.status) },
            ping: HealthStatus { status: word(&health.ping.status) },
            overall: OverallHealth {
                status: health.overall.status,
                reason: health.overall.reason.as_ref().map(word),
            },
        }
    }
}

/// The word of a closed set.
fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or("unknown").to_owned()
}

/// A voice route: numbers that match the pattern go to these trunks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrunkRoute {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Unique in the tenant.
    #[serde(default)]
    name: String,
    /// A regular expression over the number with its `+`.
    #[serde(default)]
    number_pattern: String,
    /// FQDNs.
    #[serde(default)]
    trunks: Vec<String>,
    /// The caller id to show instead of the caller's (preview).
    #[serde(skip_serializing_if = "Option::is_none")]
    caller_id_override: Option<String>,
}

/// A merge-patch: trunks and domains are merged by name, `null` deletes one; routes are replaced as a whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SipConfigurationPatch {
    /// By name; `null` in the place of a domain deletes it (preview).
    #[schema(value_type = Option<BTreeMap<String, Domain>>)]
    domains: Option<BTreeMap<String, Option<Domain>>>,
    /// By FQDN; `null` in the place of a trunk deletes it.
    #[schema(value_type = Option<BTreeMap<String, Trunk>>)]
    trunks: Option<BTreeMap<String, Option<Trunk>>>,
    routes: Option<Vec<TrunkRoute>>,
}

impl TrunkRoute {
    fn shown(route: SipRoute, preview: bool) -> Self {
        Self {
            description: route.description,
            name: route.name,
            number_pattern: route.number_pattern,
            trunks: route.trunks,
            caller_id_override: route.caller_id_override.filter(|_| preview),
        }
    }
}

impl From<TrunkRoute> for SipRoute {
    fn from(route: TrunkRoute) -> Self {
        Self {
            description: route.description,
            name: route.name,
            number_pattern: route.number_pattern,
            trunks: route.trunks,
            caller_id_override: route.caller_id_override,
        }
    }
}

impl Trunk {
    fn shown(trunk: SipTrunk, preview: bool) -> Self {
        let privacy = match trunk.privacy_header {
            PrivacyHeader::Id => "id",
            PrivacyHeader::None => "none",
        };
        let ip = match trunk.ip_address_version {
            IpVersion::Ipv4 => "ipv4",
            IpVersion::Ipv6 => "ipv6",
        };
        Self {
            sip_signaling_port: Some(i64::from(trunk.sip_signaling_port)),
            enabled: preview.then_some(trunk.enabled),
            health: None,
            direct_transfer: preview.then_some(trunk.direct_transfer),
            privacy_header: preview.then(|| privacy.to_owned()),
            ip_address_version: preview.then(|| ip.to_owned()),
        }
    }

    fn patch(self, preview: bool) -> SipTrunkPatch {
        let port = SipTrunkPatch { sip_signaling_port: self.sip_signaling_port, ..SipTrunkPatch::default() };
        if !preview {
            return port;
        }
        SipTrunkPatch {
            enabled: self.enabled,
            direct_transfer: self.direct_transfer,
            privacy_header: self.privacy_header,
            ip_address_version: self.ip_address_version,
            ..port
        }
    }
}

impl SipConfiguration {
    fn shown(now: trunks::SipConfiguration, preview: bool) -> Self {
        let domains = now.domains.into_iter();
        let domains = domains.map(|(name, domain)| (name, Domain { enabled: Some(domain.enabled) }));
        let trunks = now.trunks.into_iter();
        Self {
            domains: preview.then(|| domains.collect()),
            trunks: trunks.map(|(fqdn, trunk)| (fqdn, Trunk::shown(trunk, preview))).collect(),
            routes: now.routes.into_iter().map(|route| TrunkRoute::shown(route, preview)).collect(),
        }
    }
}

impl SipConfigurationPatch {
    fn patch(self, preview: bool) -> SipPatch {
        let domain = |domain: Domain| SipDomainPatch { enabled: domain.enabled };
        let domains = self.domains.filter(|_| preview);
        SipPatch {
            domains: domains
                .map(|all| all.into_iter().map(|(name, value)| (name, value.map(domain))).collect()),
            trunks: self.trunks.map(|all| {
                all.into_iter().map(|(fqdn, value)| (fqdn, value.map(|trunk| trunk.patch(preview)))).collect()
            }),
            routes: self.routes.map(|all| all.into_iter().map(Into::into).collect()),
            preview,
        }
    }
}

/// Trunks and voice routes of the tenant.
#[utoipa::path(tag = "trunks", params(VersionParams, Expand),
    responses((status = 200, body = SipConfiguration)))]
#[get("/sip")]
pub(crate) async fn get_sip_configuration(
    app: Data<app::App>,
    caller: Caller,
    version: ApiVersion,
    expand: Params<Expand>,
) -> ApiResult {
    let now = trunks::sip_get(&app, &caller).await?;
    let expand = expand.0.expand.unwrap_or_default();
    let health = expand.split(',').any(|part| part.trim().eq_ignore_ascii_case("trunks/health"));
    let preview = version.has_sip_preview();
    let mut shown = SipConfiguration::shown(now, preview);
    if preview && health {
        for view in trunks::list(&app, &caller).await? {
            if let Some(trunk) = shown.trunks.get_mut(&view.trunk.fqdn) {
                trunk.health = Some(view.health.into());
            }
        }
    }
    Ok(HttpResponse::Ok().json(shown))
}

/// Changes trunks and voice routes, all or nothing.
#[utoipa::path(tag = "trunks", params(VersionParams),
    request_body(content = SipConfigurationPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = SipConfiguration)))]
#[patch("/sip")]
pub(crate) async fn update_sip_configuration(
    app: Data<app::App>,
    caller: Caller,
    version: ApiVersion,
    body: Body<SipConfigurationPatch>,
) -> ApiResult {
    let preview = version.has_sip_preview();
    let now = trunks::sip_patch(&app, &caller, body.0.patch(preview)).await?;
    Ok(HttpResponse::Ok().json(SipConfiguration::shown(now, preview)))
}

/// Which number to try.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Target {
    /// In full; its `+` is written `%2B`.
    #[param(example = "%2B12065550100")]
    target_phone_number: String,
}

/// The routes that match, in the order in which they are tried.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoutesForNumber {
    matching_routes: Vec<TrunkRoute>,
}

/// Says which routes of a configuration match a number; what the configuration leaves out is as the tenant has it.
/// Nothing is changed.
#[utoipa::path(tag = "trunks", params(VersionParams, Target), request_body = SipConfigurationPatch,
    responses((status = 200, body = RoutesForNumber)))]
#[post("/sip:testRoutesWithNumber")]
pub(crate) async fn test_routes_with_number(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    target: Params<Target>,
    body: Body<SipConfigurationPatch>,
) -> ApiResult {
    let there = |all: BTreeMap<String, Option<Trunk>>| {
        all.into_iter().filter_map(|(fqdn, trunk)| trunk.map(|_| fqdn)).collect()
    };
    let probe = SipProbe {
        trunks: body.0.trunks.map(there),
        routes: body.0.routes.map(|all| all.into_iter().map(Into::into).collect()),
    };
    let found = trunks::sip_test_routes(&app, &caller, &target.0.target_phone_number, probe).await?;
    let matching_routes = found.into_iter().map(|route| TrunkRoute::shown(route, true)).collect();
    Ok(HttpResponse::Ok().json(RoutesForNumber { matching_routes }))
}
