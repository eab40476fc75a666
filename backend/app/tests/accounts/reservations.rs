//! Reservations: numbers chosen one by one, held together, bought together.

use crate::house::{operator, start, tenant};
use chrono::Duration;
use dialtone_app::{
    App, Error, Window, money,
    numbers::{
        self, AvailableNumber, BrowseRequest, OperationKind, OperationStatus,
        reservations::{
            self, RESERVATIONS_ACTIVE_MAX, ReservationChange, ReservationStatus, Reserved, ReservedStatus,
            WantedNumber,
        },
    },
};
use domain::{
    access::{Actor, Scope},
    money::{Currency, Money},
    numbering::{AssignmentType, Capabilities, Capability, NumberType},
    phone::E164,
};
use testkit::database::TestDb;
use uuid::Uuid;

async fn browse(app: &App, actor: &Actor, prefix: &str) -> Vec<AvailableNumber> {
    let request = BrowseRequest {
        country: "US".to_owned(),
        phone_number_type: NumberType::Geographic,
        assignment_type: None,
        capabilities: Capabilities { calling: Capability::Inbound, sms: Capability::None },
        prefixes: vec![prefix.to_owned()],
        area_code: None,
        narrow: numbers::Narrow::default(),
    };
    numbers::browse(app, actor, request).await.unwrap()
}

fn wanted(found: &AvailableNumber) -> WantedNumber {
    WantedNumber {
        number: found.number,
        country: found.country_code.clone(),
        number_type: found.number_type,
        assignment_type: AssignmentType::Application,
        capabilities: found.capabilities,
    }
}

fn adding(found: &[AvailableNumber]) -> ReservationChange {
    ReservationChange { add: found.iter().map(wanted).collect(), remove: Vec::new() }
}

fn held(reserved: &Reserved) -> Vec<E164> {
    reserved.reservation.numbers.iter().map(|one| one.number).collect()
}

async fn owned(app: &App, actor: &Actor) -> Vec<E164> {
    let list = numbers::list(app, actor, Window::default()).await.unwrap();
    list.value.into_iter().map(|number| number.number).collect()
}

#[tokio::test]
async fn what_is_reserved_is_held_and_bought_together() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let (other, _) = tenant(&app, "Other").await;
        let free = browse(&app, &actor, "212").await;
        let id = Uuid::new_v4();
        let made = reservations::reserve(&app, &actor, id, adding(&free[..2])).await.unwrap();
        assert!(made.created && made.failed.is_empty());
        assert_eq!(held(&made), [free[0].number, free[1].number]);
        assert_eq!(made.reservation.status, ReservationStatus::Active);
        let left = (made.reservation.expires_at - app.now()).num_seconds();
        assert!((14 * 60..=15 * 60).contains(&left), "it holds for 15 minutes, {left} s are left");
        assert!(browse(&app, &other, "212").await.iter().all(|one| one.number != free[0].number));

        // One comes in, one goes out; one that is in it already, and one that never was, change nothing.
        let change = ReservationChange {
            add: free[1..3].iter().map(wanted).collect(),
            remove: vec![free[0].number, free[9].number],
        };
        let changed = reservations::reserve(&app, &actor, id, change).await.unwrap();
        assert_eq!(held(&changed), [free[1].number, free[2].number]);
        assert!(!changed.created && changed.failed.is_empty());
        assert!(browse(&app, &other, "212").await.iter().any(|one| one.number == free[0].number));

        let bought = reservations::purchase(&app, &actor, id).await.unwrap();
        assert_eq!(
            (bought.kind, bought.status),
            (OperationKind::ReservationPurchase, OperationStatus::Succeeded)
        );
        assert_eq!(reservations::purchase(&app, &actor, id).await.unwrap(), bought, "it is bought once");
        assert_eq!(owned(&app, &actor).await, [free[1].number, free[2].number]);
        assert_eq!(money::balance(&app, &actor).await.unwrap().balance.micros, 8_000_000);
        let over = reservations::get(&app, &actor, id).await.unwrap();
        assert_eq!(over.status, ReservationStatus::Completed);
        assert!(over.numbers.iter().all(|one| one.status == ReservedStatus::Purchased));
        let scope = Scope::system("a test");
        let events =
            store::outbox::list(test.db.read(), &scope, Some("number.purchased"), 0, 9).await.unwrap();
        assert_eq!(events.len(), 2, "one for each number");
        let late = reservations::reserve(&app, &actor, id, adding(&free[3..4])).await.unwrap_err();
        assert!(matches!(late, Error::Conflict { .. }));
        let late = reservations::delete(&app, &actor, id).await.unwrap_err();
        assert!(matches!(late, Error::Conflict { .. }));
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}

#[tokio::test]
async fn what_cannot_be_held_is_told_one_by_one_and_the_rest_is_held() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let (other, _) = tenant(&app, "Other").await;
        let free = browse(&app, &actor, "415").await;
        reservations::reserve(&app, &other, Uuid::new_v4(), adding(&free[..1])).await.unwrap();
        let mut add = adding(&free[..4]).add;
        add[1].country = "GB".to_owned();
        add[2].capabilities.sms = Capability::Inbound;
        add.push(WantedNumber { number: E164::parse("+12065550100").unwrap(), ..add[3].clone() });
        let change = ReservationChange { add, remove: Vec::new() };
        let id = Uuid::new_v4();
        let made = reservations::reserve(&app, &actor, id, change).await.unwrap();
        assert_eq!(held(&made), [free[3].number]);
        assert_eq!(made.failed.len(), 4);
        for failed in &made.failed {
            assert_eq!(failed.status, ReservedStatus::Error);
            let (code, message) = failed.error.as_ref().unwrap();
            assert_eq!(code, "FailedToReserveNumber");
            assert!(message.starts_with("Failed to add the number to the reservation. "), "{message}");
        }
        let kept = reservations::get(&app, &actor, id).await.unwrap();
        assert_eq!(kept.numbers.len(), 1, "what was not held is not in it");
    }
}

#[tokio::test]
async fn two_tenants_may_choose_one_name_and_see_nothing_of_each_other() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let (other, _) = tenant(&app, "Other").await;
        let free = browse(&app, &actor, "312").await;
        let id = Uuid::new_v4();
        reservations::reserve(&app, &actor, id, adding(&free[..1])).await.unwrap();
        let missing = |error: Error| assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
        missing(reservations::get(&app, &other, id).await.unwrap_err());
        missing(reservations::delete(&app, &other, id).await.unwrap_err());
        missing(reservations::purchase(&app, &other, id).await.unwrap_err());
        let theirs = reservations::reserve(&app, &other, id, adding(&free[..2])).await.unwrap();
        assert!(theirs.created);
        assert_eq!((held(&theirs), theirs.failed.len()), (vec![free[1].number], 1));
        reservations::delete(&app, &other, id).await.unwrap();
        missing(reservations::get(&app, &other, id).await.unwrap_err());
        let ours = reservations::get(&app, &actor, id).await.unwrap();
        assert_eq!(ours.numbers[0].status, ReservedStatus::Reserved);
        let numbers = |actor| reservations::list(&app, actor, Window::default());
        assert_eq!(numbers(&actor).await.unwrap().value.len(), 1);
        assert_eq!(numbers(&other).await.unwrap().value.len(), 0);
    }
}

#[tokio::test]
async fn a_reservation_whose_time_is_over_holds_nothing_and_is_forgotten_after_a_month() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let free = browse(&app, &actor, "617").await;
        let id = Uuid::new_v4();
        reservations::reserve(&app, &actor, id, adding(&free[..3])).await.unwrap();
        let back = async |time: Duration| {
            let scope = Scope::system("a test");
            let mut row = store::reservations::named(test.db.read(), &scope, id).await.unwrap().unwrap();
            row.expires_at = app.now() - time;
            let tx = test.db.begin().await.unwrap();
            store::stock::hold_on(&tx, &scope, row.id, row.expires_at).await.unwrap();
            store::reservations::update(&tx, &scope, row).await.unwrap();
            tx.commit().await.unwrap();
        };
        back(Duration::seconds(1)).await;
        let seen = reservations::get(&app, &actor, id).await.unwrap();
        assert_eq!(seen.status, ReservationStatus::Expired, "before any job says so");
        assert!(seen.numbers.iter().all(|one| one.status == ReservedStatus::Expired));
        for late in [
            reservations::purchase(&app, &actor, id).await.unwrap_err(),
            reservations::delete(&app, &actor, id).await.unwrap_err(),
            reservations::reserve(&app, &actor, id, adding(&free[3..4])).await.unwrap_err(),
        ] {
            assert!(matches!(late, Error::Conflict { .. }), "{late:?}");
        }
        assert_eq!(numbers::expire(&app).await.unwrap(), 3);
        assert_eq!(browse(&app, &actor, "617").await.len(), free.len());
        back(Duration::days(31)).await;
        numbers::expire(&app).await.unwrap();
        assert!(matches!(reservations::get(&app, &actor, id).await, Err(Error::NotFound { .. })));
    }
}

#[tokio::test]
async fn without_the_money_nothing_of_a_reservation_is_bought_and_it_stays() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let free = browse(&app, &actor, "212").await;
        let id = Uuid::new_v4();
        reservations::reserve(&app, &actor, id, adding(&free[..3])).await.unwrap();
        let debit = Money::new(-8_000_000, Currency::USD);
        money::credit(&app, &operator(), acme.tenant.id, debit, "a test").await.unwrap();
        let error = reservations::purchase(&app, &actor, id).await.unwrap_err();
        assert!(matches!(error, Error::PaymentRequired { missing, .. } if missing.micros == 1_000_000));
        let still = reservations::get(&app, &actor, id).await.unwrap();
        assert_eq!(still.status, ReservationStatus::Active);
        let fewer = ReservationChange { add: Vec::new(), remove: vec![free[0].number] };
        reservations::reserve(&app, &actor, id, fewer).await.unwrap();
        reservations::purchase(&app, &actor, id).await.unwrap();
        assert_eq!(owned(&app, &actor).await.len(), 2);
        assert_eq!(money::balance(&app, &actor).await.unwrap().balance.micros, 0);
    }
}

#[tokio::test]
async fn an_empty_reservation_is_made_and_not_bought_and_there_are_so_many_at_most() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let id = Uuid::new_v4();
    let made = reservations::reserve(&app, &actor, id, ReservationChange::default()).await.unwrap();
    assert!(made.created && made.reservation.numbers.is_empty());
    assert!(matches!(reservations::purchase(&app, &actor, id).await, Err(Error::Conflict { .. })));
    for _ in 1..RESERVATIONS_ACTIVE_MAX {
        reservations::reserve(&app, &actor, Uuid::new_v4(), ReservationChange::default()).await.unwrap();
    }
    let more = reservations::reserve(&app, &actor, Uuid::new_v4(), ReservationChange::default()).await;
    assert!(matches!(more, Err(Error::TooMany { .. })));
    let page = reservations::list(&app, &actor, Window { skip: 0, limit: 20 }).await.unwrap();
    assert_eq!((page.value.len(), page.next_skip), (20, Some(20)));
}
