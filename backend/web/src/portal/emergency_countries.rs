//! Emergency calls by country, for the operator: their numbers, and the carrier that takes them.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    protection::list,
    visit::{Operator, PageResult},
    words::Badge,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{App, Error};
use askama::Template;
use domain::{
    config::{CallBack, EmergencyCountry, EmergencyRoute},
    ids::CarrierId,
    phone::E164,
};
use serde::Deserialize;
use std::collections::HashMap;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save).service(delete);
}

/// The value of a route that stays as it is.
const KEEP: &str = "keep";

#[derive(Template)]
#[template(path = "operator/emergency.html")]
struct CountriesPage {
    shell: Shell,
    countries: Vec<CountryRow>,
    form: CountryForm,
    routes: Vec<RouteChoice>,
    error: Option<String>,
}

/// What happens in a country.
struct CountryRow {
    country: String,
    numbers: String,
    test_numbers: String,
    route: Badge,
    call_back: String,
    address_required: bool,
}

/// A carrier that can take emergency calls.
struct RouteChoice {
    value: String,
    label: String,
    selected: bool,
}

/// What somebody types about a country.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct CountryForm {
    country: String,
    numbers: String,
    test_numbers: String,
    route: String,
    call_back: String,
    address_required: String,
}

/// Which country to put into the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    edit: Option<String>,
}

impl From<&EmergencyCountry> for CountryForm {
    fn from(known: &EmergencyCountry) -> Self {
        Self {
            country: known.country.clone(),
            numbers: known.numbers.join(", "),
            test_numbers: known.test_numbers.join(", "),
            route: match &known.route {
                None => String::new(),
                Some(EmergencyRoute::Carrier { carrier }) => carrier.to_string(),
                Some(EmergencyRoute::Trunk { .. }) => KEEP.to_owned(),
            },
            call_back: match known.call_back {
                CallBack::Owned => String::new(),
                CallBack::Fixed(number) => number.to_string(),
            },
            address_required: if known.address_required { "on".to_owned() } else { String::new() },
        }
    }
}

impl CountryForm {
    fn read(&self, now: Option<&EmergencyCountry>) -> Result<EmergencyCountry, Error> {
        let route = match self.route.as_str() {
            "" => None,
            KEEP => now.and_then(|now| now.route.clone()),
            id => {
                let carrier: CarrierId =
                    id.parse().map_err(|_| Error::invalid("route", "choose a carrier"))?;
                Some(EmergencyRoute::Carrier { carrier })
            }
        };
        let call_back = match self.call_back.trim() {
            "" => CallBack::Owned,
            text => CallBack::Fixed(
                E164::parse(text).map_err(|error| Error::invalid("call_back", error.to_string()))?,
            ),
        };
        Ok(EmergencyCountry {
            country: self.country.trim().to_ascii_uppercase(),
            numbers: list(&self.numbers, str::to_owned),
            test_numbers: list(&self.test_numbers, str::to_owned),
            route,
            call_back,
            address_required: !self.address_required.is_empty(),
        })
    }
}

#[get("/operator/emergency")]
async fn show(app: Data<App>, operator: Operator, asked: Query<Asked>) -> PageResult {
    let all = app::emergency::countries(&app, &operator.actor).await?;
    let wanted = asked.edit.as_ref().and_then(|code| all.iter().find(|known| known.country == *code));
    let form = wanted.map_or_else(CountryForm::default, CountryForm::from);
    page(&app, &operator, StatusCode::OK, form, None).await
}

#[post("/operator/emergency")]
async fn save(app: Data<App>, operator: Operator, form: Posted<CountryForm>) -> PageResult {
    let code = form.0.country.trim().to_owned();
    let edit = |now: Option<EmergencyCountry>| form.0.read(now.as_ref());
    match app::emergency::put_country(&app, &operator.actor, &code, edit).await {
        Ok(_) => Ok(operator.go_saying("/operator/emergency", Done::EmergencySaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, status, form.0, Some(text)).await
        }
    }
}

#[post("/operator/emergency/{country}/delete")]
async fn delete(
    app: Data<App>,
    operator: Operator,
    country: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    app::emergency::delete_country(&app, &operator.actor, &country).await?;
    Ok(operator.go_saying("/operator/emergency", Done::EmergencySaved))
}

async fn page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    form: CountryForm,
    error: Option<String>,
) -> PageResult {
    let countries = app::emergency::countries(app, &operator.actor).await?;
    let carriers = app::carriers::list(app, &operator.actor).await?;
    let names: HashMap<CarrierId, String> =
        carriers.into_iter().map(|view| (view.carrier.id, view.carrier.name)).collect();
    let mut routes = vec![(String::new(), "nowhere: they are refused".to_owned())];
    let mut sorted: Vec<_> = names.iter().collect();
    sorted.sort_by_key(|(_, name)| name.as_str());
    routes.extend(sorted.into_iter().map(|(id, name)| (id.to_string(), format!("carrier {name}"))));
    if form.route == KEEP {
        routes.push((KEEP.to_owned(), "the trunk that is set".to_owned()));
    }
    let choice =
        |(value, label): (String, String)| RouteChoice { selected: value == form.route, value, label };
    let page = CountriesPage {
        shell: operator.shell(Place::EmergencyCountries),
        countries: countries.iter().map(|known| row(known, &names)).collect(),
        routes: routes.into_iter().map(choice).collect(),
        form,
        error,
    };
    operator.page_with(status, &page)
}

fn row(known: &EmergencyCountry, carriers: &HashMap<CarrierId, String>) -> CountryRow {
    let route = match &known.route {
        None => Badge::new("bad", "refused"),
        Some(EmergencyRoute::Carrier { carrier }) => match carriers.get(carrier) {
            Some(name) => Badge::new("good", format!("carrier {name}")),
            None => Badge::new("bad", "a carrier that is gone"),
        },
        Some(EmergencyRoute::Trunk { fqdn, .. }) => Badge::new("good", format!("trunk {fqdn}")),
    };
    CountryRow {
        country: known.country.clone(),
        numbers: known.numbers.join(", "),
        test_numbers: known.test_numbers.join(", "),
        route,
        call_back: match known.call_back {
            CallBack::Owned => "the caller's".to_owned(),
            CallBack::Fixed(number) => number.to_string(),
        },
        address_required: known.address_required,
    }
}
