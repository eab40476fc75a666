//! Who pays, where a call goes, what it costs.

use super::*;

#[test]
fn a_matching_route_goes_before_a_carrier_and_needs_no_owned_caller_id() {
    let mut acme = tenant(ACME, "acme");
    acme.routes = vec![
        route(r"^\+46\d+$", &["sbc2.acme.test"]),
        route(r"^\+\d+$", &["sbc1.acme.test", "sbc2.acme.test"]),
    ];
    let decision = decide(
        &snapshot(vec![acme], vec![carrier(1, true, "")]),
        &app("+15550001111", "+12065550100"),
        &RICH,
    );
    assert!(decision.connects());
    assert_eq!(names(&decision), ["sbc1.acme.test", "sbc2.acme.test"]);
    assert_eq!(decision.quote.price(60_000).micros, 8_000); // app leg 4,000 and trunk leg 4,000
}

#[test]
fn a_call_from_a_trunk_skips_the_routes_that_lead_back_to_it() {
    let mut acme = tenant(ACME, "acme");
    acme.routes = vec![route(r"^\+\d+$", &["sbc1.acme.test"])];
    acme.numbers = vec![owned(ACME, "+12125550100", Binding::None)];
    let config = snapshot(vec![acme], vec![carrier(1, true, "")]);
    let from_trunk =
        facts(Source::Trunk { tenant: ACME, fqdn: "SBC1.acme.test".into() }, "+12125550100", "+12065550100");
    let decision = decide(&config, &from_trunk, &RICH);
    assert_eq!(names(&decision), ["carrier-1"]);
    assert_eq!(decision.quote.price(60_000).micros, 17_000); // trunk leg 4,000 and outbound 13,000
}

#[test]
fn matching_routes_without_a_usable_trunk_do_not_fall_through_to_a_carrier() {
    let mut acme = tenant(ACME, "acme");
    acme.trunks[0].srtp = Srtp::Required;
    acme.routes = vec![route(r"^\+\d+$", &["sbc1.acme.test"])];
    acme.numbers = vec![owned(ACME, "+12125550100", Binding::None)];
    let decision = decide(
        &snapshot(vec![acme], vec![carrier(1, true, "")]),
        &app("+12125550100", "+12065550100"),
        &RICH,
    );
    assert_eq!(cause(&decision), Some(Cause::TrunkUnusable));
    assert!(decision.trace.iter().any(|step| step.text.contains("SRTP")));
}

#[test]
fn a_trunk_that_requires_srtp_is_tried_and_told_of_keys_without_tls() {
    let mut acme = tenant(ACME, "acme");
    acme.trunks[0].srtp = Srtp::Required;
    acme.routes = vec![route(r"^\+\d+$", &["sbc1.acme.test"])];
    acme.numbers = vec![owned(ACME, "+12125550100", Binding::None)];
    let abilities = Abilities { sip_tls: false, srtp: true };
    let platform = Platform::new(vec![carrier(1, true, "")], vec![sandbox_plan(PLAN)], abilities);
    let config = snapshot(vec![acme], vec![]).with_platform(Arc::new(PlatformPiece::new(platform)));
    let decision = decide(&config, &app("+12125550100", "+12065550100"), &RICH);
    assert_eq!(names(&decision), ["sbc1.acme.test"]);
    assert!(decision.trace.iter().any(|step| step.text.contains("without TLS")));
}

#[test]
fn without_a_route_the_caller_id_must_be_owned() {
    let mut acme = tenant(ACME, "acme");
    acme.numbers = vec![owned(ACME, "+12125550100", Binding::None)];
    let config = snapshot(vec![acme], vec![carrier(1, true, "")]);
    assert_eq!(
        cause(&decide(&config, &app("+12125550101", "+12065550100"), &RICH)),
        Some(Cause::CallerIdNotOwned)
    );
    let decision = decide(&config, &app("+12125550100", "+12065550100"), &RICH);
    assert!(decision.connects());
    assert_eq!(decision.quote.price(60_000).micros, 17_000);
}

#[test]
fn a_real_carrier_with_a_matching_prefix_goes_before_the_sandbox_and_the_longest_prefix_first() {
    let mut acme = tenant(ACME, "acme");
    acme.numbers = vec![owned(ACME, "+12125550100", Binding::None)];
    let carriers = vec![
        carrier(1, true, "1206"),
        carrier(2, false, "1"),
        carrier(3, false, "120"),
        carrier(4, false, "46"),
    ];
    let decision = decide(&snapshot(vec![acme], carriers), &app("+12125550100", "+12065550100"), &RICH);
    assert_eq!(names(&decision), ["carrier-3", "carrier-2", "carrier-1"]);
}

#[test]
fn a_call_from_a_carrier_goes_where_the_number_is_bound() {
    let mut acme = tenant(ACME, "acme");
    acme.numbers = vec![
        owned(ACME, "+12125550100", Binding::User("anna".into())),
        owned(ACME, "+12125550101", Binding::Trunk("sbc1.acme.test".into())),
        owned(ACME, "+12125550102", Binding::None),
    ];
    let config = snapshot(vec![acme], vec![]);
    let pstn =
        |to: &str| decide(&config, &facts(Source::Carrier { carrier: None }, "+12065550100", to), &RICH);
    assert_eq!(names(&pstn("+12125550100")), ["anna"]);
    assert_eq!(pstn("+12125550100").quote.price(60_000).micros, 12_500); // inbound 8,500 and app leg 4,000
    assert_eq!(names(&pstn("+12125550101")), ["sbc1.acme.test"]);
    assert_eq!(cause(&pstn("+12125550102")), Some(Cause::NumberUnbound));
    assert_eq!(cause(&pstn("+12125550199")), Some(Cause::NumberNotFound));
    assert_eq!(pstn("+12125550100").direction, Direction::Inbound);
}

#[test]
fn a_forward_is_followed_to_its_end_and_a_circle_is_cut() {
    let mut acme = tenant(ACME, "acme");
    let forward =
        |from: &str, to: &str| owned(ACME, from, Binding::Forward(E164::parse(to).expect("a number")));
    acme.numbers = vec![
        forward("+12125550100", "+12125550101"),
        owned(ACME, "+12125550101", Binding::User("anna".into())),
        forward("+12125550102", "+12125550102"),
        forward("+12125550103", "+12065550100"),
    ];
    let config = snapshot(vec![acme], vec![carrier(1, true, "")]);
    let pstn =
        |to: &str| decide(&config, &facts(Source::Carrier { carrier: None }, "+12065550199", to), &RICH);
    assert_eq!(names(&pstn("+12125550100")), ["anna"]);
    assert_eq!(cause(&pstn("+12125550102")), Some(Cause::ForwardLoop));
    let off_net = pstn("+12125550103");
    assert_eq!(names(&off_net), ["carrier-1"]);
    assert_eq!(off_net.plan[0].caller_id.as_deref(), Some("+12125550103"));
}

#[test]
fn a_number_owned_here_is_delivered_on_net_at_the_callers_cost() {
    let mut other = tenant(OTHER, "other");
    other.numbers = vec![owned(OTHER, "+12125550155", Binding::User("anna".into()))];
    let decision = decide(
        &snapshot(vec![tenant(ACME, "acme"), other], vec![]),
        &app("+15550001111", "+12125550155"),
        &RICH,
    );
    assert_eq!(decision.payer, Some(ACME));
    assert!(matches!(&decision.plan[0].target, Target::User { tenant, .. } if *tenant == OTHER));
    assert_eq!(decision.config.len(), 3); // platform, caller's tenant, callee's tenant
}

#[test]
fn a_users_name_is_dialled_within_its_tenant() {
    let decision = decide(&snapshot(vec![tenant(ACME, "acme")], vec![]), &app("bob", "anna"), &RICH);
    assert_eq!(names(&decision), ["anna"]);
    let unknown = decide(&snapshot(vec![tenant(ACME, "acme")], vec![]), &app("bob", "nobody"), &RICH);
    assert_eq!(cause(&unknown), Some(Cause::BadNumber));
}

#[test]
fn a_refusal_for_money_says_how_much_is_missing() {
    let mut acme = tenant(ACME, "acme");
    acme.numbers = vec![owned(ACME, "+12125550100", Binding::None)];
    let config = snapshot(vec![acme], vec![carrier(1, true, "")]);
    let poor = Funds { available_micros: 16_999, ..RICH };
    let decision = decide(&config, &app("+12125550100", "+12065550100"), &poor);
    assert_eq!(cause(&decision), Some(Cause::BalanceTooLow));
    assert!(decision.trace.iter().any(|step| step.text.contains("0.000001 USD is missing")));
    assert!(
        decide(&config, &app("+12125550100", "+12065550100"), &Funds { available_micros: 17_000, ..RICH })
            .connects()
    );
}

#[test]
fn limits_and_suspension_refuse_with_their_own_words() {
    let mut acme = tenant(ACME, "acme");
    acme.limits = Limits { calls_per_second: 2, max_calls: 5 };
    let mut suspended = acme.clone();
    suspended.active = false;
    let config = snapshot(vec![acme], vec![]);
    let with = |live_calls, calls_last_second| {
        cause(&decide(&config, &app("bob", "anna"), &Funds { live_calls, calls_last_second, ..RICH }))
    };
    assert_eq!(with(5, 0), Some(Cause::CallLimit));
    assert_eq!(with(0, 2), Some(Cause::RateLimit));
    assert_eq!(with(4, 1), None);
    let decision = decide(&snapshot(vec![suspended], vec![]), &app("bob", "anna"), &RICH);
    assert_eq!(cause(&decision), Some(Cause::TenantSuspended));
}

#[test]
fn an_emergency_number_is_refused_with_its_own_cause() {
    let decision =
        decide(&snapshot(vec![tenant(ACME, "acme")], vec![carrier(1, true, "")]), &app("bob", "112"), &RICH);
    assert_eq!(cause(&decision), Some(Cause::EmergencyUnavailable));
}

#[test]
fn configuration_has_the_same_version_where_its_content_is_the_same() {
    let version = |t: &Tenant| Piece::new(t.clone()).version;
    let acme = tenant(ACME, "acme");
    let mut changed = acme.clone();
    changed.limits.max_calls += 1;
    assert_eq!(version(&acme), version(&acme.clone()));
    assert_ne!(version(&acme), version(&changed));
}

#[test]
fn a_piece_of_configuration_is_read_back_as_it_was_kept() {
    let acme = tenant(ACME, "acme");
    let json = serde_json::to_string(&acme).expect("JSON");
    assert_eq!(serde_json::from_str::<Tenant>(&json).ok(), Some(acme));
}
