//! A call to an owned number goes where the number is bound.

use super::{Court, Draft, Ruled, failover};
use crate::{
    cause::Cause,
    config::TenantPiece,
    decision::{FORWARDS_MAX, Target},
    numbering::{Binding, Owned},
    phone::E164,
    rating::{Line, PricePlan},
};

impl<'a> Court<'a> {
    pub(super) fn deliver(
        &mut self,
        owner: &'a TenantPiece,
        owned: &Owned,
        plan: &PricePlan,
        hops: usize,
    ) -> Ruled<Line> {
        let number = owned.number;
        match &owned.binding {
            Binding::None => self.refuse(
                "number",
                Cause::NumberUnbound,
                format!("{number} is bound to nothing: bind it to a trunk, a user or a forward"),
            ),
            Binding::Application(name) => self.refuse(
                "number",
                Cause::NumberUnbound,
                format!("{number} is bound to application {name}, and no application answers calls here"),
            ),
            Binding::User(username) => {
                if !owner.has_user(username) {
                    return self.refuse(
                        "number",
                        Cause::NumberUnbound,
                        format!("{number} is bound to user {username}, who does not exist any more"),
                    );
                }
                self.pass_joined("number", &[&number.text(), " is bound to user ", username]);
                self.push_user(&owner.piece.value, username);
                Ok(plan.app_leg(self.facts.at))
            }
            Binding::Trunk(fqdn) => self.deliver_to_trunk(owner, number, fqdn, plan),
            Binding::Forward(next) => self.forward(owner, number, *next, plan, hops),
        }
    }

    fn deliver_to_trunk(
        &mut self,
        owner: &'a TenantPiece,
        number: E164,
        fqdn: &str,
        plan: &PricePlan,
    ) -> Ruled<Line> {
        let tenant = &owner.piece.value;
        if let Some(why) = tenant.eligibility.direct_routing.refusal() {
            let text = format!(
                "{number} is bound to trunk {fqdn}, and direct routing is not open to {}: {why}",
                tenant.slug
            );
            return self.refuse("trunk", Cause::NotEligible, text);
        }
        let Some((place, trunk)) = owner.trunk(fqdn) else {
            let text = format!("{number} is bound to trunk {fqdn}: there is no trunk {fqdn}");
            return self.refuse("trunk", Cause::TrunkUnusable, text);
        };
        if let Some((cause, problem)) = self.trunk_problem(trunk) {
            return self.refuse("trunk", cause, format!("{number} is bound to trunk {fqdn}: {problem}"));
        }
        self.pass("number", format!("{number} is bound to trunk {fqdn}"));
        self.warn_of_keys(owner, place, fqdn);
        let draft = Draft {
            target: Target::Trunk { tenant: tenant.id, fqdn: fqdn.to_owned() },
            caller_id: self.shown(),
            callee: number.to_string(),
            route: None,
            peer: owner.rewrites(place),
            failover_on: failover(&trunk.policy),
        };
        self.try_next(draft);
        Ok(plan.trunk_leg(self.facts.at))
    }

    fn forward(
        &mut self,
        owner: &'a TenantPiece,
        number: E164,
        next: E164,
        plan: &PricePlan,
        hops: usize,
    ) -> Ruled<Line> {
        if hops >= FORWARDS_MAX {
            return self.refuse(
                "number",
                Cause::ForwardLoop,
                format!("{number} forwards to {next}, after {FORWARDS_MAX} forwards already"),
            );
        }
        self.pass("number", format!("{number} forwards to {next}"));
        if let Some((other, owned)) = self.snapshot.owner(next) {
            self.read(&other.piece.version);
            self.active(&other.piece.value)?;
            return self.deliver(other, owned, plan, hops + 1);
        }
        if self.decision.payer != Some(owner.piece.value.id) {
            return self.refuse(
                "number",
                Cause::NumberUnbound,
                format!("{number} forwards off this platform, which its own tenant would have to pay for"),
            );
        }
        self.outbound(&owner.piece.value, plan, next, number)
    }
}
