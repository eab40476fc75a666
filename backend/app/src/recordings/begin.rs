//! A recording begins: by hand, or with the answer of its call.

use super::{
    NoticeGiven, RecordingFile, RecordingView, disk,
    ended::{self, Over},
    file, notice, scope,
    state::Answered,
    tenant_of,
};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    calls::{CallState, find},
    events,
};
use chrono::TimeDelta;
use domain::{
    access::{Actor, Permission, Scope},
    events::EventKind,
    ids::{CallId, TenantId},
    recording::{RecordingMode, RecordingNotice, RecordingPolicy},
};
use edge::seam::{MediaError, Side};
use relay::{Ending, Sink};
use serde_json::Value;
use std::{any::Any, io, time::Instant};
use store::recordings::{self, RECORDING, Recording, Wanted};
use uuid::Uuid;

/// Who begins what a policy begins, as the audit and the row name it.
const POLICY: &str = "policy";
/// Seconds after which it is worth asking again, where this node cannot record now.
const RETRY_AFTER: u32 = 5;

/// Records a live call of the actor's tenant from now on, until it ends or is stopped. Where the other side is another tenant, it may
/// record the call for itself: nothing is shared, and neither reads of the other.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where the call is over, not answered, or recorded already by this tenant, or where
/// the policy is off, [`Error::Unavailable`] where another node carries it, as many calls are recorded as may be at a time, or
/// the disk has no room.
pub async fn begin(app: &App, actor: &Actor, call: CallId) -> Result<RecordingView, Error> {
    let scope = actor.scope(Permission::ManageRecordings)?;
    let tenant = tenant_of(&scope)?;
    let call = find(app, &scope, call).await?;
    if call.state == CallState::Ended {
        let message = "the call is over: a call is recorded while it is up; set the mode \"always\" to have each recorded";
        return Err(Error::conflict("id", message));
    }
    let policy = policy_of(app, tenant);
    if policy.mode == RecordingMode::Off {
        let message = "recording is off for this account: set its mode to \"onDemand\" or \"always\" first";
        return Err(Error::conflict("mode", message));
    }
    let carried = call.payer_call.unwrap_or(call.id);
    let edge = app.deps().edge.as_ref();
    let live = edge.and_then(|edge| edge.live_call(carried.0.as_u128()));
    let live = live.ok_or(Error::Unavailable { retry_after: RETRY_AFTER })?;
    if live.answered_at.is_none() {
        return Err(Error::conflict("id", "the call is not answered yet: record it when it is"));
    }
    let order = Order { tenant, call: call.id, carried, begun_by: &actor.name, policy };
    order.begin(app, &scope).await
}

/// A call was answered whose decision has it recorded.
pub(super) async fn by_policy(app: &App, call: Answered) {
    let Answered { tenant, call, carried } = call;
    let order = Order { tenant, call, carried, begun_by: POLICY, policy: policy_of(app, tenant) };
    if let Err(error) = order.begin(app, &scope()).await {
        tracing::warn!(%call, %error, "a call is not recorded");
    }
}

/// What a tenant says at this moment.
fn policy_of(app: &App, tenant: TenantId) -> RecordingPolicy {
    app.live().tenant(tenant).map(|tenant| tenant.piece.piece.value.recording).unwrap_or_default()
}

/// A recording that is to begin.
struct Order<'a> {
    tenant: TenantId,
    call: CallId,
    carried: CallId,
    begun_by: &'a str,
    policy: RecordingPolicy,
}

impl Order<'_> {
    /// Writes it down, makes its file, and has the relay begin. What comes to nothing after it was written down is closed as failed.
    async fn begin(self, app: &App, scope: &Scope) -> Result<RecordingView, Error> {
        let state = app.recordings();
        let unavailable = |_| Error::Unavailable { retry_after: RETRY_AFTER };
        let end = state.ends.clone().try_reserve_owned().map_err(unavailable)?;
        let row = self.row(app);
        let id = row.id;
        state.expect(id);
        if let Err(error) = self.write(app, scope, &row).await {
            state.forget(id);
            return Err(error);
        }
        let listener: super::Listener = Box::new(move |ending| {
            end.send(Over { id, ending });
        });
        if let Err(error) = self.start(app, id, listener).await {
            let is_full = error.kind() == io::ErrorKind::StorageFull;
            let failure = if is_full { file::FULL.to_owned() } else { error.to_string() };
            let over = Over { id, ending: Ending { failed: Some(failure), ..Ending::default() } };
            if ended::close(app, &over).await.is_err() {
                // It is tried again until it is written.
                let _ = state.ends.send(over).await;
            }
            return Err(refusal(&error));
        }
        let given = self.notice(app);
        if given.word() != row.notice {
            let (scope, said) = (scope.clone(), given.word());
            app.db()
                .write::<_, Error, _>(async |tx| Ok(recordings::noticed(tx, &scope, id, said).await?))
                .await?;
        }
        let row = recordings::get(app.db().read(), scope, id).await?;
        RecordingView::of(row.ok_or_else(super::no_recording)?)
    }

    fn row(&self, app: &App) -> Recording {
        let now = app.now();
        Recording {
            id: Uuid::now_v7(),
            tenant_id: self.tenant.0,
            call_id: self.call.0,
            carried_id: self.carried.0,
            node: app.settings().node.clone(),
            state: RECORDING.to_owned(),
            notice: self.policy.notice.word().to_owned(),
            begun_by: self.begun_by.chars().take(254).collect(),
            started_at: now,
            ended_at: None,
            duration_ms: 0,
            bytes: 0,
            lost: 0,
            unreadable: 0,
            failure: None,
            expires_at: now + TimeDelta::days(i64::from(self.policy.retention_days)),
            deleted_at: None,
        }
    }

    async fn write(&self, app: &App, scope: &Scope, row: &Recording) -> Result<(), Error> {
        let view = RecordingView::of(row.clone())?;
        let written = app
            .db()
            .write::<_, Error, _>(async |tx| {
                recordings::insert(tx, scope, row.clone()).await?;
                events::raise(app, tx, scope, self.tenant, EventKind::RecordingStarted, view.told()).await?;
                let change = Change {
                    actor: self.begun_by,
                    tenant: Some(self.tenant),
                    what: "recording.start",
                    target: &row.id.to_string(),
                    before: Value::Null,
                    after: seen(&view),
                };
                audit::record(app, tx, scope, change).await
            })
            .await;
        match written {
            Err(Error::Conflict { .. }) => Err(self.taken(app, scope).await?),
            written => written,
        }
    }

    /// What the tenant has recorded at this moment: a call has one recording of a tenant at a time.
    async fn taken(&self, app: &App, scope: &Scope) -> Result<Error, Error> {
        let wanted = Wanted { call: Some(self.call.0), ..Wanted::default() };
        let known = recordings::list(app.db().read(), scope, &wanted, None, 1).await?;
        let own = known.iter().find(|row| row.ended_at.is_none());
        Ok(Error::conflict(
            "id",
            match own {
                Some(row) => format!("the call is being recorded already, as {}: stop that first", row.id),
                None => "a recording of this call has ended at this moment: ask again".to_owned(),
            },
        ))
    }

    /// Makes the file and has the relay record into it.
    async fn start(&self, app: &App, id: Uuid, listener: super::Listener) -> io::Result<()> {
        let state = app.recordings();
        let path = state.path(id).ok_or_else(|| io::Error::other("this node keeps no recordings"))?;
        let (vault, budget, tenant) = (app.vault().clone(), state.budget.clone(), self.tenant.to_string());
        let at = path.clone();
        let made = tokio::task::spawn_blocking(move || {
            RecordingFile::create(&at, &vault, (&tenant, &id.to_string()), budget, listener)
        });
        let sink: Box<dyn Sink> = Box::new(made.await.map_err(io::Error::other)??);
        let sink: Box<dyn Any + Send> = Box::new(sink);
        let edge = app.deps().edge.as_ref();
        match edge.map(|edge| edge.record(self.carried.0.as_u128(), sink)) {
            Some(Ok(tape)) => {
                state.began(id, tape);
                Ok(())
            }
            error => {
                disk::remove(&path, &state.budget);
                Err(match error {
                    Some(Err(MediaError::Gone)) | None => {
                        io::Error::new(io::ErrorKind::NotFound, "the call had no media any more")
                    }
                    Some(other) => io::Error::other(other.err().map_or_else(String::new, |e| e.to_string())),
                })
            }
        }
    }

    /// Lets both sides hear what the policy asks for; once where both tenants begin at the same moment.
    fn notice(&self, app: &App) -> NoticeGiven {
        if self.policy.notice == RecordingNotice::None {
            return NoticeGiven::None;
        }
        let tone = notice::tone();
        let heard = |side| {
            let edge = app.deps().edge.as_ref();
            edge.is_some_and(|edge| edge.play(self.carried.0.as_u128(), side, tone, tone.lasts))
        };
        let both = || [Side::A, Side::B].map(heard) == [true, true];
        if app.recordings().tones.hear(self.carried, Instant::now(), both) {
            NoticeGiven::Tone
        } else {
            NoticeGiven::NotPossible
        }
    }
}

/// Why a recording could not begin, for who asked for it.
fn refusal(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Error::conflict("id", "the call is over: a call is recorded while it is up")
        }
        io::ErrorKind::StorageFull => Error::Invalid {
            status: 507,
            code: "InsufficientStorage",
            message:
                "there is no room for recordings on this platform: delete some, or ask the operator for more"
                    .to_owned(),
            target: None,
            inner: None,
        },
        _ => Error::internal(io::Error::new(error.kind(), error.to_string())),
    }
}
