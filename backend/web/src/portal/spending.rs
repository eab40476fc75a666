//! Spending: what may be owed at worst, how fast money goes, and what is stopped because of it.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    speed::SpeedForm,
    visit::{Member, Operator, PageResult},
    words::{self, At},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App, Error,
    exposure::ExposureView,
    protection::{SpendingDefault, SpendingDefaults},
    velocity::{SpendingView, StopView},
};
use askama::Template;
use domain::{money::Currency, velocity::Subject};
use serde::Deserialize;
use uuid::Uuid;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(lift);
    pages.service(show_all).service(lift_any).service(save_defaults);
}

/// A stop in a list.
pub(super) struct StopRow {
    pub(super) id: String,
    pub(super) tenant: String,
    pub(super) tenant_id: String,
    pub(super) what: String,
    pub(super) why: String,
    pub(super) since: At,
    pub(super) until: Option<At>,
    pub(super) can_lift: bool,
}

impl StopRow {
    fn new(view: StopView, is_operator: bool, tenant: String) -> Self {
        Self {
            id: view.id.to_string(),
            tenant,
            tenant_id: view.tenant.to_string(),
            what: capital(&view.of.says()),
            why: format!(
                "{} within {} {}, {} allowed",
                words::money(view.spent),
                if view.span.word() == "hour" { "an" } else { "a" },
                view.span.word(),
                words::money(view.limit)
            ),
            since: At::from(view.since),
            until: view.until.map(At::from),
            can_lift: is_operator || !view.by_operator,
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What was spent on something.
pub(super) struct FigureRow {
    pub(super) what: String,
    pub(super) hour: String,
    pub(super) day: String,
}

/// How fast a tenant spends, for its page and the operator's.
pub(super) struct SpendingPart {
    pub(super) figures: Vec<FigureRow>,
    pub(super) stops: Vec<StopRow>,
    pub(super) countries: Vec<(String, At)>,
    pub(super) is_limited: bool,
    pub(super) back: String,
    pub(super) is_operator: bool,
}

impl SpendingPart {
    pub(super) fn new(view: SpendingView, is_operator: bool, back: &str) -> Self {
        let figure = |figure: app::velocity::FigureView| FigureRow {
            what: capital(&figure.of.says()),
            hour: words::money(figure.hour),
            day: words::money(figure.day),
        };
        let is_told =
            |figure: &app::velocity::FigureView| figure.of != Subject::Tenant || view.limits.tenant.is_set();
        Self {
            is_limited: view.limits.is_set(),
            figures: view.figures.iter().filter(|one| is_told(one)).cloned().map(figure).collect(),
            stops: view
                .stops
                .into_iter()
                .map(|stop| StopRow::new(stop, is_operator, String::new()))
                .collect(),
            countries: view.countries.into_iter().map(|(country, at)| (country, At::from(at))).collect(),
            back: back.to_owned(),
            is_operator,
        }
    }
}

/// What a tenant may owe at worst, in figures.
pub(super) fn exposure_figures(view: &ExposureView) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("At worst", words::money(view.exposure)),
        ("Held", words::money(view.held)),
        ("Owed", words::money(view.owed)),
    ];
    match view.cap {
        Some(cap) => all.push(("Cap", words::money(cap))),
        None => all.push(("Cap", "none".to_owned())),
    }
    all
}

#[derive(Template)]
#[template(path = "protection/spending.html")]
struct SpendingPage {
    shell: Shell,
    figures: Vec<(&'static str, String)>,
    spending: SpendingPart,
    error: Option<String>,
}

#[get("/app/spending")]
async fn show(app: Data<App>, member: Member) -> PageResult {
    page(&app, &member, StatusCode::OK, None).await
}

async fn page(app: &App, member: &Member, status: StatusCode, error: Option<String>) -> PageResult {
    let exposure = app::exposure::of_tenant(app, &member.actor).await?;
    let spending = app::velocity::spending(app, &member.actor).await?;
    let page = SpendingPage {
        shell: member.shell(Place::Protection),
        figures: exposure_figures(&exposure),
        spending: SpendingPart::new(spending, false, "/app/spending"),
        error,
    };
    member.page_with(status, &page)
}

/// Nothing but that it is meant, and for the operator the page to go back to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct LiftForm {
    back: String,
}

#[post("/app/spending/stops/{id}/lift")]
async fn lift(app: Data<App>, member: Member, id: Path<Uuid>, _form: Posted<LiftForm>) -> PageResult {
    match app::velocity::lift(&app, &member.actor, *id).await {
        Ok(_) => Ok(member.go_saying("/app/spending", Done::StopLifted)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, status, Some(text)).await
        }
    }
}

/// What one tenant may owe at worst.
struct ExposureRow {
    id: String,
    slug: String,
    worst: String,
    lent: String,
    cap: String,
}

#[derive(Template)]
#[template(path = "operator/spending.html")]
struct AllPage {
    shell: Shell,
    stops: Vec<StopRow>,
    exposures: Vec<ExposureRow>,
    defaults: Vec<DefaultsForm>,
    error: Option<String>,
}

/// The defaults of one currency.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct DefaultsForm {
    currency: String,
    #[serde(flatten)]
    speed: SpeedForm,
}

impl DefaultsForm {
    fn read(&self) -> Result<SpendingDefault, Error> {
        let currency = self.currency.parse().map_err(|_| Error::invalid("currency", "no such currency"))?;
        Ok(SpendingDefault {
            currency,
            max_exposure_micros: self.speed.exposure()?,
            velocity: self.speed.limits()?,
        })
    }
}

#[get("/operator/spending")]
async fn show_all(app: Data<App>, operator: Operator) -> PageResult {
    all_page(&app, &operator, StatusCode::OK, None, None).await
}

async fn all_page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    typed: Option<DefaultsForm>,
    error: Option<String>,
) -> PageResult {
    let live = app.live();
    let slug = |id| live.tenant(id).map(|tenant| tenant.slug().to_owned()).unwrap_or_default();
    let stops = app::velocity::open(app, &operator.actor).await?;
    let exposures = app::exposure::list(app, &operator.actor).await?;
    let defaults = app::protection::defaults(app, &operator.actor).await?;
    let mut currencies: Vec<Currency> =
        live.config.platform.value.plans.iter().map(|plan| plan.currency).collect();
    currencies.extend(defaults.0.iter().map(|default| default.currency));
    currencies.sort_unstable();
    currencies.dedup();
    let form = |currency: Currency| {
        let default = defaults.of(currency);
        let speed = SpeedForm::new(default.max_exposure_micros, &default.velocity);
        let kept = DefaultsForm { currency: currency.to_string(), speed };
        typed.clone().filter(|typed| typed.currency == kept.currency).unwrap_or(kept)
    };
    let page = AllPage {
        shell: operator.shell(Place::Billing),
        stops: stops
            .into_iter()
            .map(|stop| {
                let slug = slug(stop.tenant);
                StopRow::new(stop, true, slug)
            })
            .collect(),
        exposures: exposures
            .into_iter()
            .map(|one| ExposureRow {
                id: one.tenant.to_string(),
                slug: one.slug,
                worst: words::money(one.exposure.exposure),
                lent: words::money(one.exposure.lent),
                cap: one.exposure.cap.map_or_else(|| "none".to_owned(), words::money),
            })
            .collect(),
        defaults: currencies.into_iter().map(form).collect(),
        error,
    };
    operator.page_with(status, &page)
}

#[post("/operator/spending/stops/{id}/lift")]
async fn lift_any(app: Data<App>, operator: Operator, id: Path<Uuid>, form: Posted<LiftForm>) -> PageResult {
    let is_tenants = form.0.back.starts_with("/operator/tenants/");
    let back = if is_tenants { form.0.back.as_str() } else { "/operator/spending" };
    match app::velocity::lift(&app, &operator.actor, *id).await {
        Ok(_) => Ok(operator.go_saying(back, Done::StopLifted)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            all_page(&app, &operator, status, None, Some(text)).await
        }
    }
}

#[post("/operator/spending/defaults")]
async fn save_defaults(app: Data<App>, operator: Operator, form: Posted<DefaultsForm>) -> PageResult {
    let kept = async {
        let wanted = form.0.read()?;
        let mut all = app::protection::defaults(&app, &operator.actor).await?.0;
        all.retain(|default| default.currency != wanted.currency);
        all.push(wanted);
        app::protection::put_defaults(&app, &operator.actor, SpendingDefaults(all)).await
    };
    match kept.await {
        Ok(_) => Ok(operator.go_saying("/operator/spending", Done::SpendingSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            all_page(&app, &operator, status, Some(form.0.clone()), Some(text)).await
        }
    }
}
