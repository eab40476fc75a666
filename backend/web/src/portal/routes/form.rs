//! A voice route as a form.

use crate::portal::signaling::{number, rules, rules_text, statuses, statuses_text};
use app::Error;
use domain::{
    config::{Window, parse_word},
    routing::{DEFAULT_WEIGHT, Rewrites, RouteTarget, VoiceRoute},
};
use serde::Deserialize;
use serde_json::json;

/// What somebody types about a route; `was` is its name until now, empty for a new one.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct RouteForm {
    pub(super) was: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) pattern: String,
    /// A trunk a line (or commas between): FQDN, then priority and weight where they are not 0 and 1.
    #[serde(alias = "trunks")]
    pub(super) targets: String,
    pub(super) caller_id: String,
    pub(super) order: String,
    pub(super) failover_on: String,
    /// A window a line: `mon-fri 08:00-17:00 Europe/Stockholm`; days and zone can be left out.
    pub(super) windows: String,
    pub(super) caller_rules: String,
    pub(super) callee_rules: String,
    /// The version that its page has seen.
    pub(super) seen: String,
}

impl Default for RouteForm {
    fn default() -> Self {
        let empty = VoiceRoute { number_pattern: r"^\+46\d+$".to_owned(), ..VoiceRoute::default() };
        Self::from(&empty)
    }
}

impl From<&VoiceRoute> for RouteForm {
    fn from(route: &VoiceRoute) -> Self {
        let targets: Vec<String> = route.targets.iter().map(target_text).collect();
        let windows: Vec<String> = route.windows.iter().map(window_text).collect();
        Self {
            was: route.name.clone(),
            name: route.name.clone(),
            description: route.description.clone().unwrap_or_default(),
            pattern: route.number_pattern.clone(),
            targets: targets.join("\n"),
            caller_id: route.caller_id_override.clone().unwrap_or_default(),
            order: route.order.word().to_owned(),
            failover_on: statuses_text(route.failover_on.as_deref()),
            windows: windows.join("\n"),
            caller_rules: rules_text(&route.rewrites.caller),
            callee_rules: rules_text(&route.rewrites.callee),
            seen: String::new(),
        }
    }
}

impl RouteForm {
    /// Whether it changes a route that is there.
    pub(super) fn is_change(&self) -> bool {
        !self.was.is_empty()
    }

    /// Whether more is set than name, pattern and trunks.
    pub(super) fn has_more(&self) -> bool {
        let texts = [
            &self.description,
            &self.caller_id,
            &self.failover_on,
            &self.windows,
            &self.caller_rules,
            &self.callee_rules,
        ];
        texts.iter().any(|text| !text.is_empty()) || !matches!(self.order.as_str(), "" | "listed")
    }

    /// Puts the route into the place of the one that it was, or after all others.
    pub(super) fn put_into(&self, mut all: Vec<VoiceRoute>) -> Result<Vec<VoiceRoute>, Error> {
        let route = self.read()?;
        match all.iter_mut().find(|known| self.is_change() && known.name == self.was) {
            Some(known) => *known = route,
            None => all.push(route),
        }
        Ok(all)
    }

    fn read(&self) -> Result<VoiceRoute, Error> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let order = if self.order.is_empty() { "listed" } else { &self.order };
        let targets = self.targets.split(['\n', ',']).map(str::trim).filter(|line| !line.is_empty());
        let windows = self.windows.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(VoiceRoute {
            name: self.name.trim().to_owned(),
            description: text(&self.description),
            number_pattern: self.pattern.trim().to_owned(),
            targets: targets.map(target).collect::<Result<_, _>>()?,
            caller_id_override: text(&self.caller_id),
            order: parse_word("order", order).map_err(|fault| Error::invalid(&fault.field, fault.message))?,
            failover_on: statuses(&self.failover_on)?,
            windows: windows.map(window).collect::<Result<_, _>>()?,
            rewrites: Rewrites { caller: rules(&self.caller_rules)?, callee: rules(&self.callee_rules)? },
        })
    }
}

fn target_text(target: &RouteTarget) -> String {
    match (target.priority, target.weight) {
        (0, DEFAULT_WEIGHT) => target.fqdn.clone(),
        (priority, DEFAULT_WEIGHT) => format!("{} {priority}", target.fqdn),
        (priority, weight) => format!("{} {priority} {weight}", target.fqdn),
    }
}

fn target(line: &str) -> Result<RouteTarget, Error> {
    let mut parts = line.split_whitespace();
    let mut target = RouteTarget::new(parts.next().unwrap_or_default());
    if let Some(priority) = parts.next() {
        target.priority = number("priority of a trunk", priority)?;
    }
    if let Some(weight) = parts.next() {
        target.weight = number("weight of a trunk", weight)?;
    }
    if parts.next().is_some() {
        let message =
            format!("write a trunk a line, with its priority and weight after it, instead of {line:?}");
        return Err(Error::invalid("trunks", message));
    }
    Ok(target)
}

fn window_text(window: &Window) -> String {
    let json = serde_json::to_value(window).unwrap_or_default();
    let word = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let days: Vec<&str> =
        json["days"].as_array().into_iter().flatten().filter_map(|day| day.as_str()).collect();
    let zone = word("zone");
    let mut text = if days.is_empty() { String::new() } else { format!("{} ", days.join(",")) };
    text.push_str(&format!("{}-{}", word("from"), word("until")));
    if zone != "UTC" {
        text.push_str(&format!(" {zone}"));
    }
    text
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn window(line: &str) -> Result<Window, Error> {
    let wrong = |why: &str| {
        Error::invalid(
            "windows",
            format!(
                "{why}: write a window a line, such as mon-fri 08:00-17:00 Europe/Stockholm, instead of {line:?}"
            ),
        )
    };
    let mut parts = line.split_whitespace().peekable();
    let has_days = parts.peek().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()));
    let days = if has_days {
        days(parts.next().unwrap_or_default()).ok_or_else(|| wrong("those are no days"))?
    } else {
        Vec::new()
    };
    let (from, until) =
        parts.next().and_then(|span| span.split_once('-')).ok_or_else(|| wrong("the times are missing"))?;
    let zone = parts.next().unwrap_or("UTC");
    if parts.next().is_some() {
        return Err(wrong("there is more than days, times and zone"));
    }
    let json = json!({ "days": days, "from": from, "until": until, "zone": zone });
    serde_json::from_value(json).map_err(|error| wrong(&error.to_string()))
}

/// `mon-fri`, or `mon,wed`.
fn days(text: &str) -> Option<Vec<&'static str>> {
    let day = |word: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(word));
    let mut all = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                let span = if first <= last { last - first } else { last + 7 - first };
                all.extend((0..=span).map(|step| DAYS[(first + step) % 7]));
            }
            None => all.push(DAYS[day(part)?]),
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_comes_back_from_its_form_as_it_was() {
        let form = RouteForm {
            was: "old".into(),
            name: "night".into(),
            targets: "a.test\nb.test 1\nc.test 1 5".into(),
            windows: "mon-wed 08:00-17:00 +02:00\n22:00-06:00\n09:00-12:00 Europe/Stockholm".into(),
            failover_on: "500, 503".into(),
            callee_rules: r"^\+46(\d+)$ => 0$1".into(),
            order: "weighted".into(),
            ..RouteForm::default()
        };
        let route = form.read().expect("a good form");
        assert_eq!(route.targets[2], RouteTarget { fqdn: "c.test".into(), priority: 1, weight: 5 });
        let again = RouteForm { was: "night".into(), ..RouteForm::from(&route) };
        assert_eq!(again.read().ok(), Some(route));
        assert_eq!(
            again.windows,
            "mon,tue,wed 08:00-17:00 +02:00\n22:00-06:00\n09:00-12:00 Europe/Stockholm"
        );
        assert!(again.has_more() && !RouteForm::default().has_more());
    }

    #[test]
    fn a_changed_route_keeps_its_place_and_a_new_one_comes_last() {
        let all = vec![
            VoiceRoute { name: "a".into(), ..VoiceRoute::default() },
            VoiceRoute { name: "b".into(), ..VoiceRoute::default() },
        ];
        let form =
            |was: &str, name: &str| RouteForm { was: was.into(), name: name.into(), ..RouteForm::default() };
        let all = form("a", "alpha").put_into(all).expect("taken");
        let all = form("", "c").put_into(all).expect("taken");
        let names: Vec<_> = all.iter().map(|route| route.name.as_str()).collect();
        assert_eq!(names, ["alpha", "b", "c"]);
    }

    #[test]
    fn what_is_no_window_or_trunk_is_said_with_an_example() {
        for windows in
            ["foo 08:00-17:00", "mon-fri", "mon 08:00-25:00", "mon 08:00-17:00 Mars", "mon 08:00-17:00 UTC x"]
        {
            let form = RouteForm { windows: windows.into(), ..RouteForm::default() };
            assert!(form.read().is_err_and(|error| error.to_string().contains("mon-fri")), "{windows}");
        }
        for targets in ["a.test x", "a.test 1 2 3"] {
            assert!(
                RouteForm { targets: targets.into(), ..RouteForm::default() }.read().is_err(),
                "{targets}"
            );
        }
    }
}
