//! How trunks and carriers are doing. The state is in memory, where decisions read it; its changes are written down with
//! their events, so that a restart and the page know since when.
//!
//! [`tick`] is the job: it asks whom it is time to ask, and writes what changed. Answers come in on the edge's threads
//! and change the state at once.

mod forget;
mod history;
mod ping;
mod record;
mod state;
mod view;

pub use forget::sweep;
pub use history::{HealthChangeView, carrier_history, trunk_history};
pub use ping::tick;
pub(crate) use record::restore;
pub(crate) use state::State;
pub(crate) use view::view;
pub use view::{HealthView, Overall, OverallReason, PingView, TlsView, all_in_numbers, carrier, trunk};
