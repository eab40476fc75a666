//! The plan of a decision in the edge's words: addresses instead of names of trunks and carriers.

use super::{credentials, legs, location, stir};
use crate::{App, names};
use domain::{
    cause::Cause,
    config::{Crossing, IpVersion, PeerPolicy, PrivacyHeader, Snapshot},
    decision::{self, CALL_MAX_SECONDS, Decision, ECHO_CALL_MAX_SECONDS},
    stir::Verstat,
};
use edge::seam::{Attempt, Hop, LegPolicy, Plan, Prompts, Refusal, Target};
use sip::locate::Wanted;
use std::{borrow::Cow, net::IpAddr, time::Duration};

/// How long before the end of a hold the edge asks to extend it; less where the hold is short.
const EXTEND_LEAD_MAX: Duration = Duration::from_secs(10);
/// Seconds after which a caller may try again, where a limit of its tenant was reached.
const RETRY_AFTER_LIMIT: u32 = 1;
/// Seconds after which a caller may try again, where the platform is overloaded or its database fails.
const RETRY_AFTER_OVERLOAD: u32 = 5;

/// Our own refusal for a cause.
pub(crate) fn refusal(cause: Cause) -> Refusal {
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
    /// The attempt with `hops` empty; what to look up, and which version of IP goes first.
    Named(Attempt, Vec<Wanted>, IpVersion),
}

/// The plan, where every name was seen before; else what [`looked_up`] takes.
#[expect(clippy::result_large_err, reason = "what is still to be looked up is as usual as a plan")]
pub(super) fn plan_now(
    app: &App,
    snapshot: &Snapshot,
    decision: &Decision,
    caller: LegPolicy,
) -> Result<Plan, Drafts> {
    let now = app.now().timestamp();
    // A list of codecs holds no emergency call up.
    let audio = decision.emergency.is_none().then_some(&snapshot.platform.value.audio);
    let mut caller = caller;
    audio.into_iter().for_each(|audio| legs::narrow(&mut caller, audio));
    let signed = |attempt: &decision::Attempt| {
        let mut draft = draft(app, snapshot, decision, attempt)?;
        let identity = stir::header(app.calls(), snapshot, decision, attempt, now);
        draft.attempt_mut().headers.extend(identity);
        if let Some(policy) = decision.emergency.as_ref().and_then(|_| policy(snapshot, attempt)) {
            location::convey(app, snapshot, decision, policy, draft.attempt_mut());
        }
        audio.into_iter().for_each(|audio| legs::narrow(&mut draft.attempt_mut().leg, audio));
        Some(draft)
    };
    let drafts: Vec<Draft> = decision.plan.iter().filter_map(signed).collect();
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
            Draft::Named(mut attempt, wanted, version) => {
                let found = names::find_all(app, &wanted, version).await;
                if let Target::Hosts { hops, .. } = &mut attempt.target {
                    hops.extend(found);
                }
                attempts.push(attempt);
            }
        }
    }
    plan(decision, attempts, drafts.caller)
}

fn plan(decision: &Decision, attempts: Vec<Attempt>, caller: LegPolicy) -> Plan {
    let funded = Duration::from_secs(u64::from(decision.hold_seconds));
    let is_echo = decision.plan.iter().any(|attempt| attempt.target == decision::Target::Echo);
    let longest = if is_echo { ECHO_CALL_MAX_SECONDS } else { CALL_MAX_SECONDS };
    Plan {
        attempts,
        // What costs nothing is not asked for money.
        funded: (decision.emergency.is_none() && !is_echo).then_some(funded),
        extend_lead: EXTEND_LEAD_MAX.min(funded / 3),
        max_duration: Duration::from_secs(decision.cap_seconds.unwrap_or(longest)),
        out_of_funds: refusal(Cause::OutOfFunds),
        over_time: refusal(if decision.cap_seconds.is_some() {
            Cause::SpendCap
        } else {
            Cause::DurationLimit
        }),
        prompts: Prompts::default(),
        caller,
    }
}

impl Draft {
    const fn attempt_mut(&mut self) -> &mut Attempt {
        match self {
            Self::Ready(attempt) | Self::Named(attempt, ..) => attempt,
        }
    }

    fn new(
        hops: Option<Vec<Hop>>,
        host: String,
        named: impl FnOnce() -> (Vec<Wanted>, IpVersion),
        made: impl FnOnce(Target) -> Attempt,
    ) -> Self {
        match hops {
            Some(hops) => Self::Ready(made(Target::Hosts { host, hops })),
            None => {
                let (wanted, version) = named();
                Self::Named(made(Target::Hosts { host, hops: Vec::new() }), wanted, version)
            }
        }
    }

    fn ready(self) -> Option<Attempt> {
        match self {
            Self::Ready(attempt) => Some(attempt),
            Self::Named(..) => None,
        }
    }
}

/// How we speak with the peer of a try; `None` for a phone.
fn policy<'a>(snapshot: &'a Snapshot, attempt: &decision::Attempt) -> Option<&'a PeerPolicy> {
    match &attempt.target {
        decision::Target::User { .. } | decision::Target::Echo => None,
        decision::Target::Trunk { tenant, fqdn } => Some(&snapshot.tenant(*tenant)?.trunk(fqdn)?.1.policy),
        decision::Target::Carrier { carrier, .. } => Some(&snapshot.carrier(*carrier)?.policy),
    }
}

/// `None` where the target is gone from the snapshot, which it was decided on: never.
fn draft(app: &App, snapshot: &Snapshot, decision: &Decision, attempt: &decision::Attempt) -> Option<Draft> {
    let made = |target, headers, leg, credentials| Attempt {
        target,
        caller_id: attempt.caller_id.clone(),
        from_host: None,
        callee: attempt.callee.clone(),
        failover_on: attempt.failover_on.clone(),
        headers,
        credentials,
        part: None,
        leg,
    };
    let public_host = &app.settings().public_host;
    match &attempt.target {
        decision::Target::User { tenant, username } => {
            let domain = &snapshot.tenant(*tenant)?.piece.value.sip_domain;
            let target = Target::Registered { aor: format!("{username}@{domain}").to_ascii_lowercase() };
            Some(Draft::Ready(made(target, Vec::new(), legs::of_phone(), None)))
        }
        decision::Target::Echo => {
            let at = app.settings().echo?;
            let hops = vec![Hop { address: at, transport: sip::Transport::Udp }];
            let target = Target::Hosts { host: at.to_string(), hops };
            Some(Draft::Ready(made(target, Vec::new(), LegPolicy::default(), None)))
        }
        decision::Target::Trunk { tenant, fqdn } => {
            let tenant = snapshot.tenant(*tenant)?;
            let (_, trunk) = tenant.trunk(fqdn)?;
            let is_told = trunk.policy.headers.verstat == Crossing::Pass;
            let verstat = decision.verstat.filter(|_| is_told);
            let headers = identity(public_host, attempt, trunk.policy.privacy_header, verstat);
            let hops = names::trunk_hops(app, &tenant.piece.value.sip_domain, trunk);
            let host = host_and_port(&trunk.fqdn, trunk.port, names::transport(trunk.transport));
            let (leg, credentials) =
                (legs::of_trunk(trunk), credentials::to_trunk(app, tenant.piece.value.id, trunk));
            let named = || (vec![names::of_trunk(trunk)], trunk.policy.ip_version);
            let made = |target| made(target, headers, leg, credentials);
            Some(Draft::new(hops, host, named, made))
        }
        decision::Target::Carrier { carrier, .. } => {
            let carrier = snapshot.carrier(*carrier)?;
            // A carrier shows the number to whoever is called: it is told to keep an anonymous caller's to itself alone.
            let headers = identity(public_host, attempt, PrivacyHeader::None, None);
            let first = carrier.hosts.first()?;
            let host = host_and_port(&first.address, first.port, names::transport(first.transport));
            let wanted: Vec<Wanted> = carrier.hosts.iter().map(names::of_carrier_host).collect();
            let version = carrier.policy.ip_version;
            let hops = names::all_hops(app, &wanted, version);
            let (leg, credentials) =
                (legs::of_carrier(&carrier.policy), credentials::to_carrier(app, carrier));
            let made = |target| made(target, headers, leg, credentials);
            Some(Draft::new(hops, host, || (wanted, version), made))
        }
    }
}

/// P-Asserted-Identity (RFC 3325) with the number that is shown, and `Privacy: id` where the peer's policy or an
/// anonymous caller asks for it. What was found out about a signature is a parameter of the number (3GPP TS 24.229
/// §7.2A.20).
fn identity(
    public_host: &str,
    attempt: &decision::Attempt,
    privacy: PrivacyHeader,
    verstat: Option<Verstat>,
) -> Vec<(String, String)> {
    let is_plain = |number: &&String| number.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    let asserted = attempt.caller_id.as_ref().filter(is_plain).map(|number| {
        let value = match verstat {
            Some(found) => format!("<sip:{number};verstat={}@{public_host};user=phone>", found.word()),
            None => format!("<sip:{number}@{public_host}>"),
        };
        ("P-Asserted-Identity".to_owned(), value)
    });
    let is_private = privacy == PrivacyHeader::Id || attempt.caller_id.is_none();
    let privacy = is_private.then(|| ("Privacy".to_owned(), "id".to_owned()));
    asserted.into_iter().chain(privacy).collect()
}

/// The host part of a SIP URI (RFC 3261 §25.1): brackets around an IPv6 address, the port where it is not the default.
pub(crate) fn host_and_port(host: &str, port: u16, transport: sip::Transport) -> String {
    let host = match host.parse() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => host.to_owned(),
    };
    if port == transport.default_port() { host } else { format!("{host}:{port}") }
}
