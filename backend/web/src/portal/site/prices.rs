//! The public price list, as a page and as JSON.

use crate::portal::{
    page::{Place, Shell},
    visit::{PageResult, Visit},
    words,
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::ACCEPT,
    web::{Data, Query},
};
use app::{
    App,
    plans::{self, DestinationPrice, PublicPrices},
};
use askama::Template;
use domain::money::Money;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "site/prices.html")]
struct PricesPage {
    shell: Shell,
    query: String,
    legs: Vec<Row>,
    numbers: Vec<Row>,
    destinations: Vec<Row>,
    is_cut: bool,
    currency: String,
    tax: &'static str,
}

/// One price.
struct Row {
    what: String,
    detail: String,
    price: String,
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    to: String,
}

#[get("/prices")]
pub(super) async fn show(
    app: Data<App>,
    visit: Visit,
    request: HttpRequest,
    wanted: Query<Wanted>,
) -> PageResult {
    let query: String = wanted.into_inner().to.chars().take(100).collect();
    let found = plans::public(&app, &query);
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("application/json") && !accept.contains("text/html") {
        return Ok(HttpResponse::Ok().json(found.as_ref().map_or(Value::Null, as_json)));
    }
    let shell = visit.quiet_shell(Place::Outside);
    visit.page(&page(shell, query, found.as_ref()))
}

fn page(shell: Shell, query: String, found: Option<&PublicPrices>) -> PricesPage {
    let Some(found) = found else {
        let (legs, numbers, destinations) = (Vec::new(), Vec::new(), Vec::new());
        let (currency, tax) = (String::new(), "exclusive");
        return PricesPage { shell, query, legs, numbers, destinations, is_cut: false, currency, tax };
    };
    let plan = &found.plan;
    let rate = |micros| words::rate(Money::new(micros, plan.currency));
    let row = |what: String, detail: &str, price: String| Row { what, detail: detail.to_owned(), price };
    let mut legs = vec![
        row("Leg of an app or phone".to_owned(), "", rate(plan.app_leg_micros)),
        row("Leg of a trunk".to_owned(), "", rate(plan.trunk_leg_micros)),
    ];
    legs.extend(plan.inbound.iter().map(|(kind, micros)| {
        row(format!("Call to your {} number", words::number_type(*kind)), "", rate(*micros))
    }));
    let month = |micros| words::money(Money::new(micros, plan.currency));
    let by_type = plan
        .monthly
        .iter()
        .map(|(kind, micros)| row(format!("A {} number", words::number_type(*kind)), "", month(*micros)));
    let by_country = plan.numbers.iter().map(|price| {
        let what = format!("A {} number", words::number_type(price.number_type));
        row(what, &price.country, month(price.monthly_micros))
    });
    let destination = |found: &DestinationPrice| {
        let detail = [found.country.as_str(), found.kind.as_str()];
        let detail: Vec<&str> = detail.into_iter().filter(|text| !text.is_empty()).collect();
        row(found.name.clone(), &detail.join(", "), rate(found.per_minute_micros))
    };
    PricesPage {
        shell,
        query,
        legs,
        numbers: by_type.chain(by_country).collect(),
        destinations: found.destinations.iter().map(destination).collect(),
        is_cut: found.is_cut,
        currency: plan.currency.to_string(),
        tax: plan.tax.word(),
    }
}

fn as_json(found: &PublicPrices) -> Value {
    let plan = &found.plan;
    let money = |micros| json!({"amountMicros": micros, "currency": plan.currency.to_string()});
    let by_type = |prices: &[(domain::numbering::NumberType, i64)]| -> Value {
        prices.iter().map(|(kind, micros)| (kind.word().to_owned(), money(*micros))).collect()
    };
    let numbers = plan.numbers.iter().map(|price| {
        json!({
            "country": price.country,
            "type": price.number_type.word(),
            "monthly": money(price.monthly_micros),
            "setup": money(price.setup_micros),
        })
    });
    let destinations = found.destinations.iter().map(|found| {
        json!({
            "destination": found.name,
            "type": found.kind,
            "country": found.country,
            "prefix": found.prefix,
            "perMinute": money(found.per_minute_micros),
        })
    });
    json!({
        "plan": plan.name,
        "rateVersion": plan.version,
        "currency": plan.currency.to_string(),
        "tax": plan.tax.word(),
        "incrementMs": plan.increment_ms,
        "appLeg": money(plan.app_leg_micros),
        "trunkLeg": money(plan.trunk_leg_micros),
        "inbound": by_type(&plan.inbound),
        "monthly": by_type(&plan.monthly),
        "numbers": numbers.collect::<Vec<_>>(),
        "destinations": destinations.collect::<Vec<_>>(),
        "isCut": found.is_cut,
    })
}
