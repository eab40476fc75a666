//! Number manipulation: a pattern, and what stands in its place.

use super::{dotnet::PatternError, pattern::compile};
use crate::{config::Fault, phone::DIALLED_MAX_LEN};
use regex::Regex;
use serde::{Deserialize, Serialize};

/// The most rules of one list.
pub const REWRITES_MAX: usize = 64;
const REPLACEMENT_LEN_MAX: usize = 256;

/// One rule: the first part of the number that the pattern matches is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rewrite {
    /// A .NET regular expression over the number, such as `^0(\d+)$`.
    pub pattern: String,
    /// What stands in its place; `$1` and `${name}` are groups of the pattern, `$$` is a dollar.
    pub replacement: String,
}

/// The rules of a route or of one direction of a peer. In each list the first rule that matches is applied, alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Rewrites {
    /// On the caller id.
    pub caller: Vec<Rewrite>,
    /// On the called number.
    pub callee: Vec<Rewrite>,
}

impl Rewrites {
    /// Whether every rule can be used.
    ///
    /// # Errors
    /// [`Fault`] names the rule, the place in its pattern and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        for (side, rules) in [("caller", &self.caller), ("callee", &self.callee)] {
            if rules.len() > REWRITES_MAX {
                return Err(Fault::new(side, format!("give at most {REWRITES_MAX} rules")));
            }
            for (index, rule) in rules.iter().enumerate() {
                if rule.replacement.len() > REPLACEMENT_LEN_MAX {
                    let field = format!("{side}[{index}].replacement");
                    return Err(Fault::new(field, format!("give at most {REPLACEMENT_LEN_MAX} bytes")));
                }
                Rule::compile(rule)
                    .map_err(|error| Fault::new(format!("{side}[{index}].pattern"), error.to_string()))?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone)]
struct Rule {
    pattern: Regex,
    replacement: String,
}

impl Rule {
    fn compile(rule: &Rewrite) -> Result<Self, PatternError> {
        let pattern = compile(&rule.pattern)?;
        let replacement = braced(&rule.replacement, pattern.captures_len());
        Ok(Self { pattern, replacement })
    }
}

/// `$1` as `${1}`: in .NET digits alone name a group, and as many of them as there are groups; a `$` that names none is
/// a dollar.
fn braced(replacement: &str, groups: usize) -> String {
    let mut out = String::with_capacity(replacement.len() + 4);
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push_str("$$");
            rest = after;
            continue;
        }
        if rest.starts_with('{') && rest.contains('}') {
            out.push('$');
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let named = (1..=digits).rev().find(|n| rest[..*n].parse().is_ok_and(|group: usize| group < groups));
        match named {
            Some(length) => {
                out.push_str(&format!("${{{}}}", &rest[..length]));
                rest = &rest[length..];
            }
            None => out.push_str("$$"),
        }
    }
    out.push_str(rest);
    out
}

/// Rules compiled, once per change. A rule that cannot be used is left out: it was refused when it was set.
#[derive(Debug, Clone, Default)]
pub struct CompiledRewrites {
    caller: Vec<Rule>,
    callee: Vec<Rule>,
}

impl CompiledRewrites {
    /// Compiles the rules.
    #[must_use]
    pub fn compile(rules: &Rewrites) -> Self {
        let all = |rules: &[Rewrite]| rules.iter().filter_map(|rule| Rule::compile(rule).ok()).collect();
        Self { caller: all(&rules.caller), callee: all(&rules.callee) }
    }

    /// The caller id after its rule; `None` where it stays as it is.
    ///
    /// # Errors
    /// What came out, where that can stand in no URI.
    pub fn caller(&self, number: &str) -> Result<Option<String>, String> {
        apply(&self.caller, number)
    }

    /// The called number after its rule; `None` where it stays as it is.
    ///
    /// # Errors
    /// What came out, where that can stand in no URI.
    pub fn callee(&self, number: &str) -> Result<Option<String>, String> {
        apply(&self.callee, number)
    }
}

fn apply(rules: &[Rule], number: &str) -> Result<Option<String>, String> {
    let Some(rule) = rules.iter().find(|rule| rule.pattern.is_match(number)) else { return Ok(None) };
    let made = rule.pattern.replace(number, rule.replacement.as_str()).into_owned();
    let is_sound = |c: char| c.is_ascii_alphanumeric() || "+-._*#!~".contains(c);
    if made.is_empty() || made.len() > DIALLED_MAX_LEN || !made.chars().all(is_sound) {
        return Err(made.chars().take(DIALLED_MAX_LEN).collect());
    }
    Ok((made != number).then_some(made))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callee(pattern: &str, replacement: &str, number: &str) -> Result<Option<String>, String> {
        let rule = Rewrite { pattern: pattern.into(), replacement: replacement.into() };
        CompiledRewrites::compile(&Rewrites { caller: vec![], callee: vec![rule] }).callee(number)
    }

    #[test]
    fn numbers_are_rewritten_as_a_net_replacement_would() {
        for (pattern, replacement, number, expected) in [
            (r"^0(\d+)$", "+46$1", "084650040", Some("+4684650040")),
            (r"^\+46(\d+)$", "0$1", "+4684650040", Some("084650040")),
            (r"^\+(\d)(\d+)$", "00$1$2", "+4684650040", Some("004684650040")),
            (r"^(\d)$", "$12", "7", Some("72")), // there is no group 12
            (r"^(?<rest>\d+)$", "9${rest}", "123", Some("9123")),
            (r"^\+", "", "+46", Some("46")),
            (r"^\+47", "+46", "+4684650040", None),
        ] {
            assert_eq!(callee(pattern, replacement, number), Ok(expected.map(str::to_owned)), "{pattern}");
        }
    }

    #[test]
    fn the_first_rule_that_matches_is_applied_alone() {
        let rule = |pattern: &str, replacement: &str| Rewrite {
            pattern: pattern.into(),
            replacement: replacement.into(),
        };
        let rules =
            Rewrites { caller: vec![rule("^1", "2"), rule("^2", "3"), rule("^1", "4")], callee: vec![] };
        let compiled = CompiledRewrites::compile(&rules);
        assert_eq!(compiled.caller("1"), Ok(Some("2".into())));
        assert_eq!(compiled.caller("2"), Ok(Some("3".into())));
        assert_eq!(compiled.callee("1"), Ok(None));
    }

    #[test]
    fn a_rule_that_makes_what_can_stand_in_no_uri_is_found_out() {
        assert_eq!(callee("^46$", "a@b", "46"), Err("a@b".into()));
        assert_eq!(callee("^46$", "\r\nX: 1", "46"), Err("\r\nX: 1".into()));
        assert_eq!(callee("^46$", "", "46"), Err(String::new()));
    }

    #[test]
    fn a_rule_that_cannot_be_used_is_refused_by_its_place() {
        let rule = Rewrite { pattern: r"(\d)\1".into(), replacement: "x".into() };
        let fault = Rewrites { caller: vec![], callee: vec![rule] }.check().expect_err("a back-reference");
        assert_eq!(fault.field, "callee[0].pattern");
        assert!(fault.message.contains("character 5"), "{fault}");
    }
}
