//! Prices counted by hand, and what holds for all of them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::{
    config::{Day, Window},
    ids::PlanId,
    numbering::NumberType,
};
use chrono::{DateTime, Utc};
use proptest::prelude::*;

fn line(per_minute_micros: i64, increment_ms: u32) -> Line {
    Line::plain(LineKind::Outbound, "outbound".into(), per_minute_micros, increment_ms, "v1".into())
}

fn with(line: Line, terms: LineTerms) -> Line {
    Line { terms: Some(Box::new(terms)), ..line }
}

fn quote(lines: Vec<Line>) -> Quote {
    Quote { currency: Currency::USD, lines }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn plan() -> PricePlan {
    sandbox_plan(PlanId(uuid::Uuid::nil()))
}

#[test]
fn hand_counted_charges_hold() {
    // 61,234 ms at 0.0130 a minute: 61,234 * 13,000 / 60,000 = 13,267.36 -> 13,267
    assert_eq!(line(13_000, 1).price(61_234), 13_267);
    // 30 s at 0.0085: 4,250 exactly
    assert_eq!(line(8_500, 1).price(30_000), 4_250);
    // 3 ms at 0.0100: 0.5 -> 1 (half up)
    assert_eq!(line(10_000, 1).price(3), 1);
    // 61 s in minutes: 120 s at 0.0130
    assert_eq!(line(13_000, 60_000).price(61_000), 26_000);
    assert_eq!(line(13_000, 1).price(0), 0);
}

#[test]
fn a_charge_is_exact_to_the_micro_unit_whatever_the_currency_s_coins_are() {
    let by =
        |price, first, next| with(line(price, next), LineTerms { first_ms: first, ..LineTerms::default() });
    // Yen have no smaller coin. 61 s at 12 JPY a minute by 60/60 are two minutes: 24 JPY.
    assert_eq!(by(12_000_000, 60_000, 60_000).price(61_000), 24_000_000);
    // 43.217 s at 1.5 JPY a minute, exact: 43,217 * 1,500,000 / 60,000 = 1,080,425.
    assert_eq!(line(1_500_000, 1).price(43_217), 1_080_425);
    // 43.217 s at 0.0215 EUR a minute, exact: 43,217 * 21,500 / 60,000 = 15,486.09; by 30/6 48 s: 17,200; by 1/1 44 s: 15,766.67.
    assert_eq!(line(21_500, 1).price(43_217), 15_486);
    assert_eq!(
        [by(21_500, 30_000, 6_000), by(21_500, 1_000, 1_000)].map(|line| line.price(43_217)),
        [17_200, 15_767]
    );
    // An invoice rounds once: 24 calls of 15,486 are 0.371664 EUR, and 0.37 is asked for; of 25.93 JPY 26.
    let round = |micros, code: &str| crate::billing::round_to_minor(micros, code.parse().unwrap());
    assert_eq!(round(24 * 15_486, "EUR"), 370_000);
    assert_eq!(round(24 * 1_080_425, "JPY"), 26_000_000);
}

#[test]
fn increments_round_up_as_their_names_say() {
    let by = |first, next| with(line(60_000, next), LineTerms { first_ms: first, ..LineTerms::default() });
    // 60/60: 1 s is a minute, 61 s are two.
    assert_eq!([1_000, 60_000, 61_000].map(|ms| by(60_000, 60_000).billed_ms(ms)), [60_000, 60_000, 120_000]);
    // 30/6: 1 s is 30 s, 31 s are 36 s, 42 s are 42 s, 43 s are 48 s.
    assert_eq!(
        [1_000, 30_000, 31_000, 42_000, 43_000].map(|ms| by(30_000, 6_000).billed_ms(ms)),
        [30_000, 30_000, 36_000, 42_000, 48_000]
    );
    // 1/1: each second that began.
    assert_eq!([1, 1_000, 1_001].map(|ms| by(1_000, 1_000).billed_ms(ms)), [1_000, 1_000, 2_000]);
    // 43 s at 0.06 by 30/6 are 48 s: 0.048.
    assert_eq!(by(30_000, 6_000).price(43_000), 48_000);
    // Exact milliseconds.
    assert_eq!(line(60_000, 1).billed_ms(43_217), 43_217);
}

#[test]
fn a_minimum_of_time_and_one_of_money_count_for_what_lasts_and_costs() {
    let terms = LineTerms { minimum_ms: 20_000, ..LineTerms::default() };
    // 5 s are billed as 20 s: 20,000 * 60,000 / 60,000.
    assert_eq!(with(line(60_000, 1), terms).price(5_000), 20_000);
    let terms = LineTerms { minimum_micros: 50_000, ..LineTerms::default() };
    // 5 s cost 0.005: 0.045 lacks to 0.05. A minute costs 0.06: nothing lacks.
    let charges = quote(vec![with(line(60_000, 1), terms.clone())]).charges(5_000);
    assert_eq!(
        charges.iter().map(|c| (c.line.kind, c.amount.micros)).collect::<Vec<_>>(),
        [(LineKind::Outbound, 5_000), (LineKind::Minimum, 45_000)]
    );
    assert_eq!(with(line(60_000, 1), terms.clone()).price(60_000), 60_000);
    assert_eq!(with(line(60_000, 1), terms).price(0), 0, "no time, nothing to be at least");
}

#[test]
fn a_connection_fee_is_due_once_and_is_a_line_of_its_own() {
    let terms = LineTerms { connection_micros: 70_000, ..LineTerms::default() };
    let quote = quote(vec![with(line(30_000, 1), terms), line(4_000, 1)]);
    // Two minutes: 0.07 + 0.06 + 0.008.
    assert_eq!(quote.price(120_000).micros, 138_000);
    let charges = told(quote.charges(120_000));
    let shown: Vec<_> = charges.iter().map(|c| (c.line.kind, c.billed_ms, c.amount.micros)).collect();
    assert_eq!(
        shown,
        [
            (LineKind::Connection, 0, 70_000),
            (LineKind::Outbound, 120_000, 60_000),
            (LineKind::Outbound, 120_000, 8_000)
        ]
    );
    assert_eq!(charges[0].line.description, "connection fee: outbound");
    assert_eq!(quote.price(0).micros, 70_000, "it is due with the answer");
}

fn volumes(free: u32, per_call: u32, tiers: &[(u32, u16)]) -> PricePlan {
    let tiers =
        tiers.iter().map(|(from_minutes, percent)| Tier { from_minutes: *from_minutes, percent: *percent });
    let volume = VolumePrice {
        kind: LineKind::Outbound,
        free_minutes: free,
        free_minutes_per_call: per_call,
        tiers: tiers.collect(),
    };
    PricePlan { volumes: vec![volume], ..plan() }
}

fn used(minutes: u64, free: u64) -> Vec<UsedVolume> {
    vec![UsedVolume { kind: LineKind::Outbound, used_ms: minutes * 60_000, free_taken_ms: free * 60_000 }]
}

fn at_volume(plan: &PricePlan, used: &[UsedVolume]) -> Quote {
    let mut lines = vec![line(60_000, 1)];
    plan.at_volumes(&mut lines, used, at("2026-11-30T23:59:59Z"));
    quote(lines)
}

#[test]
fn free_minutes_are_used_up_first_and_then_time_costs_what_it_costs() {
    let plan = volumes(100, 60, &[]);
    let quote = at_volume(&plan, &used(98, 98));
    // 2 of 100 free minutes are left: of 5 minutes 3 are paid, 0.06 each.
    assert_eq!(quote.price(300_000).micros, 180_000);
    let charges = quote.charges(300_000);
    assert_eq!((charges[0].billed_ms, charges[0].amount.micros), (120_000, 0));
    assert_eq!(charges[0].line.description, "free minutes: outbound");
    assert_eq!((charges[1].billed_ms, charges[1].amount.micros), (180_000, 180_000));
    assert_eq!(quote.lines[0].counted(300_000), Some(("2026-11", 300_000, 120_000)));
    assert_eq!(at_volume(&plan, &used(100, 100)).price(60_000).micros, 60_000, "none are left");
    assert_eq!(at_volume(&plan, &[]).price(3_600_000).micros, 0, "an hour is what one call may use");
    assert_eq!(at_volume(&plan, &[]).price(3_660_000).micros, 60_000);
}

#[test]
fn two_legs_of_a_kind_do_not_spend_the_same_free_minute() {
    let plan = volumes(10, 8, &[]);
    let mut lines = vec![line(60_000, 1), line(60_000, 1)];
    plan.at_volumes(&mut lines, &[], at("2026-11-01T00:00:00Z"));
    let free: Vec<u64> = lines.iter().map(|line| line.terms.as_deref().unwrap().free_ms() / 60_000).collect();
    assert_eq!(free, [8, 2]);
}

#[test]
fn a_tier_begins_at_its_minute_in_the_middle_of_a_call_too() {
    let plan = volumes(0, 0, &[(100, 50), (200, 25)]);
    // 99 minutes are used: one at 0.06, a hundred at 0.03, the rest at 0.015.
    let quote = at_volume(&plan, &used(99, 0));
    assert_eq!(quote.price(60_000).micros, 60_000);
    assert_eq!(quote.price(120_000).micros, 90_000);
    assert_eq!(quote.price(101 * 60_000).micros, 60_000 + 100 * 30_000);
    assert_eq!(quote.price(103 * 60_000).micros, 60_000 + 100 * 30_000 + 2 * 15_000);
    assert_eq!(at_volume(&plan, &used(500, 0)).price(60_000).micros, 15_000);
}

#[test]
fn a_time_of_day_is_chosen_by_the_clock_of_its_place_when_the_call_arrives() {
    let night: Window =
        serde_json::from_str(r#"{"from": "22:00", "until": "06:00", "zone": "Europe/Stockholm"}"#).unwrap();
    let weekend = Window {
        days: vec![Day::Sat, Day::Sun],
        from: "00:00".to_owned().try_into().unwrap(),
        until: "24:00".to_owned().try_into().unwrap(),
        ..night.clone()
    };
    let period = |name: &str, window, percent| Period {
        name: name.into(),
        windows: vec![window],
        kinds: vec![LineKind::App],
        percent,
    };
    let plan =
        PricePlan { periods: vec![period("night", night, 50), period("weekend", weekend, 75)], ..plan() };
    let price = |text| plan.app_leg(at(text)).per_minute_micros;
    // Stockholm is an hour ahead of UTC in winter, two in summer.
    assert_eq!(price("2026-11-23T20:59:59Z"), 4_000);
    assert_eq!(price("2026-11-23T21:00:00Z"), 2_000);
    assert_eq!(price("2026-07-22T20:00:00Z"), 2_000);
    assert_eq!(price("2026-11-28T12:00:00Z"), 3_000, "a Saturday");
    assert_eq!(plan.trunk_leg(at("2026-11-23T21:00:00Z")).per_minute_micros, 4_000, "another kind of leg");
    assert_eq!(plan.lowest(LineKind::App, 4_000), 2_000);
}

#[test]
fn terms_of_a_kind_hold_for_its_legs_and_those_of_all_for_the_others() {
    let of = |kinds, terms| KindTerms { kinds, terms };
    let plan = PricePlan {
        terms: vec![
            of(vec![LineKind::Inbound], RateTerms { connection_micros: Some(5), ..RateTerms::default() }),
            of(vec![], RateTerms { next_ms: Some(6_000), first_ms: Some(30_000), ..RateTerms::default() }),
        ],
        ..plan()
    };
    let at = at("2026-11-23T12:00:00Z");
    let inbound = plan.inbound(NumberType::TollFree, at).unwrap();
    assert_eq!((inbound.price(0), inbound.billed_ms(31_000)), (5, 36_000));
    assert_eq!((plan.app_leg(at).price(0), plan.app_leg(at).billed_ms(1)), (0, 30_000));
}

#[test]
fn an_affordable_duration_is_the_last_second_the_money_covers() {
    let quote = quote(vec![line(13_000, 1), line(4_000, 1)]);
    let seconds = quote.affordable_seconds(1_000_000, 100_000);
    assert!(
        quote.price(seconds * 1000).micros <= 1_000_000
            && quote.price((seconds + 1) * 1000).micros > 1_000_000
    );
    assert_eq!(quote.affordable_seconds(0, 100), 0);
    assert_eq!(Quote { currency: Currency::USD, lines: vec![] }.affordable_seconds(0, 100), 100);
}

#[test]
fn a_plan_of_an_earlier_version_reads_and_writes_as_it_did() {
    let kept = r#"{"id":"00000000-0000-0000-0000-000000000000","name":"sandbox","version":"sandbox-1","currency":"USD","hold_seconds":60,"increment_ms":1,"outbound":[{"prefix":"1","per_minute_micros":13000},{"prefix":"","per_minute_micros":20000}],"inbound":[["geographic",8500],["mobile",8500],["tollFree",22000]],"app_leg_micros":4000,"trunk_leg_micros":4000,"monthly":[["geographic",1000000],["mobile",1000000],["tollFree",2000000]]}"#;
    assert_eq!(serde_json::from_str::<PricePlan>(kept).unwrap(), plan());
    assert_eq!(serde_json::to_string(&plan()).unwrap(), kept);
    let line = r#"{"kind":"app","description":"app leg","perMinuteMicros":4000,"incrementMs":1,"rateVersion":"sandbox-1"}"#;
    let read: Line = serde_json::from_str(line).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), line);
}

#[test]
fn what_cannot_be_is_refused_by_its_field() {
    let field = |plan: PricePlan| plan.check().expect_err("it cannot be").0;
    assert_eq!(plan().check(), Ok(()));
    assert_eq!(field(PricePlan { app_leg_micros: -1, ..plan() }), "appLeg");
    assert_eq!(field(PricePlan { currency: "XYZ".parse().unwrap(), ..plan() }), "currency");
    assert_eq!(
        field(PricePlan { outbound: vec![Rate::new("1", 1), Rate::new("1", 2)], ..plan() }),
        "outbound[1].prefix"
    );
    assert_eq!(field(PricePlan { outbound: vec![Rate::new("1x", 1)], ..plan() }), "outbound[0].prefix");
    assert_eq!(field(PricePlan { outbound: vec![Rate::new("1", -5)], ..plan() }), "outbound[0].perMinute");
    assert_eq!(field(volumes(0, 0, &[(100, 90), (100, 80)])), "volumes[0].tiers[1].fromMinutes");
    assert_eq!(field(volumes(0, 0, &[(100, 2_000)])), "volumes[0].tiers[0].percent");
    assert_eq!(field(volumes(1, 0, &[])), "volumes[0].freeMinutesPerCall");
    assert_eq!(field(PricePlan { hold_seconds: 0, ..plan() }), "holdSeconds");
}

fn any_line() -> impl Strategy<Value = Line> {
    let steps = proptest::collection::vec((0_u64..600_000, 0_i64..2_000_000, any::<bool>()), 0..4);
    let terms = (0_i64..100_000, 0_u32..90_000, 0_u32..90_000, 0_i64..1_000_000, steps);
    (0_i64..2_000_000, 1_u32..90_000, proptest::option::of(terms)).prop_map(|(price, increment, terms)| {
        let plain = line(price, increment);
        let Some((connection_micros, first_ms, minimum_ms, minimum_micros, steps)) = terms else {
            return plain;
        };
        let steps = steps.into_iter().map(|(ms, micros, is_free)| Step {
            ms,
            per_minute_micros: if is_free { 0 } else { micros },
            is_free,
        });
        let steps = steps.collect();
        with(
            plain,
            LineTerms {
                connection_micros,
                first_ms,
                minimum_ms,
                minimum_micros,
                steps,
                month: "2026-11".into(),
            },
        )
    })
}

proptest! {
    #[test]
    fn a_longer_call_never_costs_less_and_charges_sum_to_the_price(
        lines in proptest::collection::vec(any_line(), 0..4), a in 0_u64..90_000_000, b in 0_u64..90_000_000,
    ) {
        let quote = quote(lines);
        let (short, long) = (a.min(b), a.max(b));
        prop_assert!(quote.price(short).micros <= quote.price(long).micros);
        prop_assert_eq!(quote.charges(a).iter().map(|c| c.amount.micros).sum::<i64>(), quote.price(a).micros);
        // As many charges for each duration, so that amounts alone can be kept.
        let kinds = |ms| quote.charges(ms).into_iter().map(|c| c.line).collect::<Vec<_>>();
        prop_assert_eq!(kinds(a), kinds(b));
        for charge in quote.charges(a).iter().filter(|c| LineKind::LEGS.contains(&c.line.kind)) {
            let time = crate::money::divide_rounding_half_up(
                i128::from(charge.billed_ms) * i128::from(charge.line.per_minute_micros), 60_000,
            );
            prop_assert_eq!(charge.amount.micros, time);
        }
    }

    #[test]
    fn what_is_affordable_is_paid_for_and_a_second_more_is_not(
        lines in proptest::collection::vec(any_line(), 1..4), money in 0_i64..10_000_000, cap in 1_u64..20_000,
    ) {
        let quote = quote(lines);
        let seconds = quote.affordable_seconds(money, cap);
        prop_assert!(seconds == 0 || quote.price(seconds * 1000).micros <= money);
        prop_assert!(seconds == cap || quote.price((seconds + 1) * 1000).micros > money);
    }

    #[test]
    fn a_quote_that_was_kept_charges_the_same(lines in proptest::collection::vec(any_line(), 0..4), ms in 0_u64..9_000_000) {
        let quote = quote(lines);
        let kept: Quote = serde_json::from_str(&serde_json::to_string(&quote).unwrap()).unwrap();
        prop_assert_eq!(kept.charges(ms), quote.charges(ms));
    }
}
