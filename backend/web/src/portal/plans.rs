//! The operator's price plans.

use super::{
    amounts::{amount, amount_text},
    decks::ConfirmForm,
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    rehearsals,
    visit::{Operator, PageResult},
    words::{self, At},
};
use crate::{
    api::v1::{PlanOverrides, PlanSettings, differing},
    extract::Patch,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App, Error,
    decks::{self, DeckKind},
    plans::{self, PlanView, VersionView, When},
    rehearsals::Draft,
    versions::{Subject, for_form, of_form},
};
use askama::Template;
use domain::{
    ids::PlanId,
    money::Money,
    numbering::NumberType,
    rating::{Base, Overrides, PricePlan, Tax, sandbox_plan},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The page.
const PAGE: &str = "/operator/plans";
/// What is edited as text, by the names of the API.
const FURTHER: [&str; 5] = ["terms", "periods", "volumes", "numbers", "monthly"];

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(index).service(create).service(show).service(save).service(withdraw).service(rehearse);
}

#[derive(Template)]
#[template(path = "prices/plans.html")]
struct PlansPage {
    shell: Shell,
    plans: Vec<PlanRow>,
    form: NewForm,
    error: Option<String>,
}

/// One plan.
struct PlanRow {
    id: String,
    name: String,
    version: String,
    currency: String,
    tenants: u64,
    rates: usize,
    /// Whether others may build on it.
    is_base: bool,
}

/// A plan to make.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NewForm {
    name: String,
    currency: String,
    base: String,
}

impl From<PlanView> for PlanRow {
    fn from(view: PlanView) -> Self {
        Self {
            id: view.plan.id.to_string(),
            version: view.plan.version,
            currency: view.plan.currency.to_string(),
            tenants: view.tenants,
            rates: view.plan.outbound.len(),
            is_base: view.plan.base.is_none(),
            name: view.plan.name,
        }
    }
}

#[get("/operator/plans")]
pub(super) async fn index(app: Data<App>, operator: Operator) -> PageResult {
    let form = NewForm { currency: "USD".to_owned(), ..NewForm::default() };
    list(&app, &operator, StatusCode::OK, form, None).await
}

async fn list(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    form: NewForm,
    error: Option<String>,
) -> PageResult {
    let all = plans::views(app, &operator.actor).await?;
    let plans = all.into_iter().map(PlanRow::from).collect();
    operator.page_with(status, &PlansPage { shell: operator.shell(Place::Prices), plans, form, error })
}

#[post("/operator/plans")]
pub(super) async fn create(app: Data<App>, operator: Operator, form: Posted<NewForm>) -> PageResult {
    match made(&app, &operator, &form.0).await {
        Ok(plan) => Ok(operator.go(&format!("{PAGE}/{}", plan.plan.id))),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            list(&app, &operator, status, form.0, Some(text)).await
        }
    }
}

async fn made(app: &App, operator: &Operator, form: &NewForm) -> Result<PlanView, Error> {
    let base = match form.base.as_str() {
        "" => None,
        id => {
            let id = id.parse().map_err(|_| Error::invalid("base", "choose a plan to build on"))?;
            Some(plans::get(app, &operator.actor, id).await?.plan)
        }
    };
    let currency = match &base {
        Some(base) => base.currency,
        None => {
            let currency = form.currency.trim().to_ascii_uppercase();
            currency.parse().map_err(|error| Error::invalid("currency", format!("{error}")))?
        }
    };
    let plan = PricePlan {
        name: form.name.clone(),
        currency,
        base: base.map(|base| Box::new(Base { plan: base.id, own: Overrides::default() })),
        outbound: Vec::new(),
        inbound: Vec::new(),
        monthly: Vec::new(),
        app_leg_micros: 0,
        trunk_leg_micros: 0,
        ..sandbox_plan(PlanId(uuid::Uuid::nil()))
    };
    plans::create(app, &operator.actor, plan, When::default()).await
}

#[derive(Template)]
#[template(path = "prices/plan.html")]
struct PlanPage {
    shell: Shell,
    id: String,
    name: String,
    version: String,
    currency: String,
    tenants: u64,
    /// The identifier and name of the plan that it builds on, and what is said here.
    base: Option<(String, String, String)>,
    decks: Vec<(String, String)>,
    versions: Vec<VersionRow>,
    form: PlanForm,
    error: Option<String>,
}

/// One version.
struct VersionRow {
    number: i32,
    version: String,
    state: String,
    is_waiting: bool,
    effective: At,
    by: String,
    app_leg: String,
}

/// What somebody types about a plan.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlanForm {
    seen: String,
    name: String,
    hold_seconds: String,
    increment_ms: String,
    app_leg: String,
    trunk_leg: String,
    geographic: String,
    mobile: String,
    toll_free: String,
    rates: String,
    tax: String,
    prorate: String,
    deck: String,
    further: String,
    effective_at: String,
    below_cost: String,
}

impl PlanForm {
    fn of(plan: &PricePlan, seen: String) -> Self {
        let of_type = |kind| {
            let found = plan.inbound.iter().find(|(of, _)| *of == kind);
            found.map_or_else(String::new, |(_, micros)| amount_text(*micros))
        };
        let is_simple = |rate: &&domain::rating::Rate| rate.windows.is_empty() && rate.terms.is_plain();
        let rates = plan.outbound.iter().filter(is_simple).map(|rate| {
            let prefix = if rate.prefix.is_empty() { "+" } else { &rate.prefix };
            format!("{prefix} {}", amount_text(rate.per_minute_micros))
        });
        let settings = serde_json::to_value(PlanSettings::from(plan)).unwrap_or_default();
        let further: Map<String, Value> = FURTHER
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), settings.get(*name)?.clone())))
            .collect();
        Self {
            seen,
            name: plan.name.clone(),
            hold_seconds: plan.hold_seconds.to_string(),
            increment_ms: plan.increment_ms.to_string(),
            app_leg: amount_text(plan.app_leg_micros),
            trunk_leg: amount_text(plan.trunk_leg_micros),
            geographic: of_type(NumberType::Geographic),
            mobile: of_type(NumberType::Mobile),
            toll_free: of_type(NumberType::TollFree),
            rates: rates.collect::<Vec<_>>().join("\n"),
            tax: plan.tax.word().to_owned(),
            prorate: if plan.prorate { "yes" } else { "" }.to_owned(),
            deck: plan.deck.as_ref().map_or_else(String::new, |used| used.deck.to_string()),
            further: serde_json::to_string_pretty(&further).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The plan that the form makes of another. Rates with terms of their own, which the form does not show, stay.
    fn onto(&self, now: &PricePlan, base: Option<&PricePlan>) -> Result<PricePlan, Error> {
        let money = |name: &str, text: &str| {
            Ok::<_, Error>(amount(name, text)?.map(|micros| Money::new(micros, now.currency)))
        };
        let whole = |name: &str, text: &str| {
            text.trim()
                .parse::<u32>()
                .map_err(|_| Error::invalid(name, format!("the {name} is a whole number, not {text:?}")))
        };
        let current = serde_json::to_value(PlanSettings::from(now)).map_err(Error::internal)?;
        let mut patch = self.further()?;
        let mut rates = rates(&self.rates, now)?;
        let kept = current["outbound"].as_array().cloned().unwrap_or_default();
        let special = now
            .outbound
            .iter()
            .zip(kept)
            .filter(|(rate, _)| !rate.windows.is_empty() || !rate.terms.is_plain());
        rates.extend(special.map(|(_, rate)| rate));
        let deck = Some(self.deck.trim()).filter(|deck| !deck.is_empty());
        let fields = json!({
            "name": self.name,
            "holdSeconds": whole("hold", &self.hold_seconds)?,
            "incrementMs": whole("increment", &self.increment_ms)?,
            "appLeg": money("app leg", &self.app_leg)?,
            "trunkLeg": money("trunk leg", &self.trunk_leg)?,
            "inbound": {
                "geographic": money("price", &self.geographic)?,
                "mobile": money("price", &self.mobile)?,
                "tollFree": money("price", &self.toll_free)?,
            },
            "outbound": rates,
            "tax": self.tax,
            "prorate": !self.prorate.is_empty(),
            "deck": deck,
        });
        if let Value::Object(fields) = fields {
            patch.extend(fields);
        }
        let patch = Patch::<PlanSettings>::of(Value::Object(patch));
        match base {
            Some(base) => differing(&patch, now.clone(), base),
            None => patch.apply(&PlanSettings::from(now))?.into_plan(now.clone()),
        }
    }

    fn is_inclusive(&self) -> bool {
        self.tax == Tax::Inclusive.word()
    }

    fn further(&self) -> Result<Map<String, Value>, Error> {
        if self.further.trim().is_empty() {
            return Ok(Map::new());
        }
        let read: Map<String, Value> = serde_json::from_str(&self.further)
            .map_err(|error| Error::invalid("further", format!("the further terms are no JSON: {error}")))?;
        match read.keys().find(|name| !FURTHER.contains(&name.as_str())) {
            None => Ok(read),
            Some(name) => {
                let text = format!("the further terms are {}, not {name}", FURTHER.join(", "));
                Err(Error::invalid("further", text))
            }
        }
    }
}

/// Rates as lines of a prefix and a price; `+` alone is everything else.
fn rates(text: &str, plan: &PricePlan) -> Result<Vec<Value>, Error> {
    let mut rates = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let wrong = || {
            Error::invalid("rates", format!("line {line} is no prefix and price such as 46 0.0215: {text}"))
        };
        let (prefix, price) = text.split_once([' ', '\t']).ok_or_else(wrong)?;
        let price = amount("price", price).map_err(|_| wrong())?.ok_or_else(wrong)?;
        let prefix = prefix.trim_start_matches('+');
        rates.push(json!({"prefix": prefix, "perMinute": Money::new(price, plan.currency)}));
    }
    Ok(rates)
}

impl From<VersionView> for VersionRow {
    fn from(view: VersionView) -> Self {
        Self {
            number: view.number,
            is_waiting: view.state == "scheduled",
            effective: At::from(view.effective_at),
            by: view.created_by,
            app_leg: words::rate(Money::new(view.plan.app_leg_micros, view.plan.currency)),
            version: view.plan.version,
            state: view.state,
        }
    }
}

#[get("/operator/plans/{id}")]
pub(super) async fn show(app: Data<App>, operator: Operator, id: Path<String>) -> PageResult {
    let id = plan_id(&id)?;
    let seen = for_form(&app, Subject::plan(&app, id)).await?;
    let plan = plans::get(&app, &operator.actor, id).await?.plan;
    page(&app, &operator, id, (StatusCode::OK, PlanForm::of(&plan, seen), None)).await
}

async fn page(
    app: &App,
    operator: &Operator,
    id: PlanId,
    (status, form, error): (StatusCode, PlanForm, Option<String>),
) -> PageResult {
    let view = plans::get(app, &operator.actor, id).await?;
    let decks = decks::list(app, &operator.actor).await?;
    let fits =
        decks.into_iter().filter(|deck| deck.kind == DeckKind::Price && deck.currency == view.plan.currency);
    let versions = plans::versions(app, &operator.actor, id).await?;
    let live = app.live();
    let base = view.plan.base.as_deref().and_then(|used| live.config.plan(used.plan));
    let said = |plan: &PricePlan| serde_json::to_value(PlanOverrides::of(plan)).unwrap_or_default();
    let said = said(&view.plan);
    let names = said.as_object().into_iter().flatten().filter(|(_, value)| !is_empty(value));
    let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
    let page = PlanPage {
        base: base.map(|base| (base.id.to_string(), base.name.clone(), names.join(", "))),
        shell: operator.shell(Place::Prices),
        id: id.to_string(),
        currency: view.plan.currency.to_string(),
        tenants: view.tenants,
        decks: fits.map(|deck| (deck.id.to_string(), deck.name)).collect(),
        versions: versions.into_iter().map(VersionRow::from).collect(),
        name: view.plan.name,
        version: view.plan.version,
        form,
        error,
    };
    operator.page_with(status, &page)
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

#[post("/operator/plans/{id}")]
pub(super) async fn save(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    form: Posted<PlanForm>,
) -> PageResult {
    let (id, form) = (plan_id(&id)?, form.0);
    match changed(&app, &operator, id, &form).await {
        Ok(_) => Ok(operator.go_saying(&format!("{PAGE}/{id}"), Done::PlanSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, id, (status, form, Some(text))).await
        }
    }
}

async fn changed(app: &App, operator: &Operator, id: PlanId, form: &PlanForm) -> Result<PlanView, Error> {
    let when =
        When { effective_at: ConfirmForm::at(&form.effective_at)?, below_cost: !form.below_cost.is_empty() };
    let live = app.live();
    let base_of = |now: &PricePlan| now.base.as_deref().and_then(|base| live.config.plan(base.plan));
    let edit = |now: PricePlan| form.onto(&now, base_of(&now));
    let change = plans::change(app, &operator.actor, id, when, edit);
    of_form(Subject::plan(app, id), &form.seen, change).await
}

/// Tries the plan of the form on calls of the past.
#[post("/operator/plans/{id}/rehearse")]
pub(super) async fn rehearse(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    form: Posted<PlanForm>,
) -> PageResult {
    let (id, form) = (plan_id(&id)?, form.0);
    let begun = async {
        let now = plans::get(&app, &operator.actor, id).await?.plan;
        let live = app.live();
        let base = now.base.as_deref().and_then(|base| live.config.plan(base.plan));
        let draft = Draft::PricePlan { plan: Box::new(form.onto(&now, base)?) };
        rehearsals::begin(&app, &operator.actor, draft).await
    };
    match begun.await {
        Ok(to) => Ok(operator.go(&to)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, id, (status, form, Some(text))).await
        }
    }
}

#[post("/operator/plans/{id}/{number}/withdraw")]
pub(super) async fn withdraw(
    app: Data<App>,
    operator: Operator,
    path: Path<(String, i32)>,
    _form: Posted<Nothing>,
) -> PageResult {
    let id = plan_id(&path.0)?;
    plans::withdraw(&app, &operator.actor, id, path.1).await?;
    Ok(operator.go_saying(&format!("{PAGE}/{id}"), Done::PlanSaved))
}

fn plan_id(text: &str) -> Result<PlanId, Error> {
    text.parse().map_err(|_| Error::not_found("pricePlan", "there is no such price plan"))
}
