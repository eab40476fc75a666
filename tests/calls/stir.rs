//! Calls to a carrier carry the operator's signature, and the signatures of calls from carriers are verified.

use crate::{BINARY, Tenant, attack::tools::Raw, dial};
use domain::stir::{Attestation, Passport, Token};
use serde_json::json;
use sip::{
    Transport,
    header::Identity,
    transaction::{Peer, reply},
};
use std::{net::Ipv4Addr, time::Duration};
use testkit::{
    phone::{Answering, Dial, Phone, Sound},
    server::{Options, Server},
    stir::{CertificateServer, Flaw, SignerAuthority},
};

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

/// A carrier whose calls are signed, and the SBC of a tenant whose number they ask for.
struct Inbound {
    server: Server,
    tenant: Tenant,
    carrier: Phone,
    sbc: Phone,
    certificates: CertificateServer,
    authority: SignerAuthority,
}

const CALLER: &str = "+12155551212";
const CARRIER: &str = "127.29.21.1";

impl Inbound {
    fn new() -> Self {
        let certificates = CertificateServer::start("127.29.21.3");
        let file = std::env::temp_dir().join(format!("dialtone-fetch-{}.pem", std::process::id()));
        std::fs::write(&file, &certificates.authority).expect("an authority");
        let server = Server::start_with(Options {
            binary: BINARY.into(),
            address: Ipv4Addr::new(127, 29, 20, 1),
            settings: vec![
                ("DIALTONE_STIR__FETCH_CA".into(), file.display().to_string()),
                ("DIALTONE_STIR__FETCH_PRIVATE".into(), "true".into()),
                ("DIALTONE_SANDBOX".into(), "on".into()),
            ],
        });
        std::fs::remove_file(&file).expect("it was read");
        let made = json!({"name": "signs", "hosts": [{"address": CARRIER}], "prefixes": [{"prefix": "46"}]});
        let operator = server.operator();
        let _ = operator.post("/api/v1/operator/carriers", &made).expect(201);
        let tenant = Tenant::on(&server, "Verified");
        let sbc = tenant.trunk("sbc.verified.test", "127.29.21.2");
        sbc.answering(Answering::Answer { ring: Duration::ZERO, sound: Sound::Nothing }).expect("a phone");
        tenant.bind("trunk", "sbc.verified.test");
        let authority = SignerAuthority::new();
        let roots = json!({ "certificates": authority.pem });
        let stir = operator.post("/api/v1/operator/stir/roots", &roots).expect(201).body;
        assert_eq!((stir["verifies"].as_bool(), stir["failed"].as_str()), (Some(true), Some("mark")));
        let carrier = Phone::bind(&format!("{CARRIER}:5060")).expect("a carrier");
        Self { server, tenant, carrier, sbc, certificates, authority }
    }

    fn passport(&self) -> Passport {
        Passport {
            orig: CALLER.trim_start_matches('+').into(),
            dest: vec![self.tenant.number.trim_start_matches('+').into()],
            issued_at: chrono::Utc::now().timestamp(),
            attest: Attestation::Partial,
            origin_id: "123e4567-e89b-12d3-a456-426655440000".into(),
        }
    }

    fn dial(&self, identity: Option<&str>) -> Dial {
        let host = self.server.sip().ip();
        let to = format!("sip:{}@{host}", self.tenant.number);
        let dial = Dial::new(self.server.sip(), &to, &format!("sip:{CALLER}@{CARRIER}"));
        match identity {
            Some(identity) => dial.with_header("Identity", identity),
            None => dial,
        }
    }

    /// Calls, and says what the SBC was told and what the record says.
    fn is_called(&self, identity: Option<&str>) -> (String, serde_json::Value) {
        let call = self.carrier.call(&self.dial(identity)).expect("a call");
        let heard = self.sbc.wait_incoming(PATIENCE).expect("the SBC is called");
        call.wait_answered().expect("an answer");
        let invite = heard.invite().expect("an INVITE");
        assert!(invite.extension("Identity").is_none(), "a signature is for us alone");
        let asserted = invite.extension("P-Asserted-Identity").expect("it is asserted").to_owned();
        let _ = call.bye().expect("it ends");
        (asserted, self.newest())
    }

    fn newest(&self) -> serde_json::Value {
        let is_over = |list: &serde_json::Value| list["value"][0]["state"] == "ended";
        let list = self.tenant.api.wait("/api/v1/calls", PATIENCE, is_over);
        let id = list["value"][0]["id"].as_str().expect("an id").to_owned();
        self.tenant.api.get(&format!("/api/v1/calls/{id}")).expect(200).body
    }
}

#[test]
fn a_signed_call_is_verified_told_to_the_callee_and_recorded_and_a_forged_one_refused_where_that_is_set() {
    let scene = Inbound::new();
    let signer = scene.authority.signer("709J", Flaw::None);
    let forger = SignerAuthority::new().signer("709J", Flaw::None);
    let x5u = scene.certificates.put("shaken.pem", 200, signer.chain.clone());
    let host = scene.server.sip().ip();

    let (asserted, record) = scene.is_called(Some(&signer.identity(&scene.passport(), &x5u)));
    assert_eq!(asserted, format!("<sip:{CALLER};verstat=TN-Validation-Passed@{host};user=phone>"));
    let identity = &record["decision"]["identity"];
    assert_eq!(identity["verstat"], "TN-Validation-Passed", "{record}");
    assert_eq!((identity["attest"].as_str(), identity["signer"].as_str()), (Some("B"), Some("709J")));

    let forged = forger.identity(&scene.passport(), &x5u);
    let (asserted, record) = scene.is_called(Some(&forged));
    assert!(asserted.contains(";verstat=TN-Validation-Failed@"), "{asserted}");
    assert_eq!(record["decision"]["identity"]["reason"], "bad-signature", "{record}");
    let (asserted, record) = scene.is_called(None);
    assert!(asserted.contains(";verstat=No-TN-Validation@"), "{asserted}");
    assert!(record["decision"].get("identity").is_none(), "{record}");
    assert_eq!(scene.certificates.asked(), 1, "one certificate, fetched once");

    let trunk = json!({"signaling": {"headers": {"verstat": "drop"}}});
    let _ = scene.tenant.api.patch("/api/v1/trunks/sbc.verified.test", &trunk).expect(200);
    let (asserted, _) = scene.is_called(Some(&signer.identity(&scene.passport(), &x5u)));
    assert!(!asserted.contains("verstat"), "{asserted}");

    let strict = json!({"unverified": {"failed": "unwanted"}});
    let _ = scene.tenant.api.patch("/api/v1/protection", &strict).expect(200);
    let refused = |identity: Option<&str>| {
        let call = scene.carrier.call(&scene.dial(identity)).expect("a call");
        call.wait_failed(PATIENCE).expect("it is refused").0
    };
    let forged = forger.identity(&scene.passport(), &x5u);
    assert_eq!(refused(Some(&forged)), 607);
    let operator = scene.server.operator();
    let refuse = json!({"failed": "refuse", "missing": "refuse"});
    let _ = operator.patch("/api/v1/operator/stir", &refuse).expect(200);
    assert_eq!(refused(Some(&forged)), 438);
    assert_eq!(scene.newest()["outcome"]["cause"], "caller-not-verified");
    assert_eq!(refused(None), 428);
    let stale = Passport { issued_at: scene.passport().issued_at - 120, ..scene.passport() };
    assert_eq!(refused(Some(&signer.identity(&stale, &x5u))), 403);
    let (_, record) = scene.is_called(Some(&signer.identity(&scene.passport(), &x5u)));
    assert_eq!(record["outcome"]["cause"], "normal-clearing", "{record}");
}
