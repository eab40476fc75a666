//! Calls to a carrier carry the operator's signature.

use crate::{BINARY, Tenant, attack::tools::Raw, dial};
use domain::stir::{Attestation, Token};
use serde_json::json;
use sip::{
    Transport,
    header::Identity,
    transaction::{Peer, reply},
};
use std::{net::Ipv4Addr, time::Duration};
use testkit::server::{Options, Server};

/// A key of this test and of nobody else.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgssbCAm+vbLxGWu5Apg+u4l5bYETkOFGa3KXOheF2H/+hRANCAARm5MDYz6rdj2uagozfrytJkfrEiGaJJIqLhKmyzE1ZDKmqacWGAQcdlWSaHfospnKYi8q1HOYN7d3MWOjUk0AM\n-----END PRIVATE KEY-----\n";
const URL: &str = "https://cert.operator.test/stir.pem";
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_call_to_a_carrier_is_signed_with_what_is_known_of_its_caller() {
    let key = std::env::temp_dir().join(format!("dialtone-stir-{}.pem", std::process::id()));
    std::fs::write(&key, KEY).expect("a key");
    let server = Server::start_with(Options {
        binary: BINARY.into(),
        address: Ipv4Addr::new(127, 29, 15, 1),
        settings: vec![
            ("DIALTONE_STIR__KEY".into(), key.display().to_string()),
            ("DIALTONE_STIR__CERT_URL".into(), URL.into()),
            ("DIALTONE_SANDBOX".into(), "on".into()),
        ],
    });
    std::fs::remove_file(&key).expect("it was read");
    let carrier = Raw::bound("127.29.16.1:5060", server.sip());
    let made = json!({"name": "signed", "hosts": [{"address": "127.29.16.1", "port": 5060, "transport": "udp"}],
        "callerId": "any", "limits": {"callsPerSecond": 10, "maxCalls": 10}, "prefixes": [{"prefix": "46"}]});
    let _ = server.operator().post("/api/v1/operator/carriers", &made).expect(201);
    let mut tenant = Tenant::on(&server, "Signed");
    let (phone, account) = tenant.phone("anna", "127.29.16.2");
    let call = phone.call(&dial(&account, &tenant.number, "+4684650099")).expect("a call");
    let invite = carrier
        .wait(PATIENCE, |message| message.is_request() && message.method().as_str() == "INVITE")
        .expect("the carrier is called");
    let value = invite.extension("Identity").expect("it is signed");
    let identity = Identity::parse(value).expect("an Identity header");
    assert_eq!((identity.info, identity.alg, identity.ppt), (Some(URL), Some("ES256"), Some("shaken")));
    let token = Token::read(identity.token).expect("a token");
    assert_eq!(token.passport.attest, Attestation::Full, "the tenant owns the number that it shows");
    let now = chrono::Utc::now().timestamp();
    assert_eq!(token.passport.check(Some(&tenant.number), "+4684650099", now), Ok(()));
    let edge = Peer::new(carrier.edge, Transport::Udp);
    carrier.send(reply(&invite, &edge, 486, "", "callee").finish());
    assert_eq!(call.wait_failed(PATIENCE).expect("busy").0, 486);
}
