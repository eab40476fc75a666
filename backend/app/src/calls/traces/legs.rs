//! The legs of a record as a tenant may see them: where a carrier is, is the operator's business.

use super::redact::{CARRIER, without_addresses};
use crate::calls::LegView;
use domain::{
    access::Scope,
    decision::{Source, Target},
};
use store::calls::{Call, StoredDecision};

/// Takes the address of a carrier out of the legs that a tenant sees.
pub(in crate::calls) fn hide_carriers(
    scope: &Scope,
    call: &Call,
    decision: Option<&StoredDecision>,
    legs: &mut [LegView],
) {
    let Some(stored) = decision.filter(|_| scope.tenant().is_some()) else { return };
    let is_carriers = |leg: &LegView| match leg.side {
        "caller" => matches!(stored.facts.source, Source::Carrier { .. }),
        _ => {
            let has_carrier =
                stored.decision.plan.iter().any(|attempt| matches!(attempt.target, Target::Carrier { .. }));
            has_carrier && call.callee_trunk.is_none()
        }
    };
    for leg in legs.iter_mut().filter(|leg| is_carriers(leg)) {
        leg.peer = leg.peer.take().map(|_| CARRIER.to_owned());
        leg.explanation = without_addresses(&leg.explanation);
    }
}
