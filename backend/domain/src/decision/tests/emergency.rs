//! Emergency calls.

use super::*;

const CARRIER: CarrierId = CarrierId(Uuid::from_u128(1));

fn united_states(route: Option<EmergencyRoute>) -> EmergencyCountry {
    EmergencyCountry {
        country: "US".into(),
        numbers: vec!["911".into()],
        test_numbers: vec!["933".into()],
        route,
        call_back: CallBack::Owned,
        address_required: true,
    }
}

fn world(tenant: Tenant, emergency: Vec<EmergencyCountry>) -> Snapshot {
    let abilities = Abilities { sip_tls: false, srtp: false };
    let mut platform = Platform::new(vec![carrier(1, false, "1")], vec![sandbox_plan(PLAN)], abilities);
    platform.emergency = emergency;
    Snapshot::new(Arc::new(PlatformPiece::new(platform)), [Arc::new(TenantPiece::new(tenant))])
}

fn by_carrier() -> Vec<EmergencyCountry> {
    vec![united_states(Some(EmergencyRoute::Carrier { carrier: CARRIER }))]
}

#[test]
fn no_money_limit_list_cap_or_suspension_holds_an_emergency_call_up() {
    let mut tenant = Tenant { active: false, ..acme() };
    tenant.limits = Limits { calls_per_second: 0, max_calls: 0 };
    tenant.protection.allowed_countries = vec!["SE".into()];
    tenant.protection.max_day_micros = Some(0);
    tenant.eligibility.cloud_calling = Access::NotAllowed { why: "no".into() };
    let load = PeerLoad { peer: Peer::Carrier(CARRIER), live_calls: 9_999, calls_last_second: 9_999 };
    let usage = Usage {
        spent_today_micros: 5,
        loads: vec![load],
        offline: vec![Peer::Carrier(CARRIER)],
        ..Usage::NONE
    };
    let poor = Funds { available_micros: -5, live_calls: 9, calls_last_second: 9, usage };
    let decision = decide(&world(tenant, by_carrier()), &app("+12125550100", "911"), &poor);
    assert!(decision.connects(), "{:?}", decision.trace);
    assert_eq!((names(&decision), decision.plan[0].callee.as_str()), (vec!["carrier-1".to_owned()], "911"));
    assert_eq!(
        (decision.quote.price(3_600_000).micros, decision.max_duration_seconds),
        (0, CALL_MAX_SECONDS)
    );
    assert_eq!(decision.emergency.map(|call| (call.country, call.is_test)), Some(("US".into(), false)));
}

#[test]
fn the_call_taker_can_call_back_an_owned_number_whatever_is_shown() {
    let shown = |from: &str, numbers: Vec<Owned>, call_back: Option<&str>, rule: CallBack| {
        let mut tenant = Tenant { numbers, ..acme() };
        tenant.emergency = TenantEmergency {
            country: Some("US".into()),
            call_back: call_back.map(number),
            addresses: vec![],
        };
        let mut country = by_carrier();
        country[0].call_back = rule;
        decide(&world(tenant, country), &app(from, "911"), &RICH).plan[0].caller_id.clone()
    };
    let two = || vec![owned(ACME, "+12125550100", Binding::None), owned(ACME, "+12125550101", Binding::None)];
    assert_eq!(shown("+12125550101", two(), None, CallBack::Owned).as_deref(), Some("+12125550101"));
    assert_eq!(
        shown("+15550001111", two(), Some("+12125550101"), CallBack::Owned).as_deref(),
        Some("+12125550101")
    );
    assert_eq!(shown("", two(), None, CallBack::Owned).as_deref(), Some("+12125550100"));
    assert_eq!(shown("", two(), Some("+12125550199"), CallBack::Owned).as_deref(), Some("+12125550100")); // not owned
    assert_eq!(shown("", vec![], None, CallBack::Owned), None);
    let fixed = CallBack::Fixed(number("+12125550177"));
    assert_eq!(shown("+12125550101", two(), None, fixed).as_deref(), Some("+12125550177"));
}

#[test]
fn the_test_number_of_the_country_takes_the_same_way_and_is_marked() {
    let decision = decide(&world(acme(), by_carrier()), &app("+12125550100", "933"), &RICH);
    assert_eq!((names(&decision), decision.plan[0].callee.as_str()), (vec!["carrier-1".to_owned()], "933"));
    assert_eq!(decision.emergency.map(|call| call.is_test), Some(true));
}

#[test]
fn the_registered_address_says_which_country_it_is_and_a_missing_one_is_told_but_stops_nothing() {
    let mut tenant = acme();
    let sweden = EmergencyCountry {
        country: "SE".into(),
        numbers: vec!["112".into()],
        test_numbers: vec![],
        route: Some(EmergencyRoute::Trunk { tenant: ACME, fqdn: "sbc2.acme.test".into() }),
        call_back: CallBack::Owned,
        address_required: true,
    };
    let mut countries = by_carrier();
    countries.push(sweden);
    let unregistered = decide(&world(tenant.clone(), countries.clone()), &app("+12125550100", "112"), &RICH);
    assert_eq!(names(&unregistered), ["carrier-1"]);
    assert!(says(&unregistered, "emergency", "no registered address"));
    tenant.emergency.addresses = vec![RegisteredAddress {
        number: number("+12125550100"),
        country: "SE".into(),
        lines: vec!["Storgatan 1".into()],
        locality: "Stockholm".into(),
        region: String::new(),
        postal_code: "111 22".into(),
        call_back: None,
    }];
    let registered = decide(&world(tenant, countries), &app("+12125550100", "112"), &RICH);
    assert_eq!(names(&registered), ["sbc2.acme.test"]);
    assert_eq!(registered.emergency.and_then(|call| call.registered), Some(number("+12125550100")));
}

#[test]
fn a_tenants_own_route_takes_an_emergency_call_before_the_platform_even_where_its_trunk_is_ill() {
    let mut tenant = acme();
    tenant.trunks[1].id = TrunkId(Uuid::from_u128(71));
    tenant.routes = vec![route(r"^\+?911$", &["sbc1.acme.test", "sbc2.acme.test"])];
    let offline = vec![Peer::Trunk(tenant.trunks[0].id)];
    let config = world(tenant, by_carrier());
    let ill = Funds { usage: Usage { offline, ..Usage::NONE }, ..RICH };
    let decision = decide(&config, &app("+12125550100", "911"), &ill);
    assert_eq!(names(&decision), ["sbc2.acme.test", "sbc1.acme.test"]);
}

#[test]
fn without_a_route_an_emergency_call_is_refused_with_its_own_cause_and_the_country() {
    for emergency in [vec![], vec![united_states(None)]] {
        let decision = decide(&world(acme(), emergency), &app("+12125550100", "911"), &RICH);
        assert_eq!(cause(&decision), Some(Cause::EmergencyUnavailable));
        assert!(says(&decision, "emergency", "no emergency route is set here for US"));
    }
    let nowhere = Tenant { numbers: vec![], ..acme() };
    let decision = decide(&world(nowhere, by_carrier()), &app("bob", "911"), &RICH);
    assert!(says(&decision, "emergency", "no emergency route is set here for no known country"));
    assert_eq!(names(&decide(&world(acme(), by_carrier()), &app("bob", "911"), &RICH)), ["carrier-1"]);
    let pstn = facts(Source::Carrier { carrier: None }, "+12065550100", "112");
    assert_eq!(cause(&decide(&world(acme(), by_carrier()), &pstn, &RICH)), Some(Cause::EmergencyUnavailable));
}

#[test]
fn where_a_country_is_set_only_its_own_numbers_and_those_of_every_network_are_emergency_numbers() {
    let mut tenant = acme();
    tenant.users.push("110".into());
    let config = world(tenant, by_carrier());
    assert_eq!(names(&decide(&config, &app("+12125550100", "110"), &RICH)), ["110"]);
    assert_eq!(names(&decide(&config, &app("+12125550100", "112"), &RICH)), ["carrier-1"]);
    assert_eq!(names(&decide(&config, &app("+12125550100", "+911"), &RICH)), ["carrier-1"]);
}

#[test]
fn a_number_may_have_another_one_to_call_back_as_long_as_that_is_owned() {
    let shown = |back: &str| {
        let mut tenant = acme();
        tenant.numbers.push(owned(ACME, "+12125550101", Binding::None));
        tenant.emergency.addresses = vec![RegisteredAddress {
            number: number("+12125550100"),
            country: "US".into(),
            lines: vec!["1 Main Street".into()],
            locality: "New York".into(),
            region: "NY".into(),
            postal_code: String::new(),
            call_back: Some(number(back)),
        }];
        let decision = decide(&world(tenant, by_carrier()), &app("+12125550100", "911"), &RICH);
        decision.plan[0].caller_id.clone()
    };
    assert_eq!(shown("+12125550101").as_deref(), Some("+12125550101"));
    assert_eq!(shown("+12125550199").as_deref(), Some("+12125550100"), "what was given back counts no more");
}
