//! What calls cost: hand-counted, once, and never more than was held.

use crate::house::{House, hangup, operator, start};
use dialtone_app::{PageRequest, Window, calls::Simulation, calls::SimulationSource, money, outbox, plans};
use domain::{
    cause::Cause,
    ledger::EntryKind,
    rating::{LineKind, PricePlan, VolumePrice},
};
use edge::seam::{CallControl as _, End, Verdict};
use std::time::Duration;
use testkit::database::TestDb;

/// Calls of the answering range: +1, so 0.0130 a minute, and 0.0040 for the leg of the phone.
const ECHO: &str = "+12065550100";
/// The first hold of such a call: a minute of both.
const FIRST_HOLD: i64 = 17_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_answered_call_costs_what_a_pencil_says_and_leaves_one_entry() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let (call, plan) = house.connects(ECHO).await;
        assert_eq!(plan.funded, Some(Duration::from_secs(60)));
        assert_eq!(house.balance().await.held.micros, FIRST_HOLD);
        house.control.answered(call, std::time::SystemTime::now(), 0);
        assert_eq!(house.extends(call).await, Some(Duration::from_secs(120)));
        assert_eq!(house.balance().await.held.micros, 2 * FIRST_HOLD);
        house.ends(call, Some(Duration::from_millis(61_234)), hangup());
        let record = house.settled(call).await;
        // 61,234 ms: at 0.0040 a minute 4,082.27, at 0.0130 a minute 13,267.37
        let lines: Vec<_> = record.charges.iter().map(|line| (line.billed_ms, line.amount.micros)).collect();
        assert_eq!(lines, [(61_234, 4_082), (61_234, 13_267)]);
        assert_eq!((record.duration_ms, record.total.micros), (61_234, 17_349));
        assert_eq!(house.balance().await.balance.micros, 9_000_000 - 17_349);
        let page = money::ledger(&house.app, &house.actor, &PageRequest::default()).await.unwrap();
        let usage: Vec<_> = page.value.iter().filter(|entry| entry.kind == EntryKind::Usage).collect();
        assert_eq!(usage.len(), 1);
        assert_eq!((usage[0].amount.micros, usage[0].call_id), (-17_349, Some(record.id)));
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_costs_nothing_and_says_why() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        for (end, cause, code) in [
            (End::Failed { status: 486, q850: Some(17) }, Cause::Busy, 486),
            (End::Cancelled, Cause::Cancelled, 487),
            (End::NoAnswer, Cause::NoAnswer, 480),
            (End::Unreachable, Cause::Unreachable, 408),
        ] {
            let (call, _) = house.connects(ECHO).await;
            house.ends(call, None, end);
            let record = house.settled(call).await;
            let outcome = record.outcome.unwrap();
            assert_eq!((outcome.cause, outcome.code), (cause, code));
            assert_eq!((record.total.micros, record.charges.len(), record.duration_ms), (0, 0, 0));
        }
        assert_eq!(house.balance().await.balance.micros, 9_000_000);
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_twice_is_charged_once() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let (call, _) = house.connects(ECHO).await;
        house.ends(call, Some(Duration::from_secs(30)), hangup());
        house.ends(call, Some(Duration::from_secs(45)), hangup());
        assert_eq!(house.settled(call).await.total.micros, 8_500);
        // Everything that is queued is written before what is queued later.
        let (later, _) = house.connects(ECHO).await;
        house.ends(later, None, End::Cancelled);
        house.settled(later).await;
        assert_eq!(house.balance().await.balance.micros, 9_000_000 - 8_500);
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_whom_nobody_wants_to_hear_leaves_no_message() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let (call, _) = house.connects(ECHO).await;
        house.ends(call, Some(Duration::from_secs(30)), hangup());
        house.settled(call).await;
        let written = outbox::list(&house.app, &operator(), None, Window::default()).await.unwrap().value;
        let calls: Vec<_> = written.iter().filter(|message| message.kind.starts_with("call.")).collect();
        assert!(calls.is_empty(), "{calls:?}");
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_500_parallel_calls_on_money_for_100_exactly_100_are_connected() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        house.set_limits(10_000, 10_000).await;
        house.set_balance(100 * FIRST_HOLD).await;
        let waiting: Vec<_> = (0..500)
            .map(|_| {
                let (send, verdict) = tokio::sync::oneshot::channel();
                let (control, facts) = (house.control.clone(), house.dials(ECHO));
                let call = facts.call;
                std::thread::spawn(move || {
                    control.decide(
                        facts,
                        edge::seam::Reply::new(|verdict| {
                            let _ = send.send(verdict);
                        }),
                    );
                });
                (call, verdict)
            })
            .collect();
        let mut connected = Vec::new();
        for (call, verdict) in waiting {
            match verdict.await.unwrap().expect("an answer") {
                Verdict::Connect(_) => connected.push(call),
                Verdict::Refuse(refusal) | Verdict::Announce(refusal, _) => {
                    assert_eq!((refusal.status, refusal.cause.as_ref()), (403, "balance-too-low"));
                }
            }
        }
        assert_eq!(connected.len(), 100);
        let balance = house.balance().await;
        assert_eq!((balance.available.micros, balance.held.micros), (0, 100 * FIRST_HOLD));
        for call in &connected {
            house.ends(*call, Some(Duration::from_secs(60)), hangup());
        }
        for call in connected {
            assert_eq!(house.settled(call).await.total.micros, FIRST_HOLD);
        }
        assert_eq!(house.balance().await.balance.micros, 0);
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_lasts_as_long_as_the_money_and_never_costs_more_than_was_held() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        house.set_balance(25_500).await;
        let (call, _) = house.connects(ECHO).await;
        assert_eq!(house.extends(call).await, Some(Duration::from_secs(90)), "a part of a step is a step");
        assert_eq!(house.extends(call).await, None);
        let facts = house.dials(ECHO);
        assert_eq!(house.is_refused(facts).await.cause, "balance-too-low");
        // The edge ends it at 90 s; what it takes longer is not the tenant's.
        let out_of_funds = edge::seam::Refusal {
            status: 403,
            q850: 21,
            cause: Cause::OutOfFunds.word().into(),
            retry_after: None,
        };
        house.ends(call, Some(Duration::from_millis(90_040)), End::Ours(out_of_funds));
        let record = house.settled(call).await;
        assert_eq!(
            (record.duration_ms, record.charges[0].billed_ms, record.total.micros),
            (90_040, 90_000, 25_500)
        );
        assert_eq!(record.outcome.map(|outcome| outcome.cause), Some(Cause::OutOfFunds));
        assert_eq!(house.balance().await.balance.micros, 0);
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_money_is_told_how_much_is_missing_live_and_in_a_dry_run() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        house.set_balance(16_999).await;
        let facts = house.dials(ECHO);
        let call = facts.call;
        assert_eq!(house.is_refused(facts).await.status, 403);
        let decision = house.settled(call).await.decision.unwrap().decided;
        let missing = decision.detail.clone().unwrap();
        assert!(missing.contains("0.000001 USD is missing"), "{missing}");
        let dry = Simulation {
            from: Some(house.number.to_string()),
            to: ECHO.to_owned(),
            source: SimulationSource::App,
        };
        let dry = dialtone_app::calls::simulate(&house.app, &house.actor, &dry).await.unwrap();
        assert_eq!(dry, decision);
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_while_its_hold_is_written_is_closed_after_it() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let blocked = test.db.begin().await.unwrap();
        let facts = house.dials(ECHO);
        let call = facts.call;
        let (send, verdict) = tokio::sync::oneshot::channel();
        house.control.decide(
            facts,
            edge::seam::Reply::new(|verdict| {
                let _ = send.send(verdict);
            }),
        );
        house.ends(call, None, End::Cancelled);
        blocked.rollback().await.unwrap();
        verdict.await.unwrap().expect("an answer");
        let record = house.settled(call).await;
        assert_eq!(record.outcome.map(|outcome| outcome.cause), Some(Cause::Cancelled));
        house.is_sound().await;
        assert_eq!(dialtone_app::calls::load(&house.app).live_calls, 0);
    }
}

/// What a minute of the leg of a phone costs.
const APP_LEG: i64 = 4_000;

#[tokio::test(flavor = "multi_thread")]
async fn parallel_calls_on_one_allowance_use_each_free_minute_once() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        house.set_limits(10_000, 10_000).await;
        let free = VolumePrice {
            kind: LineKind::Outbound,
            free_minutes: 10,
            free_minutes_per_call: 1,
            tiers: Vec::new(),
        };
        let plan = plans::starting(&house.app.live().config).unwrap().id;
        let change = |now| Ok(PricePlan { volumes: vec![free.clone()], ..now });
        plans::change(&house.app, &operator(), plan, plans::When::default(), change).await.unwrap();
        let before = house.balance().await.balance.micros;
        let waiting: Vec<_> = (0..25)
            .map(|_| {
                let (send, verdict) = tokio::sync::oneshot::channel();
                let (control, facts) = (house.control.clone(), house.dials(ECHO));
                let call = facts.call;
                std::thread::spawn(move || {
                    control.decide(
                        facts,
                        edge::seam::Reply::new(|verdict| {
                            let _ = send.send(verdict);
                        }),
                    );
                });
                (call, verdict)
            })
            .collect();
        let mut calls = Vec::new();
        for (call, verdict) in waiting {
            assert!(matches!(verdict.await.unwrap().expect("an answer"), Verdict::Connect(_)));
            calls.push(call);
        }
        // Ten calls hold the leg of the phone alone; what was free for them is free for nobody else while they are up.
        assert_eq!(house.balance().await.held.micros, 10 * APP_LEG + 15 * FIRST_HOLD);
        for call in &calls {
            house.ends(*call, Some(Duration::from_secs(60)), hangup());
        }
        let mut totals = Vec::new();
        for call in calls {
            totals.push(house.settled(call).await.total.micros);
        }
        totals.sort_unstable();
        assert_eq!(totals, [vec![APP_LEG; 10], vec![FIRST_HOLD; 15]].concat());
        assert_eq!(before - house.balance().await.balance.micros, 10 * APP_LEG + 15 * FIRST_HOLD);
        house.is_sound().await;
    }
}
