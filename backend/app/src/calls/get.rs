//! One call's record, with its legs and its decision.

use super::{
    CallState,
    settle::legs_of,
    traces::hide_carriers,
    view::{CallView, DecisionView, LegView},
};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    ids::CallId,
};
use store::calls::{Call, Leg};

/// A call of the actor's tenant; of a live one, the counters of this moment. An operator sees all tenants' calls.
///
/// # Errors
/// [`Error::Denied`] where the actor may not read calls, [`Error::NotFound`] where there is no such call in its reach.
pub async fn get(app: &App, actor: &Actor, id: CallId) -> Result<CallView, Error> {
    let scope = actor.scope(Permission::ReadCalls).or_else(|_| actor.scope(Permission::Operate))?;
    let call = find(app, &scope, id).await?;
    let mut view = CallView::of(&call, app.now());
    let legs = match call.state {
        CallState::Live => live_legs(app, &call),
        CallState::Ended => store::calls::legs(app.db().read(), &scope, id).await?,
    };
    let mut legs: Vec<LegView> = legs.iter().map(LegView::from).collect();
    if call.payer_call.is_none() {
        let decision = store::calls::decision(app.db().read(), &scope, id).await?;
        hide_carriers(&scope, &call, decision.as_ref(), &mut legs);
        view.decision = decision.as_ref().map(DecisionView::from);
    }
    view.legs = Some(legs);
    Ok(view)
}

/// A record in a scope.
pub(crate) async fn find(app: &App, scope: &Scope, id: CallId) -> Result<Call, Error> {
    store::calls::get(app.db().read(), scope, id)
        .await?
        .ok_or_else(|| Error::not_found("id", format!("there is no call {id}")))
}

/// The legs of a call that is up, where this node carries it.
fn live_legs(app: &App, call: &Call) -> Vec<Leg> {
    let carried = call.payer_call.unwrap_or(call.id);
    let live = app.deps().edge.as_ref().and_then(|edge| edge.live_call(carried.0.as_u128()));
    let Some(mut live) = live else { return Vec::new() };
    // As in the settlement: the payer does not see where another tenant's leg goes.
    let known = app.calls().table.get(carried.0.as_u128());
    if call.payer_call.is_none() && known.is_none_or(|known| known.callee_call.is_some()) {
        live.peers[1] = None;
    }
    legs_of(call, live.peers, [None, None], live.media.as_ref())
}
