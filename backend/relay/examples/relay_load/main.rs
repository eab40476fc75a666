//! What a relayed packet costs: our relay, rtpengine in user space and a bare forwarder, in turns in one run.
//!
//! `relay_load [RELAYS] [ROUNDS [SECONDS [SESSIONS...]]]`: of `ours,rtpengine,bare,ours-srtp,rtpengine-srtp`, 2 rounds of 3 seconds at 100, 500, 1000 and 2000
//! sessions of G.711, 20 ms, both ways.
//! A relay has core 1 alone and the generator core 0. CPU is what the scheduler counted for the relay's process; on loopback a
//! sender pays for the delivery into the receiver's socket too, which is the same for all, and what the floor shows.

mod batch;
mod cpu;
mod generator;
mod ng;
mod peer;
#[path = "../../src/batch.rs"]
#[expect(dead_code, reason = "the forwarder waits as the relay does, and needs no wake-up")]
mod ready;
mod serve;

use generator::{Figures, Generator};
use peer::{Kind, Peer};
use std::{env, error::Error, process::Command, time::Duration};

/// Sessions that come and go before memory is looked at again.
const CHURN: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    if let [serve, kind, calls] = &words[..]
        && serve == "serve"
    {
        return serve::run(kind, calls.parse()?);
    }
    let named = words.first().filter(|word| word.parse::<u64>().is_err()).cloned();
    let asked =
        |kind: Kind| named.as_ref().is_none_or(|named| named.split(',').any(|name| name == kind.to_string()));
    let numbers = words
        .iter()
        .skip(usize::from(named.is_some()))
        .map(|word| word.parse())
        .collect::<Result<Vec<u64>, _>>()?;
    let rounds = numbers.first().copied().unwrap_or(2);
    let time = Duration::from_secs(numbers.get(1).copied().unwrap_or(3));
    let sessions = numbers.get(2..).filter(|rest| !rest.is_empty()).unwrap_or(&[100, 500, 1000, 2000]);
    ready::raise_open_files(200_000);
    core_affinity::set_for_current(core_affinity::CoreId { id: 0 });
    let has_rtpengine = Command::new("rtpengine").arg("--version").output().is_ok();
    if !has_rtpengine {
        println!("rtpengine is not installed: it is left out");
    }
    println!("floor: one 172-byte datagram over loopback costs {:.2} us of CPU", cpu::floor()?);
    println!(
        "{:>8} {:<14} {:>8} {:>8} {:>9} {:>6} {:>7} {:>8} {:>8} {:>9} {:>9}",
        "sessions",
        "relay",
        "pps",
        "lost",
        "us/packet",
        "p50",
        "p99",
        "max us",
        "KiB/call",
        "us/set-up",
        "astray"
    );
    for &count in sessions {
        let kinds = [Kind::Ours, Kind::Rtpengine, Kind::Bare, Kind::OursSrtp, Kind::RtpengineSrtp];
        let mut costs = kinds.map(|kind| (kind, Vec::new()));
        for _ in 0..rounds {
            for (kind, costs) in &mut costs {
                if asked(*kind) && (!kind.is_rtpengine() || has_rtpengine) {
                    costs.push(one(*kind, count as usize, time)?.cpu);
                }
            }
        }
        compare(costs.map(|(_, costs)| median(costs)));
    }
    println!("floor: one 172-byte datagram over loopback costs {:.2} us of CPU", cpu::floor()?);
    churn()
}

/// One relay at one load.
fn one(kind: Kind, count: usize, time: Duration) -> Result<Figures, Box<dyn Error>> {
    let mut generator = Generator::new()?;
    let mut peer = Peer::start(kind, count)?;
    let (before, memory) = (peer.cpu(), peer.memory());
    let calls = (0..count).map(|call| peer.open(generator.ends(call)?)).collect::<Result<Vec<_>, _>>()?;
    let set_up = cpu::micros(peer.cpu().saturating_sub(before), count as u64);
    generator.set_calls(calls);
    let figures = generator.run(time, peer.pid())?;
    let memory = peer.memory().saturating_sub(memory) as f64 / count as f64;
    let Figures { sent, arrived, astray, rate, cpu, delay: [p50, p99, max] } = figures;
    println!(
        "{count:>8} {kind:<14} {rate:>8.0} {:>8} {cpu:>9.2} {p50:>6} {p99:>7} {max:>8} {memory:>8.1} {set_up:>9.0} {astray:>9}",
        sent - arrived.min(sent)
    );
    Ok(figures)
}

fn compare([ours, rtpengine, bare, srtp, theirs]: [f64; 5]) {
    // What was not asked for has no figure.
    if !ours.is_nan() {
        println!(
            "{:>8} medians: {ours:.2} us; of rtpengine's {rtpengine:.2}: {:.2} (mark 0.55); of the forwarder's {bare:.2}: {:.2} (mark 1.25)",
            "",
            ours / rtpengine,
            ours / bare
        );
    }
    if !srtp.is_nan() {
        println!(
            "{:>8} RTP and SRTP: {srtp:.2} us; of rtpengine's {theirs:.2}: {:.2} (mark 0.55); encryption costs {:.2} us a packet",
            "",
            srtp / theirs,
            srtp - ours
        );
    }
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    let middle = costs.len() / 2;
    match costs.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(costs[middle - 1], costs[middle]),
        _ => costs[middle],
    }
}

/// What is left of many sessions that have come and gone.
fn churn() -> Result<(), Box<dyn Error>> {
    let mut peer = Peer::start(Kind::Ours, 100)?;
    peer.say("churn 1000")?;
    let (before, cpu) = (peer.memory(), peer.cpu());
    peer.say(&format!("churn {CHURN}"))?;
    let each = cpu::micros(peer.cpu().saturating_sub(cpu), CHURN as u64);
    println!(
        "{CHURN} sessions came and went: memory {before} KiB before, {} KiB after; {each:.0} us of CPU each, set-up and end",
        peer.memory()
    );
    Ok(())
}
