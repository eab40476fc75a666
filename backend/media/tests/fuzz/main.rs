//! The fuzz targets on seeded mutations: the same inputs on each run, for as many rounds as a test may last. With
//! `cargo fuzz` they run for longer: see `backend/media/fuzz`.

#![expect(
    clippy::disallowed_methods,
    reason = "how long it mutates is asked of the environment and the clock"
)]

#[path = "../../../../tests/mutation/dice.rs"]
mod dice;
mod targets;

use dice::Dice;
use std::time::{Duration, Instant};

/// Rounds of each target here.
const ROUNDS: usize = 6_000;
const SEEDS: [&[u8]; 16] = [
    b"m=audio 18446744073709551615 RTP/AVP 0\r\n",
    b"m=audio 0 RTP/SAVPF 111 0 101\r\n",
    b"m=image 9 udptl t38\r\n",
    b"c=IN IP6 ::1\r\n",
    b"c=IN IP4 0.0.0.0\r\n",
    b"c=IN IP4 224.2.1.1/127/3\r\n",
    b"a=rtpmap:999 PCMU/99999999999\r\n",
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:",
    b"a=rtcp:70000\r\n",
    b"a=sendonly\r\n",
    b"a=",
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b"v=0\r\n",
];
const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
    a=ptime:20\r\na=sendrecv\r\nm=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
const PACKETS: [&[u8]; 6] = [
    &[0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7, 0xff, 0xff, 0xff],
    &[0xb1, 0xe5, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 5, 0x8a, 0, 160],
    // A binding request of STUN, the beginning of a DTLS handshake, and a compound report with a description of its source.
    &[
        0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x80, 0x28, 0, 4, 0xde,
        0xad, 0xbe, 0xef,
    ],
    &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 4, 0, 0, 0, 0],
    &[0x80, 200, 0, 1, 0, 0, 0, 7, 0x81, 202, 0, 3, 0, 0, 0, 7, 1, 3, b'a', b'@', b'b', 0, 0, 0],
    &[0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7],
];
/// A sender's report with two blocks, who it is, metrics of VoIP behind a reference time, feedback, and a farewell.
const REPORTS: &[u8] = &[
    0x82, 200, 0, 18, 0, 0, 0, 1, 0xe0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 160, 0, 0, 0, 9, 0, 0, 5,
    160, //
    0, 0, 0, 2, 64, 0, 0, 3, 0, 1, 0, 4, 0, 0, 0, 5, 0, 1, 0x80, 0, 0, 1, 0, 0, //
    0, 0, 0, 3, 0, 0xff, 0xff, 0xfe, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, //
    0x81, 202, 0, 3, 0, 0, 0, 1, 1, 3, b'a', b'@', b'b', 0, 0, 0, //
    0x80, 207, 0, 13, 0, 0, 0, 1, 4, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 7, 0, 0, 8, 0, 0, 0, 2, 13, 26, 0,
    0, //
    0, 0, 0, 0, 0, 80, 0, 40, 0, 0, 0, 0, 93, 127, 42, 127, 0, 0, 0, 60, 0, 120, 0, 200, //
    0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7, 0, 0, //
    0x81, 203, 0, 1, 0, 0, 0, 1,
];

/// For how long a target is given mutations: so many rounds, or as many seconds as `FUZZ_SECONDS` says (`tests/load/run
/// attack`).
fn goes_on(round: usize, began: Instant) -> bool {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    seconds.map_or(round < ROUNDS, |seconds| began.elapsed() < Duration::from_secs(seconds))
}

fn rounds(seed: u64, corpus: &[&[u8]], target: fn(&[u8])) {
    let (mut dice, began) = (Dice(seed), Instant::now());
    for round in (0..).take_while(|round| goes_on(*round, began)) {
        let mut bytes = corpus[round % corpus.len()].to_vec();
        dice.mutate(&mut bytes, &SEEDS);
        target(&bytes);
        target(&dice.noise(64));
    }
}

#[test]
fn no_mutation_of_a_session_description_breaks_its_reader_or_leads_media_past_the_relay() {
    rounds(0x5eed_0011, &[OFFER], targets::sdp);
    let both = [OFFER, OFFER].concat();
    rounds(0x5eed_0012, &[&both], targets::negotiation);
}

#[test]
fn no_mutation_of_a_packet_breaks_its_reader() {
    rounds(0x5eed_0013, &PACKETS, targets::packet);
}

#[test]
fn no_mutation_of_a_report_breaks_its_reader_and_what_is_read_can_be_written() {
    rounds(0x5eed_0015, &[PACKETS[4], PACKETS[5], REPORTS], targets::reports);
}

#[test]
fn no_mutation_of_a_protected_packet_is_taken_and_every_packet_is_read_back() {
    let (long, signed) = ([0x80; 188], [&[0x80, 200, 0, 6][..], &[3; 42]].concat());
    rounds(0x5eed_0014, &[PACKETS[0], PACKETS[1], PACKETS[2], &long, &signed], targets::srtp);
}

#[test]
fn no_bytes_on_a_shared_port_are_taken_for_another_protocol() {
    let extension = &[0, 8, 0, 8, 0, 7, 0, 1, 0, 2, 0][..];
    let fingerprint =
        b"sha-224 12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5";
    let corpus = [PACKETS[0], PACKETS[2], PACKETS[3], PACKETS[4], extension, fingerprint, b"actpass"];
    rounds(0x5eed_0016, &corpus, targets::shared);
}
