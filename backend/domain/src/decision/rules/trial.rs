//! Test calls of the platform's own: through one trunk, whatever the routes say, and for no money.

use super::{Court, Draft, Ruled, failover, suspended};
use crate::{
    cause::Cause,
    config::Snapshot,
    decision::Target,
    ids::TenantId,
    money::Currency,
    phone::Dialled,
    rating::{DEFAULT_HOLD_SECONDS, Quote},
};

/// The longest test call, seconds.
pub const TEST_CALL_MAX_SECONDS: u64 = 60;

/// Whether a number reaches emergency services, anywhere as far as is known here: no test call goes there.
#[must_use]
pub fn is_emergency(snapshot: &Snapshot, dialled: &Dialled) -> bool {
    let digits = dialled.as_str().trim_start_matches('+');
    let set = &snapshot.platform.value.emergency;
    super::emergency::SOMEWHERE.contains(&digits)
        || set
            .iter()
            .any(|country| country.numbers.iter().chain(&country.test_numbers).any(|number| number == digits))
}

impl Court<'_> {
    /// Decides a test call to its end. Limits, lists, health and money do not hold it up: it is there to find out.
    pub(super) fn test_call(&mut self, tenant: TenantId, fqdn: &str) -> Ruled<()> {
        let Some(piece) = self.snapshot.tenant(tenant) else {
            return self.refuse("caller", Cause::TenantSuspended, "the tenant is not known here".to_owned());
        };
        self.decision.payer = Some(tenant);
        self.read(&piece.piece.version);
        if !piece.piece.value.active {
            return self.refuse("caller", Cause::TenantSuspended, suspended(&piece.piece.value));
        }
        self.pass("caller", format!("the caller is the platform's test phone, for trunk {fqdn}"));
        if is_emergency(self.snapshot, &self.to) {
            let text = format!("{} reaches emergency services, which no test call may", self.to);
            return self.refuse("emergency", Cause::EmergencyUnavailable, text);
        }
        let Some((place, trunk)) = piece.trunk(fqdn) else {
            return self.refuse("trunk", Cause::TrunkUnusable, format!("there is no trunk {fqdn}"));
        };
        if let Some(problem) = trunk.unusable(self.snapshot.platform.value.abilities) {
            return self.refuse("trunk", Cause::TrunkUnusable, problem);
        }
        self.pass("trunk", format!("trunk {fqdn} is tried, as the test asks for"));
        self.warn_of_keys(piece, place, fqdn);
        let target = Target::Trunk { tenant, fqdn: trunk.fqdn.clone() };
        let (caller_id, callee) = (self.shown(), self.to.to_string());
        let failover_on = failover(&trunk.policy);
        self.try_next(Draft {
            target,
            caller_id,
            callee,
            route: None,
            peer: piece.rewrites(place),
            failover_on,
        });
        let plan = self.snapshot.plan(piece.piece.value.plan);
        let currency = plan.map_or(Currency::USD, |plan| plan.currency);
        self.decision.quote = Quote { currency, lines: Vec::new() };
        self.decision.hold_seconds = plan.map_or(DEFAULT_HOLD_SECONDS, |plan| plan.hold_seconds);
        self.decision.max_duration_seconds = TEST_CALL_MAX_SECONDS;
        Ok(())
    }
}
