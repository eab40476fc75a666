//! One pattern, compiled.

use super::dotnet::{PatternError, translate};
use regex::{Regex, RegexBuilder};
use regex_automata::nfa::thompson;

/// The longest pattern, bytes.
pub const PATTERN_LEN_MAX: usize = 1024;
/// Bytes that one compiled pattern may take.
pub(super) const PATTERN_SIZE_MAX: usize = 256 * 1024;

/// A pattern as it can be matched, or why it never matches.
#[derive(Debug, Clone)]
pub struct Pattern(Result<Regex, String>);

impl Pattern {
    /// Compiles a pattern of the .NET kind where its meaning is the same here. A `+` with nothing before it to repeat
    /// (`^+1…`, as the Azure documentation itself writes) means a literal plus. `\d` matches ASCII digits alone.
    #[must_use]
    pub fn compile(text: &str) -> Self {
        Self(compile(text).map_err(|error| error.to_string()))
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

/// Compiles a pattern within the bounds of its length and size.
pub(super) fn compile(text: &str) -> Result<Regex, PatternError> {
    let translated = checked(text)?;
    let built =
        RegexBuilder::new(&translated).size_limit(PATTERN_SIZE_MAX).dfa_size_limit(PATTERN_SIZE_MAX).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => too_big(),
        other => PatternError { position: 1, message: last_line(&other.to_string()) },
    })
}

/// A pattern translated, where it is sound and within the bounds of its length and size.
pub(super) fn check(text: &str) -> Result<String, PatternError> {
    let translated = checked(text)?;
    let config = thompson::Config::new()
        .which_captures(thompson::WhichCaptures::None)
        .nfa_size_limit(Some(PATTERN_SIZE_MAX));
    match thompson::Compiler::new().configure(config).build(&translated) {
        Ok(_) => Ok(translated),
        Err(error) if error.size_limit().is_some() => Err(too_big()),
        Err(error) => {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(next) = cause.source() {
                cause = next;
            }
            Err(PatternError { position: 1, message: last_line(&cause.to_string()) })
        }
    }
}

fn too_big() -> PatternError {
    let message = "the pattern is too big when compiled: use smaller repetitions".to_owned();
    PatternError { position: 1, message }
}

fn checked(text: &str) -> Result<String, PatternError> {
    if text.len() > PATTERN_LEN_MAX {
        let message =
            format!("the pattern is longer than {PATTERN_LEN_MAX} bytes: split it into several routes");
        return Err(PatternError { position: PATTERN_LEN_MAX + 1, message });
    }
    translate(text)
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ").to_owned()
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
        assert!(pattern.broken().is_some_and(|why| why.contains("unclosed") && why.contains("character 2")));
    }

    #[test]
    fn a_pattern_that_would_take_too_much_memory_is_refused() {
        let big = Pattern::compile(r"^(\w{1000}){1000}$");
        assert!(big.broken().is_some_and(|why| why.contains("too big")), "{big:?}");
        assert!(Pattern::compile(&"a".repeat(1025)).broken().is_some_and(|why| why.contains("1024")));
    }
}
