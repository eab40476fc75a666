//! Health of peers and registrations with registrars, on both databases.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use chrono::{DateTime, TimeDelta, Utc};
use dialtone_store::{
    trunk_health::{self, Change, Health},
    trunk_registrations::{self, Registration},
};
use domain::{access::Scope, ids::TenantId};
use testkit::database::TestDb;
use uuid::Uuid;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn state(tenant: Option<Uuid>, peer: Uuid, health: &str, seconds: i64) -> (Health, Change) {
    let current = Health {
        peer_id: peer,
        tenant_id: tenant,
        health: health.to_owned(),
        reason: "answers".to_owned(),
        since: at(seconds),
        heard_at: Some(at(seconds)),
        certificate_until: None,
    };
    let change = Change {
        id: Uuid::now_v7(),
        tenant_id: tenant,
        peer_id: peer,
        at: at(seconds),
        from_health: "unknown".to_owned(),
        to_health: health.to_owned(),
        reason: "answers".to_owned(),
    };
    (current, change)
}

#[tokio::test]
async fn the_last_change_is_the_state_and_a_stranger_sees_neither() {
    for test in TestDb::each().await.unwrap() {
        let (db, system) = (&test.db, Scope::system("a test"));
        let [tenant, other, trunk, carrier] = [1, 2, 3, 4].map(Uuid::from_u128);
        let own = system.narrow(TenantId(tenant)).unwrap();
        let stranger = system.narrow(TenantId(other)).unwrap();
        for (place, health) in [(Some(tenant), trunk), (None, carrier)]
            .into_iter()
            .flat_map(|peer| ["online", "offline"].map(|health| (peer, health)))
        {
            let (current, change) = state(place.0, place.1, health, if health == "online" { 1 } else { 2 });
            db.write::<_, dialtone_store::Error, _>(async |tx| {
                trunk_health::changed(tx, &system, current.clone(), change.clone()).await
            })
            .await
            .unwrap();
        }
        let seen = trunk_health::all(db.read(), &own).await.unwrap();
        assert_eq!(
            seen.iter().map(|row| (row.peer_id, row.health.as_str())).collect::<Vec<_>>(),
            [(trunk, "offline")]
        );
        assert_eq!(trunk_health::all(db.read(), &system).await.unwrap().len(), 2);
        let history = trunk_health::changes(db.read(), &own, trunk, None, 10).await.unwrap();
        assert_eq!(
            history.iter().map(|row| row.to_health.as_str()).collect::<Vec<_>>(),
            ["offline", "online"]
        );
        assert!(trunk_health::all(db.read(), &stranger).await.unwrap().is_empty());
        assert!(trunk_health::changes(db.read(), &stranger, trunk, None, 10).await.unwrap().is_empty());
        let (current, change) = state(Some(tenant), trunk, "online", 3);
        let denied = db
            .write::<_, dialtone_store::Error, _>(async |tx| {
                trunk_health::changed(tx, &stranger, current.clone(), change.clone()).await
            })
            .await;
        assert!(matches!(denied, Err(dialtone_store::Error::Missing)));
        let swept = db
            .write::<_, dialtone_store::Error, _>(async |tx| {
                trunk_health::sweep(tx, &system, at(2), 10).await
            })
            .await
            .unwrap();
        assert_eq!(swept, 2);
    }
}

#[tokio::test]
async fn a_trunk_has_one_registration_and_a_stranger_cannot_see_or_delete_it() {
    for test in TestDb::each().await.unwrap() {
        let (db, system) = (&test.db, Scope::system("a test"));
        let own = system.narrow(TenantId(Uuid::from_u128(1))).unwrap();
        let stranger = system.narrow(TenantId(Uuid::from_u128(2))).unwrap();
        let trunk = Uuid::from_u128(3);
        let row = |username: &str| Registration {
            peer_id: trunk,
            tenant_id: Some(Uuid::from_u128(1)),
            registrar: "sip.carrier.example".to_owned(),
            port: None,
            transport: Some("udp".to_owned()),
            domain: "carrier.example".to_owned(),
            username: username.to_owned(),
            password: vec![1, 2, 3],
            contact_user: username.to_owned(),
            expires: 600,
            created_at: at(0),
        };
        for username in ["first", "second"] {
            let put = row(username);
            db.write::<_, dialtone_store::Error, _>(async |tx| {
                trunk_registrations::put(tx, &own, put.clone()).await
            })
            .await
            .unwrap();
        }
        let kept = trunk_registrations::get(db.read(), &own, trunk).await.unwrap().unwrap();
        assert_eq!(kept, row("second"));
        assert_eq!(trunk_registrations::all(db.read(), &system).await.unwrap().len(), 1);
        assert_eq!(trunk_registrations::get(db.read(), &stranger, trunk).await.unwrap(), None);
        let delete = async |scope: &Scope| {
            db.write::<_, dialtone_store::Error, _>(async |tx| {
                trunk_registrations::delete(tx, scope, trunk).await
            })
            .await
            .unwrap()
        };
        assert!(!delete(&stranger).await);
        assert!(delete(&own).await);
    }
}
