//! What strangers and broken messages get at the SIP port.

use crate::{Tenant, dial, server};
use std::{
    io::{Read, Write},
    net::{TcpStream, UdpSocket},
    time::Duration,
};
use testkit::phone::Phone;

/// Sends a datagram from an address of its own and gives the answer, if there is one within a second.
fn ask(from: &str, message: &str) -> Option<String> {
    let socket = UdpSocket::bind(format!("{from}:5060")).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    socket.send_to(message.as_bytes(), server().sip()).expect("it is sent");
    let mut buffer = [0; 4096];
    let (length, _) = socket.recv_from(&mut buffer).ok()?;
    Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

fn request(method: &str, from: &str, extra: &str) -> String {
    format!(
        "{method} sip:+12065550100@127.22.1.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from}:5060;branch=z9hG4bK-{method}-{from};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:x@{from}>;tag=1\r\nTo: <sip:+12065550100@127.22.1.1>\r\nCall-ID: {method}@{from}\r\nCSeq: 1 {method}\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

#[test]
fn a_stranger_gets_no_service_and_no_detail() {
    let refused = ask("127.22.6.1", &request("INVITE", "127.22.6.1", "Contact: <sip:x@127.22.6.1>\r\n"));
    if let Some(answer) = refused {
        assert!(!answer.contains("Reason:"), "{answer}");
        assert!(
            answer.starts_with("SIP/2.0 100")
                || answer.starts_with("SIP/2.0 403")
                || answer.starts_with("SIP/2.0 404"),
            "{answer}"
        );
    }
    assert_eq!(ask("127.22.6.2", &request("OPTIONS", "127.22.6.2", "")), None);
}

#[test]
fn a_message_without_call_id_gets_400_with_a_reason() {
    let broken = request("INVITE", "127.22.6.3", "Contact: <sip:x@127.22.6.3>\r\n")
        .replace("Call-ID: INVITE@127.22.6.3\r\n", "");
    let answer = ask("127.22.6.3", &broken).expect("an answer");
    let line = answer.lines().next().unwrap_or_default();
    assert!(line.starts_with("SIP/2.0 400 ") && line.len() > "SIP/2.0 400 Bad Request".len(), "{line}");
}

#[test]
fn garbage_and_huge_lengths_get_silence_and_the_server_lives() {
    assert_eq!(ask("127.22.6.4", "\u{0}\u{1}\u{2}garbage"), None);
    let huge = request("OPTIONS", "127.22.6.5", "")
        .replace("Content-Length: 0", "Content-Length: 18446744073709551615");
    let _ = ask("127.22.6.5", &huge);
    assert_eq!(server().anonymous().get("/readyz").status, 200);
}

#[test]
fn an_unknown_method_is_not_implemented_and_a_known_one_not_allowed() {
    let unknown = ask("127.22.6.6", &request("DANCE", "127.22.6.6", "")).expect("an answer");
    assert!(unknown.starts_with("SIP/2.0 501"), "{unknown}");
    let known = ask("127.22.6.7", &request("PUBLISH", "127.22.6.7", "")).expect("an answer");
    assert!(known.starts_with("SIP/2.0 405") && known.contains("Allow:"), "{known}");
}

#[test]
fn a_register_for_a_bare_address_is_not_found() {
    let to = request("REGISTER", "127.22.6.8", "Contact: <sip:x@127.22.6.8>\r\n");
    assert!(ask("127.22.6.8", &to).expect("an answer").starts_with("SIP/2.0 404"));
}

#[test]
fn a_wrong_password_is_challenged_again_and_never_served() {
    let mut tenant = Tenant::new("Wrong Password");
    let (phone, mut account) = tenant.phone("anna", "127.22.6.9");
    account.password = "not it".into();
    assert!(phone.register(&account, Duration::from_secs(60)).is_err());
    let call = phone.call(&dial(&account, &tenant.number, crate::ECHO)).expect("a call");
    let (status, _) = call.wait_failed(crate::PATIENCE).expect("it is refused");
    assert!(matches!(status, 401 | 403 | 407), "{status}");
    assert_eq!(tenant.api.get("/api/v1/calls").expect(200).body["value"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_user_of_one_tenant_is_nobody_in_another() {
    let (mut one, mut two) = (Tenant::new("Realm One"), Tenant::new("Realm Two"));
    let (phone, mut account) = one.phone("anna", "127.22.6.10");
    let (_other, foreign) = two.phone("bert", "127.22.6.11");
    account.domain = foreign.domain;
    assert!(phone.register(&account, Duration::from_secs(60)).is_err());
}

#[test]
fn a_message_in_pieces_over_tcp_is_put_together() {
    let mut stream = TcpStream::connect(server().sip()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    let message = request("DANCE", "127.22.6.12", "").replace("/UDP", "/TCP");
    for piece in message.as_bytes().chunks(37) {
        stream.write_all(piece).expect("a piece");
    }
    let mut buffer = [0; 2048];
    let length = stream.read(&mut buffer).expect("an answer");
    assert!(String::from_utf8_lossy(&buffer[..length]).starts_with("SIP/2.0 501"));
}

#[test]
fn an_sbc_at_an_unknown_address_is_a_stranger() {
    let tenant = Tenant::new("Moved Sbc");
    let _known = tenant.trunk("sbc.moved.test", "127.22.6.13");
    let elsewhere = Phone::bind("127.22.6.14:5060").expect("a phone");
    let dial = crate::dial_from_trunk(tenant.edge, "sbc.moved.test", &tenant.number, crate::ECHO);
    let call = elsewhere.call(&dial).expect("a call");
    let (status, reason) = call.wait_failed(Duration::from_secs(40)).expect("no service");
    assert!(matches!(status, 403 | 404 | 408), "{status}");
    assert_eq!(reason, None);
}
