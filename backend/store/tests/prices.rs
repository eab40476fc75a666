//! Minutes of a month and what decks say, on both databases.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use chrono::DateTime;
use dialtone_store::{
    prices::{self, Deck, DeckBody, DeckVersion},
    volumes::{Changes, used},
};
use domain::{
    access::Scope,
    ids::{DeckId, TenantId},
    money::Currency,
    rating::{Line, LineKind, LineTerms, Quote, Step, UsedVolume},
};
use testkit::database::TestDb;
use uuid::Uuid;

const SYSTEM: Scope = Scope::system("a test");

/// A quote with so many free minutes.
fn quote(free: u64) -> Quote {
    let step = Step { ms: free * 60_000, per_minute_micros: 0, is_free: true };
    let terms = LineTerms { steps: vec![step], month: "2026-11".to_owned(), ..LineTerms::default() };
    let line = Line::plain(LineKind::App, "app leg".into(), 4_000, 1, "v1".to_owned());
    Quote { currency: Currency::USD, lines: vec![Line { terms: Some(Box::new(terms)), ..line }] }
}

fn minutes(used: u64, free: u64) -> Vec<UsedVolume> {
    vec![UsedVolume { kind: LineKind::App, used_ms: used * 60_000, free_taken_ms: free * 60_000 }]
}

#[tokio::test]
async fn free_minutes_are_set_aside_used_and_given_back() {
    for test in TestDb::each().await.unwrap() {
        let (db, tenant) = (&test.db, TenantId(Uuid::now_v7()));
        let now = async || used(db.read(), &SYSTEM, tenant, "2026-11").await.unwrap();
        let apply = async |change: &(dyn Fn(&mut Changes) + Sync)| {
            let mut changes = Changes::default();
            change(&mut changes);
            db.write::<_, dialtone_store::Error, _>(async |tx| changes.write(tx, &SYSTEM).await)
                .await
                .unwrap();
        };
        apply(&|changes| changes.begin(tenant, &quote(10))).await;
        apply(&|changes| changes.begin(tenant, &quote(5))).await;
        assert_eq!(now().await, minutes(0, 15));
        // One talks for 12 minutes, 10 of them free; the other is not answered.
        apply(&|changes| changes.end(tenant, &quote(10), Some(12 * 60_000))).await;
        apply(&|changes| changes.end(tenant, &quote(5), None)).await;
        assert_eq!(now().await, minutes(12, 10));
        assert!(used(db.read(), &SYSTEM, tenant, "2026-12").await.unwrap().is_empty());
        let mut waiting = Changes::default();
        waiting.begin(tenant, &quote(3));
        assert_eq!(waiting.upon(tenant, "2026-11", &now().await), minutes(12, 13));
    }
}

fn version(deck: Uuid, number: i32, state: &str, hash: &str) -> DeckVersion {
    DeckVersion {
        id: Uuid::now_v7(),
        deck_id: deck,
        number,
        state: state.to_owned(),
        hash: hash.to_owned(),
        row_count: 1,
        note: String::new(),
        preview: serde_json::Value::Null,
        effective_at: Some(DateTime::UNIX_EPOCH),
        created_by: "a test".to_owned(),
        created_at: DateTime::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn drafts_are_forgotten_with_what_they_alone_say() {
    for test in TestDb::each().await.unwrap() {
        let (db, id) = (&test.db, Uuid::now_v7());
        let deck = Deck {
            id,
            name: format!("deck {id}"),
            kind: "price".to_owned(),
            currency: "USD".to_owned(),
            current_version_id: None,
            created_at: DateTime::UNIX_EPOCH,
        };
        let (shared, own) = (format!("{id}-1"), format!("{id}-2"));
        let body = |hash: &str| DeckBody {
            hash: hash.to_owned(),
            body: vec![1, 2, 3],
            created_at: DateTime::UNIX_EPOCH,
        };
        let (applied, draft) =
            (version(id, 1, prices::APPLIED, &shared), version(id, 2, prices::DRAFT, &own));
        db.write::<_, dialtone_store::Error, _>(async |tx| {
            prices::insert_deck(tx, &SYSTEM, deck.clone()).await?;
            for hash in [&shared, &own, &shared] {
                prices::keep_deck_body(tx, &SYSTEM, body(hash)).await?;
            }
            prices::insert_deck_version(tx, &SYSTEM, applied.clone()).await?;
            prices::insert_deck_version(tx, &SYSTEM, draft.clone()).await?;
            prices::update_deck(tx, &SYSTEM, Deck { current_version_id: Some(applied.id), ..deck.clone() })
                .await?;
            prices::drop_drafts(tx, &SYSTEM, DeckId(id)).await
        })
        .await
        .unwrap();
        let versions = prices::deck_versions(db.read(), &SYSTEM, DeckId(id), 9).await.unwrap();
        assert_eq!(versions.iter().map(|row| row.number).collect::<Vec<_>>(), [1]);
        assert!(prices::deck_body(db.read(), &SYSTEM, &shared).await.unwrap().is_some());
        assert!(prices::deck_body(db.read(), &SYSTEM, &own).await.unwrap().is_none());
        let current = prices::current_deck_versions(db.read(), &SYSTEM).await.unwrap();
        assert!(current.iter().any(|(deck, version)| deck.id == id && version.hash == shared));
    }
}
