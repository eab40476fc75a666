//! The rules, in the order in which they are asked.

use super::{
    Attempt, CALL_MAX_SECONDS, Decision, FORWARDS_MAX, Facts, Funds, Mark, Source, Step, Target, Verdict,
};
use crate::{
    cause::{Cause, Direction},
    config::{CallerIdPolicy, Carrier, Snapshot, Tenant, TenantPiece},
    numbering::{Binding, Owned},
    phone::E164,
    rating::{Line, PricePlan, Quote},
};

/// Numbers that reach emergency services somewhere, as they are dialled.
const EMERGENCY: [&str; 8] = ["112", "911", "999", "000", "110", "113", "119", "933"];

/// A rule's refusal; the trace already holds its step.
struct Refused(Cause, String);

type Ruled<T> = Result<T, Refused>;

/// Decides what happens to a call.
///
/// Pure: the same snapshot, facts and funds give the same decision, whether the call is live, a dry run or long over.
#[must_use]
pub fn decide(snapshot: &Snapshot, facts: &Facts, funds: &Funds) -> Decision {
    let mut court = Court { snapshot, facts, decision: Decision::undecided() };
    court.read(&snapshot.platform.version);
    if let Err(Refused(cause, detail)) = court.judge(funds) {
        court.decision.verdict = Verdict::Refuse { cause, detail };
        court.decision.plan.clear();
        court.decision.max_duration_seconds = 0;
    }
    court.decision
}

/// One decision in the making.
struct Court<'a> {
    snapshot: &'a Snapshot,
    facts: &'a Facts,
    decision: Decision,
}

/// Which leg the caller comes in on; it is priced before the plan's.
enum CallerLeg {
    App,
    Trunk,
    Number(Owned),
}

impl<'a> Court<'a> {
    fn judge(&mut self, funds: &Funds) -> Ruled<()> {
        self.emergency()?;
        let (payer, leg) = self.payer()?;
        let plan = self.plan_of(payer)?;
        let mut lines = Self::caller_lines(plan, &leg);
        let callee_lines = match &leg {
            CallerLeg::Number(owned) => {
                let owned = owned.clone();
                self.deliver(payer, &owned, plan, 0)?
            }
            CallerLeg::App | CallerLeg::Trunk => self.called_by_tenant(payer, plan)?,
        };
        lines.extend(callee_lines);
        self.decision.quote = Quote { currency: plan.currency, lines };
        self.decision.hold_seconds = plan.hold_seconds;
        self.limits(&payer.piece.value, funds)?;
        self.funds(funds)
    }

    fn emergency(&mut self) -> Ruled<()> {
        let dialled = self.facts.to.as_str();
        if EMERGENCY.contains(&dialled.trim_start_matches('+')) {
            return self.refuse(
                "emergency",
                Cause::EmergencyUnavailable,
                format!("{dialled} is an emergency number, and no emergency route is set here"),
            );
        }
        Ok(())
    }

    /// Who pays: the caller's tenant, or for a call from a carrier the owner of the number.
    fn payer(&mut self) -> Ruled<(&'a TenantPiece, CallerLeg)> {
        let (tenant, leg) = match &self.facts.source {
            Source::App { tenant } => (*tenant, CallerLeg::App),
            Source::Trunk { tenant, .. } => (*tenant, CallerLeg::Trunk),
            Source::Carrier { .. } => return self.payer_by_number(),
        };
        let Some(piece) = self.snapshot.tenant(tenant) else {
            return self.refuse(
                "caller",
                Cause::TenantSuspended,
                "the caller's tenant is not known here".into(),
            );
        };
        self.decision.payer = Some(tenant);
        self.read(&piece.piece.version);
        let who = match &self.facts.source {
            Source::Trunk { fqdn, .. } => format!("trunk {fqdn}"),
            Source::App { .. } | Source::Carrier { .. } => "an app or SIP user".to_owned(),
        };
        self.pass("caller", format!("the caller is {who} of {}", piece.piece.value.slug));
        self.active(&piece.piece.value)?;
        Ok((piece, leg))
    }

    fn payer_by_number(&mut self) -> Ruled<(&'a TenantPiece, CallerLeg)> {
        self.decision.direction = Direction::Inbound;
        let dialled = self.facts.to.clone();
        let Some(number) = dialled.e164() else {
            return self.refuse(
                "number",
                Cause::BadNumber,
                format!("{dialled} is not a full international number"),
            );
        };
        let Some((piece, owned)) = self.snapshot.owner(number) else {
            return self.refuse("number", Cause::NumberNotFound, format!("nobody here owns {number}"));
        };
        self.decision.payer = Some(owned.tenant);
        self.read(&piece.piece.version);
        self.pass(
            "number",
            format!("{number} is a {} number of {}", owned.number_type.word(), piece.piece.value.slug),
        );
        self.active(&piece.piece.value)?;
        Ok((piece, CallerLeg::Number(owned.clone())))
    }

    fn active(&mut self, tenant: &Tenant) -> Ruled<()> {
        if tenant.active {
            return Ok(());
        }
        self.refuse(
            "caller",
            Cause::TenantSuspended,
            format!("{} is suspended: ask the operator", tenant.slug),
        )
    }

    fn plan_of(&mut self, payer: &TenantPiece) -> Ruled<&'a PricePlan> {
        match self.snapshot.plan(payer.piece.value.plan) {
            Some(plan) => Ok(plan),
            None => self.refuse(
                "price",
                Cause::PlatformUnavailable,
                "the tenant's price plan is missing: ask the operator".into(),
            ),
        }
    }

    fn caller_lines(plan: &PricePlan, leg: &CallerLeg) -> Vec<Line> {
        match leg {
            CallerLeg::App => vec![plan.app_leg()],
            CallerLeg::Trunk => vec![plan.trunk_leg()],
            CallerLeg::Number(owned) => plan.inbound(owned.number_type).into_iter().collect(),
        }
    }

    /// A call from a tenant's app or trunk: a number owned here, a user's name, a route, a carrier.
    fn called_by_tenant(&mut self, payer: &'a TenantPiece, plan: &PricePlan) -> Ruled<Vec<Line>> {
        let dialled = self.facts.to.clone();
        if let Some((owner, owned)) = dialled.e164().and_then(|number| self.snapshot.owner(number)) {
            self.pass("number", format!("{dialled} is owned on this platform: it is delivered on-net"));
            self.read(&owner.piece.version);
            self.active(&owner.piece.value)?;
            return self.deliver(owner, owned, plan, 0);
        }
        if payer.piece.value.users.iter().any(|user| user == dialled.as_str()) {
            self.pass("number", format!("{dialled} is a SIP user of {}", payer.piece.value.slug));
            self.push_user(&payer.piece.value, dialled.as_str());
            return Ok(vec![plan.app_leg()]);
        }
        if self.routes(payer)? {
            return Ok(vec![plan.trunk_leg()]);
        }
        self.platform(payer, plan)
    }

    /// The tenant's routes from top to bottom; every matching route's usable trunks join the plan. True where the plan
    /// has a trunk; a refusal where routes matched and no trunk of theirs can be used (no fall-through to a carrier).
    fn routes(&mut self, payer: &TenantPiece) -> Ruled<bool> {
        let tenant = &payer.piece.value;
        let (mut matched, mut why) = (false, String::new());
        for index in payer.routes.matches(self.facts.to.as_str()) {
            let usable = self.route_trunks(tenant, index, &mut why);
            matched |= usable.is_some();
        }
        match (matched, self.decision.plan.is_empty()) {
            (false, _) => Ok(false),
            (true, false) => Ok(true),
            (true, true) => self.refuse("trunk", Cause::TrunkUnusable, why),
        }
    }

    /// Adds a matching route's trunks to the plan. `None` where the route has no trunk but the one the call came from.
    fn route_trunks(&mut self, tenant: &Tenant, index: usize, why: &mut String) -> Option<()> {
        let route = &tenant.routes[index];
        let came_from = match &self.facts.source {
            Source::Trunk { fqdn, .. } => Some(fqdn.as_str()),
            Source::App { .. } | Source::Carrier { .. } => None,
        };
        let mut others = route
            .targets
            .iter()
            .map(|target| &target.fqdn)
            .filter(|fqdn| came_from.is_none_or(|own| !own.eq_ignore_ascii_case(fqdn)))
            .peekable();
        if others.peek().is_none() {
            self.skip(
                "route",
                format!("route {} leads nowhere but to the trunk that the call came from", route.name),
            );
            return None;
        }
        self.pass(
            "route",
            format!("route {} ({}) matches {}", route.name, route.number_pattern, self.facts.to),
        );
        let caller_id =
            route.caller_id_override.clone().or_else(|| self.facts.from.as_ref().map(ToString::to_string));
        for fqdn in others {
            let target = Target::Trunk { tenant: tenant.id, fqdn: fqdn.clone() };
            match self.trunk_problem(tenant, fqdn) {
                Some(problem) => {
                    self.skip("trunk", problem.clone());
                    *why = problem;
                }
                None => {
                    self.pass("trunk", format!("trunk {fqdn} is tried"));
                    let callee = self.facts.to.to_string();
                    self.decision.plan.push(Attempt {
                        target,
                        caller_id: caller_id.clone(),
                        callee,
                        failover_on: super::failover_statuses(),
                    });
                }
            }
        }
        Some(())
    }

    fn trunk_problem(&self, tenant: &Tenant, fqdn: &str) -> Option<String> {
        let abilities = self.snapshot.platform.value.abilities;
        tenant
            .trunk(fqdn)
            .map_or_else(|| Some(format!("there is no trunk {fqdn}")), |trunk| trunk.unusable(abilities))
    }

    /// The platform's own carriers: the caller id must be owned, the price known, a carrier there.
    fn platform(&mut self, payer: &TenantPiece, plan: &PricePlan) -> Ruled<Vec<Line>> {
        let dialled = self.facts.to.clone();
        let Some(number) = dialled.e164() else {
            return self.refuse("number", Cause::BadNumber, format!("{dialled} is neither a full international number nor a user of {}, and no route matches it", payer.piece.value.slug));
        };
        let caller_id = self.owned_caller_id(&payer.piece.value)?;
        let line = self.outbound_line(plan, number)?;
        self.carriers(number, caller_id)?;
        Ok(vec![line])
    }

    fn owned_caller_id(&mut self, tenant: &Tenant) -> Ruled<E164> {
        let shown = self.facts.from.clone();
        let owned = shown
            .as_ref()
            .and_then(|from| from.e164())
            .filter(|number| self.snapshot.owns(tenant.id, *number));
        let Some(number) = owned else {
            let shown = shown.map_or_else(|| "an anonymous caller".to_owned(), |from| format!("{from}"));
            return self.refuse("callerId", Cause::CallerIdNotOwned, format!("no route matches, and {shown} is not a number that {} owns: a platform call needs an owned caller id", tenant.slug));
        };
        self.pass("callerId", format!("{number} is a number of {}", tenant.slug));
        Ok(number)
    }

    fn outbound_line(&mut self, plan: &PricePlan, number: E164) -> Ruled<Line> {
        match plan.outbound(number) {
            Some(line) => Ok(line),
            None => self.refuse(
                "price",
                Cause::NoRoute,
                format!("plan {} does not sell calls to {number}", plan.name),
            ),
        }
    }

    /// Carriers with a matching prefix: real ones before the sandbox, then the longest prefix, then the lower cost.
    fn carriers(&mut self, number: E164, caller_id: E164) -> Ruled<()> {
        let digits = number.digits();
        let mut candidates: Vec<(&Carrier, usize, i64)> = self
            .snapshot
            .platform
            .value
            .carriers
            .iter()
            .filter(|carrier| carrier.enabled && !carrier.hosts.is_empty())
            .filter_map(|carrier| {
                let best = carrier
                    .prefixes
                    .iter()
                    .filter(|p| digits.starts_with(&p.prefix))
                    .max_by_key(|p| p.prefix.len())?;
                Some((carrier, best.prefix.len(), best.cost_per_minute_micros))
            })
            .collect();
        candidates.sort_by_key(|(carrier, length, cost)| {
            (carrier.sandbox, std::cmp::Reverse(*length), *cost, carrier.id)
        });
        if candidates.is_empty() {
            return self.refuse("carrier", Cause::NoRoute, format!("no carrier has a prefix of {number}"));
        }
        for (carrier, length, _) in candidates {
            let policy = match carrier.caller_id {
                CallerIdPolicy::Any => "any caller id",
                CallerIdPolicy::Owned => "owned caller ids",
            };
            self.pass(
                "carrier",
                format!(
                    "carrier {} carries {number} by a prefix of {length} digits, and takes {policy}",
                    carrier.name
                ),
            );
            let target = Target::Carrier { carrier: carrier.id, name: carrier.name.clone() };
            self.decision.plan.push(Attempt {
                target,
                caller_id: Some(caller_id.to_string()),
                callee: number.to_string(),
                failover_on: super::failover_statuses(),
            });
        }
        Ok(())
    }

    /// A call to an owned number goes where the number is bound.
    fn deliver(
        &mut self,
        owner: &'a TenantPiece,
        owned: &Owned,
        plan: &PricePlan,
        hops: usize,
    ) -> Ruled<Vec<Line>> {
        let number = owned.number;
        let tenant = &owner.piece.value;
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
                if !tenant.users.contains(username) {
                    return self.refuse(
                        "number",
                        Cause::NumberUnbound,
                        format!("{number} is bound to user {username}, who does not exist any more"),
                    );
                }
                self.pass("number", format!("{number} is bound to user {username}"));
                self.push_user(tenant, username);
                Ok(vec![plan.app_leg()])
            }
            Binding::Trunk(fqdn) => {
                if let Some(problem) = self.trunk_problem(tenant, fqdn) {
                    return self.refuse(
                        "trunk",
                        Cause::TrunkUnusable,
                        format!("{number} is bound to trunk {fqdn}: {problem}"),
                    );
                }
                self.pass("number", format!("{number} is bound to trunk {fqdn}"));
                let target = Target::Trunk { tenant: tenant.id, fqdn: fqdn.clone() };
                let caller_id = self.facts.from.as_ref().map(ToString::to_string);
                self.decision.plan.push(Attempt {
                    target,
                    caller_id,
                    callee: number.to_string(),
                    failover_on: super::failover_statuses(),
                });
                Ok(vec![plan.trunk_leg()])
            }
            Binding::Forward(next) => self.forward(owner, number, *next, plan, hops),
        }
    }

    fn forward(
        &mut self,
        owner: &'a TenantPiece,
        number: E164,
        next: E164,
        plan: &PricePlan,
        hops: usize,
    ) -> Ruled<Vec<Line>> {
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
        let line = self.outbound_line(plan, next)?;
        self.carriers(next, number)?;
        Ok(vec![line])
    }

    fn push_user(&mut self, tenant: &Tenant, username: &str) {
        let target = Target::User { tenant: tenant.id, username: username.to_owned() };
        let caller_id = self.facts.from.as_ref().map(ToString::to_string);
        self.decision.plan.push(Attempt {
            target,
            caller_id,
            callee: username.to_owned(),
            failover_on: super::failover_statuses(),
        });
    }

    fn limits(&mut self, tenant: &Tenant, funds: &Funds) -> Ruled<()> {
        let limits = tenant.limits;
        if funds.live_calls >= limits.max_calls {
            return self.refuse(
                "limits",
                Cause::CallLimit,
                format!("{} calls are up, and {} are allowed", funds.live_calls, limits.max_calls),
            );
        }
        if funds.calls_last_second >= limits.calls_per_second {
            return self.refuse(
                "limits",
                Cause::RateLimit,
                format!(
                    "{} calls began in the last second, and {} are allowed",
                    funds.calls_last_second, limits.calls_per_second
                ),
            );
        }
        self.pass("limits", format!("{} of {} calls are up", funds.live_calls, limits.max_calls));
        Ok(())
    }

    fn funds(&mut self, funds: &Funds) -> Ruled<()> {
        let quote = &self.decision.quote;
        let first = quote.price(u64::from(self.decision.hold_seconds) * 1000);
        if first.micros > funds.available_micros {
            let missing =
                crate::money::Money::new(first.micros.saturating_sub(funds.available_micros), first.currency);
            let available = crate::money::Money::new(funds.available_micros, first.currency);
            return self.refuse(
                "funds",
                Cause::BalanceTooLow,
                format!("the first hold takes {first}, {available} is available: {missing} is missing"),
            );
        }
        let seconds = quote.affordable_seconds(funds.available_micros, CALL_MAX_SECONDS);
        self.pass("funds", format!("the first hold takes {first}, and the money lasts for {seconds} s"));
        self.decision.max_duration_seconds = seconds;
        Ok(())
    }

    fn read(&mut self, version: &str) {
        if !self.decision.config.iter().any(|known| known == version) {
            self.decision.config.push(version.to_owned());
        }
    }

    fn pass(&mut self, rule: &str, text: String) {
        self.step(rule, Mark::Passed, text);
    }

    fn skip(&mut self, rule: &str, text: String) {
        self.step(rule, Mark::Skipped, text);
    }

    fn refuse<T>(&mut self, rule: &str, cause: Cause, detail: String) -> Ruled<T> {
        self.step(rule, Mark::Refused, detail.clone());
        Err(Refused(cause, detail))
    }

    fn step(&mut self, rule: &str, mark: Mark, text: String) {
        self.decision.trace.push(Step { rule: rule.to_owned(), mark, text });
    }
}
