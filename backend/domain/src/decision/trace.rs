//! How a decision came about, kept as one text: a decision has some ten steps, and most of them are never read.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{self, Write as _};

/// Bytes of text that a new trace has room for: what most decisions say.
const TEXT_SIZE: usize = 768;
/// Steps that a new trace has room for.
const STEPS: usize = 12;

/// How one rule judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mark {
    /// The call went on.
    Passed,
    /// The rule did not apply.
    Skipped,
    /// The rule ended the decision.
    Refused,
}

/// One line of the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The rule's name: `emergency`, `caller`, `number`, `identity`, `rewrite`, `route`, `trunk`, `destination`, `carrier`, `margin`,
    /// `callerId`, `price`, `recording`, `calleeRecording`, `limits`, `velocity`, `caps`, `funds`. What `margin` says is for the operator
    /// alone, and what `calleeRecording` says is not for who pays.
    pub rule: String,
    /// How it judged.
    pub mark: Mark,
    /// One sentence.
    pub text: String,
}

/// A line of a trace where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StepRef<'a> {
    /// The rule's name, as in [`Step::rule`].
    pub rule: &'a str,
    /// How it judged.
    pub mark: Mark,
    /// One sentence.
    pub text: &'a str,
}

/// The steps of a decision, in order. Its JSON is a list of [`Step`].
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    /// Rule and sentence of each step, one after the other.
    text: String,
    steps: Vec<Place>,
}

/// Where a step stands in the text; it begins where the one before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    mark: Mark,
    rule_end: usize,
    end: usize,
}

impl Trace {
    /// An empty trace, with room for what is usual.
    #[must_use]
    pub fn new() -> Self {
        Self { text: String::with_capacity(TEXT_SIZE), steps: Vec::with_capacity(STEPS) }
    }

    /// Adds a step whose sentence is these pieces in a row.
    pub(super) fn join(&mut self, rule: &str, mark: Mark, pieces: &[&str]) {
        self.text.push_str(rule);
        let rule_end = self.text.len();
        for piece in pieces {
            self.text.push_str(piece);
        }
        self.steps.push(Place { mark, rule_end, end: self.text.len() });
    }

    /// Adds a step.
    pub(super) fn write(&mut self, rule: &str, mark: Mark, text: fmt::Arguments<'_>) {
        self.text.push_str(rule);
        let rule_end = self.text.len();
        // A string takes everything.
        let _ = self.text.write_fmt(text);
        self.steps.push(Place { mark, rule_end, end: self.text.len() });
    }

    /// Takes the last step away.
    pub(super) fn pop(&mut self) {
        self.steps.pop();
        self.text.truncate(self.steps.last().map_or(0, |last| last.end));
    }

    /// The steps.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = StepRef<'_>> + ExactSizeIterator {
        (0..self.steps.len()).map(|place| self.at(place))
    }

    fn at(&self, place: usize) -> StepRef<'_> {
        let Place { mark, rule_end, end } = self.steps[place];
        let begin = place.checked_sub(1).map_or(0, |before| self.steps[before].end);
        StepRef { rule: &self.text[begin..rule_end], mark, text: &self.text[rule_end..end] }
    }

    /// The last step; `None` where there is none.
    #[must_use]
    pub fn last(&self) -> Option<StepRef<'_>> {
        Some(self.at(self.steps.len().checked_sub(1)?))
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl FromIterator<Step> for Trace {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        let mut trace = Self::new();
        for Step { rule, mark, text } in steps {
            trace.join(&rule, mark, &[&text]);
        }
        trace
    }
}

impl From<StepRef<'_>> for Step {
    fn from(step: StepRef<'_>) -> Self {
        Self { rule: step.rule.to_owned(), mark: step.mark, text: step.text.to_owned() }
    }
}

impl Serialize for Trace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Trace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Step>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_as_it_was_written_and_its_json_is_a_list_of_steps() {
        let mut trace = Trace::new();
        trace.join("trunk", Mark::Passed, &["trunk ", "a", " is tried"]);
        trace.write("limits", Mark::Refused, format_args!("{} of {} calls are up", 2, 2));
        trace.join("funds", Mark::Passed, &["gone"]);
        trace.pop();
        let json = r#"[{"rule":"trunk","mark":"passed","text":"trunk a is tried"},{"rule":"limits","mark":"refused","text":"2 of 2 calls are up"}]"#;
        assert_eq!(serde_json::to_string(&trace).ok().as_deref(), Some(json));
        assert_eq!(serde_json::from_str::<Trace>(json).ok(), Some(trace.clone()));
        assert_eq!(trace.last().map(|step| step.rule), Some("limits"));
        assert_eq!(trace.iter().map(Step::from).collect::<Trace>(), trace);
        trace.pop();
        trace.pop();
        trace.pop();
        assert_eq!(trace.last(), None);
    }
}
