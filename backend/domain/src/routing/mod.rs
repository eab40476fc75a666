//! Voice routes: patterns in order, and the trunks that they lead to.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// Bytes that one compiled pattern may take.
const PATTERN_SIZE_MAX: usize = 256 * 1024;

/// A voice route of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceRoute {
    /// Its name, unique in the tenant.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// A .NET regular expression over the number with its `+`.
    pub number_pattern: String,
    /// The trunks, by FQDN, in the order in which they are tried.
    pub trunks: Vec<String>,
    /// The caller id to show instead of the caller's.
    pub caller_id_override: Option<String>,
}

/// A pattern as it can be matched, or why it never matches.
#[derive(Debug, Clone)]
pub struct Pattern(Result<Regex, String>);

impl Pattern {
    /// Compiles a pattern of the .NET kind where its meaning is the same here. A `+` with nothing before it to repeat
    /// (`^+1…`, as the Azure documentation itself writes) means a literal plus. `\d` matches ASCII digits alone.
    #[must_use]
    pub fn compile(text: &str) -> Self {
        let literal_plus = text.replace("^+", r"^\+").replace("(+", r"(\+").replace("|+", r"|\+");
        let literal_plus =
            if literal_plus.starts_with('+') { format!(r"\{literal_plus}") } else { literal_plus };
        let ascii = literal_plus.replace(r"\d", "[0-9]").replace(r"[[0-9]", "[0-9");
        let compiled =
            RegexBuilder::new(&ascii).size_limit(PATTERN_SIZE_MAX).dfa_size_limit(PATTERN_SIZE_MAX).build();
        Self(compiled.map_err(|error| last_line(&error.to_string())))
    }

    /// Whether it matches.
    #[must_use]
    pub fn matches(&self, number: &str) -> bool {
        self.0.as_ref().is_ok_and(|regex| regex.is_match(number))
    }

    /// Why it never matches.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ").to_owned()
}

/// The routes of a tenant, compiled once per change.
#[derive(Debug, Clone)]
pub struct RouteTable {
    patterns: Vec<Pattern>,
}

impl RouteTable {
    /// Compiles all patterns.
    #[must_use]
    pub fn compile(routes: &[VoiceRoute]) -> Self {
        Self { patterns: routes.iter().map(|route| Pattern::compile(&route.number_pattern)).collect() }
    }

    /// The pattern of the route at `index`.
    #[must_use]
    pub fn pattern(&self, index: usize) -> Option<&Pattern> {
        self.patterns.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_patterns_match_what_their_authors_meant() {
        for (pattern, number, expected) in [
            (r"^\+\d+$", "+12065550100", true),
            (r"^\+1(\d{10})$", "+12065550100", true),
            (r"^\+1(\d{10})$", "+4684650040", false),
            (r"^\+1(425|206)(\d{7})$", "+12065550100", true),
            (r"^\+0?1234$", "+1234", true),
            (r"^+[1-9][0-9]{3,23}$", "+4684650040", true),
            (r"+1206", "+12065550100", true),
        ] {
            assert_eq!(Pattern::compile(pattern).matches(number), expected, "{pattern} on {number}");
        }
    }

    #[test]
    fn a_digit_class_matches_ascii_digits_alone() {
        assert!(!Pattern::compile(r"^\+\d+$").matches("+٤٦"));
        assert!(Pattern::compile(r"^\+[\d]+$").matches("+46"));
    }

    #[test]
    fn a_broken_pattern_never_matches_and_says_why() {
        let pattern = Pattern::compile(r"^(\+1$");
        assert!(!pattern.matches("+1"));
        assert!(pattern.broken().is_some_and(|why| why.contains("unclosed")));
    }
}
