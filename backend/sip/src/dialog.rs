//! A dialog seen from one of its ends (RFC 3261 §12): who is who, where requests go and in which order.
//!
//! It is made from the request or response that begins it, writes the head of every request in it, and judges
//! those that arrive. It knows no transactions and no calls.

use std::net::{IpAddr, SocketAddr};

use crate::Transport;
use crate::header::NameAddr;
use crate::transaction::Peer;
use crate::uri::Uri;
use crate::wire::{HeaderName, Message, Method, Value, Writer};

/// The most Record-Route values that are kept; a response or request with more makes no dialog.
pub const ROUTES_MAX: usize = 16;

/// One end of a dialog.
#[derive(Debug, Clone)]
pub struct Dialog {
    call_id: Box<str>,
    local: Box<str>,
    remote: Box<str>,
    local_tag: Box<str>,
    remote_tag: Box<str>,
    target: Box<str>,
    routes: Vec<Box<str>>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    peer: Peer,
    is_behind_nat: bool,
}

/// What the Via of a request of ours says.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    /// Our `host:port`.
    pub sent_by: &'a str,
    /// The transport.
    pub transport: Transport,
    /// The branch.
    pub branch: &'a str,
}

impl Hop<'_> {
    /// Writes it as the value of a Via.
    pub fn write<'v>(&self, value: Value<'v>) -> Value<'v> {
        let value = value.text("SIP/2.0/").text(self.transport.as_str()).text(" ").text(self.sent_by);
        let value = value.text(";branch=").text(self.branch).text(";rport");
        // The connection may be used for requests towards us, if our certificate names us (RFC 5923 §5).
        if self.transport == Transport::Tls { value.text(";alias") } else { value }
    }
}

impl Dialog {
    /// The end that answers: made from the request that begins the dialog, and the tag that we give it (§12.1.1).
    /// `None` when the request has no usable Contact or too many routes.
    #[must_use]
    pub fn answering(request: &Message, from: Peer, local_tag: &str) -> Option<Self> {
        let to = request.header(HeaderName::To)?;
        let via = request.top_via().ok()?;
        let local = match request.to_tag() {
            Some(_) => to.into(),
            None => [to, ";tag=", local_tag].concat().into_boxed_str(),
        };
        let is_moved = via.host.parse::<IpAddr>().is_ok_and(|sent_by| sent_by != from.addr.ip());
        Some(Self {
            call_id: request.call_id()?.into(),
            local,
            remote: request.header(HeaderName::From)?.into(),
            local_tag: local_tag.into(),
            remote_tag: request.from_tag().unwrap_or_default().into(),
            target: request.contact().ok()??.uri.into(),
            routes: routes(request.values(HeaderName::RecordRoute))?,
            local_cseq: 0,
            remote_cseq: request.cseq().map(|(number, _)| number),
            peer: from,
            is_behind_nat: is_moved,
        })
    }

    /// The end that asked: made from a response of 101 to 299 (§12.1.2). `None` when the response has no usable
    /// Contact or too many routes.
    #[must_use]
    pub fn asking(response: &Message, from: Peer) -> Option<Self> {
        let mut routes = routes(response.values(HeaderName::RecordRoute))?;
        routes.reverse();
        Some(Self {
            call_id: response.call_id()?.into(),
            local: response.header(HeaderName::From)?.into(),
            remote: response.header(HeaderName::To)?.into(),
            local_tag: response.from_tag().unwrap_or_default().into(),
            remote_tag: response.to_tag().unwrap_or_default().into(),
            target: response.contact().ok()??.uri.into(),
            routes,
            local_cseq: response.cseq()?.0,
            remote_cseq: None,
            peer: from,
            is_behind_nat: false,
        })
    }

    /// The tag of our end.
    #[must_use]
    pub const fn local_tag(&self) -> &str {
        &self.local_tag
    }

    /// The tag of the far end, empty when it gave none (RFC 2543).
    #[must_use]
    pub const fn remote_tag(&self) -> &str {
        &self.remote_tag
    }

    /// Call-ID of the dialog.
    #[must_use]
    pub const fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The far end: the name-addr and tag that stand in its From.
    #[must_use]
    pub const fn remote(&self) -> &str {
        &self.remote
    }

    /// Where the far end's messages came from.
    #[must_use]
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// Whether the far end may speak from an address: it has before, or it said in Contact or Record-Route that it is
    /// there.
    #[must_use]
    pub fn speaks_from(&self, from: Peer) -> bool {
        let ip = from.addr.ip().to_canonical();
        let hosts = std::iter::once(&*self.target).chain(self.routes.iter().map(|route| &**route));
        let is_host = |uri: &str| {
            let uri = NameAddr::parse(uri).map_or(uri, |address| address.uri);
            let host = Uri::parse(uri).map(|uri| uri.host.trim_matches(['[', ']']).to_owned());
            host.is_ok_and(|host| host.parse::<IpAddr>().is_ok_and(|known| known.to_canonical() == ip))
        };
        self.peer.is_at(&from) || { hosts }.any(is_host)
    }

    /// The number of our latest request.
    #[must_use]
    pub const fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// Whether a request belongs to this dialog (§12.2.2).
    #[must_use]
    pub fn is_of(&self, request: &Message) -> bool {
        let tags = (request.to_tag(), request.from_tag());
        request.call_id() == Some(&self.call_id)
            && tags.0 == Some(&self.local_tag)
            && tags.1.unwrap_or_default() == &*self.remote_tag
    }

    /// Takes a request of the far end: its number must be higher than all before (§12.2.2). A reliable connection
    /// that it came over replaces the one known.
    #[must_use]
    pub fn take(&mut self, request: &Message, from: Peer) -> bool {
        let Some((number, _)) = request.cseq() else { return false };
        if self.remote_cseq.is_some_and(|latest| number <= latest) {
            return false;
        }
        self.remote_cseq = Some(number);
        if from.transport.is_reliable() || self.is_behind_nat {
            self.peer = from;
        }
        true
    }

    /// Goes on where an early form of this dialog stopped: no number is used twice.
    pub fn resume(&mut self, early: &Self) {
        self.local_cseq = self.local_cseq.max(early.local_cseq);
        self.remote_cseq = self.remote_cseq.max(early.remote_cseq);
    }

    /// A target refresh: the Contact of a re-INVITE or UPDATE, or of its 2xx (§12.2.1.2, §12.2.2).
    pub fn refresh(&mut self, message: &Message) {
        if let Ok(Some(contact)) = message.contact() {
            self.target = contact.uri.into();
        }
    }

    /// The next number of a request of ours.
    pub const fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.local_cseq
    }

    /// Begins a request in this dialog (§12.2.1.1): request line, Via, Route, Max-Forwards, From, To, Call-ID and
    /// CSeq. The number is [`Dialog::next_cseq`], for an ACK that of its INVITE.
    pub fn request(&self, method: &Method, number: u32, hop: Hop<'_>, max_forwards: u32) -> Writer {
        let strict = self.routes.first().filter(|route| !is_loose(route));
        let uri = match strict {
            Some(route) => NameAddr::parse(route).map_or(&*self.target, |route| route.uri),
            None => &self.target,
        };
        let mut writer = Writer::request(method, uri).header_of(HeaderName::Via, |value| hop.write(value));
        for route in self.routes.iter().skip(usize::from(strict.is_some())) {
            writer = writer.header(HeaderName::Route, route.as_bytes());
        }
        if strict.is_some() {
            writer = writer.header_fmt(HeaderName::Route, format_args!("<{}>", self.target));
        }
        writer
            .header_of(HeaderName::MaxForwards, |value| value.number(max_forwards))
            .header(HeaderName::From, self.local.as_bytes())
            .header(HeaderName::To, self.remote.as_bytes())
            .header(HeaderName::CallId, self.call_id.as_bytes())
            .header_of(HeaderName::CSeq, |value| value.number(number).text(" ").text(method.as_str()))
    }

    /// Where a request is sent: the open connection; else the address that the first route or the target names;
    /// else, for a name or an address behind a NAT, to where the dialog came from.
    #[must_use]
    pub fn next_hop(&self) -> Peer {
        if self.peer.flow.is_some() || self.is_behind_nat {
            return self.peer;
        }
        let uri = match self.routes.first() {
            Some(route) => NameAddr::parse(route).map_or("", |route| route.uri),
            None => &self.target,
        };
        named_hop(uri, self.peer).unwrap_or(self.peer)
    }
}

fn routes<'a>(values: impl Iterator<Item = &'a str>) -> Option<Vec<Box<str>>> {
    let routes: Vec<Box<str>> = values.take(ROUTES_MAX + 1).map(Into::into).collect();
    if routes.len() > ROUTES_MAX { None } else { Some(routes) }
}

/// Whether a route has the `lr` parameter (RFC 3261 §19.1.1).
fn is_loose(route: &str) -> bool {
    let Ok(route) = NameAddr::parse(route) else { return false };
    Uri::parse(route.uri).is_ok_and(|uri| uri.params.has("lr"))
}

/// The address that a URI names, if it names one that can be reached from where the peer is.
fn named_hop(uri: &str, peer: Peer) -> Option<Peer> {
    let uri = Uri::parse(uri).ok()?;
    let ip: IpAddr = uri.host.parse().ok()?;
    if ip.is_unspecified() || (is_private(ip) && !is_private(peer.addr.ip())) {
        return None;
    }
    let transport = uri.param("transport").and_then(Transport::from_name).unwrap_or(peer.transport);
    let port = uri.port.unwrap_or_else(|| transport.default_port());
    Some(Peer { addr: SocketAddr::new(ip, port), transport, flow: None })
}

/// Addresses that mean nothing beyond a NAT (RFC 1918, RFC 6598, RFC 3927, RFC 4193, loopback).
const fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "192.0.2.9:5062";

    fn peer() -> Peer {
        Peer::new(PEER.parse().expect("an address"), Transport::Udp)
    }

    fn response(extra: &str) -> Message {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=me\r\n\
             To: <sip:b@y>;tag=you\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\n{extra}\r\n"
        );
        Message::parse(text.into()).expect("sound")
    }

    fn head(dialog: &Dialog) -> Message {
        let hop = Hop { sent_by: "198.51.100.1:5060", transport: Transport::Udp, branch: "z9hG4bK2" };
        Message::parse(dialog.request(&Method::Bye, 8, hop, 70).finish()).expect("our own writing parses")
    }

    #[test]
    fn loose_routes_come_back_reversed_and_the_target_stays_the_request_uri() {
        let routes =
            "Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>\r\nContact: <sip:b@203.0.113.5>\r\n";
        let dialog = Dialog::asking(&response(routes), peer()).expect("a dialog");
        let bye = head(&dialog);
        assert_eq!(bye.request_uri(), Some("sip:b@203.0.113.5"));
        let sent: Vec<_> = bye.values(HeaderName::Route).collect();
        assert_eq!(sent, ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]);
        assert_eq!(dialog.next_hop(), peer(), "a name is not resolved here");
        assert_eq!(bye.cseq(), Some((8, Method::Bye)));
        assert_eq!((bye.from().expect("From").tag(), bye.to().expect("To").tag()), (Some("me"), Some("you")));
    }

    #[test]
    fn a_strict_route_becomes_the_request_uri_and_the_target_the_last_route() {
        let routes =
            "Record-Route: <sip:p2.example>, <sip:203.0.113.7:5080>\r\nContact: <sip:b@203.0.113.5>\r\n";
        let dialog = Dialog::asking(&response(routes), peer()).expect("a dialog");
        let bye = head(&dialog);
        assert_eq!(bye.request_uri(), Some("sip:203.0.113.7:5080"));
        let sent: Vec<_> = bye.values(HeaderName::Route).collect();
        assert_eq!(sent, ["<sip:p2.example>", "<sip:b@203.0.113.5>"]);
        assert_eq!(dialog.next_hop().addr.to_string(), "203.0.113.7:5080");
    }

    #[test]
    fn requests_go_to_the_contact_unless_it_lies_behind_a_nat() {
        let hop = |contact: &str| {
            let dialog =
                Dialog::asking(&response(&format!("Contact: <{contact}>\r\n")), peer()).expect("a dialog");
            dialog.next_hop()
        };
        assert_eq!(hop("sip:b@203.0.113.5").addr.to_string(), "203.0.113.5:5060");
        assert_eq!(hop("sip:b@[2001:db8::1]:5070").addr.to_string(), "[2001:db8::1]:5070");
        assert_eq!(hop("sip:b@203.0.113.5;transport=tcp").transport, Transport::Tcp);
        for unreachable in
            ["sip:b@192.168.1.2", "sip:b@0.0.0.0", "sip:b@phone.invalid", "sip:b@100.64.3.3:5060"]
        {
            assert_eq!(hop(unreachable).addr.to_string(), PEER, "{unreachable}");
        }
    }

    #[test]
    fn an_open_connection_is_used_whatever_the_contact_says() {
        let from = Peer { transport: Transport::Tcp, flow: Some(4), ..peer() };
        let dialog = Dialog::asking(&response("Contact: <sip:b@203.0.113.5;transport=tcp>\r\n"), from);
        assert_eq!(dialog.expect("a dialog").next_hop(), from);
    }

    #[test]
    fn a_request_out_of_order_is_not_taken() {
        let invite = |number: u32| {
            let text = format!(
                "INVITE sip:b@y SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK1\r\n\
                 From: <sip:a@x>;tag=f\r\nTo: <sip:b@y>\r\nCall-ID: c\r\nCSeq: {number} INVITE\r\n\
                 Contact: <sip:a@192.0.2.9:5062>\r\n\r\n"
            );
            Message::parse(text.into()).expect("sound")
        };
        let mut dialog = Dialog::answering(&invite(5), peer(), "mine").expect("a dialog");
        assert!(!dialog.take(&invite(5), peer()));
        assert!(dialog.take(&invite(9), peer()));
        assert!(!dialog.take(&invite(8), peer()));
        assert_eq!((dialog.local_tag(), dialog.remote_tag()), ("mine", "f"));
    }

    #[test]
    fn without_a_contact_or_with_too_many_routes_there_is_no_dialog() {
        assert!(Dialog::asking(&response(""), peer()).is_none());
        let routes = "Record-Route: <sip:p;lr>\r\n".repeat(ROUTES_MAX + 1);
        assert!(Dialog::asking(&response(&format!("{routes}Contact: <sip:b@h>\r\n")), peer()).is_none());
    }
}
