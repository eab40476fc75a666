//! Emergency calls: no money, limit, cap, list or suspension holds them up.

use super::{Court, Draft, Ruled, failover, order::arrange};
use crate::{
    cause::Cause,
    config::{CallBack, EmergencyCountry, EmergencyRoute, Tenant, TenantPiece},
    country,
    decision::{CALL_MAX_SECONDS, EmergencyCall, Source, Target},
    money::Currency,
    phone::{Dialled, E164},
    rating::{DEFAULT_HOLD_SECONDS, Quote},
};

/// Numbers that reach emergency services somewhere, as they are dialled. They count where nothing is set for the
/// caller's country.
pub(super) const SOMEWHERE: [&str; 8] = ["112", "911", "999", "000", "110", "113", "119", "933"];
/// Numbers that count everywhere: phones dial them in any network.
const EVERYWHERE: [&str; 2] = ["112", "911"];
/// The longest emergency number, digits.
const NUMBER_LEN_MAX: usize = 8;

impl<'a> Court<'a> {
    /// True where the call is an emergency call, which is decided here to its end.
    pub(super) fn emergency(&mut self) -> Ruled<bool> {
        let dialled = self.to.as_str().trim_start_matches('+');
        if dialled.len() > NUMBER_LEN_MAX || !dialled.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(false);
        }
        let (Source::App { tenant } | Source::Trunk { tenant, .. }) = self.facts.source else {
            if !SOMEWHERE.contains(&dialled) {
                return Ok(false);
            }
            let text =
                format!("{dialled} is an emergency number, and a carrier brings in no emergency calls");
            return self.refuse("emergency", Cause::EmergencyUnavailable, text);
        };
        let Some(piece) = self.snapshot.tenant(tenant) else { return Ok(false) };
        let dialled = dialled.to_owned();
        let (place, registered) = self.whereabouts(&piece.piece.value);
        let set = place
            .as_deref()
            .and_then(|code| self.snapshot.platform.value.emergency.iter().find(|set| set.country == code));
        let has = |numbers: &[String]| numbers.contains(&dialled);
        let is_test = set.is_some_and(|set| has(&set.test_numbers));
        let is_emergency = match set {
            Some(set) => is_test || has(&set.numbers) || EVERYWHERE.contains(&dialled.as_str()),
            None => SOMEWHERE.contains(&dialled.as_str()),
        };
        if !is_emergency {
            return Ok(false);
        }
        self.connect_emergency(piece, &dialled, set, registered, is_test, place)?;
        Ok(true)
    }

    /// The country that the caller is in, as far as it can be told, and the number whose registered address says so.
    fn whereabouts(&self, tenant: &Tenant) -> (Option<String>, Option<E164>) {
        let number = self.from.as_deref().and_then(Dialled::e164);
        let registered = [number, tenant.emergency.call_back]
            .into_iter()
            .flatten()
            .find_map(|number| tenant.emergency.address(number));
        let first = || tenant.numbers.first().and_then(|owned| country::of(owned.number));
        let place = registered
            .map(|address| address.country.clone())
            .or_else(|| tenant.emergency.country.clone())
            .or_else(|| number.and_then(country::of).or_else(first).map(str::to_owned));
        (place, registered.map(|address| address.number))
    }

    fn connect_emergency(
        &mut self,
        piece: &'a TenantPiece,
        dialled: &str,
        set: Option<&'a EmergencyCountry>,
        registered: Option<E164>,
        is_test: bool,
        place: Option<String>,
    ) -> Ruled<()> {
        let tenant = &piece.piece.value;
        self.decision.payer = Some(tenant.id);
        self.read(&piece.piece.version);
        let place = place.unwrap_or_else(|| "no known country".to_owned());
        let what = if is_test { "the test number for emergency calls" } else { "an emergency number" };
        self.pass(
            "emergency",
            format!("{dialled} is {what}, called from {place}: no limit or price holds it up"),
        );
        self.emergency_routes(piece);
        if self.decision.plan.is_empty() {
            self.emergency_platform(tenant, dialled, set, &place)?;
        }
        match registered {
            Some(number) => self.pass("emergency", format!("the registered address of {number} counts")),
            None if set.is_some_and(|set| set.address_required) => {
                self.skip("emergency", "the caller's number has no registered address: register one");
            }
            None => {}
        }
        let plan = self.snapshot.plan(tenant.plan);
        self.decision.quote =
            Quote { currency: plan.map_or(Currency::USD, |plan| plan.currency), lines: Vec::new() };
        self.decision.hold_seconds = plan.map_or(DEFAULT_HOLD_SECONDS, |plan| plan.hold_seconds);
        self.decision.max_duration_seconds = CALL_MAX_SECONDS;
        self.decision.emergency = Some(EmergencyCall { country: place, is_test, registered });
        Ok(())
    }

    /// The tenant's own routes go first, as for any call; trunks that are offline or at a limit come last, not never.
    fn emergency_routes(&mut self, piece: &'a TenantPiece) {
        let abilities = self.snapshot.platform.value.abilities;
        for index in self.open_routes(piece) {
            let Some(route) = piece.route(index) else { continue };
            self.pass_route(route);
            let places = arrange(route.aims, route.order, self.facts.draw ^ index as u64);
            let (mut well, mut ailing) = (Vec::new(), Vec::new());
            for found in places.into_iter().filter_map(|place| piece.target(&route.aims[place])) {
                if self.trunk_problem(found.1).is_none() { well.push(found) } else { ailing.push(found) }
            }
            for (at, trunk) in well.into_iter().chain(ailing) {
                let could = trunk.enabled && trunk.is_able(abilities);
                let is_full = self.decision.plan.len() == super::ATTEMPTS_MAX;
                if !could || is_full || self.came_from(&trunk.fqdn) || self.is_planned(&trunk.fqdn) {
                    continue;
                }
                self.pass_joined("trunk", &["trunk ", &trunk.fqdn, " is tried"]);
                self.try_trunk(piece, (index, route.is_plain), at, &trunk.fqdn);
            }
        }
    }

    /// The dedicated route of the country.
    fn emergency_platform(
        &mut self,
        tenant: &Tenant,
        dialled: &str,
        set: Option<&'a EmergencyCountry>,
        place: &str,
    ) -> Ruled<()> {
        let Some(route) = set.and_then(|set| set.route.as_ref()) else {
            let text =
                format!("{dialled} is an emergency number, and no emergency route is set here for {place}");
            return self.refuse("emergency", Cause::EmergencyUnavailable, text);
        };
        let caller_id = self.call_back(tenant, set.map_or(CallBack::Owned, |set| set.call_back));
        let (target, peer, failover_on, name) = match route {
            EmergencyRoute::Carrier { carrier } => {
                let found = self.snapshot.carrier_place(*carrier);
                let found = found.map(|at| (at, &self.snapshot.platform.value.carriers[at]));
                let Some((at, carrier)) =
                    found.filter(|(_, carrier)| carrier.enabled && !carrier.hosts.is_empty())
                else {
                    let text = format!("the carrier of emergency calls for {place} is switched off or gone");
                    return self.refuse("emergency", Cause::EmergencyUnavailable, text);
                };
                let target = Target::Carrier { carrier: carrier.id, name: carrier.name.clone() };
                (target, self.snapshot.platform.rewrites(at), failover(&carrier.policy), &carrier.name)
            }
            EmergencyRoute::Trunk { tenant, fqdn } => {
                let owner = self.snapshot.tenant(*tenant);
                let found = owner.and_then(|owner| Some((owner, owner.trunk(fqdn)?)));
                let Some((owner, (at, trunk))) = found.filter(|(_, (_, trunk))| trunk.enabled) else {
                    let text = format!("the trunk of emergency calls for {place} is switched off or gone");
                    return self.refuse("emergency", Cause::EmergencyUnavailable, text);
                };
                self.read(&owner.piece.version);
                let target = Target::Trunk { tenant: *tenant, fqdn: trunk.fqdn.clone() };
                (target, owner.rewrites(at), failover(&trunk.policy), &trunk.fqdn)
            }
        };
        self.pass("emergency", format!("{name} carries emergency calls for {place}"));
        self.try_next(Draft {
            target,
            caller_id,
            callee: dialled.to_owned(),
            route: None,
            peer,
            failover_on,
        });
        Ok(())
    }

    /// The number that a call taker can call back.
    fn call_back(&mut self, tenant: &Tenant, rule: CallBack) -> Option<String> {
        let owned = |number: &E164| self.snapshot.owns(tenant.id, *number);
        let caller = self.from.as_deref().and_then(Dialled::e164);
        let set = caller.and_then(|number| tenant.emergency.address(number)?.call_back);
        let number = match rule {
            CallBack::Fixed(number) => Some(number),
            CallBack::Owned => set
                .filter(owned)
                .or_else(|| caller.filter(owned))
                .or_else(|| tenant.emergency.call_back.filter(owned))
                .or_else(|| tenant.numbers.first().map(|owned| owned.number)),
        };
        match number {
            Some(number) => {
                self.pass("callerId", format!("the call taker can call {number} back"));
                Some(number.to_string())
            }
            None => {
                self.skip("callerId", format!("{} owns no number that could be called back", tenant.slug));
                self.shown()
            }
        }
    }
}
