//! A carrier and a tenant's PBX that challenge us: INVITE, OPTIONS and REGISTER are proven with what the operator and the
//! tenant set, towards the realm that owns it and nobody else.

use crate::{BINARY, Tenant, attack::tools::Raw, dial};
use serde_json::json;
use sip::{
    Transport,
    digest::{Algorithm, Credentials, ha1, verify},
    transaction::{Peer, reply},
    wire::{HeaderName, Message},
};
use std::{net::Ipv4Addr, time::Duration};
use testkit::server::{Options, Server};

const PATIENCE: Duration = Duration::from_secs(15);
const REALM: &str = "carrier.example";

/// How a request was proven.
#[derive(Debug, PartialEq, Eq)]
enum Proof {
    None,
    Good,
    Bad,
}

/// A peer by hand that challenges what comes.
struct Challenger {
    raw: Raw,
    /// 401 or 407.
    status: u16,
    user: &'static str,
    password: &'static str,
}

impl Challenger {
    fn challenge(&self, request: &Message, realm: &str) {
        let asks = if self.status == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
        let edge = Peer::new(self.raw.edge, Transport::Udp);
        let value = format!("Digest realm=\"{realm}\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"");
        let answer = reply(request, &edge, self.status, "", "challenger");
        self.raw.send(answer.header(asks, &value).finish());
    }

    fn answer(&self, request: &Message, status: u16) {
        let edge = Peer::new(self.raw.edge, Transport::Udp);
        self.raw.send(reply(request, &edge, status, "", "challenger").finish());
    }

    fn proof(&self, request: &Message) -> Proof {
        let name =
            if self.status == 401 { HeaderName::Authorization } else { HeaderName::ProxyAuthorization };
        let Some(line) = request.header(name) else { return Proof::None };
        let Ok(given) = Credentials::parse(line) else { return Proof::Bad };
        let secret = ha1(Algorithm::Sha256, self.user, &given.realm, self.password);
        let is_good =
            given.username == self.user && verify(&given, &secret, &request.method(), &request.body());
        if is_good { Proof::Good } else { Proof::Bad }
    }

    /// The next request of a method that differs from those before by its branch.
    fn next(&self, method: &str, seen: &mut Vec<String>) -> Message {
        let branch = |message: &Message| {
            message.top_via().ok().and_then(|via| via.branch.map(str::to_owned)).unwrap_or_default()
        };
        let is_new = |message: &Message| {
            message.is_request() && message.method().as_str() == method && !seen.contains(&branch(message))
        };
        let found = self.raw.wait(PATIENCE, is_new);
        let found = found.unwrap_or_else(|| panic!("no {method} came"));
        seen.push(branch(&found));
        found
    }

    /// A request of this method is proven once it is challenged for our realm, and never for another.
    fn is_answered(&self, method: &str) {
        let mut seen = Vec::new();
        let first = self.next(method, &mut seen);
        assert_eq!(self.proof(&first), Proof::None, "nothing is proven to whoever did not ask");
        self.challenge(&first, REALM);
        let second = self.next(method, &mut seen);
        assert_eq!(self.proof(&second), Proof::Good, "{method}");
        self.answer(&second, if method == "INVITE" { 486 } else { 200 });
    }
}

fn server(address: Ipv4Addr) -> Server {
    Server::start_with(Options {
        binary: BINARY.into(),
        address,
        settings: vec![
            ("DIALTONE_SANDBOX".into(), "on".into()),
            ("DIALTONE_SIP__OPTIONS_INTERVAL_SECONDS".into(), "2".into()),
        ],
    })
}

#[test]
fn a_carrier_that_challenges_gets_the_operators_credentials_for_its_realm_alone() {
    let server = server(Ipv4Addr::new(127, 29, 17, 1));
    let carrier = Challenger {
        raw: Raw::bound("127.29.18.1:5060", server.sip()),
        status: 407,
        user: "dialtone",
        password: "s3cret-of-carrier",
    };
    let made = json!({"name": "challenger", "hosts": [{"address": "127.29.18.1"}], "prefixes": [{"prefix": "46"}],
        "signaling": {"options": {"enabled": false}},
        "credentials": {"username": carrier.user, "realm": REALM, "password": carrier.password}});
    let id = server.operator().post("/api/v1/operator/carriers", &made).expect(201).body["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut tenant = Tenant::on(&server, "Challenged");
    let (phone, account) = tenant.phone("anna", "127.29.18.2");
    let call = phone.call(&dial(&account, &tenant.number, "+4684650099")).expect("a call");
    carrier.is_answered("INVITE");
    assert_eq!(call.wait_failed(PATIENCE).expect("busy").0, 486);

    // A challenge of another realm is nobody's business.
    let call = phone.call(&dial(&account, &tenant.number, "+4684650098")).expect("a call");
    let mut seen = Vec::new();
    let invite = loop {
        let invite = carrier.next("INVITE", &mut seen);
        if invite.request_uri().is_some_and(|uri| uri.contains("4684650098")) {
            break invite;
        }
    };
    carrier.challenge(&invite, "elsewhere.example");
    let refused = call.wait_failed(PATIENCE).expect("refused").0;
    assert!(refused == 403 || refused == 407, "{refused}");
    let proven = carrier.raw.wait(Duration::from_millis(700), |message| {
        message.is_request() && carrier.proof(message) != Proof::None
    });
    assert!(proven.is_none(), "our password went to another realm");

    let options = json!({"signaling": {"options": {"enabled": true}}});
    let path = format!("/api/v1/operator/carriers/{id}");
    let _ = server.operator().patch(&path, &options).expect(200);
    carrier.is_answered("OPTIONS");
    let registration = json!({"registrar": "127.29.18.1", "port": 5060, "transport": "udp", "domain": REALM,
        "username": carrier.user, "password": carrier.password});
    let _ = server.operator().send("PUT", &format!("{path}/registration"), Some(&registration)).expect(200);
    carrier.is_answered("REGISTER");
}

#[test]
fn a_tenants_pbx_that_challenges_gets_the_tenants_credentials() {
    let server = server(Ipv4Addr::new(127, 29, 17, 2));
    let mut tenant = Tenant::on(&server, "Challenged PBX");
    let pbx = Challenger {
        raw: Raw::bound("127.29.19.1:5060", server.sip()),
        status: 401,
        user: "trunk",
        password: "s3cret-of-tenant",
    };
    let made = json!({"trunks": {"pbx.challenged.test": {"sipSignalingPort": 5060}}});
    let _ = tenant.api.patch("/sip?api-version=2023-03-01", &made).expect(200);
    let set = json!({"transport": "udp", "addresses": ["127.29.19.1"], "media": {"srtp": "off"},
        "signaling": {"options": {"enabled": false}},
        "credentials": {"username": pbx.user, "realm": REALM, "password": pbx.password}});
    let _ = tenant.api.patch("/api/v1/trunks/pbx.challenged.test", &set).expect(200);
    tenant.route("^\\+46", "pbx.challenged.test");
    let (phone, account) = tenant.phone("anna", "127.29.19.2");
    let call = phone.call(&dial(&account, &tenant.number, "+4684650097")).expect("a call");
    pbx.is_answered("INVITE");
    assert_eq!(call.wait_failed(PATIENCE).expect("busy").0, 486);
    let options = json!({"signaling": {"options": {"enabled": true}}});
    let _ = tenant.api.patch("/api/v1/trunks/pbx.challenged.test", &options).expect(200);
    pbx.is_answered("OPTIONS");
}
