//! Trunks: what `/sip` cannot say about them.

use super::{Listing, health::Health, ok};
use crate::{
    api::schema::{Limits, LimitsPatch},
    auth::Caller,
    error::ApiResult,
    extract::Body,
};
use actix_web::{
    get, patch,
    web::{Data, Path},
};
use app::trunks::{self, Authentication, MediaPatch, TrunkPatch, TrunkView};
use domain::config::{Place, Srtp, Transport};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_trunks).service(get_trunk).service(update_trunk);
}

/// A session border controller of the tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrunkDetails)]
pub(crate) struct Trunk {
    fqdn: String,
    sip_signaling_port: u16,
    enabled: bool,
    /// `tls`, `tcp` or `udp`.
    #[schema(value_type = String)]
    transport: Transport,
    /// Where the SBC is, instead of DNS, and from where it may call: addresses, with or without a port.
    #[schema(value_type = Vec<String>)]
    addresses: Vec<Place>,
    /// `certificate` or `address`: follows from transport and addresses.
    authentication: &'static str,
    media: Media,
    limits: Limits,
    /// How it is doing; `/health` below it says how it has been.
    health: Health,
    /// Why calls to it are refused as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// What a trunk's media is like.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrunkMedia)]
pub(crate) struct Media {
    /// `required`, `optional` or `off`.
    #[schema(value_type = String)]
    srtp: Srtp,
    /// In order; empty is any.
    codecs: Vec<String>,
}

impl From<TrunkView> for Trunk {
    fn from(trunk: TrunkView) -> Self {
        Self {
            fqdn: trunk.fqdn,
            sip_signaling_port: trunk.sip_signaling_port,
            enabled: trunk.enabled,
            transport: trunk.transport,
            addresses: trunk.addresses,
            authentication: match trunk.authentication {
                Authentication::Certificate => "certificate",
                Authentication::Address => "address",
            },
            media: Media { srtp: trunk.media.srtp, codecs: trunk.media.codecs },
            limits: trunk.limits.into(),
            health: trunk.health.into(),
            problem: trunk.problem,
        }
    }
}

/// What changes about a trunk; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrunkChange {
    /// 1 to 65535.
    sip_signaling_port: Option<i64>,
    enabled: Option<bool>,
    /// `tls`, `tcp` or `udp`.
    #[schema(value_type = Option<String>)]
    transport: Option<Transport>,
    /// All addresses.
    #[schema(value_type = Option<Vec<String>>)]
    addresses: Option<Vec<Place>>,
    media: Option<MediaChange>,
    limits: Option<LimitsPatch>,
}

/// What changes about a trunk's media; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TrunkMediaChange)]
pub(crate) struct MediaChange {
    /// `required`, `optional` or `off`.
    #[schema(value_type = Option<String>)]
    srtp: Option<Srtp>,
    /// All codecs.
    codecs: Option<Vec<String>>,
}

impl From<TrunkChange> for TrunkPatch {
    fn from(change: TrunkChange) -> Self {
        Self {
            sip_signaling_port: change.sip_signaling_port,
            enabled: change.enabled,
            transport: change.transport,
            addresses: change.addresses,
            media: change.media.map(|media| MediaPatch { srtp: media.srtp, codecs: media.codecs }),
            limits: change.limits.map(Into::into),
        }
    }
}

/// The tenant's trunks, by name.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Listing<Trunk>)))]
#[get("/api/v1/trunks")]
pub(crate) async fn list_trunks(app: Data<app::App>, caller: Caller) -> ApiResult {
    let all = trunks::list(&app, &caller).await?;
    ok(&Listing::<Trunk>::whole(all.into_iter().map(Into::into).collect()))
}

/// One trunk.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Trunk)))]
#[get("/api/v1/trunks/{fqdn}")]
pub(crate) async fn get_trunk(app: Data<app::App>, caller: Caller, fqdn: Path<String>) -> ApiResult {
    ok(&Trunk::from(trunks::get(&app, &caller, &fqdn).await?))
}

/// Changes a trunk.
#[utoipa::path(tag = "trunks",
    request_body(content = TrunkChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Trunk)))]
#[patch("/api/v1/trunks/{fqdn}")]
pub(crate) async fn update_trunk(
    app: Data<app::App>,
    caller: Caller,
    fqdn: Path<String>,
    body: Body<TrunkChange>,
) -> ApiResult {
    ok(&Trunk::from(trunks::patch(&app, &caller, &fqdn, body.0.into()).await?))
}
