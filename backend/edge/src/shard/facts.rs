//! What a request says of itself, in the words of the seam.

use crate::seam::{Approach, CallFacts, CallId, Hop, IDENTITIES_MAX, Party, PartyKind, PeerCertificate};
use sip::transaction::Peer;
use sip::uri::Uri;
use sip::wire::{HeaderName, Message};
use std::time::SystemTime;

/// The host of anonymous callers, RFC 3323 §4.1.1.3.
const ANONYMOUS_HOST: &str = "anonymous.invalid";
/// The user that anonymous callers give.
const ANONYMOUS_USER: &str = "anonymous";

/// Where a peer is.
pub(super) const fn hop(peer: Peer) -> Hop {
    Hop { address: peer.addr, transport: peer.transport }
}

/// Asks with what was seen of a request outside a dialog, and of the certificate that came with its connection.
pub fn with_approach<T>(
    from: Peer,
    message: &Message,
    certificate: Option<&PeerCertificate>,
    ask: impl FnOnce(&Approach<'_>) -> T,
) -> T {
    let from_uri = message.from().ok().and_then(|from| Uri::parse(from.uri).ok());
    let to_uri = message.to().ok().and_then(|to| Uri::parse(to.uri).ok());
    let request_uri = message.request_uri().and_then(|uri| Uri::parse(uri).ok());
    let contact = message.contact().ok().flatten().and_then(|contact| Uri::parse(contact.uri).ok());
    let method = message.method();
    ask(&Approach {
        source: hop(from),
        method: method.as_str(),
        request_host: request_uri.map_or("", |uri| uri.host),
        request_user: request_uri.and_then(|uri| uri.user).unwrap_or_default(),
        from_host: from_uri.map_or("", |uri| uri.host),
        from_user: from_uri.and_then(|uri| uri.user).unwrap_or_default(),
        to_host: to_uri.map_or("", |uri| uri.host),
        contact_host: contact.map(|uri| uri.host).filter(|host| !host.is_empty()),
        certificate,
    })
}

/// The facts of an INVITE.
pub fn of_call(call: CallId, from: Peer, message: &Message, party: Party, at: SystemTime) -> CallFacts {
    let to = message.request_uri().and_then(|uri| Uri::parse(uri).ok()?.user_decoded());
    // A user's own word about who it is counts for nothing (RFC 3325 §5).
    let is_trusted = party.kind != PartyKind::User;
    let asserted = || message.values(HeaderName::PAssertedIdentity).find_map(user_of);
    let is_carrier = party.kind == PartyKind::Carrier;
    let signed = || message.values(HeaderName::Identity).take(IDENTITIES_MAX).map(str::to_owned).collect();
    CallFacts {
        call,
        source: hop(from),
        from: caller(message),
        asserted: is_trusted.then(asserted).flatten(),
        to: to.unwrap_or_default().into_owned(),
        to_header: message.header(HeaderName::To).and_then(user_of),
        sip_call_id: message.call_id().unwrap_or_default().to_owned(),
        identities: if is_carrier { signed() } else { Vec::new() },
        party,
        at,
    }
}

/// The user part of From, unless the caller hides (RFC 3323).
fn caller(message: &Message) -> Option<String> {
    let from = message.from().ok()?;
    let uri = Uri::parse(from.uri).ok()?;
    let is_hidden = message
        .values(HeaderName::Privacy)
        .flat_map(|value| value.split(';'))
        .any(|word| ["id", "user", "header"].iter().any(|hidden| word.trim().eq_ignore_ascii_case(hidden)));
    let user = uri.user_decoded()?;
    let is_anonymous =
        user.eq_ignore_ascii_case(ANONYMOUS_USER) || uri.host.eq_ignore_ascii_case(ANONYMOUS_HOST);
    (!is_hidden && !is_anonymous).then(|| user.into_owned())
}

fn user_of(value: &str) -> Option<String> {
    let address = sip::header::NameAddr::parse(value).ok()?;
    Some(Uri::parse(address.uri).ok()?.user_decoded()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use sip::Transport;
    use std::sync::Arc;

    const INVITE: &str = "INVITE sip:%2B15550100@t.test;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n\
        From: <sip:+15550111@t.test>;tag=1\r\nTo: <sip:x@t.test>\r\nCall-ID: cid\r\nCSeq: 1 INVITE\r\n\
        Contact: <sip:a@sbc.test:5080>\r\nP-Asserted-Identity: <tel:+15550199>\r\n\r\n";

    fn facts(text: &str, kind: PartyKind) -> CallFacts {
        let message = Message::parse(Bytes::copy_from_slice(text.as_bytes())).expect("sound");
        let party = Party { kind, tenant: None, id: 1, name: Arc::from("p") };
        let from = Peer::new(([127, 0, 0, 1], 5060).into(), Transport::Udp);
        of_call(7, from, &message, party, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn numbers_are_unescaped_and_an_assertion_counts_only_from_a_trusted_party() {
        let of_trunk = facts(INVITE, PartyKind::Trunk);
        assert_eq!(of_trunk.to, "+15550100");
        assert_eq!(of_trunk.from.as_deref(), Some("+15550111"));
        assert_eq!(of_trunk.asserted.as_deref(), Some("+15550199"));
        assert_eq!(of_trunk.sip_call_id, "cid");
        assert_eq!(facts(INVITE, PartyKind::User).asserted, None);
    }

    #[test]
    fn only_a_carriers_signatures_are_read_and_not_too_many_of_them() {
        let line = "Identity: a.b.c;info=<https://cert.test/a>;ppt=shaken\r\n";
        let signed = INVITE.replace("Call-ID", &format!("{}Call-ID", line.repeat(IDENTITIES_MAX + 1)));
        let read = facts(&signed, PartyKind::Carrier).identities;
        assert_eq!(read.len(), IDENTITIES_MAX);
        assert_eq!(read[0], "a.b.c;info=<https://cert.test/a>;ppt=shaken");
        assert!(facts(&signed, PartyKind::Trunk).identities.is_empty());
        assert!(facts(INVITE, PartyKind::Carrier).identities.is_empty());
    }

    #[test]
    fn a_caller_who_hides_has_no_number() {
        let hidden = INVITE.replace("Call-ID", "Privacy: id\r\nCall-ID");
        assert_eq!(facts(&hidden, PartyKind::Trunk).from, None);
        let anonymous = INVITE.replace("+15550111@t.test", "anonymous@anonymous.invalid");
        assert_eq!(facts(&anonymous, PartyKind::Trunk).from, None);
        let open = INVITE.replace("Call-ID", "Privacy: none\r\nCall-ID");
        assert!(facts(&open, PartyKind::Trunk).from.is_some());
    }

    #[test]
    fn an_approach_names_the_hosts_without_their_ports() {
        let message = Message::parse(Bytes::from_static(INVITE.as_bytes())).expect("sound");
        let from = Peer::new(([127, 0, 0, 1], 5060).into(), Transport::Udp);
        with_approach(from, &message, None, |approach| {
            assert_eq!((approach.method, approach.request_host), ("INVITE", "t.test"));
            assert_eq!((approach.from_host, approach.from_user), ("t.test", "+15550111"));
            assert_eq!((approach.to_host, approach.contact_host), ("t.test", Some("sbc.test")));
        });
    }
}
