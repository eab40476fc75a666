//! Calls from carriers whose Identity header is verified, with certificates fetched over true https.

use crate::house::{House, hop, operator, start_with};
use chrono::Utc;
use dialtone_app::{Error, Password, calls, carriers, stir};
use domain::{
    access::Actor,
    config::{CarrierHost, CarrierPrefix, Transport},
    ids::{CallId, CarrierId},
    stir::{Attestation, Handling, Passport, Reason, Verification, Verstat},
};
use edge::seam::{CallFacts, Party, PartyKind, Verdict};
use std::time::Duration;
use testkit::{
    database::TestDb,
    stir::{CallSigner, CertificateServer, Flaw, SignerAuthority},
};
use uuid::Uuid;

const CALLER: &str = "+12155551212";

struct Scene {
    house: House,
    carrier: CarrierId,
    server: CertificateServer,
    authority: SignerAuthority,
}

impl Scene {
    async fn new(test: &TestDb, ip: &str) -> Self {
        let server = CertificateServer::start(ip);
        let dns = vendors::Dns::new(&["127.0.0.1:9".parse().unwrap()]).unwrap();
        let https = vendors::Https::new(dns, server.authority.as_bytes(), true).unwrap();
        let app = start_with(test, https).await;
        let house = House::new(&app, "acme").await;
        let hosts = vec![CarrierHost { address: "192.0.2.7".into(), port: 5060, transport: Transport::Udp }];
        let prefix = CarrierPrefix { prefix: "46".into(), cost_per_minute_micros: 0, windows: Vec::new() };
        let plain = carriers::plain("up", hosts, vec![prefix]);
        let made = carriers::create(&app, &operator(), plain, Password::Keep, true).await;
        let carrier = made.unwrap().carrier.id;
        let authority = SignerAuthority::new();
        stir::add_roots(&app, &operator(), &authority.pem).await.unwrap();
        Self { house, carrier, server, authority }
    }

    fn passport(&self) -> Passport {
        Passport {
            orig: CALLER.trim_start_matches('+').into(),
            dest: vec![self.house.number.digits()],
            issued_at: Utc::now().timestamp(),
            attest: Attestation::Full,
            origin_id: Uuid::new_v4().to_string(),
        }
    }

    fn facts(&self, identities: Vec<String>) -> CallFacts {
        CallFacts {
            party: Party {
                kind: PartyKind::Carrier,
                tenant: None,
                id: self.carrier.0.as_u128(),
                name: "up".into(),
            },
            source: hop("192.0.2.7:5060"),
            from: Some(CALLER.to_owned()),
            asserted: None,
            identities,
            ..self.house.dials(&self.house.number.to_string())
        }
    }

    /// Has the app decide a call, and reads what was kept of its signature.
    async fn call(&self, identities: Vec<String>) -> (Verdict, Option<Verification>) {
        let facts = self.facts(identities);
        let id = CallId(Uuid::from_u128(facts.call));
        let verdict = self.house.decides(facts).await;
        // The record of a refused call is written after the refusal.
        let record = async {
            loop {
                match calls::get(&self.house.app, &self.house.actor, id).await {
                    Ok(record) => return record,
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let record = tokio::time::timeout(Duration::from_secs(10), record).await.expect("it is recorded");
        (verdict, record.decision.and_then(|decision| decision.identity))
    }

    async fn signed(&self, signer: &CallSigner, passport: &Passport, x5u: &str) -> Verification {
        self.call(vec![signer.identity(passport, x5u)]).await.1.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_holds_is_believed_and_its_certificate_fetched_once() {
    let test = TestDb::sqlite().await.unwrap();
    let scene = Scene::new(&test, "127.0.77.1").await;
    let signer = scene.authority.signer("1234", Flaw::None);
    let x5u = scene.server.put("good", 200, signer.chain.clone());
    for _ in 0..3 {
        let passport = scene.passport();
        let found = scene.signed(&signer, &passport, &x5u).await;
        assert_eq!(found, Verification::passed(&passport, "1234", &x5u));
    }
    assert_eq!(scene.server.asked(), 1);
    let (_, unsigned) = scene.call(Vec::new()).await;
    assert_eq!(unsigned, None);
    assert_eq!(stir::verified(&scene.house.app), stir::Verified { passed: 3, failed: 0, not_validated: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_told_apart() {
    let test = TestDb::sqlite().await.unwrap();
    let scene = Scene::new(&test, "127.0.77.2").await;
    let signer = scene.authority.signer("1234", Flaw::None);
    let x5u = scene.server.put("good", 200, signer.chain.clone());
    let other = |change: fn(&mut Passport)| {
        let mut passport = scene.passport();
        change(&mut passport);
        passport
    };
    for (passport, reason) in [
        (other(|passport| passport.issued_at -= 120), Reason::Stale),
        (other(|passport| passport.orig = "12155550000".into()), Reason::OtherCall),
        (other(|passport| passport.dest = vec!["12155550000".into()]), Reason::OtherCall),
    ] {
        assert_eq!(scene.signed(&signer, &passport, &x5u).await.reason, Some(reason));
    }
    assert_eq!(scene.server.asked(), 0, "a token about another call fetches nothing");

    let stranger = SignerAuthority::new().signer("1234", Flaw::None);
    let put = |name: &str, signer: &CallSigner| scene.server.put(name, 200, signer.chain.clone());
    let forged = scene.signed(&stranger, &scene.passport(), &x5u).await;
    assert_eq!((forged.reason, forged.verstat), (Some(Reason::BadSignature), Verstat::Failed));
    let foreign = scene.signed(&stranger, &scene.passport(), &put("foreign", &stranger)).await;
    assert_eq!(foreign.reason, Some(Reason::UntrustedCertificate));
    for (flaw, text) in
        [(Flaw::NoProvider, "TNAuthList"), (Flaw::Expired, "expired"), (Flaw::NotYetValid, "not valid yet")]
    {
        let flawed = scene.authority.signer("1234", flaw);
        let found = scene.signed(&flawed, &scene.passport(), &put(&text.replace(' ', "-"), &flawed)).await;
        assert_eq!(found.reason, Some(Reason::UntrustedCertificate), "{}", found.text);
        assert!(found.text.contains(text), "{}", found.text);
    }
    let curve = scene.authority.signer("1234", Flaw::OtherCurve);
    let found = scene.signed(&signer, &scene.passport(), &put("curve", &curve)).await;
    assert!(found.text.contains("P-256"), "{}", found.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_cannot_be_had_validates_nothing() {
    let test = TestDb::sqlite().await.unwrap();
    let scene = Scene::new(&test, "127.0.77.3").await;
    let signer = scene.authority.signer("1234", Flaw::None);
    scene.server.put("good", 200, signer.chain.clone());
    let gone = scene.server.put("gone", 410, "");
    let moved = scene.server.put("moved", 302, "");
    let large = scene.server.put("large", 200, vec![b'x'; 64 * 1024]);
    for (x5u, text) in [
        (gone.as_str(), "answered 410"),
        (moved.as_str(), "answered 302"),
        (large.as_str(), "larger than"),
        ("https://127.0.77.3:1/refused", "refused"),
        ("http://127.0.77.3/plain", "not https"),
    ] {
        let found = scene.signed(&signer, &scene.passport(), x5u).await;
        assert_eq!((found.reason, found.verstat), (Some(Reason::NoCertificate), Verstat::NotValidated));
        assert!(found.text.contains(text), "{}", found.text);
    }
    let asked = scene.server.asked();
    let _ = scene.signed(&signer, &scene.passport(), &gone).await;
    assert_eq!(scene.server.asked(), asked, "a failure is believed for a while");
    let none = scene.call(vec!["nonsense".to_owned()]).await.1.unwrap();
    assert_eq!((none.reason, none.verstat), (Some(Reason::Malformed), Verstat::Failed));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_refuses_is_refused_with_the_status_that_fits() {
    let test = TestDb::sqlite().await.unwrap();
    let scene = Scene::new(&test, "127.0.77.4").await;
    let app = &scene.house.app;
    stir::change(app, &operator(), Handling::Refuse, Handling::Mark).await.unwrap();
    let signer = scene.authority.signer("1234", Flaw::None);
    let x5u = scene.server.put("good", 200, signer.chain.clone());
    let stranger = SignerAuthority::new().signer("1234", Flaw::None);
    let status = |verdict: &Verdict| match verdict {
        Verdict::Refuse(refusal) | Verdict::Announce(refusal, _) => {
            Some((refusal.status, refusal.cause.to_string()))
        }
        Verdict::Connect(_) => None,
    };
    let not_verified = |status| Some((status, "caller-not-verified".to_owned()));
    let (forged, _) = scene.call(vec![stranger.identity(&scene.passport(), &x5u)]).await;
    assert_eq!(status(&forged), not_verified(438));
    let (good, _) = scene.call(vec![signer.identity(&scene.passport(), &x5u)]).await;
    assert_ne!(status(&good), not_verified(438));
    stir::change(app, &operator(), Handling::Refuse, Handling::Refuse).await.unwrap();
    assert_eq!(status(&scene.call(Vec::new()).await.0), not_verified(428));

    let view = stir::get(app, &operator()).await.unwrap();
    let stranger = Actor { role: domain::access::Role::Owner, ..operator() };
    assert!(matches!(stir::get(app, &stranger).await, Err(Error::Denied { .. })));
    stir::remove_root(app, &operator(), &view.roots[0].fingerprint).await.unwrap();
    let (verdict, kept) = scene.call(vec!["nonsense".to_owned()]).await;
    assert_ne!(status(&verdict), not_verified(438));
    assert_eq!(kept, None, "without a root nothing is looked at");
    let refused = stir::change(app, &operator(), Handling::Refuse, Handling::Mark).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_of_authorities_become_roots() {
    let test = TestDb::sqlite().await.unwrap();
    let scene = Scene::new(&test, "127.0.77.5").await;
    let app = &scene.house.app;
    let leaf = scene.authority.signer("1", Flaw::None).chain;
    for pem in
        ["", "nonsense", leaf.as_str(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        assert!(matches!(stir::add_roots(app, &operator(), pem).await, Err(Error::Invalid { .. })), "{pem}");
    }
    let both = format!("{}{}", scene.authority.pem, SignerAuthority::new().pem);
    assert_eq!(stir::add_roots(app, &operator(), &both).await.unwrap().roots.len(), 2);
    assert!(matches!(stir::remove_root(app, &operator(), "00").await, Err(Error::NotFound { .. })));
}
