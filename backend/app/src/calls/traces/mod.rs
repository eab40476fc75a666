//! The evidence of a call: its messages on both legs and the turns of its media, kept for some days and shown to each as
//! much as it may know.

mod codec;
mod keep;
mod legs;
mod pcap;
mod read;
mod redact;
mod sight;
mod sweep;
mod view;

pub(super) use keep::Keeper;
pub use keep::{TRACE_BYTES_PER_SECOND, TRACE_BYTES_PER_SECOND_FAILED, TraceCounts};
pub(super) use legs::hide_carriers;
pub use read::{trace, trace_capture};
pub use sweep::{sweep_traces, traces_written};
pub use view::{EntryView, HeaderView, MessageView, PartyView, TraceView};

use crate::App;

/// What became of the traces of this node, for the metrics.
#[must_use]
pub fn trace_counts(app: &App) -> TraceCounts {
    app.calls().traces.counts()
}
