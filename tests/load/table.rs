//! The main table: the same calls through Kamailio and through us, one after the other, twice.

use crate::{
    kamailio::Kamailio,
    link::{Keys, Wire},
    peers::{CARRIER, House, KAMAILIO, load},
    step::{Row, head, step},
};
use std::net::SocketAddr;

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
    for wire in [Wire::Udp, Wire::Tcp, Wire::Tls] {
        let house = House::start(binary, wire);
        warm(&house, wire, *rates.iter().max().unwrap_or(&0));
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
    println!("\nCPU per call, ours over Kamailio's in the same minute");
    for (wire, rate, ratio) in ratios {
        println!("{:>4} {rate:>6} cps  {ratio:.2}", wire.name());
    }
}

/// A server that has been at work has its memory already, as one that is measured should have; Kamailio takes its own at its
/// start.
fn warm(house: &House, wire: Wire, rate: u32) {
    let _ = step("warm", &house.load(wire, rate, rate * SECONDS), &house.pids());
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

fn pair(house: &House, wire: Wire, rate: u32) -> f64 {
    let calls = rate * SECONDS;
    let (mut theirs, mut ours) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        let row = kamailio(wire, rate, calls, house.keys.as_ref());
        theirs += row.per_call();
        row.print();
        let row = step("dialtone", &house.load(wire, rate, calls), &house.pids());
        ours += row.per_call();
        row.print();
    }
    ours / theirs
}

fn kamailio(wire: Wire, rate: u32, calls: u32, keys: Option<&Keys>) -> Row {
    let kamailio = Kamailio::start(KAMAILIO, SocketAddr::from((CARRIER, wire.port())), wire, keys);
    let mut load = load(wire, rate, calls);
    load.keys = keys.cloned();
    let row = step("kamailio", &load, &kamailio.pids());
    let accounted = kamailio.accounted();
    if accounted < 2 * row.counts.completed {
        println!("     kamailio accounted {accounted} of {} turns of calls", 2 * row.counts.completed);
    }
    row
}
