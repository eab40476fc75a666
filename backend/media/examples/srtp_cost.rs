//! What protecting and checking one packet of G.711 costs under each suite, in nanoseconds: `cargo run --release --example srtp_cost`.
//! The mark is 400; the figure is the best of several rounds, since only interruptions can add to it.

use dialtone_media::{
    rtp::Header,
    srtp::{Master, OVERHEAD_MAX, Receiver, Sender, Suite},
};
use std::{hint::black_box, time::Instant};

/// Bytes of 20 ms of G.711.
const PAYLOAD: usize = 160;
const ROUNDS: usize = 15;
const PACKETS: u16 = 20_000;
const MARK: f64 = 400.0;

#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn main() {
    let mut is_met = true;
    println!("{:<26}{:>12}{:>12}   ns per packet of {} bytes", "", "protect", "unprotect", 12 + PAYLOAD);
    for suite in Suite::ALL {
        let (mut protect, mut unprotect) = (f64::MAX, f64::MAX);
        for round in 0..ROUNDS {
            let master = Master::fresh(suite, &mut |bytes| bytes.fill(round as u8 + 1));
            let (mut sender, mut receiver) = (Sender::new(&master), Receiver::new(&master));
            let mut packets: Vec<Vec<u8>> = (0..PACKETS).map(packet).collect();
            let began = Instant::now();
            for packet in &mut packets {
                black_box(sender.protect_rtp(black_box(packet), 12 + PAYLOAD)).expect("a new number");
            }
            protect = protect.min(began.elapsed().as_nanos() as f64 / f64::from(PACKETS));
            let length = 12 + PAYLOAD + suite.rtp_tag_bytes();
            let began = Instant::now();
            for packet in &mut packets {
                black_box(receiver.unprotect_rtp(black_box(&mut packet[..length]))).expect("a right tag");
            }
            unprotect = unprotect.min(began.elapsed().as_nanos() as f64 / f64::from(PACKETS));
        }
        is_met &= protect <= MARK && unprotect <= MARK;
        println!("{:<26}{protect:>12.0}{unprotect:>12.0}", suite.name());
    }
    println!("{} {MARK} ns", if is_met { "met:" } else { "MISSED:" });
}

fn packet(sequence: u16) -> Vec<u8> {
    let header = Header { sequence, ssrc: 7, timestamp: u32::from(sequence) * 160, ..Header::default() };
    let mut packet = header.packet(&[0xD5; PAYLOAD]);
    packet.resize(12 + PAYLOAD + OVERHEAD_MAX, 0);
    packet
}
