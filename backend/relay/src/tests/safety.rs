//! Who is heard and who is sent to: strangers relayed and packets of the victim diverted, counted. Addresses as of number 50 on.

use super::{srtp::Call, *};
use crate::{LossListener, Rules};
use media::srtp::Suite;
use std::sync::Arc;

/// What a stranger's packets carry.
const FORGED: [u8; 160] = [0xEE; 160];
const PACE: Duration = Duration::from_millis(20);

/// Rules that let sources of both sides be learned, or of none.
fn rules(learning: bool) -> Rules {
    let listener = LossListener(Arc::new(|_| {}));
    Rules { learning: [learning; 2], initial: None, running: None, listener }
}

/// Someone who sends a clean stream of audio to a port that is not theirs.
struct Stranger {
    peer: Peer,
    sent: u16,
}

impl Stranger {
    fn new(number: u8, to: SocketAddr) -> Self {
        Self { peer: Peer { to, ..Peer::new(number) }, sent: 0 }
    }

    fn send(&mut self) {
        let (sequence, timestamp) = (self.sent, u32::from(self.sent) * 160);
        let header = rtp::Header { payload_type: 8, sequence, timestamp, ssrc: 66, ..rtp::Header::default() };
        self.peer.rtp.send_to(&header.packet(&FORGED), self.peer.to).unwrap();
        self.sent += 1;
    }

    /// Packets of the victim's call that came here.
    fn diverted(&self) -> usize {
        let mut buffer = [0; 2048];
        std::iter::from_fn(|| self.peer.rtp.recv(&mut buffer).ok()).count()
    }
}

fn forged(packets: &[Vec<u8>]) -> usize {
    packets.iter().filter(|packet| packet.ends_with(&FORGED[..8])).count()
}

/// A call in which B is where it says, while a stranger sends to B's port: relayed of the stranger, diverted to it.
fn attack(number: u8, learning: bool, suite: Option<Suite>, head_start: usize) -> (usize, usize) {
    let mut call = Call::unanswered(number, None, suite);
    call.bridge.govern(call.id, rules(learning));
    call.answer();
    let mut stranger = Stranger::new(number, call.b.peer.to);
    let (mut relayed, mut heard) = (0, 0);
    for round in 0..head_start + 20 {
        stranger.send();
        if round >= head_start {
            call.b.send();
        }
        call.a.send();
        thread::sleep(PACE);
        let arrived = drain(&call.a.peer.rtp, call.a.peer.to);
        relayed += forged(&arrived);
        heard += arrived.len() - forged(&arrived);
    }
    eventually("B is heard, whatever the stranger does", || {
        heard += drain(&call.a.peer.rtp, call.a.peer.to).len();
        heard >= 19
    });
    let stats = call.bridge.stats(call.id).unwrap();
    assert!(stats.from_b.foreign + stats.from_b.unauthentic > 0, "the stranger is counted: {stats:?}");
    (relayed, stranger.diverted())
}

#[test]
fn strangers_are_not_relayed_and_the_victim_is_not_diverted() {
    let suite = Some(Suite::AeadAes128Gcm);
    for (learning, suite) in [(false, None), (true, None), (false, suite), (true, suite)] {
        for head_start in [0, 3] {
            let counted = attack(50, learning, suite, head_start);
            assert_eq!(counted, (0, 0), "learning {learning}, {suite:?}, {head_start} packets ahead");
        }
    }
}

#[test]
fn a_victim_that_speaks_late_takes_its_call_back_with_its_first_packet() {
    // Alone for eight packets, a stranger is followed from the fifth at the earliest, where learning plain RTP is allowed, and nowhere else.
    let (relayed, diverted) = attack(51, true, None, 8);
    assert!((1..=5).contains(&relayed) && diverted <= 5, "{relayed} relayed, {diverted} diverted");
    assert_eq!(attack(51, false, None, 8), (0, 0));
    assert_eq!(attack(51, true, Some(Suite::AesCm128Sha1Tag80), 8), (0, 0));
}

/// Whether a phone behind NAT, whose description names another port, is heard; and what a stranger gets who comes after it.
fn behind_nat(number: u8, learning: bool, suite: Option<Suite>) -> (bool, usize, usize) {
    let mut call = Call::unanswered(number, None, suite);
    call.bridge.govern(call.id, rules(learning));
    let nowhere = Peer::new(number);
    let inside = call.b.peer.rtp.local_addr().unwrap().port();
    call.b.advertised = Some(nowhere.rtp.local_addr().unwrap().port());
    call.answer();
    let (mut heard, mut relayed) = (0, 0);
    let mut stranger = Stranger::new(number, call.b.peer.to);
    for round in 0..25 {
        call.b.send();
        if round > 7 {
            stranger.send();
        }
        call.a.send();
        thread::sleep(PACE);
        let arrived = drain(&call.a.peer.rtp, call.a.peer.to);
        relayed += forged(&arrived);
        heard += arrived.len() - forged(&arrived);
    }
    let answered = drain(&call.b.peer.rtp, call.b.peer.to).len();
    assert_eq!(
        heard >= 10,
        answered >= 10,
        "{inside}: it is sent to where it is heard from: {heard}, {answered}"
    );
    (heard >= 10, relayed, stranger.diverted())
}

#[test]
fn a_phone_behind_nat_is_found_where_its_trunk_allows_it_and_nobody_after_it() {
    let suite = Some(Suite::AesCm128Sha1Tag80);
    assert_eq!(behind_nat(52, true, None), (true, 0, 0));
    assert_eq!(behind_nat(52, true, suite), (true, 0, 0));
    assert_eq!(behind_nat(52, false, None), (false, 0, 0));
    assert_eq!(behind_nat(52, false, suite), (false, 0, 0));
}

#[test]
fn nothing_comes_back_to_a_stranger_from_any_port() {
    let (relay, _running) = start(config(53, 8));
    let (session, mut a, b) = talk(&relay, 53);
    let mut strangers: Vec<_> = (0..16)
        .map(|step| {
            let address: SocketAddr = SocketAddr::new(a.to.ip(), 20_000 + step);
            Stranger::new(53, address)
        })
        .collect();
    // RTP, STUN, a DTLS hello, RTCP, nothing at all: to ports in use and at rest.
    for stranger in &mut strangers {
        stranger.send();
        for bytes in [
            &b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"[..],
            b"\x16\xfe\xfd0000",
            &[0x80, 200, 0, 1, 0, 0, 0, 1],
            b"",
        ] {
            stranger.peer.rtp.send_to(bytes, stranger.peer.to).unwrap();
        }
    }
    let packet = a.send();
    b.expect(&packet);
    eventually("all of A's are counted", || relay.stats(session).unwrap().from_a.foreign == 10);
    assert!(strangers.iter().all(|stranger| stranger.diverted() == 0));
}

#[test]
fn no_mutation_of_a_packet_stops_a_worker_or_is_heard() {
    const SEEDS: [&[u8]; 5] = [
        &[0x80, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7, 0xff, 0xff, 0xff],
        &[
            0xb1, 0xe5, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 5, 0x8a, 0,
            160,
        ],
        &[
            0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0,
            7,
        ],
        &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 4, 0, 0, 0, 0],
    ];
    for suite in [None, Some(Suite::AeadAes128Gcm)] {
        let mut call = Call::unanswered(54, None, suite);
        let (died, deaths) = std::sync::mpsc::channel();
        let died = std::sync::Mutex::new(died);
        let listener = LossListener(Arc::new(move |loss| {
            let _ = died.lock().unwrap().send(loss);
        }));
        call.bridge.govern(call.id, Rules { listener, ..rules(true) });
        call.answer();
        let (mut dice, stranger) = (dice::Dice(0x5eed_0021), Peer::new(54));
        let reports = SocketAddr::new(call.b.peer.to.ip(), call.b.peer.to.port() + 1);
        for round in 0..4_000 {
            let mut bytes = SEEDS[round % SEEDS.len()].to_vec();
            dice.mutate(&mut bytes, &SEEDS);
            // From where B is, too: only there do they come as far as they can.
            let from = if round % 4 == 0 { &stranger.rtp } else { &call.b.peer.rtp };
            let _ = from.send_to(&bytes, call.b.peer.to);
            let _ = from.send_to(&dice.noise(64), call.b.peer.to);
            let _ = call.b.peer.rtcp.send_to(&bytes, reports);
        }
        await_worker(call.bridge.relay(), 54);
        let _ = drain(&call.a.peer.rtp, call.a.peer.to);
        call.a.send();
        eventually("the call goes on", || !drain(&call.b.peer.rtp, call.b.peer.to).is_empty());
        assert!(deaths.try_recv().is_err(), "the worker lives");
    }
}
