//! Protection: where the account may call, and for how much; within the bounds that the operator set.

use super::{
    amounts::{amount, amount_text},
    error,
    page::{Done, Place, Shell},
    posted::Posted,
    speed::{self, SpeedForm},
    stir::HANDLINGS,
    trunks::{Choice, choices},
    visit::{Member, PageResult},
    words,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, ServiceConfig},
};
use app::{
    App, Error,
    protection::ProtectionView,
    versions::{self, Subject},
};
use askama::Template;
use domain::{
    config::{OverLimit, Protection, parse_word},
    high_risk::HIGH_RISK,
    money::Money,
    stir::{Handling, TenantHandling},
};
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save);
}

#[derive(Template)]
#[template(path = "protection/index.html")]
struct ProtectionPage {
    shell: Shell,
    form: ProtectionForm,
    error: Option<String>,
    over_limits: Vec<Choice>,
    failed: Vec<Choice>,
    missing: Vec<Choice>,
    currency: String,
    bounds: Vec<String>,
    may_open: bool,
    summary: Vec<String>,
    risks: Vec<Risk>,
    opened: usize,
}

/// A high-risk destination.
struct Risk {
    prefix: &'static str,
    what: &'static str,
    open: bool,
}

/// The fields of the form: lists with commas between; the opened high-risk prefixes too.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ProtectionForm {
    countries: String,
    prefixes: String,
    blocked: String,
    high_risk: String,
    per_call: String,
    per_day: String,
    #[serde(flatten)]
    speed: SpeedForm,
    over_limit: String,
    failed: String,
    missing: String,
    /// The version that its page has seen.
    seen: String,
}

impl From<&Protection> for ProtectionForm {
    fn from(own: &Protection) -> Self {
        Self {
            countries: own.allowed_countries.join(", "),
            prefixes: own.allowed_prefixes.join(", "),
            blocked: own.blocked_prefixes.join(", "),
            high_risk: own.high_risk_prefixes.join(", "),
            per_call: own.max_call_micros.map(amount_text).unwrap_or_default(),
            per_day: own.max_day_micros.map(amount_text).unwrap_or_default(),
            speed: SpeedForm::new(own.max_exposure_micros, &own.velocity),
            over_limit: own.over_limit.word().to_owned(),
            failed: own.unverified.failed.map(Handling::word).unwrap_or_default().to_owned(),
            missing: own.unverified.missing.map(Handling::word).unwrap_or_default().to_owned(),
            seen: String::new(),
        }
    }
}

impl ProtectionForm {
    fn read(&self, now: Protection) -> Result<Protection, Error> {
        Ok(Protection {
            allowed_countries: list(&self.countries, str::to_ascii_uppercase),
            allowed_prefixes: list(&self.prefixes, digits),
            blocked_prefixes: list(&self.blocked, digits),
            high_risk_prefixes: list(&self.high_risk, digits),
            max_call_micros: amount("cap of a call", &self.per_call)?,
            max_day_micros: amount("cap of a day", &self.per_day)?,
            max_exposure_micros: self.speed.exposure()?,
            velocity: self.speed.limits()?,
            over_limit: parse_word("over_limit", &self.over_limit)
                .map_err(|fault| Error::invalid(&fault.field, fault.message))?,
            unverified: TenantHandling {
                failed: handling("failed", &self.failed)?,
                missing: handling("missing", &self.missing)?,
            },
            ..now
        })
    }
}

/// Nothing is as the operator set it.
fn handling(field: &str, text: &str) -> Result<Option<Handling>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    parse_word(field, text).map(Some).map_err(|fault| Error::invalid(&fault.field, fault.message))
}

fn handlings(chosen: &str) -> Vec<Choice> {
    let all: Vec<_> =
        [("", "is handled as the operator set it", true)].into_iter().chain(HANDLINGS).collect();
    choices(&all, chosen)
}

/// The parts of a list with commas, spaces or lines between.
pub(super) fn list(text: &str, tidy: impl Fn(&str) -> String) -> Vec<String> {
    text.split([',', ' ', '\n', '\r', '\t']).filter(|part| !part.is_empty()).map(tidy).collect()
}

/// People write prefixes with a `+`.
pub(super) fn digits(prefix: &str) -> String {
    prefix.trim_start_matches('+').to_owned()
}

#[get("/app/protection")]
async fn show(app: Data<App>, member: Member) -> PageResult {
    let seen = versions::for_form(&app, subject(&app, &member)).await?;
    let view = app::protection::get(&app, &member.actor).await?;
    let form = ProtectionForm { seen, ..ProtectionForm::from(&view.own) };
    page(&member, StatusCode::OK, view, form, None)
}

#[post("/app/protection")]
async fn save(app: Data<App>, member: Member, form: Posted<ProtectionForm>) -> PageResult {
    let change = app::protection::change(&app, &member.actor, |now| form.0.read(now));
    match versions::of_form(subject(&app, &member), &form.0.seen, change).await {
        Ok(_) => Ok(member.go_saying("/app/protection", Done::ProtectionSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let view = app::protection::get(&app, &member.actor).await?;
            page(&member, status, view, form.0, Some(text))
        }
    }
}

fn subject(app: &App, member: &Member) -> Option<Subject> {
    Subject::tenant(app, member.actor.tenant?)
}

fn page(
    member: &Member,
    status: StatusCode,
    view: ProtectionView,
    form: ProtectionForm,
    error: Option<String>,
) -> PageResult {
    let opened = &view.effective.high_risk_prefixes;
    let is_open = |prefix: &str| opened.iter().any(|known| prefix.starts_with(known.as_str()));
    let risks: Vec<Risk> = HIGH_RISK
        .iter()
        .map(|risk| Risk { prefix: risk.prefix, what: risk.what, open: is_open(risk.prefix) })
        .collect();
    let answers = [
        (OverLimit::RetryLater.word(), "503, to be tried again", true),
        (OverLimit::Busy.word(), "486, the busy tone", true),
    ];
    let page = ProtectionPage {
        shell: member.shell(Place::Protection),
        over_limits: choices(&answers, &form.over_limit),
        failed: handlings(&form.failed),
        missing: handlings(&form.missing),
        currency: view.currency.to_string(),
        bounds: bounds(&view),
        may_open: view.bounds.may_open_high_risk,
        summary: summary(&view),
        opened: risks.iter().filter(|risk| risk.open).count(),
        risks,
        form,
        error,
    };
    member.page_with(status, &page)
}

/// What the operator set, in sentences.
fn bounds(view: &ProtectionView) -> Vec<String> {
    let bounds = &view.bounds;
    let money = |micros: i64| words::money(Money::new(micros, view.currency));
    let mut all = Vec::new();
    if !bounds.allowed_countries.is_empty() {
        all.push(format!("Countries that may be called at all: {}.", bounds.allowed_countries.join(", ")));
    }
    if !bounds.blocked_prefixes.is_empty() {
        all.push(format!("Prefixes that stay closed: +{}.", bounds.blocked_prefixes.join(", +")));
    }
    if let Some(micros) = bounds.max_call_micros {
        all.push(format!("A call costs {} at most.", money(micros)));
    }
    if let Some(micros) = bounds.max_day_micros {
        all.push(format!("A day costs {} at most.", money(micros)));
    }
    if let Some(micros) = view.held_to.max_exposure_micros {
        all.push(format!("What is held and owed comes to {} at most.", money(micros)));
    }
    all.extend(speed::sentences(&view.held_to.velocity, view.currency));
    if !bounds.may_open_high_risk {
        all.push("High-risk destinations are opened by the operator alone.".to_owned());
    }
    all
}

/// What holds at this moment, in sentences.
fn summary(view: &ProtectionView) -> Vec<String> {
    let held = &view.effective;
    let money = |micros: i64| words::money(Money::new(micros, view.currency));
    let mut open: Vec<String> = held.allowed_countries.clone();
    open.extend(
        held.allowed_prefixes.iter().filter(|prefix| *prefix != "0").map(|prefix| format!("+{prefix}")),
    );
    let everywhere = held.allowed_countries.is_empty() && held.allowed_prefixes.is_empty();
    let mut all = vec![match (everywhere, open.is_empty()) {
        (true, _) => "Calls may go to every country, high-risk destinations aside.".to_owned(),
        (false, true) => {
            "Calls may go nowhere: nothing of the list lies within the operator's bounds.".to_owned()
        }
        (false, false) => format!("Calls may go to {} alone.", open.join(", ")),
    }];
    if !held.blocked_prefixes.is_empty() {
        all.push(format!("Closed: +{}.", held.blocked_prefixes.join(", +")));
    }
    match held.max_call_micros {
        Some(micros) => all.push(format!("A call is ended before it costs more than {}.", money(micros))),
        None => all.push("A call has no cap beside the balance.".to_owned()),
    }
    match held.max_day_micros {
        Some(micros) => all.push(format!("No call begins once a day has cost {}.", money(micros))),
        None => all.push("A day has no cap beside the balance.".to_owned()),
    }
    if let Some(micros) = held.max_exposure_micros {
        all.push(format!("Nothing more is held once what is held and owed comes to {}.", money(micros)));
    }
    all.extend(speed::sentences(&held.velocity, view.currency));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protection_comes_back_from_its_form_as_it_was() {
        let own = Protection {
            allowed_countries: vec!["SE".into(), "US".into()],
            blocked_prefixes: vec!["46900".into()],
            max_day_micros: Some(2_500_000),
            over_limit: OverLimit::Busy,
            ..Protection::default()
        };
        assert_eq!(ProtectionForm::from(&own).read(Protection::default()).ok(), Some(own));
        let typed = ProtectionForm {
            countries: "se us\nDK".into(),
            prefixes: "+4670".into(),
            over_limit: "busy".into(),
            ..ProtectionForm::default()
        };
        let read = typed.read(Protection::default()).expect("a good form");
        assert_eq!(
            (read.allowed_countries.join(" "), read.allowed_prefixes),
            ("SE US DK".into(), vec!["4670".to_owned()])
        );
    }
}
