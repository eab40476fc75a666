//! The operator's rules of eligibility: which tenants may use which way of connection. The first that fits decides.

use super::{
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
    eligibility::{Agreement, Connection, Policy, Rule},
};
use askama::Template;
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(add).service(delete).service(move_up);
}

#[derive(Template)]
#[template(path = "operator/eligibility.html")]
struct EligibilityPage {
    shell: Shell,
    rules: Vec<RuleRow>,
    form: RuleForm,
    error: Option<String>,
    connections: Vec<Choice>,
    agreements: Vec<Choice>,
    verdicts: Vec<Choice>,
}

/// One rule, in words.
struct RuleRow {
    index: usize,
    connection: &'static str,
    who: String,
    allowed: bool,
    why: String,
}

/// What somebody types about a rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct RuleForm {
    connection: String,
    agreement: String,
    countries: String,
    number_countries: String,
    verdict: String,
    why: String,
}

/// A rule by its place.
#[derive(Debug, Deserialize)]
struct At {
    index: usize,
}

/// Agreements as pages call them; the first is any.
pub(super) const AGREEMENTS: [(&str, &str, bool); 5] = [
    ("", "any agreement", true),
    ("payAsYouGo", "pay as you go", true),
    ("customerAgreement", "customer agreement", true),
    ("enterprise", "enterprise agreement", true),
    ("partner", "through a partner", true),
];

impl RuleForm {
    fn read(&self) -> Rule {
        let place = AGREEMENTS.iter().position(|(word, _, _)| *word == self.agreement).unwrap_or(0);
        let agreements = place.checked_sub(1).map(|place| Agreement::ALL[place]);
        Rule {
            connection: match self.connection.as_str() {
                "directRouting" => Connection::DirectRouting,
                _ => Connection::CloudCalling,
            },
            agreements: agreements.into_iter().collect(),
            countries: list(&self.countries, str::to_ascii_uppercase),
            number_countries: list(&self.number_countries, str::to_ascii_uppercase),
            allowed: self.verdict == "allow",
            why: self.why.trim().to_owned(),
        }
    }
}

#[get("/operator/eligibility")]
async fn show(app: Data<App>, operator: Operator) -> PageResult {
    page(&app, &operator, StatusCode::OK, RuleForm::default(), None).await
}

#[post("/operator/eligibility")]
async fn add(app: Data<App>, operator: Operator, form: Posted<RuleForm>) -> PageResult {
    match change(&app, &operator, |rules| rules.push(form.0.read())).await {
        Ok(()) => Ok(operator.go_saying("/operator/eligibility", Done::EligibilitySaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, status, form.0, Some(text)).await
        }
    }
}

#[post("/operator/eligibility/delete")]
async fn delete(app: Data<App>, operator: Operator, form: Posted<At>) -> PageResult {
    change(&app, &operator, |rules| {
        if form.0.index < rules.len() {
            rules.remove(form.0.index);
        }
    })
    .await?;
    Ok(operator.go_saying("/operator/eligibility", Done::EligibilitySaved))
}

#[post("/operator/eligibility/up")]
async fn move_up(app: Data<App>, operator: Operator, form: Posted<At>) -> PageResult {
    change(&app, &operator, |rules| {
        if (1..rules.len()).contains(&form.0.index) {
            rules.swap(form.0.index - 1, form.0.index);
        }
    })
    .await?;
    Ok(operator.go_saying("/operator/eligibility", Done::EligibilitySaved))
}

async fn change(app: &App, operator: &Operator, edit: impl FnOnce(&mut Vec<Rule>)) -> Result<(), Error> {
    let mut policy: Policy = app::eligibility::policy(app, &operator.actor).await?;
    edit(&mut policy.rules);
    app::eligibility::put_policy(app, &operator.actor, policy).await.map(drop)
}

async fn page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    form: RuleForm,
    error: Option<String>,
) -> PageResult {
    let policy = app::eligibility::policy(app, &operator.actor).await?;
    let ways = [("cloudCalling", "numbers and carriers", true), ("directRouting", "trunks of its own", true)];
    let page = EligibilityPage {
        shell: operator.shell(Place::Eligibility),
        rules: policy.rules.iter().enumerate().map(row).collect(),
        connections: choices(&ways, &form.connection),
        agreements: choices(&AGREEMENTS, &form.agreement),
        verdicts: choices(&[("refuse", "is refused", true), ("allow", "is allowed", true)], &form.verdict),
        form,
        error,
    };
    operator.page_with(status, &page)
}

fn row((index, rule): (usize, &Rule)) -> RuleRow {
    let label = |agreement: &Agreement| {
        let place = Agreement::ALL.iter().position(|known| known == agreement).unwrap_or(0);
        AGREEMENTS[place + 1].1
    };
    let mut who = Vec::new();
    if !rule.agreements.is_empty() {
        who.push(rule.agreements.iter().map(label).collect::<Vec<_>>().join(" or "));
    }
    if !rule.countries.is_empty() {
        who.push(format!("tenants of {}", rule.countries.join(", ")));
    }
    if !rule.number_countries.is_empty() {
        who.push(format!("numbers of {}", rule.number_countries.join(", ")));
    }
    RuleRow {
        index,
        connection: match rule.connection {
            Connection::CloudCalling => "numbers and carriers",
            Connection::DirectRouting => "trunks",
        },
        who: if who.is_empty() { "everybody".to_owned() } else { who.join("; ") },
        allowed: rule.allowed,
        why: rule.why.clone(),
    }
}
