//! The echo: a call that is answered here, so that who calls hears itself.

use super::{CallerLeg, Court, Draft, Ruled};
use crate::{
    config::TenantPiece,
    decision::{Funds, Target},
    rating::{PricePlan, Quote},
};

/// The longest call to the echo, seconds.
pub const ECHO_CALL_MAX_SECONDS: u64 = 300;
/// What the echo is asked for, whatever was dialled.
const CALLEE: &str = "echo";

impl<'a> Court<'a> {
    /// Whether a call of a tenant's own leads to the echo; it is then decided to its end. It never leaves the platform and costs
    /// nothing, so no list, price or cap is asked; how many calls are up at once is.
    pub(super) fn echo(
        &mut self,
        payer: &'a TenantPiece,
        leg: &CallerLeg<'_>,
        plan: &PricePlan,
        funds: &Funds,
    ) -> Ruled<bool> {
        let is_of_tenant = matches!(leg, CallerLeg::App | CallerLeg::Trunk);
        if !is_of_tenant || !self.snapshot.platform.value.audio.is_echo(self.to.as_str()) {
            return Ok(false);
        }
        // Who has the number, or a user of that name, is called as ever.
        let has_owner = self.to.e164().is_some_and(|number| self.snapshot.owner(number).is_some());
        if has_owner || payer.has_user(self.to.as_str()) {
            return Ok(false);
        }
        let text = format!(
            "{} is the echo of this platform: the call is answered here, costs nothing, and ends after {ECHO_CALL_MAX_SECONDS} s",
            self.to
        );
        self.pass("number", text);
        let caller_id = self.shown();
        self.try_next(Draft {
            target: Target::Echo,
            caller_id,
            callee: CALLEE.to_owned(),
            route: None,
            peer: None,
            failover_on: None,
        });
        self.decision.quote = Quote { currency: plan.currency, lines: Vec::new() };
        self.decision.hold_seconds = plan.hold_seconds;
        self.recording(&payer.piece.value);
        self.limits(&payer.piece.value, funds)?;
        self.decision.max_duration_seconds = ECHO_CALL_MAX_SECONDS;
        Ok(true)
    }
}
