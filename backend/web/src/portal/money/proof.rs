//! Whether the money is right: what does not add up, calls rated again, and carriers' bills beside our own records.

use crate::portal::{
    error,
    page::{Place, Shell},
    posted::Posted,
    visit::{Operator, PageResult},
    words::{self, At},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{self, Data, PayloadConfig, ServiceConfig},
};
use app::{
    App, Error, PageRequest,
    proof::{self, BillView, Period, RatedAgain, Rerated},
};
use askama::Template;
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    ids::{CallId, CarrierId},
    money::Money,
    reconciliation::{OurCall, Tolerance},
};
use serde::Deserialize;

/// Tenants and carriers that can be chosen.
const CHOICES: u32 = 500;
/// Bytes of the form with a carrier's bill at most: [`proof::BILL_ROWS_MAX`] rows of a usual length.
const BILL_FORM_MAX_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn mount(pages: &mut ServiceConfig) {
    let bill = web::resource("/operator/proof/bill").app_data(PayloadConfig::new(BILL_FORM_MAX_BYTES));
    pages.service(show).service(rerate).service(bill.route(web::post().to(reconcile)));
}

#[derive(Template)]
#[template(path = "operator/proof.html")]
struct ProofPage {
    shell: Shell,
    drift: Vec<(&'static str, i64)>,
    figure: i64,
    counted: At,
    tenants: Vec<(String, String)>,
    carriers: Vec<(String, String)>,
    rated: Option<RatedPart>,
    bill: Option<BillPart>,
    csv: String,
    error: Option<String>,
}

/// What rating again said.
struct RatedPart {
    calls: String,
    complete: bool,
    sums: [(&'static str, String); 3],
    differing: u64,
    rows: Vec<[String; 4]>,
}

impl From<Rerated> for RatedPart {
    fn from(rated: Rerated) -> Self {
        let row = |call: &RatedAgain| {
            [
                call.call.to_string(),
                words::money(call.recorded),
                words::money(call.posted),
                words::money(call.rated),
            ]
        };
        Self {
            calls: words::count(rated.calls),
            complete: rated.complete,
            sums: [
                ("Records", words::money(rated.recorded)),
                ("Ledger", words::money(rated.posted)),
                ("Rated again", words::money(rated.rated)),
            ],
            differing: rated.differing,
            rows: rated.differences.iter().map(row).collect(),
        }
    }
}

/// What a bill and our records say of each other.
struct BillPart {
    carrier: String,
    figures: [(&'static str, String); 4],
    sums: [(&'static str, String); 2],
    rows: Vec<BillLine>,
}

/// Something that is not the same on both sides.
struct BillLine {
    what: &'static str,
    call: Option<String>,
    line: String,
    to: String,
    at: At,
    durations: String,
    amounts: String,
}

impl From<BillView> for BillPart {
    fn from(view: BillView) -> Self {
        let money = |micros: Option<i64>| {
            micros.map_or_else(|| "–".to_owned(), |micros| words::money(Money::new(micros, view.currency)))
        };
        let moment = |ms| At::from(DateTime::<Utc>::from_timestamp_millis(ms).unwrap_or_default());
        let lasted = |ms: i64| words::duration(ms.max(0).unsigned_abs());
        let missing = |call: &OurCall<CallId>| BillLine {
            what: "not on the bill",
            call: Some(call.id.to_string()),
            line: String::new(),
            to: call.to.clone(),
            at: moment(call.at_ms),
            durations: lasted(call.duration_ms),
            amounts: money(call.cost_micros),
        };
        let mut rows: Vec<_> = view.missing.iter().map(missing).collect();
        rows.extend(view.extra.iter().map(|row| BillLine {
            what: "no call of ours",
            call: None,
            line: row.line.to_string(),
            to: row.to.clone(),
            at: moment(row.at_ms),
            durations: lasted(row.duration_ms),
            amounts: money(row.price_micros),
        }));
        rows.extend(view.differing.iter().map(|pair| BillLine {
            what: if pair.duration_differs { "another duration" } else { "another price" },
            call: Some(pair.call.id.to_string()),
            line: pair.row.line.to_string(),
            to: pair.row.to.clone(),
            at: moment(pair.row.at_ms),
            durations: format!("{} / {}", lasted(pair.call.duration_ms), lasted(pair.row.duration_ms)),
            amounts: format!("{} / {}", money(pair.call.cost_micros), money(pair.row.price_micros)),
        }));
        Self {
            carrier: view.carrier.clone(),
            figures: [
                ("Agree", words::count(view.matched)),
                ("Differ", words::count(view.differing_count)),
                ("Not on the bill", words::count(view.missing_count)),
                ("No call of ours", words::count(view.extra_count)),
            ],
            sums: [("Billed", words::money(view.billed)), ("Expected", words::money(view.expected))],
            rows,
        }
    }
}

/// Which calls are rated again.
#[derive(Debug, Deserialize)]
struct RerateForm {
    tenant: String,
    since: String,
    until: String,
}

/// A carrier's bill.
#[derive(Debug, Deserialize)]
struct BillForm {
    carrier: String,
    csv: String,
}

#[get("/operator/proof")]
async fn show(app: Data<App>, operator: Operator) -> PageResult {
    operator.page(&page(&app, &operator).await?)
}

#[post("/operator/proof/rerate")]
async fn rerate(app: Data<App>, operator: Operator, form: Posted<RerateForm>) -> PageResult {
    let done = match form.0.period() {
        Ok(period) => proof::rerate_period(&app, &operator.actor, period).await,
        Err(error) => Err(error),
    };
    let page = page(&app, &operator).await?;
    match done {
        Ok(rated) => operator.page(&ProofPage { rated: Some(rated.into()), ..page }),
        Err(failed) => {
            let (status, text): (StatusCode, String) = error::of_form(failed)?;
            operator.page_with(status, &ProofPage { error: Some(text), ..page })
        }
    }
}

async fn reconcile(app: Data<App>, operator: Operator, form: Posted<BillForm>) -> PageResult {
    let BillForm { carrier, csv } = form.0;
    let carrier = carrier.parse::<CarrierId>().map_err(|_| Error::invalid("carrier", "choose a carrier"));
    let done = match carrier {
        Ok(carrier) => {
            proof::reconcile_bill(&app, &operator.actor, carrier, &csv, Tolerance::default()).await
        }
        Err(error) => Err(error),
    };
    let page = page(&app, &operator).await?;
    match done {
        Ok(view) => operator.page(&ProofPage { bill: Some(view.into()), ..page }),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            operator.page_with(status, &ProofPage { csv, error: Some(text), ..page })
        }
    }
}

impl RerateForm {
    /// Both days whole, in UTC.
    fn period(&self) -> Result<Period, Error> {
        let day = |field: &str, text: &str| {
            let wrong = |_| Error::invalid(field, format!("{text:?} is no day: write it as 2026-11-23"));
            text.trim().parse::<NaiveDate>().map_err(wrong)
        };
        let tenant = self.tenant.parse().map_err(|_| Error::invalid("tenant", "choose a tenant"))?;
        let until = day("until", &self.until)?;
        let until = until.checked_add_days(Days::new(1)).unwrap_or(until);
        let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        Ok(Period { tenant, since: midnight(day("since", &self.since)?), until: midnight(until) })
    }
}

async fn page(app: &App, operator: &Operator) -> Result<ProofPage, Error> {
    let drift = app::money::drift(app, &operator.actor).await?;
    let request = PageRequest { after: None, size: CHOICES };
    let tenants = app::tenants::list(app, &operator.actor, &request).await?.value;
    let carriers = app::carriers::list(app, &operator.actor).await?;
    Ok(ProofPage {
        shell: operator.shell(Place::Billing),
        figure: drift.figure,
        counted: At::from(drift.at),
        drift: vec![
            ("Unbalanced journals", drift.unbalanced_journals),
            ("Balances, micro-units", drift.balance_micros),
            ("Held money, micro-units", drift.held_micros),
            ("Calls, micro-units", drift.calls_micros),
            ("Holds of ended calls", drift.stray_holds),
            ("Invoices, micro-units", drift.invoices_micros),
            ("Missing invoice numbers", drift.number_gaps),
        ],
        tenants: tenants.into_iter().map(|tenant| (tenant.id.to_string(), tenant.name)).collect(),
        carriers: carriers.into_iter().map(|view| (view.carrier.id.to_string(), view.carrier.name)).collect(),
        rated: None,
        bill: None,
        csv: String::new(),
        error: None,
    })
}
