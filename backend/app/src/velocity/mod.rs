//! How fast tenants spend, and what stops it ([`domain::velocity`]); and which countries each has called.
//!
//! A call's money is counted where it is committed: its first hold, each extension, and what its end gives back, in memory and
//! after the writer's transaction, so that a call costs a few look-ups and no write. A limit that is passed makes a stop: in
//! memory at once, so that the next call is refused, and then in the database with its event, mail and audit. Other nodes
//! read stops every two seconds; each counts its own calls alone, so that several nodes together may spend more than a limit
//! before one of them stops a tenant.
//!
//! Start reading at [`commit`].

mod countries;
mod lift;
mod restore;
mod state;
mod stop;
mod view;

pub(crate) use countries::reached;
pub use lift::lift;
pub use restore::refresh;
pub(crate) use restore::restore;
pub(crate) use state::State;
pub use state::{Counts, counts};
pub use view::{FigureView, SpendingView, StopView, open, spending, spending_of, stops};

use crate::{App, calls::Carried};
use domain::{
    cause::Direction,
    config::Snapshot,
    country,
    decision::{Decision, Facts, called},
    velocity::{self, Limits, Spent},
};

/// What the spending of a call is counted by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paced {
    /// The limits of its payer when it began.
    limits: Limits,
    /// Where it goes; `None` where it comes in.
    destination: Option<&'static str>,
    /// The country, where it goes to one.
    country: Option<&'static str>,
    /// Who calls; `None` where it comes in.
    caller: Option<Box<str>>,
    /// What was dialled, for whoever is told of it.
    to: Option<domain::phone::E164>,
}

impl Paced {
    /// Of a call that is put through. An emergency call is nobody's spending.
    pub(crate) fn of(config: &Snapshot, facts: &Facts, decision: &Decision) -> Self {
        if decision.emergency.is_some() {
            return Self::default();
        }
        let payer = decision.payer.and_then(|payer| config.tenant(payer));
        let limits = payer.map(|piece| piece.piece.value.protection.velocity).unwrap_or_default();
        if decision.direction != Direction::Outbound {
            return Self { limits, ..Self::default() };
        }
        let to = called(config, facts).e164();
        let caller = || velocity::caller(facts.from.as_ref().map(|from| from.as_str())).into();
        Self {
            limits,
            destination: to.filter(|_| limits.is_set()).map(velocity::destination),
            country: to.and_then(country::of),
            caller: limits.caller.is_set().then(caller),
            to,
        }
    }

    /// Whether a stop is about such a call.
    fn is_stopped_by(&self, stop: &velocity::Stop) -> bool {
        stop.concerns(self.destination, self.caller.as_deref())
    }
}

/// Counts money that was committed to a call, or given back by its end, and stops what goes past a limit.
pub(crate) fn commit(app: &App, carried: &Carried, micros: i64) {
    let paced = &carried.paced;
    if micros == 0 || !paced.limits.is_set() {
        return;
    }
    let now = app.now();
    let spent = Spent {
        destination: paced.destination,
        caller: paced.caller.as_deref(),
        micros,
        at: now.timestamp(),
    };
    let trips = app.velocity().meters().spend(carried.payer, &paced.limits, spent);
    for trip in trips {
        stop::stop(app, carried, trip, now);
    }
}
