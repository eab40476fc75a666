//! Trunks, routes, domains.

use crate::house::{Wish, start, tenant, try_start};
use dialtone_app::{
    App, Error, Password, SandboxMode, Window, domains, numbers,
    trunks::{self, SipConfiguration, SipPatch},
};
use domain::{
    access::Actor,
    config::{Authentication, Limits, Place, Srtp, Transport, Trunk},
    numbering::Binding,
};
use serde_json::{Value, json};
use testkit::{database::TestDb, dns::FakeDns};

async fn patch(app: &App, actor: &Actor, json: Value) -> Result<SipConfiguration, Error> {
    let patch: SipPatch = serde_json::from_value(json).unwrap();
    trunks::sip_patch(app, actor, patch).await
}

fn inner(result: Result<SipConfiguration, Error>) -> (u16, &'static str) {
    match result {
        Err(Error::Invalid {
            status, code: "UnprocessableConfiguration", inner: Some((code, _)), ..
        }) => (status, code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_trunk_made_through_sip_speaks_tls_and_srtp_and_is_found_by_dns() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        assert_eq!(trunks::sip_get(&app, &actor).await.unwrap(), SipConfiguration::default());
        let after =
            patch(&app, &actor, json!({ "trunks": { "SBC.Acme.test": { "sipSignalingPort": 5061 } } })).await;
        let after = after.unwrap();
        assert_eq!((after.trunks["sbc.acme.test"].sip_signaling_port, after.routes.len()), (5061, 0));
        assert!(after.domains["acme.test"].enabled, "its reserved domain is written down");
        let trunk = trunks::get(&app, &actor, "sbc.acme.test").await.unwrap();
        let Trunk { transport, srtp, addresses, .. } = &trunk.trunk;
        assert_eq!((*transport, *srtp, addresses.len()), (Transport::Tls, Srtp::Required, 0));
        assert_eq!(trunk.trunk.authentication(), Authentication::Certificate);
        assert!(
            trunk.problem.is_some_and(|problem| problem.contains("TLS")),
            "it says why it cannot be called yet"
        );
        let trunk = trunks::change(&app, &actor, "SBC.acme.test", |now| {
            let limits = Limits { max_calls: 5, ..now.limits };
            let addresses = vec![Place::try_from("127.0.0.9:5070".to_owned()).unwrap()];
            let codecs = vec!["PCMA".to_owned()];
            let changed =
                Trunk { transport: Transport::Udp, srtp: Srtp::Off, limits, addresses, codecs, ..now };
            Ok((changed, Password::Keep))
        })
        .await
        .unwrap();
        let limits = trunk.trunk.limits;
        assert_eq!((trunk.problem, limits.max_calls, limits.calls_per_second), (None, 5, 100));
        assert_eq!(trunk.trunk.authentication(), Authentication::Address);
        let live = app.live();
        let at = live.senders("127.0.0.9".parse().unwrap());
        assert_eq!((at.len(), at[0].port), (1, 5070), "calls from its address are known at once");
        let kept =
            patch(&app, &actor, json!({ "trunks": { "sbc.acme.test": { "sipSignalingPort": 5071 } } })).await;
        assert_eq!(kept.unwrap().trunks["sbc.acme.test"].sip_signaling_port, 5071);
        let trunk = trunks::get(&app, &actor, "sbc.acme.test").await.unwrap();
        assert_eq!(
            (trunk.trunk.transport, trunk.trunk.addresses.len()),
            (Transport::Udp, 1),
            "/sip changes the port alone"
        );
    }
}

#[tokio::test]
async fn routes_are_replaced_as_a_whole_and_keep_their_order() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, acme) = tenant(&app, "Acme").await;
    let route = |name: &str| json!({ "name": name, "numberPattern": r"^\+1", "trunks": ["sbc.acme.test"] });
    let first = json!({
        "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } },
        "routes": [{ "name": "us", "description": "d", "numberPattern": r"^\+1(\d{10})$", "trunks": ["SBC.acme.test"] }, route("b")]
    });
    let made = patch(&app, &actor, first).await.unwrap();
    assert_eq!(made.routes[0].trunks, ["sbc.acme.test"]);
    assert_eq!(made.routes[0].description.as_deref(), Some("d"));
    let after = patch(&app, &actor, json!({ "routes": [route("b"), route("a")] })).await.unwrap();
    let names: Vec<&str> = after.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(after.trunks.len(), 1, "trunks stay where they are not named");
    assert_eq!(app.live().tenant(acme.tenant.id).unwrap().piece.piece.value.routes.len(), 2);
    assert!(patch(&app, &actor, json!({ "routes": [] })).await.unwrap().routes.is_empty());
}

#[tokio::test]
async fn what_the_real_service_refuses_is_refused_with_its_codes() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let made = json!({
        "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } },
        "routes": [{ "name": "us", "numberPattern": "^+1", "trunks": ["sbc.acme.test"] }]
    });
    let before = patch(&app, &actor, made).await.unwrap();
    let port = |name: &str, port: i64| json!({ "trunks": { name: { "sipSignalingPort": port } } });
    let route = |name: &str, pattern: &str, trunks: &[&str]| json!({ "name": name, "numberPattern": pattern, "trunks": trunks });
    let routes = |routes: &[Value]| json!({ "routes": routes });
    let sbc = "sbc.acme.test";
    for (bad, expected) in [
        (port("sbc", 5061), (422, "InvalidTrunkFqdn")),
        (port("192.0.2.1", 5061), (422, "InvalidTrunkFqdn")),
        (port("a b.test", 5061), (422, "InvalidTrunkFqdn")),
        (port(sbc, 0), (422, "InvalidTrunkSipSignalingPort")),
        (port(sbc, 65_536), (422, "InvalidTrunkSipSignalingPort")),
        (routes(&[route("x", "^1", &["other.acme.test"])]), (422, "MissingTrunk")),
        (json!({ "trunks": { sbc: null } }), (422, "MissingTrunk")),
        (routes(&[route("", "^1", &[sbc])]), (422, "InvalidRouteName")),
        (routes(&[route("x", "", &[sbc])]), (422, "InvalidRouteNumberPattern")),
        (json!({ "trunks": {} }), (422, "EmptyPatch")),
        (json!({}), (422, "EmptyPatch")),
        (routes(&[route("x", "1", &[sbc]), route("x", "2", &[sbc])]), (400, "DuplicatedRoute")),
        (routes(&[route("x", "1", &[sbc, "SBC.acme.test"])]), (400, "RouteWithDuplicatedTrunk")),
    ] {
        assert_eq!(inner(patch(&app, &actor, bad.clone()).await), expected, "{bad}");
    }
    assert_eq!(trunks::sip_get(&app, &actor).await.unwrap(), before, "a refused patch changes nothing");
    let gone = patch(&app, &actor, json!({ "trunks": { "never.there.test": null } })).await;
    assert_eq!(gone.unwrap(), before, "deleting what is not there is no error");
}

#[tokio::test]
async fn a_trunk_belongs_to_one_tenant_and_a_stranger_does_not_find_it() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let (stranger, _) = tenant(&app, "Other").await;
    let made = json!({ "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } } });
    patch(&app, &actor, made.clone()).await.unwrap();
    assert_eq!(inner(patch(&app, &stranger, made).await), (422, "InvalidTrunkFqdn"));
    let missing = |error: Error| assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    missing(trunks::get(&app, &stranger, "sbc.acme.test").await.unwrap_err());
    let same = |now| Ok((now, Password::Keep));
    missing(trunks::change(&app, &stranger, "sbc.acme.test", same).await.unwrap_err());
    patch(&app, &stranger, json!({ "trunks": { "sbc.acme.test": null } })).await.unwrap();
    assert_eq!(trunks::list(&app, &actor).await.unwrap().len(), 1, "a stranger's null deletes nothing");
}

#[tokio::test]
async fn a_number_bound_to_a_trunk_that_goes_rings_nowhere() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    patch(&app, &actor, json!({ "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } } }))
        .await
        .unwrap();
    let request = serde_json::from_value(json!({
        "country": "US", "phoneNumberType": "geographic", "assignmentType": "application",
        "capabilities": { "calling": "inbound+outbound", "sms": "none" }, "areaCode": null, "quantity": 1
    }));
    let search = numbers::search(&app, &actor, request.unwrap()).await.unwrap();
    numbers::purchase(&app, &actor, search.subject().parse().unwrap()).await.unwrap();
    let number = numbers::list(&app, &actor, Window::default()).await.unwrap().value[0].number;
    let bound =
        numbers::bind(&app, &actor, number, Binding::Trunk("SBC.acme.test".to_owned())).await.unwrap();
    assert_eq!(bound.inbound, Binding::Trunk("sbc.acme.test".to_owned()));
    patch(&app, &actor, json!({ "trunks": { "sbc.acme.test": null } })).await.unwrap();
    assert_eq!(numbers::get(&app, &actor, number).await.unwrap().inbound, Binding::None);
    assert_eq!(app.live().config.owner(number).unwrap().1.binding, Binding::None);
}

#[tokio::test]
async fn a_trunk_needs_a_domain_whose_record_was_found() {
    for test in TestDb::each().await.unwrap() {
        let dns = FakeDns::start().await.unwrap();
        let app = try_start(&test, Wish { dns: dns.address, ..Wish::default() }).await.unwrap();
        let (actor, _) = tenant(&app, "Acme").await;
        let (rival, _) = tenant(&app, "Rival").await;
        let trunk = json!({ "trunks": { "sbc.contoso.com": { "sipSignalingPort": 5061 } } });
        assert_eq!(inner(patch(&app, &actor, trunk.clone()).await), (422, "InvalidTrunkFqdn"));
        let added = domains::add(&app, &actor, "Contoso.com.").await.unwrap();
        assert_eq!(
            (added.name.as_str(), added.verified, added.record.kind.as_str()),
            ("contoso.com", false, "TXT")
        );
        assert_eq!(domains::add(&app, &actor, "contoso.com").await.unwrap(), added);
        let early = domains::verify(&app, &actor, "contoso.com").await.unwrap_err();
        assert!(matches!(&early, Error::Invalid { status: 422, .. }), "{early:?}");
        dns.publish(&added.record.name, &["v=spf1 -all", "dialtone-verification=something-else"]);
        // The absence is believed for 5 s at most; another name is asked for meanwhile.
        let rivals = domains::add(&app, &rival, "fabrikam.com").await.unwrap();
        dns.publish(&rivals.record.name, &["v=spf1 -all"]);
        let wrong = domains::verify(&app, &rival, "fabrikam.com").await.unwrap_err().to_string();
        assert!(wrong.contains("v=spf1 -all") && wrong.contains(&rivals.record.value), "{wrong}");
        let other = domains::add(&app, &actor, "voice.contoso.com").await.unwrap();
        dns.publish(&other.record.name, &["v=spf1 -all", &other.record.value]);
        assert!(domains::verify(&app, &actor, "voice.contoso.com").await.unwrap().verified);
        let own = json!({ "trunks": { "sbc.voice.contoso.com": { "sipSignalingPort": 5061 } } });
        assert!(patch(&app, &actor, own).await.is_ok());
        assert!(patch(&app, &actor, trunk).await.is_err(), "each level of names is its own domain");
        domains::add(&app, &rival, "voice.contoso.com").await.unwrap();
        assert!(domains::verify(&app, &rival, "voice.contoso.com").await.is_err());
        let missing = domains::verify(&app, &rival, "contoso.com").await.unwrap_err();
        assert!(matches!(missing, Error::NotFound { .. }));
        assert_eq!(domains::list(&app, &actor).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_silent_dns_server_is_said_and_not_taken_for_an_answer() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    domains::add(&app, &actor, "contoso.com").await.unwrap();
    let error = domains::verify(&app, &actor, "contoso.com").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn reserved_domains_count_once_the_sandbox_was_on_and_go_on_counting() {
    for test in TestDb::each().await.unwrap() {
        let off = || Wish { sandbox: SandboxMode::Off, ..Wish::default() };
        let trunk = json!({ "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } } });
        let app = try_start(&test, off()).await.unwrap();
        let (actor, _) = tenant(&app, "Acme").await;
        assert_eq!(inner(patch(&app, &actor, trunk.clone()).await), (422, "InvalidTrunkFqdn"));
        drop(app);
        let app = start(&test).await;
        assert!(domains::add(&app, &actor, "voice.example").await.unwrap().verified, "it needs no request");
        drop(app);
        let app = try_start(&test, off()).await.unwrap();
        assert!(patch(&app, &actor, trunk).await.is_ok());
        for bad in ["", "contoso", "192.0.2.1", "-.test", "a..test"] {
            assert!(domains::add(&app, &actor, bad).await.is_err(), "{bad:?}");
        }
    }
}

#[tokio::test]
async fn a_bad_field_of_a_trunk_is_named() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    patch(&app, &actor, json!({ "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } } }))
        .await
        .unwrap();
    let before = trunks::get(&app, &actor, "sbc.acme.test").await.unwrap();
    let place = Place::try_from("192.0.2.1".to_owned()).unwrap();
    type Edit<'a> = (&'a dyn Fn(&mut Trunk), &'a str);
    let edits: [Edit<'_>; 6] = [
        (&|trunk| trunk.port = 0, "sipSignalingPort"),
        (&|trunk| trunk.addresses = vec![place; 17], "addresses"),
        (&|trunk| trunk.codecs = vec!["PCM U".to_owned()], "media.codecs"),
        (&|trunk| trunk.limits.max_calls = 0, "limits.maxCalls"),
        (&|trunk| trunk.policy.session_timer.seconds = 10, "sessionTimer.seconds"),
        (
            &|trunk| trunk.authentication = Some(Authentication::Digest { username: "nobody".to_owned() }),
            "sipUser",
        ),
    ];
    for (edit, field) in edits {
        let changed = trunks::change(&app, &actor, "sbc.acme.test", |mut trunk| {
            edit(&mut trunk);
            Ok((trunk, Password::Keep))
        });
        let error = changed.await.unwrap_err();
        assert!(
            matches!(&error, Error::Invalid { target: Some(target), .. } if target == field),
            "{error:?}"
        );
    }
    assert_eq!(trunks::get(&app, &actor, "sbc.acme.test").await.unwrap(), before);
}

#[tokio::test]
async fn the_password_for_a_trunks_challenges_is_sealed_and_there_for_those_who_answer_them() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        patch(&app, &actor, json!({ "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } } }))
            .await
            .unwrap();
        let set = |username: &'static str, password: Password| {
            let (app, actor) = (&app, &actor);
            async move {
                trunks::change(app, actor, "sbc.acme.test", |mut trunk| {
                    trunk.policy.credentials = (!username.is_empty()).then(|| domain::config::Credentials {
                        username: username.to_owned(),
                        realm: "carrier.test".to_owned(),
                    });
                    Ok((trunk, password.clone()))
                })
                .await
            }
        };
        assert!(set("us", Password::Keep).await.is_err(), "a username needs a password");
        assert!(set("", Password::Set("secret".into())).await.is_err(), "a password needs a username");
        let kept = set("us", Password::Set("secret".into())).await.unwrap();
        assert!(kept.has_password);
        let shown = format!("{kept:?}{}", serde_json::to_string(&kept).unwrap());
        assert!(!shown.contains("secret"), "{shown}");
        let secret = |app: &App| {
            let live = app.live();
            live.trunk_secret(acme.tenant.id, kept.trunk.id).map(|secret| secret.to_vec())
        };
        assert_eq!(secret(&app).as_deref(), Some(&b"secret"[..]));
        assert!(set("us", Password::Keep).await.unwrap().has_password, "what is left out stays");
        assert!(!set("", Password::Keep).await.unwrap().has_password, "no username, no password");
        assert_eq!(secret(&app), None);
    }
}

#[tokio::test]
async fn a_domain_that_is_switched_off_takes_its_trunks_out_of_use() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, acme) = tenant(&app, "Acme").await;
    patch(&app, &actor, json!({ "trunks": { "sbc.acme.test": { "sipSignalingPort": 5061 } } }))
        .await
        .unwrap();
    let is_used = |app: &App| {
        let live = app.live();
        let tenant = live.tenant(acme.tenant.id).unwrap();
        tenant.piece.piece.value.trunk("sbc.acme.test").unwrap().enabled
    };
    assert!(is_used(&app));
    let off = json!({ "domains": { "acme.test": { "enabled": false } } });
    assert!(!patch(&app, &actor, off).await.unwrap().domains["acme.test"].enabled);
    assert!(!is_used(&app));
    let problem = trunks::get(&app, &actor, "sbc.acme.test").await.unwrap().problem;
    assert!(problem.is_some_and(|problem| problem.contains("acme.test")));
    let gone = json!({ "domains": { "acme.test": null } });
    assert_eq!(inner(patch(&app, &actor, gone.clone()).await), (422, "DomainInUse"));
    let both = json!({ "domains": { "acme.test": null }, "trunks": { "sbc.acme.test": null } });
    assert!(patch(&app, &actor, both).await.unwrap().domains.is_empty());
}

#[tokio::test]
async fn what_sip_cannot_say_of_a_route_stays_with_its_name() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let route =
            json!({ "name": "se", "numberPattern": r"^\+46", "trunks": ["a.acme.test", "b.acme.test"] });
        let made = json!({
            "trunks": { "a.acme.test": { "sipSignalingPort": 5061 }, "b.acme.test": { "sipSignalingPort": 5061 } },
            "routes": [route]
        });
        patch(&app, &actor, made).await.unwrap();
        let rich = dialtone_app::routes::change(&app, &actor, |mut all| {
            all[0].targets[1].weight = 7;
            all[0].failover_on = Some(vec![500, 503]);
            all[0].caller_id_override = Some("+12065550100".to_owned());
            Ok(all)
        })
        .await
        .unwrap();
        let again =
            json!({ "routes": [{ "name": "se", "numberPattern": r"^\+46\d+$", "trunks": ["b.acme.test"] }] });
        patch(&app, &actor, again).await.unwrap();
        let now = dialtone_app::routes::list(&app, &actor).await.unwrap();
        assert_eq!(now[0].targets, rich[0].targets[1..]);
        assert_eq!(
            (&now[0].failover_on, &now[0].caller_id_override),
            (&rich[0].failover_on, &rich[0].caller_id_override)
        );
        assert_eq!(now[0].number_pattern, r"^\+46\d+$");
    }
}
