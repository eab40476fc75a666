//! Which routes a number would take, without a call.

use super::{RouteTable, VoiceRoute};
use crate::{config::is_open, phone::Dialled};
use chrono::{DateTime, Utc};

/// A route that matches a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchingRoute<'a> {
    /// Its place among the routes.
    pub index: usize,
    /// The route.
    pub route: &'a VoiceRoute,
}

/// The routes that match a number at a moment, in the order in which they are tried: `:testRoutesWithNumber`.
#[must_use]
pub fn test_routes<'a>(
    routes: &'a [VoiceRoute],
    table: &RouteTable,
    number: &Dialled,
    at: DateTime<Utc>,
) -> Vec<MatchingRoute<'a>> {
    let matching = table.matches(number.as_str()).into_iter();
    matching
        .filter_map(|index| Some(MatchingRoute { index, route: routes.get(index)? }))
        .filter(|found| is_open(&found.route.windows, at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_that_match_and_are_open_are_told_in_order() {
        let route = |name: &str, pattern: &str, windows: &str| VoiceRoute {
            name: name.to_owned(),
            number_pattern: pattern.to_owned(),
            windows: serde_json::from_str(windows).expect("windows"),
            ..VoiceRoute::default()
        };
        let routes = [
            route("night", r"^\+46", r#"[{"from":"22:00","until":"06:00"}]"#),
            route("us", r"^\+1", "[]"),
            route("all", r"^\+\d+$", "[]"),
        ];
        let table = RouteTable::compile(&routes);
        let at = |time: &str| {
            let number = Dialled::parse("+4684650040").expect("a number");
            let found = test_routes(&routes, &table, &number, time.parse().expect("a time"));
            found.into_iter().map(|found| found.route.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(at("2026-03-02T23:00:00Z"), ["night", "all"]);
        assert_eq!(at("2026-03-02T12:00:00Z"), ["all"]);
    }
}
