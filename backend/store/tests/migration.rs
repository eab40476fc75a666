//! What older versions have written is read after the migrations of today.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use dialtone_store::{self as store, Db, Options, calls::LegSide};
use domain::{access::Scope, ids::CallId, money::Money};
use migrations::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, Database};
use uuid::Uuid;

const SYSTEM: Scope = Scope::system("a test");

/// A live call with its hold, and an ended one with legs, charges, entries, decision and message, as they were before
/// `m0240_lean_calls`.
const OLD: &str = r#"
INSERT INTO accounts VALUES (X'01a205fc8daa74e3b56e81bf5777d1ff', X'01a205fc8daa74e3b56e81bf5777d1ff', 'tenant', 'USD', 999795, 17000, 0, '2026-11-23T01:20:00+00:00');
INSERT INTO calls SELECT X'01a205fd7be3704f8f25bfb6778b5a61', X'01a205fc8daa74e3b56e81bf5777d1ff', NULL, 'n1', 'outbound', 'live',
  '+13125550198', '+12065550100', NULL, NULL, '2026-11-23T01:20:28.131224+00:00', NULL, NULL, 0, 60000, NULL, NULL, NULL, NULL, 'USD',
  '{"currency":"USD","lines":[{"kind":"trunk","description":"trunk leg","perMinuteMicros":17000,"incrementMs":1,"rateVersion":"v"}]}', '[]', 0;
INSERT INTO holds VALUES (X'01', X'01a205fc8daa74e3b56e81bf5777d1ff', 'call', X'01a205fd7be3704f8f25bfb6778b5a61', 17000, '2026-11-23T01:20:28+00:00');
INSERT INTO calls SELECT X'01a205fd7be3704f8f25bfb6778b5a62', tenant_id, NULL, node, direction, 'ended', caller, callee, NULL, NULL, started_at,
  '2026-11-23T01:20:29+00:00', '2026-11-23T01:20:30+00:00', 726, 60000, 0, 560000, 'normal-clearing', 'over', 'USD', quote,
  '[{"kind":"trunk","description":"trunk leg","perMinuteMicros":17000,"incrementMs":1,"rateVersion":"v","billedMs":726,"amount":{"amountMicros":205,"currency":"USD"}}]',
  205 FROM calls;
INSERT INTO legs VALUES
  (X'01a205fd7be3704f8f25bfb6778b5a62', 'callee', NULL, 'udp', 'b', '', 0, 0, 0, 0, 0, 3, '', ''),
  (X'01a205fd7be3704f8f25bfb6778b5a62', 'caller', '127.0.0.1:5060', 'tls', 'a', 'PCMU', 7, 70, 1, 0, 5, 0, 'ok', 'fine');
INSERT INTO decisions VALUES (X'02', X'01a205fd7be3704f8f25bfb6778b5a62', '2026-11-23T01:20:28+00:00',
  '{"source":{"kind":"carrier","carrier":null},"from":"+13125550198","to":"+12065550100"}',
  '{"available_micros":5,"live_calls":0,"calls_last_second":0}',
  '{"verdict":"connect","payer":null,"direction":"outbound","plan":[],"quote":{"currency":"USD","lines":[]},"holdSeconds":60,"maxDurationSeconds":9,"config":["a","b"],"trace":[]}',
  'a b', '+46');
INSERT INTO journals VALUES (X'03', 'usage:x', 'usage', 'call', '2026-11-23T01:20:30+00:00'), (X'08', 'credit:x', 'credit', 'c', '2026-11-23T01:20:30+00:00');
INSERT INTO accounts VALUES (X'07', NULL, 'revenue', 'USD', 0, 0, 0, '2026-11-23T01:20:00+00:00');
INSERT INTO entries VALUES
  (X'09', X'08', X'01a205fc8daa74e3b56e81bf5777d1ff', X'01a205fc8daa74e3b56e81bf5777d1ff', '2026-11-23T01:20:30+00:00', 'credit', 1000000, 'USD', 1000000, NULL, NULL, NULL),
  (X'0A', X'08', X'07', NULL, '2026-11-23T01:20:30+00:00', 'credit', -1000000, 'USD', NULL, NULL, NULL, NULL),
  (X'04', X'03', X'01a205fc8daa74e3b56e81bf5777d1ff', X'01a205fc8daa74e3b56e81bf5777d1ff', '2026-11-23T01:20:30+00:00', 'usage', -205, 'USD', 999795, X'01a205fd7be3704f8f25bfb6778b5a62', NULL, NULL),
  (X'05', X'03', X'07', NULL, '2026-11-23T01:20:30+00:00', 'usage', 205, 'USD', NULL, X'01a205fd7be3704f8f25bfb6778b5a62', NULL, NULL);
INSERT INTO outbox VALUES (X'01a205fd7be3704f8f25bfb6778b5a63', NULL, 'mail', '{"to":"a"}', 'pending', 0, '2026-11-23T01:20:30+00:00', NULL, '2026-11-23T01:20:30+00:00');
"#;

#[tokio::test]
async fn calls_money_and_messages_of_before_are_read_as_they_were_written() {
    let file = std::env::temp_dir().join(format!("dialtone-migration-{}.db", std::process::id()));
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let old = Database::connect(&url).await.unwrap();
    let before = Migrator::migrations().iter().position(|one| one.name() == "m0240_lean_calls").unwrap();
    Migrator::up(&old, Some(u32::try_from(before).unwrap())).await.unwrap();
    old.execute_unprepared(OLD).await.unwrap();
    old.close().await.unwrap();

    let db = Db::connect(&url, Options::default()).await.unwrap();
    db.migrate().await.unwrap();
    let on = db.read();
    let id = |last: u128| CallId(Uuid::from_u128(0x01a2_05fd_7be3_704f_8f25_bfb6_778b_5a00 + last));
    let live = store::calls::live_on(on, &SYSTEM, "n1").await.unwrap();
    assert_eq!(live.iter().map(|call| (call.id, call.held_micros)).collect::<Vec<_>>(), [(id(0x61), 17_000)]);
    let ended = store::calls::get(on, &SYSTEM, id(0x62)).await.unwrap().unwrap();
    assert_eq!(
        (ended.charges[0].billed_ms, ended.charges[0].amount.micros, ended.held_micros),
        (726, 205, 0)
    );
    assert_eq!(ended.charges[0].amount, Money::new(205, ended.quote.currency));
    let legs = store::calls::legs(on, &SYSTEM, id(0x62)).await.unwrap();
    assert_eq!(legs.iter().map(|leg| leg.side).collect::<Vec<_>>(), [LegSide::Caller, LegSide::Callee]);
    assert_eq!(
        (legs[0].packets, legs[0].peer.as_deref(), legs[1].sent_packets),
        (7, Some("127.0.0.1:5060"), 3)
    );
    let decision = store::calls::decision(on, &SYSTEM, id(0x62)).await.unwrap().unwrap();
    assert_eq!(
        (decision.funds.available_micros, decision.decision.config),
        (5, vec!["a".to_owned(), "b".to_owned()])
    );
    assert_eq!(decision.foreign_number.as_deref(), Some("+46"));
    assert_eq!(store::outbox::count_pending(on, &SYSTEM).await.unwrap(), 1);
    assert!(store::ledger::drift(&db, &SYSTEM).await.unwrap().is_zero());
    db.close().await.unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
}
