//! Search, purchase, bindings, release, renewal.

use crate::house::{operator, start, tenant};
use chrono::{DateTime, Duration, Utc};
use dialtone_app::{
    App, Error, List, PageRequest, Window, money,
    numbers::{self, Filter, Narrow, Operation, OperationKind, OperationStatus, SearchRequest},
    plans::{self, When},
};
use domain::{
    access::{Actor, Scope},
    money::{Currency, Money},
    numbering::{AssignmentType, Binding, Capabilities, Capability, NumberType},
    phone::E164,
    rating::{NumberPrice, PricePlan},
};
use testkit::database::TestDb;
use uuid::Uuid;

fn request(area_code: Option<&str>, quantity: u32) -> SearchRequest {
    SearchRequest {
        country: "US".to_owned(),
        phone_number_type: NumberType::Geographic,
        assignment_type: AssignmentType::Application,
        capabilities: Capabilities { calling: Capability::InboundOutbound, sms: Capability::None },
        area_code: area_code.map(str::to_owned),
        quantity,
        narrow: Narrow::default(),
    }
}

fn id(operation: &Operation) -> Uuid {
    operation.subject().parse().unwrap()
}

async fn buy(app: &App, actor: &Actor, quantity: u32) -> Vec<E164> {
    let search = id(&numbers::search(app, actor, request(None, quantity)).await.unwrap());
    let found = numbers::search_result(app, actor, search).await.unwrap().phone_numbers;
    numbers::purchase(app, actor, search).await.unwrap();
    found
}

async fn balance(app: &App, actor: &Actor) -> i64 {
    money::balance(app, actor).await.unwrap().balance.micros
}

async fn owned(app: &App, actor: &Actor) -> Vec<E164> {
    let List { value, .. } = numbers::list(app, actor, Window::default()).await.unwrap();
    value.into_iter().map(|number| number.number).collect()
}

#[tokio::test]
async fn what_a_search_holds_can_be_bought_for_a_months_price_each() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let operation = numbers::search(&app, &actor, request(Some("212"), 2)).await.unwrap();
        assert_eq!((operation.kind, operation.status), (OperationKind::Search, OperationStatus::Succeeded));
        let search = id(&operation);
        let path = format!("/availablePhoneNumbers/searchResults/{search}");
        assert_eq!(operation.resource.as_deref(), Some(path.as_str()));
        let found = numbers::search_result(&app, &actor, search).await.unwrap();
        assert_eq!(
            (found.phone_numbers.len(), found.cost.micros, found.error.as_str()),
            (2, 2_000_000, "NoError")
        );
        assert!(found.phone_numbers.iter().all(|number| number.to_string().starts_with("+121255501")));
        let left = (found.search_expires_by - app.now()).num_seconds();
        assert!((15 * 60..=16 * 60).contains(&left), "it holds for 16 minutes, {left} s are left");
        let bought = numbers::purchase(&app, &actor, search).await.unwrap();
        assert_eq!((bought.kind, bought.status), (OperationKind::Purchase, OperationStatus::Succeeded));
        assert_eq!(numbers::operation(&app, &actor, &bought.id).await.unwrap(), bought);
        assert_eq!(balance(&app, &actor).await, 8_000_000);
        let mut wanted = found.phone_numbers.clone();
        wanted.sort();
        assert_eq!(owned(&app, &actor).await, wanted);
        let number = numbers::get(&app, &actor, wanted[0]).await.unwrap();
        assert_eq!((number.inbound, number.is_released), (Binding::None, false));
        assert!(app.live().config.owns(actor.tenant.unwrap(), wanted[0]), "the next call knows the owner");
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}

#[tokio::test]
async fn a_search_bought_twice_at_the_same_time_is_paid_once() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let search = id(&numbers::search(&app, &actor, request(None, 1)).await.unwrap());
        let buy = || numbers::purchase(&app, &actor, search);
        let (one, two, three) = tokio::join!(buy(), buy(), buy());
        let first = one.unwrap();
        assert_eq!((two.unwrap(), three.unwrap()), (first.clone(), first));
        assert_eq!(balance(&app, &actor).await, 9_000_000);
        assert_eq!(owned(&app, &actor).await.len(), 1);
    }
}

#[tokio::test]
async fn many_tenants_that_search_and_buy_at_the_same_time_never_get_the_same_number() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let mut actors = Vec::new();
        for n in 0..8 {
            actors.push(tenant(&app, &format!("Tenant {n}")).await.0);
        }
        let local = tokio::task::LocalSet::new();
        let tasks: Vec<_> = actors
            .iter()
            .map(|actor| {
                let (app, actor) = (app.clone(), actor.clone());
                local.spawn_local(async move { buy(&app, &actor, 3).await })
            })
            .collect();
        local.await;
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        assert_eq!(all.len(), 24);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 24, "no number was sold twice");
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}

#[tokio::test]
async fn without_the_money_nothing_is_bought_and_the_answer_says_what_is_missing() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let debit = Money::new(-8_500_000, Currency::USD);
        money::credit(&app, &operator(), acme.tenant.id, debit, "a test").await.unwrap();
        let search = id(&numbers::search(&app, &actor, request(None, 2)).await.unwrap());
        let error = numbers::purchase(&app, &actor, search).await.unwrap_err();
        let Error::PaymentRequired { missing, .. } = error else { panic!("{error:?}") };
        assert_eq!(missing.micros, 500_000);
        assert_eq!((owned(&app, &actor).await.len(), balance(&app, &actor).await), (0, 1_500_000));
        let top_up = Money::new(500_000, Currency::USD);
        money::credit(&app, &operator(), acme.tenant.id, top_up, "a test").await.unwrap();
        numbers::purchase(&app, &actor, search).await.unwrap();
        assert_eq!((owned(&app, &actor).await.len(), balance(&app, &actor).await), (2, 0));
    }
}

#[tokio::test]
async fn what_nobody_sells_is_refused_and_what_is_sold_out_fails_the_operation() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let person = SearchRequest {
        phone_number_type: NumberType::TollFree,
        assignment_type: AssignmentType::Person,
        ..request(None, 1)
    };
    let moon = SearchRequest { country: "ZZ".to_owned(), ..request(None, 1) };
    let texts = SearchRequest {
        capabilities: Capabilities { calling: Capability::None, sms: Capability::Inbound },
        ..request(None, 1)
    };
    let area = request(Some("206"), 1);
    for impossible in [person, moon, texts, area] {
        let error = numbers::search(&app, &actor, impossible).await.unwrap_err();
        assert!(
            matches!(
                &error,
                Error::Invalid { status: 400, code: "InternalError", inner: Some(("BadRequest", _)), .. }
            ),
            "{error:?}"
        );
    }
    let too_many = numbers::search(&app, &actor, request(Some("212"), 101)).await.unwrap();
    assert_eq!(too_many.status, OperationStatus::Failed);
    assert_eq!(too_many.error.as_ref().map(|(code, _)| code.as_str()), Some("OutOfStock"));
    let result = numbers::search_result(&app, &actor, id(&too_many)).await.unwrap();
    assert_eq!((result.error.as_str(), result.phone_numbers.len()), ("OutOfStock", 0));
    let nothing = numbers::purchase(&app, &actor, id(&too_many)).await.unwrap_err();
    assert!(matches!(nothing, Error::Conflict { .. }));
    for bad in [0, numbers::QUANTITY_MAX + 1] {
        let error = numbers::search(&app, &actor, request(None, bad)).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { target: Some(field), .. } if field == "quantity"));
    }
}

/// Moves the end of a hold into the past, as 16 minutes do.
async fn let_lapse(test: &TestDb, search: Uuid, at: DateTime<Utc>) {
    let scope = Scope::system("a test");
    let row = store::searches::get(test.db.read(), &scope, search).await.unwrap().unwrap();
    let numbers: Vec<String> = serde_json::from_value(row.numbers).unwrap();
    let tx = test.db.begin().await.unwrap();
    store::stock::let_go(&tx, &scope, search).await.unwrap();
    store::stock::hold(&tx, &scope, &numbers, search, at).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_hold_that_lapsed_or_was_given_up_cannot_be_bought_and_its_numbers_are_free_again() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let all = request(Some("212"), 100);
        let first = numbers::search(&app, &actor, all.clone()).await.unwrap();
        let none_left = numbers::search(&app, &actor, request(Some("212"), 1)).await.unwrap();
        assert_eq!(none_left.status, OperationStatus::Failed, "what is held is not found");
        numbers::cancel(&app, &actor, &first.id).await.unwrap();
        let canceled = numbers::operation(&app, &actor, &first.id).await.unwrap();
        assert_eq!(canceled.status, OperationStatus::Canceled);
        assert!(matches!(numbers::purchase(&app, &actor, id(&first)).await, Err(Error::Conflict { .. })));
        let second = id(&numbers::search(&app, &actor, all.clone()).await.unwrap());
        let_lapse(&test, second, app.now() - Duration::seconds(1)).await;
        assert_eq!(numbers::expire(&app).await.unwrap(), 100);
        assert!(matches!(numbers::purchase(&app, &actor, second).await, Err(Error::Conflict { .. })));
        let third = numbers::search(&app, &actor, all).await.unwrap();
        assert_eq!(third.status, OperationStatus::Succeeded);
        assert_eq!(balance(&app, &actor).await, 10_000_000);
    }
}

#[tokio::test]
async fn a_stranger_finds_neither_search_nor_operation_nor_number() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let (stranger, _) = tenant(&app, "Other").await;
    let operation = numbers::search(&app, &actor, request(None, 1)).await.unwrap();
    let search = id(&operation);
    let number = numbers::search_result(&app, &actor, search).await.unwrap().phone_numbers[0];
    let missing = |error: Error| assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    missing(numbers::search_result(&app, &stranger, search).await.unwrap_err());
    missing(numbers::purchase(&app, &stranger, search).await.unwrap_err());
    missing(numbers::operation(&app, &stranger, &operation.id).await.unwrap_err());
    missing(numbers::cancel(&app, &stranger, &operation.id).await.unwrap_err());
    numbers::purchase(&app, &actor, search).await.unwrap();
    missing(numbers::get(&app, &stranger, number).await.unwrap_err());
    missing(numbers::bind(&app, &stranger, number, Binding::None).await.unwrap_err());
    missing(numbers::release(&app, &stranger, number).await.unwrap_err());
    assert!(owned(&app, &stranger).await.is_empty());
}

#[tokio::test]
async fn a_number_is_bound_to_what_is_there_alone() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let number = buy(&app, &actor, 1).await[0];
    let elsewhere = E164::parse("+12065550100").unwrap();
    for (bad, why) in [
        (Binding::User("nobody".to_owned()), "no such user"),
        (Binding::Trunk("sbc.acme.test".to_owned()), "no such trunk"),
        (Binding::Forward(number), "to itself"),
        (Binding::Application(String::new()), "no name"),
    ] {
        let error = numbers::bind(&app, &actor, number, bad).await.unwrap_err();
        assert!(
            matches!(&error, Error::Invalid { target: Some(field), .. } if field == "inbound.target"),
            "{why}"
        );
    }
    let bound = numbers::bind(&app, &actor, number, Binding::Forward(elsewhere)).await.unwrap();
    assert_eq!(bound.inbound, Binding::Forward(elsewhere));
    let live = app.live();
    assert_eq!(live.config.owner(number).unwrap().1.binding, Binding::Forward(elsewhere));
    let none = numbers::bind(&app, &actor, number, Binding::None).await.unwrap();
    assert_eq!(numbers::get(&app, &actor, number).await.unwrap(), none);
}

/// Moves the end of what is paid into the past, as a month does.
async fn month_passes(test: &TestDb, number: E164, days_ago: i64) {
    let scope = Scope::system("a test");
    let mut row = store::leases::get(test.db.read(), &scope, &number.to_string()).await.unwrap().unwrap();
    let back = row.paid_until - Utc::now() + Duration::days(days_ago);
    row.purchased_at -= back;
    row.paid_until -= back;
    let tx = test.db.begin().await.unwrap();
    store::leases::update(&tx, &scope, row).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_lease_is_paid_month_by_month_and_once_a_month() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let number = buy(&app, &actor, 1).await[0];
        assert_eq!(numbers::renew(&app).await.unwrap(), numbers::Renewed::default(), "it is paid for");
        month_passes(&test, number, 0).await;
        assert_eq!(numbers::renew(&app).await.unwrap().charged, 1);
        assert_eq!(numbers::renew(&app).await.unwrap().charged, 0);
        assert_eq!(balance(&app, &actor).await, 8_000_000);
        assert!(numbers::get(&app, &actor, number).await.unwrap().paid_until > app.now());
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}

#[tokio::test]
async fn a_released_number_stays_until_it_is_no_longer_paid_for_and_is_for_sale_again() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        let number = buy(&app, &actor, 1).await[0];
        let first = numbers::release(&app, &actor, number).await.unwrap();
        assert_eq!(
            (first.kind, first.status),
            (OperationKind::ReleasePhoneNumber, OperationStatus::Succeeded)
        );
        assert_eq!(numbers::release(&app, &actor, number).await.unwrap(), first);
        assert!(numbers::get(&app, &actor, number).await.unwrap().is_released);
        assert_eq!(owned(&app, &actor).await, [number]);
        month_passes(&test, number, 0).await;
        assert_eq!(numbers::renew(&app).await.unwrap().ended, 1);
        assert!(owned(&app, &actor).await.is_empty());
        assert!(app.live().config.owner(number).is_none());
        assert_eq!(balance(&app, &actor).await, 9_000_000, "the month that was not begun is not paid");
        let (other, _) = tenant(&app, "Other").await;
        let area = number.to_string()[2..5].to_owned();
        let all = numbers::search(&app, &other, request(Some(&area), 100)).await.unwrap();
        assert_eq!(all.status, OperationStatus::Succeeded, "all hundred of the area are free");
    }
}

#[tokio::test]
async fn an_unpaid_lease_goes_on_for_a_week_of_grace_and_then_ends() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, acme) = tenant(&app, "Acme").await;
        let (payer, _) = tenant(&app, "Payer").await;
        let poor = buy(&app, &actor, 1).await[0];
        let rich = buy(&app, &payer, 1).await[0];
        let debit = Money::new(-9_000_000, Currency::USD);
        money::credit(&app, &operator(), acme.tenant.id, debit, "a test").await.unwrap();
        month_passes(&test, poor, 1).await;
        month_passes(&test, rich, 0).await;
        let round = numbers::renew(&app).await.unwrap();
        assert_eq!(
            (round.unpaid, round.charged, round.lapsed),
            (1, 1, 0),
            "one's debt does not hold up another"
        );
        assert_eq!(owned(&app, &actor).await, [poor]);
        month_passes(&test, poor, 8).await;
        assert_eq!(numbers::renew(&app).await.unwrap().lapsed, 1);
        assert!(owned(&app, &actor).await.is_empty());
        assert_eq!(balance(&app, &actor).await, 0);
    }
}

#[tokio::test]
async fn the_catalogue_shows_what_can_be_bought() {
    let test = TestDb::sqlite().await.unwrap();
    let app = start(&test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let all = Window::default();
    let countries = numbers::countries(&app, &actor, all).await.unwrap().value;
    let codes: Vec<&str> = countries.iter().map(|country| country.country_code.as_str()).collect();
    assert_eq!(codes, ["AU", "GB", "SE", "US"]);
    assert_eq!(countries[3].localized_name, "United States");
    let page = numbers::countries(&app, &actor, Window { skip: 1, limit: 2 }).await.unwrap();
    assert_eq!((page.value.len(), page.next_skip), (2, Some(3)));
    let ny = Filter { administrative_division: Some("NY".to_owned()), ..Filter::default() };
    let places = numbers::localities(&app, &actor, "us", ny, all).await.unwrap().value;
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].localized_name, "New York City");
    let boston = Filter { locality: Some("Boston".to_owned()), ..Filter::default() };
    assert_eq!(numbers::area_codes(&app, &actor, "US", boston, all).await.unwrap().value, ["617"]);
    let free = Filter { number_type: Some(NumberType::TollFree), ..Filter::default() };
    let offers = numbers::offerings(&app, &actor, "US", free, all).await.unwrap().value;
    assert_eq!(offers.len(), 1, "toll-free numbers are for programs alone");
    assert_eq!((offers[0].assignment_type, offers[0].cost.micros), (AssignmentType::Application, 2_000_000));
    let everything = numbers::area_codes(&app, &actor, "US", Filter::default(), all).await.unwrap().value;
    assert_eq!(everything, ["212", "312", "415", "617", "800"], "the answering range is not for sale");
}

#[tokio::test]
async fn a_number_costs_what_the_plan_says_in_the_offer_the_order_the_ledger_and_the_next_month() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        priced(&app, false).await;
        let all = numbers::offerings(&app, &actor, "us", Filter::default(), Window::default()).await.unwrap();
        let cost = |kind| all.value.iter().find(|one| one.phone_number_type == kind).unwrap().cost.micros;
        let stock = (cost(NumberType::Geographic), cost(NumberType::TollFree));
        assert_eq!(stock, (700_000, 2_000_000), "the stock says what the plan does not");
        let search = id(&numbers::search(&app, &actor, request(None, 2)).await.unwrap());
        let found = numbers::search_result(&app, &actor, search).await.unwrap();
        assert_eq!(found.cost.micros, 1_400_000);
        numbers::purchase(&app, &actor, search).await.unwrap();
        // A month and 0.25 once, of each.
        assert_eq!(balance(&app, &actor).await, 10_000_000 - 2 * 950_000);
        let number = numbers::get(&app, &actor, owned(&app, &actor).await[0]).await.unwrap();
        assert_eq!(number.monthly.micros, 700_000);
        let entries = money::ledger(&app, &actor, &PageRequest::default()).await.unwrap().value;
        let mut amounts: Vec<i64> =
            entries.iter().map(|entry| entry.amount.micros).filter(|micros| *micros < 0).collect();
        amounts.sort_unstable();
        assert_eq!(amounts, [-700_000, -700_000, -250_000, -250_000]);
        // What was found before it became dearer is not sold at either price.
        let search = id(&numbers::search(&app, &actor, request(None, 1)).await.unwrap());
        dearer(&app).await;
        let refused = numbers::purchase(&app, &actor, search).await.unwrap_err();
        assert!(matches!(&refused, Error::Conflict { .. }), "{refused}");
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}

#[tokio::test]
async fn a_last_month_is_charged_by_the_day_where_the_plan_says_so() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, _) = tenant(&app, "Acme").await;
        priced(&app, true).await;
        let number = buy(&app, &actor, 1).await[0];
        let bought = numbers::get(&app, &actor, number).await.unwrap();
        let first = domain::billing::lease_term(bought.purchased_at, bought.purchased_at, 700_000, true);
        assert_eq!(bought.paid_until, first.until);
        assert_eq!(balance(&app, &actor).await, 10_000_000 - 250_000 - first.micros);
        let rest = domain::billing::lease_rest(first.until, app.now(), 700_000);
        for _ in 0..2 {
            numbers::release(&app, &actor, number).await.unwrap();
        }
        // On the last day of a month nothing is left to give back.
        let (until, back) = rest.map_or((first.until, 0), |rest| (rest.until, rest.micros));
        assert_eq!(numbers::get(&app, &actor, number).await.unwrap().paid_until, until);
        assert_eq!(balance(&app, &actor).await, 10_000_000 - 250_000 - first.micros + back);
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}

/// The plan of newcomers sells geographic numbers of the US at 0.70 a month and 0.25 once.
async fn priced(app: &App, prorate: bool) {
    edit(app, prorate, 700_000).await;
}

async fn dearer(app: &App) {
    edit(app, false, 800_000).await;
}

async fn edit(app: &App, prorate: bool, monthly_micros: i64) {
    let plan = plans::starting(&app.live().config).unwrap().id;
    let price = NumberPrice {
        country: "US".to_owned(),
        number_type: NumberType::Geographic,
        monthly_micros,
        setup_micros: 250_000,
    };
    let change = |now| Ok(PricePlan { numbers: vec![price.clone()], prorate, ..now });
    plans::change(app, &operator(), plan, When::default(), change).await.unwrap();
}
