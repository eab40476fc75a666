//! What both ends of a call remember of each other (RFC 3261 §12).

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::request::Request;
use crate::{
    uri::Uri,
    wire::{HeaderName, Message, Method},
};

/// One dialog, or one that is about to be.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    pub(super) call_id: String,
    /// Our From or To with its tag.
    pub(super) local: String,
    pub(super) local_tag: String,
    /// Their From or To, with its tag once there is one.
    pub(super) remote: String,
    pub(super) remote_tag: Option<String>,
    /// Their Contact.
    pub(super) target: String,
    pub(super) routes: Vec<String>,
    /// Where requests go when the next hop is no address.
    pub(super) peer: SocketAddr,
    pub(super) contact: String,
    /// Our newest CSeq number.
    pub(super) cseq: u32,
    /// Their newest CSeq number.
    pub(super) remote_cseq: Option<u32>,
}

impl Dialog {
    /// The callee's half, made from an INVITE (RFC 3261 §12.1.1).
    pub(super) fn of_invite(
        message: &Message,
        peer: SocketAddr,
        local_tag: String,
        contact: String,
    ) -> Option<Self> {
        let from = message.from().ok()?;
        Some(Self {
            call_id: message.call_id()?.to_owned(),
            local: format!("{};tag={local_tag}", message.header(HeaderName::To)?),
            local_tag,
            remote: message.header(HeaderName::From)?.to_owned(),
            remote_tag: from.tag().map(str::to_owned),
            target: message
                .contact()
                .ok()
                .flatten()
                .map_or_else(|| from.uri.to_owned(), |contact| contact.uri.to_owned()),
            routes: message.values(HeaderName::RecordRoute).map(str::to_owned).collect(),
            peer,
            contact,
            cseq: 0,
            remote_cseq: message.cseq().map(|(number, _)| number),
        })
    }

    /// Completes the caller's half with the 2xx (RFC 3261 §12.1.2).
    pub(super) fn confirm(&mut self, response: &Message) {
        if let Some(to) = response.header(HeaderName::To) {
            to.clone_into(&mut self.remote);
        }
        self.remote_tag = response.to().ok().and_then(|to| to.tag().map(str::to_owned));
        self.routes = response.values(HeaderName::RecordRoute).map(str::to_owned).collect();
        self.routes.reverse();
        self.refresh(response);
    }

    /// Takes over a new Contact (RFC 3261 §12.2.1.2).
    pub(super) fn refresh(&mut self, message: &Message) {
        if let Ok(Some(contact)) = message.contact() {
            contact.uri.clone_into(&mut self.target);
        }
    }

    /// A request in this dialog with the next CSeq; ACK and CANCEL are made elsewhere, having an old one.
    pub(super) fn request(&mut self, method: Method, branch: String, sdp: Option<Bytes>) -> Request {
        self.cseq += 1;
        self.request_numbered(method, self.cseq, branch, sdp)
    }

    /// A request in this dialog with a CSeq that was used before: the ACK of a 2xx (RFC 3261 §13.2.2.4).
    pub(super) fn request_numbered(
        &self,
        method: Method,
        cseq: u32,
        branch: String,
        sdp: Option<Bytes>,
    ) -> Request {
        let (uri, routes) = self.way();
        let has_contact = matches!(method, Method::Invite | Method::Update);
        Request {
            method,
            peer: self.next_hop(),
            uri,
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq,
            branch,
            contact: has_contact.then(|| self.contact.clone()),
            routes,
            headers: Vec::new(),
            credentials: Vec::new(),
            sdp,
        }
    }

    /// Request-URI and Route lines (RFC 3261 §12.2.1.1): with a strict router first, it takes the Request-URI
    /// and the target goes last.
    fn way(&self) -> (String, Vec<String>) {
        let first = self.routes.first().and_then(|route| uri_of(route));
        match first {
            Some(first) if Uri::parse(first).is_ok_and(|uri| uri.param("lr").is_none()) => {
                let rest = self.routes[1..].iter().cloned().chain(Some(format!("<{}>", self.target)));
                (first.to_owned(), rest.collect())
            }
            _ => (self.target.clone(), self.routes.clone()),
        }
    }

    /// The address of the first route or the target; the peer itself where that is a name.
    fn next_hop(&self) -> SocketAddr {
        let text = self.routes.first().and_then(|route| uri_of(route)).unwrap_or(&self.target);
        Uri::parse(text)
            .ok()
            .and_then(|uri| Some(SocketAddr::new(uri.host.parse::<IpAddr>().ok()?, uri.port.unwrap_or(5060))))
            .unwrap_or(self.peer)
    }
}

fn uri_of(route: &str) -> Option<&str> {
    crate::header::NameAddr::parse(route).ok().map(|route| route.uri)
}
