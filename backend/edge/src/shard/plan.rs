//! From the app's plan to the engine's: targets become places to send an INVITE to.

use super::facts::hop;
use super::media::engine_side;
use crate::context::Context;
use crate::seam::{Attempt, Hop, LegPolicy, Plan, Refusal, Target};
use crate::words;
use sip::Transport;
use sip::b2bua;
use sip::transaction::Peer;
use sip::uri::encode_user;
use std::time::SystemTime;

/// The most places that one call is sent to; a plan with more is cut.
const ATTEMPTS_MAX: usize = 32;
/// Who calls when nobody is named, RFC 3323 §4.1.1.3.
const ANONYMOUS: &str = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";

/// One place of an engine's plan: which attempt of the app's plan it belongs to, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) attempt: usize,
    pub(super) hop: Hop,
}

/// Finds the places of a plan, whose caller is reached over `source`.
///
/// # Errors
/// The refusal where there is none: no phone registered, no address known.
pub(super) fn expand(
    context: &Context,
    plan: &Plan,
    source: Transport,
    wall: SystemTime,
) -> Result<(b2bua::Plan, Vec<Place>), Refusal> {
    let mut attempts = Vec::new();
    let mut places = Vec::new();
    for (index, attempt) in plan.attempts.iter().enumerate() {
        for place in of_target(context, attempt, wall) {
            if attempts.len() < ATTEMPTS_MAX {
                places.push(Place { attempt: index, hop: hop(place.peer) });
                attempts.push(place);
            }
        }
    }
    if attempts.is_empty() {
        let is_user = |attempt: &Attempt| matches!(attempt.target, Target::Registered { .. });
        let word = if plan.attempts.iter().any(is_user) { words::NOT_REGISTERED } else { words::UNREACHABLE };
        return Err(words::refusal(word));
    }
    let plan = b2bua::Plan {
        funded: plan.funded,
        extend_lead: plan.extend_lead,
        out_of_funds: words::to_engine(&plan.out_of_funds),
        farewell: plan
            .prompts
            .out_of_funds
            .as_ref()
            .map(|(side, prompt)| b2bua::Farewell { side: engine_side(*side), lasts: prompt.lasts }),
        busy: plan.prompts.busy.as_ref().map(|prompt| prompt.lasts),
        caller: over(&plan.caller, source),
        ..b2bua::Plan::new(attempts)
    };
    Ok((plan, places))
}

/// The policy of a leg whose signalling goes over this transport.
fn over(leg: &LegPolicy, transport: Transport) -> LegPolicy {
    LegPolicy { encryption: leg.encryption.over(transport), ..leg.clone() }
}

fn of_target(context: &Context, attempt: &Attempt, wall: SystemTime) -> Vec<b2bua::Attempt> {
    let callee = encode_user(&attempt.callee);
    let from = match &attempt.caller_id {
        None => ANONYMOUS.to_owned(),
        Some(caller) => {
            let host = attempt.from_host.as_deref().unwrap_or(&context.public_host);
            format!("<sip:{}@{host}>", encode_user(caller))
        }
    };
    let place = |peer: Peer, request_uri: String, host: &str, is_binding: bool| b2bua::Attempt {
        headers: attempt.headers.clone(),
        failover_on: attempt.failover_on.clone(),
        next_on_any_failure: is_binding,
        credentials: attempt.credentials.clone(),
        part: attempt.part.clone(),
        leg: over(&attempt.leg, peer.transport),
        ..b2bua::Attempt::new(peer, request_uri, from.clone(), format!("<sip:{callee}@{host}>"))
    };
    match &attempt.target {
        Target::Registered { aor } => {
            let domain = aor.rsplit_once('@').map_or(context.public_host.as_str(), |(_, domain)| domain);
            let bindings = context.registrar.lookup(aor, wall);
            let of_binding = |binding: crate::seam::Binding| {
                let Hop { address: addr, transport } = binding.hop;
                place(Peer { addr, transport, flow: binding.flow }, binding.contact, domain, true)
            };
            bindings.into_iter().map(of_binding).collect()
        }
        Target::Hosts { host, hops } => {
            let to_hop = |hop: &Hop| {
                // Who is asked for over TLS is to be asked for over TLS, whatever its name resolves to elsewhere.
                let parameter = if hop.transport == Transport::Tls { ";transport=tls" } else { "" };
                place(context.peer(*hop, host), format!("sip:{callee}@{host}{parameter}"), host, false)
            };
            hops.iter().map(to_hop).collect()
        }
    }
}
