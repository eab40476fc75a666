//! How soon a change counts, through the true binary and its database: 1,000 tenants with 10,000 trunks and 50,000 routes.
//!
//! A route is changed over the API; as soon as the change is answered, `calls:simulate` is asked until it decides on it.

use crate::cpu;
use domain::access::Scope;
use serde_json::{Value, json};
use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use store::{
    Db,
    tenants::Tenant,
    trunks::{Route, Trunk},
};
use testkit::server::{Client, Options, Server};
use uuid::Uuid;

/// The server, beside which a load on the usual address may run.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 24, 11, 1);
/// Tenants in all; two of them are made over the API and measured, the others are written into the database.
const TENANTS: usize = 1_000;
const TRUNKS_EACH: usize = 10;
const ROUTES_EACH: usize = 50;
/// What one tenant may have at most.
const ROUTES_MOST: usize = 250;
/// What the house promises.
const PROMISE: Duration = Duration::from_secs(1);

/// Measures so many changes of each kind.
pub(crate) fn run(binary: &str, changes: u32) {
    let settings = [("DIALTONE_SANDBOX", "on"), ("RUST_LOG", "error")];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let mut server = Server::start_with(Options { binary: binary.into(), address: ADDRESS, settings });
    let empty = memory(server.pid());
    let small = customer(&server, "Small", ROUTES_EACH);
    let large = customer(&server, "Large", ROUTES_MOST);
    let began = Instant::now();
    let _ = server.stop();
    fill(&server);
    println!(
        "\n{TENANTS} tenants, {} trunks, {} routes in the database ({:.1} s to write)",
        TENANTS * TRUNKS_EACH,
        (TENANTS - 1) * ROUTES_EACH + ROUTES_MOST,
        began.elapsed().as_secs_f64()
    );
    for start in ["first start, versions to keep", "second start"] {
        let began = Instant::now();
        server.restart();
        let took = began.elapsed().as_secs_f64();
        println!("{start}: {took:.2} s until ready, {} MiB (empty: {empty} MiB)", memory(server.pid()));
        if start != "second start" {
            let _ = server.stop();
        }
    }
    cpu::pin(server.pid(), 1);
    println!("{:>34} {:>9} {:>9} {:>9} {:>9}", "change of", "p50 ms", "p99 ms", "most ms", "PATCH p50");
    let operator = server.operator();
    let mut slowest = Duration::ZERO;
    for (name, tenant) in [("a route, tenant of 50", &small), ("a route, tenant of 250", &large)] {
        let times = (0..changes).map(|index| change_route(tenant, index)).collect();
        slowest = slowest.max(print(name, times));
    }
    let times = (0..changes).map(|index| change_trunk(&small, index)).collect();
    slowest = slowest.max(print("a trunk, tenant of 50 routes", times));
    let times = (0..changes).map(|index| change_carrier(&operator, &small, index)).collect();
    slowest = slowest.max(print("a carrier of the operator", times));
    let times = (0..changes.min(10)).map(|index| change_policy(&operator, &small, index)).collect();
    slowest = slowest.max(print("the rules of all tenants", times));
    println!("{} MiB after the changes", memory(server.pid()));
    for line in server.anonymous().get("/metrics").text.lines() {
        if line.starts_with("dialtone_configuration") {
            println!("{line}");
        }
    }
    assert!(slowest < PROMISE, "a change took {slowest:?} to count: {PROMISE:?} is promised");
}

/// What one change took: until its answer, and until a decision was made on it, both from the request on.
struct Took {
    answered: Duration,
    decided: Duration,
}

fn print(name: &str, mut times: Vec<Took>) -> Duration {
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    times.sort_by_key(|took| took.answered);
    let patch = times[times.len() / 2].answered;
    times.sort_by_key(|took| took.decided);
    let at = |part: f64| times[((times.len() as f64 * part) as usize).min(times.len() - 1)].decided;
    let (half, most, last) = (at(0.5), at(0.99), at(1.0));
    println!(
        "{name:>34} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
        millis(half),
        millis(most),
        millis(last),
        millis(patch)
    );
    last
}

/// A tenant with a number, trunks and so many routes, all of which lead to its trunks.
struct Customer {
    api: Client,
    slug: String,
    number: String,
}

fn customer(server: &Server, name: &str, routes: usize) -> Customer {
    let api = server.tenant(name);
    let text = |key: &str| api.account["tenant"][key].as_str().expect("a text").to_owned();
    let slug = text("slug");
    let number = api.buy("US", "geographic");
    let trunks: serde_json::Map<String, Value> =
        (0..TRUNKS_EACH).map(|n| (fqdn(n, &slug), json!({"sipSignalingPort": 5060}))).collect();
    let routes: Vec<Value> = (0..routes).map(|n| route(n, &slug)).collect();
    let _ = api.patch("/sip?api-version=2023-03-01", &json!({"trunks": trunks})).expect(200);
    let known = json!({"transport": "udp", "addresses": ["127.24.12.1"], "media": {"srtp": "off"}});
    for n in 0..TRUNKS_EACH {
        let _ = api.patch(&format!("/api/v1/trunks/{}", fqdn(n, &slug)), &known).expect(200);
    }
    let _ = api.send("PUT", "/api/v1/routes", Some(&json!({"value": routes}))).expect(200);
    Customer { api, slug, number }
}

fn fqdn(index: usize, slug: &str) -> String {
    format!("sbc{index}.{slug}.test")
}

/// Patterns as people write them: prefixes, area codes, lengths.
fn pattern(index: usize) -> String {
    match index % 4 {
        0 => format!(r"^\+{}\d{{4,12}}$", 200 + index),
        1 => format!(r"^\+1({}|{})(\d{{7}})$", 200 + index, 600 + index),
        2 => format!(r"^\+44{}\d+$", 100 + index),
        _ => format!(r"^\+0?{}$", 1_000 + index),
    }
}

fn route(index: usize, slug: &str) -> Value {
    let targets: Vec<_> = (0..4).map(|n| fqdn((index + n) % TRUNKS_EACH, slug)).collect();
    json!({"name": format!("route {index}"), "numberPattern": pattern(index), "targets": targets})
}

/// Copies of the small tenant, of which nothing is secret, into the database of a server that stands still.
fn fill(server: &Server) {
    let url = format!("sqlite://{}?mode=rwc", server.data().join("dialtone.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = Db::connect(&url, store::Options::default()).await.expect("the database opens");
        let scope = Scope::system("the load tool fills a database of its own");
        let tenants = store::tenants::all(db.read(), &scope).await.expect("tenants");
        let model = tenants.into_iter().find(|tenant| tenant.slug == "small").expect("the small tenant");
        let of = |id: &Uuid| *id == model.id;
        let mut trunks = store::trunks::all(db.read(), &scope).await.expect("trunks");
        trunks.retain(|trunk| of(&trunk.tenant_id));
        let mut routes = store::trunks::routes(db.read(), &scope).await.expect("routes");
        routes.retain(|route| of(&route.tenant_id));
        let tx = db.begin().await.expect("a transaction");
        for index in 2..TENANTS {
            copy(&tx, &scope, index, (&model, &trunks, &routes)).await.expect("rows are written");
        }
        tx.commit().await.expect("they are committed");
        db.close().await.expect("the database closes");
    });
}

async fn copy(
    tx: &store::Tx,
    scope: &Scope,
    index: usize,
    (model, trunks, routes): (&Tenant, &[Trunk], &[Route]),
) -> Result<(), store::Error> {
    let slug = format!("tenant-{index}");
    let renamed = |name: &str| name.replace(".small.", &format!(".{slug}."));
    let id = Uuid::now_v7();
    let tenant = Tenant { id, slug: slug.clone(), name: slug.clone(), ..model.clone() };
    store::tenants::insert(tx, scope, tenant).await?;
    for trunk in trunks {
        let fqdn = renamed(&trunk.fqdn);
        let row = Trunk { id: Uuid::now_v7(), tenant_id: id, fqdn, ..trunk.clone() };
        store::trunks::insert(tx, scope, row).await?;
    }
    let row = |route: &Route| {
        let rename =
            |json: &Value| serde_json::from_str(&renamed(&json.to_string())).expect("JSON stays JSON");
        let (trunks, settings) = (rename(&route.trunks), rename(&route.settings));
        Route { id: Uuid::now_v7(), tenant_id: id, trunks, settings, ..route.clone() }
    };
    let tenant = domain::ids::TenantId(id);
    store::trunks::replace_routes(tx, scope, tenant, routes.iter().map(row).collect()).await
}

/// Gives a route of the middle another pattern, and asks for a number that only it knows.
fn change_route(tenant: &Customer, index: u32) -> Took {
    let path = format!("/api/v1/routes/route%20{}", ROUTES_EACH / 2);
    let to = format!("+4670{index:07}");
    let changed = json!({"numberPattern": format!(r"^\{to}$")});
    let decides = |decision: &Value| decision["verdict"] == "connect" && decision.to_string().contains("sbc");
    measure(tenant, &to, || drop(tenant.api.patch(&path, &changed).expect(200)), decides)
}

/// Turns the trunk of a route with one trunk off and on.
fn change_trunk(tenant: &Customer, index: u32) -> Took {
    let to = "+15005550006";
    if index == 0 {
        let route = json!({"name": "one", "numberPattern": r"^\+1500\d{7}$", "targets": [fqdn(0, &tenant.slug)], "position": 1});
        let _ = tenant.api.post("/api/v1/routes", &route).expect(201);
    }
    let path = format!("/api/v1/trunks/{}", fqdn(0, &tenant.slug));
    let enabled = index % 2 == 1;
    let decides = |decision: &Value| (decision["verdict"] == "connect") == enabled;
    measure(tenant, to, || drop(tenant.api.patch(&path, &json!({"enabled": enabled})).expect(200)), decides)
}

/// Makes the carrier that a cloud call goes to dearer: the margin guard refuses it, and lets it through again.
fn change_carrier(operator: &Client, tenant: &Customer, index: u32) -> Took {
    let to = "+33170189900";
    let cost = |micros: i64| json!({"prefixes": [{"prefix": "33", "costPerMinute": {"amountMicros": micros, "currency": "USD"}}]});
    if index == 0 {
        let mut carrier = cost(1_000);
        carrier["name"] = json!("france");
        carrier["hosts"] = json!([{"address": "127.24.12.2", "port": 5060, "transport": "udp"}]);
        carrier["callerId"] = json!("any");
        let _ = operator.post("/api/v1/operator/carriers", &carrier).expect(201);
    }
    let list = operator.get("/api/v1/operator/carriers").expect(200).body;
    let all = list["value"].as_array().expect("carriers");
    let id = all.iter().find(|carrier| carrier["name"] == "france").expect("it is there")["id"].clone();
    let path = format!("/api/v1/operator/carriers/{}", id.as_str().expect("an id"));
    let enabled = index % 2 == 1;
    let change = json!({"enabled": enabled});
    let decides = |decision: &Value| decision["plan"].to_string().contains("france") == enabled;
    measure(tenant, to, || drop(operator.patch(&path, &change).expect(200)), decides)
}

/// Closes direct routing for everybody and opens it again, for which every tenant is read, built and kept anew.
fn change_policy(operator: &Client, tenant: &Customer, index: u32) -> Took {
    let is_closed = index.is_multiple_of(2);
    let rule = json!({"connection": "directRouting", "allowed": false, "why": "closed for a moment"});
    let rules = if is_closed { vec![rule] } else { Vec::new() };
    let change = || {
        let policy = json!({"rules": rules});
        drop(operator.send("PUT", "/api/v1/operator/eligibility", Some(&policy)).expect(200));
    };
    let decides = |decision: &Value| (decision["verdict"] == "connect") != is_closed;
    measure(tenant, "+15005550006", change, decides)
}

fn measure(tenant: &Customer, to: &str, change: impl Fn(), decides: impl Fn(&Value) -> bool) -> Took {
    let ask = json!({"from": tenant.number, "to": to, "source": "app"});
    let began = Instant::now();
    change();
    let answered = began.elapsed();
    loop {
        let decision = tenant.api.post("/api/v1/calls:simulate", &ask).expect(200).body;
        let decided = began.elapsed();
        if decides(&decision) {
            return Took { answered, decided };
        }
        assert!(decided < PROMISE * 10, "the change never counts: {decision}");
    }
}

/// Resident memory of a process in MiB.
pub(crate) fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}
