//! Calls that talk: G.711 both ways, and what a relayed packet costs.

use crate::{
    cpu::{Reading, micros},
    link::Wire,
    peers::{CARRIER, DIALLED, EDGE, House, SBC, TRUNK},
};
use std::time::{Duration, Instant};
use testkit::phone::{Answering, Dial, Phone, Sound};

/// Numbered packets that each call sends: 10 s.
const PACKETS: u32 = 500;

pub(crate) fn run(binary: &str, talking: &[u32]) {
    let house = House::start(binary, Wire::Udp);
    println!("\nmedia: G.711, 20 ms, echoed by the callee: 100 relayed packets per second and call");
    println!("{:>6} {:>10} {:>7} {:>14} {:>10}", "calls", "packets", "lost", "CPU us/packet", "core %");
    for calls in talking {
        talk(&house, *calls);
    }
}

fn talk(house: &House, calls: u32) {
    let sbc = Phone::bind(&format!("{SBC}:5060")).expect("an SBC");
    let callee = Phone::bind(&format!("{CARRIER}:5060")).expect("a carrier");
    callee.answering(Answering::Answer { ring: Duration::ZERO, sound: Sound::Echo }).expect("it answers");
    let dial = Dial {
        edge: house.server.sip(),
        to: format!("sip:{DIALLED}@{EDGE}"),
        from: format!("sip:{}@{TRUNK}", house.number),
        credentials: None,
        headers: Vec::new(),
        offer: true,
    };
    let up: Vec<_> = (0..calls).map(|_| sbc.call(&dial).expect("a call")).collect();
    for call in &up {
        call.wait_answered().expect("it is answered");
    }
    let (before, began) = (Reading::of(&house.pids()), Instant::now());
    for call in &up {
        call.start_tone(PACKETS).expect("it talks");
    }
    for call in &up {
        call.wait_said(Duration::from_secs(30)).expect("all is said");
    }
    let (used, took) = (Reading::of(&house.pids()).since(&before).all(), began.elapsed());
    std::thread::sleep(Duration::from_millis(200));
    let back: u64 = up.iter().map(|call| u64::from(call.heard().expect("counters").own_echo)).sum();
    let sent = u64::from(PACKETS) * u64::from(calls);
    let relayed = sent + back;
    let core = used.as_secs_f64() / took.as_secs_f64() * 100.0;
    println!("{calls:>6} {relayed:>10} {:>7} {:>14.2} {core:>10.0}", sent - back, micros(used, relayed));
    for call in &up {
        let _ = call.bye();
    }
}
