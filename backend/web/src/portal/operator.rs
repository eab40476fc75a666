//! The operator's first page: the platform in figures, its money, tenants and carriers.

use super::{
    page::{Place, Shell},
    visit::{Operator, PageResult},
    words::{self, At, Badge},
};
use actix_web::{
    get,
    web::{Data, Query},
};
use app::{
    App, PageRequest,
    carriers::CarrierView,
    money::DriftView,
    tenants::{Overview, TenantStatus, TenantView},
};
use askama::Template;
use serde::Deserialize;

/// Tenants on one page.
const ROWS: u32 = 50;
/// Prefixes of a carrier that are named.
const PREFIXES_SHOWN: usize = 6;

#[derive(Template)]
#[template(path = "operator/index.html")]
struct OperatorPage {
    shell: Shell,
    figures: Vec<Figure>,
    stale: Option<StalePart>,
    drift: DriftPart,
    tenants: Vec<TenantRow>,
    next: Option<String>,
    next_label: &'static str,
    carriers: Vec<CarrierRow>,
}

/// One figure.
struct Figure {
    label: &'static str,
    value: String,
}

/// Configuration that could not be built.
struct StalePart {
    why: String,
    tenants: String,
    at: At,
}

/// Whether the money adds up.
struct DriftPart {
    badge: Badge,
    text: String,
    at: At,
}

/// One tenant.
struct TenantRow {
    id: String,
    name: String,
    slug: String,
    state: Badge,
    plan: String,
    balance: String,
    available: String,
    since: String,
}

/// One carrier.
struct CarrierRow {
    name: String,
    sandbox: bool,
    enabled: bool,
    hosts: String,
    prefixes: String,
    caller_id: &'static str,
}

/// Which part of the tenants.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    after: Option<String>,
}

#[get("/operator")]
pub(super) async fn show(app: Data<App>, operator: Operator, part: Query<Part>) -> PageResult {
    let actor = &operator.actor;
    let overview = app::tenants::overview(&app, actor).await?;
    let drift = app::money::drift(&app, actor).await?;
    let tenants =
        app::tenants::list(&app, actor, &PageRequest { after: part.into_inner().after, size: ROWS }).await?;
    let carriers = app::carriers::list(&app, actor).await?;
    operator.page(&OperatorPage {
        shell: operator.shell(Place::Platform),
        figures: figures(&overview),
        stale: app::snapshot::stale(&app, actor)?.as_ref().map(StalePart::from),
        drift: DriftPart::from(&drift),
        tenants: tenants.value.iter().map(TenantRow::from).collect(),
        next: tenants.next.map(|after| format!("/operator?after={after}")),
        next_label: "More",
        carriers: carriers.iter().map(CarrierRow::from).collect(),
    })
}

fn figures(overview: &Overview) -> Vec<Figure> {
    let figure = |label, number| Figure { label, value: words::count(number) };
    vec![
        figure("Live calls", overview.live_calls),
        figure("Tenants", overview.tenants),
        figure("Numbers sold", overview.numbers),
        figure("Numbers for sale", overview.stock_free),
        figure("Trunks", overview.trunks),
        figure("SIP users", overview.sip_users),
        figure("Messages waiting", overview.outbox_pending),
        Figure { label: "Sandbox", value: if overview.sandbox { "on".into() } else { "off".into() } },
    ]
}

impl From<&app::snapshot::Stale> for StalePart {
    fn from(stale: &app::snapshot::Stale) -> Self {
        Self { why: stale.why.clone(), tenants: stale.tenants.join(", "), at: At::from(stale.since) }
    }
}

impl From<&DriftView> for DriftPart {
    fn from(drift: &DriftView) -> Self {
        let (badge, text) = if drift.figure == 0 {
            let text = "Records, ledger, balances, holds and invoices tell one story.";
            (Badge::new("good", "none"), text.to_owned())
        } else {
            let text = format!(
                "Unbalanced journals: {}. In micro-units, balances differ by {}, held money by {}, call totals by {}, invoices by {}. Holds of ended calls: {}. Missing numbers of invoices: {}.",
                drift.unbalanced_journals,
                drift.balance_micros,
                drift.held_micros,
                drift.calls_micros,
                drift.invoices_micros,
                drift.stray_holds,
                drift.number_gaps,
            );
            (Badge::new("bad", drift.figure.to_string()), text)
        };
        Self { badge, text, at: At::from(drift.at) }
    }
}

impl From<&TenantView> for TenantRow {
    fn from(tenant: &TenantView) -> Self {
        let state = match tenant.status {
            TenantStatus::Active => Badge::new("good", "active"),
            TenantStatus::Unverified => Badge::new("warn", "unverified"),
            TenantStatus::Suspended => Badge::new("bad", "suspended"),
        };
        Self {
            id: tenant.id.to_string(),
            name: tenant.name.clone(),
            slug: tenant.slug.clone(),
            state,
            plan: tenant.plan.name.clone(),
            balance: words::money(tenant.balance),
            available: words::money(tenant.available),
            since: words::day(tenant.created_at),
        }
    }
}

impl From<&CarrierView> for CarrierRow {
    fn from(view: &CarrierView) -> Self {
        let carrier = &view.carrier;
        let host = |host: &domain::config::CarrierHost| {
            format!("{}:{} {}", host.address, host.port, words::transport(host.transport))
        };
        let prefix = |prefix: &domain::config::CarrierPrefix| match prefix.prefix.trim_start_matches('+') {
            "" => "everything".to_owned(),
            digits => format!("+{digits}"),
        };
        let mut prefixes: Vec<_> = carrier.prefixes.iter().take(PREFIXES_SHOWN).map(prefix).collect();
        if let Some(more) = carrier.prefixes.len().checked_sub(PREFIXES_SHOWN).filter(|more| *more > 0) {
            prefixes.push(format!("and {more} more"));
        }
        Self {
            name: carrier.name.clone(),
            sandbox: carrier.sandbox,
            enabled: carrier.enabled,
            hosts: carrier.hosts.iter().map(host).collect::<Vec<_>>().join(", "),
            prefixes: prefixes.join(", "),
            caller_id: words::caller_id(carrier.caller_id),
        }
    }
}
