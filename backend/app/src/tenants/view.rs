//! How tenants look from outside.

use super::{AccessKeys, PlanRef, SignedUp, TenantRef, TenantStatus, TenantView};
use crate::{App, Error, snapshot::load};
use domain::{
    access::Scope,
    config::Limits,
    ids::{PlanId, TenantId},
    money::{Currency, Money},
};
use store::tenants::Tenant;

/// A tenant's endpoint: always https, since the SDKs want it so. On loopback it is the bare host, because not every
/// resolver knows `<slug>.localhost`.
pub(crate) fn endpoint(app: &App, slug: &str) -> String {
    let settings = app.settings();
    let port = settings.public_port.map_or_else(String::new, |port| format!(":{port}"));
    let host = &settings.public_host;
    if settings.loopback { format!("https://{host}{port}/") } else { format!("https://{slug}.{host}{port}/") }
}

pub(super) fn signed_up(app: &App, tenant: TenantRef, access_keys: AccessKeys) -> SignedUp {
    let endpoint = endpoint(app, &tenant.slug);
    let connection_string = format!("endpoint={endpoint};accesskey={}", access_keys.primary);
    SignedUp { tenant, endpoint, connection_string, access_keys }
}

/// A tenant with its balance.
pub(super) async fn tenant(app: &App, scope: &Scope, row: Tenant) -> Result<TenantView, Error> {
    let id = TenantId(row.id);
    let account = store::ledger::account(app.db().read(), scope, id).await?;
    let plan = plan(app, PlanId(row.plan_id));
    let (balance, available, currency) = account.map_or((0, 0, plan.currency), |account| {
        (account.balance_micros, account.available_micros(), account.currency)
    });
    let positive = |number: i32| u32::try_from(number).unwrap_or(0);
    Ok(TenantView {
        id,
        endpoint: endpoint(app, &row.slug),
        sip_domain: app.sip_domain(&row.slug),
        slug: row.slug,
        name: row.name,
        status: load::word::<TenantStatus>("tenants.status", &row.status)?,
        limits: Limits {
            calls_per_second: positive(row.calls_per_second),
            max_calls: positive(row.max_calls),
        },
        plan,
        balance: Money::new(balance, currency),
        available: Money::new(available, currency),
        created_at: row.created_at,
    })
}

fn plan(app: &App, id: PlanId) -> PlanRef {
    match app.live().config.plan(id) {
        Some(plan) => {
            PlanRef { id, name: plan.name.clone(), version: plan.version.clone(), currency: plan.currency }
        }
        None => PlanRef { id, name: "none".to_owned(), version: "0".to_owned(), currency: Currency::USD },
    }
}
