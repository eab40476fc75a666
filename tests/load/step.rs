//! One step: calls at one rate, and what they cost.

use crate::{
    cpu::{Cpu, Reading, micros},
    generator::{Counts, Generator, Load},
    link::Wire,
};
use std::time::{Duration, Instant};

/// What one step showed.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) wire: Wire,
    pub(crate) name: &'static str,
    pub(crate) rate: u32,
    pub(crate) counts: Counts,
    pub(crate) used: Cpu,
    pub(crate) took: Duration,
    /// The generator's own CPU.
    pub(crate) own: Duration,
}

/// How long a server has to write down what it has heard, before its CPU is read.
const SETTLING: Duration = Duration::from_millis(1_500);

/// Makes the calls of a load and reads what the processes used for it.
pub(crate) fn step(name: &'static str, load: &Load, pids: &[u32]) -> Row {
    let mut generator = Generator::new(load.clone()).expect("the generator's addresses are free");
    generator.linger(Duration::from_millis(100));
    step_with(name, &mut generator, load, pids)
}

pub(crate) fn step_with(name: &'static str, generator: &mut Generator, load: &Load, pids: &[u32]) -> Row {
    let (before, began) = (Reading::of(pids), Instant::now());
    generator.run();
    let took = began.elapsed();
    let (counts, own) = generator.counts();
    std::thread::sleep(SETTLING);
    let used = Reading::of(pids).since(&before);
    Row { wire: load.wire, name, rate: load.rate, counts, used, took, own }
}

pub(crate) fn head() {
    println!(
        "{:>4} {:>10} {:>6} {:>7} {:>6} {:>6} {:>6} {:>7} {:>9} {:>6} {:>7} {:>7} {:>7}  split",
        "wire",
        "server",
        "cps",
        "done",
        "503",
        "failed",
        "broken",
        "retrans",
        "us/call",
        "core%",
        "p50 ms",
        "p99 ms",
        "gen us"
    );
}

impl Row {
    /// Microseconds of CPU for each call that was completed.
    pub(crate) fn per_call(&self) -> f64 {
        micros(self.used.all(), self.counts.completed)
    }

    /// Whether every call that was asked for was completed, and hardly a message sent twice.
    pub(crate) fn is_whole(&self, calls: u32) -> bool {
        let Counts { completed, broken, retransmissions, .. } = &self.counts;
        *completed == u64::from(calls) && *broken == 0 && retransmissions * 20 <= *completed
    }

    pub(crate) fn print(&self) {
        let Counts { completed, refused, failed, silent, broken, retransmissions, statuses, .. } =
            &self.counts;
        let split = self.used.per(*completed);
        let split: Vec<_> = split.iter().map(|(name, us)| format!("{name} {us:.0}")).collect();
        let notes = if statuses.is_empty() { String::new() } else { format!("  statuses {statuses:?}") };
        println!(
            "{:>4} {:>10} {:>6} {completed:>7} {refused:>6} {:>6} {broken:>6} {retransmissions:>7} {:>9.1} {:>6.0} {:>7.1} {:>7.1} {:>7.1}  {}{notes}",
            self.wire.name(),
            self.name,
            self.rate,
            failed + silent,
            self.per_call(),
            self.used.all().as_secs_f64() / self.took.as_secs_f64() * 100.0,
            f64::from(self.counts.percentile(0.5)) / 1000.0,
            f64::from(self.counts.percentile(0.99)) / 1000.0,
            micros(self.own, *completed),
            split.join(", "),
        );
    }
}
