//! What would happen to a call, decided by the same function as a live one.

use super::{
    decision::DecisionPart,
    index::{Source, sources},
};
use crate::portal::{
    error,
    page::{Place, Shell},
    visit::{Member, PageResult},
    words::{self, Badge},
};
use actix_web::{
    get,
    http::StatusCode,
    web::{Data, Query},
};
use app::{
    App,
    calls::{QuoteLineView, Simulation, SimulationSource, SimulationView, VerdictWord},
};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "calls/simulate.html")]
struct SimulatePage {
    shell: Shell,
    simulate: SimulateForm,
    sources: Vec<Source>,
    error: Option<String>,
    answer: Option<Answer>,
}

/// What would happen.
struct Answer {
    verdict: Badge,
    detail: String,
    lasts: String,
    lines: Vec<LineRow>,
    decision: DecisionPart,
}

/// A line of the quote.
struct LineRow {
    description: String,
    per_minute: String,
    version: String,
}

/// Who calls whom, and from where: `app`, `pstn`, or a trunk's name.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct SimulateForm {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) source: String,
}

impl Default for SimulateForm {
    fn default() -> Self {
        Self::from(String::new())
    }
}

impl From<String> for SimulateForm {
    /// The form of a tenant that has this number.
    fn from(own: String) -> Self {
        Self { from: own, to: String::new(), source: "app".to_owned() }
    }
}

impl SimulateForm {
    fn call(&self) -> Simulation {
        let from = self.from.trim();
        let source = match self.source.as_str() {
            "app" => SimulationSource::App,
            "pstn" => SimulationSource::Pstn,
            fqdn => SimulationSource::Trunk(fqdn.to_owned()),
        };
        Simulation {
            from: (!from.is_empty()).then(|| from.to_owned()),
            to: self.to.trim().to_owned(),
            source,
        }
    }
}

#[get("/app/calls/simulate")]
pub(super) async fn show(app: Data<App>, member: Member, form: Query<SimulateForm>) -> PageResult {
    let simulate = form.into_inner();
    let (status, answer, error) = match app::calls::simulate(&app, &member.actor, &simulate.call()).await {
        Ok(decided) => (StatusCode::OK, Some(Answer::from(&decided)), None),
        // Before anybody typed there is nothing wrong.
        Err(_) if simulate.to.is_empty() => (StatusCode::OK, None, None),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            (status, None, Some(text))
        }
    };
    let sources = sources(&app, &member, &simulate.source).await?;
    let page = SimulatePage { shell: member.shell(Place::Calls), simulate, sources, error, answer };
    member.page_with(status, &page)
}

impl From<&SimulationView> for Answer {
    fn from(decided: &SimulationView) -> Self {
        let (verdict, detail) = match decided.verdict {
            VerdictWord::Connect => (Badge::new("good", "It would be connected."), String::new()),
            VerdictWord::Refuse => {
                let cause = decided.cause.map_or("refused", domain::cause::Cause::word).replace('-', " ");
                let text = format!("It would be refused: {cause}.");
                (Badge::new("bad", text), decided.detail.clone().unwrap_or_default())
            }
        };
        Self {
            verdict,
            detail,
            lasts: words::lasts(decided.max_duration_seconds),
            lines: decided.quote.lines.iter().map(LineRow::from).collect(),
            decision: DecisionPart::from(decided),
        }
    }
}

impl From<&QuoteLineView> for LineRow {
    fn from(line: &QuoteLineView) -> Self {
        Self {
            description: line.description.clone(),
            per_minute: words::rate(line.per_minute),
            version: line.rate_version.clone(),
        }
    }
}
