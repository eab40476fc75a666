//! What the operator sets for all invoices: who sells, which taxes there are, when they are to be paid.

use super::{
    invoices::party,
    topups::{self, HookPart},
};
use crate::portal::{
    Portal, error,
    page::{Done, Place, Shell},
    posted::Posted,
    visit::{Operator, PageResult},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, ServiceConfig},
};
use app::{
    App, Error,
    invoices::{self, BillingSettings},
};
use askama::Template;
use domain::{billing::Terms, tax::Rate};
use serde::Deserialize;

pub(super) const PAGE: &str = "/operator/billing";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save);
}

#[derive(Template)]
#[template(path = "operator/billing.html")]
struct BillingPage {
    shell: Shell,
    form: BillingForm,
    error: Option<String>,
    top_ups: HookPart,
}

/// All of it as people type it; a checkbox that is not ticked is not sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BillingForm {
    name: String,
    address: String,
    country: String,
    tax_number: String,
    email: String,
    rates: String,
    due_days: String,
    reminder_days: String,
    invoice_series: String,
    credit_series: String,
    review: Option<String>,
    foot: String,
}

impl From<BillingSettings> for BillingForm {
    fn from(settings: BillingSettings) -> Self {
        let on = |is_set: bool| is_set.then(|| "on".to_owned());
        let rate = |rate: &Rate| {
            let (whole, part) = (rate.basis_points / 100, rate.basis_points % 100);
            format!("{} {whole}.{part:02} {}", rate.country, rate.name)
        };
        let days: Vec<String> = settings.terms.reminder_days.iter().map(ToString::to_string).collect();
        Self {
            name: settings.seller.name,
            address: settings.seller.address.join("\n"),
            country: settings.seller.country.unwrap_or_default(),
            tax_number: settings.seller.tax_number.unwrap_or_default(),
            email: settings.seller.email.unwrap_or_default(),
            rates: settings.rates.iter().map(rate).collect::<Vec<_>>().join("\n"),
            due_days: settings.terms.due_days.to_string(),
            reminder_days: days.join(", "),
            invoice_series: settings.terms.invoice_series,
            credit_series: settings.terms.credit_series,
            review: on(settings.terms.review),
            foot: settings.foot,
        }
    }
}

impl BillingForm {
    fn settings(&self) -> Result<BillingSettings, Error> {
        let days = |field: &str, text: &str| {
            let wrong = |_| Error::invalid(field, format!("{text:?} is no number of days"));
            text.trim().parse::<u32>().map_err(wrong)
        };
        let steps = self.reminder_days.split([',', ' ']).filter(|text| !text.is_empty());
        let rates = self.rates.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        Ok(BillingSettings {
            seller: party(&self.name, &self.address, [&self.country, &self.tax_number, &self.email]),
            rates: rates.map(|(index, line)| rate(index, line)).collect::<Result<_, _>>()?,
            terms: Terms {
                due_days: days("dueDays", &self.due_days)?,
                reminder_days: steps.map(|text| days("reminderDays", text)).collect::<Result<_, _>>()?,
                invoice_series: self.invoice_series.trim().to_owned(),
                credit_series: self.credit_series.trim().to_owned(),
                review: self.review.is_some(),
            },
            foot: self.foot.clone(),
        })
    }
}

/// A line such as `SE 25 Moms`.
fn rate(index: usize, line: &str) -> Result<Rate, Error> {
    let wrong = || {
        let message = format!(
            "line {}: write a country, its rate and the name of its tax, such as SE 25 Moms",
            index + 1
        );
        Error::invalid("rates", message)
    };
    let mut words = line.split_whitespace();
    let (country, percent) = (words.next().ok_or_else(wrong)?, words.next().ok_or_else(wrong)?);
    let (whole, part) =
        percent.trim_end_matches('%').split_once('.').unwrap_or_else(|| (percent.trim_end_matches('%'), ""));
    if part.len() > 2 {
        return Err(wrong());
    }
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let part: u32 = format!("{part:0<2}").parse().map_err(|_| wrong())?;
    let basis_points = whole.checked_mul(100).and_then(|whole| whole.checked_add(part)).ok_or_else(wrong)?;
    let name = words.collect::<Vec<_>>().join(" ");
    let name = if name.is_empty() { "VAT".to_owned() } else { name };
    Ok(Rate { country: country.to_owned(), name, basis_points })
}

#[get("/operator/billing")]
async fn show(app: Data<App>, portal: Data<Portal>, operator: Operator) -> PageResult {
    let top_ups = topups::hook_part(&app, &portal, &operator, None).await?;
    page_with(&app, &operator, StatusCode::OK, top_ups).await
}

/// The page as it is kept, with a card of top-ups.
pub(super) async fn page_with(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    top_ups: HookPart,
) -> PageResult {
    let form = BillingForm::from(invoices::settings(app, &operator.actor).await?);
    page(operator, status, form, None, top_ups)
}

#[post("/operator/billing")]
async fn save(
    app: Data<App>,
    portal: Data<Portal>,
    operator: Operator,
    form: Posted<BillingForm>,
) -> PageResult {
    let saved = match form.0.settings() {
        Ok(settings) => invoices::put_settings(&app, &operator.actor, settings).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => Ok(operator.go_saying(PAGE, Done::BillingSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let top_ups = topups::hook_part(&app, &portal, &operator, None).await?;
            page(&operator, status, form.0, Some(text), top_ups)
        }
    }
}

fn page(
    operator: &Operator,
    status: StatusCode,
    form: BillingForm,
    error: Option<String>,
    top_ups: HookPart,
) -> PageResult {
    let shell = operator.shell(Place::Billing);
    operator.page_with(status, &BillingPage { shell, form, error, top_ups })
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn a_rate_is_read_as_people_write_it() {
        let read = |line: &str| rate(0, line).ok().map(|rate| (rate.country, rate.basis_points, rate.name));
        assert_eq!(read("SE 25 Moms"), Some(("SE".into(), 2_500, "Moms".into())));
        assert_eq!(read("FI 25.5% ALV"), Some(("FI".into(), 2_550, "ALV".into())));
        assert_eq!(read("DE 19"), Some(("DE".into(), 1_900, "VAT".into())));
        for line in ["", "SE", "SE x", "SE 25.123", "SE -1", "SE 99999999999"] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
