//! What the operator hears of the media relay.

use crate::house::{operator, start};
use dialtone_app::{Window, outbox, pool};
use testkit::database::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn a_media_worker_that_died_is_told_to_the_operator_once() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let calm = pool::Reading { sessions: 3, capacity: 10, is_scarce: false, deaths: 0 };
        for reading in [calm, pool::Reading { deaths: 1, ..calm }, pool::Reading { deaths: 1, ..calm }] {
            pool::read(&app, reading).await.unwrap();
        }
        let rows = outbox::list(&app, &operator(), None, Window::default()).await.unwrap().value;
        let told: Vec<_> = rows.iter().filter(|row| row.kind == "media.worker.died").collect();
        assert_eq!(told.len(), 1, "{:?}", rows.iter().map(|row| &row.kind).collect::<Vec<_>>());
        assert_eq!(pool::last(&app).map(|reading| reading.deaths), Some(1));
    }
}
