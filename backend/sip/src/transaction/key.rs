//! How messages find their transaction (RFC 3261 §17.1.3, §17.2.3).

use crate::hash::Key;
use crate::header::Via;
use crate::wire::{Message, Method};

/// The key of a client transaction: our branch, and the method of CSeq.
pub(super) fn client(key: Key, branch: &str, method: &Method) -> u128 {
    key.of(&[b"client", branch.as_bytes(), method.as_str().as_bytes()])
}

/// The key of the server transaction that a request belongs to, ACK to that of its INVITE; `method` is that of
/// the request, or INVITE when the transaction that a CANCEL means is looked for.
///
/// A branch without the cookie of RFC 3261 is no name: the whole request is one then (RFC 2543). The To tag is
/// left out, since an ACK has one and its INVITE may not.
pub(super) fn server(key: Key, message: &Message, via: &Via<'_>, method: &Method) -> u128 {
    let method = if *method == Method::Ack { &Method::Invite } else { method };
    let mut hasher = key.hasher();
    match via.branch {
        Some(branch) if via.has_cookie() => {
            hasher.part(b"server");
            hasher.part_lowercase(branch);
        }
        _ => {
            hasher.part(b"old");
            hasher.part(message.request_uri().unwrap_or_default().as_bytes());
            hasher.part(from_tag(message).as_bytes());
            hasher.part(message.call_id().unwrap_or_default().as_bytes());
            hasher.part(&cseq_number(message).to_le_bytes());
            hasher.part(via.params.as_str().as_bytes());
        }
    }
    hasher.part_lowercase(via.host);
    hasher.part(&via.port_or_default().to_le_bytes());
    hasher.part(method.as_str().as_bytes());
    hasher.finish()
}

/// What the copies of one request have in common that came over different paths (RFC 3261 §8.2.2.2), and what the
/// CANCEL and ACK of senders that get the branch wrong have in common with their INVITE.
pub(super) fn merged(key: Key, message: &Message, method: &Method) -> u128 {
    let call_id = message.call_id().unwrap_or_default().as_bytes();
    let cseq = cseq_number(message).to_le_bytes();
    key.of(&[b"merged", from_tag(message).as_bytes(), call_id, &cseq, method.as_str().as_bytes()])
}

fn from_tag(message: &Message) -> &str {
    message.from_tag().unwrap_or_default()
}

fn cseq_number(message: &Message) -> u32 {
    message.cseq().map_or(0, |(number, _)| number)
}
