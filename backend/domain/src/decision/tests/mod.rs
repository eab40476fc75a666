//! The decision on tables of hand-made cases.

mod basics;
mod echo;
mod emergency;
mod failover;
mod hybrid;
mod identity;
pub(crate) mod properties;
mod protection;
mod recorded;

use super::*;
use crate::{
    cause::{Cause, Direction},
    config::*,
    ids::*,
    numbering::{Binding, NumberType, Owned},
    phone::{Dialled, E164},
    rating::sandbox_plan,
    routing::{RouteTarget, VoiceRoute},
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const RICH: Funds =
    Funds { available_micros: 10_000_000, live_calls: 0, calls_last_second: 0, usage: Usage::NONE };
pub(crate) const ACME: TenantId = TenantId(Uuid::from_u128(1));
pub(crate) const OTHER: TenantId = TenantId(Uuid::from_u128(2));
pub(crate) const PLAN: PlanId = PlanId(Uuid::from_u128(9));

pub(crate) fn trunk(fqdn: &str) -> Trunk {
    Trunk {
        id: TrunkId(Uuid::from_u128(70)),
        fqdn: fqdn.into(),
        port: 5060,
        enabled: true,
        transport: Transport::Udp,
        addresses: vec![],
        srtp: Srtp::Off,
        codecs: vec![],
        limits: Limits::default(),
        description: None,
        authentication: None,
        policy: PeerPolicy::default(),
        max_call_micros: None,
        health: Health::Unknown,
    }
}

pub(crate) fn owned(tenant: TenantId, number: &str, binding: Binding) -> Owned {
    let number = E164::parse(number).expect("a number");
    Owned { lease: LeaseId(Uuid::from_u128(3)), tenant, number, number_type: NumberType::Geographic, binding }
}

pub(crate) fn tenant(id: TenantId, slug: &str) -> Tenant {
    Tenant {
        id,
        slug: slug.into(),
        sip_domain: format!("{slug}.example.test"),
        active: true,
        limits: Limits::default(),
        plan: PLAN,
        trunks: vec![trunk("sbc1.acme.test"), trunk("sbc2.acme.test")],
        routes: vec![],
        users: vec!["anna".into()],
        numbers: vec![],
        protection: Protection::default(),
        eligibility: Eligibility::default(),
        recording: Default::default(),
        emergency: TenantEmergency::default(),
    }
}

pub(crate) fn route(pattern: &str, trunks: &[&str]) -> VoiceRoute {
    let targets = trunks.iter().map(|fqdn| RouteTarget::new(*fqdn)).collect();
    VoiceRoute { name: pattern.into(), number_pattern: pattern.into(), targets, ..VoiceRoute::default() }
}

pub(crate) fn carrier(id: u128, sandbox: bool, prefix: &str) -> Carrier {
    Carrier {
        id: CarrierId(Uuid::from_u128(id)),
        name: format!("carrier-{id}"),
        sandbox,
        enabled: true,
        hosts: vec![CarrierHost { address: "127.0.0.9".into(), port: 5060, transport: Transport::Udp }],
        caller_id: CallerIdPolicy::Owned,
        limits: Limits::default(),
        prefixes: vec![CarrierPrefix {
            prefix: prefix.into(),
            cost_per_minute_micros: 5_000,
            windows: vec![],
        }],
        quality: DEFAULT_QUALITY,
        capacity: None,
        weight: 1,
        policy: PeerPolicy::default(),
        emergency_countries: vec![],
        signing: crate::stir::Signing::Always,
        unverified: false,
        currency: crate::money::Currency::USD,
        deck: None,
    }
}

fn snapshot(tenants: Vec<Tenant>, carriers: Vec<Carrier>) -> Snapshot {
    let abilities = Abilities { sip_tls: false, srtp: false };
    let platform = Platform::new(carriers, vec![sandbox_plan(PLAN)], abilities);
    Snapshot::new(
        Arc::new(PlatformPiece::new(platform)),
        tenants.into_iter().map(|t| Arc::new(TenantPiece::new(t))),
    )
}

pub(crate) fn facts(source: Source, from: &str, to: &str) -> Facts {
    Facts::new(source, Dialled::parse(from), Dialled::parse(to).expect("dialled"))
}

pub(crate) fn app(from: &str, to: &str) -> Facts {
    facts(Source::App { tenant: ACME }, from, to)
}

fn cause(decision: &Decision) -> Option<Cause> {
    match &decision.verdict {
        Verdict::Connect => None,
        Verdict::Refuse { cause, .. } => Some(*cause),
    }
}

fn names(decision: &Decision) -> Vec<String> {
    let name = |attempt: &Attempt| match &attempt.target {
        Target::User { username, .. } => username.clone(),
        Target::Trunk { fqdn, .. } => fqdn.clone(),
        Target::Carrier { name, .. } => name.clone(),
        Target::Echo => "echo".to_owned(),
    };
    decision.plan.iter().map(name).collect()
}

fn says(decision: &Decision, rule: &str, text: &str) -> bool {
    decision.trace.iter().any(|step| step.rule == rule && step.text.contains(text))
}

pub(crate) fn number(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

/// Acme with one number of its own, `+12125550100`.
pub(crate) fn acme() -> Tenant {
    Tenant { numbers: vec![owned(ACME, "+12125550100", Binding::None)], ..tenant(ACME, "acme") }
}

fn rewrite(pattern: &str, replacement: &str) -> crate::routing::Rewrite {
    crate::routing::Rewrite { pattern: pattern.into(), replacement: replacement.into() }
}
