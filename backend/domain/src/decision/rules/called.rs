//! A call from a tenant's app, phone or trunk: where what it dialled leads.

use super::{Court, Draft, Ruled};
use crate::{
    cause::Cause,
    config::{Tenant, TenantPiece},
    decision::{Mark, Target},
    identity::AppUser,
    phone::E164,
    rating::{Line, PricePlan},
};

impl<'a> Court<'a> {
    /// A number owned here, a user's name, a route of the tenant, a carrier: the first that there is.
    pub(super) fn called_by_tenant(&mut self, payer: &'a TenantPiece, plan: &PricePlan) -> Ruled<Line> {
        let number = self.to.e164();
        if let Some((owner, owned)) = number.and_then(|number| self.snapshot.owner(number)) {
            let pieces = [self.to.as_str(), " is owned on this platform: it is delivered on-net"];
            self.decision.trace.join("number", Mark::Passed, &pieces);
            self.read(&owner.piece.version);
            self.active(&owner.piece.value)?;
            return self.deliver(owner, owned, plan, 0);
        }
        let tenant = &payer.piece.value;
        if payer.has_user(self.to.as_str()) {
            self.pass("number", format!("{} is a SIP user of {}", self.to, tenant.slug));
            let username = self.to.as_str().to_owned();
            self.push_user(tenant, &username);
            return Ok(plan.app_leg(self.facts.at));
        }
        if self.routes(payer)? {
            return Ok(plan.trunk_leg(self.facts.at));
        }
        self.platform(tenant, plan)
    }

    /// The platform's own carriers: open to the tenant, the caller id owned, the price known, a carrier there.
    fn platform(&mut self, tenant: &Tenant, plan: &PricePlan) -> Ruled<Line> {
        let Some(number) = self.to.e164() else {
            let text = format!(
                "{} is neither a full international number nor a user of {}, and no route matches it",
                self.to, tenant.slug
            );
            return self.refuse("number", Cause::BadNumber, text);
        };
        let caller_id = self.owned_caller_id(tenant)?;
        self.outbound(tenant, plan, number, caller_id)
    }

    /// A call over a carrier that a tenant pays for.
    pub(super) fn outbound(
        &mut self,
        tenant: &Tenant,
        plan: &PricePlan,
        number: E164,
        caller_id: E164,
    ) -> Ruled<Line> {
        if let Some(why) = tenant.eligibility.cloud_calling.refusal() {
            let text = format!("calls over the platform's carriers are not open to {}: {why}", tenant.slug);
            return self.refuse("caller", Cause::NotEligible, text);
        }
        self.destination(tenant, number)?;
        self.high_risk(tenant, number)?;
        let Some(line) = self.snapshot.outbound(plan, number, self.facts.at) else {
            let text = format!("plan {} does not sell calls to {number}", plan.name);
            return self.refuse("price", Cause::NoRoute, text);
        };
        self.carriers(tenant, number, caller_id, (&line, plan.currency))?;
        Ok(line)
    }

    fn owned_caller_id(&mut self, tenant: &Tenant) -> Ruled<E164> {
        let owned = self
            .from
            .as_deref()
            .and_then(crate::phone::Dialled::e164)
            .filter(|number| self.snapshot.owns(tenant.id, *number));
        let Some(number) = owned else {
            let shown = self.shown().unwrap_or_else(|| "an anonymous caller".to_owned());
            let text = format!(
                "no route matches, and {shown} is not a number that {} owns: a platform call needs an owned caller id",
                tenant.slug
            );
            return self.refuse("callerId", Cause::CallerIdNotOwned, text);
        };
        self.pass_joined("callerId", &[&number.text(), " is a number of ", &tenant.slug]);
        Ok(number)
    }

    pub(super) fn push_user(&mut self, tenant: &Tenant, name: &str) {
        // A user of an app has a name for programs, and one for its phone.
        let username = name.parse::<AppUser>().map_or_else(|_| name.to_owned(), |user| user.sip_username());
        let draft = Draft {
            target: Target::User { tenant: tenant.id, username: username.clone() },
            caller_id: self.shown(),
            callee: username,
            route: None,
            peer: None,
            failover_on: None,
        };
        self.try_next(draft);
    }
}
