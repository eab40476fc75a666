//! kill -9 while orders cross an outside supplier: each number that it sold is somebody's who paid for it, or was given back.

use crate::{BINARY, VERSION};
use domain::access::Scope;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use testkit::server::{Client, Options, PASSWORD, Server};

/// How often the process is killed; more by hand: `ORDER_KILLS=30 cargo test -p dialtone --test api supplied`.
const KILLS: usize = 3;
/// Tenants that buy, each with two buyers.
const TENANTS: usize = 3;
/// What each may spend: more than it can within the test.
const CREDIT: i64 = 3_000_000_000;
/// What a tenant starts with.
const GIFT: i64 = 10_000_000;
/// What a month of a number costs the operator.
const COST: i64 = 400_000;
/// The same with the margin.
const PRICE: i64 = 600_000;
/// How long the supplier takes for a step: long enough to be killed in.
const SLOW: Duration = Duration::from_millis(15);
/// How long what is over may take to be given back.
const PATIENCE: Duration = Duration::from_secs(90);

/// A supplier over HTTP as `backend/vendors/SUPPLIERS.md` has it: an endless row of Estonian numbers.
#[derive(Default)]
struct State {
    next: u64,
    /// Numbers that were given back, and may be had again.
    free: BTreeSet<String>,
    /// Under which reference a number is held or sold.
    held: BTreeMap<String, String>,
    sold: BTreeMap<String, String>,
    /// What was answered to which step of which reference.
    answered: BTreeMap<(String, String), u16>,
}

#[derive(Clone)]
struct Fake {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Fake {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let fake = Self { url, state: Arc::default() };
        let serving = fake.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let fake = serving.clone();
                std::thread::spawn(move || fake.serve(stream));
            }
        });
        fake
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics under it")
    }

    /// One request, and its answer where somebody still waits for it.
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let (mut line, mut step, mut length) = (String::new(), String::new(), 0);
        loop {
            line.clear();
            reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
            let text = line.trim().to_lowercase();
            if text.is_empty() {
                break;
            }
            if let Some(path) = text.strip_prefix("post /") {
                step = path.split(' ').next()?.to_owned();
            }
            if let Some(count) = text.strip_prefix("content-length:") {
                length = count.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        std::thread::sleep(SLOW / 2);
        let (status, answer) = self.state().answer(&step, &serde_json::from_slice(&body).ok()?);
        std::thread::sleep(SLOW / 2);
        let text = answer.to_string();
        let head = "content-type: application/json\r\nconnection: close";
        write!(stream, "HTTP/1.1 {status} X\r\n{head}\r\ncontent-length: {}\r\n\r\n{text}", text.len()).ok()
    }
}

impl State {
    fn answer(&mut self, step: &str, body: &Value) -> (u16, Value) {
        if step == "search" {
            return (200, self.search(body));
        }
        let reference = body["reference"].as_str().expect("a reference").to_owned();
        let numbers: Vec<String> = serde_json::from_value(body["numbers"].clone()).expect("numbers");
        let key = (step.to_owned(), reference.clone());
        let status = match self.answered.get(&key) {
            Some(status) => *status,
            None => self.take(step, &reference, &numbers),
        };
        self.answered.insert(key, status);
        (status, json!({"error": {"code": "gone", "message": "it is not to be had"}}))
    }

    fn search(&mut self, body: &Value) -> Value {
        let prefix = body["prefix"].as_str().unwrap_or_default().to_owned();
        if prefix.len() < 10 {
            for _ in 0..2 {
                self.next += 1;
                self.free.insert(format!("+372650{:06}", self.next));
            }
        }
        let fitting = self.free.iter().rev().filter(|number| number[1..].starts_with(&prefix));
        let most = usize::try_from(body["quantity"].as_u64().expect("a quantity")).expect("few");
        let cost = json!({"amountMicros": COST, "currency": "USD"});
        let one = |number: &String| json!({"number": number, "monthlyCost": cost});
        json!({"numbers": fitting.take(most).map(one).collect::<Vec<_>>()})
    }

    fn take(&mut self, step: &str, reference: &str, numbers: &[String]) -> u16 {
        let released = ("releases".to_owned(), reference.to_owned());
        match step {
            "holds" if numbers.iter().all(|number| self.free.contains(number)) => {
                for number in numbers {
                    self.free.remove(number);
                    self.held.insert(number.clone(), reference.to_owned());
                }
                200
            }
            "orders" if !self.answered.contains_key(&released) => {
                assert!(
                    numbers.iter().all(|number| self.held.get(number).map(String::as_str) == Some(reference)),
                    "only what is held is ordered: {numbers:?} under {reference}"
                );
                for number in numbers {
                    self.held.remove(number);
                    self.sold.insert(number.clone(), reference.to_owned());
                }
                200
            }
            "releases" => {
                for number in numbers {
                    for taken in [&mut self.held, &mut self.sold] {
                        if taken.get(number).is_some_and(|holder| holder == reference) {
                            taken.remove(number);
                            self.free.insert(number.clone());
                        }
                    }
                }
                200
            }
            _ => 409,
        }
    }
}

/// A buyer that goes on until it is stopped, or the server dies under it.
struct Buyer {
    base: String,
    token: String,
    stop: Arc<AtomicBool>,
}

impl Buyer {
    fn run(self) {
        let http = reqwest::blocking::Client::builder().timeout(Duration::from_secs(10)).build();
        let http = http.expect("a client");
        let mut turn = 0_u32;
        while !self.stop.load(Ordering::Relaxed) {
            turn += 1;
            let done = if turn.is_multiple_of(2) { self.reserve(&http) } else { self.search(&http) };
            if done.is_none() {
                return;
            }
        }
    }

    fn ask(
        &self,
        request: reqwest::blocking::RequestBuilder,
        well: &[u16],
    ) -> Option<reqwest::blocking::Response> {
        let answer = request.bearer_auth(&self.token).send().ok()?;
        let status = answer.status().as_u16();
        assert!(well.contains(&status), "{status}: {}", answer.text().unwrap_or_default());
        Some(answer)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}?{VERSION}", self.base)
    }

    fn search(&self, http: &reqwest::blocking::Client) -> Option<()> {
        let wanted = json!({"phoneNumberType": "geographic", "assignmentType": "application",
            "capabilities": {"calling": "inbound", "sms": "none"}, "quantity": 2});
        let url = self.url("/availablePhoneNumbers/countries/EE/:search");
        let found = self.ask(http.post(url).json(&wanted), &[202, 429, 503])?;
        let Some(id) = found.headers().get("search-id").and_then(|id| id.to_str().ok()) else {
            return Some(());
        };
        let url = self.url("/availablePhoneNumbers/:purchase");
        self.ask(http.post(url).json(&json!({"searchId": id})), &[202, 404, 409, 503]).map(drop)
    }

    /// A number is looked at, put into a reservation, and bought.
    fn reserve(&self, http: &reqwest::blocking::Client) -> Option<()> {
        let look = json!({"phoneNumberType": "geographic"});
        let url = self.url("/availablePhoneNumbers/countries/EE/:browse");
        let found: Value = self.ask(http.post(url).json(&look), &[200])?.json().ok()?;
        let list = found["phoneNumbers"].as_array().expect("numbers");
        let Some(number) = list.first().and_then(|number| number["phoneNumber"].as_str()) else {
            return Some(());
        };
        let digits = number.trim_start_matches('+');
        let wanted = json!({digits: {"countryCode": "EE", "phoneNumberType": "geographic",
            "assignmentType": "application", "capabilities": {"calling": "inbound", "sms": "none"}}});
        let path = format!("/availablePhoneNumbers/reservations/{}", uuid::Uuid::new_v4());
        let change = json!({"phoneNumbers": wanted});
        self.ask(http.patch(self.url(&path)).json(&change), &[201, 207, 429])?;
        self.ask(http.post(self.url(&format!("{path}/:purchase"))), &[202, 404, 409, 503]).map(drop)
    }
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

/// The numbers that the tenants own, each paid for once.
fn owned(clients: &[Client]) -> BTreeSet<String> {
    let mut owners = BTreeSet::new();
    for client in clients {
        let numbers = pages(client, &format!("/phoneNumbers?{VERSION}&top=1000"), "phoneNumbers");
        let entries = pages(client, "/api/v1/ledger?maxPageSize=1000", "value");
        let paid: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["numberId"].as_str()).collect();
        assert_eq!(paid.len(), numbers.len(), "each was paid for, and nothing else");
        let spent = -PRICE * i64::try_from(numbers.len()).expect("few");
        let balance = client.get("/api/v1/balance").expect(200).body["balance"]["amountMicros"].clone();
        assert_eq!(balance, json!(CREDIT + GIFT + spent), "and once");
        for number in &numbers {
            let number = number["phoneNumber"].as_str().expect("a number").to_owned();
            assert!(owners.insert(number.clone()), "{number} has two owners");
        }
    }
    owners
}

/// What time does while the process is dead: holds lapse, and nobody waits for steps that were begun.
fn let_time_pass(server: &Server) {
    let url = format!("sqlite://{}/dialtone.db?mode=rwc", server.data().display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = store::Db::connect(&url, store::Options::default()).await.expect("the database opens");
        let past = "'2020-01-01T00:00:00+00:00'";
        let statements = format!(
            "UPDATE stock SET held_until = {past} WHERE state = 'held'; \
             UPDATE number_searches SET expires_at = {past} WHERE state = 'held'; \
             UPDATE reservations SET expires_at = {past} WHERE state = 'active'; \
             UPDATE supplier_orders SET updated_at = {past}, next_at = {past}"
        );
        db.script(&Scope::system("a test lets time pass"), &statements).await.expect("time passes");
        db.close().await.expect("it closes");
    });
}

fn sign_in(server: &Server, organization: &str) -> (Client, String) {
    let email = format!("{}@tenant.test", organization.to_lowercase().replace(' ', "-"));
    let body = json!({"email": email, "password": PASSWORD});
    let token = server.anonymous().post("/api/v1/tokens", &body).expect(201).body["token"].clone();
    let token = token.as_str().expect("a token").to_owned();
    (server.anonymous().with_token(&token), token)
}

/// A server that sells the fake's numbers, and tenants with money.
fn world(fake: &Fake, names: &[String]) -> Server {
    let address = Ipv4Addr::new(127, 20, 2, 3);
    let settings = vec![("DIALTONE_SUPPLIERS__ALLOW_PRIVATE".to_owned(), "true".to_owned())];
    let server = Server::start_with(Options { binary: BINARY.into(), address, settings });
    let operator = server.operator();
    let carriers = operator.get("/api/v1/operator/carriers").expect(200).body;
    let supplier = json!({"name": "Fake", "url": fake.url, "countries": ["EE"], "marginBasisPoints": 5_000,
        "carrier": carriers["value"][0]["id"], "enabled": true});
    let _ = operator.post("/api/v1/operator/suppliers", &supplier).expect(201);
    for name in names {
        let id = server.tenant(name).account["tenant"]["id"].as_str().expect("an id").to_owned();
        let credit = json!({"amount": {"amountMicros": CREDIT, "currency": "USD"}, "reason": "a test"});
        let answer = operator.post(&format!("/api/v1/operator/tenants/{id}:credit"), &credit);
        assert!(answer.status < 300, "{}", answer.text);
    }
    server
}

#[test]
fn after_kill_9_while_orders_cross_a_supplier_each_number_is_owned_and_paid_or_given_back() {
    let kills = std::env::var("ORDER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let fake = Fake::start();
    let names: Vec<String> = (0..TENANTS).map(|n| format!("Supplied {n}")).collect();
    let mut server = world(&fake, &names);
    let mut broken_off = 0;
    for round in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let buyers: Vec<_> = (0..TENANTS * 2)
            .map(|n| {
                let (_, token) = sign_in(&server, &names[n % TENANTS]);
                let buyer = Buyer { base: server.http(), token, stop: Arc::clone(&stop) };
                std::thread::spawn(move || buyer.run())
            })
            .collect();
        let end = Instant::now() + PATIENCE;
        while fake.state().sold.len() < 6 {
            assert!(Instant::now() < end, "nobody buys anything");
            std::thread::sleep(Duration::from_millis(5));
        }
        // The moment is as good as any other: who asked whom for what by then, nobody here knows.
        let moment = uuid::Uuid::new_v4().as_u128() % 700;
        std::thread::sleep(Duration::from_millis(u64::try_from(moment).expect("short")));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for buyer in buyers {
            buyer.join().expect("no buyer was answered oddly");
        }
        // What was on its way to the supplier still gets there.
        std::thread::sleep(SLOW * 2);
        broken_off += fake.state().held.len();
        let_time_pass(&server);
        server.restart();
        let clients: Vec<Client> = names.iter().map(|name| sign_in(&server, name).0).collect();
        let owned = owned(&clients);
        let end = Instant::now() + PATIENCE;
        loop {
            let (held, sold) = {
                let state = fake.state();
                (state.held.len(), state.sold.keys().cloned().collect::<BTreeSet<String>>())
            };
            assert!(sold.is_superset(&owned), "round {round}: what is owned was bought");
            if held == 0 && sold == owned {
                break;
            }
            assert!(
                Instant::now() < end,
                "round {round}: {held} are held, {} sold, {} owned",
                sold.len(),
                owned.len()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(!owned.is_empty(), "round {round}: somebody bought something");
    }
    println!("{broken_off} numbers were held and not bought in {kills} kills, and given back");
    assert!(broken_off > 0, "a kill broke something off");
}
