//! Many short calls at once: the writer is busy, batches are large, and answers wait for the ends of their calls.

use crate::house::{House, hangup, start};
use dialtone_app::calls::CallState;
use edge::seam::{CallControl as _, Reply, Verdict};
use std::time::{Duration, Instant, SystemTime};
use testkit::database::TestDb;
use tokio::sync::mpsc;

const ECHO: &str = "+12065550100";
/// A minute of such a call.
const MINUTE: i64 = 17_000;
const CALLS: usize = 300;
/// How long a condition may take to come true.
const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn of_a_burst_each_call_is_answered_charged_and_closed_once_though_answers_wait() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        house.set_limits(10_000, 10_000).await;
        house.set_balance(2 * CALLS as i64 * MINUTE).await;
        let calls = connected(&house).await;
        assert_eq!(house.balance().await.held.micros, CALLS as i64 * MINUTE);
        let (short, long) = calls.split_at(CALLS / 2);
        for call in &calls {
            house.control.answered(*call, SystemTime::now(), 0);
        }
        for call in short {
            house.ends(*call, Some(Duration::from_secs(60)), hangup());
            house.ends(*call, Some(Duration::from_secs(60)), hangup());
        }
        for call in long {
            assert_eq!(house.extends(*call).await, Some(Duration::from_secs(120)));
        }
        for call in short {
            let record = house.settled(*call).await;
            assert!(record.answered_at.is_some());
            assert_eq!(record.total.micros, MINUTE);
        }
        for call in long {
            let began = Instant::now();
            while house.record(*call).await.answered_at.is_none() {
                assert!(began.elapsed() < DEADLINE, "an answer was never written");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(house.record(*call).await.state, CallState::Live);
            house.ends(*call, Some(Duration::from_secs(120)), hangup());
        }
        for call in long {
            assert_eq!(house.settled(*call).await.total.micros, 2 * MINUTE);
        }
        let spent = (short.len() as i64 + 2 * long.len() as i64) * MINUTE;
        assert_eq!(house.balance().await.balance.micros, 2 * CALLS as i64 * MINUTE - spent);
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_refused_for_money_that_is_held_for_calls_which_are_over() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        house.set_limits(10_000, 10_000).await;
        house.set_balance(CALLS as i64 * MINUTE).await;
        let first = connected(&house).await;
        assert_eq!(house.balance().await.available.micros, 0);
        // Many at once, so that settlements gather while the next calls ask for the same money.
        for call in &first {
            house.ends(*call, None, hangup());
        }
        let next = connected(&house).await;
        assert_eq!(house.balance().await.held.micros, CALLS as i64 * MINUTE);
        for call in &next {
            house.ends(*call, Some(Duration::from_secs(60)), hangup());
        }
        for call in first.iter().chain(&next) {
            house.settled(*call).await;
        }
        assert_eq!(house.balance().await.balance.micros, 0);
        house.is_sound().await;
    }
}

/// So many calls, asked for at once.
async fn connected(house: &House) -> Vec<u128> {
    let (send, mut verdicts) = mpsc::unbounded_channel();
    for _ in 0..CALLS {
        let (facts, send) = (house.dials(ECHO), send.clone());
        let call = facts.call;
        let reply = Reply::new(move |verdict| {
            let _ = send.send((call, verdict));
        });
        house.control.decide(facts, reply);
    }
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        let (call, verdict) = verdicts.recv().await.unwrap();
        assert!(matches!(verdict, Some(Verdict::Connect(_))), "{verdict:?}");
        calls.push(call);
    }
    calls
}
