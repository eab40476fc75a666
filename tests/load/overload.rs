//! Past the knee: what comes in excess gets 503, and no call that was admitted fails.

use crate::{
    link::Wire,
    peers::House,
    step::{head, step},
};

/// Seconds of calls in each step.
const SECONDS: u32 = 5;

pub(crate) fn run(binary: &str, rates: &[u32]) {
    let house = House::start(binary, Wire::Udp);
    println!("\nrising rates over UDP: `broken` are calls that were admitted and then failed");
    head();
    for rate in rates {
        let row = step("dialtone", &house.load(Wire::Udp, *rate, *rate * SECONDS), &house.pids());
        row.print();
        let counts = &row.counts;
        println!(
            "     {} of {} refusals say when to try again; {} of {} calls were left without any answer",
            counts.with_retry_after, counts.refused, counts.silent, counts.started
        );
    }
    let held = house.wait_settled();
    println!(
        "     held for calls after all: {held} micro-units; calls recorded as ended: {}",
        house.recorded()
    );
}
