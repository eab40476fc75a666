//! Trunks: what `/sip` cannot say about them.

use super::{
    Listing,
    health::Health,
    ok,
    signaling::{CredentialsBody, Signaling, renamed},
};
use crate::{
    api::schema::{Amount, Limits},
    auth::Caller,
    error::ApiResult,
    extract::Patch,
};
use actix_web::{
    get, patch,
    web::{Data, Path},
};
use app::{
    Password,
    trunks::{self, TrunkView},
};
use domain::{
    config::{self, Place, Srtp, Transport},
    money::{Currency, Money},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_trunks).service(get_trunk).service(update_trunk);
}

/// By what a trunk is recognised.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrunkAuthentication)]
pub(crate) enum Authentication {
    /// By a certificate that names it.
    Certificate,
    /// By the addresses that it calls from.
    Address,
    /// By digest, with the password of `sipUser`.
    Digest,
    /// By its registration as `sipUser`; calls to it follow the registration.
    Registration,
}

/// What a trunk was told.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrunkSettings {
    /// 1 to 65535.
    sip_signaling_port: u16,
    enabled: bool,
    /// For people.
    description: Option<String>,
    /// `tls`, `tcp` or `udp`.
    #[schema(value_type = String)]
    transport: Transport,
    /// Where the SBC is, instead of DNS, and from where it may call: addresses, with or without a port.
    #[schema(value_type = Vec<String>)]
    addresses: Vec<Place>,
    /// By what it is recognised; follows from the transport where it is null: `certificate` for TLS, else `address`.
    authentication: Option<Authentication>,
    /// The SIP user of `digest` and `registration`.
    sip_user: Option<String>,
    media: Media,
    limits: Limits,
    #[serde(default)]
    signaling: Signaling,
    /// With what its digest challenges are answered.
    credentials: Option<CredentialsBody>,
    /// The most that one call from it may cost, in the currency of the account.
    #[schema(value_type = Option<Amount>)]
    max_call_cost: Option<Money>,
}

/// What a trunk's media is like.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TrunkMedia)]
pub(crate) struct Media {
    /// `required`: RTP/SAVP with keys in the description (SDES), anything else is refused; `optional`: encrypted where the SBC can,
    /// keys are offered where signalling is over TLS; `off`: plain RTP.
    #[schema(value_type = String)]
    srtp: Srtp,
    /// In order; empty is any.
    #[serde(default)]
    codecs: Vec<String>,
}

/// A session border controller of the tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrunkDetails)]
pub(crate) struct Trunk {
    fqdn: String,
    #[serde(flatten)]
    settings: TrunkSettings,
    /// Whether the password of its credentials is kept.
    password_kept: bool,
    /// How it is doing; `/health` below it says how it has been.
    health: Health,
    /// Why calls to it are refused as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Trunk {
    fn of(view: TrunkView, currency: Currency) -> Self {
        let (authentication, sip_user) = shown(view.trunk.authentication());
        let settings = TrunkSettings::of(&view.trunk, currency);
        Self {
            settings: TrunkSettings { authentication: Some(authentication), sip_user, ..settings },
            password_kept: view.has_password,
            health: view.health.into(),
            problem: view.problem,
            fqdn: view.trunk.fqdn,
        }
    }
}

fn shown(by: config::Authentication) -> (Authentication, Option<String>) {
    match by {
        config::Authentication::Certificate => (Authentication::Certificate, None),
        config::Authentication::Address => (Authentication::Address, None),
        config::Authentication::Digest { username } => (Authentication::Digest, Some(username)),
        config::Authentication::Registration { username } => (Authentication::Registration, Some(username)),
    }
}

impl TrunkSettings {
    fn of(trunk: &config::Trunk, currency: Currency) -> Self {
        let set = trunk.authentication.clone().map(shown);
        Self {
            sip_signaling_port: trunk.port,
            enabled: trunk.enabled,
            description: trunk.description.clone(),
            transport: trunk.transport,
            addresses: trunk.addresses.clone(),
            authentication: set.as_ref().map(|(by, _)| *by),
            sip_user: set.and_then(|(_, user)| user),
            media: Media { srtp: trunk.srtp, codecs: trunk.codecs.clone() },
            limits: trunk.limits.into(),
            signaling: Signaling::from(&trunk.policy),
            credentials: trunk.policy.credentials.as_ref().map(Into::into),
            max_call_cost: trunk.max_call_micros.map(|micros| Money::new(micros, currency)),
        }
    }

    fn into_trunk(
        self,
        now: config::Trunk,
        currency: Currency,
    ) -> Result<(config::Trunk, Password), app::Error> {
        if let Some(cost) = self.max_call_cost.filter(|cost| cost.currency != currency) {
            let message = format!(
                "the account is in {currency}, not in {}: give the cost in {currency}",
                cost.currency
            );
            return Err(app::Error::invalid("maxCallCost", message));
        }
        let authentication = self.authentication()?;
        let (policy, password) = self.signaling.policy(self.credentials, now.policy);
        let trunk = config::Trunk {
            port: self.sip_signaling_port,
            enabled: self.enabled,
            description: self.description,
            transport: self.transport,
            addresses: self.addresses,
            authentication,
            srtp: self.media.srtp,
            codecs: self.media.codecs,
            limits: self.limits.into(),
            max_call_micros: self.max_call_cost.map(|cost| cost.micros),
            policy,
            ..now
        };
        Ok((trunk, password))
    }

    fn authentication(&self) -> Result<Option<config::Authentication>, app::Error> {
        let user = || {
            self.sip_user.clone().map(|name| name.to_ascii_lowercase()).ok_or_else(|| {
                app::Error::invalid("sipUser", "name the SIP user by whose password the trunk is recognised")
            })
        };
        Ok(match self.authentication {
            None => None,
            Some(Authentication::Certificate) => Some(config::Authentication::Certificate),
            Some(Authentication::Address) => Some(config::Authentication::Address),
            Some(Authentication::Digest) => Some(config::Authentication::Digest { username: user()? }),
            Some(Authentication::Registration) => {
                Some(config::Authentication::Registration { username: user()? })
            }
        })
    }
}

/// The tenant's trunks, by name.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Listing<Trunk>)))]
#[get("/api/v1/trunks")]
pub(crate) async fn list_trunks(app: Data<app::App>, caller: Caller) -> ApiResult {
    let currency = app::money::currency(&app, &caller)?;
    let all = trunks::list(&app, &caller).await?;
    ok(&Listing::<Trunk>::whole(all.into_iter().map(|view| Trunk::of(view, currency)).collect()))
}

/// One trunk.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Trunk)))]
#[get("/api/v1/trunks/{fqdn}")]
pub(crate) async fn get_trunk(app: Data<app::App>, caller: Caller, fqdn: Path<String>) -> ApiResult {
    let currency = app::money::currency(&app, &caller)?;
    ok(&Trunk::of(trunks::get(&app, &caller, &fqdn).await?, currency))
}

/// Changes a trunk: what is left out stays, `null` takes away.
#[utoipa::path(tag = "trunks",
    request_body(content = TrunkSettings, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Trunk)))]
#[patch("/api/v1/trunks/{fqdn}")]
pub(crate) async fn update_trunk(
    app: Data<app::App>,
    caller: Caller,
    fqdn: Path<String>,
    change: Patch<TrunkSettings>,
) -> ApiResult {
    let currency = app::money::currency(&app, &caller)?;
    let edit =
        |now: config::Trunk| change.apply(&TrunkSettings::of(&now, currency))?.into_trunk(now, currency);
    let trunk = trunks::change(&app, &caller, &fqdn, edit).await.map_err(renamed)?;
    ok(&Trunk::of(trunk, currency))
}
