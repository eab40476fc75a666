//! How a call was decided, as pages print it: of a real call and of one that nobody makes.

use crate::portal::words::{self, Badge};
use app::calls::{AttemptView, DecisionView, SimulationView};
use domain::stir::{Verification, Verstat};

/// A decision.
pub(super) struct DecisionPart {
    /// The versions of the configuration that were read; empty where the decision is of this moment.
    pub(super) config: String,
    /// How it came about.
    pub(super) steps: Vec<StepRow>,
    /// Whom it rings, in order.
    pub(super) plan: Vec<AttemptRow>,
    /// What was found out about the signature of the call.
    pub(super) identity: Option<IdentityPart>,
}

/// What was found out about a signature.
pub(super) struct IdentityPart {
    pub(super) verstat: Badge,
    pub(super) attest: String,
    pub(super) text: String,
    pub(super) x5u: String,
}

impl From<&Verification> for IdentityPart {
    fn from(found: &Verification) -> Self {
        let tone = match found.verstat {
            Verstat::Passed => "good",
            Verstat::Failed => "bad",
            Verstat::NotValidated => "warn",
        };
        Self {
            verstat: Badge::new(tone, found.verstat.word()),
            attest: found.attest.map(|attest| attest.letter().to_string()).unwrap_or_default(),
            text: found.text.clone(),
            x5u: found.x5u.clone().unwrap_or_default(),
        }
    }
}

/// One rule's judgement.
pub(super) struct StepRow {
    pub(super) rule: String,
    pub(super) badge: Badge,
    pub(super) text: String,
}

/// One try.
pub(super) struct AttemptRow {
    pub(super) target: String,
    pub(super) caller_id: String,
    pub(super) callee: String,
}

impl From<&SimulationView> for DecisionPart {
    fn from(decided: &SimulationView) -> Self {
        let step = |step: &domain::decision::Step| StepRow {
            rule: if step.rule == "callerId" { "caller id".to_owned() } else { step.rule.clone() },
            badge: words::mark(step.mark),
            text: step.text.clone(),
        };
        Self {
            config: String::new(),
            steps: decided.trace.iter().map(step).collect(),
            plan: decided.plan.iter().map(AttemptRow::from).collect(),
            identity: None,
        }
    }
}

impl From<&DecisionView> for DecisionPart {
    fn from(decision: &DecisionView) -> Self {
        Self {
            config: decision.config_version.clone(),
            identity: decision.identity.as_ref().map(IdentityPart::from),
            ..Self::from(&decision.decided)
        }
    }
}

impl From<&AttemptView> for AttemptRow {
    fn from(attempt: &AttemptView) -> Self {
        let target = match attempt.kind {
            "onNet" => "another tenant of this platform".to_owned(),
            "echo" => "the echo".to_owned(),
            kind => format!("{kind} {}", attempt.name),
        };
        Self {
            target,
            caller_id: attempt.caller_id.clone().unwrap_or_else(|| "anonymous".to_owned()),
            callee: attempt.callee.clone(),
        }
    }
}
