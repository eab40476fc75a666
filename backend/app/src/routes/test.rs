//! Which routes a number would take, and why.

use crate::{App, Error, snapshot::load};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    config::{Trunk, is_open},
    phone::{Dialled, E164},
    routing::{Pattern, VoiceRoute},
};

/// What became of one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Its place, from 0.
    pub index: usize,
    /// The route.
    pub route: VoiceRoute,
    /// Whether it takes the number.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub why: String,
}

/// Whether a route takes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It does, and a trunk of it can be tried.
    Takes,
    /// It matches, and none of its trunks can be tried.
    NoTrunk,
    /// It matches, at other times.
    Closed,
    /// It does not match.
    Passes,
}

/// What each route of the actor's tenant makes of a number at a moment; `routes` in their place where they are given.
/// Nothing is changed.
///
/// # Errors
/// [`Error::Invalid`] where the number is none.
pub async fn test(
    app: &App,
    actor: &Actor,
    number: &str,
    at: DateTime<Utc>,
    routes: Option<Vec<VoiceRoute>>,
) -> Result<Vec<Tested>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let number = E164::parse(number.trim()).map_err(|error| Error::invalid("to", error.to_string()))?;
    let number =
        Dialled::parse(&number.to_string()).ok_or_else(|| Error::invalid("to", "give a number in full"))?;
    let on = app.db().read();
    let routes = match routes {
        Some(routes) => routes,
        None => super::list(app, actor).await?,
    };
    let trunks = store::trunks::all(on, &scope).await?;
    let trunks: Vec<Trunk> = trunks.into_iter().map(load::trunk).collect::<Result<_, Error>>()?;
    let abilities = app.settings().abilities;
    let judge = |(index, route): (usize, VoiceRoute)| {
        let (verdict, why) = judge(&route, &number, at, |fqdn| {
            let trunk = trunks.iter().find(|trunk| trunk.fqdn.eq_ignore_ascii_case(fqdn));
            let Some(trunk) = trunk else { return Some(format!("there is no trunk {fqdn}")) };
            let health = crate::health::view(app, trunk.id.0).status;
            Trunk { health, ..trunk.clone() }.unusable(abilities)
        });
        Tested { index, route, verdict, why }
    };
    Ok(routes.into_iter().enumerate().map(judge).collect())
}

fn judge(
    route: &VoiceRoute,
    number: &Dialled,
    at: DateTime<Utc>,
    problem: impl Fn(&str) -> Option<String>,
) -> (Verdict, String) {
    let pattern = Pattern::compile(&route.number_pattern);
    if let Some(why) = pattern.broken() {
        return (Verdict::Passes, format!("its pattern never matches: {why}"));
    }
    if !pattern.matches(number.as_str()) {
        return (Verdict::Passes, format!("{} does not match {number}", route.number_pattern));
    }
    if !is_open(&route.windows, at) {
        return (Verdict::Closed, format!("{} matches, outside of the route's hours", route.number_pattern));
    }
    let problems: Vec<(&str, Option<String>)> =
        route.targets.iter().map(|target| (target.fqdn.as_str(), problem(&target.fqdn))).collect();
    let usable: Vec<&str> =
        problems.iter().filter(|(_, problem)| problem.is_none()).map(|(fqdn, _)| *fqdn).collect();
    let matches = format!("{} matches", route.number_pattern);
    match (usable.is_empty(), problems.is_empty()) {
        (false, _) => (Verdict::Takes, format!("{matches}, and {} can be tried", usable.join(", "))),
        (true, true) => (Verdict::NoTrunk, format!("{matches}, and the route has no trunk")),
        (true, false) => {
            let why: Vec<String> = problems.into_iter().filter_map(|(_, problem)| problem).collect();
            (Verdict::NoTrunk, format!("{matches}, and no trunk can be tried: {}", why.join("; ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(pattern: &str, targets: &[&str], windows: &str) -> VoiceRoute {
        VoiceRoute {
            name: "r".into(),
            number_pattern: pattern.into(),
            targets: targets.iter().map(|fqdn| domain::routing::RouteTarget::new(*fqdn)).collect(),
            windows: serde_json::from_str(windows).expect("windows"),
            ..VoiceRoute::default()
        }
    }

    #[test]
    fn each_route_says_whether_it_takes_a_number_and_why() {
        let number = Dialled::parse("+4684650040").expect("a number");
        let noon = "2026-03-02T12:00:00Z".parse().expect("a time");
        let off = |fqdn: &str| (fqdn == "off.test").then(|| "trunk off.test is switched off".to_owned());
        let night = r#"[{"from":"22:00","until":"06:00"}]"#;
        for (route, verdict, words) in [
            (route(r"^\+46", &["off.test", "on.test"], "[]"), Verdict::Takes, "on.test can be tried"),
            (route(r"^\+46", &["off.test"], "[]"), Verdict::NoTrunk, "switched off"),
            (route(r"^\+46", &[], "[]"), Verdict::NoTrunk, "no trunk"),
            (route(r"^\+46", &["on.test"], night), Verdict::Closed, "outside"),
            (route(r"^\+1", &["on.test"], "[]"), Verdict::Passes, "does not match"),
            (route(r"^(\+1", &["on.test"], "[]"), Verdict::Passes, "never matches"),
        ] {
            let (found, why) = judge(&route, &number, noon, off);
            assert_eq!(found, verdict, "{why}");
            assert!(why.contains(words), "{why}");
        }
    }
}
