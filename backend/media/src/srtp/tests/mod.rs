//! The vectors of the RFCs, and properties of streams.

mod streams;
mod vectors;

use super::*;

/// A key of this suite, the same for each `seed`.
fn master(suite: Suite, seed: u8) -> Master {
    Master::fresh(suite, &mut |bytes| {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = seed.wrapping_mul(31).wrapping_add((at as u8).wrapping_mul(7));
        }
    })
}

/// An RTP packet with room for its tag, and its length.
fn rtp(source: u32, sequence: u16, payload: &[u8]) -> (Vec<u8>, usize) {
    let header = crate::rtp::Header { sequence, ssrc: source, timestamp: 160, ..Default::default() };
    let mut packet = header.packet(payload);
    let length = packet.len();
    packet.resize(length + OVERHEAD_MAX, 0);
    (packet, length)
}

fn protected(sender: &mut Sender, source: u32, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let (mut packet, length) = rtp(source, sequence, payload);
    let length = sender.protect_rtp(&mut packet, length).unwrap();
    packet.truncate(length);
    packet
}
