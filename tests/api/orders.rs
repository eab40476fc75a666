//! kill -9 in the middle of purchases: money and number move together, or not at all.

use crate::{BINARY, VERSION};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use testkit::server::{Client, Options, PASSWORD, Server};

/// How often the process is killed; more by hand: `ORDER_KILLS=200 cargo test -p dialtone --test api orders`.
const KILLS: usize = 3;
/// Tenants that buy, each with two buyers.
const TENANTS: usize = 4;
/// What each may spend: more than all numbers that are for sale cost.
const CREDIT: i64 = 3_000_000_000;
/// How long the first purchase may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A buyer that goes on until it is stopped, or the server dies under it.
struct Buyer {
    base: String,
    token: String,
    stop: Arc<AtomicBool>,
    bought: Arc<AtomicUsize>,
}

impl Buyer {
    /// An answer, where the server lived to give one.
    fn post(
        &self,
        http: &reqwest::blocking::Client,
        path: &str,
        body: &Value,
    ) -> Option<(u16, Option<String>)> {
        let url = format!("{}{path}?{VERSION}", self.base);
        let answer = http.post(url).bearer_auth(&self.token).json(body).send().ok()?;
        let id = answer.headers().get("search-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        Some((answer.status().as_u16(), id))
    }

    /// Searches whose purchase was confirmed.
    fn run(self) -> Vec<String> {
        let http = reqwest::blocking::Client::builder().timeout(Duration::from_secs(10)).build();
        let http = http.expect("a client");
        let mut confirmed = Vec::new();
        let mut turn = 0_u32;
        while !self.stop.load(Ordering::Relaxed) {
            turn += 1;
            let id = if turn.is_multiple_of(3) { self.reserve(&http) } else { self.search(&http) };
            let Some((buy, id)) = id else { return confirmed };
            match self.post(&http, &buy, &json!({"searchId": id})) {
                Some((202, _)) => {
                    self.bought.fetch_add(1, Ordering::Relaxed);
                    confirmed.push(id);
                }
                Some((status, _)) => assert!(matches!(status, 409 | 503), "a purchase was answered {status}"),
                None => return confirmed,
            }
        }
        confirmed
    }

    fn search(&self, http: &reqwest::blocking::Client) -> Option<(String, String)> {
        let wanted = json!({"phoneNumberType": "geographic", "assignmentType": "application",
            "capabilities": {"calling": "inbound", "sms": "none"}, "quantity": 2});
        let (_, id) = self.post(http, "/availablePhoneNumbers/countries/GB/:search", &wanted)?;
        Some((
            "/availablePhoneNumbers/:purchase".to_owned(),
            id.unwrap_or_else(|| uuid::Uuid::nil().to_string()),
        ))
    }

    /// Three numbers by chance; those that somebody else has stay away.
    fn reserve(&self, http: &reqwest::blocking::Client) -> Option<(String, String)> {
        let id = uuid::Uuid::new_v4();
        let one = |place: u128| {
            let digits = format!("6125550{:04}", (id.as_u128() >> (place * 16)) % 1_000);
            let wanted = json!({"countryCode": "AU", "phoneNumberType": "geographic", "assignmentType": "application",
                "capabilities": {"calling": "inbound", "sms": "none"}});
            (digits, wanted)
        };
        let numbers: BTreeMap<String, Value> = (0..3).map(one).collect();
        let url = format!("{}/availablePhoneNumbers/reservations/{id}?{VERSION}", self.base);
        let made =
            http.patch(url).bearer_auth(&self.token).json(&json!({"phoneNumbers": numbers})).send().ok()?;
        assert!(matches!(made.status().as_u16(), 201 | 207 | 429), "{}", made.status());
        Some((format!("/availablePhoneNumbers/reservations/{id}/:purchase"), id.to_string()))
    }
}

fn sign_in(server: &Server, organization: &str) -> (Client, String) {
    let email = format!("{}@tenant.test", organization.to_lowercase().replace(' ', "-"));
    let body = json!({"email": email, "password": PASSWORD});
    let token = server.anonymous().post("/api/v1/tokens", &body).expect(201).body["token"].clone();
    let token = token.as_str().expect("a token").to_owned();
    (server.anonymous().with_token(&token), token)
}

/// All items of a list over all its pages.
fn pages(client: &Client, path: &str, name: &str) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let page = client.get(&path).expect(200).body;
        all.extend(page[name].as_array().expect("a list").iter().cloned());
        next = page["nextLink"].as_str().map(str::to_owned);
    }
    all
}

/// Each number has one owner, each owner paid for each number once, and who was told that it bought has bought.
fn check(clients: &[Client], confirmed: &[Vec<String>]) -> usize {
    let mut owners = BTreeSet::new();
    for (client, confirmed) in clients.iter().zip(confirmed) {
        let numbers = pages(client, &format!("/phoneNumbers?{VERSION}&top=1000"), "phoneNumbers");
        let entries = pages(client, "/api/v1/ledger?maxPageSize=1000", "value");
        let paid: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "lease").collect();
        assert_eq!(paid.len(), numbers.len(), "a month was paid for each number and for no other");
        let distinct: BTreeSet<&str> = paid.iter().filter_map(|entry| entry["numberId"].as_str()).collect();
        assert_eq!(distinct.len(), numbers.len(), "none was paid twice");
        let spent: i64 = paid.iter().filter_map(|entry| entry["amount"]["amountMicros"].as_i64()).sum();
        assert_eq!(spent, -1_000_000 * i64::try_from(numbers.len()).expect("few"));
        let balance = client.get("/api/v1/balance").expect(200).body["balance"]["amountMicros"].clone();
        assert_eq!(balance, json!(CREDIT + 10_000_000 + spent));
        for number in &numbers {
            let number = number["phoneNumber"].as_str().expect("a number").to_owned();
            assert!(owners.insert(number.clone()), "{number} has two owners");
        }
        told(client, confirmed, &owners);
    }
    owners.len()
}

/// Whose purchase was confirmed has its numbers.
fn told(client: &Client, confirmed: &[String], owned: &BTreeSet<String>) {
    for id in confirmed {
        let found = client.get(&format!("/availablePhoneNumbers/searchResults/{id}?{VERSION}"));
        let numbers: Vec<String> = if found.status == 200 {
            let list = found.body["phoneNumbers"].as_array().expect("numbers").iter();
            list.filter_map(|number| number.as_str().map(str::to_owned)).collect()
        } else {
            let reserved =
                client.get(&format!("/availablePhoneNumbers/reservations/{id}?{VERSION}")).expect(200).body;
            assert_eq!(reserved["status"], "completed");
            reserved["phoneNumbers"]
                .as_object()
                .expect("numbers")
                .keys()
                .map(|key| format!("+{key}"))
                .collect()
        };
        assert!(!numbers.is_empty(), "{id}");
        assert!(numbers.iter().all(|number| owned.contains(number)), "{id} was confirmed and is not owned");
    }
}

#[test]
fn after_kill_9_at_any_moment_each_number_has_one_owner_who_paid_for_it_once_or_none() {
    let kills = std::env::var("ORDER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let address = Ipv4Addr::new(127, 20, 2, 1);
    let mut server = Server::start_with(Options { binary: BINARY.into(), address, settings: Vec::new() });
    let names: Vec<String> = (0..TENANTS).map(|n| format!("Killed {n}")).collect();
    let operator = server.operator();
    for name in &names {
        let id = server.tenant(name).account["tenant"]["id"].as_str().expect("an id").to_owned();
        let credit = json!({"amount": {"amountMicros": CREDIT, "currency": "USD"}, "reason": "a test"});
        let answer = operator.post(&format!("/api/v1/operator/tenants/{id}:credit"), &credit);
        assert!(answer.status < 300, "{}", answer.text);
    }
    let mut confirmed = vec![Vec::new(); TENANTS];
    let bought = Arc::new(AtomicUsize::new(0));
    for round in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let (clients, tokens): (Vec<Client>, Vec<String>) =
            names.iter().map(|name| sign_in(&server, name)).unzip();
        let buyers: Vec<(usize, JoinHandle<Vec<String>>)> = (0..TENANTS * 2)
            .map(|n| {
                let token = tokens[n % TENANTS].clone();
                let buyer = Buyer {
                    base: server.http(),
                    token,
                    stop: Arc::clone(&stop),
                    bought: Arc::clone(&bought),
                };
                (n % TENANTS, std::thread::spawn(move || buyer.run()))
            })
            .collect();
        let end = Instant::now() + PATIENCE;
        while bought.load(Ordering::Relaxed) == 0 {
            assert!(Instant::now() < end, "nobody buys anything");
            std::thread::sleep(Duration::from_millis(5));
        }
        // The moment is as good as any other: what was written when, nobody here knows.
        let moment = uuid::Uuid::new_v4().as_u128() % 500;
        std::thread::sleep(Duration::from_millis(u64::try_from(moment).expect("short")));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for (tenant, buyer) in buyers {
            confirmed[tenant].extend(buyer.join().expect("no buyer was answered oddly"));
        }
        server.restart();
        let sold = check(&clients, &confirmed);
        assert!(sold > 0, "round {round}: somebody bought something");
    }
    let metrics = server.anonymous().wait_for_drift();
    assert_eq!(metrics, "0");
}

/// The drift as the metrics show it, once it was counted.
trait Drift {
    fn wait_for_drift(&self) -> String;
}

impl Drift for Client {
    fn wait_for_drift(&self) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let text = self.get("/metrics").text;
            let line = text.lines().find_map(|line| line.strip_prefix("dialtone_money_drift_micros "));
            if let Some(figure) = line {
                return figure.to_owned();
            }
            assert!(Instant::now() < end, "nobody counts the drift");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
