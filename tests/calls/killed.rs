//! kill -9 at random moments while calls run, invoices are closed and a rate deck is imported: no money drifts.

use crate::{BINARY, Tenant, dial};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use testkit::{
    phone::{Account, Phone},
    server::{Client, OPERATOR_EMAIL, OPERATOR_PASSWORD, Options, Server},
};

/// How often it kills, where `KILLS` does not say otherwise; `tests/load/run kills` does so a hundred times.
const KILLS: u32 = 10;
/// Prefixes of the deck; the callee's is one of them.
const ROWS: usize = 2_000;
/// A number of the sandbox that answers at once and stays.
const ANSWERS: &str = "+12065550195";
/// Callers, each a tenant of its own.
const TENANTS: u8 = 2;
/// How long what is closed last may take: what was charged in the last seconds is for a later close.
const PATIENCE: Duration = Duration::from_secs(60);

/// A tenant whose phone calls.
struct Caller {
    tenant: Tenant,
    phone: Arc<Phone>,
    account: Account,
}

/// What the platform has told the importer, over all kills.
#[derive(Default)]
struct Imports {
    /// The last version that was asked for.
    asked: AtomicI64,
    /// The last version that was said to be in force.
    confirmed: AtomicI64,
}

/// Each row costs the same, by which a version is known to be whole.
fn deck_text(turn: i64) -> String {
    let price = format!("0.{:06}", 20_000 + turn % 10_000);
    let mut text = format!("prefix,perMinute\n1206555,{price}\n");
    for row in 1..ROWS {
        text.push_str(&format!("467{row:06},{price}\n"));
    }
    text
}

/// Asks without an assertion: the server may be gone.
fn ask(request: reqwest::blocking::RequestBuilder, token: &str) -> Option<Value> {
    let answer = request.bearer_auth(token).send().ok()?;
    let status = answer.status().as_u16();
    let body = answer.text().ok()?;
    assert!(matches!(status, 200 | 201 | 409 | 503), "{status}: {body}");
    serde_json::from_str(&body).ok().filter(|_| status < 300)
}

fn imports(base: &str, token: &str, deck: &str, imports: &Imports, stop: &AtomicBool) {
    let http = reqwest::blocking::Client::new();
    while !stop.load(Ordering::Relaxed) {
        let text = deck_text(imports.asked.load(Ordering::Relaxed) + 1);
        let upload =
            http.post(format!("{base}{deck}/versions")).header("content-type", "text/csv").body(text);
        let Some(draft) = ask(upload, token) else { continue };
        let number = draft["number"].as_i64().expect("a number");
        imports.asked.store(number, Ordering::Relaxed);
        let confirm = format!("{base}{deck}/versions/{number}:confirm?confirm=belowCost");
        if ask(http.post(confirm).json(&json!({})), token).is_some() {
            imports.confirmed.store(number, Ordering::Relaxed);
        }
    }
}

fn closes(base: &str, token: &str, tenants: &[String], stop: &AtomicBool) {
    let http = reqwest::blocking::Client::new();
    for id in tenants.iter().cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
        let url = format!("{base}/api/v1/operator/tenants/{id}:closePeriod");
        let _ = ask(http.post(url).json(&json!({})), token);
    }
}

fn calls(phone: &Phone, account: &Account, from: &str, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(call) = phone.call(&dial(account, from, ANSWERS)) else { return };
        while call
            .wait_for("the answer", Duration::from_millis(100), |event| {
                matches!(event, testkit::phone::Event::Answered)
            })
            .is_err()
        {
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
        // Some stay up, so that the kill meets them answered.
        if random(4) > 0 {
            std::thread::sleep(Duration::from_millis(random(120)));
            let _ = call.hang_up();
        }
    }
}

fn random(below: u64) -> u64 {
    let dice = uuid::Uuid::new_v4().as_u128() % u128::from(below);
    u64::try_from(dice).expect("small")
}

fn pages(client: &Client, path: &str) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let page = client.get(&path).expect(200).body;
        all.extend(page["value"].as_array().expect("a list").iter().cloned());
        next = page["nextLink"].as_str().map(str::to_owned);
    }
    all
}

fn sum(list: &[Value], name: &str) -> i64 {
    list.iter().map(|item| item[name]["amountMicros"].as_i64().expect("an amount")).sum()
}

struct World {
    server: Server,
    /// The operator's, which a restart does not void.
    token: String,
    callers: Vec<Caller>,
    ids: Vec<String>,
    deck: String,
    imports: Arc<Imports>,
}

impl World {
    fn new() -> Self {
        let address = Ipv4Addr::new(127, 23, 4, 1);
        let server = Server::start_with(Options { binary: BINARY.into(), address, settings: Vec::new() });
        let body = json!({"email": OPERATOR_EMAIL, "password": OPERATOR_PASSWORD});
        let made = server.anonymous().post("/api/v1/tokens", &body).expect(201).body;
        let token = made["token"].as_str().expect("a token").to_owned();
        let operator = server.anonymous().with_token(&token);
        let tax = json!({"seller": {"country": "SE"}, "rates": [{"country": "SE", "name": "Moms", "basisPoints": 2500}]});
        let _ = operator.send("PUT", "/api/v1/operator/billing", Some(&tax)).expect(200);
        let new = json!({"name": "killed", "kind": "price", "currency": "USD"});
        let made = operator.post("/api/v1/operator/rateDecks", &new).expect(201).body;
        let deck = format!("/api/v1/operator/rateDecks/{}", made["id"].as_str().expect("an id"));
        let plans = operator.get("/api/v1/operator/pricePlans").expect(200).body;
        let plan =
            format!("/api/v1/operator/pricePlans/{}", plans["value"][0]["id"].as_str().expect("an id"));
        let _ = operator.patch(&plan, &json!({"deck": made["id"]})).expect(200);
        let callers: Vec<Caller> = (0..TENANTS)
            .map(|n| {
                let mut tenant = Tenant::on(&server, &format!("Killed {n}"));
                let (phone, account) = tenant.phone("caller", &format!("127.23.5.{}", n + 1));
                Caller { tenant, phone: Arc::new(phone), account }
            })
            .collect();
        let id_of = |caller: &Caller| caller.tenant.api.account["tenant"]["id"].as_str().map(str::to_owned);
        let ids = callers.iter().map(|caller| id_of(caller).expect("an id")).collect();
        Self { server, token, callers, ids, deck, imports: Arc::default() }
    }

    fn operator(&self) -> Client {
        self.server.anonymous().with_token(&self.token)
    }

    /// Everything at once: calls, two that close, one that imports.
    fn begin(&self, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
        let (base, token) = (self.server.http(), self.token.clone());
        let mut all = Vec::new();
        for caller in &self.callers {
            let (phone, account) = (Arc::clone(&caller.phone), caller.account.clone());
            let (number, stop) = (caller.tenant.number.clone(), Arc::clone(stop));
            all.push(std::thread::spawn(move || calls(&phone, &account, &number, &stop)));
        }
        for _ in 0..2 {
            let (base, token, ids, stop) = (base.clone(), token.clone(), self.ids.clone(), Arc::clone(stop));
            all.push(std::thread::spawn(move || closes(&base, &token, &ids, &stop)));
        }
        let (deck, told, stop) = (self.deck.clone(), Arc::clone(&self.imports), Arc::clone(stop));
        all.push(std::thread::spawn(move || imports(&base, &token, &deck, &told, &stop)));
        all
    }

    /// What holds after every kill.
    fn check(&self, round: u32, killed_at: DateTime<Utc>) {
        let operator = self.operator();
        let drift = operator.get("/api/v1/operator/drift").expect(200).body;
        assert_eq!(drift["figure"], 0, "round {round}: {drift}");
        for caller in &self.callers {
            // An INVITE that is sent again makes a call after the restart.
            let calls = caller.tenant.api.get("/api/v1/calls?maxPageSize=200").expect(200).body;
            let is_old = |call: &&Value| {
                let at =
                    call["startedAt"].as_str().expect("a time").parse::<DateTime<Utc>>().expect("RFC 3339");
                at < killed_at
            };
            let mut old = calls["value"].as_array().expect("calls").iter().filter(is_old);
            assert!(old.all(|call| call["state"] == "ended"), "round {round}: a call is still open");
        }
        self.check_deck(round, &operator);
    }

    /// The deck is whole in the version that is in force, which is no older than the last that was said to be.
    fn check_deck(&self, round: u32, operator: &Client) {
        let current = operator.get(&self.deck).expect(200).body["currentVersion"].as_i64();
        let confirmed = self.imports.confirmed.load(Ordering::Relaxed);
        let Some(current) = current else {
            assert_eq!(confirmed, 0, "round {round}: what was confirmed is there");
            return;
        };
        assert!(current >= confirmed, "round {round}: {confirmed} was confirmed, and {current} is in force");
        let text = operator.get(&format!("{}/versions/{current}/csv", self.deck)).expect(200).text;
        let is_at = |line: &str| line.split(',').find(|cell| cell.starts_with("0.02")).map(str::to_owned);
        let prices: Vec<_> = text.lines().skip(1).map(is_at).collect();
        assert_eq!(prices.len(), ROWS, "round {round}: the deck is whole");
        assert!(
            prices[0].is_some() && prices.iter().all(|price| *price == prices[0]),
            "round {round}: of one"
        );
    }

    /// Everything is closed once: the records, the ledger and the invoices say the same.
    fn check_sums(self) {
        let operator = self.operator();
        let end = Instant::now() + PATIENCE;
        for (caller, id) in self.callers.into_iter().zip(&self.ids) {
            // It hangs up.
            drop(caller.phone);
            let api = &caller.tenant.api;
            let _ = api.wait("/api/v1/balance", PATIENCE, |balance| balance["held"]["amountMicros"] == 0);
            let calls = pages(api, "/api/v1/calls?maxPageSize=1000");
            assert!(calls.iter().all(|call| call["state"] == "ended"), "a call is still open");
            let entries = pages(api, "/api/v1/ledger?maxPageSize=1000");
            let of = |kind: &str| {
                entries.iter().filter(|entry| entry["kind"] == kind).cloned().collect::<Vec<_>>()
            };
            let (usage, lease) = (sum(&of("usage"), "amount"), sum(&of("lease"), "amount"));
            assert!(usage < 0, "there were calls to pay");
            assert_eq!(sum(&calls, "total"), -usage, "what the records say is in the ledger");
            loop {
                let path = format!("/api/v1/operator/tenants/{id}:closePeriod");
                let _ = operator.post(&path, &json!({})).expect(200);
                let invoices =
                    pages(&operator, &format!("/api/v1/operator/invoices?tenant={id}&maxPageSize=1000"));
                let billed = sum(&invoices, "charges");
                assert!(
                    billed <= -usage - lease,
                    "something is billed twice: {billed} of {}",
                    -usage - lease
                );
                if billed == -usage - lease {
                    break;
                }
                assert!(Instant::now() < end, "only {billed} of {} are billed", -usage - lease);
                std::thread::sleep(Duration::from_millis(250));
            }
        }
        let drift = operator.get("/api/v1/operator/drift").expect(200).body;
        assert_eq!(drift["figure"], 0, "{drift}");
    }
}

#[test]
fn after_kill_9_at_random_moments_of_calls_closes_and_imports_nothing_drifts() {
    let kills = std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let mut world = World::new();
    let begun = Instant::now();
    for round in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let running = world.begin(&stop);
        std::thread::sleep(Duration::from_millis(150 + random(500)));
        let killed_at = Utc::now();
        world.server.kill();
        stop.store(true, Ordering::Relaxed);
        for thread in running {
            thread.join().expect("nothing but refusals and the server's end is met");
        }
        world.server.restart();
        world.check(round, killed_at);
    }
    let imported = world.imports.confirmed.load(Ordering::Relaxed);
    assert!(imported > 0, "something was imported");
    println!("{kills} kills and {imported} imports in {:?}", begun.elapsed());
    world.check_sums();
}
