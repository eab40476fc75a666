//! How much at once, how much at most, and whether there is money for it.

use super::{Court, Refused, Ruled};
use crate::{
    cause::Cause,
    config::{Limits, OverLimit, Tenant},
    decision::{CALL_MAX_SECONDS, Decision, Funds, Mark, Peer, Source, Verdict},
    money::Money,
};

/// The SIP status of a call over a limit, where the tenant wants another one than 503.
pub(super) const fn status(tenant: &Tenant) -> Option<u16> {
    match tenant.protection.over_limit {
        OverLimit::RetryLater => None,
        OverLimit::Busy => Some(486),
    }
}

impl Court<'_> {
    /// The trunk or carrier that the call comes from, with its limits and its name.
    fn comes_from(&self) -> Option<(Peer, Limits, String)> {
        match &self.facts.source {
            Source::App { .. } | Source::Test { .. } => None,
            Source::Trunk { tenant, fqdn } => {
                let (_, trunk) = self.snapshot.tenant(*tenant)?.trunk(fqdn)?;
                Some((Peer::Trunk(trunk.id), trunk.limits, format!("trunk {fqdn}")))
            }
            Source::Carrier { carrier } => {
                let carrier = self.snapshot.carrier((*carrier)?)?;
                Some((Peer::Carrier(carrier.id), carrier.limits, "the carrier".to_owned()))
            }
        }
    }

    /// Calls at once and per second: of the trunk or carrier that it comes from, and of the tenant.
    pub(super) fn limits(&mut self, tenant: &Tenant, funds: &Funds) -> Ruled<()> {
        if let Some((peer, limits, who)) = self.comes_from()
            && let Some((cause, text)) = self.at_limit(peer, limits)
        {
            self.decision.status = status(tenant);
            return self.refuse("limits", cause, format!("of {who}, {text}"));
        }
        let limits = tenant.limits;
        if funds.live_calls >= limits.max_calls {
            self.decision.status = status(tenant);
            let text = format!("{} calls are up, and {} are allowed", funds.live_calls, limits.max_calls);
            return self.refuse("limits", Cause::CallLimit, text);
        }
        if funds.calls_last_second >= limits.calls_per_second {
            self.decision.status = status(tenant);
            let text = format!(
                "{} calls began in the last second, and {} are allowed",
                funds.calls_last_second, limits.calls_per_second
            );
            return self.refuse("limits", Cause::RateLimit, text);
        }
        let text = format_args!("{} of {} calls are up", funds.live_calls, limits.max_calls);
        self.decision.trace.write("limits", Mark::Passed, text);
        Ok(())
    }

    /// What one call and one day may cost. A call is ended before it costs more than is left of either.
    pub(super) fn caps(&mut self, tenant: &Tenant) -> Ruled<()> {
        let protection = &tenant.protection;
        let trunk = match &self.facts.source {
            Source::Trunk { tenant, fqdn } => self
                .snapshot
                .tenant(*tenant)
                .and_then(|piece| piece.trunk(fqdn))
                .and_then(|(_, trunk)| trunk.max_call_micros),
            Source::App { .. } | Source::Carrier { .. } | Source::Test { .. } => None,
        };
        let currency = self.decision.quote.currency;
        let day = protection.max_day_micros.map(|cap| cap.saturating_sub(self.usage.spent_today_micros));
        if let (Some(left), Some(cap)) = (day, protection.max_day_micros)
            && left <= 0
            && self.decision.quote.price(60_000).micros > 0
        {
            let (spent, cap) =
                (Money::new(self.usage.spent_today_micros, currency), Money::new(cap, currency));
            let text = format!("calls of this day (UTC) have cost {spent}, and {cap} is the cap");
            return self.refuse("caps", Cause::SpendCap, text);
        }
        let Some(left) = [protection.max_call_micros, trunk, day].into_iter().flatten().min() else {
            return Ok(());
        };
        let seconds = self.decision.quote.affordable_seconds(left, CALL_MAX_SECONDS);
        let left = Money::new(left, currency);
        if seconds == 0 {
            let text = format!("the call may cost {left}, which does not pay for one second");
            return self.refuse("caps", Cause::SpendCap, text);
        }
        if seconds < CALL_MAX_SECONDS {
            self.pass("caps", format!("the call may cost {left}, which lasts for {seconds} s"));
            self.decision.cap_seconds = Some(seconds);
        }
        Ok(())
    }

    /// Whether there is money for the first hold and room for it under the cap of what the tenant may owe at worst, and for how
    /// long both last: the last rule.
    pub(super) fn funds(&mut self, tenant: &Tenant, funds: &Funds) -> Ruled<()> {
        let exposure = tenant.protection.max_exposure_micros.map(|cap| (self.usage.exposure_micros, cap));
        afford(&mut self.decision, funds.available_micros, exposure)
    }
}

/// The rule's own name.
const FUNDS: &str = "funds";

/// `exposure` is what the payer may owe at worst, and the cap of that.
fn afford(decision: &mut Decision, available_micros: i64, exposure: Option<(i64, i64)>) -> Ruled<()> {
    let quote = &decision.quote;
    let first = quote.price(u64::from(decision.hold_seconds) * 1000);
    if first.micros > available_micros {
        let missing = Money::new(first.micros.saturating_sub(available_micros), first.currency);
        let available = Money::new(available_micros, first.currency);
        let text = format!("the first hold takes {first}, {available} is available: {missing} is missing");
        decision.trace.join(FUNDS, Mark::Refused, &[&text]);
        return Err(Refused(Cause::BalanceTooLow, text));
    }
    let room = exposure.map(|(worst, cap)| cap.saturating_sub(worst));
    if let (Some(room), Some((worst, cap))) = (room, exposure)
        && first.micros > 0
        && first.micros > room
    {
        let [worst, cap] = [worst, cap].map(|micros| Money::new(micros, first.currency));
        let text = format!(
            "calls and orders under way may cost {worst} at worst, {cap} is the cap, and the first hold takes {first}"
        );
        decision.trace.join(FUNDS, Mark::Refused, &[&text]);
        return Err(Refused(Cause::ExposureCap, text));
    }
    let cap = decision.cap_seconds.unwrap_or(CALL_MAX_SECONDS);
    let lasting = room.map_or(available_micros, |room| room.min(available_micros));
    let seconds = quote.affordable_seconds(lasting, cap);
    decision.max_duration_seconds = seconds;
    let what = if lasting < available_micros { "room under the cap" } else { "money" };
    let text = format_args!("the first hold takes {first}, and the {what} lasts for {seconds} s");
    decision.trace.write(FUNDS, Mark::Passed, text);
    Ok(())
}

impl Decision {
    /// A decision that connects, on other money than it was made on: what [`super::decide`] says on the same facts,
    /// with this much available, and with this much that the payer may owe at worst under this cap, where it has one. Money is
    /// asked for last, so nothing else changes; a call that costs nobody anything is not asked for any.
    #[must_use]
    pub fn with_money(mut self, available_micros: i64, exposure: Option<(i64, i64)>) -> Self {
        let asked = self.connects() && self.trace.last().is_some_and(|step| step.rule == FUNDS);
        if asked {
            self.trace.pop();
            if let Err(refused) = afford(&mut self, available_micros, exposure) {
                self.refuse(refused);
            }
        }
        self
    }

    pub(super) fn refuse(&mut self, Refused(cause, detail): Refused) {
        self.verdict = Verdict::Refuse { cause, detail };
        self.plan.clear();
        self.max_duration_seconds = 0;
    }
}
