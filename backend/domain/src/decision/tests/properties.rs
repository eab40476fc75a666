//! What holds for any configuration.

use super::*;
use crate::routing::{Rewrites, RouteOrder};
use proptest::prelude::*;

const PATTERNS: [&str; 8] = [r"^\+1", r"^\+\d+$", "", "(", r"^(?!x)", r"\d{2,}", ".*", r"^\+(46|47)\d+$"];
const NUMBERS: [&str; 8] =
    ["+12125550100", "+12125550101", "+12065550100", "+4684650040", "+881612345678", "911", "anna", "+1"];

fn a_rewrite() -> impl Strategy<Value = Rewrites> {
    let rule = (proptest::sample::select(&PATTERNS[..]), "[+0-9$a-z{}@ ]{0,6}")
        .prop_map(|(pattern, replacement)| rewrite(pattern, &replacement));
    let rules = || proptest::collection::vec(rule.clone(), 0..3);
    (rules(), rules()).prop_map(|(caller, callee)| Rewrites { caller, callee })
}

fn a_policy() -> impl Strategy<Value = PeerPolicy> {
    (a_rewrite(), a_rewrite(), proptest::option::of(proptest::collection::vec(any::<u16>(), 0..5))).prop_map(
        |(inbound, outbound, failover_on)| PeerPolicy {
            inbound,
            outbound,
            failover_on,
            ..PeerPolicy::default()
        },
    )
}

fn some_limits() -> impl Strategy<Value = Limits> {
    (0_u32..4, 0_u32..4).prop_map(|(calls_per_second, max_calls)| Limits { calls_per_second, max_calls })
}

fn a_trunk(index: usize) -> impl Strategy<Value = Trunk> {
    (a_policy(), some_limits(), any::<bool>(), proptest::option::of(-5_i64..50_000)).prop_map(
        move |(policy, limits, enabled, max_call_micros)| Trunk {
            id: TrunkId(Uuid::from_u128(index as u128)),
            policy,
            limits,
            enabled,
            max_call_micros,
            ..trunk(&format!("s{index}.test"))
        },
    )
}

fn a_route() -> impl Strategy<Value = VoiceRoute> {
    let targets = proptest::collection::vec((0_usize..4, 0_u16..3, 0_u16..3), 0..5);
    (proptest::sample::select(&PATTERNS[..]), targets, 0_usize..3, a_rewrite(), any::<bool>()).prop_map(
        |(pattern, targets, order, rewrites, is_timed)| {
            let windows = if is_timed { r#"[{"from":"22:00","until":"06:00"}]"# } else { "[]" };
            VoiceRoute {
                name: pattern.into(),
                number_pattern: pattern.into(),
                targets: targets
                    .into_iter()
                    .map(|(index, priority, weight)| RouteTarget {
                        fqdn: format!("s{index}.test"),
                        priority,
                        weight,
                    })
                    .collect(),
                order: [RouteOrder::Listed, RouteOrder::Shuffle, RouteOrder::Weighted][order],
                rewrites,
                windows: serde_json::from_str(windows).expect("windows"),
                ..VoiceRoute::default()
            }
        },
    )
}

fn a_protection() -> impl Strategy<Value = Protection> {
    let prefixes = || proptest::collection::vec("[0-9x]{0,3}", 0..2);
    let cap = || proptest::option::of(-10_i64..100_000);
    (prefixes(), prefixes(), prefixes(), cap(), cap(), any::<bool>()).prop_map(
        |(
            allowed_prefixes,
            blocked_prefixes,
            high_risk_prefixes,
            max_call_micros,
            max_day_micros,
            allow_below_cost,
        )| {
            Protection {
                allowed_prefixes,
                blocked_prefixes,
                high_risk_prefixes,
                max_call_micros,
                max_day_micros,
                allow_below_cost,
                ..Protection::default()
            }
        },
    )
}

prop_compose! {
    pub(crate) fn a_tenant()(
        trunks in (a_trunk(0), a_trunk(1), a_trunk(2)),
        routes in proptest::collection::vec(a_route(), 0..4),
        protection in a_protection(),
        binding in 0_usize..4,
        active in proptest::bool::weighted(0.9),
    ) -> Tenant {
        let binding = match binding {
            0 => Binding::None,
            1 => Binding::User("anna".into()),
            2 => Binding::Trunk("s1.test".into()),
            _ => Binding::Forward(number("+12065550100")),
        };
        Tenant {
            trunks: vec![trunks.0, trunks.1, trunks.2],
            routes,
            protection,
            active,
            numbers: vec![owned(ACME, "+12125550100", binding), owned(ACME, "+12125550101", Binding::None)],
            ..tenant(ACME, "acme")
        }
    }
}

prop_compose! {
    pub(crate) fn a_world()(
        tenant in a_tenant(),
        costs in proptest::collection::vec((0_i64..30_000, 0_u8..101, 0_u32..3, a_policy()), 0..3),
        order in proptest::sample::subsequence(
            vec![CarrierOrder::Cost, CarrierOrder::Quality, CarrierOrder::Capacity, CarrierOrder::Weight], 0..=4),
        has_emergency: bool,
    ) -> Snapshot {
        let carriers = costs.into_iter().enumerate().map(|(index, (cost, quality, weight, policy))| {
            let mut made = carrier(index as u128 + 1, false, ["", "1", "46"][index]);
            made.prefixes[0].cost_per_minute_micros = cost;
            Carrier { quality, weight, policy, ..made }
        });
        let mut platform = Platform::new(carriers.collect(), vec![sandbox_plan(PLAN)], Abilities { sip_tls: false, srtp: false });
        platform.carrier_order = order;
        if has_emergency {
            platform.emergency = vec![EmergencyCountry {
                country: "US".into(),
                numbers: vec!["911".into()],
                test_numbers: vec![],
                route: Some(EmergencyRoute::Carrier { carrier: CarrierId(Uuid::from_u128(1)) }),
                call_back: CallBack::Owned,
                address_required: false,
            }];
        }
        Snapshot::new(Arc::new(PlatformPiece::new(platform)), [Arc::new(TenantPiece::new(tenant))])
    }
}

prop_compose! {
    pub(crate) fn a_call()(
        source in 0_usize..3, from in proptest::sample::select(&NUMBERS[..]), to in proptest::sample::select(&NUMBERS[..]),
        draw: u64, hour in 0_i64..24,
    ) -> Facts {
        let source = match source {
            0 => Source::App { tenant: ACME },
            1 => Source::Trunk { tenant: ACME, fqdn: "s0.test".into() },
            _ => Source::Carrier { carrier: Some(CarrierId(Uuid::from_u128(1))) },
        };
        let at = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hour);
        Facts { draw, at, ..facts(source, from, to) }
    }
}

prop_compose! {
    pub(crate) fn some_funds()(
        available_micros in prop_oneof![Just(0_i64), 0..100_000_i64, Just(i64::MAX)],
        live_calls in 0_u32..3, spent_today_micros in 0_i64..100_000, offline in 0_u128..4, busy in 0_u128..4,
    ) -> Funds {
        let peer = |n| [Peer::Trunk(TrunkId(Uuid::from_u128(n))), Peer::Carrier(CarrierId(Uuid::from_u128(n)))];
        let load = |peer| PeerLoad { peer, live_calls: 2, calls_last_second: 2 };
        let usage = Usage {
            spent_today_micros,
            offline: peer(offline).to_vec(),
            loads: peer(busy).into_iter().map(load).collect(),
            ..Usage::NONE
        };
        Funds { available_micros, live_calls, calls_last_second: 0, usage }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_decision_holds_together_whatever_the_configuration(config in a_world(), facts in a_call(), funds in some_funds()) {
        let decision = decide(&config, &facts, &funds);
        prop_assert_eq!(&decision, &decide(&config, &facts, &funds), "the same call twice");
        prop_assert_eq!(decision.connects(), !decision.plan.is_empty());
        prop_assert!(decision.plan.len() <= ATTEMPTS_MAX);
        if decision.payer.is_some() {
            prop_assert_eq!(payer(&config, &facts), decision.payer);
        }
        // No trunk or carrier is tried twice, and none that a declined call could lead to.
        for (index, attempt) in decision.plan.iter().enumerate() {
            prop_assert!(decision.plan[..index].iter().all(|earlier| earlier.target != attempt.target));
            prop_assert!(attempt.failover_on.iter().all(|status| may_fail_over(*status)));
        }
        // It costs no more than the money that there is, nor than any cap.
        let protection = &config.tenant(ACME).expect("acme").piece.value.protection;
        let most = decision.quote.price(decision.max_duration_seconds * 1000).micros;
        if decision.connects() && decision.emergency.is_none() {
            prop_assert!(most <= funds.available_micros);
            prop_assert!(protection.max_call_micros.is_none_or(|cap| most <= cap));
            let day = protection.max_day_micros.map(|cap| cap - funds.usage.spent_today_micros);
            prop_assert!(most == 0 || day.is_none_or(|left| most <= left));
        }
    }

    #[test]
    fn an_emergency_call_that_has_a_route_is_always_connected(config in a_world(), funds in some_funds(), draw: u64) {
        let has_route = !config.platform.value.emergency.is_empty() && !config.platform.value.carriers.is_empty();
        let decision = decide(&config, &Facts { draw, ..app("+12125550100", "911") }, &funds);
        prop_assert!(!has_route || decision.connects(), "{:?}", decision.trace);
    }
}
