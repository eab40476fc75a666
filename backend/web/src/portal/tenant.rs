//! One tenant, for the operator: its terms and the bounds of its protection.

use super::{
    amounts::{amount, amount_text},
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    protection::{digits, list},
    speed::SpeedForm,
    spending::{SpendingPart, exposure_figures},
    trunks::{Choice, choices},
    visit::{Operator, PageResult},
    words,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App, Error,
    eligibility::{Agreement, Terms},
    protection::Bounds,
    versions::{self, Subject},
};
use askama::Template;
use domain::{config::Access, ids::TenantId};
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save);
}

#[derive(Template)]
#[template(path = "operator/tenant.html")]
struct TenantPage {
    shell: Shell,
    id: String,
    name: String,
    slug: String,
    balance: String,
    figures: Vec<(&'static str, String)>,
    spending: SpendingPart,
    currency: String,
    cloud_now: String,
    direct_now: String,
    form: TermsForm,
    error: Option<String>,
    agreements: Vec<Choice>,
    clouds: Vec<Choice>,
    directs: Vec<Choice>,
}

/// The fields of the form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct TermsForm {
    agreement: String,
    country: String,
    cloud: String,
    cloud_why: String,
    direct: String,
    direct_why: String,
    countries: String,
    blocked: String,
    may_open: String,
    below_cost: String,
    per_call: String,
    per_day: String,
    #[serde(flatten)]
    speed: SpeedForm,
    /// The version that its page has seen.
    seen: String,
}

const AGREEMENTS: [(&str, &str, bool); 4] = [
    ("payAsYouGo", "pay as you go", true),
    ("customerAgreement", "customer agreement", true),
    ("enterprise", "enterprise agreement", true),
    ("partner", "through a partner", true),
];
const ACCESS: [(&str, &str, bool); 3] =
    [("", "as the rules say", true), ("allowed", "allowed", true), ("refused", "refused", true)];

impl TermsForm {
    fn new(terms: &Terms, bounds: &Bounds) -> Self {
        let tick = |on: bool| if on { "on".to_owned() } else { String::new() };
        let access = |access: &Option<Access>| match access {
            None => (String::new(), String::new()),
            Some(Access::Allowed) => ("allowed".to_owned(), String::new()),
            Some(Access::NotAllowed { why }) => ("refused".to_owned(), why.clone()),
        };
        let (cloud, cloud_why) = access(&terms.cloud_calling);
        let (direct, direct_why) = access(&terms.direct_routing);
        let place = Agreement::ALL.iter().position(|known| *known == terms.agreement).unwrap_or(0);
        Self {
            agreement: AGREEMENTS[place].0.to_owned(),
            country: terms.country.clone().unwrap_or_default(),
            cloud,
            cloud_why,
            direct,
            direct_why,
            countries: bounds.allowed_countries.join(", "),
            blocked: bounds.blocked_prefixes.join(", "),
            may_open: tick(bounds.may_open_high_risk),
            below_cost: tick(bounds.allow_below_cost),
            per_call: bounds.max_call_micros.map(amount_text).unwrap_or_default(),
            per_day: bounds.max_day_micros.map(amount_text).unwrap_or_default(),
            speed: SpeedForm::new(bounds.max_exposure_micros, &bounds.velocity),
            seen: String::new(),
        }
    }

    fn terms(&self, now: Terms) -> Result<Terms, Error> {
        let place = AGREEMENTS.iter().position(|(word, _, _)| *word == self.agreement);
        let place = place.ok_or_else(|| Error::invalid("agreement", "choose an agreement"))?;
        let access = |word: &str, why: &str| match word {
            "allowed" => Some(Access::Allowed),
            "refused" => Some(Access::NotAllowed { why: why.trim().to_owned() }),
            _ => None,
        };
        let country = self.country.trim().to_ascii_uppercase();
        Ok(Terms {
            agreement: Agreement::ALL[place],
            country: Some(country).filter(|code| !code.is_empty()),
            cloud_calling: access(&self.cloud, &self.cloud_why),
            direct_routing: access(&self.direct, &self.direct_why),
            ..now
        })
    }

    fn bounds(&self) -> Result<Bounds, Error> {
        Ok(Bounds {
            allowed_countries: list(&self.countries, str::to_ascii_uppercase),
            blocked_prefixes: list(&self.blocked, digits),
            may_open_high_risk: !self.may_open.is_empty(),
            allow_below_cost: !self.below_cost.is_empty(),
            max_call_micros: amount("cap of a call", &self.per_call)?,
            max_day_micros: amount("cap of a day", &self.per_day)?,
            max_exposure_micros: self.speed.exposure()?,
            velocity: self.speed.limits()?,
        })
    }
}

#[get("/operator/tenants/{id}")]
async fn show(app: Data<App>, operator: Operator, id: Path<String>) -> PageResult {
    let id = tenant_id(&id)?;
    let seen = versions::for_form(&app, Subject::tenant(&app, id)).await?;
    let (terms, _) = app::eligibility::view_of(&app, &operator.actor, id).await?;
    let view = app::protection::get_of(&app, &operator.actor, id).await?;
    let form = TermsForm { seen, ..TermsForm::new(&terms, &view.bounds) };
    page(&app, &operator, StatusCode::OK, id, form, None).await
}

#[post("/operator/tenants/{id}")]
async fn save(app: Data<App>, operator: Operator, id: Path<String>, form: Posted<TermsForm>) -> PageResult {
    let id = tenant_id(&id)?;
    let kept = async {
        let bounds = form.0.bounds()?;
        let edit = app::tenants::TenantEdit {
            terms: Some(&|now| form.0.terms(now)),
            bounds: Some(&|_| Ok(bounds.clone())),
            ..Default::default()
        };
        app::tenants::change(&app, &operator.actor, id, edit).await
    };
    match versions::of_form(Subject::tenant(&app, id), &form.0.seen, kept).await {
        Ok(_) => Ok(operator.go_saying(&format!("/operator/tenants/{id}"), Done::TermsSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, status, id, form.0, Some(text)).await
        }
    }
}

async fn page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    id: TenantId,
    form: TermsForm,
    error: Option<String>,
) -> PageResult {
    let tenant = app::tenants::get_of(app, &operator.actor, id).await?;
    let (_, open) = app::eligibility::view_of(app, &operator.actor, id).await?;
    let exposure = app::exposure::of(app, &operator.actor, id).await?;
    let spending = app::velocity::spending_of(app, &operator.actor, id).await?;
    let page = TenantPage {
        figures: exposure_figures(&exposure),
        spending: SpendingPart::new(spending, true, &format!("/operator/tenants/{id}")),
        shell: operator.shell(Place::Platform),
        id: id.to_string(),
        balance: words::money(tenant.balance),
        currency: tenant.plan.currency.to_string(),
        name: tenant.name,
        slug: tenant.slug,
        cloud_now: sentence(open.cloud_calling.allowed, &open.cloud_calling.why),
        direct_now: sentence(open.direct_routing.allowed, &open.direct_routing.why),
        agreements: choices(&AGREEMENTS, &form.agreement),
        clouds: choices(&ACCESS, &form.cloud),
        directs: choices(&ACCESS, &form.direct),
        form,
        error,
    };
    operator.page_with(status, &page)
}

fn sentence(allowed: bool, why: &str) -> String {
    if allowed { "Open now.".to_owned() } else { format!("Refused now: {why}") }
}

fn tenant_id(text: &str) -> Result<TenantId, Error> {
    text.parse().map_err(|_| Error::not_found("tenant", "there is no such tenant"))
}
