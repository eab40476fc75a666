//! A peer that promises to refresh its session and never does: the shortest timer of RFC 4028 is 90 s, which is too long for
//! the suite. The rules themselves are tested on the virtual clock.

use crate::peers::{Peer, start_sipp};
use serde_json::json;
use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use testkit::{
    phone::{Account, Dial, Phone},
    server::{Options, Server},
};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 24, 13, 1);
const SBC: &str = "127.24.13.2";
const FQDN: &str = "sbc.expiry.test";
/// The interval that the peer promises, and when we give it up: 32 s before its end (RFC 4028 §10).
const INTERVAL: Duration = Duration::from_secs(90);
const GIVEN_UP: Duration = Duration::from_secs(57);

/// Calls SIPp, which stops refreshing, and waits for the end of the call on both sides.
pub(crate) fn run(binary: &str) {
    let settings = vec![("DIALTONE_SANDBOX".to_owned(), "on".to_owned())];
    let server = Server::start_with(Options { binary: binary.into(), address: ADDRESS, settings });
    let tenant = server.tenant("Expiry");
    let number = tenant.buy("US", "geographic");
    let sip = "/sip?api-version=2023-03-01";
    let _ = tenant.patch(sip, &json!({"trunks": {FQDN: {"sipSignalingPort": 5060}}})).expect(200);
    let known = json!({"transport": "udp", "addresses": [SBC], "media": {"srtp": "off"}});
    let _ = tenant.patch(&format!("/api/v1/trunks/{FQDN}"), &known).expect(200);
    let route = json!({"routes": [{"name": "all", "numberPattern": ".*", "trunks": [FQDN]}]});
    let _ = tenant.patch(sip, &route).expect(200);
    let user = tenant.post("/api/v1/sipUsers", &json!({"username": "anna"})).expect(201).body;
    let text = |key: &str| user[key].as_str().expect("a text").to_owned();
    let account = Account {
        edge: server.sip(),
        domain: text("domain"),
        username: text("username"),
        password: text("password"),
    };
    let scenario = format!("{}/tests/calls/sipp/stops.xml", env!("CARGO_MANIFEST_DIR"));
    let mut sipp: Peer = start_sipp(&[
        "-sf",
        &scenario,
        "-i",
        SBC,
        "-p",
        "5060",
        "-mi",
        SBC,
        "-m",
        "1",
        "-timeout",
        "150",
        "-timeout_error",
    ]);
    let phone = Phone::bind("127.24.13.3:5060").expect("a phone");
    let dial = Dial {
        edge: account.edge,
        to: format!("sip:+4684650040@{}", account.domain),
        from: format!("sip:{number}@{}", account.domain),
        credentials: Some((account.username.clone(), account.password.clone())),
        headers: Vec::new(),
        offer: true,
    };
    let call = phone.call(&dial).expect("a call");
    call.wait_answered().expect("SIPp answers");
    let answered = Instant::now();
    println!("\nanswered with Session-Expires: 90;refresher=uas; SIPp sends nothing more");
    call.wait_ended(INTERVAL + Duration::from_secs(10)).expect("the call ends by itself");
    let lasted = answered.elapsed();
    println!("the caller heard the end after {:.1} s", lasted.as_secs_f64());
    assert!((GIVEN_UP..=INTERVAL).contains(&lasted), "32 s before the end of the interval, or at its end");
    let status = sipp.0.wait().expect("SIPp ends");
    assert!(status.success(), "SIPp got its BYE");
    let is_over = |list: &serde_json::Value| list["value"][0]["state"] == "ended";
    let list = tenant.wait("/api/v1/calls", Duration::from_secs(10), is_over);
    let id = list["value"][0]["id"].as_str().expect("an id");
    let record = tenant.get(&format!("/api/v1/calls/{id}")).expect(200).body;
    println!("recorded as {}", record["outcome"]);
    assert_eq!(record["outcome"]["cause"], "session-expired");
}
