//! What recordings need in memory.

use super::{
    Budget, begin, disk, ended,
    ended::{Over, OverReceiver},
    file_name,
    notice::Tones,
    recover,
};
use crate::{App, Deps, Error, Inner, calls::Carried};
use domain::ids::{CallId, TenantId};
use edge::seam::Tape;
use relay::RECORDINGS_MAX;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::mpsc,
    task::{JoinSet, LocalSet},
};
use uuid::Uuid;

/// Recordings of answered calls that wait to begin, at most; of more, some do not.
const ANSWERED_MAX: usize = 4_096;
/// Recordings that begin at a time; further ones wait.
const BEGINNING_MAX: usize = 64;
/// For how long somebody who goes on listening to a recording is not written down again.
const HEARD_FOR: Duration = Duration::from_secs(600);
/// Listeners that are remembered at most.
const HEARD_MAX: usize = 10_000;

/// A call whose recording begins by its decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    pub(super) tenant: TenantId,
    /// The tenant's own record of it.
    pub(super) call: CallId,
    /// The record under which it runs.
    pub(super) carried: CallId,
}

/// What recordings need in memory.
#[derive(Debug)]
pub(crate) struct State {
    /// Where the files are; `None` on a node that keeps none.
    pub(super) directory: Option<PathBuf>,
    pub(super) budget: Budget,
    /// The recordings that go on, on this node; without their tape until the relay has begun.
    live: Mutex<HashMap<Uuid, Option<Arc<dyn Tape>>>>,
    answered: mpsc::Sender<Answered>,
    pub(super) ends: mpsc::Sender<Over>,
    inlets: Mutex<Option<(mpsc::Receiver<Answered>, OverReceiver)>>,
    heard: Mutex<HashMap<(String, Uuid, &'static str), Instant>>,
    pub(super) tones: Tones,
    /// Whether the operator was told that there is no room any more.
    pub(super) is_full: AtomicBool,
}

impl State {
    /// Counts what recordings take of the disk.
    pub(crate) fn new(deps: &Deps) -> Self {
        let directory = deps.settings.recordings_dir.clone();
        let taken = directory.as_deref().map_or(0, disk::taken);
        let (answered, to_begin) = mpsc::channel(ANSWERED_MAX);
        let (ends, to_end) = mpsc::channel(RECORDINGS_MAX);
        Self {
            directory,
            budget: Budget::new(deps.settings.recordings_bytes_max, taken),
            live: Mutex::default(),
            answered,
            ends,
            inlets: Mutex::new(Some((to_begin, to_end))),
            heard: Mutex::default(),
            tones: Tones::default(),
            is_full: AtomicBool::new(false),
        }
    }

    /// Where the file of a recording is.
    pub(super) fn path(&self, id: Uuid) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(file_name(id)))
    }

    /// A recording begins: its tape follows.
    pub(super) fn expect(&self, id: Uuid) {
        lock(&self.live).insert(id, None);
    }

    /// It has begun, where it is not over by now.
    pub(super) fn began(&self, id: Uuid, tape: Arc<dyn Tape>) {
        if let Some(known) = lock(&self.live).get_mut(&id) {
            *known = Some(tape);
        }
    }

    /// It is over, and written down.
    pub(super) fn forget(&self, id: Uuid) {
        lock(&self.live).remove(&id);
    }

    /// Whether it goes on, or is not written down yet.
    pub(super) fn has(&self, id: Uuid) -> bool {
        lock(&self.live).contains_key(&id)
    }

    pub(super) fn tape(&self, id: Uuid) -> Option<Arc<dyn Tape>> {
        lock(&self.live).get(&id)?.clone()
    }

    /// How many go on, or are not written down yet.
    pub(super) fn count(&self) -> usize {
        lock(&self.live).len()
    }

    /// Whether this listener is new: who goes on listening to the same is not.
    pub(super) fn is_heard_anew(&self, who: &str, id: Uuid, what: &'static str) -> bool {
        let now = Instant::now();
        let mut heard = lock(&self.heard);
        let key = (who.to_owned(), id, what);
        if heard.get(&key).is_some_and(|at| now.duration_since(*at) < HEARD_FOR) {
            return false;
        }
        if heard.len() >= HEARD_MAX {
            heard.retain(|_, at| now.duration_since(*at) < HEARD_FOR);
        }
        if heard.len() >= HEARD_MAX {
            heard.clear();
        }
        heard.insert(key, now);
        true
    }

    /// Whether it is told now that there is no room any more.
    pub(super) fn became_full(&self) -> bool {
        !self.is_full.swap(true, Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the directory, closes what a crash left open, removes files of nobody, and begins to serve.
///
/// # Errors
/// [`Error`] where the directory cannot be made, or the database fails.
pub(crate) async fn load(app: &App) -> Result<(), Error> {
    let Some(directory) = &app.recordings().directory else { return Ok(()) };
    disk::make(directory).map_err(Error::internal)?;
    if app.deps().edge.is_none() {
        return Ok(());
    }
    recover::recover(app).await?;
    disk::sweep(app, directory).await?;
    if let Some((answered, ends)) = lock(&app.recordings().inlets).take() {
        // They must not keep the app alive: it is what feeds them.
        let (weak, runtime) = (Arc::downgrade(&app.0), Handle::current());
        // A thread of its own, as the jobs have: the futures of write transactions stay on one.
        let serve = move || runtime.block_on(LocalSet::new().run_until(serve(weak, answered, ends)));
        thread::Builder::new().name("recordings".to_owned()).spawn(serve).map_err(Error::internal)?;
    }
    Ok(())
}

/// Begins what is to be recorded, and writes down what is over, until the app is gone.
async fn serve(app: Weak<Inner>, mut answered: mpsc::Receiver<Answered>, ends: OverReceiver) {
    let ended = tokio::task::spawn_local(ended::serve(app.clone(), ends));
    let mut beginning = JoinSet::new();
    while let Some(call) = answered.recv().await {
        let Some(app) = app.upgrade().map(App) else { break };
        if beginning.len() >= BEGINNING_MAX {
            beginning.join_next().await;
        }
        beginning.spawn_local(async move { begin::by_policy(&app, call).await });
    }
    // It ends with the last sender, as this did.
    let _ = ended.await;
}

/// A call was answered: it is recorded for each whom its decision says, in its own record of it. Never blocks.
pub(crate) fn answered(app: &App, carried: &Carried) {
    for &tenant in &carried.recording {
        let call = if tenant == carried.payer { Some(carried.call) } else { carried.callee_call() };
        let Some(call) = call else { continue };
        let order = Answered { tenant, call, carried: carried.call };
        if app.recordings().answered.try_send(order).is_err() {
            tracing::error!(%call, "a call is not recorded: as many as may wait to be");
        }
    }
}
