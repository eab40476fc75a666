//! Having the simulated PSTN call an owned number.

use super::State;
use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    ids::CallId,
    phone::E164,
};
use std::{collections::VecDeque, sync::Mutex, time::Duration};
use tokio::sync::Notify;
use uuid::Uuid;

/// How long the INVITE may take from the sandbox over the edge to its record.
const ARRIVES_WITHIN: Duration = Duration::from_secs(5);
/// Calls of the sandbox that are remembered for whoever waits for one.
const REMEMBERED_MAX: usize = 1_024;

/// The sandbox calls `to`, which must be a number of the actor's tenant. The id of the call's record.
///
/// # Errors
/// [`Error::NotFound`] for a number of somebody else, [`Error::Invalid`] for texts that are no numbers,
/// [`Error::Unavailable`] where no sandbox runs here or the call does not arrive within 5 s.
pub async fn sandbox_call(app: &App, actor: &Actor, from: &str, to: &str) -> Result<CallId, Error> {
    let scope = actor.scope(Permission::ControlCalls)?;
    let number = E164::parse(to).map_err(|error| Error::invalid("to", error.to_string()))?;
    let live = app.live();
    let is_owned = live.config.owner(number).is_some_and(|(_, owned)| Some(owned.tenant) == scope.tenant());
    if !is_owned {
        return Err(Error::not_found(
            "to",
            format!("{number} is not a number of this tenant: buy one first"),
        ));
    }
    let Some(sandbox) = &app.deps().sandbox else {
        return Err(Error::Unavailable { retry_after: 60 });
    };
    let placed = sandbox.call(from, to).map_err(|error| match error {
        sandbox::CallError::BadNumber(_) => Error::invalid("from", error.to_string()),
        sandbox::CallError::Busy => Error::Unavailable { retry_after: 1 },
        sandbox::CallError::Stopped => Error::Unavailable { retry_after: 60 },
    })?;
    let arrived = tokio::time::timeout(ARRIVES_WITHIN, app.calls().arrivals.wait(&placed.sip_call_id)).await;
    arrived.map_err(|_| Error::Unavailable { retry_after: 5 })
}

/// The record of a call of the sandbox or of a test phone, by its SIP Call-ID; waits until it is there.
pub(crate) async fn arrival(app: &App, sip_call_id: &str) -> CallId {
    app.calls().arrivals.wait(sip_call_id).await
}

/// Which calls came in from the sandbox a moment ago, by their SIP Call-ID.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    recent: Mutex<VecDeque<(String, CallId)>>,
    more: Notify,
}

impl Arrivals {
    /// A call came in and its record is written.
    pub(super) fn note(&self, sip_call_id: &str, call: u128) {
        {
            let mut recent = State::lock(&self.recent);
            if recent.len() >= REMEMBERED_MAX {
                recent.pop_front();
            }
            recent.push_back((sip_call_id.to_owned(), CallId(Uuid::from_u128(call))));
        }
        self.more.notify_waiters();
    }

    async fn wait(&self, sip_call_id: &str) -> CallId {
        loop {
            let more = self.more.notified();
            tokio::pin!(more);
            // Listens before it looks, so that what is noted in between wakes it.
            more.as_mut().enable();
            if let Some(call) = self.find(sip_call_id) {
                return call;
            }
            more.await;
        }
    }

    fn find(&self, sip_call_id: &str) -> Option<CallId> {
        let recent = State::lock(&self.recent);
        recent.iter().rev().find(|(known, _)| known == sip_call_id).map(|(_, call)| *call)
    }
}
