//! Trunks and voice routes in one document, changed by merge-patch.

use super::{ApiVersion, VersionParams};
use crate::{auth::Caller, error::ApiResult, extract::Body};
use actix_web::{HttpResponse, get, patch, web::Data};
use app::trunks::{self, SipPatch, SipRoute, SipTrunk};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_sip_configuration).service(update_sip_configuration);
}

/// All trunks, by FQDN, and all voice routes, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SipConfiguration {
    trunks: BTreeMap<String, Trunk>,
    routes: Vec<TrunkRoute>,
}

/// A session border controller of the tenant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trunk {
    /// The port on which it takes SIP, 1 to 65535.
    sip_signaling_port: i64,
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
    /// FQDNs, tried in random order.
    #[serde(default)]
    trunks: Vec<String>,
}

/// A merge-patch: trunks are merged by FQDN, `null` deletes one; routes are replaced as a whole.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SipConfigurationPatch {
    /// By FQDN; `null` in the place of a trunk deletes it.
    #[schema(value_type = Option<BTreeMap<String, Trunk>>)]
    trunks: Option<BTreeMap<String, Option<Trunk>>>,
    routes: Option<Vec<TrunkRoute>>,
}

impl From<trunks::SipConfiguration> for SipConfiguration {
    fn from(now: trunks::SipConfiguration) -> Self {
        let trunk = |trunk: SipTrunk| Trunk { sip_signaling_port: trunk.sip_signaling_port };
        let route = |route: SipRoute| TrunkRoute {
            description: route.description,
            name: route.name,
            number_pattern: route.number_pattern,
            trunks: route.trunks,
        };
        Self {
            trunks: now.trunks.into_iter().map(|(fqdn, value)| (fqdn, trunk(value))).collect(),
            routes: now.routes.into_iter().map(route).collect(),
        }
    }
}

impl From<SipConfigurationPatch> for SipPatch {
    fn from(wanted: SipConfigurationPatch) -> Self {
        let trunk = |trunk: Trunk| SipTrunk { sip_signaling_port: trunk.sip_signaling_port };
        let route = |route: TrunkRoute| SipRoute {
            description: route.description,
            name: route.name,
            number_pattern: route.number_pattern,
            trunks: route.trunks,
        };
        Self {
            trunks: wanted
                .trunks
                .map(|all| all.into_iter().map(|(fqdn, value)| (fqdn, value.map(trunk))).collect()),
            routes: wanted.routes.map(|all| all.into_iter().map(route).collect()),
        }
    }
}

/// Trunks and voice routes of the tenant.
#[utoipa::path(tag = "trunks", params(VersionParams), responses((status = 200, body = SipConfiguration)))]
#[get("/sip")]
pub(crate) async fn get_sip_configuration(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
) -> ApiResult {
    let now = trunks::sip_get(&app, &caller).await?;
    Ok(HttpResponse::Ok().json(SipConfiguration::from(now)))
}

/// Changes trunks and voice routes, all or nothing.
#[utoipa::path(tag = "trunks", params(VersionParams),
    request_body(content = SipConfigurationPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = SipConfiguration)))]
#[patch("/sip")]
pub(crate) async fn update_sip_configuration(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    body: Body<SipConfigurationPatch>,
) -> ApiResult {
    let now = trunks::sip_patch(&app, &caller, body.0.into()).await?;
    Ok(HttpResponse::Ok().json(SipConfiguration::from(now)))
}
