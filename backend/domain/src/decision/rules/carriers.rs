//! The platform's carriers: the longest prefix, then what the operator orders them by.

use super::{
    ATTEMPTS_MAX, Court, Draft, Ruled, failover,
    order::{Draw, weigh},
};
use crate::{
    cause::Cause,
    config::{CallerIdPolicy, Carrier, CarrierOrder, Tenant, is_open},
    decision::{Peer, Target},
    money::{Currency, Money},
    phone::E164,
    rating::Line,
};
use std::cmp::Reverse;

/// Candidates that a list of them has room for at once.
const CANDIDATES: usize = 16;

/// How long a prefix of a number can be, in words.
const LENGTHS: [&str; 16] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];

/// A carrier with a matching prefix.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    carrier: &'a Carrier,
    place: usize,
    length: u8,
    cost: i64,
    /// Whether it costs something in another currency than that of the plan.
    is_foreign: bool,
    room: u32,
}

impl Candidate<'_> {
    /// What goes before the operator's order: real ones before the sandbox, then the longest prefix.
    const fn first(&self) -> (bool, Reverse<u8>) {
        (self.carrier.sandbox, Reverse(self.length))
    }

    const fn key(&self, by: CarrierOrder) -> i64 {
        match by {
            // What cannot be compared comes last.
            CarrierOrder::Cost if self.is_foreign => i64::MAX,
            CarrierOrder::Cost => self.cost,
            CarrierOrder::Quality => -(self.carrier.quality as i64),
            CarrierOrder::Capacity => -(self.room as i64),
            CarrierOrder::Weight => 0,
        }
    }
}

impl<'a> Court<'a> {
    /// Adds the carriers that reach a number to the plan, in order. `line` is what the call is sold for, in a currency.
    pub(super) fn carriers(
        &mut self,
        tenant: &Tenant,
        number: E164,
        caller_id: E164,
        (line, currency): (&Line, Currency),
    ) -> Ruled<()> {
        let candidates = self.candidates(number, currency);
        if candidates.is_empty() {
            let text = format!("no carrier has a prefix of {number}");
            return self.refuse("carrier", Cause::NoRoute, text);
        }
        let (mut cause, mut why) = (Cause::NoRoute, String::new());
        self.decision.plan.reserve(candidates.len().min(ATTEMPTS_MAX));
        let (text, shown) = (number.text(), caller_id.text());
        for candidate in self.in_order(candidates) {
            if let Some((problem, text)) = self.carrier_problem(tenant, candidate, (line, currency)) {
                (cause, why) = (problem, text);
                continue;
            }
            if self.decision.plan.len() == ATTEMPTS_MAX {
                break;
            }
            let Candidate { carrier, place, length, .. } = candidate;
            let policy = match carrier.caller_id {
                CallerIdPolicy::Any => "any caller id",
                CallerIdPolicy::Owned => "owned caller ids",
            };
            let name = &carrier.name;
            let length = LENGTHS.get(usize::from(length)).unwrap_or(&"many");
            let by = " by a prefix of ";
            let pieces = ["carrier ", name, " carries ", &text, by, length, " digits, and takes ", policy];
            self.pass_joined("carrier", &pieces);
            let draft = Draft {
                target: Target::Carrier { carrier: carrier.id, name: name.clone() },
                caller_id: Some(shown.to_string()),
                callee: text.to_string(),
                route: None,
                peer: self.snapshot.platform.rewrites(place),
                failover_on: failover(&carrier.policy),
            };
            self.try_next(draft);
        }
        if self.decision.plan.is_empty() {
            return self.refuse("carrier", cause, format!("no carrier takes the call to {number}: {why}"));
        }
        Ok(())
    }

    /// Each carrier by the longest prefix of its own that is carried at this time of day.
    fn candidates(&self, number: E164, currency: Currency) -> Vec<Candidate<'a>> {
        let platform = &self.snapshot.platform;
        let mut found: Vec<Candidate<'a>> = Vec::with_capacity(CANDIDATES);
        for (length, place, at) in platform.prefixes(number) {
            let carrier = &platform.value.carriers[place];
            let prefix = &carrier.prefixes[at];
            if !carrier.enabled || carrier.hosts.is_empty() || !is_open(&prefix.windows, self.facts.at) {
                continue;
            }
            let cost = prefix.cost_per_minute_micros;
            match found.iter_mut().find(|known| known.place == place) {
                // Of equal prefixes the last that is open counts.
                Some(known) if known.length == length => {
                    known.cost = cost;
                    known.is_foreign = cost > 0 && carrier.currency != currency;
                }
                Some(_) => {}
                None => {
                    let room = self.room_of(carrier);
                    let is_foreign = cost > 0 && carrier.currency != currency;
                    found.push(Candidate { carrier, place, length, cost, is_foreign, room });
                }
            }
        }
        for (place, length, cost) in platform.deck_costs(number) {
            let carrier = &platform.value.carriers[place];
            if !carrier.enabled || carrier.hosts.is_empty() {
                continue;
            }
            let is_foreign = cost > 0 && carrier.currency != currency;
            match found.iter_mut().find(|known| known.place == place) {
                Some(known) if known.length >= length => {}
                Some(known) => (known.length, known.cost, known.is_foreign) = (length, cost, is_foreign),
                None => {
                    let room = self.room_of(carrier);
                    found.push(Candidate { carrier, place, length, cost, is_foreign, room });
                }
            }
        }
        found
    }

    /// How many more calls a carrier can carry.
    fn room_of(&self, carrier: &Carrier) -> u32 {
        let live = self.usage.load(Peer::Carrier(carrier.id)).map_or(0, |load| load.live_calls);
        carrier.room().saturating_sub(live)
    }

    fn in_order(&self, mut candidates: Vec<Candidate<'a>>) -> Vec<Candidate<'a>> {
        let order = &self.snapshot.platform.value.carrier_order;
        let until = order.iter().position(|by| *by == CarrierOrder::Weight);
        let keys = &order[..until.unwrap_or(order.len())];
        let compare = |a: &Candidate<'_>, b: &Candidate<'_>| {
            let by_keys = || keys.iter().map(|by| a.key(*by).cmp(&b.key(*by))).find(|order| order.is_ne());
            a.first().cmp(&b.first()).then_with(|| by_keys().unwrap_or(std::cmp::Ordering::Equal))
        };
        candidates.sort_by(|a, b| compare(a, b).then(a.carrier.id.cmp(&b.carrier.id)));
        if until.is_some() {
            let mut draw = Draw::new(self.facts.draw);
            for equals in candidates.chunk_by_mut(|a, b| compare(a, b).is_eq()) {
                weigh(equals, |candidate| u64::from(candidate.carrier.weight), &mut draw);
            }
        }
        candidates
    }

    /// Why a carrier is not tried: its health, its limits, its price.
    fn carrier_problem(
        &mut self,
        tenant: &Tenant,
        candidate: Candidate<'_>,
        (line, currency): (&Line, Currency),
    ) -> Option<(Cause, String)> {
        let carrier = candidate.carrier;
        let (name, peer) = (&carrier.name, Peer::Carrier(carrier.id));
        if self.is_offline(peer) {
            let text = format!("carrier {name} is offline: it missed its last health checks");
            self.skip("carrier", text.clone());
            return Some((Cause::PlatformUnavailable, text));
        }
        if let Some((cause, text)) = self.at_limit(peer, carrier.limits) {
            let text = format!("carrier {name} is at its limit: {text}");
            self.skip("carrier", text.clone());
            return Some((cause, text));
        }
        let price = Money::new(line.per_minute_micros, currency);
        let cost = Money::new(candidate.cost, carrier.currency);
        if candidate.is_foreign && !tenant.protection.allow_below_cost {
            let text = format!(
                "carrier {name} asks {cost} a minute, and the call is sold at {price}: they cannot be compared"
            );
            self.skip("margin", text);
            let text = format!("carrier {name} has its price in another currency than the call's");
            return Some((Cause::BelowCost, text));
        }
        if !candidate.is_foreign && candidate.cost <= line.per_minute_micros {
            return None;
        }
        if tenant.protection.allow_below_cost {
            self.pass(
                "margin",
                format!(
                    "carrier {name} asks {cost} a minute for what is sold at {price}: allowed for {}",
                    tenant.slug
                ),
            );
            return None;
        }
        self.skip(
            "margin",
            format!("carrier {name} asks {cost} a minute for what is sold at {price}: not used"),
        );
        Some((Cause::BelowCost, format!("carrier {name} asks more than the call is sold for")))
    }
}
