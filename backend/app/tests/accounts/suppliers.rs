//! Suppliers from outside. The one here is a fake: a small HTTP server in this file that speaks the contract of
//! `backend/vendors/SUPPLIERS.md`, keeps what it holds and sold, and misbehaves where a test tells it to.

use crate::house::{operator, start, tenant};
use chrono::Duration;
use dialtone_app::{
    App, Error, money,
    numbers::{
        self, AvailableNumber, BrowseRequest, Narrow, OperationStatus, SearchRequest,
        reservations::{self, ReservationChange, ReservationStatus, WantedNumber},
    },
    suppliers::{self, SupplierEdit},
};
use domain::{
    access::{Actor, Scope},
    numbering::{AssignmentType, Capabilities, Capability, NumberType},
    phone::E164,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use testkit::database::TestDb;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

const SECRET: &str = "a secret that both of them know";
/// Both of the fake: cheaper than what the sandbox sells.
const NUMBERS: [&str; 2] = ["+12125559001", "+12125559002"];
const COST: i64 = 400_000;

/// What the fake does with a step instead of doing it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Gone,
    PriceChanged,
    Refuses,
    /// It does it, and never answers.
    Hangs,
    /// It does it, answers 500 the first time, and knows the reference when it is asked again.
    FailsOnce,
}

#[derive(Default)]
struct State {
    trouble: BTreeMap<&'static str, Trouble>,
    held: BTreeSet<String>,
    bought: BTreeSet<String>,
    references: BTreeSet<String>,
    log: Vec<String>,
}

#[derive(Clone)]
struct Fake {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake =
            Self { url: format!("http://{}/v1", listener.local_addr().unwrap()), state: Arc::default() };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = serving.clone();
                tokio::spawn(async move { fake.serve(stream).await });
            }
        });
        fake
    }

    fn has(&self, step: &'static str, trouble: Trouble) {
        self.state.lock().unwrap().trouble.insert(step, trouble);
    }

    fn is_well(&self) {
        self.state.lock().unwrap().trouble.clear();
    }

    fn held(&self) -> usize {
        self.state.lock().unwrap().held.len()
    }

    fn bought(&self) -> usize {
        self.state.lock().unwrap().bought.len()
    }

    fn asked(&self, step: &str) -> usize {
        self.state.lock().unwrap().log.iter().filter(|one| *one == step).count()
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let (head, body) = loop {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.unwrap_or(0);
            bytes.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = header(head, "content-length").parse::<usize>().unwrap_or(0);
                if body.len() >= length {
                    break (head.to_owned(), body.to_owned());
                }
            }
            if count == 0 {
                return;
            }
        };
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let (status, answer) = if is_signed(&head, &path, &body) {
            let step = path.rsplit('/').next().unwrap().to_owned();
            self.answer(&step, &serde_json::from_str(&body).unwrap())
        } else {
            (Some(401), json!({"error": {"code": "unauthenticated", "message": "the signature is wrong"}}))
        };
        let Some(status) = status else {
            std::future::pending::<()>().await;
            return;
        };
        let body = answer.to_string();
        let text = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(text.as_bytes()).await;
    }

    fn answer(&self, step: &str, body: &Value) -> (Option<u16>, Value) {
        let mut state = self.state.lock().unwrap();
        state.log.push(step.to_owned());
        let trouble = state.trouble.get(step).copied();
        let refused = |code: &str| (Some(409), json!({"error": {"code": code, "message": "no"}}));
        match trouble {
            Some(Trouble::Gone) => return refused("gone"),
            Some(Trouble::PriceChanged) => return refused("priceChanged"),
            Some(Trouble::Hangs) if step == "search" => return (None, Value::Null),
            Some(Trouble::Refuses) => return refused("notForYou"),
            _ => {}
        }
        let numbers: BTreeSet<String> =
            serde_json::from_value(body.get("numbers").cloned().unwrap_or_default()).unwrap_or_default();
        let reference = format!("{step} {}", body["reference"]);
        let is_new = state.references.insert(reference);
        match step {
            "search" => {
                let free = NUMBERS
                    .iter()
                    .filter(|number| !state.held.contains(**number) && !state.bought.contains(**number));
                let prefix = body["prefix"].as_str().unwrap_or_default();
                let free: Vec<Value> = free
                    .filter(|number| number[1..].starts_with(prefix))
                    .map(|number| json!({"number": number, "areaCode": "212", "monthlyCost": {"amountMicros": COST, "currency": "USD"}}))
                    .collect();
                return (Some(200), json!({ "numbers": free }));
            }
            "holds" => state.held.extend(numbers),
            "orders" => {
                assert!(numbers.is_subset(&state.held) || !is_new, "only what is held is bought");
                assert!(body["most"]["amountMicros"].as_i64().unwrap() >= COST);
                state.held.retain(|number| !numbers.contains(number));
                state.bought.extend(numbers);
            }
            "releases" => {
                state.held.retain(|number| !numbers.contains(number));
                state.bought.retain(|number| !numbers.contains(number));
            }
            other => panic!("{other} is no step of the contract"),
        }
        match trouble {
            Some(Trouble::Hangs) => (None, Value::Null),
            Some(Trouble::FailsOnce) if is_new => (Some(500), Value::Null),
            _ => (Some(200), json!({})),
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .next()
        .unwrap_or("")
}

fn is_signed(head: &str, path: &str, body: &str) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{path}.{body}", header(head, "x-dialtone-timestamp")).as_bytes());
    header(head, "x-dialtone-signature") == format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn edit(url: &str) -> SupplierEdit {
    SupplierEdit {
        name: "Fake".to_owned(),
        url: url.to_owned(),
        secret: Some(SECRET.to_owned()),
        countries: vec!["US".to_owned()],
        carrier: "sandbox".to_owned(),
        margin_basis_points: 5_000,
        timeout_ms: 300,
        enabled: true,
    }
}

/// A platform that sells the fake's numbers, and a tenant with 10.00.
async fn world(test: &TestDb) -> (App, Actor, Fake) {
    let app = start(test).await;
    let (actor, _) = tenant(&app, "Acme").await;
    let fake = Fake::start().await;
    let mut settings = edit(&fake.url);
    settings.carrier = app.live().config.platform.value.carriers[0].name.clone();
    suppliers::create(&app, &operator(), settings).await.unwrap();
    (app, actor, fake)
}

fn request(quantity: u32) -> SearchRequest {
    SearchRequest {
        country: "US".to_owned(),
        phone_number_type: NumberType::Geographic,
        assignment_type: AssignmentType::Application,
        capabilities: Capabilities { calling: Capability::InboundOutbound, sms: Capability::None },
        area_code: Some("212".to_owned()),
        quantity,
        narrow: Narrow::default(),
    }
}

async fn search(app: &App, actor: &Actor, quantity: u32) -> (Uuid, Vec<String>) {
    let operation = numbers::search(app, actor, request(quantity)).await.unwrap();
    assert_eq!(operation.status, OperationStatus::Succeeded, "{operation:?}");
    let id = operation.subject().parse().unwrap();
    let found = numbers::search_result(app, actor, id).await.unwrap().phone_numbers;
    (id, found.iter().map(E164::to_string).collect())
}

async fn balance(app: &App, actor: &Actor) -> i64 {
    money::balance(app, actor).await.unwrap().balance.micros
}

async fn settle_later(app: &App, minutes: i64) {
    suppliers::settle_at(app, app.now() + Duration::minutes(minutes)).await.unwrap();
}

#[tokio::test]
async fn one_search_takes_the_cheapest_first_and_what_is_bought_goes_back_after_its_lease() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        let (id, found) = search(&app, &actor, 3).await;
        assert!(NUMBERS.iter().all(|number| found.contains(&(*number).to_owned())), "{found:?}");
        assert_eq!((found.len(), fake.held()), (3, 2), "the third one is the sandbox's");
        let cost = numbers::search_result(&app, &actor, id).await.unwrap().cost;
        assert_eq!(cost.micros, 2 * COST * 3 / 2 + 1_000_000, "cost and margin, and the sandbox's price");
        let before = balance(&app, &actor).await;
        numbers::purchase(&app, &actor, id).await.unwrap();
        numbers::purchase(&app, &actor, id).await.unwrap();
        assert_eq!((fake.held(), fake.bought(), fake.asked("orders")), (0, 2, 1));
        assert_eq!(before - balance(&app, &actor).await, cost.micros, "paid once");
        settle_later(&app, 60).await;
        assert_eq!(fake.bought(), 2, "what is leased stays");
        // The lease ends: the number goes back to whom it came from, and is not for sale here.
        let number: E164 = NUMBERS[0].parse().unwrap();
        numbers::release(&app, &actor, number).await.unwrap();
        let scope = Scope::system("a test");
        let mut lease = store::leases::get(test.db.read(), &scope, NUMBERS[0]).await.unwrap().unwrap();
        lease.paid_until = app.now() - Duration::days(1);
        test.db
            .write::<_, store::Error, _>(async |tx| store::leases::update(tx, &scope, lease.clone()).await)
            .await
            .unwrap();
        assert_eq!(numbers::renew(&app).await.unwrap().ended, 1);
        assert!(store::stock::get(test.db.read(), &scope, NUMBERS[0]).await.unwrap().is_none());
        suppliers::settle(&app).await.unwrap();
        assert_eq!((fake.bought(), fake.asked("releases")), (1, 1));
    }
}

#[tokio::test]
async fn a_supplier_that_does_not_hold_is_passed_over_and_nothing_stays_held() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        for trouble in [Trouble::Refuses, Trouble::Hangs, Trouble::Gone, Trouble::PriceChanged] {
            fake.has("holds", trouble);
            let (_, found) = search(&app, &actor, 1).await;
            assert!(!NUMBERS.contains(&found[0].as_str()), "the next supplier has another one: {found:?}");
        }
        assert!(fake.held() > 0, "what hung was done there");
        fake.is_well();
        suppliers::settle(&app).await.unwrap();
        assert_eq!(fake.held(), 0, "what nobody knows of is given back");
        fake.has("search", Trouble::Hangs);
        let (_, found) = search(&app, &actor, 1).await;
        assert!(!NUMBERS.contains(&found[0].as_str()));
    }
}

#[tokio::test]
async fn a_crash_between_hold_and_purchase_leaves_nothing_held_and_nothing_paid() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        let before = balance(&app, &actor).await;
        let (id, _) = search(&app, &actor, 1).await;
        assert_eq!(fake.held(), 1);
        // The node dies here; another one goes on with the same database.
        drop(app);
        let app = start(&test).await;
        fake.has("releases", Trouble::FailsOnce);
        settle_later(&app, numbers::SEARCH_MINUTES + 1).await;
        assert_eq!((fake.held(), fake.asked("releases")), (0, 2), "lost answers are asked for again");
        assert!(matches!(numbers::purchase(&app, &actor, id).await, Err(Error::Conflict { .. })));
        assert_eq!(balance(&app, &actor).await, before);
        let (_, found) = search(&app, &actor, 1).await;
        assert!(NUMBERS.contains(&found[0].as_str()), "it is to be had again");
    }
}

#[tokio::test]
async fn a_purchase_that_a_supplier_does_not_carry_out_costs_nothing_and_is_undone() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        let before = balance(&app, &actor).await;
        for trouble in [Trouble::Gone, Trouble::PriceChanged, Trouble::Refuses, Trouble::Hangs] {
            fake.has("orders", trouble);
            let (id, _) = search(&app, &actor, 1).await;
            let failed = numbers::purchase(&app, &actor, id).await;
            assert!(matches!(failed, Err(Error::Conflict { .. })), "{failed:?}");
            assert_eq!(balance(&app, &actor).await, before);
            suppliers::settle(&app).await.unwrap();
            assert_eq!((fake.held(), fake.bought()), (0, 0), "what was held or bought is given back");
        }
        fake.has("orders", Trouble::FailsOnce);
        let (id, found) = search(&app, &actor, 1).await;
        numbers::purchase(&app, &actor, id).await.unwrap();
        assert_eq!(fake.bought(), 1, "an answer that was lost is asked for again");
        assert!(numbers::get(&app, &actor, found[0].parse().unwrap()).await.is_ok());
    }
}

#[tokio::test]
async fn nothing_is_bought_outside_that_the_balance_does_not_cover_and_a_search_given_up_is_given_back() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        // Eleven of the sandbox's at 1.00 are more than the ten that a tenant starts with.
        let (id, _) = search(&app, &actor, 13).await;
        let failed = numbers::purchase(&app, &actor, id).await;
        assert!(matches!(failed, Err(Error::PaymentRequired { .. })), "{failed:?}");
        assert_eq!((fake.asked("orders"), fake.held()), (0, 2), "it may be tried again with more money");
        numbers::cancel(&app, &actor, &format!("search_{id}")).await.unwrap();
        suppliers::settle(&app).await.unwrap();
        assert_eq!(fake.held(), 0);
    }
}

#[tokio::test]
async fn a_supplier_is_made_with_sound_settings_alone() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        let of_tenant = suppliers::create(&app, &actor, edit(&fake.url)).await;
        assert!(matches!(of_tenant, Err(Error::Denied { .. })));
        let carrier = app.live().config.platform.value.carriers[0].name.clone();
        let sound = SupplierEdit { name: "Other".to_owned(), carrier, ..edit(&fake.url) };
        for (wrong, field) in [
            (SupplierEdit { name: " ".to_owned(), ..sound.clone() }, "name"),
            (SupplierEdit { url: "ftp://x".to_owned(), ..sound.clone() }, "url"),
            (SupplierEdit { secret: Some("short".to_owned()), ..sound.clone() }, "secret"),
            (SupplierEdit { countries: vec!["XX".to_owned()], ..sound.clone() }, "countries"),
            (SupplierEdit { carrier: "nobody".to_owned(), ..sound.clone() }, "carrier"),
            (SupplierEdit { timeout_ms: 1, ..sound.clone() }, "timeoutMs"),
            (SupplierEdit { margin_basis_points: 2_000_000, ..sound.clone() }, "marginBasisPoints"),
        ] {
            let refused = suppliers::create(&app, &operator(), wrong).await;
            assert!(
                matches!(&refused, Err(Error::Invalid { target: Some(target), .. }) if target == field),
                "{field}: {refused:?}"
            );
        }
        let same_name = SupplierEdit { name: "Fake".to_owned(), ..sound.clone() };
        assert!(matches!(suppliers::create(&app, &operator(), same_name).await, Err(Error::Conflict { .. })));
        let (made, secret) = suppliers::create(&app, &operator(), sound.clone()).await.unwrap();
        assert_eq!(secret, SECRET);
        let off = SupplierEdit { secret: None, enabled: false, ..sound };
        assert!(!suppliers::change(&app, &operator(), made.id, off).await.unwrap().enabled);
        assert_eq!(suppliers::list(&app, &operator()).await.unwrap().len(), 2);
    }
}

async fn browse(app: &App, actor: &Actor, prefixes: &[&str]) -> Vec<AvailableNumber> {
    let request = BrowseRequest {
        country: "us".to_owned(),
        phone_number_type: NumberType::Geographic,
        assignment_type: None,
        capabilities: Capabilities { calling: Capability::Inbound, sms: Capability::None },
        area_code: None,
        prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        narrow: Narrow::default(),
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

fn e164(found: &[AvailableNumber]) -> Vec<String> {
    found.iter().map(|one| one.number.to_string()).collect()
}

#[tokio::test]
async fn what_others_sell_is_browsed_cheapest_first_and_not_while_somebody_has_it() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        let all = browse(&app, &actor, &[]).await;
        assert_eq!(e164(&all[..2]), NUMBERS, "at 0.60 they are cheaper than the sandbox's at 1.00");
        assert_eq!(all[0].monthly.micros, COST * 3 / 2);
        assert!(all.len() > 10 && all.is_sorted_by_key(|one| one.monthly.micros));
        let some = browse(&app, &actor, &["2125559002", "2125550"]).await;
        assert_eq!(some[0].number.to_string(), NUMBERS[1], "each prefix is asked for");
        assert!(some.len() > 1 && some[1..].iter().all(|one| one.number.digits().starts_with("12125550")));
        fake.has("search", Trouble::Hangs);
        let without = browse(&app, &actor, &[]).await;
        assert!(!without.is_empty() && !e164(&without).contains(&NUMBERS[0].to_owned()), "it is passed over");
        fake.is_well();
        // A second one sells the same numbers dearer: each is shown once, and bought where it is cheap.
        let carrier = app.live().config.platform.value.carriers[0].name.clone();
        let dear =
            SupplierEdit { name: "Dear".into(), carrier, margin_basis_points: 9_000, ..edit(&fake.url) };
        suppliers::create(&app, &operator(), dear).await.unwrap();
        let all = browse(&app, &actor, &["2125559"]).await;
        assert_eq!((e164(&all), all[0].monthly.micros), (NUMBERS.map(str::to_owned).to_vec(), COST * 3 / 2));
        search(&app, &actor, 1).await;
        assert_eq!(browse(&app, &actor, &["2125559"]).await.len(), 1, "one is held");
    }
}

#[tokio::test]
async fn numbers_of_others_are_reserved_let_go_one_by_one_and_bought_together() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        let before = balance(&app, &actor).await;
        let found = browse(&app, &actor, &["2125559", "2125550"]).await;
        let id = Uuid::new_v4();
        let made = reservations::reserve(&app, &actor, id, adding(&found[..3])).await.unwrap();
        assert!(made.failed.is_empty(), "{:?}", made.failed);
        assert_eq!((made.reservation.numbers.len(), fake.held()), (3, 2), "the third one is the sandbox's");
        let again = reservations::reserve(&app, &actor, id, adding(&found[..3])).await.unwrap();
        assert_eq!((again.reservation.numbers.len(), fake.asked("holds")), (3, 2), "held once");
        let other = reservations::reserve(&app, &actor, Uuid::new_v4(), adding(&found[..1])).await.unwrap();
        assert_eq!((other.failed.len(), fake.asked("holds")), (1, 2), "what one has another one has not");
        // One goes out: the other stays held, at its supplier, too.
        let out = ReservationChange { add: Vec::new(), remove: vec![found[0].number] };
        let left = reservations::reserve(&app, &actor, id, out).await.unwrap();
        assert_eq!(left.reservation.numbers.len(), 2);
        suppliers::settle(&app).await.unwrap();
        assert_eq!((fake.held(), fake.asked("releases")), (1, 1));
        assert!(e164(&browse(&app, &actor, &["2125559"]).await).contains(&NUMBERS[0].to_owned()));
        reservations::purchase(&app, &actor, id).await.unwrap();
        reservations::purchase(&app, &actor, id).await.unwrap();
        assert_eq!((fake.held(), fake.bought(), fake.asked("orders")), (0, 1, 1));
        assert_eq!(before - balance(&app, &actor).await, COST * 3 / 2 + 1_000_000, "paid once");
        assert!(numbers::get(&app, &actor, found[1].number).await.is_ok());
        settle_later(&app, 180).await;
        assert_eq!(fake.bought(), 1, "what is leased stays");
        assert_eq!(money::drift(&app, &operator()).await.unwrap().figure, 0);
    }
}

#[tokio::test]
async fn a_reservation_that_fails_is_deleted_or_lapses_leaves_nothing_held_at_a_supplier() {
    for test in TestDb::each().await.unwrap() {
        let (app, actor, fake) = world(&test).await;
        let before = balance(&app, &actor).await;
        let found = browse(&app, &actor, &["2125559"]).await;
        // It does not hold, or nobody knows whether it does.
        for trouble in [Trouble::Refuses, Trouble::Hangs, Trouble::Gone] {
            fake.has("holds", trouble);
            let made = reservations::reserve(&app, &actor, Uuid::new_v4(), adding(&found)).await.unwrap();
            assert_eq!((made.reservation.numbers.len(), made.failed.len()), (0, 2));
            fake.is_well();
            suppliers::settle(&app).await.unwrap();
            assert_eq!(fake.held(), 0);
        }
        // What the number cannot do is told before it is held.
        let mut texts = adding(&found);
        texts.add[0].capabilities.sms = Capability::Inbound;
        let holds = fake.asked("holds");
        let made = reservations::reserve(&app, &actor, Uuid::new_v4(), texts).await.unwrap();
        assert_eq!((made.failed.len(), fake.asked("holds")), (1, holds + 1));
        assert!(made.failed[0].error.as_ref().unwrap().1.contains("no more than calling"), "{made:?}");
        reservations::delete(&app, &actor, made.reservation.id).await.unwrap();
        suppliers::settle(&app).await.unwrap();
        assert_eq!(fake.held(), 0, "deleted");
        // A step of the purchase fails: what was bought before it goes back, and nothing is paid.
        let id = Uuid::new_v4();
        reservations::reserve(&app, &actor, id, adding(&found)).await.unwrap();
        fake.has("orders", Trouble::Refuses);
        assert!(matches!(reservations::purchase(&app, &actor, id).await, Err(Error::Conflict { .. })));
        fake.is_well();
        suppliers::settle(&app).await.unwrap();
        assert_eq!((fake.held(), fake.bought()), (0, 0));
        assert_eq!(balance(&app, &actor).await, before);
        assert!(matches!(reservations::purchase(&app, &actor, id).await, Err(Error::Conflict { .. })));
        // A reservation that is over takes nothing in, and one that lapses lets go.
        let id = Uuid::new_v4();
        let made = reservations::reserve(&app, &actor, id, adding(&found)).await.unwrap();
        assert_eq!((made.reservation.status, fake.held()), (ReservationStatus::Active, 2));
        settle_later(&app, 16).await;
        assert_eq!(fake.held(), 0, "lapsed");
    }
}
