//! The list of a tenant's calls, newest first.

use super::{sandbox::SandboxForm, simulate::SimulateForm};
use crate::portal::{
    page::{Place, Shell},
    visit::{Member, PageResult},
    words::{self, At, Badge},
};
use actix_web::{
    get,
    http::StatusCode,
    web::{Data, Query},
};
use app::{
    App, PageRequest, Window,
    calls::{CallFilter, CallState, CallView},
};
use askama::Template;
use domain::cause::Direction;
use serde::Deserialize;

/// Calls on one page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "calls/index.html")]
struct CallsPage {
    shell: Shell,
    calls: Vec<CallRow>,
    filter: FilterForm,
    is_filtered: bool,
    next: Option<String>,
    next_label: &'static str,
    simulate: SimulateForm,
    sources: Vec<Source>,
    sandbox: Option<SandboxForm>,
    error: Option<String>,
}

/// One call in the list.
pub(in crate::portal) struct CallRow {
    pub(in crate::portal) id: String,
    pub(in crate::portal) started: At,
    pub(in crate::portal) direction: &'static str,
    pub(in crate::portal) from: String,
    pub(in crate::portal) to: String,
    pub(in crate::portal) outcome: Badge,
    pub(in crate::portal) duration: String,
    pub(in crate::portal) total: String,
}

/// Where a simulated call could come from.
pub(super) struct Source {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) selected: bool,
}

/// Which calls, and which part of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct FilterForm {
    number: String,
    direction: String,
    state: String,
    after: Option<String>,
}

impl FilterForm {
    fn filter(&self) -> CallFilter {
        let number = self.number.trim();
        let direction = match self.direction.as_str() {
            "inbound" => Some(Direction::Inbound),
            "outbound" => Some(Direction::Outbound),
            _ => None,
        };
        CallFilter {
            number: (!number.is_empty()).then(|| number.to_owned()),
            direction,
            state: (self.state == CallState::Live.word()).then_some(CallState::Live),
            ..CallFilter::default()
        }
    }

    /// The address of the part after this one.
    fn older(&self, after: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("number", self.number.trim()),
            ("direction", &self.direction),
            ("state", &self.state),
            ("after", after),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/app/calls?{}", query.finish())
    }
}

#[get("/app/calls")]
pub(super) async fn show(app: Data<App>, member: Member, filter: Query<FilterForm>) -> PageResult {
    page(&app, &member, StatusCode::OK, filter.into_inner(), None).await
}

/// The list, with its forms. A sandbox form that was not taken comes with its error.
pub(super) async fn page(
    app: &App,
    member: &Member,
    status: StatusCode,
    filter: FilterForm,
    refused: Option<(SandboxForm, String)>,
) -> PageResult {
    let part = PageRequest { after: filter.after.clone(), size: ROWS };
    let calls = app::calls::list(app, &member.actor, &filter.filter(), &part).await?;
    let own = own_number(app, member).await?;
    let (form, error) = match refused {
        Some((form, error)) => (form, Some(error)),
        None => (SandboxForm::to(own.clone()), None),
    };
    let page = CallsPage {
        shell: member.shell(Place::Calls),
        calls: rows(&calls.value),
        next: calls.next.map(|after| filter.older(&after)),
        next_label: "Older",
        is_filtered: [&filter.number, &filter.direction, &filter.state].iter().any(|word| !word.is_empty()),
        filter,
        simulate: SimulateForm::from(own),
        sources: sources(app, member, "app").await?,
        sandbox: app.sandbox_on().then_some(form),
        error,
    };
    member.page_with(status, &page)
}

/// Calls as lists print them.
pub(in crate::portal) fn rows(calls: &[CallView]) -> Vec<CallRow> {
    calls.iter().map(CallRow::from).collect()
}

impl From<&CallView> for CallRow {
    fn from(call: &CallView) -> Self {
        Self {
            id: call.id.to_string(),
            started: At::from(call.started_at),
            direction: words::direction(call.direction),
            from: caller(call),
            to: call.to.clone(),
            outcome: words::outcome(call),
            duration: if call.answered_at.is_some() {
                words::duration(call.duration_ms)
            } else {
                "–".to_owned()
            },
            total: if call.state == CallState::Live { "–".to_owned() } else { words::money(call.total) },
        }
    }
}

/// Who called, as far as it was said.
pub(super) fn caller(call: &CallView) -> String {
    call.from.clone().unwrap_or_else(|| "anonymous".to_owned())
}

/// Where a simulated call could come from: a phone or app, the network, or one of the tenant's trunks.
pub(super) async fn sources(app: &App, member: &Member, chosen: &str) -> Result<Vec<Source>, app::Error> {
    let mut all = vec![
        ("app".to_owned(), "a phone or app".to_owned()),
        ("pstn".to_owned(), "the telephone network".to_owned()),
    ];
    let trunks = app::trunks::list(app, &member.actor).await?;
    all.extend(
        trunks.into_iter().map(|view| (view.trunk.fqdn.clone(), format!("trunk {}", view.trunk.fqdn))),
    );
    let source = |(value, label): (String, String)| Source { selected: value == chosen, value, label };
    Ok(all.into_iter().map(source).collect())
}

/// A number of the tenant, to begin the forms with.
async fn own_number(app: &App, member: &Member) -> Result<String, app::Error> {
    let numbers = app::numbers::list(app, &member.actor, Window { skip: 0, limit: 1 }).await?.value;
    Ok(numbers.first().map(|number| number.number.to_string()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_older_calls_keeps_the_filter() {
        let filter = FilterForm {
            number: " +12065550100".into(),
            direction: "inbound".into(),
            ..FilterForm::default()
        };
        assert_eq!(filter.older("k"), "/app/calls?number=%2B12065550100&direction=inbound&after=k");
        assert_eq!(FilterForm::default().older("k"), "/app/calls?after=k");
        assert_eq!(filter.filter().number.as_deref(), Some("+12065550100"));
    }
}
