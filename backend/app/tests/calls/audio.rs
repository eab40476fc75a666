//! The operator's list of codecs, where another node changes it.

use crate::house::{House, operator, start, start_command};
use dialtone_app::{audio, snapshot};
use domain::config::{Audio, Codec};
use testkit::database::TestDb;

/// Where the simulated carrier answers.
const ECHO: &str = "+12065550100";

/// The codecs that the phone may use, and those that its callee may.
async fn allowed(house: &House) -> [Vec<&'static str>; 2] {
    let (_, plan) = house.connects(ECHO).await;
    [plan.caller, plan.attempts[0].leg.clone()].map(|leg| leg.media.codecs.into_iter().flatten().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_changes_of_the_audio_holds_here_after_a_refresh() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let house = House::new(&app, "acme").await;
        let other = start_command(&test).await;
        assert_eq!(allowed(&house).await, [vec![], Vec::<&str>::new()]);

        for codecs in [vec![Codec::Pcma, Codec::G722], vec![Codec::Pcmu], vec![]] {
            let known = allowed(&house).await;
            let words: Vec<_> = codecs.iter().map(|codec| codec.word()).collect();
            let wanted = Audio { codecs, echo_numbers: vec!["test".to_owned()] };
            audio::change(&other, &operator(), wanted.clone()).await.unwrap();
            assert_eq!(allowed(&house).await, known, "nothing is read while a call is decided");
            audio::refresh(&app).await.unwrap();
            assert_eq!(allowed(&house).await, [words.clone(), words]);
            assert_eq!(app.live().config.platform.value.audio, wanted);
        }
        // What is known already builds nothing anew.
        let built = snapshot::refreshes(&app).count;
        audio::refresh(&app).await.unwrap();
        assert_eq!(snapshot::refreshes(&app).count, built);
    }
}
