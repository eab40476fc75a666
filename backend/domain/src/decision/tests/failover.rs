//! Which trunks and carriers are tried, in which order, and what leads to the next.

use super::*;
use crate::routing::RouteTarget;

#[test]
fn trunks_are_tried_by_priority_and_offline_ones_are_not() {
    let mut acme = acme();
    acme.trunks =
        (0..4).map(|n| Trunk { id: TrunkId(Uuid::from_u128(n)), ..trunk(&format!("s{n}.test")) }).collect();
    acme.routes = vec![route(r"^\+1", &[])];
    acme.routes[0].targets = [("s0.test", 3), ("s1.test", 1), ("s2.test", 2), ("s3.test", 1)]
        .map(|(fqdn, priority)| RouteTarget { priority, ..RouteTarget::new(fqdn) })
        .to_vec();
    let config = snapshot(vec![acme], vec![]);
    let with = |offline: &[u128]| {
        let offline = offline.iter().map(|n| Peer::Trunk(TrunkId(Uuid::from_u128(*n)))).collect();
        decide(
            &config,
            &app("+12125550100", "+12065550100"),
            &Funds { usage: Usage { offline, ..Usage::NONE }, ..RICH },
        )
    };
    assert_eq!(names(&with(&[])), ["s1.test", "s3.test", "s2.test", "s0.test"]);
    assert_eq!(names(&with(&[1, 2])), ["s3.test", "s0.test"]);
    let none = with(&[0, 1, 2, 3]);
    assert_eq!(cause(&none), Some(Cause::TrunkUnusable));
    assert!(says(&none, "trunk", "none of 4 trunks of the matching routes can be tried: trunk"));
    assert!(says(&none, "trunk", "missed its last health checks"));
}

#[test]
fn a_trunk_at_its_limit_gives_way_to_the_next_and_all_of_them_refuse_with_the_limits_own_word() {
    let mut acme = acme();
    acme.trunks[1].id = TrunkId(Uuid::from_u128(71));
    for trunk in &mut acme.trunks {
        trunk.limits = Limits { calls_per_second: 5, max_calls: 2 };
    }
    acme.routes = vec![route(r"^\+1", &["sbc1.acme.test", "sbc2.acme.test"])];
    let config = snapshot(vec![acme], vec![]);
    let load = |id: u128, live_calls, calls_last_second| PeerLoad {
        peer: Peer::Trunk(TrunkId(Uuid::from_u128(id))),
        live_calls,
        calls_last_second,
    };
    let with = |loads| {
        decide(
            &config,
            &app("+12125550100", "+12065550100"),
            &Funds { usage: Usage { loads, ..Usage::NONE }, ..RICH },
        )
    };
    assert_eq!(names(&with(vec![load(70, 1, 4)])).len(), 2);
    assert_eq!(names(&with(vec![load(70, 2, 0)])), ["sbc2.acme.test"]);
    assert_eq!(cause(&with(vec![load(70, 2, 0), load(71, 3, 0)])), Some(Cause::CallLimit));
    assert_eq!(cause(&with(vec![load(70, 2, 0), load(71, 0, 5)])), Some(Cause::RateLimit));
}

#[test]
fn a_trunk_that_calls_too_much_is_refused_by_its_own_limit_with_the_status_that_is_set() {
    let mut acme = acme();
    acme.trunks[0].limits = Limits { calls_per_second: 5, max_calls: 2 };
    acme.protection.over_limit = OverLimit::Busy;
    let peer = Peer::Trunk(acme.trunks[0].id);
    let config = snapshot(vec![acme], vec![]);
    let loads = vec![PeerLoad { peer, live_calls: 2, calls_last_second: 0 }];
    let call = facts(Source::Trunk { tenant: ACME, fqdn: "sbc1.acme.test".into() }, "+12125550100", "anna");
    let decision = decide(&config, &call, &Funds { usage: Usage { loads, ..Usage::NONE }, ..RICH });
    assert_eq!((cause(&decision), decision.status), (Some(Cause::CallLimit), Some(486)));
    assert!(says(&decision, "limits", "sbc1.acme.test is at its limit: 2 of 2 calls are up"));
}

#[test]
fn the_list_of_statuses_is_the_routes_own_or_else_the_trunks_and_never_holds_a_declined_call() {
    let mut acme = acme();
    acme.trunks[0].policy.failover_on = Some(vec![500, 603, 486]);
    acme.routes =
        vec![route(r"^\+1", &["sbc1.acme.test", "sbc2.acme.test"]), route(r"^\+46", &["sbc1.acme.test"])];
    acme.routes[1].failover_on = Some(vec![404]);
    let config = snapshot(vec![acme], vec![]);
    let lists = |to: &str| {
        let decision = decide(&config, &app("+12125550100", to), &RICH);
        decision.plan.into_iter().map(|attempt| attempt.failover_on.into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lists("+12065550100"), [vec![500], vec![408, 503, 504]]);
    assert_eq!(lists("+4684650040"), [[404]]);
}

#[test]
fn a_call_has_a_bounded_number_of_tries_and_says_what_is_left_over() {
    let mut acme = acme();
    acme.trunks =
        (0..250).map(|n| Trunk { id: TrunkId(Uuid::from_u128(n)), ..trunk(&format!("s{n}.test")) }).collect();
    let trunks: Vec<String> = (0..250).map(|n| format!("s{n}.test")).collect();
    acme.routes = vec![route(r"^\+1", &trunks.iter().map(String::as_str).collect::<Vec<_>>())];
    let decision = decide(&snapshot(vec![acme], vec![]), &app("+12125550100", "+12065550100"), &RICH);
    assert_eq!(decision.plan.len(), ATTEMPTS_MAX);
    assert!(says(&decision, "trunk", "240 further trunks"));
}

/// Carriers of which only what the operator orders by is different.
fn priced(id: u128, prefix: &str, cost: i64, quality: u8, capacity: u32) -> Carrier {
    let mut made = carrier(id, false, prefix);
    made.prefixes[0].cost_per_minute_micros = cost;
    Carrier { quality, capacity: Some(capacity), ..made }
}

fn ordered(order: &[CarrierOrder], carriers: Vec<Carrier>, draw: u64) -> Vec<String> {
    let abilities = Abilities { sip_tls: false, srtp: false };
    let mut platform = Platform::new(carriers, vec![sandbox_plan(PLAN)], abilities);
    platform.carrier_order = order.to_vec();
    let config = Snapshot::new(Arc::new(PlatformPiece::new(platform)), [Arc::new(TenantPiece::new(acme()))]);
    names(&decide(&config, &Facts { draw, ..app("+12125550100", "+12065550100") }, &RICH))
}

#[test]
fn carriers_of_equal_prefixes_are_ordered_as_the_operator_says() {
    use CarrierOrder::{Capacity, Cost, Quality};
    let all = || {
        vec![
            priced(1, "1", 5_000, 90, 10),
            priced(2, "1", 4_000, 50, 99),
            priced(3, "1", 5_000, 95, 50),
            priced(4, "1206", 9_000, 1, 1),
        ]
    };
    for (order, expected) in [
        (&[Cost, Quality, Capacity][..], ["carrier-4", "carrier-2", "carrier-3", "carrier-1"]),
        (&[Quality], ["carrier-4", "carrier-3", "carrier-1", "carrier-2"]),
        (&[Capacity], ["carrier-4", "carrier-2", "carrier-3", "carrier-1"]),
        (&[], ["carrier-4", "carrier-1", "carrier-2", "carrier-3"]),
    ] {
        assert_eq!(ordered(order, all(), 0), expected, "{order:?}");
    }
}

#[test]
fn equal_carriers_share_calls_by_their_weights() {
    let all = || {
        let light = priced(1, "1", 5_000, 50, 10);
        let heavy = Carrier { weight: 3, ..priced(2, "1", 5_000, 50, 10) };
        vec![light, heavy]
    };
    let order = [CarrierOrder::Cost, CarrierOrder::Weight];
    let heavy_first = (0..1_000).filter(|draw| ordered(&order, all(), *draw)[0] == "carrier-2").count();
    assert!((700..800).contains(&heavy_first), "{heavy_first}");
}

#[test]
fn a_carriers_price_may_go_by_the_time_of_day() {
    let mut day = priced(1, "1", 8_000, 50, 10);
    let night = serde_json::from_str(r#"[{"from":"20:00","until":"06:00"}]"#).expect("a window");
    day.prefixes.push(CarrierPrefix { prefix: "1".into(), cost_per_minute_micros: 2_000, windows: night });
    let config = snapshot(vec![acme()], vec![day, priced(2, "1", 5_000, 50, 10)]);
    let at = |time: &str| {
        let facts = Facts { at: time.parse().expect("a time"), ..app("+12125550100", "+12065550100") };
        names(&decide(&config, &facts, &RICH))
    };
    assert_eq!(at("2026-03-02T12:00:00Z"), ["carrier-2", "carrier-1"]);
    assert_eq!(at("2026-03-02T22:00:00Z"), ["carrier-1", "carrier-2"]);
}

#[test]
fn no_call_is_sold_below_its_cost_unless_that_is_allowed() {
    // The sandbox plan sells calls to +1 at 13,000 micro-units a minute.
    let with = |costs: [i64; 2], allow_below_cost| {
        let mut acme = acme();
        acme.protection.allow_below_cost = allow_below_cost;
        let carriers = vec![priced(1, "1", costs[0], 50, 10), priced(2, "1", costs[1], 50, 10)];
        decide(&snapshot(vec![acme], carriers), &app("+12125550100", "+12065550100"), &RICH)
    };
    assert_eq!(names(&with([13_000, 13_001], false)), ["carrier-1"]);
    let dear = with([13_001, 20_000], false);
    assert_eq!(cause(&dear), Some(Cause::BelowCost));
    assert!(says(
        &dear,
        "margin",
        "carrier carrier-1 asks 0.013001 USD a minute for what is sold at 0.013 USD: not used"
    ));
    assert!(!says(&dear, "carrier", "0.013001"), "only the margin's own line holds costs");
    assert_eq!(names(&with([13_001, 20_000], true)), ["carrier-1", "carrier-2"]);
}

#[test]
fn a_carrier_that_is_offline_or_full_gives_way_to_the_next() {
    let config = snapshot(vec![acme()], vec![priced(1, "1", 1_000, 50, 10), priced(2, "1", 2_000, 50, 10)]);
    let id = |n| Peer::Carrier(CarrierId(Uuid::from_u128(n)));
    let full = |n| PeerLoad { peer: id(n), live_calls: 1_000, calls_last_second: 0 };
    let with = |offline: Vec<Peer>, loads: Vec<PeerLoad>| {
        let funds = Funds { usage: Usage { offline, loads, ..Usage::NONE }, ..RICH };
        decide(&config, &app("+12125550100", "+12065550100"), &funds)
    };
    assert_eq!(names(&with(vec![id(1)], vec![])), ["carrier-2"]);
    assert_eq!(names(&with(vec![], vec![full(1)])), ["carrier-2"]);
    assert_eq!(cause(&with(vec![id(1), id(2)], vec![])), Some(Cause::PlatformUnavailable));
    assert_eq!(cause(&with(vec![], vec![full(1), full(2)])), Some(Cause::CallLimit));
}

#[test]
fn a_price_in_another_currency_is_never_compared_silently() {
    let euro = "EUR".parse().expect("a currency");
    let with = |cost, allow_below_cost| {
        let foreign = Carrier { currency: euro, ..priced(1, "1", cost, 50, 10) };
        let protection = Protection { allow_below_cost, ..Protection::default() };
        let tenant = Tenant { protection, ..acme() };
        let config = snapshot(vec![tenant], vec![foreign, priced(2, "1", 5_000, 50, 10)]);
        decide(&config, &app("+12125550100", "+12065550100"), &RICH)
    };
    // It would be the cheapest, were its figure in the plan's currency.
    let guarded = with(1, false);
    assert_eq!(names(&guarded), ["carrier-2"]);
    assert!(says(&guarded, "margin", "cannot be compared"));
    assert_eq!(
        names(&with(1, true)),
        ["carrier-2", "carrier-1"],
        "allowed, and still behind those that compare"
    );
    assert_eq!(names(&with(0, false)), ["carrier-1", "carrier-2"], "nothing is nothing in every currency");
}
