//! Digest: who a request is from, by what it can prove (RFC 3261 §22, RFC 8760).

use crate::context::Context;
use crate::counters::add;
use crate::seam::DigestAlgorithm;
use sip::Transport;
use sip::digest::{Algorithm, Challenge, Credentials, Freshness, verify};
use sip::transaction::Peer;
use sip::wire::{HeaderName, Message};
use std::hash::BuildHasher;
use std::time::{SystemTime, UNIX_EPOCH};

/// Compared against where there is no such user, so that a wrong name takes as long as a wrong password.
const NO_SECRET: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The scheme of tokens (RFC 6750).
const BEARER: &str = "Bearer";

/// What the credentials of a request are worth in a realm.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// This user sent it.
    User(String),
    /// There are none for this realm, or their nonce is not ours or too old: ask.
    Ask {
        /// Right but for their age: the phone answers again without asking its owner.
        stale: bool,
    },
    /// The name or the password is wrong.
    Wrong,
}

/// Weighs the credentials of a request.
///
/// The digest URI is not compared with the Request-URI: proxies on the way and common test tools change one of them.
/// A nonce may be used again while it is young, with another count; the same answer with another request, or from
/// another place, is a replay: it is asked again.
pub(super) fn prove(
    context: &Context,
    from: Peer,
    message: &Message,
    realm: &str,
    wall: SystemTime,
) -> Proof {
    let lines = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
    let credentials = lines
        .into_iter()
        .flat_map(|name| message.header_lines(name))
        .filter_map(|value| Credentials::parse(value).ok())
        .find(|credentials| credentials.realm.eq_ignore_ascii_case(realm));
    let Some(credentials) = credentials else { return Proof::Ask { stale: false } };
    let freshness = context.mint.check(&credentials.nonce, realm, unix_seconds(wall));
    if freshness == Freshness::Forged {
        return Proof::Ask { stale: false };
    }
    let algorithm = match credentials.algorithm {
        Algorithm::Md5 => DigestAlgorithm::Md5,
        Algorithm::Sha256 => DigestAlgorithm::Sha256,
    };
    let secret = context.control.digest_secret(realm, &credentials.username, algorithm);
    let is_known = secret.is_some();
    let is_right =
        verify(&credentials, secret.as_deref().unwrap_or(NO_SECRET), &message.method(), &message.body());
    match (is_known && is_right, freshness) {
        (false, _) => Proof::Wrong,
        (true, Freshness::Fresh) if is_first_use(context, from, message, &credentials) => {
            Proof::User(credentials.username)
        }
        (true, _) => Proof::Ask { stale: true },
    }
}

/// The bearer token of a request (RFC 8898), where nobody on the way could read it.
pub(super) fn bearer(from: Peer, message: &Message) -> Option<&str> {
    let is_private =
        matches!(from.transport, Transport::Tls | Transport::Wss) || from.addr.ip().is_loopback();
    let mut lines = message.header_lines(HeaderName::Authorization);
    lines
        .find_map(|value| {
            value.trim().split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case(BEARER))
        })
        .map(|(_, token)| token.trim())
        .filter(|_| is_private)
}

/// The challenge for phones that hold tokens (RFC 8898 §2.1): those of browsers. Others may not know it.
pub(super) fn token_challenge(from: Peer, realm: &str, is_void: bool) -> Option<String> {
    let error = if is_void { ", error=\"invalid_token\"" } else { "" };
    let is_browser = matches!(from.transport, Transport::Ws | Transport::Wss);
    (is_browser || is_void).then(|| format!("{BEARER} realm=\"{realm}\", scope=\"voip\"{error}"))
}

/// Whether this answer was not used before, but by this same request from the same place.
fn is_first_use(context: &Context, from: Peer, message: &Message, credentials: &Credentials) -> bool {
    let answer = (&credentials.nonce, credentials.nc, &credentials.cnonce, &credentials.username);
    let cseq = message.cseq().map(|(number, _)| number);
    let is_first = context.shared.replays.uses(answer, (from.addr, message.call_id(), cseq));
    if !is_first {
        add(&context.shared.io_tally().replays, 1);
    }
    is_first
}

/// User agents that give up where any challenge names an algorithm they do not know, instead of passing over it as RFC
/// 8760 §2.4 asks. baresip 1.0, which Debian 12 ships, ends its registration with "Function not implemented".
const MD5_ALONE: [&str; 2] = ["baresip v0.", "baresip v1."];

/// One challenge for each algorithm, the stronger first (RFC 8760 §2.4), each with its own nonce; MD5 alone for
/// [user agents](MD5_ALONE) that would otherwise not answer at all.
pub(super) fn challenges(
    context: &Context,
    message: &Message,
    realm: &str,
    stale: bool,
    wall: SystemTime,
) -> Vec<String> {
    let agent = message.header(HeaderName::UserAgent).unwrap_or_default();
    let algorithms: &[Algorithm] = match MD5_ALONE.iter().any(|old| agent.starts_with(old)) {
        true => &[Algorithm::Md5],
        false => &[Algorithm::Sha256, Algorithm::Md5],
    };
    // Two phones that are asked in one second do not share a nonce.
    let salt =
        context.hash.hash_one((message.call_id(), message.header(HeaderName::CSeq), unix_seconds(wall)));
    let challenge = |algorithm: &Algorithm| {
        let nonce = context.mint.mint(unix_seconds(wall), *algorithm, realm, salt);
        let mut challenge = Challenge::new(realm, nonce, *algorithm);
        challenge.stale = stale;
        challenge.to_header()
    };
    algorithms.iter().map(challenge).collect()
}

fn unix_seconds(wall: SystemTime) -> u64 {
    wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
