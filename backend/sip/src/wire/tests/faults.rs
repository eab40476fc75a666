//! Inputs that published parsers get wrong, each read right here.

use super::*;
use crate::header::{NameAddr, RAck, Reason, SessionExpires, Via};
use crate::uri::{Scheme, Uri};
use crate::wire::{HeaderName, Method, Transport, Writer};

#[test]
fn a_dot_in_the_user_is_part_of_the_user() {
    let uri = Uri::parse("sip:john.doe@b.com").expect("a URI");
    assert_eq!((uri.user, uri.host), (Some("john.doe"), "b.com"));
}

#[test]
fn an_ipv6_literal_is_read_in_request_uri_via_and_contact() {
    let message = message(
        "INVITE sip:bob@[2001:db8::10]:5070 SIP/2.0\nVia: SIP/2.0/UDP [2001:db8::9:1]:5061;branch=z9hG4bKas3\n\
         From: <sip:a@b>;tag=1\nTo: <sip:b@b>\nCall-ID: c\nCSeq: 1 INVITE\nContact: <sip:a@[2001:db8::9:1]>\n\n",
    );
    assert_eq!(message.check(), Ok(()));
    let uri = Uri::parse(message.request_uri().expect("a request")).expect("a URI");
    assert_eq!((uri.host, uri.port), ("2001:db8::10", Some(5070)));
    let via = message.top_via().expect("a Via");
    assert_eq!((via.host, via.port), ("2001:db8::9:1", Some(5061)));
    let contact = message.contact().expect("a Contact").expect("one");
    assert_eq!(Uri::parse(contact.uri).map(|uri| uri.host), Ok("2001:db8::9:1"));
}

#[test]
fn a_tel_request_uri_is_read() {
    let message = message(
        "INVITE tel:+1-555-123-4567;phone-context=example.com SIP/2.0\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\n\
         From: <sip:a@b>;tag=1\nTo: <tel:+15551234567>\nCall-ID: c\nCSeq: 1 INVITE\n\n",
    );
    assert_eq!(message.check(), Ok(()));
    let uri = Uri::parse(message.request_uri().expect("a request")).expect("a URI");
    assert_eq!((uri.scheme, uri.user), (Scheme::Tel, Some("+1-555-123-4567")));
    assert_eq!((uri.host, uri.port, uri.param("phone-context")), ("", None, Some("example.com")));
}

#[test]
fn a_parameter_within_the_user_stays_there() {
    let uri = Uri::parse("sip:123;phone-context=b.com@gw").expect("a URI");
    assert_eq!((uri.user, uri.host, uri.params.is_empty()), (Some("123;phone-context=b.com"), "gw", true));
}

#[test]
fn the_headers_of_a_uri_are_neither_host_nor_lost() {
    let text = "<sip:bob@b.com;transport=tcp?Replaces=12%40a%3Bto-tag%3D1&Subject=x>;q=1";
    let addr = NameAddr::parse(text).expect("an address");
    let uri = Uri::parse(addr.uri).expect("a URI");
    assert_eq!((uri.host, uri.param("transport")), ("b.com", Some("tcp")));
    let headers: Vec<_> = uri.header_values().collect();
    assert_eq!(headers, [("Replaces".into(), "12@a;to-tag=1".into()), ("Subject".into(), "x".into())]);
    assert_eq!(addr.param("q"), Some("1"));
}

#[test]
fn a_quoted_name_may_hold_brackets() {
    let message = invite("Contact: \"a\\\" <b>;\" <sip:c@d>;q=0.7\n");
    let contact = message.contact().expect("a Contact").expect("one");
    assert_eq!(
        (contact.display.as_deref(), contact.uri, contact.param("q")),
        (Some("a\" <b>;"), "sip:c@d", Some("0.7"))
    );
}

#[test]
fn every_via_of_a_comma_list_counts() {
    let message = invite("Via: SIP/2.0/UDP first;branch=z9hG4bKa, SIP/2.0/TCP second;branch=z9hG4bKb\n");
    let hosts: Vec<_> =
        message.values(HeaderName::Via).map(|via| Via::parse(via).expect("a Via").host).collect();
    assert_eq!(hosts, ["first", "second", "a.example.com"]);
}

#[test]
fn contacts_come_as_lists_with_instances_and_spaces() {
    let lines = "Contact: \"A, B\" <sip:a@b>;+sip.instance=\"<urn:uuid:0-1,2>\" ; q = 0.5, <sip:c@d;x=1,2>;expires=60\n";
    let message = invite(lines);
    let contacts: Vec<_> = message.contacts().map(|contact| contact.expect("an address")).collect();
    assert_eq!(contacts.len(), 2);
    assert_eq!(contacts[0].param("+sip.instance"), Some("<urn:uuid:0-1,2>"));
    assert_eq!((contacts[0].param("q"), contacts[1].uri), (Some("0.5"), "sip:c@d;x=1,2"));
    assert_eq!(contacts[1].param("expires"), Some("60"));
}

#[test]
fn a_space_before_the_branch_does_not_hide_it() {
    let message = invite("Via: SIP/2.0/UDP h ; branch= z9hG4bKspace ; rport\n");
    let via = message.top_via().expect("a Via");
    assert_eq!((via.branch, via.rport), (Some("z9hG4bKspace"), Some(None)));
}

#[test]
fn folded_lines_and_a_space_before_the_colon_are_read() {
    let message = invite("Subject \t: one\n two\n\tthree\nContact  :\n <sip:a@b>\n");
    assert_eq!(
        message.header(HeaderName::Subject).map(|value| value.split_ascii_whitespace().count()),
        Some(3)
    );
    assert_eq!(message.contact().expect("a Contact").expect("one").uri, "sip:a@b");
    assert!(message.fields().all(|(_, value)| !value.contains(&b'\n')));
}

#[test]
fn compact_names_are_the_long_ones() {
    let message = message(
        "INVITE sip:b@c SIP/2.0\nv: SIP/2.0/TLS h;branch=z9hG4bK1\nf: <sip:a@b>;tag=1\nt: <sip:b@c>\ni: c1\n\
         CSeq: 7 INVITE\nm: <sip:a@h>\nc: text/plain\nk: 100rel\nl: 2\n\nhi",
    );
    assert_eq!(message.check(), Ok(()));
    assert_eq!(message.top_via().map(|via| via.transport), Ok(Some(Transport::Tls)));
    assert_eq!((message.call_id(), message.extension("call-id")), (Some("c1"), Some("c1")));
    assert_eq!(message.header(HeaderName::Supported), Some("100rel"));
    assert_eq!(
        (message.fields().next(), &message.body()[..]),
        (Some(("v", &b"SIP/2.0/TLS h;branch=z9hG4bK1"[..])), &b"hi"[..])
    );
}

#[test]
fn an_unknown_method_can_be_answered() {
    let text = "BREW sip:pot@b SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:b@b>\n\
                Call-ID: c\nCSeq: 1 BREW\n\n";
    let message = message(text);
    assert_eq!((message.check(), message.method()), (Ok(()), Method::Other("BREW".into())));
}

#[test]
fn a_byte_that_is_no_utf8_costs_its_own_value_alone() {
    let bytes = b"OPTIONS sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nSubject: J\xf6rg\r\n\
                  From: \"J\xf6\" <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n\xff\xfe";
    let message = Message::parse(Bytes::from_static(bytes)).expect("it parses");
    assert_eq!(message.check(), Ok(()));
    assert_eq!(message.header(HeaderName::Subject), Some("J?rg"));
    assert_eq!(message.from().expect("From").tag(), Some("1"));
    assert!(message.fields().any(|(name, value)| name == "Subject" && value == b"J\xf6rg"));
    assert_eq!(&message.body()[..], b"\xff\xfe");
}

#[test]
fn line_ends_may_lead_and_may_lack_their_cr() {
    let text = "\r\n\r\nOPTIONS sip:b@c SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\n\
                To: <sip:b@c>\nCall-ID: c\nCSeq: 1 OPTIONS\nContent-Length: 3\n\nabc";
    let message = Message::parse(Bytes::from_static(text.as_bytes())).expect("it parses");
    assert_eq!((message.check(), message.method()), (Ok(()), Method::Options));
    assert_eq!(&message.body()[..], b"abc");
    assert_eq!(Message::parse(Bytes::from_static(b"\r\n\r\n")).err(), Some(ParseError::Empty));
}

#[test]
fn without_content_length_the_rest_of_the_datagram_is_the_body() {
    assert_eq!(&message("SIP/2.0 200 OK\nCall-ID: c\n\nrest\n").body()[..], b"rest\r\n");
}

#[test]
fn beyond_its_content_length_a_body_does_not_go() {
    let message = message("SIP/2.0 200 OK\nContent-Length: 4\n\nrestSIP/2.0 200 OK\n\n");
    assert_eq!(&message.body()[..], b"rest");
}

#[test]
fn a_reason_phrase_survives_reading_and_writing() {
    let message = message("SIP/2.0 486 Besetzt\nCall-ID: c\n\n");
    let bytes = Writer::response(486, message.reason()).finish();
    assert!(bytes.starts_with(b"SIP/2.0 486 Besetzt\r\n"));
}

#[test]
fn a_binary_body_survives_reading_and_writing() {
    let body: Vec<u8> = (0..=255).collect();
    let bytes = Writer::response(200, "OK").body(Some("application/octet-stream"), &body).finish();
    assert_eq!(Message::parse(bytes).expect("it parses").body(), body);
}

#[test]
fn the_headers_of_the_extensions_are_known_and_typed() {
    let message = invite(
        "Replaces: 1@a;to-tag=2;from-tag=3\nRefer-To: <sip:c@d>\nReferred-By: <sip:a@b>\nP-Asserted-Identity: <tel:+1>\n\
         Diversion: <sip:e@f>;reason=no-answer\nHistory-Info: <sip:g@h>;index=1\nSession-Expires: 90;refresher=uac\n\
         Min-SE: 90\nRAck: 2 1 INVITE\nRSeq: 2\nReason: Q.850;cause=17\nPrivacy: id\nSubscription-State: active\n",
    );
    use HeaderName as Name;
    let known = [
        Name::Replaces,
        Name::ReferTo,
        Name::ReferredBy,
        Name::PAssertedIdentity,
        Name::Diversion,
        Name::HistoryInfo,
        Name::SessionExpires,
        Name::MinSe,
        Name::RAck,
        Name::RSeq,
        Name::Reason,
        Name::Privacy,
        Name::SubscriptionState,
    ];
    assert!(known.into_iter().all(|name| message.header(name).is_some()));
    assert_eq!(
        message.header(Name::Reason).map(|value| Reason::parse(value).map(|reason| reason.q850())),
        Some(Ok(Some(17)))
    );
    assert_eq!(
        message.header(Name::RAck).map(|value| RAck::parse(value).map(|rack| rack.response)),
        Some(Ok(2))
    );
    let timer =
        message.header(Name::SessionExpires).map(SessionExpires::parse).expect("the header").expect("sound");
    assert_eq!((timer.seconds, message.number(Name::MinSe)), (90, Some(90)));
}
