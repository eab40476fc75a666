#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::{
    cause::Cause,
    config::{Abilities, Carrier, Decks, Platform, PlatformPiece, Snapshot, Tenant, TenantPiece},
    decision::{
        Source,
        tests::{ACME, PLAN, RICH, acme, app, carrier, properties::*, route, tenant, trunk},
    },
    deck::read,
    ids::{CarrierId, DeckId, TrunkId},
    money::Currency,
    rating::{DeckUse, LineKind, PricePlan, Rate, VolumePrice, sandbox_plan},
};
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

const FROM: &str = "+12125550100";

fn world(tenant: Tenant, carriers: Vec<Carrier>, plan: PricePlan) -> Snapshot {
    with_decks(tenant, carriers, plan, Decks::new())
}

fn with_decks(tenant: Tenant, carriers: Vec<Carrier>, plan: PricePlan, decks: Decks) -> Snapshot {
    let platform = Platform::new(carriers, vec![plan], Abilities { sip_tls: false, srtp: false });
    let platform = PlatformPiece::with_decks(platform, decks);
    Snapshot::new(Arc::new(platform), [Arc::new(TenantPiece::new(tenant))])
}

fn attempt(on: &Snapshot, facts: Facts, answered_ms: Option<u64>) -> Attempted {
    attempt_with(on, facts, RICH, answered_ms)
}

fn attempt_with(on: &Snapshot, facts: Facts, funds: Funds, answered_ms: Option<u64>) -> Attempted {
    let decision = decide(on, &facts, &funds);
    Attempted {
        call: CallId(Uuid::from_u128(1)),
        tenant: decision.payer,
        answered_ms: answered_ms.filter(|_| decision.connects()),
        took: None,
        facts,
        funds,
        decision,
    }
}

fn one(before: &Snapshot, after: &Snapshot, attempt: &Attempted) -> Figures {
    all(before, after, std::slice::from_ref(attempt))
}

fn all(before: &Snapshot, after: &Snapshot, attempts: &[Attempted]) -> Figures {
    let (mut tally, mut carried) = (Tally::new(None), [Carried::default(), Carried::default()]);
    for attempt in attempts {
        tally.add(&rehearse((before, after), attempt, &mut carried));
    }
    tally.finish(true)
}

fn costly(id: u128, micros: i64) -> Carrier {
    let mut made = carrier(id, false, "");
    made.caller_id = crate::config::CallerIdPolicy::Any;
    made.prefixes[0].cost_per_minute_micros = micros;
    made
}

#[test]
fn a_dearer_plan_earns_more_of_the_same_calls_and_the_margin_says_by_how_much() {
    let plan = sandbox_plan(PLAN);
    let dear = PricePlan { outbound: vec![Rate::new("", 50_000)], version: "draft".into(), ..plan.clone() };
    let carriers = vec![costly(1, 12_000)];
    let (before, after) = (world(acme(), carriers.clone(), plan), world(acme(), carriers, dear));
    let call = attempt(&before, app(FROM, "+4684650040"), Some(90_000));
    let found = one(&before, &after, &call);
    assert_eq!((found.of(Kind::Repriced), found.attempts), (1, 1));
    // 90 s at 0.02 + 0.004 a minute; then at 0.05 + 0.004. The carrier asks 0.012.
    let money = found.money[0];
    assert_eq!((money.revenue_before_micros, money.revenue_after_micros), (36_000, 81_000));
    assert_eq!((money.cost_before_micros, money.cost_after_micros), (18_000, 18_000));
    assert_eq!(money.margins(), (18_000, 63_000));
    assert_eq!(found.differences[0].after.charge.micros, 81_000);
    assert_eq!(found.unknown, [UnknownCount { what: Unknown::Balance, calls: 1 }]);
    assert_eq!(found.clone().without_costs().money[0].cost_after_micros, 0);
}

#[test]
fn another_route_says_from_where_to_where_and_what_was_not_known() {
    let plan = sandbox_plan(PLAN);
    let [first, second] = ["sbc1.acme.test", "sbc2.acme.test"];
    let on = |fqdn: &str| {
        let trunks = [first, second]
            .into_iter()
            .zip(1..)
            .map(|(fqdn, id)| crate::config::Trunk { id: TrunkId(Uuid::from_u128(id)), ..trunk(fqdn) });
        let tenant = Tenant { routes: vec![route(r"^\+46", &[fqdn])], trunks: trunks.collect(), ..acme() };
        world(tenant, vec![costly(1, 0)], plan.clone())
    };
    let (before, after) = (on(first), on(second));
    let calls: Vec<_> = (0..3).map(|_| attempt(&before, app(FROM, "+4684650040"), Some(60_000))).collect();
    let found = all(&before, &after, &calls);
    assert_eq!(found.of(Kind::Rerouted), 3);
    let way = Way { from: format!("trunk {first}"), to: format!("trunk {second}"), calls: 3 };
    assert_eq!(found.ways, [way]);
    let unknown: Vec<Unknown> = found.unknown.iter().map(|unknown| unknown.what).collect();
    assert_eq!(unknown, [Unknown::Answer, Unknown::Load]);
    assert_eq!(found.money[0].revenue_before_micros, found.money[0].revenue_after_micros);
}

#[test]
fn calls_that_a_draft_refuses_or_admits_are_counted_by_their_cause() {
    let plan = sandbox_plan(PLAN);
    let open = world(acme(), vec![costly(1, 0)], plan.clone());
    let unsold = PricePlan { outbound: vec![Rate::new("1", 13_000)], ..plan.clone() };
    let shut = world(acme(), vec![costly(1, 0)], unsold);
    let call = attempt(&open, app(FROM, "+4684650040"), Some(60_000));
    let found = one(&open, &shut, &call);
    assert_eq!((found.of(Kind::Refused), found.causes[0].before), (1, None));
    let cause = found.causes[0].after.unwrap();
    assert_eq!(found.money[0].revenue_after_micros, 0);
    let refused = attempt(&shut, app(FROM, "+4684650040"), None);
    let found = one(&shut, &open, &refused);
    assert_eq!((found.of(Kind::Admitted), found.causes[0].before), (1, Some(cause)));
    assert_eq!(found.unknown[0].what, Unknown::Admitted);
    assert!(found.money.is_empty(), "nobody knows whether it would have been answered");
}

#[test]
fn a_price_that_the_money_of_then_does_not_pay_refuses_or_shortens_the_call() {
    let plan = sandbox_plan(PLAN);
    let dear = PricePlan { outbound: vec![Rate::new("", 96_000)], ..plan.clone() };
    let (before, after) = (world(acme(), vec![costly(1, 0)], plan), world(acme(), vec![costly(1, 0)], dear));
    let with = |available_micros| {
        let funds = Funds { available_micros, ..RICH };
        attempt_with(&before, app(FROM, "+4684650040"), funds, Some(180_000))
    };
    // The first minute takes 0.1 now.
    let poor = one(&before, &after, &with(99_999));
    assert_eq!((poor.of(Kind::Refused), poor.causes[0].after), (1, Some(Cause::BalanceTooLow)));
    let short = one(&before, &after, &with(200_000));
    assert_eq!((short.of(Kind::Repriced), short.shortened), (1, 1));
    assert_eq!(short.money[0].revenue_after_micros, 200_000, "two minutes of the three");
}

#[test]
fn the_cost_is_by_the_longest_prefix_of_the_carrier_or_its_deck_and_by_the_decks_increments() {
    let deck = read("prefix,rate,first,next\n46,0.006,60,60\n467,0.012,60,60\n").unwrap();
    let used =
        DeckUse { deck: DeckId(Uuid::from_u128(5)), hash: "costs".into(), rate_version: String::new() };
    let with = Carrier { deck: Some(used), ..costly(1, 3_000) };
    let decks: Decks = [("costs".to_owned(), Arc::new(deck.deck))].into();
    let config = with_decks(acme(), vec![with], sandbox_plan(PLAN), decks);
    let cost = |to: &str, ms| {
        let number = crate::phone::E164::parse(to).unwrap();
        cost_of(&config, CarrierId(Uuid::from_u128(1)), number, chrono::DateTime::UNIX_EPOCH, ms)
            .unwrap()
            .micros
    };
    assert_eq!(cost("+33155555555", 30_000), 1_500);
    let is_rounded_up =
        config.platform.deck("costs").unwrap().rows().all(|row| row.rate.terms.next_ms == Some(60_000));
    assert_eq!(cost("+4684650040", 61_000), if is_rounded_up { 12_000 } else { 6_100 });
    assert_eq!(cost("+46701740605", 60_000), 12_000);
}

#[test]
fn minutes_that_a_draft_gives_away_run_out_in_the_course_of_the_rehearsal() {
    let plan = sandbox_plan(PLAN);
    let volume = VolumePrice {
        kind: LineKind::Outbound,
        free_minutes: 3,
        free_minutes_per_call: 60,
        tiers: Vec::new(),
    };
    let free = PricePlan { volumes: vec![volume], app_leg_micros: 0, ..plan.clone() };
    let plain = PricePlan { app_leg_micros: 0, ..plan };
    let (before, after) = (world(acme(), vec![costly(1, 0)], plain), world(acme(), vec![costly(1, 0)], free));
    let calls: Vec<_> = (0..3).map(|_| attempt(&before, app(FROM, "+4684650040"), Some(120_000))).collect();
    let found = all(&before, &after, &calls);
    // Six minutes at 0.02; three of them are free.
    let money = found.money[0];
    assert_eq!((money.revenue_before_micros, money.revenue_after_micros), (120_000, 60_000));
    assert!(found.unknown.contains(&UnknownCount { what: Unknown::Volumes, calls: 3 }));
    // The other way round nothing is carried over: what was used is recorded with each call.
    let mut used = RICH;
    used.usage.volumes =
        vec![crate::rating::UsedVolume { kind: LineKind::Outbound, used_ms: 60_000, free_taken_ms: 60_000 }];
    let call = attempt_with(&after, app(FROM, "+4684650040"), used, Some(180_000));
    let found = one(&after, &before, &call);
    assert_eq!(found.money[0].revenue_before_micros, 20_000);
    assert_eq!((found.money[0].revenue_after_micros, found.money[0].currency), (60_000, Currency::USD));
}

#[test]
fn of_each_kind_the_calls_whose_money_changes_most_are_kept() {
    let plan = sandbox_plan(PLAN);
    let dear = PricePlan { outbound: vec![Rate::new("", 50_000)], ..plan.clone() };
    let (before, after) = (world(acme(), vec![costly(1, 0)], plan), world(acme(), vec![costly(1, 0)], dear));
    let calls: Vec<_> = (1..=60_u64)
        .map(|n| Attempted {
            call: CallId(Uuid::from_u128(u128::from(n))),
            ..attempt(&before, app(FROM, "+4684650040"), Some((n * 37) % 61 * 1_000))
        })
        .collect();
    let found = all(&before, &after, &calls);
    assert_eq!(found.differences.len(), EXAMPLES_MAX);
    let changes: Vec<i64> =
        found.differences.iter().map(|of| of.after.charge.micros - of.before.charge.micros).collect();
    assert_eq!(changes[0], 30_000);
    assert!(changes.is_sorted_by(|a, b| a >= b) && changes[24] == 18_000, "{changes:?}");
}

#[test]
fn another_tenants_names_are_not_told() {
    let config = world(acme(), vec![costly(1, 0)], sandbox_plan(PLAN));
    let call = attempt(&config, app(FROM, "anna"), None);
    let mut carried = [Carried::default(), Carried::default()];
    let compared = rehearse((&config, &config), &call, &mut carried);
    assert_eq!(compared.before.way(Some(ACME)), "user anna");
    assert_eq!(compared.before.way(Some(tenant(crate::decision::tests::OTHER, "x").id)), "another tenant");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_was_live_changes_nothing(
        config in a_world(),
        calls in proptest::collection::vec((a_call(), some_funds(), proptest::option::of(0_u64..400_000)), 1..8),
        free_minutes in 0_u32..4,
    ) {
        let mut platform = config.platform.value.clone();
        let kinds = [LineKind::Outbound, LineKind::App, LineKind::Trunk];
        platform.plans[0].volumes = kinds.into_iter().filter(|_| free_minutes > 0).map(|kind| VolumePrice {
            kind, free_minutes, free_minutes_per_call: 2, tiers: Vec::new(),
        }).collect();
        let config = config.with_platform(Arc::new(PlatformPiece::new(platform)));
        let again = Snapshot::new(
            Arc::new(PlatformPiece::new(config.platform.value.clone())),
            config.tenants().map(|tenant| Arc::new(TenantPiece::new(tenant.piece.value.clone()))),
        );
        let calls: Vec<Attempted> =
            calls.into_iter().map(|(facts, funds, ms)| attempt_with(&config, facts, funds, ms)).collect();
        let found = all(&config, &again, &calls);
        prop_assert_eq!(found.of(Kind::Same), calls.len() as u64, "{:?}", found.differences);
        for money in &found.money {
            prop_assert_eq!(money.revenue_before_micros, money.revenue_after_micros);
            prop_assert_eq!(money.cost_before_micros, money.cost_after_micros);
        }
        prop_assert!(found.differences.is_empty() && found.ways.is_empty() && found.causes.is_empty());
        prop_assert_eq!(found.shortened, 0);
        let charged: i64 = calls.iter()
            .filter_map(|call| Some(call.decision.quote.price(call.answered_ms?).micros)).sum();
        prop_assert_eq!(found.money.iter().map(|money| money.revenue_after_micros).sum::<i64>(), charged);
    }

    #[test]
    fn every_attempt_is_counted_once_whatever_the_draft(
        config in a_world(), draft in a_world(), facts in a_call(), funds in some_funds(), ms in proptest::option::of(0_u64..400_000),
    ) {
        let call = attempt_with(&config, facts, funds, ms);
        let found = one(&config, &draft, &call);
        prop_assert_eq!(found.kinds.iter().map(|(_, calls)| calls).sum::<u64>(), 1);
        prop_assert_eq!(alike(&call.decision, &decide(&config, &call.facts, &call.funds)), true);
    }
}

#[test]
fn a_source_that_is_gone_is_no_panic() {
    let config = world(acme(), Vec::new(), sandbox_plan(PLAN));
    let facts = Facts::new(
        Source::Trunk { tenant: ACME, fqdn: "gone.test".into() },
        None,
        crate::phone::Dialled::parse("+1").unwrap(),
    );
    let call = attempt(&config, facts, Some(1));
    assert_eq!(one(&config, &config, &call).of(Kind::Same), 1);
}
