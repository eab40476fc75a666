//! Several binaries in turns, in one run: which of them a call costs less. The machine drifts by a quarter within minutes, so
//! that only figures from the same seconds tell builds apart.

use crate::{
    cpu::{Cpu, micros},
    link::Wire,
    peers::{EDGE, House},
    step::step,
};
use std::{net::Ipv4Addr, time::Duration};

/// Calls per second.
pub(crate) const RATE: u32 = 2_000;
/// Seconds of calls in each turn.
const SECONDS: u32 = 3;
/// How often each has its turn.
const TURNS: usize = 8;

/// What one binary has shown so far.
struct Side {
    name: String,
    house: House,
    used: Vec<Cpu>,
    /// CPU of the generator in the same turns: what the machine was like.
    generator: Vec<Duration>,
    calls: u64,
}

/// Each binary is a path, and after commas what its environment is to have beside: `path,NAME=VALUE`.
pub(crate) fn run(binaries: &[String], rate: u32) {
    let calls = rate * SECONDS;
    let mut sides: Vec<Side> = binaries.iter().zip(1..).map(|(binary, place)| start(binary, place)).collect();
    for turn in 0..=TURNS {
        for side in &mut sides {
            let row = step("dialtone", &side.house.load(Wire::Udp, rate, calls), &side.house.pids());
            // The first turn warms it.
            if turn > 0 {
                side.used.push(row.used);
                side.generator.push(row.own);
                side.calls += row.counts.completed;
            }
        }
    }
    println!("{:>24} {:>8} {:>8} {:>8} {:>8}  split", "binary", "us/call", "median", "gen us", "by gen");
    for side in &sides {
        side.print(u64::from(calls));
    }
}

fn start(binary: &str, place: u8) -> Side {
    let mut words = binary.split(',');
    let path = words.next().unwrap_or_default();
    let settings = words.filter_map(|word| word.split_once('='));
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let [a, b, c, _] = EDGE.octets();
    let house = House::start_at(Ipv4Addr::new(a, b, c, place), path, Wire::Udp, settings);
    let name = binary.rsplit('/').next().unwrap_or(binary).to_owned();
    Side { name, house, used: Vec::new(), generator: Vec::new(), calls: 0 }
}

impl Side {
    fn print(&self, calls: u64) {
        let all: Duration = self.used.iter().map(Cpu::all).sum();
        let generator: Duration = self.generator.iter().sum();
        let mut each: Vec<f64> = self.used.iter().map(|used| micros(used.all(), calls)).collect();
        each.sort_by(f64::total_cmp);
        let mut split = std::collections::BTreeMap::new();
        for (name, us) in self.used.iter().flat_map(|used| used.per(self.calls)) {
            *split.entry(name).or_insert(0.0) += us;
        }
        let split: Vec<_> = split.iter().map(|(name, us)| format!("{name} {us:.1}")).collect();
        println!(
            "{:>24} {:>8.1} {:>8.1} {:>8.1} {:>8.3}  {}",
            self.name,
            micros(all, self.calls),
            each.get(each.len() / 2).copied().unwrap_or_default(),
            micros(generator, self.calls),
            all.as_secs_f64() / generator.as_secs_f64(),
            split.join(", "),
        );
    }
}
