//! Calls: who is calling, what happens to a call, its record and its end.
//!
//! A call's way: [`Control`] is asked who it is (`identify`), then what happens to it (`decide`); the writer holds the
//! payer's money and opens the record (`writer`, `batch`); the answer and each extension are written as they come; its
//! end is charged and closed at once (`settle`). [`simulate`] asks the same decision about a call that nobody makes.

mod ahead;
mod batch;
mod control;
pub(crate) mod credentials;
mod decide;
mod elsewhere;
mod end;
mod facts;
mod get;
mod identify;
mod late;
mod legs;
mod list;
mod location;
mod meters;
mod news;
mod outcome;
mod phones;
mod plan;
mod quality;
mod record;
mod recover;
mod redact;
mod redecide;
mod registrations;
mod sandbox_call;
mod settle;
mod simulate;
mod spend;
mod stir;
mod table;
#[cfg(test)]
mod tests;
mod traces;
mod usage;
mod view;
mod writer;

pub use control::Control;
pub use end::end;
pub use facts::{Simulation, SimulationSource};
pub(crate) use get::find;
pub use get::get;
pub use list::{CallFilter, list};
pub use meters::{FAILURE_CLASSES, METERS_MAX, MeterName, MeterView, SETUP_BOUNDS_MS};
pub use phones::{PhoneView, phones};
pub(crate) use plan::host_and_port;
pub use quality::{QualityView, ReportedView};
pub(crate) use recover::recover;
pub use recover::recover_lost;
pub(crate) use redecide::piece as kept_piece;
pub use redecide::{Redecided, redecide};
pub use registrations::{BINDINGS_MAX, Registrations, USERS_MAX};
pub(crate) use sandbox_call::arrival;
pub use sandbox_call::sandbox_call;
pub use simulate::simulate;
pub use stir::sign_calls;
pub(crate) use stir::signs_as;
pub use table::LIVE_CALLS_MAX;
pub use traces::{
    EntryView, HeaderView, MessageView, PartyView, TRACE_BYTES_PER_SECOND, TRACE_BYTES_PER_SECOND_FAILED,
    TraceCounts, TraceView, sweep_traces, trace, trace_capture, trace_counts, traces_written,
};
pub use view::{
    AttemptView, CallState, CallView, ChargeView, DecisionView, LegView, MediaView, QuoteLineView, QuoteView,
    SimulationView, VerdictWord,
};
pub use writer::{BATCH_MAX, HEARTBEAT_EVERY, OPENS_MAX};

pub(crate) use plan::refusal;
pub(crate) use table::Carried;

use crate::{App, Deps, events, money::DriftView};
use domain::ids::TenantId;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// What calls need in memory beside the snapshot.
#[derive(Debug)]
pub(crate) struct State {
    writer: writer::Writer,
    table: table::Table,
    usage: usage::Usage,
    spend: Arc<spend::Spend>,
    signer: std::sync::OnceLock<stir::Signer>,
    arrivals: sandbox_call::Arrivals,
    registrations: Arc<registrations::Table>,
    drift: Mutex<Option<DriftView>>,
    traces: traces::Keeper,
    meters: meters::Meters,
}

impl State {
    /// Made once, at the start of the app, inside its runtime: the writer begins to wait.
    pub(crate) fn new(deps: &Deps, events: &Arc<events::State>) -> Self {
        Self {
            writer: writer::Writer::start(deps.db.clone(), deps.settings.node.clone(), Arc::clone(events)),
            table: table::Table::default(),
            usage: usage::Usage::new(Instant::now()),
            spend: Arc::default(),
            signer: std::sync::OnceLock::new(),
            arrivals: sandbox_call::Arrivals::default(),
            registrations: Arc::default(),
            drift: Mutex::default(),
            meters: meters::Meters::default(),
            traces: traces::Keeper::start(deps.db.clone(), deps.settings.trace_days > 0),
        }
    }

    /// How many calls of a tenant are up on this node.
    pub(crate) fn live_of(&self, tenant: TenantId) -> u32 {
        self.usage.read(tenant).0
    }

    /// The calls of a payer on this node whose money is held.
    pub(crate) fn of_payer(&self, payer: TenantId) -> Vec<Arc<Carried>> {
        self.table.of(payer)
    }

    /// Locks; a thread that panicked leaves whole values behind, since none is changed in steps.
    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep_drift(&self, view: DriftView) {
        *Self::lock(&self.drift) = Some(view);
    }

    pub(crate) fn last_drift(&self) -> Option<DriftView> {
        *Self::lock(&self.drift)
    }
}

/// What this node carries at this moment, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Calls that are decided or up.
    pub live_calls: u64,
    /// Calls that ended and whose settlement waits, and calls that wait for their hold.
    pub waiting: u64,
    /// Jobs that could not be queued, since the start.
    pub lost_jobs: u64,
}

/// What this node carries at this moment.
#[must_use]
pub fn load(app: &App) -> Load {
    let state = app.calls();
    let live_calls = state.usage.live();
    let known = state.table.len() as u64;
    Load { live_calls, waiting: known.saturating_sub(live_calls), lost_jobs: state.writer.lost() }
}

/// What goes on with each trunk and carrier on this node.
#[must_use]
pub fn meters(app: &App) -> Vec<MeterView> {
    app.calls().meters.read()
}

/// Where the phones of this node are registered: the edge's registrar.
#[must_use]
pub fn registrations(app: &App) -> Registrations {
    Registrations::new(app)
}
