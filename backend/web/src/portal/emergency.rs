//! Emergency calls of a tenant: what the platform does with them, which number a call taker calls back, and where the
//! people behind each number are.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, PageResult},
    words::Badge,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{App, Error, ROWS_MAX, Window, eligibility::EmergencyTerms};
use askama::Template;
use domain::{
    config::{EmergencyCountry, RegisteredAddress},
    phone::E164,
};
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save).service(register).service(forget);
}

#[derive(Template)]
#[template(path = "emergency/index.html")]
struct EmergencyPage {
    shell: Shell,
    countries: Vec<CountryRow>,
    settings: SettingsForm,
    settings_error: Option<String>,
    numbers: Vec<NumberRow>,
    form: AddressForm,
    error: Option<String>,
    is_open: bool,
}

/// What the platform does in a country.
struct CountryRow {
    country: String,
    numbers: String,
    test_numbers: String,
    state: Badge,
}

/// A number of the tenant.
struct NumberRow {
    /// The number as a query says it.
    query: String,
    e164: String,
    address: Option<String>,
}

/// What somebody sets for the whole account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct SettingsForm {
    country: String,
    call_back: String,
}

/// What somebody types about an address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct AddressForm {
    number: String,
    country: String,
    lines: String,
    locality: String,
    region: String,
    postal_code: String,
    back: String,
}

/// Which number to put into the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    number: Option<String>,
}

impl From<&RegisteredAddress> for AddressForm {
    fn from(known: &RegisteredAddress) -> Self {
        Self {
            number: known.number.to_string(),
            country: known.country.clone(),
            lines: known.lines.join("\n"),
            locality: known.locality.clone(),
            region: known.region.clone(),
            postal_code: known.postal_code.clone(),
            back: known.call_back.map(|number| number.to_string()).unwrap_or_default(),
        }
    }
}

impl AddressForm {
    fn read(&self) -> Result<RegisteredAddress, Error> {
        let lines = self.lines.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(RegisteredAddress {
            number: number("number", &self.number)?,
            country: self.country.trim().to_ascii_uppercase(),
            lines: lines.map(str::to_owned).collect(),
            locality: self.locality.trim().to_owned(),
            region: self.region.trim().to_owned(),
            postal_code: self.postal_code.trim().to_owned(),
            call_back: match self.back.trim() {
                "" => None,
                text => Some(number("callBack", text)?),
            },
        })
    }
}

fn number(field: &str, text: &str) -> Result<E164, Error> {
    E164::parse(text.trim()).map_err(|error| Error::invalid(field, error.to_string()))
}

/// The page's forms as they stand, and why one was not taken.
#[derive(Default)]
struct Forms {
    settings: Option<SettingsForm>,
    settings_error: Option<String>,
    address: AddressForm,
    error: Option<String>,
}

#[get("/app/emergency")]
async fn show(app: Data<App>, member: Member, asked: Query<Asked>) -> PageResult {
    let mut forms = Forms::default();
    if let Some(wanted) = &asked.number {
        let known = app::emergency::addresses(&app, &member.actor).await?;
        let known = known.iter().find(|address| address.number.to_string() == *wanted);
        let fresh = || AddressForm { number: wanted.clone(), ..AddressForm::default() };
        forms.address = known.map_or_else(fresh, AddressForm::from);
    }
    page(&app, &member, StatusCode::OK, forms).await
}

#[post("/app/emergency")]
async fn save(app: Data<App>, member: Member, form: Posted<SettingsForm>) -> PageResult {
    let wanted = &form.0;
    let edit = |_| {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let call_back = text(&wanted.call_back).map(|text| number("callBack", &text)).transpose()?;
        Ok(EmergencyTerms { country: text(&wanted.country).map(|code| code.to_ascii_uppercase()), call_back })
    };
    match app::emergency::change_settings(&app, &member.actor, edit).await {
        Ok(_) => Ok(member.go_saying("/app/emergency", Done::EmergencySaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let forms = Forms { settings: Some(form.0), settings_error: Some(text), ..Forms::default() };
            page(&app, &member, status, forms).await
        }
    }
}

#[post("/app/emergency/addresses")]
async fn register(app: Data<App>, member: Member, form: Posted<AddressForm>) -> PageResult {
    let kept = async { app::emergency::put_address(&app, &member.actor, form.0.read()?).await };
    match kept.await {
        Ok(_) => Ok(member.go_saying("/app/emergency", Done::EmergencySaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, status, Forms { address: form.0, error: Some(text), ..Forms::default() })
                .await
        }
    }
}

#[post("/app/emergency/addresses/{number}/delete")]
async fn forget(app: Data<App>, member: Member, e164: Path<String>, _form: Posted<Nothing>) -> PageResult {
    app::emergency::delete_address(&app, &member.actor, number("number", &e164)?).await?;
    Ok(member.go_saying("/app/emergency", Done::EmergencySaved))
}

async fn page(app: &App, member: &Member, status: StatusCode, forms: Forms) -> PageResult {
    let view = app::emergency::settings(app, &member.actor).await?;
    let addresses = app::emergency::addresses(app, &member.actor).await?;
    let window = Window { skip: 0, limit: ROWS_MAX };
    let numbers = app::numbers::list(app, &member.actor, window).await?.value;
    let own = || SettingsForm {
        country: view.own.country.clone().unwrap_or_default(),
        call_back: view.own.call_back.map(|number| number.to_string()).unwrap_or_default(),
    };
    let row = |number: E164| NumberRow {
        query: format!("%2B{}", number.digits()),
        e164: number.to_string(),
        address: addresses.iter().find(|address| address.number == number).map(one_line),
    };
    let page = EmergencyPage {
        shell: member.shell(Place::Emergency),
        countries: view.countries.iter().map(CountryRow::from).collect(),
        settings: forms.settings.unwrap_or_else(own),
        settings_error: forms.settings_error,
        numbers: numbers.into_iter().map(|owned| row(owned.number)).collect(),
        is_open: forms.error.is_some() || !forms.address.number.is_empty(),
        form: forms.address,
        error: forms.error,
    };
    member.page_with(status, &page)
}

/// An address in one line.
fn one_line(address: &RegisteredAddress) -> String {
    let mut parts = address.lines.clone();
    let place = [&address.postal_code, &address.locality].map(String::as_str).join(" ");
    parts.push(place.trim().to_owned());
    parts.extend(
        [address.region.clone(), address.country.clone()].into_iter().filter(|part| !part.is_empty()),
    );
    parts.join(", ")
}

impl From<&EmergencyCountry> for CountryRow {
    fn from(known: &EmergencyCountry) -> Self {
        let state = match known.route {
            Some(_) => Badge::new("good", "carried"),
            None => Badge::new("bad", "refused"),
        };
        Self {
            country: known.country.clone(),
            numbers: known.numbers.join(", "),
            test_numbers: known.test_numbers.join(", "),
            state,
        }
    }
}
