//! The audit: who changed what, with what differs. A tenant sees its own changes, the operator all of them.

use super::{
    page::{Place, Shell},
    visit::{Member, Operator, PageResult, Visit},
    words::At,
};
use actix_web::{
    get,
    web::{Data, Query, ServiceConfig},
};
use app::{
    App, Error, PageRequest,
    audit::{self, AuditFilter, AuditView},
};
use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Actor;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Changes on one page.
const ROWS: u32 = 50;
/// Fields of one change that are shown.
const FIELDS_MAX: usize = 60;
/// Characters of a value that are shown.
const VALUE_MAX: usize = 300;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(show_operator);
}

#[derive(Template)]
#[template(path = "audit/index.html")]
struct AuditPage {
    shell: Shell,
    base: &'static str,
    is_operator: bool,
    changes: Vec<ChangeRow>,
    next: Option<String>,
    next_label: &'static str,
    form: FilterForm,
    error: Option<String>,
}

/// One change.
struct ChangeRow {
    at: At,
    actor: String,
    what: String,
    target: String,
    tenant: Option<String>,
    fields: Vec<FieldRow>,
    more: usize,
}

/// One field that differs.
#[derive(Debug, PartialEq, Eq)]
struct FieldRow {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

/// What somebody looks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FilterForm {
    actor: String,
    what: String,
    target: String,
    tenant: String,
    since: String,
    until: String,
    after: Option<String>,
}

#[get("/app/audit")]
async fn show(app: Data<App>, member: Member, form: Query<FilterForm>) -> PageResult {
    page(&app, &member.actor, &member, form.into_inner()).await
}

#[get("/operator/audit")]
async fn show_operator(app: Data<App>, operator: Operator, form: Query<FilterForm>) -> PageResult {
    page(&app, &operator.actor, &operator, form.into_inner()).await
}

async fn page(app: &App, actor: &Actor, visit: &Visit, form: FilterForm) -> PageResult {
    let is_operator = actor.operates();
    let (base, place) =
        if is_operator { ("/operator/audit", Place::Audit) } else { ("/app/audit", Place::Keys) };
    let found = match filter(&form) {
        Ok(filter) => {
            let part = PageRequest { after: form.after.clone(), size: ROWS };
            audit::list(app, actor, &filter, &part).await
        }
        Err(error) => Err(error),
    };
    let (changes, next, error) = match found {
        Ok(found) => {
            let next = found.next.map(|after| link(base, &form, &after));
            (found.value.into_iter().map(ChangeRow::from).collect(), next, None)
        }
        Err(failed @ Error::Invalid { .. }) => (Vec::new(), None, Some(format!("{failed}"))),
        Err(failed) => return Err(failed.into()),
    };
    let shell = visit.shell(place);
    visit.page(&AuditPage { shell, base, is_operator, changes, next, next_label: "Older", form, error })
}

fn filter(form: &FilterForm) -> Result<AuditFilter, Error> {
    let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let tenant = text(&form.tenant).map(|id| {
        id.parse().map_err(|_| {
            Error::invalid("tenant", "Give the tenant by its identifier, as in the address of its page.")
        })
    });
    Ok(AuditFilter {
        tenant: tenant.transpose()?,
        actor: text(&form.actor),
        what: text(&form.what),
        target: text(&form.target),
        since: day(&form.since)?,
        until: day(&form.until)?.map(|day| day + chrono::Duration::days(1)),
    })
}

/// The beginning of a day, in UTC.
fn day(text: &str) -> Result<Option<DateTime<Utc>>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day: Option<NaiveDate> = text.parse().ok();
    let start = day.and_then(|day| day.and_hms_opt(0, 0, 0));
    let start = start.ok_or_else(|| Error::invalid("since", "Write days as 2026-11-23."))?;
    Ok(Some(start.and_utc()))
}

fn link(base: &str, form: &FilterForm, after: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [
        ("actor", &form.actor),
        ("what", &form.what),
        ("target", &form.target),
        ("tenant", &form.tenant),
        ("since", &form.since),
        ("until", &form.until),
    ] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    format!("{base}?{}", query.append_pair("after", after).finish())
}

impl From<AuditView> for ChangeRow {
    fn from(view: AuditView) -> Self {
        let mut fields = differing(view.before.as_ref(), view.after.as_ref());
        let more = fields.len().saturating_sub(FIELDS_MAX);
        fields.truncate(FIELDS_MAX);
        Self {
            at: At::from(view.at),
            actor: view.actor,
            what: view.what,
            target: view.target,
            tenant: view.tenant.map(|tenant| tenant.to_string()),
            fields,
            more,
        }
    }
}

/// The fields that differ, by their path.
fn differing(before: Option<&Value>, after: Option<&Value>) -> Vec<FieldRow> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    flatten(before, String::new(), &mut old);
    flatten(after, String::new(), &mut new);
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    let row = |name: String| {
        let (before, after) = (old.get(&name).cloned(), new.get(&name).cloned());
        (before != after).then_some(FieldRow { name, before, after })
    };
    names.into_iter().filter_map(row).collect()
}

fn flatten(value: Option<&Value>, path: String, into: &mut BTreeMap<String, String>) {
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(fields)) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(Some(value), path, into);
            }
        }
        Some(Value::Array(items)) if items.iter().any(Value::is_object) => {
            for (index, value) in items.iter().enumerate() {
                flatten(Some(value), format!("{path}[{index}]"), into);
            }
        }
        Some(Value::String(text)) => drop(into.insert(path, short(text))),
        Some(Value::Array(items)) => {
            let words: Vec<_> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            into.insert(path, short(&words.join(", ")));
        }
        Some(other) => drop(into.insert(path, short(&other.to_string()))),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(name: &str, before: Option<&str>, after: Option<&str>) -> FieldRow {
        FieldRow { name: name.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    #[test]
    fn only_what_differs_is_shown_by_its_path() {
        let before = json!({"name": "a", "limits": {"maxCalls": 5, "callsPerSecond": 1}, "hosts": [{"port": 1}], "codecs": ["A", "B"]});
        let after = json!({"name": "a", "limits": {"maxCalls": 7, "callsPerSecond": 1}, "hosts": [{"port": 1}, {"port": 2}], "codecs": ["A"]});
        assert_eq!(
            differing(Some(&before), Some(&after)),
            [
                row("codecs", Some("A, B"), Some("A")),
                row("hosts[1].port", None, Some("2")),
                row("limits.maxCalls", Some("5"), Some("7")),
            ]
        );
        assert_eq!(differing(None, Some(&json!({"a": null, "b": true}))), [row("b", None, Some("true"))]);
        assert!(differing(Some(&before), Some(&before)).is_empty());
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let long = "ü".repeat(VALUE_MAX + 10);
        assert_eq!(short(&long).chars().count(), VALUE_MAX + 1);
    }

    #[test]
    fn days_are_read_and_anything_else_is_refused() {
        assert_eq!(day("").ok(), Some(None));
        assert!(day("2026-11-23").is_ok_and(|day| day.is_some()));
        assert!(day("yesterday").is_err());
    }
}
