//! Whether the call is recorded from its answer on, and for whom: nothing is refused by it.

use super::Court;
use crate::{
    config::Tenant,
    recording::{RecordingMode, RecordingNotice},
};

impl Court<'_> {
    /// By the policy of who pays, and by that of the callee's tenant: each has its own, and reads nothing of the other one's.
    pub(super) fn recording(&mut self, payer: &Tenant) {
        self.records("recording", "it is recorded", payer);
        let callee = self.decision.rung().filter(|rung| *rung != payer.id);
        if let Some(callee) = callee.and_then(|callee| self.snapshot.tenant(callee)) {
            self.records("calleeRecording", "the callee's tenant records it", &callee.piece.value);
        }
    }

    fn records(&mut self, rule: &str, who: &str, tenant: &Tenant) {
        let policy = &tenant.recording;
        if policy.mode != RecordingMode::Always {
            return;
        }
        self.decision.recording.push(tenant.id);
        let heard = match policy.notice {
            RecordingNotice::None => "nobody hears of it",
            RecordingNotice::Tone => "both sides hear a tone",
        };
        let days = policy.retention_days.to_string();
        let pieces = [who, " from the answer on: ", heard, ", and it is kept for ", &days, " days"];
        self.pass_joined(rule, &pieces);
    }
}
