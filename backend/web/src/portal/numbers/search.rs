//! Searching for numbers, and buying what was found.

use crate::portal::{
    error::{self, PageError},
    page::{Done, Place, Shell},
    posted::Posted,
    visit::{Member, PageResult},
    words::{self, At},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Query},
};
use app::{
    App, Window,
    numbers::{Narrow, Operation, OperationStatus, SearchRequest, SearchResult},
};
use askama::Template;
use domain::{
    money::Money,
    numbering::{AssignmentType, Capabilities, Capability, NumberType},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Numbers that one form asks for at most.
const QUANTITY_MAX: u32 = 20;
/// Kinds in the form, in order.
const KINDS: [NumberType; 3] = [NumberType::Geographic, NumberType::Mobile, NumberType::TollFree];

#[derive(Template)]
#[template(path = "numbers/search.html")]
struct SearchPage {
    shell: Shell,
    countries: Vec<Choice>,
    kinds: Vec<Choice>,
    form: SearchForm,
    quantity_max: u32,
    minutes: i64,
    error: Option<String>,
    found: Option<Found>,
}

/// A choice of a list.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) selected: bool,
}

/// What a search holds.
struct Found {
    id: Uuid,
    numbers: Vec<String>,
    until: At,
    cost: String,
    available: String,
}

/// What is looked for; also what the address of the result says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SearchForm {
    country: String,
    kind: String,
    area_code: String,
    prefix: String,
    contains: String,
    quantity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Uuid>,
}

impl Default for SearchForm {
    fn default() -> Self {
        let kind = NumberType::Geographic.word().to_owned();
        Self {
            country: "US".to_owned(),
            kind,
            area_code: String::new(),
            prefix: String::new(),
            contains: String::new(),
            quantity: "1".to_owned(),
            found: None,
        }
    }
}

impl SearchForm {
    fn request(&self) -> Result<SearchRequest, app::Error> {
        let quantity =
            self.quantity.trim().parse().ok().filter(|quantity| (1..=QUANTITY_MAX).contains(quantity));
        let area_code = self.area_code.trim();
        Ok(SearchRequest {
            country: self.country.clone(),
            phone_number_type: self.kind.parse().map_err(|_| app::Error::invalid("kind", "choose a type"))?,
            assignment_type: AssignmentType::Application,
            capabilities: Capabilities { calling: Capability::InboundOutbound, sms: Capability::None },
            area_code: (!area_code.is_empty()).then(|| area_code.to_owned()),
            quantity: quantity.ok_or_else(|| {
                app::Error::invalid("quantity", format!("ask for 1 to {QUANTITY_MAX} numbers at a time"))
            })?,
            narrow: Narrow {
                locality: None,
                prefix: Some(self.prefix.trim().to_owned()),
                contains: Some(self.contains.trim().to_owned()),
            },
        })
    }
}

#[get("/app/numbers/search")]
pub(super) async fn show(app: Data<App>, member: Member, form: Query<SearchForm>) -> PageResult {
    page(&app, &member, form.into_inner(), StatusCode::OK, None).await
}

/// Searches, and leads to the result under an address of its own: read again, it finds the same.
#[post("/app/numbers/search")]
pub(super) async fn submit(app: Data<App>, member: Member, form: Posted<SearchForm>) -> PageResult {
    let form = SearchForm { found: None, ..form.0 };
    match search(&app, &member, &form).await {
        Ok(found) => {
            let query = serde_urlencoded::to_string(SearchForm { found: Some(found), ..form });
            let query = query.map_err(|error| PageError::App(app::Error::internal(error)))?;
            Ok(member.go(&format!("/app/numbers/search?{query}")))
        }
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, form, status, Some(text)).await
        }
    }
}

/// The search that holds what was found.
async fn search(app: &App, member: &Member, form: &SearchForm) -> Result<Uuid, app::Error> {
    let operation = app::numbers::search(app, &member.actor, form.request()?).await?;
    if operation.status != OperationStatus::Succeeded {
        let nothing = "nothing like that is for sale at this moment: try another area code or type";
        return Err(app::Error::conflict(
            "search",
            operation.error.map_or_else(|| nothing.to_owned(), |(_, text)| text),
        ));
    }
    operation.subject().parse().map_err(app::Error::internal)
}

/// What is bought.
#[derive(Debug, Deserialize)]
pub(super) struct Buy {
    search: Uuid,
}

#[post("/app/numbers/buy")]
pub(super) async fn buy(app: Data<App>, member: Member, form: Posted<Buy>) -> PageResult {
    let search = form.0.search;
    let found = app::numbers::search_result(&app, &member.actor, search).await?;
    let bought = app::numbers::purchase(&app, &member.actor, search).await;
    match bought.and_then(succeeded) {
        Ok(()) => Ok(match found.phone_numbers.as_slice() {
            [one] => member.go_saying(&format!("/app/numbers/{one}"), Done::Bought),
            _ => member.go_saying("/app/numbers", Done::BoughtSome),
        }),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let kind = found.phone_number_type.word().to_owned();
            let form = SearchForm { kind, found: Some(search), ..SearchForm::default() };
            page(&app, &member, form, status, Some(text)).await
        }
    }
}

/// A purchase that came to its end and failed has said why.
pub(super) fn succeeded(operation: Operation) -> Result<(), app::Error> {
    match (operation.status, operation.error) {
        (OperationStatus::Failed, Some((_, why))) => Err(app::Error::conflict("search", why)),
        _ => Ok(()),
    }
}

async fn page(
    app: &App,
    member: &Member,
    form: SearchForm,
    status: StatusCode,
    error: Option<String>,
) -> PageResult {
    let found = match form.found {
        Some(id) => held(app, member, id).await?,
        None => None,
    };
    let page = SearchPage {
        shell: member.shell(Place::Numbers),
        countries: countries(app, member, &form.country).await?,
        kinds: kinds(app, member, (&form.country, &form.kind)).await?,
        quantity_max: QUANTITY_MAX,
        minutes: app::numbers::SEARCH_MINUTES,
        form,
        error,
        found,
    };
    member.page_with(status, &page)
}

/// What a search of this tenant holds at this moment.
async fn held(app: &App, member: &Member, id: Uuid) -> Result<Option<Found>, app::Error> {
    let result: SearchResult = app::numbers::search_result(app, &member.actor, id).await?;
    if result.phone_numbers.is_empty() || result.search_expires_by <= app.now() {
        return Ok(None);
    }
    let balance = app::money::balance(app, &member.actor).await?;
    Ok(Some(Found {
        id,
        numbers: result.phone_numbers.iter().map(ToString::to_string).collect(),
        until: At::from(result.search_expires_by),
        cost: words::money(result.cost),
        available: words::money(balance.available),
    }))
}

pub(super) async fn countries(app: &App, member: &Member, chosen: &str) -> Result<Vec<Choice>, app::Error> {
    let countries = app::numbers::countries(app, &member.actor, Window::default()).await?.value;
    let choice = |country: app::numbers::Country| Choice {
        selected: country.country_code == chosen,
        label: country.localized_name,
        value: country.country_code,
    };
    Ok(countries.into_iter().map(choice).collect())
}

/// The kinds, with what a month costs in this tenant's plan.
pub(super) async fn kinds(
    app: &App,
    member: &Member,
    (country, chosen): (&str, &str),
) -> Result<Vec<Choice>, app::Error> {
    let tenant = app::tenants::get(app, &member.actor).await?;
    let live = app.live();
    let plan = live.config.plan(tenant.plan.id);
    let choice = |kind: NumberType| {
        let monthly = plan
            .and_then(|plan| match plan.number_price(country, kind) {
                Some(price) => Some(price.monthly_micros),
                None => plan.monthly(kind),
            })
            .map(|micros| words::money(Money::new(micros, tenant.plan.currency)));
        let price = monthly.map_or_else(String::new, |monthly| format!(", {monthly} a month"));
        Choice {
            value: kind.word().to_owned(),
            label: format!("{}{price}", words::number_type(kind)),
            selected: kind.word().eq_ignore_ascii_case(chosen),
        }
    };
    Ok(KINDS.into_iter().map(choice).collect())
}
