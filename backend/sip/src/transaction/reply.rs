//! Responses: what every one of them copies from its request, and where it is sent.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::header::Via;
use crate::uri::HostPort;
use crate::wire::{HeaderName, Message, Method, Writer};

use super::Peer;

/// Begins a response: status line, Via with `received` and `rport`, From, To (with `tag` where the request has
/// none and the status is above 100), Call-ID, CSeq, and Record-Route where the response may make a dialog
/// (RFC 3261 §8.2.6, §12.1.1, §18.2.1; RFC 3581 §4).
pub fn reply(request: &Message, from: &Peer, status: u16, reason: &str, tag: &str) -> Writer {
    let mut writer = Writer::response(status, reason);
    for (index, value) in request.values(HeaderName::Via).enumerate() {
        writer = match Via::parse(value) {
            Ok(via) if index == 0 => writer.header_fmt(HeaderName::Via, Stamped { via, source: from.addr }),
            _ => writer.header(HeaderName::Via, value),
        };
    }
    let makes_dialog = request.method() == Method::Invite && (101..=299).contains(&status);
    if makes_dialog {
        for line in request.header_lines(HeaderName::RecordRoute) {
            writer = writer.header(HeaderName::RecordRoute, line);
        }
    }
    writer = copy(writer, request, HeaderName::From);
    let to = request.header(HeaderName::To).unwrap_or_default();
    let has_tag = request.to().is_ok_and(|to| to.tag().is_some());
    writer = if has_tag || status == 100 || tag.is_empty() {
        writer.header(HeaderName::To, to)
    } else {
        writer.header_fmt(HeaderName::To, format_args!("{to};tag={tag}"))
    };
    writer = copy(writer, request, HeaderName::CallId);
    writer = copy(writer, request, HeaderName::CSeq);
    if status == 100 { copy(writer, request, HeaderName::Timestamp) } else { writer }
}

fn copy(writer: Writer, request: &Message, name: HeaderName) -> Writer {
    match request.header(name) {
        Some(value) => writer.header(name, value),
        None => writer,
    }
}

/// Where the response to a request goes (RFC 3261 §18.2.2, RFC 3581 §4): back on the connection; over UDP to the
/// source address, and to the source port where `rport` asks for it, else to the port of Via.
pub(super) fn reply_to(from: &Peer, via: &Via<'_>) -> Peer {
    if from.transport.is_reliable() || via.rport.is_some() {
        return *from;
    }
    Peer { addr: SocketAddr::new(from.addr.ip(), via.port_or_default()), ..*from }
}

/// Where a response to this request goes, for one that is sent outside any transaction; `None` when its Via cannot
/// be read, and so nothing can be sent.
#[must_use]
pub fn reply_peer(request: &Message, from: &Peer) -> Option<Peer> {
    Some(reply_to(from, &request.top_via().ok()?))
}

/// The topmost Via of a response: as the request had it, with the source address and port filled in.
struct Stamped<'a> {
    via: Via<'a>,
    source: SocketAddr,
}

impl fmt::Display for Stamped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { via, source } = self;
        write!(f, "SIP/2.0/{} {}", via.transport_name, HostPort { host: via.host, port: via.port })?;
        for (name, value) in via.params.iter() {
            if name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport") {
                continue;
            }
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        if via.rport.is_some() {
            return write!(f, ";received={};rport={}", source.ip(), source.port());
        }
        if via.host.parse::<IpAddr>() == Ok(source.ip()) {
            Ok(())
        } else {
            write!(f, ";received={}", source.ip())
        }
    }
}
