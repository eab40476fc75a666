//! Responses: what every one of them copies from its request, and where it is sent.

use std::net::{IpAddr, SocketAddr};

use crate::header::Via;
use crate::wire::{HeaderName, Message, Method, Value, Writer};

use super::Peer;

/// Begins a response: status line, Via with `received` and `rport`, From, To (with `tag` where the request has
/// none and the status is above 100), Call-ID, CSeq, and Record-Route where the response may make a dialog
/// (RFC 3261 §8.2.6, §12.1.1, §18.2.1; RFC 3581 §4).
pub fn reply(request: &Message, from: &Peer, status: u16, reason: &str, tag: &str) -> Writer {
    let mut writer = Writer::response(status, reason);
    for (index, value) in request.values(HeaderName::Via).enumerate() {
        writer = match request.top_via() {
            Ok(via) if index == 0 => {
                writer.header_of(HeaderName::Via, |value| stamped(value, &via, from.addr))
            }
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
    let has_tag = request.to_tag().is_some();
    writer = if has_tag || status == 100 || tag.is_empty() {
        writer.header(HeaderName::To, to)
    } else {
        writer.header_of(HeaderName::To, |value| value.text(to).text(";tag=").text(tag))
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

/// Writes the topmost Via of a response: as the request had it, with the source address and port filled in.
fn stamped<'a>(mut value: Value<'a>, via: &Via<'_>, source: SocketAddr) -> Value<'a> {
    value = value.text("SIP/2.0/").text(via.transport_name).text(" ");
    value =
        if via.host.contains(':') { value.text("[").text(via.host).text("]") } else { value.text(via.host) };
    if let Some(port) = via.port {
        value = value.text(":").number(port.into());
    }
    for (name, given) in via.params.iter() {
        if name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport") {
            continue;
        }
        value = value.text(";").text(name);
        if let Some(given) = given {
            value = value.text("=").text(given);
        }
    }
    if via.rport.is_some() {
        let value = value.text(";received=").address(source.ip());
        return value.text(";rport=").number(source.port().into());
    }
    if via.host.parse::<IpAddr>() == Ok(source.ip()) {
        value
    } else {
        value.text(";received=").address(source.ip())
    }
}
