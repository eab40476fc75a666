//! A peer's health as doors show it: the words of the protocol's `health`, and ours beside them.

use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    health::{Health, PingStatus, Reason, TlsStatus, Watch},
    ids::CarrierId,
};
use serde::Serialize;
use uuid::Uuid;

/// How a trunk or carrier is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthView {
    /// `unknown`, `online`, `warning` or `offline`.
    pub status: Health,
    /// Why.
    pub reason: Reason,
    /// Why, as a sentence with its remedy.
    pub explanation: &'static str,
    /// Since when; `None` where nothing was ever known.
    pub since: Option<DateTime<Utc>>,
    /// The OPTIONS between us.
    pub ping: PingView,
    /// Its certificate.
    pub tls: TlsView,
    /// The protocol's own summary.
    pub overall: Overall,
}

/// How the OPTIONS are going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PingView {
    /// `unknown`, `ok`, `expired` or `error`.
    pub status: PingStatus,
    /// When it last answered ours.
    pub answered_at: Option<DateTime<Utc>>,
    /// With which SIP status.
    pub answer: Option<u16>,
    /// When something of its own last arrived.
    pub heard_at: Option<DateTime<Utc>>,
    /// Answers in a row that it missed.
    pub missed: u32,
}

/// How the certificate is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsView {
    /// `unknown`, `ok`, `certExpiring` or `certExpired`.
    pub status: TlsStatus,
    /// When it ends, where one was seen.
    pub expires_on: Option<DateTime<Utc>>,
}

/// The protocol's own summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overall {
    /// `unknown`, `active` or `inactive`.
    pub status: &'static str,
    /// Why it is inactive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<OverallReason>,
}

/// Why a peer is inactive, in the protocol's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OverallReason {
    /// No OPTIONS for too long.
    NoRecentPings,
}

/// The health of a trunk or carrier at this moment.
pub(crate) fn view(app: &App, id: Uuid) -> HealthView {
    let Some(watch) = app.health().watch(id) else { return nothing() };
    of(&watch, app.now())
}

fn of(watch: &Watch, now: DateTime<Utc>) -> HealthView {
    let state = watch.state();
    HealthView {
        status: state.health,
        reason: state.reason,
        explanation: state.reason.explain(),
        since: (state.health != Health::Unknown).then_some(state.since),
        ping: PingView {
            status: watch.ping(),
            answered_at: watch.answered().map(|(at, _)| at),
            answer: watch.answered().map(|(_, status)| status),
            heard_at: watch.heard(),
            missed: watch.missed(),
        },
        tls: TlsView { status: watch.tls(now), expires_on: watch.certificate() },
        overall: match state.health {
            Health::Unknown => Overall { status: "unknown", reason: None },
            Health::Online | Health::Warning => Overall { status: "active", reason: None },
            Health::Offline => Overall { status: "inactive", reason: Some(OverallReason::NoRecentPings) },
        },
    }
}

/// A peer that is not watched: switched off, or new in this second.
const fn nothing() -> HealthView {
    HealthView {
        status: Health::Unknown,
        reason: Reason::NeverHeard,
        explanation: Reason::NeverHeard.explain(),
        since: None,
        ping: PingView {
            status: PingStatus::Unknown,
            answered_at: None,
            answer: None,
            heard_at: None,
            missed: 0,
        },
        tls: TlsView { status: TlsStatus::Unknown, expires_on: None },
        overall: Overall { status: "unknown", reason: None },
    }
}

/// The health of a trunk of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn trunk(app: &App, actor: &Actor, fqdn: &str) -> Result<HealthView, Error> {
    let id = crate::trunks::id_of(app, actor, fqdn).await?;
    Ok(view(app, id.0))
}

/// The health of a carrier. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub fn carrier(app: &App, actor: &Actor, id: CarrierId) -> Result<HealthView, Error> {
    actor.scope(Permission::Operate)?;
    let live = app.live();
    live.config.carrier(id).ok_or_else(|| Error::not_found("id", "there is no such carrier"))?;
    Ok(view(app, id.0))
}

/// How many trunks and carriers are unknown, online, warning and offline, for the metrics.
#[must_use]
pub fn all_in_numbers(app: &App) -> [(Health, u64); 4] {
    let mut counts = [(Health::Unknown, 0), (Health::Online, 0), (Health::Warning, 0), (Health::Offline, 0)];
    for peer in app.health().peers().values() {
        let health = peer.lock().watch.state().health;
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == health) {
            *count += 1;
        }
    }
    counts
}
