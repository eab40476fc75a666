//! What a crash leaves is closed at the next start, at a time at which it was up for certain.

use crate::house::{House, start, start_command};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use dialtone_app::{
    PageRequest,
    calls::{self, CallFilter, CallState},
};
use domain::{access::Scope, cause::Cause};
use edge::seam::CallControl as _;
use std::time::{Duration, SystemTime};
use testkit::database::TestDb;

const ECHO: &str = "+12065550100";

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_every_call_is_closed_and_charged_up_to_the_last_heartbeat_and_no_hold_stays() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let answered_at = SystemTime::now() - Duration::from_secs(30);
        let (mut answered, mut ringing) = (Vec::new(), Vec::new());
        for count in 0..40 {
            let (call, _) = house.connects(ECHO).await;
            if count % 2 == 0 {
                house.control.answered(call, answered_at, 0);
                answered.push(call);
            } else {
                ringing.push(call);
            }
        }
        // An extension is answered after everything before it is written.
        house.extends(answered[0]).await.unwrap();
        let held = house.balance().await.held.micros;
        assert_eq!(held, 41 * 17_000);
        let last = (Utc::now() - TimeDelta::seconds(3)).trunc_subsecs(6);
        beat(&test, last).await;
        let House { app, control, actor, tenant, number } = house;
        drop((app, control));

        let app = start(&test).await;
        let house = House { control: calls::Control::new(&app), app, actor, tenant, number };
        let mut spent = 0;
        for call in answered {
            let record = house.record(call).await;
            assert_eq!(record.state, CallState::Ended);
            assert_eq!(record.ended_at, Some(last));
            let lasted = last - DateTime::<Utc>::from(answered_at).trunc_subsecs(6);
            assert_eq!(record.duration_ms, lasted.num_milliseconds().unsigned_abs());
            let sum: i64 = record.charges.iter().map(|line| line.amount.micros).sum();
            assert!(sum > 0 && sum == record.total.micros);
            spent += sum;
        }
        for call in ringing {
            let record = house.record(call).await;
            assert_eq!((record.state, record.total.micros, record.duration_ms), (CallState::Ended, 0, 0));
            assert_eq!(record.outcome.map(|outcome| outcome.cause), Some(Cause::PlatformStopped));
        }
        assert_eq!(house.balance().await.balance.micros, 9_000_000 - spent);
        house.is_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_a_running_server_closes_none_of_its_calls() {
    let test = TestDb::sqlite().await.unwrap();
    let house = House::new(&start(&test).await, "acme").await;
    let (call, _) = house.connects(ECHO).await;
    let command = start_command(&test).await;
    assert_eq!(calls::recover_lost(&command).await.unwrap(), 0, "this node is at work");
    assert_eq!(house.record(call).await.state, CallState::Live);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_a_node_that_is_gone_are_closed_by_another_one() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let (call, _) = house.connects(ECHO).await;
        let renamed = "UPDATE calls SET node = 'n2'";
        let scope = Scope::system("a test");
        test.db.script(&scope, renamed).await.unwrap();
        let tx = test.db.begin().await.unwrap();
        let long_ago = Utc::now().trunc_subsecs(6) - TimeDelta::seconds(61);
        store::heartbeat::beat(&tx, &scope, "n2", long_ago, long_ago).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(calls::recover_lost(&house.app).await.unwrap(), 1);
        assert_eq!(house.record(call).await.state, CallState::Ended);
        let all =
            calls::list(&house.app, &house.actor, &CallFilter::default(), &PageRequest::default()).await;
        assert_eq!(all.unwrap().value.len(), 1);
        house.is_sound().await;
    }
}

async fn beat(test: &TestDb, at: DateTime<Utc>) {
    let tx = test.db.begin().await.unwrap();
    store::heartbeat::beat(&tx, &Scope::system("a test"), "n1", at, at).await.unwrap();
    tx.commit().await.unwrap();
}
