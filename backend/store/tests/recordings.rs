//! Recordings and their policies, on both databases.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use chrono::{DateTime, TimeDelta, Utc};
use dialtone_store::{
    Db, Error,
    recordings::{self, Closing, FAILED, PAUSED, Policy, READY, RECORDING, Recording, Wanted},
};
use domain::{access::Scope, ids::TenantId};
use testkit::database::TestDb;
use uuid::Uuid;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn row(tenant: Uuid, call: u128, seconds: i64) -> Recording {
    Recording {
        id: Uuid::now_v7(),
        tenant_id: tenant,
        call_id: Uuid::from_u128(call),
        carried_id: Uuid::from_u128(call),
        node: "n1".to_owned(),
        state: RECORDING.to_owned(),
        notice: "none".to_owned(),
        begun_by: "policy".to_owned(),
        started_at: at(seconds),
        ended_at: None,
        duration_ms: 0,
        bytes: 0,
        lost: 0,
        unreadable: 0,
        failure: None,
        expires_at: at(seconds + 100),
        deleted_at: None,
    }
}

fn closing(state: &'static str) -> Closing {
    Closing {
        state,
        ended_at: at(50),
        duration_ms: 1_500,
        bytes: 24_112,
        lost: 1,
        unreadable: 2,
        failure: (state == FAILED).then(|| "the disk is full".to_owned()),
    }
}

async fn insert(db: &Db, scope: &Scope, row: Recording) -> Result<(), Error> {
    db.write::<_, Error, _>(async |tx| recordings::insert(tx, scope, row.clone()).await).await
}

#[tokio::test]
async fn a_tenant_has_one_recording_of_a_call_at_a_time_and_each_is_closed_once() {
    for test in TestDb::each().await.unwrap() {
        let (db, system) = (&test.db, Scope::system("a test"));
        let tenant = Uuid::from_u128(1);
        let own = system.narrow(TenantId(tenant)).unwrap();
        let first = row(tenant, 7, 0);
        insert(db, &own, first.clone()).await.unwrap();
        let again = insert(db, &own, row(tenant, 7, 1)).await;
        assert!(matches!(again, Err(Error::Taken(_))), "{again:?}");
        insert(db, &own, row(tenant, 8, 1)).await.unwrap();
        let paused = db
            .write::<_, Error, _>(async |tx| recordings::pause(tx, &own, first.id, PAUSED).await)
            .await
            .unwrap();
        assert!(paused);
        let again = insert(db, &own, row(tenant, 7, 1)).await;
        assert!(matches!(again, Err(Error::Taken(_))), "a paused one goes on");
        let close = async |state| {
            db.write::<_, Error, _>(async |tx| recordings::close(tx, &system, first.id, closing(state)).await)
                .await
                .unwrap()
        };
        assert!(close(READY).await);
        assert!(!close(FAILED).await, "it is over");
        let known = recordings::get(db.read(), &own, first.id).await.unwrap().unwrap();
        assert_eq!((known.state.as_str(), known.duration_ms, known.bytes), (READY, 1_500, 24_112));
        assert_eq!((known.lost, known.unreadable, known.failure, known.ended_at), (1, 2, None, Some(at(50))));
        insert(db, &own, row(tenant, 7, 2)).await.unwrap();
        let pause = async |tx: &_| recordings::pause(tx, &own, first.id, PAUSED).await;
        assert!(!db.write::<_, Error, _>(pause).await.unwrap(), "what is over is not paused");
    }
}

#[tokio::test]
async fn each_tenant_of_a_call_has_a_recording_of_its_own_that_ends_and_expires_by_itself() {
    for test in TestDb::each().await.unwrap() {
        let (db, system) = (&test.db, Scope::system("a test"));
        let [payer, callee] = [1, 2].map(Uuid::from_u128);
        let [of_payer, of_callee] = [payer, callee].map(|tenant| system.narrow(TenantId(tenant)).unwrap());
        let own = row(payer, 7, 0);
        // Each knows the call by a record of its own; it runs under the payer's.
        let theirs = Recording { call_id: Uuid::from_u128(8), expires_at: at(900), ..row(callee, 7, 0) };
        insert(db, &of_payer, own.clone()).await.unwrap();
        insert(db, &of_callee, theirs.clone()).await.unwrap();
        let again = insert(db, &of_callee, row(callee, 7, 1)).await;
        assert!(matches!(again, Err(Error::Taken(_))), "{again:?}");
        let touch = async |tx: &_| {
            let paused = recordings::pause(tx, &of_payer, theirs.id, PAUSED).await?;
            let closed = recordings::close(tx, &of_callee, own.id, closing(READY)).await?;
            Ok([paused, closed, recordings::pause(tx, &of_payer, own.id, PAUSED).await?])
        };
        assert_eq!(db.write::<_, Error, _>(touch).await.unwrap(), [false, false, true]);
        let open = recordings::open_on(db.read(), &system, "n1", None, 10).await.unwrap();
        assert_eq!(open.len(), 2, "a crash leaves both");
        let end = async |tx: &_| recordings::close(tx, &system, own.id, closing(FAILED)).await;
        assert!(db.write::<_, Error, _>(end).await.unwrap());
        let other = recordings::get(db.read(), &of_callee, theirs.id).await.unwrap().unwrap();
        assert_eq!((other.state.as_str(), other.ended_at), (RECORDING, None), "it goes on");
        insert(db, &of_payer, row(payer, 7, 2)).await.unwrap();
        let end = async |tx: &_| recordings::close(tx, &system, theirs.id, closing(READY)).await;
        assert!(db.write::<_, Error, _>(end).await.unwrap());
        let due = recordings::expired(db.read(), &system, at(500), 10).await.unwrap();
        assert_eq!(due.iter().map(|row| row.id).collect::<Vec<_>>(), [own.id], "each by its own policy");
    }
}

#[tokio::test]
async fn lists_are_narrowed_and_a_stranger_sees_and_changes_nothing() {
    for test in TestDb::each().await.unwrap() {
        let (db, system) = (&test.db, Scope::system("a test"));
        let [tenant, other] = [1, 2].map(Uuid::from_u128);
        let own = system.narrow(TenantId(tenant)).unwrap();
        let stranger = system.narrow(TenantId(other)).unwrap();
        let mut rows = Vec::new();
        for (call, seconds) in [(1, 10), (2, 20), (3, 30)] {
            let row = row(tenant, call, seconds);
            insert(db, &own, row.clone()).await.unwrap();
            rows.push(row);
        }
        assert!(insert(db, &stranger, row(tenant, 9, 0)).await.is_err());
        let end = async |tx: &_| recordings::close(tx, &own, rows[0].id, closing(READY)).await;
        assert!(db.write::<_, Error, _>(end).await.unwrap());
        let list = async |scope: &Scope, wanted: Wanted, before| {
            let found = recordings::list(db.read(), scope, &wanted, before, 10).await.unwrap();
            found.iter().map(|row| row.call_id.as_u128()).collect::<Vec<_>>()
        };
        let all = Wanted::default;
        assert_eq!(list(&own, all(), None).await, [3, 2, 1]);
        assert_eq!(list(&own, all(), Some(rows[2].id)).await, [2, 1]);
        assert_eq!(list(&own, Wanted { state: Some(READY), ..all() }, None).await, [1]);
        assert_eq!(list(&own, Wanted { call: Some(Uuid::from_u128(2)), ..all() }, None).await, [2]);
        let between = Wanted { since: Some(at(20)), until: Some(at(30)), ..all() };
        assert_eq!(list(&own, between, None).await, [2]);
        assert!(list(&stranger, all(), None).await.is_empty());
        assert!(recordings::get(db.read(), &stranger, rows[0].id).await.unwrap().is_none());
        let touch = async |tx: &_| {
            let paused = recordings::pause(tx, &stranger, rows[1].id, PAUSED).await?;
            let closed = recordings::close(tx, &stranger, rows[1].id, closing(READY)).await?;
            Ok([paused, closed, recordings::delete(tx, &stranger, rows[0].id, at(99)).await?])
        };
        assert_eq!(db.write::<_, Error, _>(touch).await.unwrap(), [false; 3]);
    }
}

#[tokio::test]
async fn what_is_over_expires_and_is_deleted_once_and_what_goes_on_does_not() {
    for test in TestDb::each().await.unwrap() {
        let (db, system) = (&test.db, Scope::system("a test"));
        let tenant = Uuid::from_u128(1);
        let [over, open] = [row(tenant, 1, 0), row(tenant, 2, 0)];
        for row in [&over, &open] {
            insert(db, &system, row.clone()).await.unwrap();
        }
        let ids = async |now| {
            let rows = recordings::expired(db.read(), &system, at(now), 10).await.unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert!(ids(1_000).await.is_empty(), "both go on");
        assert_eq!(
            recordings::open_on(db.read(), &system, "n1", Some(over.id), 10).await.unwrap(),
            std::slice::from_ref(&open)
        );
        assert!(recordings::open_on(db.read(), &system, "n2", None, 10).await.unwrap().is_empty());
        let end = async |tx: &_| recordings::close(tx, &system, over.id, closing(FAILED)).await;
        assert!(db.write::<_, Error, _>(end).await.unwrap());
        assert_eq!((ids(99).await, ids(100).await), (Vec::new(), vec![over.id]));
        let delete = async |id| {
            db.write::<_, Error, _>(async |tx| recordings::delete(tx, &system, id, at(100)).await)
                .await
                .unwrap()
        };
        assert!(!delete(open.id).await, "it goes on");
        assert_eq!([delete(over.id).await, delete(over.id).await], [true, false]);
        assert!(ids(1_000).await.is_empty());
        let unknown = Uuid::from_u128(77);
        let present = recordings::present(db.read(), &system, &[over.id, open.id, unknown]).await.unwrap();
        assert_eq!(present, [open.id]);
        let kept = recordings::get(db.read(), &system, over.id).await.unwrap().unwrap();
        assert_eq!((kept.deleted_at, kept.failure.as_deref()), (Some(at(100)), Some("the disk is full")));
    }
}

#[tokio::test]
async fn a_policy_takes_the_place_of_the_one_before_and_is_its_tenants_alone() {
    for test in TestDb::each().await.unwrap() {
        let (db, system) = (&test.db, Scope::system("a test"));
        let [tenant, other] = [1, 2].map(|id| TenantId(Uuid::from_u128(id)));
        let own = system.narrow(tenant).unwrap();
        let policy = |mode: &str, days| Policy {
            tenant_id: tenant.0,
            mode: mode.to_owned(),
            retention_days: days,
            notice: "tone".to_owned(),
            updated_at: at(1),
        };
        assert_eq!(recordings::policy(db.read(), &own, tenant).await.unwrap(), None);
        for row in [policy("off", 30), policy("always", 7)] {
            let put = async |tx: &_| recordings::put_policy(tx, &own, row.clone()).await;
            db.write::<_, Error, _>(put).await.unwrap();
        }
        assert_eq!(recordings::policy(db.read(), &own, tenant).await.unwrap(), Some(policy("always", 7)));
        assert_eq!(recordings::policies(db.read(), &system).await.unwrap().len(), 1);
        let stranger = system.narrow(other).unwrap();
        assert!(recordings::policies(db.read(), &stranger).await.unwrap().is_empty());
        assert!(recordings::policy(db.read(), &stranger, tenant).await.is_err());
        let put = async |tx: &_| recordings::put_policy(tx, &stranger, policy("off", 1)).await;
        assert!(db.write::<_, Error, _>(put).await.is_err());
    }
}
