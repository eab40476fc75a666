//! Rehearsals: a draft of a plan, a deck, routes or carriers is tried on past attempts, by the decision and the rating that
//! live calls have, before it is applied; then it can be applied, now or at a time, and rolled back.
//!
//! [`create`] queues one, the job `rehearsals` runs it ([`run_next`]) and keeps what it found; [`apply`], [`withdraw`] and
//! [`roll_back`] are what becomes of its draft.

mod apply;
mod create;
mod draft;
mod due;
mod list;
mod put;
mod roll_back;
mod run;
mod view;
mod worlds;

pub use apply::apply;
pub use create::{New, create};
pub use draft::{Draft, Drafted};
pub use due::apply_due;
pub use list::{cancel, delete, get, list};
pub use roll_back::{roll_back, withdraw};
pub use run::{run_next, stop};
pub use view::{Against, DraftState, RehearsalView, State};

use crate::Error;
use chrono::TimeDelta;
use domain::access::{Actor, Permission, Scope};
use std::sync::atomic::{AtomicBool, Ordering};

/// Attempts that one rehearsal looks at, at most: the oldest of the period.
pub const ATTEMPTS_MAX: u64 = 1_000_000;
/// The longest period.
pub const PERIOD_MAX: TimeDelta = TimeDelta::days(31);
/// Rehearsals of a tenant, and of the operator, that wait or are at work at most.
pub const OPEN_MAX: u64 = 3;
/// Rehearsals of a tenant, and of the operator, that are kept beside those whose draft was applied.
pub const KEPT_MAX: u64 = 100;
/// Rehearsals of a tenant, and of the operator, at most.
pub const REHEARSALS_MAX: u64 = 1_000;

/// What the app knows of rehearsals at work.
#[derive(Debug, Default)]
pub(crate) struct AtWork {
    began: AtomicBool,
    stopping: AtomicBool,
}

impl AtWork {
    /// Whether this is the first time that it is asked.
    fn is_first(&self) -> bool {
        !self.began.swap(true, Ordering::Relaxed)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// Who may look: the calls stand in it.
fn reading(actor: &Actor) -> Result<Scope, Error> {
    if actor.operates() {
        return Ok(actor.scope(Permission::Operate)?);
    }
    let _ = actor.scope(Permission::ReadRouting)?;
    Ok(actor.scope(Permission::ReadCalls)?)
}

/// Who may begin one, and decide on its draft.
fn changing(actor: &Actor) -> Result<Scope, Error> {
    if actor.operates() {
        return Ok(actor.scope(Permission::Operate)?);
    }
    let _ = actor.scope(Permission::ReadCalls)?;
    Ok(actor.scope(Permission::ManageRouting)?)
}

fn no_rehearsal() -> Error {
    Error::not_found("rehearsal", "there is no such rehearsal")
}

/// What the audit calls one.
fn target(id: uuid::Uuid) -> String {
    format!("rehearsal {id}")
}
