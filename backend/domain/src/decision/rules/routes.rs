//! The tenant's own voice routes.

use super::{ATTEMPTS_MAX, Court, Draft, Ruled, order::arrange};
use crate::{
    cause::Cause,
    config::{RouteBrief, TenantPiece, Trunk, is_open},
    decision::{Mark, Peer, Source, Target},
    ids::TrunkId,
};

/// Routes that are named where they do not match; more are counted.
const NAMED_MAX: usize = 5;

/// Why trunks of matching routes are not tried.
#[derive(Default)]
struct Problems {
    cause: Option<Cause>,
    text: String,
    count: usize,
}

impl Problems {
    fn note(&mut self, cause: Cause, text: String) {
        self.count += 1;
        // A limit passes by itself: what does not goes before it.
        if self.cause.is_none_or(|known| known != Cause::TrunkUnusable) {
            self.cause = Some(cause);
            self.text = text;
        }
    }
}

impl<'a> Court<'a> {
    /// The tenant's routes from top to bottom; every matching route's usable trunks join the plan. True where the plan
    /// has a trunk; a refusal where routes matched and no trunk of theirs can be used (no fall-through to a carrier).
    pub(super) fn routes(&mut self, payer: &'a TenantPiece) -> Ruled<bool> {
        let tenant = &payer.piece.value;
        let matching = self.open_routes(payer);
        let leading = self.leading_elsewhere(payer, matching);
        if leading.is_empty() {
            return Ok(false);
        }
        if let Some(why) = tenant.eligibility.direct_routing.refusal() {
            let name = &tenant.routes[leading[0]].name;
            let text =
                format!("route {name} matches, but direct routing is not open to {}: {why}", tenant.slug);
            return self.refuse("route", Cause::NotEligible, text);
        }
        if let Some(number) = self.to.e164() {
            self.destination(tenant, number)?;
        }
        let mut problems = Problems::default();
        for index in leading {
            let Some(route) = payer.route(index) else { continue };
            self.pass_route(route);
            self.route_trunks(payer, (index, route), &mut problems);
        }
        if self.decision.plan.is_empty() {
            let cause = problems.cause.unwrap_or(Cause::TrunkUnusable);
            let text = match problems.count {
                0 | 1 => problems.text,
                count => {
                    format!("none of {count} trunks of the matching routes can be tried: {}", problems.text)
                }
            };
            return self.refuse("trunk", cause, text);
        }
        Ok(true)
    }

    pub(super) fn pass_route(&mut self, route: RouteBrief<'_>) {
        let pieces = ["route ", route.name, " (", route.pattern, ") matches ", self.to.as_str()];
        self.decision.trace.join("route", Mark::Passed, &pieces);
    }

    /// The routes that match what was dialled and are open at this time of day. The others are counted in the trace.
    pub(super) fn open_routes(&mut self, payer: &TenantPiece) -> Vec<usize> {
        let routes = &payer.piece.value.routes;
        let mut matching = payer.routes.matches(self.to.as_str());
        self.note_others(payer, &matching);
        matching.retain(|index| {
            if payer.route(*index).is_some_and(|brief| !brief.has_windows) {
                return true;
            }
            let route = &routes[*index];
            let open = is_open(&route.windows, self.facts.at);
            if !open {
                let at = self.facts.at.format("%a %H:%M UTC");
                self.skip(
                    "route",
                    format!("route {} matches, but is not open at this time ({at})", route.name),
                );
            }
            open
        });
        matching
    }

    /// The routes that do not match, in few lines: why some never do, and how many others there are.
    fn note_others(&mut self, payer: &TenantPiece, matching: &[usize]) {
        let routes = &payer.piece.value.routes;
        let broken = payer.routes.broken_count();
        if broken > 0 {
            for (index, why) in payer.routes.broken().take(NAMED_MAX) {
                self.skip("route", format!("route {} never matches: {why}", routes[index].name));
            }
        }
        let others = routes.len().saturating_sub(matching.len() + broken);
        if others == 0 {
            return;
        }
        let do_not = if others == 1 { "route does not match" } else { "routes do not match" };
        if others > NAMED_MAX {
            let text = format_args!("{others} {do_not} {}", self.to);
            self.decision.trace.write("route", Mark::Skipped, text);
        } else {
            let mut text = format!("{others} {do_not} {}", self.to);
            let is_other =
                |index: &usize| matching.binary_search(index).is_err() && !payer.routes.is_broken(*index);
            for (place, index) in (0..routes.len()).filter(is_other).enumerate() {
                text.push_str(if place == 0 { ": " } else { ", " });
                text.push_str(&routes[index].name);
            }
            self.skip("route", text);
        }
    }

    /// The routes that lead elsewhere than back to the trunk that the call came from.
    fn leading_elsewhere(&mut self, payer: &TenantPiece, mut matching: Vec<usize>) -> Vec<usize> {
        let Source::Trunk { fqdn: own, .. } = &self.facts.source else {
            matching.retain(|index| payer.route(*index).is_some_and(|route| !route.aims.is_empty()));
            return matching;
        };
        matching.retain(|index| {
            let route = &payer.piece.value.routes[*index];
            let leads = route.targets.iter().any(|target| !target.fqdn.eq_ignore_ascii_case(own));
            if !leads {
                let text =
                    format!("route {} leads nowhere but to the trunk that the call came from", route.name);
                self.skip("route", text);
            }
            leads
        });
        matching
    }

    /// Adds a matching route's trunks to the plan: by priority, then as the route orders its equals.
    fn route_trunks(
        &mut self,
        payer: &'a TenantPiece,
        (index, route): (usize, RouteBrief<'a>),
        problems: &mut Problems,
    ) {
        let mut left_over = 0;
        let room = ATTEMPTS_MAX.saturating_sub(self.decision.plan.len());
        self.decision.plan.reserve(route.aims.len().min(room));
        for place in arrange(route.aims, route.order, self.facts.draw ^ index as u64) {
            let found = payer.target(&route.aims[place]);
            let Some((at, trunk, fqdn)) = found.and_then(|(at, trunk)| Some((at, trunk, payer.fqdn(at)?)))
            else {
                let set = &payer.piece.value.routes[index];
                let problem = format!("there is no trunk {}", set.targets[place].fqdn);
                self.skip("trunk", &problem);
                problems.note(Cause::TrunkUnusable, problem);
                continue;
            };
            if self.came_from(fqdn) || self.is_planned(fqdn) {
                continue;
            }
            let is_free =
                payer.ready(at, self.snapshot.platform.value.abilities).is_some_and(|id| self.is_free(id));
            if !is_free && let Some((cause, problem)) = self.trunk_problem(trunk) {
                self.skip("trunk", &problem);
                problems.note(cause, problem);
                continue;
            }
            if self.decision.plan.len() == ATTEMPTS_MAX {
                left_over += 1;
                continue;
            }
            self.pass_joined("trunk", &["trunk ", fqdn, " is tried"]);
            self.warn_of_keys(payer, at, fqdn);
            self.try_trunk(payer, (index, route.is_plain), at, fqdn);
        }
        if left_over > 0 {
            let text = format!(
                "{left_over} further trunks of route {} are not tried: a call has {ATTEMPTS_MAX} tries",
                route.name
            );
            self.skip("trunk", text);
        }
    }

    /// Says where the keys of a call's media can be read on its way to a trunk.
    pub(super) fn warn_of_keys(&mut self, owner: &TenantPiece, at: usize, fqdn: &str) {
        if owner.shows_keys(at) {
            let why =
                " requires SRTP over signalling without TLS: the keys of its calls can be read on their way";
            self.pass_joined("trunk", &["trunk ", fqdn, why]);
        }
    }

    /// Adds the trunk at a place to the plan, by a route that is plain or not ([`RouteBrief::is_plain`]).
    pub(super) fn try_trunk(
        &mut self,
        payer: &'a TenantPiece,
        (route, is_plain): (usize, bool),
        at: usize,
        fqdn: &str,
    ) {
        let target = Target::Trunk { tenant: payer.piece.value.id, fqdn: fqdn.to_owned() };
        let callee = self.to.as_str().to_owned();
        let (peer, failover_on) = (payer.rewrites(at), payer.failover_on(at));
        let draft = if is_plain {
            Draft { target, caller_id: self.shown(), callee, route: None, peer, failover_on }
        } else {
            let set = &payer.piece.value.routes[route];
            Draft {
                target,
                caller_id: set.caller_id_override.clone().or_else(|| self.shown()),
                callee,
                route: payer.routes.rewrites(route),
                peer,
                failover_on: set.failover_on.as_deref().or(failover_on),
            }
        };
        self.try_next(draft);
    }

    pub(super) fn came_from(&self, fqdn: &str) -> bool {
        matches!(&self.facts.source, Source::Trunk { fqdn: own, .. } if own.eq_ignore_ascii_case(fqdn))
    }

    /// Whether a higher route has it tried already.
    pub(super) fn is_planned(&self, fqdn: &str) -> bool {
        self.decision.plan.iter().any(|attempt| {
            matches!(&attempt.target, Target::Trunk { fqdn: known, .. } if known.eq_ignore_ascii_case(fqdn))
        })
    }

    /// Whether nothing is said of a trunk at this moment.
    fn is_free(&self, trunk: TrunkId) -> bool {
        let peer = Peer::Trunk(trunk);
        !self.is_offline(peer) && self.usage.load(peer).is_none()
    }

    /// Why a trunk is not tried: as it is set, its health, its limits.
    pub(super) fn trunk_problem(&self, trunk: &Trunk) -> Option<(Cause, String)> {
        if let Some(problem) = trunk.unusable(self.snapshot.platform.value.abilities) {
            return Some((Cause::TrunkUnusable, problem));
        }
        let (fqdn, peer) = (&trunk.fqdn, Peer::Trunk(trunk.id));
        if self.is_offline(peer) {
            let problem = format!("trunk {fqdn} is offline: it missed its last health checks");
            return Some((Cause::TrunkUnusable, problem));
        }
        let (cause, text) = self.at_limit(peer, trunk.limits)?;
        Some((cause, format!("trunk {fqdn} is at its limit: {text}")))
    }
}
