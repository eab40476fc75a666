//! An emergency call says where its caller is, to a carrier that is set to want it.

use crate::{BINARY, Tenant, attack::tools::Raw, dial};
use serde_json::json;
use sip::{
    Transport,
    transaction::{Peer, reply},
};
use std::{net::Ipv4Addr, time::Duration};
use testkit::server::{Options, Server};

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn an_emergency_call_carries_the_registered_address_and_the_number_to_call_back() {
    let server = Server::start_with(Options {
        binary: BINARY.into(),
        address: Ipv4Addr::new(127, 29, 22, 1),
        settings: vec![("DIALTONE_SANDBOX".into(), "on".into())],
    });
    let operator = server.operator();
    let carrier = Raw::bound("127.29.23.1:5060", server.sip());
    let made = json!({"name": "rescue", "hosts": [{"address": "127.29.23.1"}], "prefixes": [{"prefix": "46"}],
        "signaling": {"options": {"enabled": false}, "emergencyLocation": true}});
    let id = operator.post("/api/v1/operator/carriers", &made).expect(201).body["id"].clone();
    let us = json!({"numbers": ["911"], "route": {"kind": "carrier", "carrier": id}});
    let _ = operator.patch("/api/v1/operator/emergency/US", &us).expect(200);
    let mut tenant = Tenant::on(&server, "Located");
    let back = tenant.api.buy("US", "geographic");
    let path = format!("/api/v1/emergency/addresses/%2B{}", &tenant.number[1..]);
    let mut address = json!({"country": "US", "lines": ["1 Main Street", "Floor 2"], "locality": "Seattle",
        "region": "WA", "postalCode": "98101", "callBack": "+12065550199"});
    let refused = tenant.api.send("PUT", &path, Some(&address)).expect(400);
    assert_eq!(refused.body["error"]["target"], "callBack", "a number of somebody else: {}", refused.text);
    address["callBack"] = json!(back);
    let _ = tenant.api.send("PUT", &path, Some(&address)).expect(200);

    let (phone, account) = tenant.phone("anna", "127.29.23.2");
    let call = phone.call(&dial(&account, &tenant.number, "911")).expect("a call");
    let invite = carrier
        .wait(PATIENCE, |message| message.is_request() && message.method().as_str() == "INVITE")
        .expect("the carrier is called");
    let asserted = invite.extension("P-Asserted-Identity").expect("it is asserted");
    assert!(asserted.contains(&back), "{asserted}");
    let cid = invite.extension("Geolocation").expect("where the caller is").to_owned();
    let cid = cid.strip_prefix("<cid:").and_then(|cid| cid.strip_suffix('>')).expect("a part of the body");
    let content_type = invite.extension("Content-Type").expect("a body").to_owned();
    let boundary = content_type.split("boundary=").nth(1).expect("a boundary").trim_matches('"').to_owned();
    assert!(content_type.starts_with("multipart/mixed;"), "{content_type}");
    let body = String::from_utf8(invite.body().to_vec()).expect("text");
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[3].trim()), (4, "--"), "{body}");
    assert!(parts[1].contains("Content-Type: application/sdp\r\n\r\nv=0\r\n"), "{body}");
    assert!(parts[2].contains(&format!("Content-ID: <{cid}>\r\n")), "{body}");
    assert!(parts[2].contains("Content-Type: application/pidf+xml\r\n"), "{body}");
    assert!(parts[2].contains("<ca:A3>Seattle</ca:A3><ca:RD>1 Main Street</ca:RD><ca:LOC>Floor 2</ca:LOC>"));
    let edge = Peer::new(carrier.edge, Transport::Udp);
    carrier.send(reply(&invite, &edge, 486, "", "callee").finish());
    assert_eq!(call.wait_failed(PATIENCE).expect("busy").0, 486);

    // An ordinary call says nothing of it.
    let call = phone.call(&dial(&account, &tenant.number, "+4684650099")).expect("a call");
    let invite = carrier
        .wait(PATIENCE, |message| {
            message.is_request()
                && message.method().as_str() == "INVITE"
                && message.request_uri().is_some_and(|uri| uri.contains("4684650099"))
        })
        .expect("the carrier is called");
    assert!(invite.extension("Geolocation").is_none());
    assert_eq!(invite.extension("Content-Type"), Some("application/sdp"));
    carrier.send(reply(&invite, &edge, 486, "", "callee").finish());
    let _ = call.wait_failed(PATIENCE).expect("busy");
}
