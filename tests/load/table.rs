//! The main table: the same calls through Kamailio and through us, one after the other, twice; then with Kamailio's accounting in
//! a database, as ours is.

use crate::{
    cpu::{Cpu, micros},
    kamailio::{Accounting, Kamailio},
    link::{Keys, Wire},
    peers::{CARRIER, EDGE, House, KAMAILIO, load},
    postgres::Postgres,
    step::{Row, head, step},
};
use std::{net::SocketAddr, time::Duration};

/// Seconds of calls in each step.
const SECONDS: u32 = 5;
/// How often each pair is measured.
const ROUNDS: usize = 2;
/// At this rate, calls with SDP are measured too: they take media ports.
const MEDIA_RATE: u32 = 500;

/// Kamailio and us over each wire.
pub(crate) fn run(binary: &str, rates: &[u32]) {
    println!(
        "\nINVITE/180/200/ACK/BYE/200: rings 50 ms, held 100 ms, no SDP; Kamailio: -x fm -X fm, dialog, accounting, prefixes"
    );
    head();
    let mut ratios = Vec::new();
    let top_rate = *rates.iter().max().unwrap_or(&0);
    for wire in [Wire::Udp, Wire::Tcp, Wire::Tls] {
        let house = House::start(binary, wire);
        warm(&house, wire, top_rate);
        let top = rates.len().saturating_sub(if wire == Wire::Udp { rates.len() } else { 2 });
        for rate in &rates[top..] {
            ratios.push((wire, *rate, pair(&house, wire, *rate)));
        }
        if wire == Wire::Udp {
            let mut load = house.load(wire, MEDIA_RATE, MEDIA_RATE * SECONDS);
            load.has_media = true;
            step("with SDP", &load, &house.pids()).print();
        }
        let held = house.wait_settled();
        println!(
            "     held for calls after all: {held} micro-units; calls recorded as ended: {}",
            house.recorded()
        );
    }
    println!(
        "\nCPU per call, ours over Kamailio's in the same minute: the whole process, and its signalling alone"
    );
    for (wire, rate, (whole, signalling)) in ratios {
        println!("{:>4} {rate:>6} cps  {whole:.2}  {signalling:.2}", wire.name());
    }
    like_with_like(binary, &[top_rate]);
}

/// A server that has been at work has its memory already, as one that is measured should have; Kamailio takes its own at its
/// start.
fn warm(house: &House, wire: Wire, rate: u32) {
    let _ = step("warm", &house.load(wire, rate, rate * SECONDS), &house.pids());
}

/// Only the rows with a durable Kamailio.
pub(crate) fn like_with_like(binary: &str, rates: &[u32]) {
    println!(
        "\nKamailio's accounting as durable as ours: both in PostgreSQL, or both in SQLite with synchronous=FULL"
    );
    head();
    let mut found = Vec::new();
    for wire in [Wire::Udp, Wire::Tcp, Wire::Tls] {
        for rate in rates {
            found
                .extend(stored(binary, wire, *rate).into_iter().map(|durable| (wire, "PostgreSQL", durable)));
            let house = House::start(binary, wire);
            warm(&house, wire, *rate);
            let sqlite = durable(&house, wire, *rate, Accounting::Sqlite);
            found.extend(sqlite.map(|durable| (wire, "SQLite", durable)));
        }
    }
    println!("\nCPU per call, ours over Kamailio's: the processes, and with the database's own");
    for (wire, name, Durable { rate, process, all }) in found {
        println!("{:>4} {name:>10} {rate:>6} cps  {process:.2}  {all:.2}", wire.name());
    }
}

/// Ours alone.
pub(crate) fn own(binary: &str, rates: &[u32]) {
    let house = House::start(binary, Wire::Udp);
    warm(&house, Wire::Udp, *rates.iter().max().unwrap_or(&0));
    head();
    for rate in rates {
        step("dialtone", &house.load(Wire::Udp, *rate, *rate * SECONDS), &house.pids()).print();
    }
    let held = house.wait_settled();
    println!(
        "     held for calls after all: {held} micro-units; calls recorded as ended: {}",
        house.recorded()
    );
}

/// Ours over Kamailio's: of the whole process, and of its signalling.
fn pair(house: &House, wire: Wire, rate: u32) -> (f64, f64) {
    let calls = rate * SECONDS;
    let (mut theirs, mut ours, mut signalling) = (0.0, 0.0, 0.0);
    for _ in 0..ROUNDS {
        let (row, _) = kamailio(wire, rate, house.keys.as_ref(), Accounting::Flat);
        theirs += row.per_call();
        row.print();
        let row = step("dialtone", &house.load(wire, rate, calls), &house.pids());
        ours += row.per_call();
        signalling += micros(row.used.signalling(), row.counts.completed);
        row.print();
    }
    (ours / theirs, signalling / theirs)
}

/// Shares of the highest rate at which Kamailio with a database is tried, percent.
const SHARES: [u32; 4] = [100, 50, 25, 10];

/// Ours over Kamailio's at the highest rate that both keep accounts of.
#[derive(Debug, Clone, Copy)]
struct Durable {
    /// Calls per second.
    rate: u32,
    /// Of the processes.
    process: f64,
    /// With the database's own processes, where it has some.
    all: f64,
}

/// The longest that it may take to set up half of the calls at a rate that is carried: more is a queue that grows, and what a call
/// costs in it is no price. Over a connection nothing is sent twice that would show it.
const SET_UP: Duration = Duration::from_millis(500);

/// Like with like: Kamailio keeps its accounting as durably as we do. Both at the highest of some rates at which it loses no
/// call and no row, is asked twice for hardly any, and answers in time. [`None`] where it is at none of them.
fn durable(house: &House, wire: Wire, rate: u32, accounting: Accounting<'_>) -> Option<Durable> {
    let database = || match accounting {
        Accounting::Postgres(postgres) => postgres.pids(),
        Accounting::Flat | Accounting::Sqlite => Vec::new(),
    };
    for rate in SHARES.map(|share| rate * share / 100) {
        let (theirs, is_accounted) = kamailio(wire, rate, house.keys.as_ref(), accounting);
        theirs.print();
        let is_prompt = u128::from(theirs.counts.percentile(0.5)) <= SET_UP.as_micros();
        if is_accounted && is_prompt && theirs.is_whole(rate * SECONDS) {
            let pids = [house.pids(), database()].concat();
            let ours = step("dialtone", &house.load(wire, rate, rate * SECONDS), &pids);
            ours.print();
            let ratio = |of: fn(&Cpu) -> Duration| {
                micros(of(&ours.used), ours.counts.completed)
                    / micros(of(&theirs.used), theirs.counts.completed)
            };
            return Some(Durable { rate, process: ratio(Cpu::own), all: ratio(Cpu::all) });
        }
    }
    println!("     kamailio with a durable database carries none of these rates on this disk");
    None
}

/// Both with their records in the same PostgreSQL, several times each in turns.
fn stored(binary: &str, wire: Wire, mut rate: u32) -> Vec<Durable> {
    let postgres = Postgres::start();
    let url = postgres.database("dialtone");
    let house = House::start_at(EDGE, binary, wire, vec![("DIALTONE_DATABASE_URL".to_owned(), url)]);
    // Pins those that serve us.
    let _ = postgres.pids();
    warm(&house, wire, rate);
    let mut found: Vec<Durable> = Vec::new();
    for _ in 0..ROUNDS {
        found.extend(durable(&house, wire, rate, Accounting::Postgres(&postgres)));
        // What was not carried once is not tried again.
        rate = found.last().map_or(rate, |last| last.rate);
    }
    found
}

/// A step of Kamailio, and whether all its calls were accounted for.
fn kamailio(wire: Wire, rate: u32, keys: Option<&Keys>, accounting: Accounting<'_>) -> (Row, bool) {
    let way = (KAMAILIO, SocketAddr::from((CARRIER, wire.port())));
    let kamailio = Kamailio::start(way, wire, keys, accounting);
    let mut load = load(wire, rate, rate * SECONDS);
    load.keys = keys.cloned();
    let mut pids = kamailio.pids();
    if let Accounting::Postgres(postgres) = accounting {
        pids.extend(postgres.pids());
    }
    let row = step(accounting.name(), &load, &pids);
    let (accounted, turns) = (kamailio.accounted(), 2 * row.counts.completed);
    if accounted < turns {
        println!("     kamailio accounted {accounted} of {turns} turns of calls");
    }
    (row, accounted >= turns)
}
