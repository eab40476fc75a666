//! The operator's inventory: what is for sale, imports with a preview, and numbers in quarantine.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Operator, PageResult},
    words::{self, At},
};
use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, PageRequest,
    inventory::{self, ImportPreview, QuarantinePolicy, QuarantineRule, QuarantinedNumber},
};
use askama::Template;
use domain::phone::E164;
use serde::Deserialize;

/// Numbers in quarantine on one page.
const ROWS: u32 = 50;
/// The page.
const PAGE: &str = "/operator/inventory";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(submit).service(save_policy).service(end).service(reassign);
}

#[derive(Template)]
#[template(path = "operator/inventory.html")]
struct InventoryPage {
    shell: Shell,
    counts: Vec<(&'static str, String)>,
    preview: Option<ImportPreview>,
    csv: String,
    policy: PolicyForm,
    resting: Vec<RestingRow>,
    next: Option<String>,
    next_label: &'static str,
    error: Option<String>,
}

/// A number that rests.
struct RestingRow {
    number: String,
    kind: &'static str,
    country: String,
    tenant: Option<String>,
    until: At,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    after: Option<String>,
}

/// A file, and whether it is to be written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ImportForm {
    csv: String,
    write: String,
}

/// How long numbers rest, as somebody types it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PolicyForm {
    default_days: String,
    rules: String,
}

impl PolicyForm {
    fn of(policy: &QuarantinePolicy) -> Self {
        let line = |rule: &QuarantineRule| {
            let country = rule.country.as_deref().unwrap_or("*");
            format!("{country} {} {}", rule.number_type.map_or("*", |kind| kind.word()), rule.days)
        };
        let rules: Vec<String> = policy.rules.iter().map(line).collect();
        Self { default_days: policy.default_days.to_string(), rules: rules.join("\n") }
    }

    fn read(&self) -> Result<QuarantinePolicy, app::Error> {
        let days = |text: &str, field: &str| {
            text.trim().parse().map_err(|_| app::Error::invalid(field, "write days as a whole number"))
        };
        let rule = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [country, kind, count] = words[..] else {
                return Err(app::Error::invalid(
                    "rules",
                    format!("{line:?}: write country, type and days, such as SE mobile 90; * is any"),
                ));
            };
            let number_type = match kind {
                "*" => None,
                word => Some(
                    word.parse()
                        .map_err(|error| app::Error::invalid("rules", format!("{line:?}: {error}")))?,
                ),
            };
            Ok(QuarantineRule {
                country: (country != "*").then(|| country.to_ascii_uppercase()),
                number_type,
                days: days(count, "rules")?,
            })
        };
        let lines = self.rules.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(QuarantinePolicy {
            default_days: days(&self.default_days, "days")?,
            rules: lines.map(rule).collect::<Result<_, _>>()?,
        })
    }
}

#[get("/operator/inventory")]
async fn show(app: Data<App>, operator: Operator, part: Query<Part>) -> PageResult {
    let page = page(&app, &operator, part.into_inner().after).await?;
    operator.page(&page)
}

/// Shows what a file would do; with `write`, does it.
#[post("/operator/inventory/import")]
async fn submit(app: Data<App>, operator: Operator, form: Posted<ImportForm>) -> PageResult {
    let form = form.0;
    if !form.write.is_empty() {
        return match inventory::import_csv(&app, &operator.actor, &form.csv).await {
            Ok(_) => Ok(operator.go_saying(PAGE, Done::NumbersImported)),
            Err(failed) => refuse(&app, &operator, form.csv, failed).await,
        };
    }
    match inventory::preview_csv(&app, &operator.actor, &form.csv).await {
        Ok(preview) => {
            let page = page(&app, &operator, None).await?;
            operator.page(&InventoryPage { preview: Some(preview), csv: form.csv, ..page })
        }
        Err(failed) => refuse(&app, &operator, form.csv, failed).await,
    }
}

async fn refuse(app: &App, operator: &Operator, csv: String, failed: app::Error) -> PageResult {
    let (status, text) = error::of_form(failed)?;
    let page = page(app, operator, None).await?;
    operator.page_with(status, &InventoryPage { csv, error: Some(text), ..page })
}

#[post("/operator/inventory/policy")]
async fn save_policy(app: Data<App>, operator: Operator, form: Posted<PolicyForm>) -> PageResult {
    let form = form.0;
    let saved = match form.read() {
        Ok(policy) => inventory::put_quarantine_policy(&app, &operator.actor, policy).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => Ok(operator.go_saying(PAGE, Done::QuarantineSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = page(&app, &operator, None).await?;
            operator.page_with(status, &InventoryPage { policy: form, error: Some(text), ..page })
        }
    }
}

#[post("/operator/inventory/{number}/end")]
async fn end(app: Data<App>, operator: Operator, number: Path<String>, _form: Posted<Nothing>) -> PageResult {
    inventory::end_quarantine(&app, &operator.actor, read(&number)?).await?;
    Ok(operator.go_saying(PAGE, Done::QuarantineEnded))
}

#[post("/operator/inventory/{number}/reassign")]
async fn reassign(
    app: Data<App>,
    operator: Operator,
    number: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    inventory::reassign(&app, &operator.actor, read(&number)?).await?;
    Ok(operator.go_saying(PAGE, Done::NumberReassigned))
}

fn read(number: &str) -> Result<E164, app::Error> {
    number.parse().map_err(|_| app::Error::not_found("number", "there is no such number in quarantine"))
}

async fn page(app: &App, operator: &Operator, after: Option<String>) -> Result<InventoryPage, app::Error> {
    let counts = inventory::counts(app, &operator.actor).await?;
    let found = inventory::quarantined(app, &operator.actor, &PageRequest { after, size: ROWS }).await?;
    let policy = inventory::quarantine_policy(app, &operator.actor).await?;
    Ok(InventoryPage {
        shell: operator.shell(Place::Inventory),
        counts: counts.into_iter().map(|(name, count)| (name, words::count(count))).collect(),
        preview: None,
        csv: String::new(),
        policy: PolicyForm::of(&policy),
        resting: found.value.into_iter().map(RestingRow::from).collect(),
        next: found.next.map(|after| {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("after", &after).finish();
            format!("{PAGE}?{query}")
        }),
        next_label: "More",
        error: None,
    })
}

impl From<QuarantinedNumber> for RestingRow {
    fn from(view: QuarantinedNumber) -> Self {
        Self {
            number: view.number.to_string(),
            kind: words::number_type(view.number_type),
            country: view.country,
            tenant: view.last_tenant.map(|tenant| tenant.to_string()),
            until: At::from(view.until),
        }
    }
}
