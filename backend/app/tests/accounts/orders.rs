//! Orders under pressure: more buyers than numbers, and money that is exact.

use crate::house::{operator, start, tenant};
use dialtone_app::{
    App, Error, Window, money,
    numbers::{self, OperationStatus, SearchRequest},
};
use domain::{
    access::Actor,
    numbering::{Capabilities, Capability},
    phone::E164,
};
use std::{collections::BTreeSet, time::Duration};
use testkit::database::TestDb;

const TENANTS: usize = 20;
const BUYERS: usize = 200;
/// Numbers of area code 212 in the sandbox's stock.
const NUMBERS: usize = 100;

/// What became of a buyer.
#[derive(Debug, PartialEq)]
enum Told {
    Sold(E164),
    OutOfStock,
}

/// Asks as often as it is told to come back in a moment, as the SDKs do.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T, Error>) -> T {
    loop {
        match ask().await.map_err(Error::settled) {
            Ok(answer) => return answer,
            Err(Error::Unavailable { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Searches for one number and buys it.
async fn buyer(app: &App, actor: &Actor) -> Told {
    let wanted: SearchRequest = serde_json::from_value(serde_json::json!({
        "country": "US", "phoneNumberType": "geographic", "assignmentType": "application",
        "capabilities": Capabilities { calling: Capability::Inbound, sms: Capability::None },
        "areaCode": "212", "quantity": 1,
    }))
    .unwrap();
    let search = patiently(async || numbers::search(app, actor, wanted.clone()).await).await;
    if search.status == OperationStatus::Failed {
        assert_eq!(search.error.unwrap().0, "OutOfStock");
        return Told::OutOfStock;
    }
    let id = search.subject().parse().unwrap();
    let found = patiently(async || numbers::search_result(app, actor, id).await).await.phone_numbers;
    let bought = patiently(async || numbers::purchase(app, actor, id).await).await;
    assert_eq!(bought.status, OperationStatus::Succeeded);
    Told::Sold(found[0])
}

#[tokio::test]
async fn two_hundred_buyers_of_a_hundred_numbers_get_a_hundred_and_the_others_are_told() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let mut actors = Vec::new();
        for n in 0..TENANTS {
            actors.push(tenant(&app, &format!("Buyer {n}")).await.0);
        }
        let local = tokio::task::LocalSet::new();
        let tasks: Vec<_> = (0..BUYERS)
            .map(|n| {
                let (app, actor) = (app.clone(), actors[n % TENANTS].clone());
                local.spawn_local(async move { buyer(&app, &actor).await })
            })
            .collect();
        local.await;
        let mut sold = BTreeSet::new();
        let mut told = 0;
        for task in tasks {
            match task.await.unwrap() {
                Told::Sold(number) => assert!(sold.insert(number), "{number} was sold twice"),
                Told::OutOfStock => told += 1,
            }
        }
        assert_eq!((sold.len(), told), (NUMBERS, BUYERS - NUMBERS));
        let mut owned = BTreeSet::new();
        for actor in &actors {
            let mine = numbers::list(&app, actor, Window::default()).await.unwrap().value;
            let balance = money::balance(&app, actor).await.unwrap().balance.micros;
            assert_eq!(balance, 10_000_000 - 1_000_000 * i64::try_from(mine.len()).unwrap());
            owned.extend(mine.into_iter().map(|number| number.number));
        }
        assert_eq!(owned, sold, "who was told of a number has it");
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}
