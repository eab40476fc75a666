//! Ending a live call.

use super::{CallState, get::find, plan::refusal};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::{
    access::{Actor, Permission},
    cause::Cause,
    ids::CallId,
};
use serde_json::Value;

/// Seconds after which it is worth asking again, where the edge could not take the order.
const RETRY_AFTER: u32 = 1;

/// Ends a live call of the actor's tenant, as either side's hanging up would. Its record closes by itself.
///
/// # Errors
/// [`Error::Denied`] where the actor may not, [`Error::NotFound`] where there is no such call in its reach,
/// [`Error::Conflict`] where it is over, [`Error::Unavailable`] where another node carries it or the edge is busy.
pub async fn end(app: &App, actor: &Actor, id: CallId) -> Result<(), Error> {
    let scope = actor.scope(Permission::ControlCalls).or_else(|_| actor.scope(Permission::Operate))?;
    let call = find(app, &scope, id).await?;
    if call.state == CallState::Ended {
        return Err(Error::conflict("id", "the call is over already"));
    }
    let carried = call.payer_call.unwrap_or(call.id);
    let edge = app.deps().edge.as_ref();
    let ordered = edge.is_some_and(|edge| edge.end(carried.0.as_u128(), refusal(Cause::EndedByCommand)));
    if !ordered {
        return Err(Error::Unavailable { retry_after: RETRY_AFTER });
    }
    let change = Change {
        actor: &actor.name,
        tenant: actor.tenant,
        what: "call.end",
        target: &id.to_string(),
        before: Value::Null,
        after: Value::Null,
    };
    audit::note(app, &scope, change).await
}
