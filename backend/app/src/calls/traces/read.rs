//! Reading the trace of a call: from its shard while it is up and a little after, then from where it is kept.

use super::{
    codec::unpack,
    pcap::{Datagram, capture},
    sight::{Seen, Sights},
    view::{self, TraceView},
};
use crate::{App, Error, calls::get::find};
use domain::{
    access::{Actor, Permission},
    ids::{CallId, TenantId},
};
use edge::seam::{Reply, Trace, TraceEvent};
use std::time::Duration;
use store::calls::{Call, StoredDecision};
use tokio::sync::oneshot;

/// How long a shard may take to answer; it is not waited for longer.
const SHARD_PATIENCE: Duration = Duration::from_millis(500);
/// What is said of a call without a trace.
const NONE: &str = "No trace of this call is kept: it is older than traces are kept, its node was busier than its budget \
    for traces allows, or the node stopped before it was written.";

/// The trace of a call of the actor's tenant: what its own legs said in full, of others as much as it may know. An
/// operator sees all.
///
/// # Errors
/// [`Error::Denied`] where the actor may not read calls, [`Error::NotFound`] where there is no such call in its reach.
pub async fn trace(app: &App, actor: &Actor, id: CallId) -> Result<TraceView, Error> {
    let found = Found::look(app, actor, id).await?;
    let Some(trace) = &found.trace else { return Ok(view::nothing(id, found.call.state, NONE)) };
    Ok(view::view(id, found.call.state, trace, &found.sights(app, trace)))
}

/// The same as a capture file of raw IP packets. Messages that went over connections are written as datagrams, those
/// of another tenant's leg not at all.
///
/// # Errors
/// As [`trace`]; [`Error::NotFound`] also where there is no trace.
pub async fn trace_capture(app: &App, actor: &Actor, id: CallId) -> Result<Vec<u8>, Error> {
    let found = Found::look(app, actor, id).await?;
    let Some(trace) = &found.trace else { return Err(Error::not_found("id", NONE)) };
    let sights = found.sights(app, trace);
    let mut datagrams = Vec::new();
    for entry in trace.entries() {
        let TraceEvent::Message { leg, is_received, peer, bytes } = &entry.event else { continue };
        let sight = sights.party(*leg).sight;
        let Seen::Bytes(payload) = sights.message(sight, bytes) else { continue };
        let far = sights.peer_address(sight, *leg, *peer);
        let (from, to) = if *is_received { (far, trace.local) } else { (trace.local, far) };
        datagrams.push(Datagram { at: entry.at, from, to, payload });
    }
    Ok(capture(&datagrams))
}

/// What there is of a call.
struct Found {
    /// Whose eyes; `None` are the operator's.
    reader: Option<TenantId>,
    call: Call,
    decision: Option<StoredDecision>,
    trace: Option<Trace>,
}

impl Found {
    async fn look(app: &App, actor: &Actor, id: CallId) -> Result<Self, Error> {
        let scope = actor.scope(Permission::ReadCalls).or_else(|_| actor.scope(Permission::Operate))?;
        let call = find(app, &scope, id).await?;
        let carried = call.payer_call.unwrap_or(call.id);
        // Whose each leg is stands in the decision, which the callee's tenant is not shown but which says what it is.
        let all = domain::access::Scope::system(
            "who owns which leg of a call whose record was found in the reader's scope",
        );
        let decision = store::calls::decision(app.db().read(), &all, carried).await?;
        let number = carried.0.as_u128();
        // A trace goes from the shard to those that wait and from there to the database, so in this order it is found.
        let trace = match in_shard(app, number).await {
            Some(trace) => Some(*trace),
            None => match app.calls().traces.waiting(number) {
                Some(trace) => Some(Trace::clone(&trace)),
                None => {
                    let packed = store::calls::trace(app.db().read(), &scope, id).await?;
                    packed.and_then(|packed| unpack(&packed))
                }
            },
        };
        Ok(Self { reader: scope.tenant(), call, decision, trace })
    }

    fn sights<'a>(&'a self, app: &App, trace: &Trace) -> Sights<'a> {
        Sights::new(self.reader, &self.call, self.decision.as_ref(), trace, &app.settings().public_host)
    }
}

/// Asks each shard of this node.
async fn in_shard(app: &App, call: u128) -> Option<Box<Trace>> {
    let edge = app.deps().edge.as_ref()?;
    for shard in 0..edge.shards() {
        let (send, answer) = oneshot::channel();
        let reply = Reply::new(move |trace: Option<Option<Box<Trace>>>| {
            // Nobody listens only where the reader has gone.
            let _ = send.send(trace.flatten());
        });
        edge.trace(shard, call, reply);
        if let Ok(Ok(Some(trace))) = tokio::time::timeout(SHARD_PATIENCE, answer).await {
            return Some(trace);
        }
    }
    None
}
