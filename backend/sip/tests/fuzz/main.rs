//! The fuzz targets on seeded mutations: the same inputs on each run, for as many rounds as a test may last. With
//! `cargo fuzz` they run for longer: see `backend/sip/fuzz`.

#![expect(
    clippy::disallowed_methods,
    reason = "how long it mutates is asked of the environment and the clock"
)]

#[path = "../../../../tests/mutation/dice.rs"]
mod dice;
mod targets;

use dice::Dice;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// Rounds of each target here.
const ROUNDS: usize = 4_000;
/// What breaks parsers: long numbers, open quotes, half escapes, lone line ends, bytes that are no text.
const SEEDS: [&[u8]; 22] = [
    b"Content-Length: 18446744073709551615\r\n",
    b"Content-Length: -1\r\nContent-Length: 4\r\n",
    b"\r\n\r\n",
    b"\r",
    b"\n ",
    b"\0",
    b"\"",
    b"\\\"",
    b"<",
    b">;",
    b"%4",
    b"%zz",
    b";;=",
    b",,",
    b"@@",
    b"[::",
    b"\xff",
    b"\xf0\x9f\x98\x80",
    b"SIP/2.0 ",
    b"99999999999999999999",
    b"X-Thing : x\r\n",
    b"Digest nc=ffffffff, x=\"",
];
const VALUES: [&[u8]; 6] = [
    b"sips:%61lice:pw@[2001:db8::1]:5061;transport=tls;lr?Replaces=a%3Bto-tag%3Db&x=y",
    b"SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bK1;rport=5061;received=192.0.2.1",
    b"\"J \\\" x\" <tel:+1-201-555;phone-context=a>;tag=1;q=0.5;+sip.instance=\"<urn:uuid:1>\"",
    b"Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"sip:b\", response=\"00\", qop=auth, nc=0000000a, cnonce=\"d\"",
    b"Digest realm=\"a \\\" b\", nonce=\"c\", qop=\"auth,auth-int\", algorithm=SHA-256, stale=true, opaque=\"\"",
    b"1800;refresher=uac",
];

/// The messages of RFC 4475.
fn torture() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/torture");
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("a file").path()).collect();
    names.sort();
    let dat = names.iter().filter(|path| path.extension().is_some_and(|end| end == "dat"));
    dat.map(|path| fs::read(path).expect("a message")).collect()
}

/// For how long a target is given mutations: so many rounds, or as many seconds as `FUZZ_SECONDS` says (`tests/load/run
/// attack`).
fn goes_on(round: usize, began: Instant) -> bool {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    seconds.map_or(round < ROUNDS, |seconds| began.elapsed() < Duration::from_secs(seconds))
}

fn rounds(seed: u64, corpus: &[Vec<u8>], target: fn(&[u8])) {
    let (mut dice, began) = (Dice(seed), Instant::now());
    for round in (0..).take_while(|round| goes_on(*round, began)) {
        let mut bytes = corpus[round % corpus.len()].clone();
        dice.mutate(&mut bytes, &SEEDS);
        target(&bytes);
    }
}

#[test]
fn no_mutation_of_a_torture_message_breaks_the_parser_or_the_framing() {
    let corpus = torture();
    assert_eq!(corpus.len(), 49, "RFC 4475 has 49 messages");
    rounds(0x5eed_0001, &corpus, targets::message);
    rounds(0x5eed_0002, &corpus, targets::stream);
}

#[test]
fn no_mutation_of_a_value_breaks_its_reader() {
    let corpus: Vec<Vec<u8>> = VALUES.iter().map(|value| value.to_vec()).collect();
    rounds(0x5eed_0003, &corpus, targets::headers);
    rounds(0x5eed_0004, &corpus, targets::uri);
    rounds(0x5eed_0005, &corpus, targets::digest);
}

#[test]
fn no_sequence_of_inputs_breaks_the_engine_or_leaves_anything_in_it() {
    let mut dice = Dice(0x5eed_0006);
    let (mut calls, mut answered) = (0, 0);
    let began = Instant::now();
    for _ in (0..).take_while(|round| goes_on(round * 10, began)) {
        let (accepted, answers) = targets::engine(&dice.noise(400));
        calls += accepted;
        answered += answers;
    }
    assert!(calls > ROUNDS / 10 && answered > ROUNDS / 100, "{calls} calls, {answered} answered");
}
