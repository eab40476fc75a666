//! What a payer may not see of a decision: how another tenant binds its numbers, whether that records, and what the carriers ask.

use domain::{
    config::Snapshot,
    decision::{Decision, FORWARDS_MAX, Facts, Mark, Step, StepRef, Trace, Verdict, called},
    ids::TenantId,
    numbering::Binding,
    phone::E164,
};

/// The numbers of this platform that a call passes on its way, with their owners: the one dialled, and those that it
/// is forwarded to.
pub(super) fn way(snapshot: &Snapshot, facts: &Facts) -> Vec<(TenantId, E164)> {
    let mut way = Vec::new();
    let mut next = called(snapshot, facts).e164();
    while let Some((_, owned)) = next.and_then(|number| snapshot.owner(number)) {
        way.push((owned.tenant, owned.number));
        next = match owned.binding {
            Binding::Forward(number) if way.len() <= FORWARDS_MAX => Some(number),
            _ => None,
        };
    }
    way
}

/// The first number on the way that the payer does not own.
pub(super) fn foreign_number(way: &[(TenantId, E164)], payer: Option<TenantId>) -> Option<String> {
    way.iter().find(|(owner, _)| Some(*owner) != payer).map(|(_, number)| number.to_string())
}

/// The tenant whose phone or trunk is rung, where it is not the payer, and the number of it that was reached.
pub(super) fn callee(decision: &Decision, way: &[(TenantId, E164)]) -> Option<(TenantId, E164)> {
    let rung = decision.rung()?;
    way.iter().rev().find(|(owner, _)| *owner == rung && Some(rung) != decision.payer).copied()
}

/// What a tenant reads instead of a carrier's cost.
const MARGIN: &str = "a carrier is passed over for its price";

/// The decision without what happens behind a number of another tenant, what that records, and what carriers cost.
pub(super) fn redact(decision: &Decision, foreign_number: Option<&str>) -> Decision {
    let mut shown = decision.clone();
    shown.recording.retain(|tenant| Some(*tenant) == decision.payer);
    let steps: Vec<StepRef<'_>> = decision.trace.iter().filter_map(of_payer).collect();
    let Some(number) = foreign_number else {
        shown.trace = trace(&steps);
        return shown;
    };
    for attempt in &mut shown.plan {
        number.clone_into(&mut attempt.callee);
    }
    let reached = steps.iter().position(|step| step.rule == "number" && step.text.contains(number));
    let (kept, behind) = steps.split_at(reached.map_or(steps.len(), |reached| reached + 1));
    let (hidden, rest): (Vec<StepRef<'_>>, Vec<StepRef<'_>>) = behind.iter().partition(|step| {
        matches!(step.rule, "number" | "trunk" | "caller" | "carrier" | "rewrite" | "margin")
    });
    let Some(last) = hidden.last() else {
        shown.trace = trace(&steps);
        return shown;
    };
    let text = match last.mark {
        Mark::Refused => format!("the owner of {number} does not take calls to it at this moment"),
        Mark::Passed | Mark::Skipped => format!("the owner of {number} takes the call from here"),
    };
    if let (Mark::Refused, Verdict::Refuse { detail, .. }) = (last.mark, &mut shown.verdict) {
        text.clone_into(detail);
    }
    let summary = StepRef { rule: "number", mark: last.mark, text: &text };
    shown.trace = trace(kept.iter().chain([&summary]).chain(&rest));
    shown
}

/// A step as who pays reads it: of margins, only that a carrier was passed over.
fn of_payer(step: StepRef<'_>) -> Option<StepRef<'_>> {
    match step.rule {
        "calleeRecording" => None,
        "margin" if step.mark != Mark::Skipped => None,
        "margin" => Some(StepRef { text: MARGIN, ..step }),
        _ => Some(step),
    }
}

fn trace<'a>(steps: impl IntoIterator<Item = &'a StepRef<'a>>) -> Trace {
    steps.into_iter().map(|step| Step::from(*step)).collect()
}
