//! The landing page: what this is, and what it costs.

use crate::portal::{
    page::{Place, Shell},
    visit::{PageResult, Visit},
    words,
};
use actix_web::{get, web::Data};
use app::{App, SignupMode};
use askama::Template;
use domain::{money::Money, numbering::NumberType, rating::PricePlan};

#[derive(Template)]
#[template(path = "site/landing.html")]
struct LandingPage {
    shell: Shell,
    signup_open: bool,
    sandbox: bool,
    prices: Vec<Price>,
    exact: bool,
}

/// A line of the price list.
struct Price {
    what: String,
    amount: String,
    per: &'static str,
}

#[get("/")]
pub(super) async fn show(app: Data<App>, visit: Visit) -> PageResult {
    let live = app.live();
    let plan = app::plans::starting(&live.config);
    visit.page(&LandingPage {
        shell: visit.quiet_shell(Place::Outside),
        signup_open: app.settings().signup == SignupMode::Open,
        sandbox: app.sandbox_on(),
        prices: plan.map(prices).unwrap_or_default(),
        exact: plan.is_some_and(|plan| plan.increment_ms <= 1),
    })
}

/// The price list of a plan: numbers by the month, calls by the minute.
fn prices(plan: &PricePlan) -> Vec<Price> {
    let money = |micros| Money::new(micros, plan.currency);
    let line = |what, micros| Price { what, amount: words::rate(money(micros)), per: "minute" };
    let monthly = plan.monthly.iter().map(|(kind, micros)| Price {
        what: number(*kind),
        amount: words::money(money(*micros)),
        per: "month",
    });
    let outbound = plan.outbound.iter().map(|rate| {
        let to =
            if rate.prefix.is_empty() { "anywhere else".to_owned() } else { format!("to +{}", rate.prefix) };
        line(format!("Call {to}"), rate.per_minute_micros)
    });
    let inbound = plan
        .inbound
        .iter()
        .map(|(kind, micros)| line(format!("Call to your {} number", words::number_type(*kind)), *micros));
    let legs = [
        line("Leg of an app or phone".to_owned(), plan.app_leg_micros),
        line("Leg of a trunk".to_owned(), plan.trunk_leg_micros),
    ];
    monthly.chain(outbound).chain(inbound).chain(legs).collect()
}

fn number(kind: NumberType) -> String {
    let kind = words::number_type(kind);
    format!("{}{} number", kind[..1].to_uppercase(), &kind[1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ids::PlanId, rating::sandbox_plan};

    #[test]
    fn the_price_list_says_what_the_plan_says() {
        let plan = sandbox_plan(PlanId(uuid::Uuid::nil()));
        let lines: Vec<_> = prices(&plan)
            .into_iter()
            .map(|price| format!("{}: {} a {}", price.what, price.amount, price.per))
            .collect();
        assert!(lines.contains(&"Toll-free number: 2.00 USD a month".to_owned()), "{lines:?}");
        assert!(lines.contains(&"Call to +1: 0.0130 USD a minute".to_owned()), "{lines:?}");
        assert!(lines.contains(&"Leg of a trunk: 0.0040 USD a minute".to_owned()), "{lines:?}");
    }
}
