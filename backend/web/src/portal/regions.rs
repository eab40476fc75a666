//! To accounts that are billed where the numbers of a country are sold: the operator's page.

use super::{
    eligibility::AGREEMENTS,
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    protection::list,
    trunks::{Choice, choices},
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
    eligibility::{Agreement, Region},
};
use askama::Template;
use serde::Deserialize;

/// The page.
const PAGE: &str = "/operator/eligibility/regions";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(add).service(delete);
}

#[derive(Template)]
#[template(path = "operator/regions.html")]
struct RegionsPage {
    shell: Shell,
    regions: Vec<Row>,
    agreements: Vec<Choice>,
    form: RegionForm,
    error: Option<String>,
}

/// A region, in words.
struct Row {
    index: usize,
    numbers: String,
    billing: String,
    agreements: String,
}

/// A region as somebody types it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct RegionForm {
    number_country: String,
    billing_countries: String,
    agreement: String,
}

/// A region by its place, and the country that stood there when the page was made.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct At {
    index: usize,
    number_country: String,
}

impl RegionForm {
    fn read(&self) -> Region {
        let place = AGREEMENTS.iter().position(|(word, _, _)| *word == self.agreement).unwrap_or(0);
        let agreements = place.checked_sub(1).map(|place| Agreement::ALL[place]);
        Region {
            number_country: self.number_country.trim().to_ascii_uppercase(),
            billing_countries: list(&self.billing_countries, str::to_ascii_uppercase),
            agreements: agreements.into_iter().collect(),
        }
    }
}

#[get("/operator/eligibility/regions")]
async fn show(app: Data<App>, operator: Operator) -> PageResult {
    page(&app, &operator, StatusCode::OK, RegionForm::default(), None).await
}

#[post("/operator/eligibility/regions")]
async fn add(app: Data<App>, operator: Operator, form: Posted<RegionForm>) -> PageResult {
    match change(&app, &operator, |regions| regions.push(form.0.read())).await {
        Ok(()) => Ok(operator.go_saying(PAGE, Done::EligibilitySaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, status, form.0, Some(text)).await
        }
    }
}

#[post("/operator/eligibility/regions/delete")]
async fn delete(app: Data<App>, operator: Operator, form: Posted<At>) -> PageResult {
    let At { index, number_country } = form.0;
    change(&app, &operator, |regions| {
        if regions.get(index).is_some_and(|region| region.number_country == number_country) {
            regions.remove(index);
        }
    })
    .await?;
    Ok(operator.go_saying(PAGE, Done::EligibilitySaved))
}

async fn change(app: &App, operator: &Operator, edit: impl FnOnce(&mut Vec<Region>)) -> Result<(), Error> {
    let mut all = app::eligibility::regions(app, &operator.actor).await?;
    edit(&mut all.regions);
    app::eligibility::put_regions(app, &operator.actor, all).await.map(drop)
}

async fn page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    form: RegionForm,
    error: Option<String>,
) -> PageResult {
    let all = app::eligibility::regions(app, &operator.actor).await?;
    let page = RegionsPage {
        shell: operator.shell(Place::Eligibility),
        regions: all.regions.iter().enumerate().map(row).collect(),
        agreements: choices(&AGREEMENTS, &form.agreement),
        form,
        error,
    };
    operator.page_with(status, &page)
}

fn row((index, region): (usize, &Region)) -> Row {
    let label = |agreement: &Agreement| {
        let place = Agreement::ALL.iter().position(|known| known == agreement).unwrap_or(0);
        AGREEMENTS[place + 1].1
    };
    let or = |words: Vec<&str>, otherwise: &str| match words.is_empty() {
        true => otherwise.to_owned(),
        false => words.join(", "),
    };
    Row {
        index,
        numbers: region.number_country.clone(),
        billing: or(region.billing_countries.iter().map(String::as_str).collect(), "any country"),
        agreements: or(region.agreements.iter().map(label).collect(), AGREEMENTS[0].1),
    }
}
