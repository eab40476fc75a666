//! The plan of a decision in the edge's words: addresses instead of names of trunks and carriers.

use super::legs;
use crate::App;
use domain::{
    cause::Cause,
    config::{Authentication, IpVersion, PeerPolicy, Place, PrivacyHeader, Snapshot, Transport},
    decision::{self, CALL_MAX_SECONDS, Decision},
    ids::TenantId,
};
use edge::seam::{Attempt, FAILOVER_ON, Hop, LegPolicy, Plan, Refusal, Target};
use std::{borrow::Cow, net::IpAddr, net::SocketAddr, time::Duration};

/// How long before the end of a hold the edge asks to extend it; less where the hold is short.
const EXTEND_LEAD_MAX: Duration = Duration::from_secs(10);
/// Seconds after which a caller may try again, where a limit of its tenant was reached.
const RETRY_AFTER_LIMIT: u32 = 1;
/// Seconds after which a caller may try again, where the platform is overloaded or its database fails.
const RETRY_AFTER_OVERLOAD: u32 = 5;
/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Our own refusal for a cause.
pub(super) fn refusal(cause: Cause) -> Refusal {
    refusal_of(cause, cause.status())
}

/// Our own refusal for a cause, with another SIP status than its own.
pub(super) fn refusal_of(cause: Cause, status: u16) -> Refusal {
    let retry_after = match cause {
        Cause::CallLimit | Cause::RateLimit if status == 503 => Some(RETRY_AFTER_LIMIT),
        Cause::PlatformUnavailable | Cause::PlatformStopped => Some(RETRY_AFTER_OVERLOAD),
        _ => None,
    };
    Refusal { status, q850: cause.q850(), cause: Cow::Borrowed(cause.word()), retry_after }
}

/// A try whose addresses may still have to be looked up.
enum Draft {
    Ready(Attempt),
    /// The attempt with `hops` empty; the name, port and transport to look up.
    Named(Attempt, String, u16, sip::Transport, IpVersion),
}

/// The plan, where no name has to be looked up; else what [`looked_up`] takes.
pub(super) fn plan_now(
    app: &App,
    snapshot: &Snapshot,
    decision: &Decision,
    caller: LegPolicy,
) -> Result<Plan, Drafts> {
    let host = &app.settings().public_host;
    let drafts: Vec<Draft> =
        decision.plan.iter().filter_map(|attempt| draft(snapshot, host, attempt)).collect();
    if drafts.iter().all(|draft| matches!(draft, Draft::Ready(_))) {
        let attempts = drafts.into_iter().filter_map(Draft::ready).collect();
        return Ok(plan(decision, attempts, caller));
    }
    Err(Drafts { drafts, caller })
}

/// Tries some of which name a host.
pub(super) struct Drafts {
    drafts: Vec<Draft>,
    caller: LegPolicy,
}

/// The plan, after names were looked up. A name without an address stays an attempt without one, which the edge counts
/// as unreachable.
pub(super) async fn looked_up(app: &App, decision: &Decision, drafts: Drafts) -> Plan {
    let mut attempts = Vec::with_capacity(drafts.drafts.len());
    for draft in drafts.drafts {
        match draft {
            Draft::Ready(attempt) => attempts.push(attempt),
            Draft::Named(mut attempt, name, port, transport, version) => {
                let found = app.deps().dns.addresses(&name).await.unwrap_or_else(|error| {
                    tracing::warn!(%name, %error, "a trunk's or carrier's name has no address");
                    Vec::new()
                });
                if let Target::Hosts { hops, .. } = &mut attempt.target {
                    let wanted = found.into_iter().filter(|ip| ip.is_ipv6() == (version == IpVersion::Ipv6));
                    hops.extend(wanted.take(ADDRESSES_MAX).map(|ip| hop(ip, port, transport)));
                }
                attempts.push(attempt);
            }
        }
    }
    plan(decision, attempts, drafts.caller)
}

fn plan(decision: &Decision, attempts: Vec<Attempt>, caller: LegPolicy) -> Plan {
    let funded = Duration::from_secs(u64::from(decision.hold_seconds));
    Plan {
        attempts,
        funded: decision.emergency.is_none().then_some(funded),
        extend_lead: EXTEND_LEAD_MAX.min(funded / 3),
        max_duration: Duration::from_secs(decision.cap_seconds.unwrap_or(CALL_MAX_SECONDS)),
        out_of_funds: refusal(Cause::OutOfFunds),
        over_time: refusal(if decision.cap_seconds.is_some() {
            Cause::SpendCap
        } else {
            Cause::DurationLimit
        }),
        // One list for all tries: that of the first.
        failover_on: decision
            .plan
            .first()
            .map_or_else(|| FAILOVER_ON.to_vec(), |attempt| attempt.failover_on.clone()),
        caller,
    }
}

impl Draft {
    fn ready(self) -> Option<Attempt> {
        match self {
            Self::Ready(attempt) => Some(attempt),
            Self::Named(..) => None,
        }
    }
}

/// `None` where the target is gone from the snapshot, which it was decided on: never.
fn draft(snapshot: &Snapshot, public_host: &str, attempt: &decision::Attempt) -> Option<Draft> {
    let made = |target, policy: &PeerPolicy, headers, leg| Attempt {
        target,
        caller_id: attempt.caller_id.clone(),
        from_host: None,
        callee: attempt.callee.clone(),
        headers,
        large_over_tcp: policy.udp_to_tcp,
        credentials: None,
        leg,
    };
    match &attempt.target {
        decision::Target::User { tenant, username } => {
            let target = registered(snapshot, *tenant, username)?;
            Some(Draft::Ready(made(target, &PeerPolicy::default(), Vec::new(), LegPolicy::default())))
        }
        decision::Target::Trunk { tenant, fqdn } => {
            let (_, trunk) = snapshot.tenant(*tenant)?.trunk(fqdn)?;
            let headers = identity(public_host, attempt, trunk.policy.privacy_header);
            if let Authentication::Registration { username } = trunk.authentication() {
                let target = registered(snapshot, *tenant, &username)?;
                return Some(Draft::Ready(made(
                    target,
                    &trunk.policy,
                    headers,
                    legs::of_trunk(&trunk.policy),
                )));
            }
            let transport = transport(trunk.transport);
            let at = |place: &Place| hop(place.ip, place.port.unwrap_or(trunk.port), transport);
            let hops: Vec<Hop> = trunk.addresses.iter().map(at).collect();
            let is_named = hops.is_empty();
            let host = host_and_port(&trunk.fqdn, trunk.port, transport);
            let attempt =
                made(Target::Hosts { host, hops }, &trunk.policy, headers, legs::of_trunk(&trunk.policy));
            Some(if is_named {
                Draft::Named(attempt, trunk.fqdn.clone(), trunk.port, transport, trunk.policy.ip_version)
            } else {
                Draft::Ready(attempt)
            })
        }
        decision::Target::Carrier { carrier, .. } => {
            let carrier = snapshot.carrier(*carrier)?;
            // A carrier shows the number to whoever is called: it is told to keep an anonymous caller's to itself alone.
            let headers = identity(public_host, attempt, PrivacyHeader::None);
            carrier_draft(carrier, |target| {
                made(target, &carrier.policy, headers, legs::of_carrier(&carrier.policy))
            })
        }
    }
}

/// The phones of a user, or a PBX that registers like one.
fn registered(snapshot: &Snapshot, tenant: TenantId, username: &str) -> Option<Target> {
    let domain = &snapshot.tenant(tenant)?.piece.value.sip_domain;
    Some(Target::Registered { aor: format!("{username}@{domain}").to_ascii_lowercase() })
}

/// P-Asserted-Identity (RFC 3325) with the number that is shown, and `Privacy: id` where the peer's policy or an
/// anonymous caller asks for it.
fn identity(public_host: &str, attempt: &decision::Attempt, privacy: PrivacyHeader) -> Vec<(String, String)> {
    let is_plain = |number: &&String| number.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    let asserted = attempt
        .caller_id
        .as_ref()
        .filter(is_plain)
        .map(|number| ("P-Asserted-Identity".to_owned(), format!("<sip:{number}@{public_host}>")));
    let is_private = privacy == PrivacyHeader::Id || attempt.caller_id.is_none();
    let privacy = is_private.then(|| ("Privacy".to_owned(), "id".to_owned()));
    asserted.into_iter().chain(privacy).collect()
}

/// A carrier's hosts that are addresses, in order; its first name where none is.
fn carrier_draft(carrier: &domain::config::Carrier, made: impl FnOnce(Target) -> Attempt) -> Option<Draft> {
    let literal = |host: &domain::config::CarrierHost| {
        let ip = host.address.parse().ok()?;
        Some(hop(ip, host.port, transport(host.transport)))
    };
    let hops: Vec<Hop> = carrier.hosts.iter().filter_map(literal).collect();
    let first = carrier.hosts.iter().find(|host| hops.is_empty() || literal(host).is_some())?;
    let transport = transport(first.transport);
    let host = host_and_port(&first.address, first.port, transport);
    if hops.is_empty() {
        let attempt = made(Target::Hosts { host, hops });
        return Some(Draft::Named(
            attempt,
            first.address.clone(),
            first.port,
            transport,
            carrier.policy.ip_version,
        ));
    }
    Some(Draft::Ready(made(Target::Hosts { host, hops })))
}

const fn transport(configured: Transport) -> sip::Transport {
    match configured {
        Transport::Udp => sip::Transport::Udp,
        Transport::Tcp => sip::Transport::Tcp,
        Transport::Tls => sip::Transport::Tls,
    }
}

const fn hop(ip: IpAddr, port: u16, transport: sip::Transport) -> Hop {
    Hop { address: SocketAddr::new(ip, port), transport }
}

/// The host part of a SIP URI (RFC 3261 §25.1): brackets around an IPv6 address, the port where it is not the default.
fn host_and_port(host: &str, port: u16, transport: sip::Transport) -> String {
    let host = match host.parse() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => host.to_owned(),
    };
    if port == transport.default_port() { host } else { format!("{host}:{port}") }
}
