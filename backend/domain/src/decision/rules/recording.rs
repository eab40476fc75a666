//! Whether the call is recorded from its answer on, and for whom: nothing is refused by it.

use super::Court;
use crate::{
    config::Tenant,
    decision::Target,
    recording::{RecordingMode, RecordingNotice},
};

impl Court<'_> {
    /// By the policy of who pays; where that says nothing, by that of the callee's tenant, of which the payer reads nothing.
    pub(super) fn recording(&mut self, payer: &Tenant) {
        let records = |tenant: &Tenant| tenant.recording.mode == RecordingMode::Always;
        if records(payer) {
            self.decision.recording = Some(payer.id);
            let heard = match payer.recording.notice {
                RecordingNotice::None => "nobody hears of it",
                RecordingNotice::Tone => "both sides hear a tone",
            };
            let days = payer.recording.retention_days.to_string();
            let pieces =
                ["it is recorded from the answer on: ", heard, ", and it is kept for ", &days, " days"];
            return self.pass_joined("recording", &pieces);
        }
        let callee = self.decision.plan.iter().find_map(|attempt| match &attempt.target {
            Target::User { tenant, .. } | Target::Trunk { tenant, .. } => Some(*tenant),
            Target::Carrier { .. } | Target::Echo => None,
        });
        let callee = callee.and_then(|tenant| self.snapshot.tenant(tenant));
        self.decision.recording =
            callee.map(|piece| &piece.piece.value).filter(|tenant| records(tenant)).map(|tenant| tenant.id);
    }
}
