//! The requests that an agent originates, built with `rsip` by [`Outgoing`], and the answer to a
//! challenge.

use std::net::SocketAddr;

use bytes::Bytes;

use super::api::{Account, Config};
use crate::{
    digest::{self, Algorithm, Challenge},
    model::Outgoing,
    wire::{HeaderName, Message, Method},
};

pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO";
pub(super) const SDP: &str = "application/sdp";

/// A request as it can be sent again with another CSeq, branch and credentials.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) peer: SocketAddr,
    pub(super) uri: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) call_id: String,
    pub(super) cseq: u32,
    pub(super) branch: String,
    pub(super) contact: Option<String>,
    pub(super) routes: Vec<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) credentials: Vec<(String, String)>,
    pub(super) sdp: Option<Bytes>,
}

impl Request {
    pub(super) fn to_bytes(&self, config: &Config) -> Bytes {
        let via =
            format!("SIP/2.0/{} {};branch={};rport", config.transport.as_str(), config.local, self.branch);
        let allow = matches!(self.method, Method::Invite | Method::Register | Method::Options);
        let headers: Vec<(&str, &str)> = self
            .routes
            .iter()
            .map(|route| ("Route", route.as_str()))
            .chain(
                self.credentials
                    .iter()
                    .chain(&self.headers)
                    .map(|(name, value)| (name.as_str(), value.as_str())),
            )
            .chain(allow.then_some(("Allow", ALLOW)))
            .chain(Some(("User-Agent", config.user_agent.as_str())))
            .collect();
        let outgoing = Outgoing {
            method: &self.method,
            uri: &self.uri,
            via: &via,
            from: &self.from,
            to: &self.to,
            call_id: &self.call_id,
            cseq: self.cseq,
            max_forwards: 70,
            contact: self.contact.as_deref(),
            headers: &headers,
            body: self.sdp.as_ref().map(|sdp| (SDP, &sdp[..])),
        };
        outgoing.to_bytes()
    }

    /// This request with the answer to the challenge in `response`; `None` when there is none that we
    /// understand. SHA-256 goes before MD5 (RFC 8760 §2.4).
    pub(super) fn authorized(&self, response: &Message, account: &Account, cnonce: &str) -> Option<Self> {
        let (question, reply) = match response.status() {
            Some(407) => (HeaderName::ProxyAuthenticate, "Proxy-Authorization"),
            _ => (HeaderName::WwwAuthenticate, "Authorization"),
        };
        let challenges: Vec<Challenge> =
            response.header_lines(question).filter_map(|line| Challenge::parse(line).ok()).collect();
        let preferred = challenges.iter().find(|challenge| challenge.algorithm == Algorithm::Sha256);
        let challenge = preferred.or_else(|| challenges.first())?;
        let answer = digest::Answer {
            user: &account.username,
            password: &account.password,
            method: &self.method,
            uri: &self.uri,
            nc: 1,
            cnonce,
            body: self.sdp.as_deref().unwrap_or_default(),
        };
        let mut request = self.clone();
        request.credentials.retain(|(name, _)| name != reply);
        request.credentials.push((reply.to_owned(), digest::answer(challenge, &answer)));
        Some(request)
    }
}
