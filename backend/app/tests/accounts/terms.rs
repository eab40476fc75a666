//! Eligibility, protection and emergency calls of tenants.

use crate::house::{operator, start, tenant};
use dialtone_app::{
    App, Error, Window,
    eligibility::{self, Agreement, Policy, Terms},
    emergency, numbers, protection,
    protection::Bounds,
    tenants::SignedUp,
    trunks::{self, SipPatch},
};
use domain::{
    access::Actor,
    config::{CallBack, EmergencyCountry, Protection, RegisteredAddress},
    phone::E164,
};
use serde_json::json;
use testkit::database::TestDb;

fn target(error: &Error) -> Option<&str> {
    match error {
        Error::Invalid { target, .. } | Error::NotFound { target, .. } => target.as_deref(),
        _ => None,
    }
}

async fn buy(app: &App, actor: &Actor) -> Result<E164, Error> {
    let request = serde_json::from_value(json!({
        "country": "US", "phoneNumberType": "geographic", "assignmentType": "application",
        "capabilities": { "calling": "inbound+outbound", "sms": "none" }, "areaCode": null, "quantity": 1
    }));
    let search = numbers::search(app, actor, request.unwrap()).await?;
    numbers::purchase(app, actor, search.subject().parse().unwrap()).await?;
    Ok(numbers::list(app, actor, Window::default()).await?.value[0].number)
}

fn policy(rules: serde_json::Value) -> Policy {
    serde_json::from_value(json!({ "rules": rules })).unwrap()
}

async fn set_country(app: &App, acme: &SignedUp, code: &str) {
    let edit =
        |now: Terms| Ok(Terms { country: Some(code.to_owned()), agreement: Agreement::Enterprise, ..now });
    eligibility::change_terms(app, &operator(), acme.tenant.id, edit).await.unwrap();
}

#[tokio::test]
async fn what_a_tenant_may_not_use_is_said_before_and_refused_when_it_tries() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let before = eligibility::view(&app, &actor).await.unwrap();
        assert!(before.cloud_calling.allowed && before.direct_routing.allowed);
        let rules = policy(json!([
            { "connection": "directRouting", "countries": ["SE"], "agreements": ["enterprise"], "allowed": true },
            { "connection": "directRouting", "allowed": false, "why": "ask for an enterprise agreement" },
            { "connection": "cloudCalling", "numberCountries": ["US"], "allowed": false, "why": "sold out" }
        ]));
        eligibility::put_policy(&app, &operator(), rules).await.unwrap();
        let view = eligibility::view(&app, &actor).await.unwrap();
        assert_eq!(view.direct_routing.why, "ask for an enterprise agreement");
        let us = view.numbers.iter().find(|known| known.country == "US").unwrap();
        assert!(view.cloud_calling.allowed && !us.access.allowed);
        let live = app.live();
        let decided = &live.tenant(acme.tenant.id).unwrap().piece.piece.value.eligibility;
        assert_eq!(decided.direct_routing.refusal(), Some("ask for an enterprise agreement"));
        let made = trunks::sip_patch(&app, &actor, SipPatch::trunk("sbc.acme.test", 5061)).await.unwrap_err();
        assert!(
            matches!(&made, Error::Invalid { inner: Some(("DirectRoutingNotAllowed", why)), .. } if why.contains("enterprise")),
            "{made:?}"
        );
        let bought = buy(&app, &actor).await.unwrap_err();
        assert!(matches!(&bought, Error::Invalid { status: 403, code: "NotEligible", .. }), "{bought:?}");
        set_country(&app, &acme, "SE").await;
        assert!(eligibility::view(&app, &actor).await.unwrap().direct_routing.allowed);
        trunks::sip_patch(&app, &actor, SipPatch::trunk("sbc.acme.test", 5061)).await.unwrap();
        let bad = policy(json!([{ "connection": "directRouting", "allowed": false }]));
        let error = eligibility::put_policy(&app, &operator(), bad).await.unwrap_err();
        assert_eq!(target(&error), Some("rules.0.why"));
        assert!(matches!(eligibility::policy(&app, &actor).await, Err(Error::Denied { .. })));
    }
}

#[tokio::test]
async fn numbers_of_a_country_are_sold_to_accounts_that_are_billed_where_the_operator_says() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let regions = |billed: &str| {
            let region = json!({ "numberCountry": "US", "billingCountries": [billed] });
            serde_json::from_value::<eligibility::Regions>(json!({ "regions": [region] })).unwrap()
        };
        eligibility::put_regions(&app, &operator(), regions("SE")).await.unwrap();
        let refused = buy(&app, &actor).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { status: 403, message, .. } if message.contains("nobody has said yours")),
            "{refused:?}"
        );
        set_country(&app, &acme, "US").await;
        let refused = buy(&app, &actor).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { status: 403, message, .. } if message.contains("billed in SE")),
            "{refused:?}"
        );
        set_country(&app, &acme, "SE").await;
        buy(&app, &actor).await.unwrap();
        assert!(matches!(eligibility::regions(&app, &actor).await, Err(Error::Denied { .. })));
        let error = eligibility::put_regions(&app, &operator(), regions("XX")).await.unwrap_err();
        assert_eq!(target(&error), Some("regions.0.billingCountries"));
    }
}

#[tokio::test]
async fn a_tenant_protects_itself_within_the_bounds_of_the_operator() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let wish = |now: Protection| {
            Ok(Protection {
                allowed_countries: vec!["SE".into(), "US".into()],
                max_day_micros: Some(9),
                ..now
            })
        };
        protection::change(&app, &actor, wish).await.unwrap();
        let decided = |app: &App| {
            let live = app.live();
            live.tenant(acme.tenant.id).unwrap().piece.piece.value.protection.clone()
        };
        assert_eq!(decided(&app).max_day_micros, Some(9));
        let bounds = |now: Bounds| {
            Ok(Bounds {
                allowed_countries: vec!["SE".into()],
                max_day_micros: Some(5),
                may_open_high_risk: false,
                ..now
            })
        };
        let view = protection::change_bounds(&app, &operator(), acme.tenant.id, bounds).await.unwrap();
        assert_eq!(view.own.allowed_countries.len(), 2, "the tenant's wish stays as it is written");
        assert_eq!(
            (view.effective.allowed_countries.as_slice(), view.effective.max_day_micros),
            (&["SE".to_owned()][..], Some(5))
        );
        assert_eq!(decided(&app), view.effective);
        for (wish, field) in [
            (
                Protection { allowed_countries: vec!["DK".into()], ..Protection::default() },
                "allowedCountries",
            ),
            (Protection { max_day_micros: Some(6), ..Protection::default() }, "caps.perDay"),
            (
                Protection { high_risk_prefixes: vec!["881".into()], ..Protection::default() },
                "highRiskPrefixes",
            ),
            (Protection { blocked_prefixes: vec!["+46".into()], ..Protection::default() }, "blockedPrefixes"),
            (Protection { max_call_micros: Some(-1), ..Protection::default() }, "caps.perCall"),
        ] {
            let error = protection::change(&app, &actor, |_| Ok(wish.clone())).await.unwrap_err();
            assert_eq!(target(&error), Some(field), "{error:?}");
        }
        let sly = |now: Protection| {
            Ok(Protection { allow_below_cost: true, allowed_countries: vec![], max_day_micros: None, ..now })
        };
        let view = protection::change(&app, &actor, sly).await.unwrap();
        assert!(!view.effective.allow_below_cost, "that is the operator's to allow");
        assert!(matches!(
            protection::change_bounds(&app, &actor, acme.tenant.id, Ok).await,
            Err(Error::Denied { .. })
        ));
    }
}

fn country(numbers: &[&str]) -> EmergencyCountry {
    EmergencyCountry {
        country: String::new(),
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        test_numbers: vec!["933".to_owned()],
        route: None,
        call_back: CallBack::Owned,
        address_required: true,
    }
}

#[tokio::test]
async fn emergency_numbers_are_set_by_country_and_addresses_by_number() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let (stranger, _) = tenant(&app, "Other").await;
        emergency::put_country(&app, &operator(), "us", |_| Ok(country(&["911"]))).await.unwrap();
        assert_eq!(app.live().config.platform.value.emergency[0].country, "US");
        let bad =
            emergency::put_country(&app, &operator(), "US", |_| Ok(country(&["nine"]))).await.unwrap_err();
        assert_eq!(target(&bad), Some("numbers"));
        let chief = operator();
        let lost = emergency::put_country(&app, &chief, "US", |now| {
            let nowhere =
                serde_json::from_value(json!({ "kind": "carrier", "carrier": uuid::Uuid::nil() })).unwrap();
            Ok(EmergencyCountry { route: Some(nowhere), ..now.unwrap() })
        });
        assert_eq!(target(&lost.await.unwrap_err()), Some("route.carrier"));
        let number = buy(&app, &actor).await.unwrap();
        let address = RegisteredAddress {
            number,
            country: "us".to_owned(),
            lines: vec!["1 Main Street".to_owned()],
            locality: "Seattle".to_owned(),
            region: "WA".to_owned(),
            postal_code: "98101".to_owned(),
            call_back: None,
        };
        let kept = emergency::put_address(&app, &actor, address.clone()).await.unwrap();
        assert_eq!(kept.country, "US");
        assert_eq!(emergency::addresses(&app, &actor).await.unwrap(), std::slice::from_ref(&kept));
        let live = app.live();
        let decided = live.tenant(acme.tenant.id).unwrap().piece.piece.value.emergency.clone();
        assert_eq!(decided.address(number), Some(&kept));
        let foreign = emergency::put_address(&app, &stranger, address.clone()).await.unwrap_err();
        assert!(matches!(foreign, Error::NotFound { .. }), "{foreign:?}");
        let nowhere = RegisteredAddress { locality: String::new(), ..address };
        let error = emergency::put_address(&app, &actor, nowhere).await.unwrap_err();
        assert_eq!(target(&error), Some("locality"));
        let own = |mut now: eligibility::EmergencyTerms| {
            now.call_back = Some(number);
            now.country = Some("US".to_owned());
            Ok(now)
        };
        assert_eq!(emergency::change_settings(&app, &actor, own).await.unwrap().own.call_back, Some(number));
        let error = emergency::change_settings(&app, &stranger, own).await.unwrap_err();
        assert_eq!(target(&error), Some("callBack"));
        set_country(&app, &acme, "US").await;
        let after = emergency::settings(&app, &actor).await.unwrap().own;
        assert_eq!(after.call_back, Some(number), "the operator's terms leave it alone");
        emergency::delete_address(&app, &actor, number).await.unwrap();
        assert!(emergency::delete_address(&app, &actor, number).await.is_err());
        emergency::delete_country(&app, &operator(), "US").await.unwrap();
        assert!(app.live().config.platform.value.emergency.is_empty());
    }
}
