//! The routes of a tenant, compiled into one automaton.

use super::{
    pattern::{PATTERN_SIZE_MAX, check},
    rewrite::{CompiledRewrites, Rewrites},
    route::VoiceRoute,
};
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use regex_automata::{
    Input, MatchKind, PatternSet,
    dfa::{Automaton as _, StartKind, dense, sparse},
    nfa::thompson,
};

/// Bytes that the automaton of a tenant may take, and those of its building; where it takes more, a set is matched that
/// builds the states it meets.
const AUTOMATON_SIZE_MAX: usize = 2 * 1024 * 1024;
/// Bytes that the patterns of a tenant may take together as such a set; where they take more, each is matched alone.
const SET_SIZE_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a thread's cache for matching a set.
const SET_CACHE_MAX: usize = 4 * PATTERN_SIZE_MAX;

/// The routes of a tenant, compiled once per change.
#[derive(Debug, Clone)]
pub struct RouteTable {
    matcher: Matcher,
    /// Of each pattern in the matcher, the route.
    places: Vec<usize>,
    /// Of each route, why it never matches.
    broken: Vec<Option<Box<str>>>,
    broken_count: usize,
    rewrites: Vec<Option<CompiledRewrites>>,
}

#[derive(Debug, Clone)]
enum Matcher {
    /// Every state is there: no thread needs a cache of its own, and the first call is as quick as the last. Its states are
    /// kept as ranges, in a quarter of a table's memory: of a tenant that seldom calls, little has to be fetched.
    Automaton(Box<sparse::DFA<Vec<u8>>>),
    Set(RegexSet),
    Each(Vec<Option<Regex>>),
}

/// What each kind of matcher may take.
#[derive(Clone, Copy)]
struct Bounds {
    automaton: usize,
    set: usize,
}

impl RouteTable {
    /// Compiles all patterns.
    #[must_use]
    pub fn compile(routes: &[VoiceRoute]) -> Self {
        Self::within(Bounds { automaton: AUTOMATON_SIZE_MAX, set: SET_SIZE_MAX }, routes)
    }

    fn within(bounds: Bounds, routes: &[VoiceRoute]) -> Self {
        let (mut places, mut texts, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        for (place, route) in routes.iter().enumerate() {
            match check(&route.number_pattern) {
                Ok(text) => {
                    places.push(place);
                    texts.push(text);
                    broken.push(None);
                }
                Err(error) => broken.push(Some(error.to_string().into_boxed_str())),
            }
        }
        let rewrites = routes
            .iter()
            .map(|route| {
                (route.rewrites != Rewrites::default()).then(|| CompiledRewrites::compile(&route.rewrites))
            })
            .collect();
        let matcher = match automaton(bounds.automaton, &texts) {
            Some(automaton) => Matcher::Automaton(Box::new(automaton)),
            None => without_automaton(bounds.set, &texts),
        };
        Self { matcher, places, broken_count: broken.iter().flatten().count(), broken, rewrites }
    }

    /// The routes that match a number, in order.
    #[must_use]
    pub fn matches(&self, number: &str) -> Vec<usize> {
        if self.places.is_empty() {
            return Vec::new();
        }
        match &self.matcher {
            Matcher::Automaton(automaton) => {
                let mut found = PatternSet::new(automaton.pattern_len());
                // It fails for a search that gives up half-way, which this automaton is not told to.
                let _ = automaton.try_which_overlapping_matches(&Input::new(number), &mut found);
                found.iter().map(|pattern| self.places[pattern.as_usize()]).collect()
            }
            Matcher::Set(set) => set.matches(number).into_iter().map(|index| self.places[index]).collect(),
            Matcher::Each(each) => {
                let all = self.places.iter().zip(each);
                let is_match =
                    |regex: &Option<Regex>| regex.as_ref().is_some_and(|regex| regex.is_match(number));
                all.filter(|(_, regex)| is_match(regex)).map(|(place, _)| *place).collect()
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
    pub const fn broken_count(&self) -> usize {
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

/// The patterns as one automaton; `None` where it would be too big, or has to look at what is no byte of its own (a word
/// boundary beside a letter that is not ASCII).
fn automaton(size_max: usize, texts: &[String]) -> Option<sparse::DFA<Vec<u8>>> {
    let config =
        thompson::Config::new().which_captures(thompson::WhichCaptures::None).nfa_size_limit(Some(size_max));
    let nfa = thompson::Compiler::new().configure(config).build_many(texts).ok()?;
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(StartKind::Unanchored)
        .determinize_size_limit(Some(size_max))
        .dfa_size_limit(Some(size_max));
    dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?.to_sparse().ok()
}

/// The patterns as a set, or where that is too big one by one.
fn without_automaton(size_max: usize, texts: &[String]) -> Matcher {
    let set = RegexSetBuilder::new(texts).size_limit(size_max).dfa_size_limit(SET_CACHE_MAX).build();
    match set {
        Ok(set) => Matcher::Set(set),
        Err(_) => {
            let build = |text: &String| RegexBuilder::new(text).size_limit(2 * PATTERN_SIZE_MAX).build().ok();
            Matcher::Each(texts.iter().map(build).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn routes(patterns: &[&str]) -> Vec<VoiceRoute> {
        let route =
            |pattern: &&str| VoiceRoute { number_pattern: (*pattern).to_owned(), ..VoiceRoute::default() };
        patterns.iter().map(route).collect()
    }

    /// The same routes in each kind of matcher.
    fn each_kind(routes: &[VoiceRoute]) -> [RouteTable; 3] {
        let set = Bounds { automaton: 1, set: SET_SIZE_MAX };
        let each = Bounds { automaton: 1, set: 1 };
        [RouteTable::compile(routes), RouteTable::within(set, routes), RouteTable::within(each, routes)]
    }

    #[test]
    fn every_matching_route_is_found_in_order_and_a_broken_one_is_passed_over() {
        let tables = each_kind(&routes(&[r"^\+46", r"^(\+1$", r"^\+1", r"^\+\d+$", ".*"]));
        assert!(matches!(tables[0].matcher, Matcher::Automaton(_)));
        assert!(matches!(tables[1].matcher, Matcher::Set(_)));
        assert!(matches!(tables[2].matcher, Matcher::Each(_)));
        for table in tables {
            assert_eq!(table.matches("+4684650040"), [0, 3, 4]);
            assert_eq!(table.matches("+12065550100"), [2, 3, 4]);
            assert_eq!(table.matches("anna"), [4]);
            assert_eq!(table.broken().map(|(index, _)| index).collect::<Vec<_>>(), [1]);
        }
    }

    #[test]
    fn as_many_routes_as_azure_allows_fit_into_one_automaton() {
        let patterns: Vec<String> = (0..250)
            .map(|n| match n % 3 {
                0 => format!(r"^\+{}\d{{4,12}}$", 200 + n),
                1 => format!(r"^\+1({}|{})(\d{{7}})$", 200 + n, 600 + n),
                _ => format!(r"^\+0?{}$", 1_000 + n),
            })
            .collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let table = RouteTable::compile(&routes(&patterns));
        assert!(matches!(table.matcher, Matcher::Automaton(_)));
        assert_eq!(table.matches("+2031234567"), [3]);
        assert!(RouteTable::compile(&[]).matches("+1").is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn each_kind_of_matcher_finds_the_same(
            patterns in proptest::collection::vec(
                r"\^?(\\\+)?[0-9+?(|)]{0,4}(\\d\+|\\d\{2,4\}|\[2-5\]|\.\*|\\w|\\b)?\$?", 0..12),
            number in r"\+?[0-9]{0,12}",
        ) {
            let texts: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let tables = each_kind(&routes(&texts));
            let found: Vec<_> = tables.iter().map(|table| table.matches(&number)).collect();
            prop_assert_eq!(&found[0], &found[2]);
            prop_assert_eq!(&found[1], &found[2]);
        }
    }
}
