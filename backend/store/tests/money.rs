//! The ledger, holds and call records, on every database that there is.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use chrono::{DateTime, SubsecRound, Utc};
use dialtone_store as store;
use domain::{
    access::{Actor, Permission, Role, Scope},
    cause::{Cause, Direction, Outcome},
    ids::{CallId, TenantId},
    ledger::EntryKind,
    money::{Currency, Money},
    rating::{Line, LineKind, Quote},
};
use std::collections::BTreeSet;
use store::{
    Db, Error,
    calls::{Call, CallFilter, CallState, Closing, Funded},
    ledger::{Accounts, Cover, Posted, Posting, Usage},
};
use testkit::database::TestDb;
use uuid::Uuid;

const SYSTEM: Scope = Scope::system("a test");

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

fn usd(micros: i64) -> Money {
    Money::new(micros, Currency::USD)
}

fn posting(kind: EntryKind, micros: i64, key: &str) -> Posting {
    Posting {
        kind,
        amount: usd(micros),
        cover: Cover::Available,
        key: key.to_owned(),
        description: "test".to_owned(),
        at: now(),
        call: None,
        number: None,
        invoice: None,
    }
}

/// A tenant with money.
async fn tenant(db: &Db, micros: i64) -> TenantId {
    let tenant = TenantId(Uuid::now_v7());
    let tx = db.begin().await.unwrap();
    store::ledger::open_account(&tx, &SYSTEM, tenant, Currency::USD, now()).await.unwrap();
    let credit = posting(EntryKind::Credit, micros, &format!("credit:{tenant}"));
    store::ledger::post(&tx, &SYSTEM, tenant, &credit).await.unwrap();
    tx.commit().await.unwrap();
    tenant
}

/// A call whose hold is taken, where there is money for it.
async fn hold(db: &Db, tenant: TenantId, micros: i64) -> Result<bool, Error> {
    let tx = db.begin().await?;
    let mut accounts = Accounts::lock(&tx, &SYSTEM, &BTreeSet::from([tenant])).await?;
    if !accounts.reserve(tenant, micros) {
        return Ok(false);
    }
    let call = Call { held_micros: micros, ..call(tenant) };
    store::calls::insert(&tx, &SYSTEM, &[call]).await?;
    accounts.write(&tx, &SYSTEM).await?;
    tx.commit().await?;
    Ok(true)
}

fn call(tenant: TenantId) -> Call {
    let line = Line {
        kind: LineKind::App,
        description: "app leg".into(),
        per_minute_micros: 4_000,
        increment_ms: 1,
        rate_version: "v1".to_owned(),
        terms: None,
    };
    Call {
        id: CallId(Uuid::now_v7()),
        tenant: Some(tenant),
        payer_call: None,
        node: "n1".to_owned(),
        direction: Direction::Outbound,
        state: CallState::Live,
        from: Some("+12125550100".to_owned()),
        to: "+12065550100".to_owned(),
        caller_trunk: None,
        callee_trunk: None,
        started_at: now(),
        answered_at: None,
        ended_at: None,
        duration_ms: 0,
        funded_ms: 60_000,
        held_micros: 0,
        outcome: None,
        quote: Quote { currency: Currency::USD, lines: vec![line] },
        charges: Vec::new(),
        total_micros: 0,
    }
}

fn closing(call: &Call, duration_ms: u64) -> Closing {
    let charges = call.quote.charges(duration_ms);
    let outcome = Outcome::ours(Cause::NormalClearing, None);
    Closing {
        call: call.id,
        answered_at: Some(call.started_at),
        ended_at: now(),
        duration_ms,
        callee_outcome: Some(outcome.clone()),
        outcome,
        total_micros: charges.iter().map(|charge| charge.amount.micros).sum(),
        charges,
        callee_trunk: Some("sbc.acme.test".to_owned()),
        callee_call: None,
        held_micros: call.held_micros,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_500_parallel_holds_on_money_for_100_exactly_100_are_given() {
    for test in TestDb::each().await.unwrap() {
        let tenant = tenant(&test.db, 100_000).await;
        let tasks: Vec<_> = (0..500)
            .map(|_| {
                let db = test.db.clone();
                tokio::spawn(async move { hold(&db, tenant, 1_000).await.unwrap() })
            })
            .collect();
        let mut given = 0;
        for task in tasks {
            given += usize::from(task.await.unwrap());
        }
        assert_eq!(given, 100);
        let account = store::ledger::account(test.db.read(), &SYSTEM, tenant).await.unwrap().unwrap();
        assert_eq!((account.held_micros, account.available_micros()), (100_000, 0));
        let drift = store::ledger::drift(&test.db, &SYSTEM).await.unwrap();
        assert!(drift.is_zero(), "{drift:?}");
        let forged = "UPDATE calls SET state = 'ended'";
        test.db.script(&SYSTEM, forged).await.unwrap();
        let drift = store::ledger::drift(&test.db, &SYSTEM).await.unwrap();
        assert_eq!((drift.stray_holds, drift.held_micros), (100, 100_000));
    }
}

#[tokio::test]
async fn a_posting_happens_once_by_its_key_and_never_takes_more_than_is_available() {
    for test in TestDb::each().await.unwrap() {
        let tenant = tenant(&test.db, 10_000_000).await;
        let tx = test.db.begin().await.unwrap();
        let lease = posting(EntryKind::Lease, -1_000_000, "lease:1");
        let first = store::ledger::post(&tx, &SYSTEM, tenant, &lease).await.unwrap();
        assert!(matches!(first, Posted::Done { balance_after, .. } if balance_after == usd(9_000_000)));
        assert_eq!(store::ledger::post(&tx, &SYSTEM, tenant, &lease).await.unwrap(), Posted::Already);
        let dear = posting(EntryKind::Setup, -9_000_001, "setup:1");
        let refused = store::ledger::post(&tx, &SYSTEM, tenant, &dear).await;
        assert!(matches!(refused, Err(Error::Funds { missing_micros: 1 })));
        store::ledger::set_credit_limit(&tx, &SYSTEM, tenant, 1).await.unwrap();
        let now_covered = store::ledger::post(&tx, &SYSTEM, tenant, &dear).await.unwrap();
        assert!(matches!(now_covered, Posted::Done { balance_after, .. } if balance_after == usd(-1)));
        tx.commit().await.unwrap();
        let entries = store::ledger::entries(test.db.read(), &SYSTEM, tenant, None, 10).await.unwrap();
        let story: Vec<_> =
            entries.iter().map(|e| (e.kind, e.amount.micros, e.balance_after.micros)).collect();
        assert_eq!(
            story,
            [
                (EntryKind::Setup, -9_000_001, -1),
                (EntryKind::Lease, -1_000_000, 9_000_000),
                (EntryKind::Credit, 10_000_000, 10_000_000),
            ]
        );
        assert!(store::ledger::drift(&test.db, &SYSTEM).await.unwrap().is_zero());
    }
}

#[tokio::test]
async fn what_was_written_to_the_ledger_cannot_be_changed_and_a_changed_balance_is_drift() {
    for test in TestDb::each().await.unwrap() {
        tenant(&test.db, 10_000_000).await;
        for change in ["UPDATE entries SET amount_micros = 0", "DELETE FROM entries", "DELETE FROM journals"]
        {
            assert!(test.db.script(&SYSTEM, change).await.is_err(), "{change} was allowed");
        }
        let forged = "UPDATE accounts SET balance_micros = balance_micros + 5 WHERE tenant_id IS NOT NULL";
        test.db.script(&SYSTEM, forged).await.unwrap();
        let drift = store::ledger::drift(&test.db, &SYSTEM).await.unwrap();
        assert_eq!((drift.balance_micros, drift.figure()), (5, 5));
    }
}

#[tokio::test]
async fn a_call_is_closed_once_with_the_record_of_the_callees_tenant() {
    for test in TestDb::each().await.unwrap() {
        let (payer, other) = (tenant(&test.db, 1_000_000).await, tenant(&test.db, 1).await);
        let mine = call(payer);
        let theirs = Call {
            id: CallId(Uuid::now_v7()),
            tenant: Some(other),
            payer_call: Some(mine.id),
            direction: Direction::Inbound,
            ..mine.clone()
        };
        let tx = test.db.begin().await.unwrap();
        store::calls::insert(&tx, &SYSTEM, &[mine.clone(), theirs.clone()]).await.unwrap();
        assert!(store::calls::answer(&tx, &SYSTEM, mine.id, now(), None).await.unwrap());
        assert_eq!(store::calls::live_on(&tx, &SYSTEM, "n1").await.unwrap().len(), 1);
        let closing = closing(&mine, 30_000);
        assert!(store::calls::close(&tx, &SYSTEM, &closing).await.unwrap());
        assert!(!store::calls::close(&tx, &SYSTEM, &closing).await.unwrap());
        let more = Funded { call: mine.id, funded_ms: 120_000, more_micros: 1 };
        assert!(store::calls::fund_all(&tx, &SYSTEM, &[more]).await.unwrap().is_empty());
        tx.commit().await.unwrap();
        let read = async |id| store::calls::get(test.db.read(), &SYSTEM, id).await.unwrap().unwrap();
        let (mine, theirs) = (read(mine.id).await, read(theirs.id).await);
        assert_eq!((mine.state, mine.duration_ms, mine.total_micros), (CallState::Ended, 30_000, 2_000));
        assert_eq!(mine.charges, closing.charges);
        assert_eq!((theirs.state, theirs.duration_ms, theirs.total_micros), (CallState::Ended, 30_000, 0));
        assert_eq!(theirs.outcome.map(|o| o.cause), Some(Cause::NormalClearing));
    }
}

#[tokio::test]
async fn of_many_calls_that_are_closed_at_once_each_is_charged_once_and_its_hold_goes() {
    for test in TestDb::each().await.unwrap() {
        let tenant = tenant(&test.db, 1_000_000).await;
        let calls: Vec<Call> = (0..150).map(|_| Call { held_micros: 4_000, ..call(tenant) }).collect();
        let charge = async |tx: &store::Tx, closings: &[Closing]| {
            let mut accounts = Accounts::lock(tx, &SYSTEM, &BTreeSet::from([tenant])).await?;
            let closed = store::calls::close_all(tx, &SYSTEM, closings).await?;
            let now = closings.iter().filter(|closing| closed.contains_key(&closing.call));
            let usage = |closing: &Closing| Usage {
                tenant,
                call: closing.call,
                cost: usd(closing.total_micros),
                at: closing.ended_at,
            };
            let usages: Vec<Usage> = now.map(usage).collect();
            closed.values().for_each(|held| accounts.release(tenant, *held));
            accounts.charge(tx, &SYSTEM, &usages).await?;
            accounts.write(tx, &SYSTEM).await?;
            Ok::<_, Error>(closed.len())
        };
        let tx = test.db.begin().await.unwrap();
        let mut accounts = Accounts::lock(&tx, &SYSTEM, &BTreeSet::from([tenant])).await.unwrap();
        assert!(calls.iter().all(|call| accounts.reserve(tenant, call.held_micros)));
        store::calls::insert(&tx, &SYSTEM, &calls).await.unwrap();
        accounts.write(&tx, &SYSTEM).await.unwrap();
        tx.commit().await.unwrap();
        let closings: Vec<Closing> = calls.iter().map(|call| closing(call, 30_000)).collect();
        let tx = test.db.begin().await.unwrap();
        assert_eq!(charge(&tx, &closings).await.unwrap(), 150);
        tx.commit().await.unwrap();
        // Again: several are refused as a whole, one alone is passed over.
        let tx = test.db.begin().await.unwrap();
        assert!(matches!(charge(&tx, &closings[..2]).await, Err(Error::Changed)));
        tx.rollback().await.unwrap();
        let tx = test.db.begin().await.unwrap();
        assert_eq!(charge(&tx, &closings[..1]).await.unwrap(), 0);
        tx.commit().await.unwrap();
        let account = store::ledger::account(test.db.read(), &SYSTEM, tenant).await.unwrap().unwrap();
        assert_eq!((account.balance_micros, account.held_micros), (1_000_000 - 150 * 2_000, 0));
        let entries = store::ledger::entries(test.db.read(), &SYSTEM, tenant, None, 200).await.unwrap();
        let balances: Vec<_> = entries.iter().rev().map(|entry| entry.balance_after.micros).collect();
        assert!(balances[1..].is_sorted_by(|one, next| one - 2_000 == *next), "{balances:?}");
        let seen = store::calls::get(test.db.read(), &SYSTEM, calls[7].id).await.unwrap().unwrap();
        assert_eq!((seen.charges, seen.held_micros), (closings[7].charges.clone(), 0));
        assert!(store::ledger::drift(&test.db, &SYSTEM).await.unwrap().is_zero());
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_calls_and_money_alone() {
    for test in TestDb::each().await.unwrap() {
        let (mine, other) = (tenant(&test.db, 5).await, tenant(&test.db, 7).await);
        let key = Actor { user: None, tenant: Some(mine), role: Role::Key, name: "key".to_owned() };
        let scope = key.scope(Permission::ReadCalls).unwrap();
        let (ours, theirs) = (call(mine), call(other));
        let tx = test.db.begin().await.unwrap();
        store::calls::insert(&tx, &SYSTEM, &[ours.clone(), theirs.clone()]).await.unwrap();
        assert!(store::calls::insert(&tx, &scope, &[call(other)]).await.is_err());
        assert!(Accounts::lock(&tx, &scope, &BTreeSet::from([other])).await.is_err());
        assert!(!store::calls::answer(&tx, &scope, theirs.id, now(), None).await.unwrap());
        tx.commit().await.unwrap();
        let on = test.db.read();
        let filter = CallFilter::default();
        let seen = store::calls::list(on, &scope, &filter, None, 10).await.unwrap();
        assert_eq!(seen.iter().map(|call| call.id).collect::<Vec<_>>(), [ours.id]);
        assert_eq!(store::calls::get(on, &scope, theirs.id).await.unwrap(), None);
        assert_eq!(store::ledger::account(on, &scope, other).await.unwrap(), None);
        assert!(store::ledger::entries(on, &scope, other, None, 10).await.unwrap().is_empty());
        assert!(store::ledger::drift(&test.db, &scope).await.is_err());
    }
}

#[tokio::test]
async fn calls_are_listed_newest_first_by_page_and_filter() {
    for test in TestDb::each().await.unwrap() {
        let tenant = tenant(&test.db, 1_000_000).await;
        let mut all: Vec<Call> = (0..5).map(|_| call(tenant)).collect();
        all[2].to = "+46846500400".to_owned();
        let tx = test.db.begin().await.unwrap();
        store::calls::insert(&tx, &SYSTEM, &all).await.unwrap();
        store::calls::close(&tx, &SYSTEM, &closing(&all[4], 1)).await.unwrap();
        tx.commit().await.unwrap();
        let find = async |filter: CallFilter, after, limit| {
            let found = store::calls::list(test.db.read(), &SYSTEM, &filter, after, limit).await.unwrap();
            found
                .iter()
                .map(|call| all.iter().position(|known| known.id == call.id).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(find(CallFilter::default(), None, 2).await, [4, 3]);
        assert_eq!(find(CallFilter::default(), Some(all[3].id), 9).await, [2, 1, 0]);
        let number = CallFilter { number: Some("+46846500400".to_owned()), ..CallFilter::default() };
        assert_eq!(find(number, None, 9).await, [2]);
        let trunk = CallFilter { trunk: Some("sbc.acme.test".to_owned()), ..CallFilter::default() };
        assert_eq!(find(trunk, None, 9).await, [4]);
        let ended = CallFilter { cause: Some(Cause::NormalClearing), ..CallFilter::default() };
        assert_eq!(find(ended, None, 9).await, [4]);
        let until = CallFilter { until: Some(all[0].started_at), ..CallFilter::default() };
        assert_eq!(find(until, None, 9).await, Vec::<usize>::new());
    }
}

#[tokio::test]
async fn a_heartbeat_replaces_the_one_before() {
    for test in TestDb::each().await.unwrap() {
        let (first, second) = (now(), now() + chrono::TimeDelta::seconds(5));
        let tx = test.db.begin().await.unwrap();
        store::heartbeat::beat(&tx, &SYSTEM, "n1", first, first).await.unwrap();
        store::heartbeat::beat(&tx, &SYSTEM, "n1", first, second).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store::heartbeat::last(test.db.read(), &SYSTEM, "n1").await.unwrap(), Some(second));
        assert_eq!(store::heartbeat::last(test.db.read(), &SYSTEM, "n2").await.unwrap(), None);
    }
}
