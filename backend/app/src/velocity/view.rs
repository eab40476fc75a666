//! What a tenant spends, how fast it may, and what is stopped.

use crate::{App, Error, Page, PageRequest};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    money::{Currency, Money},
    velocity::{Limits, Span, Subject},
};
use serde::Serialize;
use store::velocity::Stop as Row;
use uuid::Uuid;

/// Destinations and callers that are shown.
const SHOWN_MAX: usize = 20;

/// Calls that are or were stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StopView {
    /// Its identifier.
    pub id: Uuid,
    /// Of which tenant.
    pub tenant: TenantId,
    /// Which calls.
    pub of: Subject,
    /// Over which time the limit went.
    pub span: Span,
    /// What was spent in it.
    pub spent: Money,
    /// What may be.
    pub limit: Money,
    /// Whether calls that were up were ended too.
    pub ends_calls: bool,
    /// Whether the operator alone lifts it.
    pub by_operator: bool,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; `None` is until it is lifted.
    pub until: Option<DateTime<Utc>>,
    /// When it was lifted.
    pub lifted_at: Option<DateTime<Utc>>,
    /// By whom.
    pub lifted_by: Option<String>,
    /// Whether it refuses calls at this moment.
    pub in_force: bool,
}

impl StopView {
    pub(super) fn of(row: &Row, now: DateTime<Utc>) -> Result<Self, Error> {
        let unreadable = || Error::internal(store::Error::Unreadable("velocity_stops".to_owned()));
        let currency: Currency = row.currency.parse().map_err(|_| unreadable())?;
        Ok(Self {
            id: row.id,
            tenant: TenantId(row.tenant_id),
            of: Subject::read(&row.kind, &row.value).ok_or_else(unreadable)?,
            span: Span::from_word(&row.span).ok_or_else(unreadable)?,
            spent: Money::new(row.spent_micros, currency),
            limit: Money::new(row.limit_micros, currency),
            ends_calls: row.ends_calls,
            by_operator: row.by_operator,
            since: row.since,
            until: row.until,
            lifted_at: row.lifted_at,
            lifted_by: row.lifted_by.clone(),
            in_force: row.lifted_at.is_none() && row.until.is_none_or(|until| now < until),
        })
    }
}

/// What was spent on something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FigureView {
    /// On what.
    pub of: Subject,
    /// In the last hour.
    pub hour: Money,
    /// In the last day.
    pub day: Money,
}

/// How fast a tenant spends, and may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendingView {
    /// The currency of all of it.
    pub currency: Currency,
    /// How fast it may.
    pub limits: Limits,
    /// How fast it does on this node: itself first, then where it spends most. Empty where nothing is limited: then nothing is
    /// counted.
    pub figures: Vec<FigureView>,
    /// What is stopped now.
    pub stops: Vec<StopView>,
    /// The countries that it has called, with when it did first.
    pub countries: Vec<(String, DateTime<Utc>)>,
}

/// How fast the actor's tenant spends, and may.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] for who has no tenant.
pub async fn spending(app: &App, actor: &Actor) -> Result<SpendingView, Error> {
    let scope = actor.scope(Permission::ReadMoney)?;
    let tenant = scope.tenant().ok_or_else(no_tenant)?;
    of(app, &scope, tenant).await
}

/// How fast a tenant spends, and may, for the operator.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn spending_of(app: &App, actor: &Actor, tenant: TenantId) -> Result<SpendingView, Error> {
    of(app, &actor.scope(Permission::Operate)?, tenant).await
}

async fn of(app: &App, scope: &Scope, tenant: TenantId) -> Result<SpendingView, Error> {
    let (live, now) = (app.live(), app.now());
    let piece = live.tenant(tenant).map(|tenant| &tenant.piece.piece.value).ok_or_else(no_tenant)?;
    let currency = live.config.plan(piece.plan).map_or(Currency::USD, |plan| plan.currency);
    let money = |micros| Money::new(micros, currency);
    let figures = app.velocity().meters().read(tenant, now.timestamp(), SHOWN_MAX);
    let figures = figures.into_iter().map(|figure| FigureView {
        of: figure.of,
        hour: money(figure.hour_micros),
        day: money(figure.day_micros),
    });
    let rows = store::velocity::open_stops(app.db().read(), scope, now).await?;
    let stops = rows.iter().filter(|row| row.tenant_id == tenant.0).map(|row| StopView::of(row, now));
    let reached = store::velocity::reached(app.db().read(), scope).await?;
    let countries = reached.into_iter().filter(|(of, ..)| *of == tenant);
    Ok(SpendingView {
        currency,
        limits: piece.protection.velocity,
        figures: figures.collect(),
        stops: stops.collect::<Result<_, _>>()?,
        countries: countries.map(|(_, country, at)| (country, at)).collect(),
    })
}

/// Stops of the actor's tenant, or of all tenants for an operator, newest first: those that are over too.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn stops(
    app: &App,
    actor: &Actor,
    tenant: Option<TenantId>,
    page: &PageRequest,
) -> Result<Page<StopView>, Error> {
    let scope = actor.scope(Permission::ReadMoney).or_else(|_| actor.scope(Permission::Operate))?;
    let rows = store::velocity::stops(app.db().read(), &scope, tenant, page.key()?, page.limit()).await?;
    let views: Vec<StopView> =
        rows.iter().map(|row| StopView::of(row, app.now())).collect::<Result<_, _>>()?;
    Ok(page.cut(views, |stop: &StopView| stop.id.to_string()))
}

/// The stops of all tenants that are in force. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn open(app: &App, actor: &Actor) -> Result<Vec<StopView>, Error> {
    let (scope, now) = (actor.scope(Permission::Operate)?, app.now());
    let rows = store::velocity::open_stops(app.db().read(), &scope, now).await?;
    rows.iter().map(|row| StopView::of(row, now)).collect()
}

fn no_tenant() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}
