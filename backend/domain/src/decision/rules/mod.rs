//! The rules, in the order in which they are asked: number manipulation of the caller's leg, emergency, who pays, where
//! the number is (or whether it is the echo), the tenant's routes, the platform's carriers, limits, stops, caps, money.

mod called;
mod carriers;
mod delivery;
mod echo;
mod emergency;
mod identity;
mod limits;
mod order;
mod payer;
mod protect;
mod recording;
mod routes;
mod trial;
mod velocity;

pub use echo::ECHO_CALL_MAX_SECONDS;
pub use payer::{called, caller, payer};
pub use trial::{TEST_CALL_MAX_SECONDS, is_emergency};

use super::{Attempt, Decision, Facts, Funds, Mark, Peer, Source, Target, Usage};
use crate::{
    cause::Cause,
    config::{FAILOVER_STATUSES, PeerPolicy, PeerRewrites, Snapshot, Tenant, may_fail_over},
    numbering::Owned,
    phone::Dialled,
    rating::Quote,
    routing::CompiledRewrites,
};
use std::borrow::Cow;

/// The most tries of one call: what is left over is named in the trace.
pub const ATTEMPTS_MAX: usize = 10;

/// A rule's refusal; the trace already holds its step.
struct Refused(Cause, String);

type Ruled<T> = Result<T, Refused>;

/// Decides what happens to a call.
///
/// Pure: the same snapshot, facts and funds give the same decision, whether the call is live, a dry run or long over.
#[must_use]
pub fn decide(snapshot: &Snapshot, facts: &Facts, funds: &Funds) -> Decision {
    let mut court = Court {
        snapshot,
        facts,
        usage: &funds.usage,
        from: facts.from.as_ref().map(Cow::Borrowed),
        to: Cow::Borrowed(&facts.to),
        decision: Decision::undecided(),
    };
    court.read(&snapshot.platform.version);
    if let Err(refused) = court.judge(funds) {
        court.decision.refuse(refused);
    }
    court.decision
}

/// One decision in the making.
struct Court<'a> {
    snapshot: &'a Snapshot,
    facts: &'a Facts,
    usage: &'a Usage,
    /// The caller id after the number manipulation of the caller's leg.
    from: Option<Cow<'a, Dialled>>,
    /// What was dialled, after it too.
    to: Cow<'a, Dialled>,
    decision: Decision,
}

/// Which leg the caller comes in on; it is priced before the plan's.
enum CallerLeg<'a> {
    App,
    Trunk,
    Number(&'a Owned),
}

/// What a try is made of, before number manipulation.
struct Draft<'p> {
    target: Target,
    caller_id: Option<String>,
    callee: String,
    route: Option<&'p CompiledRewrites>,
    peer: Option<&'p PeerRewrites>,
    failover_on: Option<&'p [u16]>,
}

impl<'a> Court<'a> {
    fn judge(&mut self, funds: &Funds) -> Ruled<()> {
        if let Source::Test { tenant, fqdn } = &self.facts.source {
            return self.test_call(*tenant, fqdn);
        }
        self.arriving();
        if self.emergency()? {
            return Ok(());
        }
        let (payer, leg) = self.payer()?;
        let tenant = &payer.piece.value;
        self.caller_may(tenant)?;
        self.identity(tenant)?;
        let plan = self.plan_of(payer)?;
        if self.echo(payer, &leg, plan, funds)? {
            return Ok(());
        }
        let caller_line = Self::caller_line(plan, &leg, self.facts.at);
        let callee_line = match leg {
            CallerLeg::Number(owned) => self.deliver(payer, owned, plan, 0)?,
            CallerLeg::App | CallerLeg::Trunk => self.called_by_tenant(payer, plan)?,
        };
        let mut lines = match caller_line {
            Some(line) => vec![line, callee_line],
            None => vec![callee_line],
        };
        if !plan.volumes.is_empty() {
            plan.at_volumes(&mut lines, &self.usage.volumes, self.facts.at);
        }
        self.decision.quote = Quote { currency: plan.currency, lines };
        self.decision.hold_seconds = plan.hold_seconds;
        self.recording(tenant);
        self.limits(tenant, funds)?;
        self.velocity()?;
        self.caps(tenant)?;
        self.funds(tenant, funds)
    }

    /// Number manipulation of the caller's leg.
    fn arriving(&mut self) {
        let (who, rules) = match &self.facts.source {
            Source::App { .. } | Source::Test { .. } => return,
            Source::Trunk { tenant, fqdn } => {
                let Some(piece) = self.snapshot.tenant(*tenant) else { return };
                let Some((place, _)) = piece.trunk(fqdn) else { return };
                (fqdn.as_str(), piece.rewrites(place))
            }
            Source::Carrier { carrier } => {
                let Some(place) = carrier.and_then(|id| self.snapshot.carrier_place(id)) else { return };
                let name = &self.snapshot.platform.value.carriers[place].name;
                (name.as_str(), self.snapshot.platform.rewrites(place))
            }
        };
        let Some(rules) = rules else { return };
        if let Some(from) = self.from.take() {
            let made = rules.inbound.caller(from.as_str());
            self.from = Some(self.rewritten(who, "caller id", from, made));
        }
        let made = rules.inbound.callee(self.to.as_str());
        self.to = self.rewritten(who, "number", self.to.clone(), made);
    }

    fn rewritten(&mut self, who: &str, what: &str, before: Cow<'a, Dialled>, made: Made) -> Cow<'a, Dialled> {
        match made {
            Ok(None) => before,
            Ok(Some(text)) => match Dialled::parse(&text) {
                Some(after) => {
                    self.pass("rewrite", format!("{what} {before} from {who} is read as {after}"));
                    Cow::Owned(after)
                }
                None => before,
            },
            Err(text) => {
                self.skip(
                    "rewrite",
                    format!(
                        "a rule of {who} makes {text:?} of {what} {before}, which is no number: it stays"
                    ),
                );
                before
            }
        }
    }

    /// Makes a try, with the number manipulation of its route and then of its peer. A result that is no number leaves
    /// the number as it was.
    fn try_next(&mut self, draft: Draft<'_>) {
        let Draft { target, mut caller_id, mut callee, route, peer, failover_on } = draft;
        for rules in [route, peer.map(|peer| &peer.outbound)].into_iter().flatten() {
            if let Some(shown) = caller_id {
                let made = rules.caller(&shown);
                caller_id = Some(self.departing("caller id", shown, made));
            }
            let made = rules.callee(&callee);
            callee = self.departing("number", callee, made);
        }
        let failover_on = match failover_on {
            None => Cow::Borrowed(&FAILOVER_STATUSES[..]),
            Some(set) => set.iter().copied().filter(|status| may_fail_over(*status)).collect(),
        };
        self.decision.plan.push(Attempt { target, caller_id, callee, failover_on });
    }

    fn departing(&mut self, what: &str, before: String, made: Made) -> String {
        match made {
            Ok(None) => before,
            Ok(Some(after)) => {
                self.pass("rewrite", format!("{what} {before} is sent as {after}"));
                after
            }
            Err(text) => {
                self.skip(
                    "rewrite",
                    format!("a rule makes {text:?} of {what} {before}, which is no number: it stays"),
                );
                before
            }
        }
    }

    /// The caller id as it is shown where nothing changes it.
    fn shown(&self) -> Option<String> {
        self.from.as_deref().map(|from| from.as_str().to_owned())
    }

    /// Whether a peer is at one of its limits: which one.
    fn at_limit(&self, peer: Peer, limits: crate::config::Limits) -> Option<(Cause, String)> {
        let load = self.usage.load(peer)?;
        if load.live_calls >= limits.max_calls {
            let text = format!("{} of {} calls are up", load.live_calls, limits.max_calls);
            return Some((Cause::CallLimit, text));
        }
        (load.calls_last_second >= limits.calls_per_second).then(|| {
            let text = format!(
                "{} calls began in the last second, and {} are allowed",
                load.calls_last_second, limits.calls_per_second
            );
            (Cause::RateLimit, text)
        })
    }

    fn is_offline(&self, peer: Peer) -> bool {
        self.usage.offline.contains(&peer)
    }

    fn read(&mut self, version: &str) {
        if !self.decision.config.iter().any(|known| known == version) {
            self.decision.config.push(version.to_owned());
        }
    }

    fn pass(&mut self, rule: &str, text: impl AsRef<str>) {
        self.decision.trace.join(rule, Mark::Passed, &[text.as_ref()]);
    }

    /// As [`Self::pass`], for a sentence that is put together from pieces.
    fn pass_joined(&mut self, rule: &str, pieces: &[&str]) {
        self.decision.trace.join(rule, Mark::Passed, pieces);
    }

    fn skip(&mut self, rule: &str, text: impl AsRef<str>) {
        self.decision.trace.join(rule, Mark::Skipped, &[text.as_ref()]);
    }

    fn refuse<T>(&mut self, rule: &str, cause: Cause, detail: String) -> Ruled<T> {
        self.decision.trace.join(rule, Mark::Refused, &[&detail]);
        Err(Refused(cause, detail))
    }
}

/// What a rule of number manipulation made.
type Made = Result<Option<String>, String>;

/// The statuses on which the next try begins, as the peer sets them.
fn failover(peer: &PeerPolicy) -> Option<&[u16]> {
    peer.failover_on.as_deref()
}

/// Whether a tenant may call at all, and over what it may: the words of its suspension.
fn suspended(tenant: &Tenant) -> String {
    format!("{} is suspended: ask the operator", tenant.slug)
}
