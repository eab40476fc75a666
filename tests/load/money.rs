//! What money costs: a deck of a million prefixes from its upload to the first call that is priced by it, and calls that are
//! rated by a deck with free minutes and tiers, limited in their rate, and held for beforehand.

use crate::{
    cpu,
    link::Wire,
    peers::House,
    step::{head, step},
};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use testkit::server::{Client, Options, Server};

/// The server whose deck is large.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 24, 11, 2);
/// What the house promises of an import, and of a change.
const IMPORT_PROMISE: Duration = Duration::from_secs(30);
const LIVE_PROMISE: Duration = Duration::from_secs(1);
/// Prefixes of the deck by which calls are rated.
const RATED_ROWS: u32 = 100_000;
/// Seconds of calls in each step.
const SECONDS: u32 = 5;

/// A deck of so many prefixes, all of which cost so much a minute; the dialled number's is among them.
fn deck_text(rows: u32, price: &str) -> String {
    let mut text = String::with_capacity(rows as usize * 40);
    text.push_str("Destination Name,Destination Type,Country,Prefix,Price / min\n");
    text.push_str(&format!("United States,mixed,US,12065550,{price}\n"));
    for row in 1..rows {
        let kind = if row % 2 == 0 { "landline" } else { "mobile" };
        // It cannot fail: it writes into a text.
        let _ = writeln!(text, "Place {},{kind},SE,4{:08},{price}", row / 50, row * 7);
    }
    text
}

fn make_deck(operator: &Client) -> String {
    let new = json!({"name": "load", "kind": "price", "currency": "USD"});
    let made = operator.post("/api/v1/operator/rateDecks", &new).expect(201).body;
    let id = made["id"].as_str().expect("an id");
    let plans = operator.get("/api/v1/operator/pricePlans").expect(200).body;
    let plan = format!("/api/v1/operator/pricePlans/{}", plans["value"][0]["id"].as_str().expect("an id"));
    let terms = json!({
        "deck": id,
        "terms": [{"kinds": ["outbound"], "firstIncrementMs": 60_000, "incrementMs": 6_000}],
        "volumes": [{"kind": "trunk", "freeMinutes": 1_000, "freeMinutesPerCall": 1,
            "tiers": [{"fromMinutes": 2_000, "percent": 90}]}],
    });
    let _ = operator.patch(&format!("{plan}?confirm=belowCost"), &terms).expect(200);
    format!("/api/v1/operator/rateDecks/{id}")
}

/// Uploads and confirms a version: how long each took.
fn put(operator: &Client, deck: &str, text: String) -> (Duration, Duration) {
    let began = Instant::now();
    let draft = operator.post_text(&format!("{deck}/versions"), "text/csv", text).expect(201).body;
    let uploaded = began.elapsed();
    let began = Instant::now();
    let confirm = format!("{deck}/versions/{}:confirm?confirm=belowCost", draft["number"]);
    let _ = operator.post(&confirm, &json!({})).expect(200);
    (uploaded, began.elapsed())
}

/// Imports decks of so many prefixes over the API, until `calls:simulate` decides by them.
pub(crate) fn deck(binary: &str, rows: u32) {
    let settings = [("DIALTONE_SANDBOX", "on"), ("RUST_LOG", "error")];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let server = Server::start_with(Options { binary: binary.into(), address: ADDRESS, settings });
    cpu::pin(server.pid(), 1);
    let (operator, tenant) = (server.operator(), server.tenant("Deck"));
    let number = tenant.buy("US", "geographic");
    let deck = make_deck(&operator);
    println!(
        "\n{:>9} {:>7} {:>9} {:>10} {:>8} {:>8}",
        "rows", "MiB", "upload s", "confirm s", "live ms", "RSS MiB"
    );
    for price in ["0.021000", "0.022000", "0.023000"] {
        let text = deck_text(rows, price);
        let mib = text.len() >> 20;
        let (uploaded, confirmed) = put(&operator, &deck, text);
        let began = Instant::now();
        let micros: i64 = price.replace("0.0", "").parse().expect("a price");
        let ask = json!({"from": number, "to": "+12065550100", "source": "app"});
        let decides = || {
            let decision = tenant.post("/api/v1/calls:simulate", &ask).expect(200).body;
            decision.to_string().contains(&format!(":{micros}"))
        };
        while !decides() {
            assert!(began.elapsed() < LIVE_PROMISE * 10, "the deck never counts");
        }
        let live = began.elapsed();
        println!(
            "{rows:>9} {mib:>7} {:>9.2} {:>10.2} {:>8.1} {:>8}",
            uploaded.as_secs_f64(),
            confirmed.as_secs_f64(),
            live.as_secs_f64() * 1_000.0,
            memory(server.pid())
        );
        assert!(uploaded + confirmed < IMPORT_PROMISE, "an import takes {IMPORT_PROMISE:?} at most");
        assert!(live < LIVE_PROMISE, "a change counts within {LIVE_PROMISE:?}");
    }
}

/// MiB of memory that a process has.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).unwrap_or_default() / 1_024
}

/// Rated, limited, recorded calls a second, at rising rates; the server has one core.
pub(crate) fn rated(binary: &str, rates: &[u32]) {
    let house = House::start(binary, Wire::Udp);
    let operator = house.server.operator();
    let deck = make_deck(&operator);
    let _ = put(&operator, &deck, deck_text(RATED_ROWS, "0.021000"));
    println!(
        "\nprepaid calls that are limited in rate and number, rated by a deck of {RATED_ROWS} prefixes, 60/6, free minutes and tiers;\nSQLite, synchronous=FULL; one core"
    );
    head();
    for rate in rates {
        let row = step("dialtone", &house.load(Wire::Udp, *rate, *rate * SECONDS), &house.pids());
        row.print();
        let completed = f64::from(u32::try_from(row.counts.completed).unwrap_or(u32::MAX));
        println!(
            "     {:.0} rated, limited, recorded calls a second of {rate} that were asked for",
            completed / f64::from(SECONDS)
        );
    }
    let held = house.wait_settled();
    let drift = operator.get("/api/v1/operator/drift").expect(200).body;
    let last = house.tenant.get("/api/v1/calls?maxPageSize=50").expect(200).body;
    let by_deck =
        |call: &&Value| call["total"]["amountMicros"].as_i64().is_some_and(|micros| micros >= 21_000);
    println!(
        "     held after all: {held} micro-units; drift {}; recorded as ended: {}; of the last 50 calls {} are charged by the deck",
        drift["figure"],
        house.recorded(),
        last["value"].as_array().map_or(0, |calls| calls.iter().filter(by_deck).count())
    );
}
