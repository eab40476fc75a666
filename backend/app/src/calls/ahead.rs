//! What is found out about a call ahead of its decision: who signed it. A call that nobody signed, or whose signature
//! nobody asks for, is decided at once.

use super::{decide, facts::facts_of};
use crate::{App, stir};
use domain::ids::CarrierId;
use edge::seam::{CallFacts, CallSummary, PartyKind, Reply, Verdict};
use uuid::Uuid;

/// Decides a call, once what is needed is known. Never blocks.
pub(super) fn decide(app: &App, call: CallFacts, reply: Reply<Verdict>) {
    if call.identities.is_empty() || !is_verified(app, &call) {
        return decide::decide(app, &call, None, reply);
    }
    if !app.stir().begin(call.call) {
        let found = stir::overloaded(app.stir());
        return decide::decide(app, &call, Some(found), reply);
    }
    let then = app.clone();
    app.stir().runtime().spawn(async move {
        let facts = facts_of(&call).ok();
        let found = stir::verify(&then, &call, facts.as_ref()).await;
        decide::decide(&then, &call, Some(found), reply);
        // It may have been given up meanwhile: its end finds it decided now.
        if let Some(summary) = then.stir().finish(call.call) {
            decide::ended(&then, *summary);
        }
    });
}

/// A call is over.
pub(super) fn ended(app: &App, summary: CallSummary) {
    if let Some(summary) = app.stir().ended(summary) {
        decide::ended(app, summary);
    }
}

/// Whether the signatures of a carrier's calls are asked for.
fn is_verified(app: &App, call: &CallFacts) -> bool {
    let live = app.live();
    let asked = || {
        let carrier = live.config.carrier(CarrierId(Uuid::from_u128(call.party.id)))?;
        Some(!carrier.sandbox && !carrier.unverified)
    };
    call.party.kind == PartyKind::Carrier
        && live.config.platform.value.stir.verifies
        && asked().unwrap_or(false)
}
