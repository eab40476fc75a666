//! The two requests that are made out of another one: the ACK of a failure and the CANCEL.

use bytes::Bytes;

use crate::wire::{HeaderName, Message, Method, Writer};

/// The ACK of a non-2xx final response to an INVITE (RFC 3261 §17.1.1.3).
pub(super) fn ack_of_failure(invite: &Message, response: &Message) -> Bytes {
    let to = response.header(HeaderName::To).or_else(|| invite.header(HeaderName::To));
    derived(invite, &Method::Ack, to).finish()
}

/// The CANCEL of an INVITE (RFC 3261 §9.1), with a Reason header value where there is one (RFC 3326).
pub(super) fn cancel(invite: &Message, reason: Option<&str>) -> Bytes {
    let writer = derived(invite, &Method::Cancel, invite.header(HeaderName::To));
    match reason {
        Some(reason) => writer.header(HeaderName::Reason, reason).finish(),
        None => writer.finish(),
    }
}

/// Same Request-URI, Via, From, Call-ID, CSeq number and Route as the INVITE.
fn derived(invite: &Message, method: &Method, to: Option<&str>) -> Writer {
    let mut writer = Writer::request(method, invite.request_uri().unwrap_or_default());
    if let Some(via) = invite.values(HeaderName::Via).next() {
        writer = writer.header(HeaderName::Via, via);
    }
    for line in invite.header_lines(HeaderName::Route) {
        writer = writer.header(HeaderName::Route, line);
    }
    writer = writer.header(HeaderName::MaxForwards, "70");
    for (name, value) in [
        (HeaderName::From, invite.header(HeaderName::From)),
        (HeaderName::To, to),
        (HeaderName::CallId, invite.call_id()),
    ] {
        writer = writer.header(name, value.unwrap_or_default());
    }
    let number = invite.cseq().map_or(0, |(number, _)| number);
    writer.header_of(HeaderName::CSeq, |value| value.number(number).text(" ").text(method.as_str()))
}
