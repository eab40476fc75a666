//! Bans: addresses that the SIP edge does not hear for a while.

use super::{Listing, Operator, ok};
use crate::error::{ApiError, ApiResult};
use actix_web::{
    HttpResponse, delete, get,
    web::{Data, Path},
};
use app::bans::{self, BanView};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_bans).service(lift_all_bans).service(lift_ban);
}

/// An address that is not heard at this moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ban {
    /// The address; of IPv6 the first of its /64, which is banned whole.
    address: String,
    /// What tipped the scale: `scanner`, `wrong-credentials`, `stranger`, `enumeration`, `unproven` or `malformed`.
    reason: String,
    /// Since when.
    since: DateTime<Utc>,
    /// Until when, if nothing more is done. Each ban of an address lasts twice as long as the one before, up to an hour.
    until: DateTime<Utc>,
    /// Which ban of this address it is, as far as is remembered.
    times: u32,
    /// Whether connections are refused too, and not datagrams alone, whose source could be forged.
    covers_connections: bool,
}

impl From<BanView> for Ban {
    fn from(ban: BanView) -> Self {
        Self {
            address: ban.address.to_string(),
            reason: ban.reason.to_owned(),
            since: ban.since,
            until: ban.until,
            times: ban.times,
            covers_connections: ban.covers_connections,
        }
    }
}

/// Addresses that the SIP edge of this node does not hear, the newest ban first.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<Ban>)))]
#[get("/api/v1/operator/bans")]
pub(crate) async fn list_bans(app: Data<app::App>, operator: Operator) -> ApiResult {
    let bans = bans::list(&app, &operator)?;
    ok(&Listing::whole(bans.into_iter().map(Ban::from).collect()))
}

/// Lifts all bans, and forgets all offences.
#[utoipa::path(tag = "operator", responses((status = 204, description = "Nobody is banned")))]
#[delete("/api/v1/operator/bans")]
pub(crate) async fn lift_all_bans(app: Data<app::App>, operator: Operator) -> ApiResult {
    bans::lift_all(&app, &operator).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lifts the ban of an address, and forgets what it did.
#[utoipa::path(tag = "operator", responses((status = 204, description = "It is heard again")))]
#[delete("/api/v1/operator/bans/{address}")]
pub(crate) async fn lift_ban(app: Data<app::App>, operator: Operator, address: Path<String>) -> ApiResult {
    let address: IpAddr = address.parse().map_err(|_| {
        ApiError::invalid("address", "address: give an IPv4 or IPv6 address, as the list says it")
    })?;
    bans::lift(&app, &operator, address).await?;
    Ok(HttpResponse::NoContent().finish())
}
