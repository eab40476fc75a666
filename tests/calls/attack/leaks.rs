//! What must not come out: hashes of our passwords, and headers that a caller smuggles in.

use super::{
    attacked,
    spoofs::answer,
    tools::{Raw, Sbc, authorize},
};
use crate::{PATIENCE, Tenant};
use serde_json::json;
use sip::wire::{HeaderName, Message};
use std::{net::Ipv4Addr, time::Duration};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.29.12.2\r\ns=-\r\nc=IN IP4 127.29.12.2\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
const CHALLENGE: &str = "Digest realm=\"carrier.test\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"";

fn is(method: &'static str) -> impl Fn(&Message) -> bool {
    move |message| message.is_request() && message.method().as_str() == method
}

fn is_proof(message: &Message) -> bool {
    [HeaderName::Authorization, HeaderName::ProxyAuthorization]
        .into_iter()
        .any(|name| message.header(name).is_some())
}

#[test]
fn a_callee_that_challenges_gets_no_hash() {
    let server = attacked(Ipv4Addr::new(127, 29, 11, 1));
    let tenant = Tenant::on(&server, "Leaking");
    let sbc = Sbc::of(&tenant, "sbc.leaking.test", "127.29.12.2");
    tenant.bind("trunk", &sbc.fqdn);
    let called = json!({"from": "+12065550111", "to": tenant.number});

    // At the INVITE: the call fails, and nothing is said.
    let _ = tenant.api.post("/api/v1/sandbox/calls", &called).expect(201);
    let invite = sbc.raw.wait(PATIENCE, is("INVITE")).expect("an INVITE");
    sbc.raw.send(answer(&sbc, &invite, 407).header("Proxy-Authenticate", CHALLENGE).finish());
    let proof = sbc.raw.wait(Duration::from_secs(1), is_proof);
    assert!(proof.is_none(), "{proof:?}");

    // At the BYE of an answered call (the digest leak of VoIP gateways).
    let made = tenant.api.post("/api/v1/sandbox/calls", &called).expect(201).body;
    let invite = sbc.raw.wait(PATIENCE, is("INVITE")).expect("an INVITE");
    sbc.raw.send(answer(&sbc, &invite, 200).body(Some("application/sdp"), SDP.as_bytes()).finish());
    assert!(sbc.raw.wait(PATIENCE, is("ACK")).is_some());
    let id = made["callId"].as_str().expect("an id");
    assert!(tenant.api.delete(&format!("/api/v1/calls/{id}")).status < 300);
    let bye = sbc.raw.wait(PATIENCE, is("BYE")).expect("a BYE");
    assert!(!is_proof(&bye));
    for (status, header) in [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")] {
        sbc.raw.send(answer(&sbc, &bye, status).header(header, CHALLENGE).finish());
        let proof = sbc.raw.wait(Duration::from_millis(700), is_proof);
        assert!(proof.is_none(), "{proof:?}");
    }
}

#[test]
fn headers_that_a_user_smuggles_in_do_not_reach_the_callee() {
    let server = attacked(Ipv4Addr::new(127, 29, 13, 1));
    let mut tenant = Tenant::on(&server, "Smuggling");
    let (_phone, account) = tenant.phone("anna", "127.29.14.1");
    let sbc = Sbc::of(&tenant, "sbc.smuggling.test", "127.29.14.2");
    tenant.bind("trunk", &sbc.fqdn);
    let caller = Raw::at("127.29.14.3", server.sip());
    let uri = format!("sip:{}@{}", tenant.number, account.domain);
    let smuggled = "P-Asserted-Identity : <sip:+15550000001@evil.test>\r\n\
        p-asserted-identity:\r\n <tel:+15550000002>\r\nX-Bypass : yes\r\nRemote-Party-ID: <sip:+15550000003@evil.test>\r\n\
        Identity: eyJhbGciOiJFUzI1NiJ9.e30.AAAA;info=<https://evil.test/c.pem>\r\nRecord-Route: <sip:127.29.14.3;lr>\r\n\
        Path : <sip:127.29.14.3;lr>\r\nP-Charge-Info : <sip:evil.test>\r\n";
    let challenged = caller.ask(&caller.request("INVITE", &uri, smuggled)).expect("a challenge");
    assert_eq!(challenged.status(), Some(407));
    let ack = caller.request("ACK", &uri, "");
    caller.send(ack);
    let proof = authorize(&challenged, &account.username, &account.password, "INVITE", &uri);
    let body = SDP.replace("127.29.12.2", "127.29.14.3");
    let with_sdp = format!("{proof}{smuggled}Content-Type: application/sdp\r\n");
    let request = caller
        .request("INVITE", &uri, &with_sdp)
        .replace("Content-Length: 0\r\n\r\n", &format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    caller.send(request);
    let invite = sbc.raw.wait(PATIENCE, is("INVITE")).expect("the call comes to the SBC");
    let text = String::from_utf8_lossy(invite.bytes()).into_owned();
    for forged in
        ["+15550000001", "+15550000002", "+15550000003", "evil.test", "127.29.14.3", "P-Charge-Info"]
    {
        assert!(!text.contains(forged), "{forged} reached the callee:\n{text}");
    }
    assert!(!text.contains("X-Bypass :"), "a name is written as a name:\n{text}");
    sbc.raw.send(answer(&sbc, &invite, 486).finish());
}
