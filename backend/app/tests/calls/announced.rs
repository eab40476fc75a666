//! What callers hear of calls that fail, where another node changes it.

use crate::house::{House, operator, start, start_command};
use dialtone_app::announcements::{self, Edit};
use edge::seam::Verdict;
use std::time::Duration;
use testkit::database::TestDb;

/// A file of so many seconds.
fn file(seconds: usize) -> Vec<u8> {
    media::wav::write(1, 8_000, &vec![1_000; seconds * 8_000])
}

/// For how long the caller of what is no number hears why.
async fn heard(house: &House) -> Option<Duration> {
    match house.decides(house.dials("12")).await {
        Verdict::Announce(_, prompt) => Some(prompt.lasts),
        Verdict::Refuse(_) => None,
        Verdict::Connect(plan) => panic!("{plan:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_changes_is_heard_here_after_a_refresh() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let house = House::new(&app, "acme").await;
        let other = start_command(&test).await;
        assert_eq!(heard(&house).await, None);

        let edit = Edit {
            country: "GB".to_owned(),
            languages: vec!["en".to_owned()],
            announced: vec!["bad-number".to_owned()],
            seconds_max: 20,
        };
        announcements::change(&other, &operator(), edit).await.unwrap();
        assert_eq!(heard(&house).await, None, "nothing is read while a call is decided");
        announcements::refresh(&app).await.unwrap();
        let tones = heard(&house).await.unwrap();
        for seconds in [3, 2] {
            announcements::upload(&other, &operator(), "bad-number", "en", &file(seconds)).await.unwrap();
            announcements::refresh(&app).await.unwrap();
            assert_eq!(heard(&house).await, Some(Duration::from_secs(seconds as u64)));
        }
        announcements::delete(&other, &operator(), "bad-number", "en").await.unwrap();
        announcements::refresh(&app).await.unwrap();
        assert_eq!(heard(&house).await, Some(tones));
    }
}
