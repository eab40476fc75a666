//! Who pays, and whether it may call at all.

use super::{CallerLeg, Court, Ruled, suspended};
use crate::{
    cause::{Cause, Direction},
    config::{PeerRewrites, Snapshot, Tenant, TenantPiece},
    decision::{Facts, Peer, Source},
    ids::TenantId,
    phone::Dialled,
    rating::{Line, PricePlan},
};
use chrono::{DateTime, Utc};

/// Number manipulation of the leg that a call came in on.
fn inbound<'a>(snapshot: &'a Snapshot, facts: &Facts) -> Option<&'a PeerRewrites> {
    match &facts.source {
        Source::App { .. } | Source::Test { .. } => None,
        Source::Trunk { tenant, fqdn } => snapshot.tenant(*tenant).and_then(|piece| {
            let (place, _) = piece.trunk(fqdn)?;
            piece.rewrites(place)
        }),
        Source::Carrier { carrier } => {
            let place = carrier.and_then(|id| snapshot.carrier_place(id));
            place.and_then(|place| snapshot.platform.rewrites(place))
        }
    }
}

/// The caller id, after the number manipulation of the leg that the call came in on; `None` is anonymous.
#[must_use]
pub fn caller(snapshot: &Snapshot, facts: &Facts) -> Option<Dialled> {
    let from = facts.from.as_ref()?;
    let rules = inbound(snapshot, facts);
    let made = rules.and_then(|rules| rules.inbound.caller(from.as_str()).ok().flatten());
    Some(made.as_deref().and_then(Dialled::parse).unwrap_or_else(|| from.clone()))
}

/// What was dialled, after the number manipulation of the leg that the call came in on: what it is decided on.
#[must_use]
pub fn called(snapshot: &Snapshot, facts: &Facts) -> Dialled {
    let rules = inbound(snapshot, facts);
    let made = rules.and_then(|rules| rules.inbound.callee(facts.to.as_str()).ok().flatten());
    made.as_deref().and_then(Dialled::parse).unwrap_or_else(|| facts.to.clone())
}

/// Who will pay for a call, before it is decided: whose limits and money are read.
#[must_use]
pub fn payer(snapshot: &Snapshot, facts: &Facts) -> Option<TenantId> {
    match &facts.source {
        Source::App { tenant } | Source::Trunk { tenant, .. } | Source::Test { tenant, .. } => Some(*tenant),
        Source::Carrier { .. } => {
            let number = called(snapshot, facts).e164()?;
            snapshot.owner(number).map(|(_, owned)| owned.tenant)
        }
    }
}

impl<'a> Court<'a> {
    /// Who pays: the caller's tenant, or for a call from a carrier the owner of the number.
    pub(super) fn payer(&mut self) -> Ruled<(&'a TenantPiece, CallerLeg<'a>)> {
        let (tenant, leg) = match &self.facts.source {
            Source::App { tenant } | Source::Test { tenant, .. } => (*tenant, CallerLeg::App),
            Source::Trunk { tenant, .. } => (*tenant, CallerLeg::Trunk),
            Source::Carrier { .. } => return self.payer_by_number(),
        };
        let Some(piece) = self.snapshot.tenant(tenant) else {
            let text = "the caller's tenant is not known here".to_owned();
            return self.refuse("caller", Cause::TenantSuspended, text);
        };
        self.decision.payer = Some(tenant);
        self.read(&piece.piece.version);
        let (what, name) = match &self.facts.source {
            Source::Trunk { fqdn, .. } => ("trunk ", fqdn.as_str()),
            Source::App { .. } | Source::Carrier { .. } | Source::Test { .. } => ("an app or SIP user", ""),
        };
        let pieces = ["the caller is ", what, name, " of ", &piece.piece.value.slug];
        self.pass_joined("caller", &pieces);
        self.active(&piece.piece.value)?;
        Ok((piece, leg))
    }

    fn payer_by_number(&mut self) -> Ruled<(&'a TenantPiece, CallerLeg<'a>)> {
        self.decision.direction = Direction::Inbound;
        let Some(number) = self.to.e164() else {
            let text = format!("{} is not a full international number", self.to);
            return self.refuse("number", Cause::BadNumber, text);
        };
        let Some((piece, owned)) = self.snapshot.owner(number) else {
            return self.refuse("number", Cause::NumberNotFound, format!("nobody here owns {number}"));
        };
        self.decision.payer = Some(owned.tenant);
        self.read(&piece.piece.version);
        let pieces = [
            &*number.text(),
            " is a ",
            owned.number_type.word(),
            " number of ",
            piece.piece.value.slug.as_str(),
        ];
        self.pass_joined("number", &pieces);
        self.active(&piece.piece.value)?;
        Ok((piece, CallerLeg::Number(owned)))
    }

    pub(super) fn active(&mut self, tenant: &Tenant) -> Ruled<()> {
        if tenant.active {
            return Ok(());
        }
        self.refuse("caller", Cause::TenantSuspended, suspended(tenant))
    }

    /// Whether the trunk or carrier that calls may: by what is open to its tenant, and by its own limits.
    pub(super) fn caller_may(&mut self, tenant: &Tenant) -> Ruled<()> {
        let (peer, limits, name) = match &self.facts.source {
            Source::App { .. } | Source::Test { .. } | Source::Carrier { carrier: None } => return Ok(()),
            Source::Trunk { tenant: id, fqdn } => {
                if let Some(why) = tenant.eligibility.direct_routing.refusal() {
                    let text = format!(
                        "trunk {fqdn} was recognised, but direct routing is not open to {}: {why}",
                        tenant.slug
                    );
                    return self.refuse("caller", Cause::NotEligible, text);
                }
                let found = self.snapshot.tenant(*id).and_then(|piece| piece.trunk(fqdn));
                let Some((_, trunk)) = found else { return Ok(()) };
                (Peer::Trunk(trunk.id), trunk.limits, &trunk.fqdn)
            }
            Source::Carrier { carrier: Some(id) } => {
                let Some(carrier) = self.snapshot.carrier(*id) else { return Ok(()) };
                (Peer::Carrier(carrier.id), carrier.limits, &carrier.name)
            }
        };
        match self.at_limit(peer, limits) {
            None => Ok(()),
            Some((cause, text)) => {
                self.decision.status = super::limits::status(tenant);
                self.refuse("limits", cause, format!("{name} is at its limit: {text}"))
            }
        }
    }

    pub(super) fn plan_of(&mut self, payer: &TenantPiece) -> Ruled<&'a PricePlan> {
        match self.snapshot.plan(payer.piece.value.plan) {
            Some(plan) => Ok(plan),
            None => self.refuse(
                "price",
                Cause::PlatformUnavailable,
                "the tenant's price plan is missing: ask the operator".into(),
            ),
        }
    }

    /// What the caller's leg costs; nothing where the plan asks nothing for numbers of this type.
    pub(super) fn caller_line(plan: &PricePlan, leg: &CallerLeg<'_>, at: DateTime<Utc>) -> Option<Line> {
        match leg {
            CallerLeg::App => Some(plan.app_leg(at)),
            CallerLeg::Trunk => Some(plan.trunk_leg(at)),
            CallerLeg::Number(owned) => plan.inbound(owned.number_type, at),
        }
    }
}
