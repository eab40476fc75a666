//! Whether a call costs more while many others are up.

use crate::{
    generator::Generator,
    link::Wire,
    peers::House,
    step::{head, step_with},
};
use std::time::Duration;

/// Short calls per second, and for how long, while the others are up.
const RATE: u32 = 300;
const SECONDS: u32 = 6;
/// Calls per second while those that stay are set up.
const SETTING_UP: u32 = 500;
/// Longer than the whole run.
const STAYING: Duration = Duration::from_secs(3_600);

pub(crate) fn run(binary: &str, live: &[u32]) {
    println!("\n{RATE} short calls per second over UDP, while so many others stay up");
    head();
    let mut points = Vec::new();
    for live in live {
        let house = House::start(binary, Wire::Udp);
        let mut load = house.load(Wire::Udp, SETTING_UP, *live);
        load.hold = STAYING;
        let mut generator = Generator::new(load.clone()).expect("the generator's addresses are free");
        if !generator.run_until_up(u64::from(*live), Duration::from_secs(60)) {
            println!("only {:?} of {live} calls came up", generator.counts().0.setup_us.len());
        }
        (load.rate, load.calls) = (RATE, RATE * SECONDS);
        generator.go_on(load.rate, load.calls, Duration::from_millis(100));
        let row = step_with("dialtone", &mut generator, &load, &house.pids());
        println!("{live} live:");
        row.print();
        points.push((f64::from(*live), row.per_call()));
    }
    println!("slope: {:.3} us of CPU per call for each 1,000 live calls", 1000.0 * slope(&points));
}

/// Least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    above / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>().max(f64::MIN_POSITIVE)
}
