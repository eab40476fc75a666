//! What happens to tenants, for those of them who want to hear it. An event is a message of the outbox, written in the
//! transaction that makes it true; [`crate::webhooks`] delivers it.
//!
//! What is wanted is known in memory, so that a call of a tenant that listens to nothing costs nothing.

mod balance;
mod interests;
mod mark;
mod raise;

pub(crate) use balance::{fallen, post};
pub(crate) use interests::{Interests, State};
pub(crate) use mark::BALANCE_ALERT;
pub use mark::{mark, set_mark};
pub(crate) use raise::{message, raise};

/// What the outbox calls a change of the operator's that was scheduled and could not be made; it stays with the operator.
pub const CHANGE_REFUSED: &str = "operator.change.refused";

/// What the outbox calls a change of a carrier's health; it belongs to no tenant, and stays with the operator.
pub const CARRIER_HEALTH_CHANGED: &str = "carrier.health.changed";
/// What it calls that recordings have no room on the disk any more; it stays with the operator.
pub const RECORDINGS_FULL: &str = "recordings.full";
/// What it calls that media ports are nearly used up, and that there are enough again; and that a media worker has died. They stay with the
/// operator, too.
pub const MEDIA_PORTS_SCARCE: &str = "media.ports.scarce";
/// See there.
pub const MEDIA_PORTS_ENOUGH: &str = "media.ports.enough";
/// See there.
pub const MEDIA_WORKER_DIED: &str = "media.worker.died";
