//! What the builder writes, read back.

use super::*;
use crate::wire::Transport;

fn outgoing<'a>(method: &'a Method, uri: &'a str) -> Outgoing<'a> {
    Outgoing {
        method,
        uri,
        via: "SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK1;rport",
        from: "\"Al, <ice>\" <sip:al.ice@example.com>;tag=t1",
        to: "<sip:bob@example.com>",
        call_id: "c1@example.com",
        cseq: 3,
        max_forwards: 70,
        contact: Some("<sip:al.ice@[2001:db8::9]:5060>;+sip.instance=\"<urn:uuid:1>\""),
        headers: &[("Expires", "60"), ("X-Note", "n"), ("Session-Expires", "90")],
        body: None,
    }
}

#[test]
fn each_request_uri_is_written_as_it_is() {
    let uris = [
        "sip:example.com",
        "sip:john.doe@example.com",
        "sip:john:secret@example.com:5070;transport=tcp;lr",
        "sips:bob@[2001:db8::1]:5061",
        "sip:bob@192.0.2.1",
        "sip:123;phone-context=b.com@gw",
        "tel:+15551234567",
        "tel:911;phone-context=+1",
        "sip:bob@example.com?Subject=x",
        "urn:service:sos",
        "im:bob@example.com",
    ];
    for uri in uris {
        let message = Message::parse(outgoing(&Method::Options, uri).to_bytes()).expect(uri);
        assert_eq!((message.method(), message.request_uri()), (Method::Options, Some(uri)));
    }
}

#[test]
fn a_built_register_reads_back() {
    let message =
        Message::parse(outgoing(&Method::Register, "sip:example.com").to_bytes()).expect("it parses");
    assert_eq!(message.check(), Ok(()));
    assert_eq!(message.cseq(), Some((3, Method::Register)));
    let via = message.top_via().expect("a Via");
    assert_eq!(
        (via.transport, via.host, via.branch),
        (Some(Transport::Udp), "2001:db8::9", Some("z9hG4bK1"))
    );
    let from = message.from().expect("From");
    assert_eq!(
        (from.display.as_deref(), from.uri, from.tag()),
        (Some("Al, <ice>"), "sip:al.ice@example.com", Some("t1"))
    );
    let contact = message.contact().expect("a Contact").expect("one");
    assert_eq!(contact.param("+sip.instance"), Some("<urn:uuid:1>"));
    assert_eq!((message.expires(), message.extension("x-note")), (Some(60), Some("n")));
    let names: Vec<_> = message.fields().map(|(name, _)| name).collect();
    let expected = [
        "Via",
        "Max-Forwards",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Contact",
        "Expires",
        "X-Note",
        "Session-Expires",
        "Content-Length",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_binary_body_and_its_length_are_kept() {
    let body: Vec<u8> = (0..=255).collect();
    let mut invite = outgoing(&Method::Invite, "sip:bob@example.com");
    invite.body = Some(("application/octet-stream", &body));
    let message = Message::parse(invite.to_bytes()).expect("it parses");
    assert_eq!(message.header(HeaderName::ContentType), Some("application/octet-stream"));
    assert_eq!((message.header(HeaderName::ContentLength), &message.body()[..]), (Some("256"), &body[..]));
}

#[test]
fn every_method_is_written_as_it_is() {
    use Method as M;
    let methods = [
        M::Invite,
        M::Ack,
        M::Bye,
        M::Cancel,
        M::Options,
        M::Register,
        M::Prack,
        M::Update,
        M::Info,
        M::Refer,
        M::Subscribe,
        M::Notify,
        M::Message,
        M::Publish,
        M::Other("BREW".into()),
    ];
    for method in methods {
        let message = Message::parse(outgoing(&method, "sip:b@example.com").to_bytes()).expect("it parses");
        assert_eq!((message.check(), &message.method()), (Ok(()), &method));
        assert_eq!(message.fields().count(), 11);
    }
}

#[test]
fn a_line_end_in_a_value_does_not_start_a_header() {
    for method in [Method::Options, Method::Other("BREW".into())] {
        let mut request = outgoing(&method, "sip:b@example.com\r\nEvil: 1");
        request.to = "<sip:b@c>\r\nEvil: 2";
        request.headers = &[("X\r\nEvil", "y\nEvil: 3")];
        let text = String::from_utf8(request.to_bytes().to_vec()).expect("text");
        assert!(!text.contains("\nEvil"), "{text}");
    }
}

#[test]
fn a_response_keeps_its_own_phrase() {
    let bytes = Bytes::from_static(b"SIP/2.0 486 Besetzt\r\nCall-ID: c\r\n\r\n");
    let Some(SipMessage::Response(response)) = to_rsip(&Message::parse(bytes).expect("it parses")) else {
        panic!("a response");
    };
    let message = Message::parse(response_bytes(&response, "Besetzt")).expect("it parses");
    assert_eq!((message.status(), message.reason(), message.call_id()), (Some(486), "Besetzt", Some("c")));
}
