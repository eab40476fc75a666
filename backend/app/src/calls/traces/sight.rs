//! Who may see what of which leg.

use super::redact::{CARRIER, without_carrier, without_secrets};
use bytes::Bytes;
use domain::{
    cause::Direction,
    decision::{Source, Target},
    ids::TenantId,
};
use edge::seam::{Hop, Trace, TraceEvent, TraceLeg};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use store::calls::{Call, StoredDecision};

/// The address that stands for a party that is not named (RFC 5737).
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// How much of a leg the reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// All but secrets.
    Whole,
    /// What was said to a carrier, and not which.
    Carrier,
    /// That messages went to and fro: it is another tenant's.
    Outline,
}

/// A party of a call, as the reader may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) sight: Sight,
    /// `user`, `trunk`, `carrier`, `echo` or `onNet`.
    pub(super) kind: &'static str,
    pub(super) name: String,
}

/// What a reader sees of a call's legs.
#[derive(Debug)]
pub(super) struct Sights<'a> {
    /// Whose eyes; `None` are the operator's.
    reader: Option<TenantId>,
    call: &'a Call,
    decision: Option<&'a StoredDecision>,
    /// Our names and addresses, which stay where a carrier's are taken out.
    ours: Vec<String>,
}

/// A message as the reader sees it.
pub(super) enum Seen {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Only that there was one.
    Outline,
}

impl<'a> Sights<'a> {
    pub(super) fn new(
        reader: Option<TenantId>,
        call: &'a Call,
        decision: Option<&'a StoredDecision>,
        trace: &Trace,
        public_host: &str,
    ) -> Self {
        Self { reader, call, decision, ours: ours(trace, public_host) }
    }

    /// The party of a leg.
    pub(super) fn party(&self, leg: TraceLeg) -> Party {
        let (owner, kind, name) = match leg {
            TraceLeg::Caller => self.caller(),
            TraceLeg::Callee { attempt, .. } => self.callee(usize::from(attempt)),
        };
        let sight = match (self.reader, owner) {
            (None, _) => Sight::Whole,
            (Some(reader), Some(owner)) if reader == owner => Sight::Whole,
            (Some(_), Some(_)) => Sight::Outline,
            (Some(_), None) => Sight::Carrier,
        };
        match sight {
            Sight::Outline => Party { sight, kind: "onNet", name: "another tenant".to_owned() },
            Sight::Carrier if self.call.payer_call.is_some() => {
                Party { sight, kind, name: "carrier".to_owned() }
            }
            Sight::Whole | Sight::Carrier => Party { sight, kind, name },
        }
    }

    /// Whose the caller's leg is, what it is and its name; `None` is a carrier's.
    fn caller(&self) -> (Option<TenantId>, &'static str, String) {
        match (self.decision.map(|stored| &stored.facts.source), &self.call.caller_trunk) {
            (Some(Source::App { tenant }), _) => (Some(*tenant), "user", "SIP user".to_owned()),
            (Some(Source::Trunk { tenant, fqdn }), _) => (Some(*tenant), "trunk", fqdn.clone()),
            (Some(Source::Test { tenant, .. }), _) => (Some(*tenant), "user", "test phone".to_owned()),
            (Some(Source::Carrier { .. }), _) => (None, "carrier", "carrier".to_owned()),
            // Refused before it was decided: the record says whose it is.
            (None, Some(fqdn)) => (self.call.tenant, "trunk", fqdn.clone()),
            (None, None) if self.call.direction == Direction::Outbound => {
                (self.call.tenant, "user", "SIP user".to_owned())
            }
            (None, None) => (None, "carrier", "carrier".to_owned()),
        }
    }

    fn callee(&self, attempt: usize) -> (Option<TenantId>, &'static str, String) {
        let target =
            self.decision.and_then(|stored| stored.decision.plan.get(attempt)).map(|found| &found.target);
        match target {
            Some(Target::User { tenant, username }) => (Some(*tenant), "user", username.clone()),
            Some(Target::Trunk { tenant, fqdn }) => (Some(*tenant), "trunk", fqdn.clone()),
            Some(Target::Carrier { name, .. }) => (None, "carrier", name.clone()),
            // The platform itself: there is nobody to hide.
            Some(Target::Echo) => (self.call.tenant, "echo", "echo".to_owned()),
            None => (None, "carrier", "callee".to_owned()),
        }
    }

    /// A message of a leg.
    pub(super) fn message(&self, sight: Sight, bytes: &Bytes) -> Seen {
        match sight {
            Sight::Whole => Seen::Bytes(without_secrets(bytes)),
            Sight::Carrier => without_carrier(bytes, &self.ours).map_or(Seen::Outline, Seen::Bytes),
            Sight::Outline => Seen::Outline,
        }
    }

    /// Where the far end of a leg is, as text.
    pub(super) fn peer(&self, sight: Sight, peer: Hop) -> String {
        match sight {
            Sight::Whole => peer.address.to_string(),
            Sight::Carrier => CARRIER.to_owned(),
            Sight::Outline => "tenant.invalid".to_owned(),
        }
    }

    /// Where it is in a capture: an address in any case.
    pub(super) fn peer_address(&self, sight: Sight, leg: TraceLeg, peer: Hop) -> SocketAddr {
        match (sight, leg) {
            (Sight::Whole, _) => peer.address,
            (_, TraceLeg::Caller) => SocketAddr::new(NOBODY, peer.transport.default_port()),
            (_, TraceLeg::Callee { place, .. }) => {
                let last = place.saturating_add(2).min(254);
                SocketAddr::new(Ipv4Addr::new(192, 0, 2, last).into(), peer.transport.default_port())
            }
        }
    }
}

/// The names that we give ourselves: the public host, where we listen, and what our own requests say of us in Via.
fn ours(trace: &Trace, public_host: &str) -> Vec<String> {
    let mut ours = vec![public_host.to_owned(), trace.local.ip().to_string()];
    for entry in trace.entries() {
        let TraceEvent::Message { is_received: false, bytes, .. } = &entry.event else { continue };
        let Ok(message) = sip::wire::Message::parse(bytes.clone()) else { continue };
        if let (true, Ok(via)) = (message.is_request(), message.top_via()) {
            let host = via.host.trim_matches(['[', ']']).to_owned();
            if !ours.contains(&host) {
                ours.push(host);
            }
        }
    }
    ours
}
