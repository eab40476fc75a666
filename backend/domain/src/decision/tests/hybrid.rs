//! Direct routing and the platform's carriers mixed: which of both, with which caller id and which number.

use super::*;
use crate::routing::{Rewrites, RouteOrder};

#[test]
fn direct_routing_goes_first_and_a_matched_route_never_falls_through_to_a_carrier() {
    let with = |pattern: &str, offline: bool| {
        let mut acme = acme();
        acme.routes = vec![route(pattern, &["sbc1.acme.test"])];
        let trunk = acme.trunks[0].id;
        let offline = if offline { vec![Peer::Trunk(trunk)] } else { vec![] };
        let funds = Funds { usage: Usage { offline, ..Usage::NONE }, ..RICH };
        let config = snapshot(vec![acme], vec![carrier(1, true, "")]);
        decide(&config, &app("+12125550100", "+12065550100"), &funds)
    };
    assert_eq!(names(&with(r"^\+1", false)), ["sbc1.acme.test"]);
    assert_eq!(cause(&with(r"^\+1", true)), Some(Cause::TrunkUnusable));
    assert_eq!(names(&with(r"^\+46", true)), ["carrier-1"]);
}

#[test]
fn a_call_continues_with_the_next_matching_route_and_no_trunk_is_tried_twice() {
    let mut acme = acme();
    acme.routes = vec![
        route(r"^\+1206", &["sbc2.acme.test"]),
        route(r"^\+46", &["sbc1.acme.test"]),
        route(r"^\+1", &["SBC2.acme.test", "sbc1.acme.test"]),
    ];
    let decision = decide(&snapshot(vec![acme], vec![]), &app("+12125550100", "+12065550100"), &RICH);
    assert_eq!(names(&decision), ["sbc2.acme.test", "sbc1.acme.test"]);
    assert!(says(&decision, "route", r"1 route does not match +12065550100: ^\+46"));
}

#[test]
fn what_does_not_match_is_one_line_of_the_trace_however_many_there_are() {
    let mut acme = acme();
    acme.routes = (200..450).map(|n| route(&format!(r"^\+{n}"), &["sbc1.acme.test"])).collect();
    let decision = decide(
        &snapshot(vec![acme], vec![carrier(1, true, "")]),
        &app("+12125550100", "+12065550100"),
        &RICH,
    );
    assert_eq!(decision.trace.iter().filter(|step| step.rule == "route").count(), 1);
    assert!(says(&decision, "route", "250 routes do not match"));
}

#[test]
fn a_broken_route_is_passed_over_and_says_where_it_is_broken() {
    let mut acme = acme();
    acme.routes = vec![route(r"^(?!\+1)", &["sbc1.acme.test"])];
    let decision = decide(
        &snapshot(vec![acme], vec![carrier(1, true, "")]),
        &app("+12125550100", "+12065550100"),
        &RICH,
    );
    assert_eq!(names(&decision), ["carrier-1"]);
    assert!(says(&decision, "route", "at character 2: look-ahead"));
}

#[test]
fn a_route_counts_only_in_its_windows() {
    let mut acme = acme();
    acme.routes = vec![route(r"^\+1", &["sbc1.acme.test"])];
    acme.routes[0].windows =
        serde_json::from_str(r#"[{"days":["mon"],"from":"08:00","until":"17:00"}]"#).expect("a window");
    let config = snapshot(vec![acme], vec![carrier(1, true, "")]);
    let at = |time: &str| {
        let facts = Facts { at: time.parse().expect("a time"), ..app("+12125550100", "+12065550100") };
        decide(&config, &facts, &RICH)
    };
    assert_eq!(names(&at("2026-03-02T12:00:00Z")), ["sbc1.acme.test"]);
    let night = at("2026-03-02T18:00:00Z");
    assert_eq!(names(&night), ["carrier-1"]);
    assert!(says(&night, "route", "is not open at this time (Mon 18:00 UTC)"));
}

#[test]
fn the_same_draw_gives_the_same_order_and_other_draws_other_orders() {
    let mut acme = acme();
    acme.trunks =
        (0..6).map(|n| Trunk { id: TrunkId(Uuid::from_u128(n)), ..trunk(&format!("s{n}.test")) }).collect();
    let trunks: Vec<String> = (0..6).map(|n| format!("s{n}.test")).collect();
    acme.routes = vec![route(r"^\+1", &trunks.iter().map(String::as_str).collect::<Vec<_>>())];
    acme.routes[0].order = RouteOrder::Shuffle;
    let config = snapshot(vec![acme], vec![]);
    let order = |draw| names(&decide(&config, &Facts { draw, ..app("+12125550100", "+12065550100") }, &RICH));
    assert_eq!(order(7), order(7));
    let different: std::collections::BTreeSet<_> = (0..50).map(order).collect();
    assert!(different.len() > 20, "{} orders of 50 draws", different.len());
}

#[test]
fn a_route_may_show_another_caller_id_and_without_one_the_call_is_anonymous() {
    let mut acme = acme();
    acme.routes = vec![route(r"^\+46", &["sbc1.acme.test"]), route(r"^\+47", &["sbc1.acme.test"])];
    acme.routes[0].caller_id_override = Some("+4684650000".into());
    let config = snapshot(vec![acme], vec![]);
    let shown = |from: &str, to: &str| decide(&config, &app(from, to), &RICH).plan[0].caller_id.clone();
    assert_eq!(shown("+12125550100", "+4684650040"), Some("+4684650000".into()));
    assert_eq!(shown("", "+4684650040"), Some("+4684650000".into()));
    assert_eq!(shown("+15550001111", "+4784650040"), Some("+15550001111".into()));
    assert_eq!(shown("", "+4784650040"), None);
}

#[test]
fn numbers_are_rewritten_on_the_callers_leg_by_the_route_and_by_the_callees_trunk() {
    let mut acme = acme();
    acme.trunks[0].policy.inbound =
        Rewrites { caller: vec![rewrite(r"^0(\d+)$", "+46$1")], callee: vec![rewrite(r"^00(\d+)$", "+$1")] };
    acme.routes = vec![route(r"^\+47", &["sbc2.acme.test"])];
    acme.routes[0].rewrites = Rewrites { caller: vec![], callee: vec![rewrite(r"^\+47(\d+)$", "9$1")] };
    acme.trunks[1].policy.outbound =
        Rewrites { caller: vec![rewrite(r"^\+46", "0")], callee: vec![rewrite("^9", "8")] };
    let config = snapshot(vec![acme], vec![]);
    let source = Source::Trunk { tenant: ACME, fqdn: "sbc1.acme.test".into() };
    let decision = decide(&config, &facts(source, "084650040", "004721000000"), &RICH);
    assert_eq!(decision.plan[0].callee, "821000000");
    assert_eq!(decision.plan[0].caller_id.as_deref(), Some("084650040"));
    assert!(says(&decision, "rewrite", "number 004721000000 from sbc1.acme.test is read as +4721000000"));
}

#[test]
fn a_rule_that_makes_no_number_of_a_number_leaves_it_and_says_so() {
    let mut acme = acme();
    acme.routes = vec![route(r"^\+47", &["sbc1.acme.test"])];
    acme.routes[0].rewrites.callee = vec![rewrite(r"^.*$", "a@b")];
    let decision = decide(&snapshot(vec![acme], vec![]), &app("+12125550100", "+4721000000"), &RICH);
    assert_eq!(decision.plan[0].callee, "+4721000000");
    assert!(says(&decision, "rewrite", "which is no number"));
}

#[test]
fn a_carriers_rules_decide_whose_number_was_called() {
    let mut acme = acme();
    acme.numbers = vec![owned(ACME, "+12125550100", Binding::User("anna".into()))];
    let mut sender = carrier(1, false, "");
    sender.policy.inbound.callee = vec![rewrite(r"^(\d{10})$", "+1$1")];
    let config = snapshot(vec![acme], vec![sender]);
    let facts =
        facts(Source::Carrier { carrier: Some(CarrierId(Uuid::from_u128(1))) }, "+12065550100", "2125550100");
    assert_eq!(payer(&config, &facts), Some(ACME));
    assert_eq!(names(&decide(&config, &facts, &RICH)), ["anna"]);
}

#[test]
fn a_way_that_is_not_open_to_the_tenant_is_told_before_it_is_tried() {
    let mut acme = acme();
    let why = Access::NotAllowed { why: "sign the agreement for Sweden".into() };
    acme.eligibility = Eligibility { cloud_calling: why.clone(), direct_routing: why };
    acme.routes = vec![route(r"^\+46", &["sbc1.acme.test"])];
    acme.numbers.push(owned(ACME, "+12125550101", Binding::Trunk("sbc1.acme.test".into())));
    let config = snapshot(vec![acme], vec![carrier(1, true, "")]);
    let trunk = Source::Trunk { tenant: ACME, fqdn: "sbc1.acme.test".into() };
    for facts in [
        app("+12125550100", "+4684650040"),
        app("+12125550100", "+12065550100"),
        facts(trunk, "+12125550100", "+4684650040"),
        facts(Source::Carrier { carrier: None }, "+12065550100", "+12125550101"),
    ] {
        let decision = decide(&config, &facts, &RICH);
        assert_eq!(cause(&decision), Some(Cause::NotEligible), "{facts:?}");
        assert!(decision.trace.iter().any(|step| step.text.contains("sign the agreement")));
    }
    assert!(decide(&config, &app("bob", "anna"), &RICH).connects());
}
