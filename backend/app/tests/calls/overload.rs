//! When the database stands still, new calls are refused at once, and those that are up go on.

use crate::house::{House, hangup, start};
use dialtone_app::calls::{BATCH_MAX, OPENS_MAX, load};
use edge::seam::{CallControl as _, Reply, Verdict};
use std::time::{Duration, Instant};
use testkit::database::TestDb;
use tokio::sync::mpsc;

const ECHO: &str = "+12065550100";

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_answers_503_with_retry_after_while_calls_that_are_up_are_settled() {
    let test = TestDb::sqlite().await.unwrap();
    let house = House::new(&start(&test).await, "acme").await;
    house.set_limits(10_000, 100_000).await;
    let (up, _) = house.connects(ECHO).await;
    let blocked = test.db.begin().await.unwrap();
    let (send, mut verdicts) = mpsc::unbounded_channel();
    let asked = OPENS_MAX + 2 * BATCH_MAX + 100;
    let began = Instant::now();
    for _ in 0..asked {
        let send = send.clone();
        house.control.decide(
            house.dials(ECHO),
            Reply::new(move |verdict| {
                let _ = send.send(verdict);
            }),
        );
    }
    house.ends(up, Some(Duration::from_secs(6)), hangup());
    let mut refused = 0;
    while let Ok(verdict) = verdicts.try_recv() {
        let Some(Verdict::Refuse(refusal)) = verdict else { panic!("connected without a hold: {verdict:?}") };
        assert_eq!((refusal.status, refusal.cause.as_ref()), (503, "platform-unavailable"));
        assert!(refusal.retry_after.is_some_and(|seconds| seconds > 0));
        refused += 1;
    }
    assert!(refused >= 100, "only {refused} were refused at once");
    assert!(began.elapsed() < Duration::from_secs(8), "asking must not wait for the database");
    assert!(load(&house.app).waiting >= 1);
    blocked.rollback().await.unwrap();
    // The money is for 529 first holds; the rest of those that waited is told so.
    let mut connected = 0;
    for _ in refused..asked {
        match verdicts.recv().await.unwrap().expect("an answer") {
            Verdict::Connect(_) => connected += 1,
            Verdict::Refuse(refusal) | Verdict::Announce(refusal, _) => {
                assert_eq!(refusal.cause, "balance-too-low")
            }
        }
    }
    assert_eq!(connected, (9_000_000 - 1_700) / 17_000);
    assert_eq!(house.settled(up).await.total.micros, 1_700);
}
