//! The routes of a tenant, compiled into one set.

use super::{
    pattern::{PATTERN_SIZE_MAX, compile},
    rewrite::{CompiledRewrites, Rewrites},
    route::VoiceRoute,
};
use regex::{Regex, RegexSet, RegexSetBuilder};

/// Bytes that the patterns of a tenant may take together; where they take more, each is matched alone.
const SET_SIZE_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a thread's cache for matching a set.
const SET_CACHE_MAX: usize = 4 * PATTERN_SIZE_MAX;

/// The routes of a tenant, compiled once per change.
#[derive(Debug, Clone)]
pub struct RouteTable {
    matcher: Matcher,
    /// Of each route, why it never matches.
    broken: Vec<Option<Box<str>>>,
    broken_count: usize,
    rewrites: Vec<Option<CompiledRewrites>>,
}

#[derive(Debug, Clone)]
enum Matcher {
    /// The set, and of each of its patterns the route.
    Set(RegexSet, Vec<usize>),
    Each(Vec<Option<Regex>>),
}

impl RouteTable {
    /// Compiles all patterns.
    #[must_use]
    pub fn compile(routes: &[VoiceRoute]) -> Self {
        Self::within(SET_SIZE_MAX, routes)
    }

    fn within(size_max: usize, routes: &[VoiceRoute]) -> Self {
        let compiled: Vec<_> = routes.iter().map(|route| compile(&route.number_pattern)).collect();
        let broken: Vec<Option<Box<str>>> = compiled
            .iter()
            .map(|pattern| pattern.as_ref().err().map(|error| error.to_string().into_boxed_str()))
            .collect();
        let rewrites = routes
            .iter()
            .map(|route| {
                (route.rewrites != Rewrites::default()).then(|| CompiledRewrites::compile(&route.rewrites))
            })
            .collect();
        let each: Vec<Option<Regex>> = compiled.into_iter().map(Result::ok).collect();
        let places: Vec<usize> = (0..each.len()).filter(|index| each[*index].is_some()).collect();
        let set = RegexSetBuilder::new(each.iter().flatten().map(Regex::as_str))
            .size_limit(size_max)
            .dfa_size_limit(SET_CACHE_MAX)
            .build();
        let matcher = match set {
            Ok(set) => Matcher::Set(set, places),
            Err(_) => Matcher::Each(each),
        };
        Self { matcher, broken_count: broken.iter().flatten().count(), broken, rewrites }
    }

    /// The routes that match a number, in order.
    #[must_use]
    pub fn matches(&self, number: &str) -> Vec<usize> {
        match &self.matcher {
            Matcher::Set(_, places) if places.is_empty() => Vec::new(),
            Matcher::Set(set, places) => set.matches(number).into_iter().map(|index| places[index]).collect(),
            Matcher::Each(each) => {
                let is_match =
                    |regex: &Option<Regex>| regex.as_ref().is_some_and(|regex| regex.is_match(number));
                (0..each.len()).filter(|index| is_match(&each[*index])).collect()
            }
        }
    }

    /// How many routes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.broken.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.broken.is_empty()
    }

    /// Routes that never match, and why.
    pub fn broken(&self) -> impl Iterator<Item = (usize, &str)> {
        self.broken.iter().enumerate().filter_map(|(index, why)| Some((index, why.as_deref()?)))
    }

    /// How many routes never match.
    #[must_use]
    pub fn broken_count(&self) -> usize {
        self.broken_count
    }

    /// Whether a route never matches.
    #[must_use]
    pub fn is_broken(&self, index: usize) -> bool {
        self.broken.get(index).is_some_and(Option::is_some)
    }

    /// The number manipulation of a route; `None` where it has none.
    #[must_use]
    pub fn rewrites(&self, index: usize) -> Option<&CompiledRewrites> {
        self.rewrites.get(index)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(patterns: &[&str]) -> Vec<VoiceRoute> {
        let route =
            |pattern: &&str| VoiceRoute { number_pattern: (*pattern).to_owned(), ..VoiceRoute::default() };
        patterns.iter().map(route).collect()
    }

    #[test]
    fn every_matching_route_is_found_in_order_and_a_broken_one_is_passed_over() {
        let table = RouteTable::compile(&routes(&[r"^\+46", r"^(\+1$", r"^\+1", r"^\+\d+$", ".*"]));
        assert_eq!(table.matches("+4684650040"), [0, 3, 4]);
        assert_eq!(table.matches("+12065550100"), [2, 3, 4]);
        assert_eq!(table.matches("anna"), [4]);
        assert_eq!(table.broken().map(|(index, _)| index).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_tenant_whose_patterns_are_too_big_together_is_matched_one_by_one() {
        let routes = routes(&[r"^\+46\d{8}$", r"^(\+1$", r"^\+7\d{2}$", r"^\+\d+$"]);
        let (small, whole) = (RouteTable::within(1024, &routes), RouteTable::compile(&routes));
        assert!(matches!((&small.matcher, &whole.matcher), (Matcher::Each(_), Matcher::Set(..))));
        assert_eq!(small.matches("+712"), [2, 3]);
        assert_eq!(small.matches("+712"), whole.matches("+712"));
    }
}
