//! Calls whose sides are encrypted, each under keys of its own. Relay at 127.0.71.n, peers at 127.0.72.n, from 30 on.

use super::*;
use crate::{Digit, Encryption, Listener};
use media::{
    rtp::Header,
    sdp::{Crypto, Sdp, events_of},
    srtp::{Master, OVERHEAD_MAX, Receiver, Sender, Suite},
};
use std::sync::{Arc, Mutex};

/// A far end that encrypts, or does not.
pub(super) struct Phone {
    pub(super) peer: Peer,
    /// Its own key, as it stands in its description.
    line: Option<Crypto>,
    pub(super) keys: Option<(Sender, Receiver)>,
    /// The port in its description, where that is not its own.
    pub(super) advertised: Option<u16>,
}

fn key(seed: u8, suite: Suite) -> Master {
    let mut next = seed;
    Master::fresh(suite, &mut |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(3);
            *byte = next;
        }
    })
}

impl Phone {
    fn new(number: u8, suite: Option<Suite>) -> Self {
        let peer = Peer::new(number);
        let seed = peer.rtp.local_addr().unwrap().port() as u8;
        let line = suite.map(|suite| Crypto { tag: 1, master: key(seed, suite) });
        Self { peer, line, keys: None, advertised: None }
    }

    /// Its description, with its own key.
    pub(super) fn says(&self) -> String {
        let proto = if self.line.is_some() { "RTP/SAVP" } else { "RTP/AVP" };
        let mut text = offer(&self.peer, Direction::SendRecv).replace("RTP/AVP", proto);
        if let Some(port) = self.advertised {
            let own = self.peer.rtp.local_addr().unwrap().port();
            text = text.replace(&format!("m=audio {own} "), &format!("m=audio {port} "));
        }
        text += &format!("a=rtcp:{}\r\n", self.peer.rtcp.local_addr().unwrap().port());
        self.line.iter().for_each(|line| text += &format!("{line}\r\n"));
        text
    }

    /// Its answer to this offer: it takes the line of its own suite.
    fn answers(&mut self, offered: &[u8]) -> String {
        if let Some(line) = &mut self.line {
            line.tag =
                lines(offered).iter().find(|known| known.master.suite() == line.master.suite()).unwrap().tag;
        }
        self.says()
    }

    /// Sends to where a description points, and takes over the key in it.
    fn follow(&mut self, description: &[u8]) {
        follow(&mut self.peer, description);
        self.keys = self.line.as_ref().map(|line| {
            let theirs = lines(description);
            let theirs = theirs
                .iter()
                .find(|theirs| theirs.tag == line.tag && theirs.master.suite() == line.master.suite());
            (Sender::new(&line.master), Receiver::new(&theirs.expect("the relay's key").master))
        });
    }

    /// A packet as it goes on the wire, and as it is meant.
    fn packet(&mut self) -> (Vec<u8>, Vec<u8>) {
        let clear = self.peer.packet();
        let mut wire = clear.clone();
        if let Some((sender, _)) = &mut self.keys {
            wire.resize(clear.len() + OVERHEAD_MAX, 0);
            let length = sender.protect_rtp(&mut wire, clear.len()).unwrap();
            wire.truncate(length);
        }
        (wire, clear)
    }

    pub(super) fn send(&mut self) -> Vec<u8> {
        let (wire, clear) = self.packet();
        self.throw(&wire);
        clear
    }

    fn throw(&self, wire: &[u8]) {
        self.peer.rtp.send_to(wire, self.peer.to).unwrap();
    }

    /// What has arrived, decrypted.
    pub(super) fn take(&mut self) -> Vec<Vec<u8>> {
        let mut arrived = self.peer.take();
        for packet in arrived.iter_mut() {
            if let Some((_, receiver)) = &mut self.keys {
                let length = receiver.unprotect_rtp(packet).expect("a packet with a valid tag");
                packet.truncate(length);
            }
        }
        arrived
    }

    #[track_caller]
    pub(super) fn expect(&mut self, clear: &[u8]) {
        eventually("a packet arrives", || {
            let arrived = self.take();
            assert!(arrived.len() <= 1 && arrived.iter().all(|bytes| bytes[4..] == clear[4..]));
            arrived.len() == 1
        });
    }
}

fn lines(description: &[u8]) -> Vec<Crypto> {
    let sdp = Sdp::parse(description).unwrap();
    sdp.audio().unwrap().attributes("crypto").map(|value| Crypto::parse(value).unwrap()).collect()
}

pub(super) struct Call {
    number: u8,
    pub(super) bridge: Bridge,
    pub(super) id: u64,
    pub(super) a: Phone,
    pub(super) b: Phone,
    _running: Running,
}

impl Call {
    /// An answered call between a side of the first suite and one of the second.
    pub(super) fn new(number: u8, a: Option<Suite>, b: Option<Suite>) -> Self {
        let mut call = Self::unanswered(number, a, b);
        call.answer();
        call
    }

    /// The same, of which nothing is described yet.
    pub(super) fn unanswered(number: u8, a: Option<Suite>, b: Option<Suite>) -> Self {
        let (relay, running) = start(Config { workers: 1, ..config(number, 8) });
        let bridge = Bridge::new(relay);
        let id = bridge.open().unwrap();
        let (a_phone, b_phone) = (Phone::new(number, a), Phone::new(number, b));
        let call = Self { number, bridge, id, a: a_phone, b: b_phone, _running: running };
        let policy =
            |suite: Option<Suite>| if suite.is_some() { Encryption::Required } else { Encryption::Off };
        call.bridge.encrypt(id, [policy(a), policy(b)]);
        call
    }

    /// A's offer and B's answer.
    pub(super) fn answer(&mut self) {
        let says = self.a.says();
        self.agree(Side::A, &says);
        self.bridge.join(self.id);
    }

    /// An offer of a side, and its answer.
    pub(super) fn agree(&mut self, from: Side, says: &str) {
        let Self { number, bridge, id, a, b, .. } = self;
        let (asks, answers) = if from == Side::A { (a, b) } else { (b, a) };
        let offered = bridge.update(*id, from, Kind::Offer, says.as_bytes()).unwrap();
        let answer = answers.answers(&offered);
        answers.follow(&offered);
        let answered = bridge.update(*id, from.other(), Kind::Answer, answer.as_bytes()).unwrap();
        asks.follow(&answered);
        await_worker(bridge.relay(), *number);
    }

    pub(super) fn flows(&mut self) {
        for _ in 0..3 {
            let clear = self.a.send();
            self.b.expect(&clear);
            let clear = self.b.send();
            self.a.expect(&clear);
        }
    }
}

#[test]
fn each_side_hears_the_other_under_its_own_keys_whatever_the_suites() {
    for suite in [Suite::AeadAes256Gcm, Suite::AeadAes128Gcm, Suite::AesCm128Sha1Tag80] {
        Call::new(30, None, Some(suite)).flows();
        Call::new(30, Some(suite), None).flows();
        Call::new(30, Some(suite), Some(Suite::AesCm128Sha1Tag80)).flows();
    }
    // Those that we do not offer ourselves are taken where a caller offers them.
    for suite in [Suite::AesCm128Sha1Tag32, Suite::AesCm256Sha1Tag80, Suite::AesCm256Sha1Tag32] {
        Call::new(30, Some(suite), None).flows();
    }
}

#[test]
fn nothing_without_a_valid_tag_is_relayed_and_the_call_goes_on() {
    for suite in [Suite::AesCm128Sha1Tag80, Suite::AeadAes256Gcm] {
        let mut call = Call::new(32, None, Some(suite));
        call.flows();
        let (taken, clear) = call.b.packet();
        call.b.throw(&taken);
        call.a.expect(&clear);
        // What an attacker has who can send from the very address: what it heard, the plain form, noise, other keys.
        let forged = Header { sequence: 50, ssrc: 1, ..Header::default() }.packet(&[0; 170]);
        let mut foreign = Sender::new(&key(0, suite));
        let counted = |call: &Call| {
            let stats = call.bridge.stats(call.id).unwrap().from_b;
            stats.unauthentic + stats.replayed + stats.malformed
        };
        for round in 0..200_usize {
            let mut damaged = taken.clone();
            let at = round % damaged.len();
            damaged[at] ^= 1 << (round % 8);
            let mut other = clear.clone();
            other.resize(clear.len() + OVERHEAD_MAX, 0);
            let length = foreign.protect_rtp(&mut other, clear.len());
            other.truncate(length.unwrap_or(clear.len()));
            [&taken, &clear, &forged, &damaged, &other].into_iter().for_each(|wire| call.b.throw(wire));
            // A few at a time, so that none is lost on its way here.
            if round % 20 == 19 {
                let all = 5 * (round as u64 + 1);
                eventually("all are counted", || counted(&call) == all);
            }
        }
        let stranger = Peer::new(32);
        stranger.rtp.send_to(&taken, call.b.peer.to).unwrap();
        eventually("the stranger is counted", || call.bridge.stats(call.id).unwrap().from_b.foreign == 1);
        assert_eq!(call.a.take(), Vec::<Vec<u8>>::new(), "not one was relayed");
        call.flows();
        let stats = call.bridge.stats(call.id).unwrap().from_b;
        assert_eq!((stats.packets, stats.foreign, stats.verdict.word()), (7, 1, "flowing"));
        assert!(stats.is_encrypted && stats.replayed >= 200, "{stats:?}");
    }
}

#[test]
fn a_side_that_does_not_encrypt_as_it_said_is_named() {
    let mut call = Call::new(33, None, Some(Suite::AesCm128Sha1Tag80));
    let clear = call.b.peer.packet();
    call.b.throw(&clear);
    eventually("it is counted", || call.bridge.stats(call.id).unwrap().from_b.unauthentic == 1);
    let verdict = call.bridge.stats(call.id).unwrap().from_b.verdict;
    assert_eq!(verdict.word(), "srtp-failed");
    assert!(verdict.to_string().contains("a=crypto"), "{verdict}");
}

#[test]
fn a_new_key_in_a_second_offer_holds_from_its_answer_on_and_what_was_under_way_arrives() {
    let mut call = Call::new(34, Some(Suite::AesCm128Sha1Tag80), Some(Suite::AeadAes128Gcm));
    call.flows();
    let (under_way, old) = call.a.packet();
    call.a.line = Some(Crypto { tag: 4, master: key(99, Suite::AesCm128Sha1Tag80) });
    let says = call.a.says();
    let kept = call.b.keys.take();
    call.agree(Side::A, &says);
    // The callee's description is as it was: its streams go on.
    call.b.keys = kept;
    call.a.throw(&under_way);
    call.b.expect(&old);
    call.flows();
    let says = call.b.says();
    let kept = call.a.keys.take();
    call.agree(Side::B, &says);
    call.a.keys = kept;
    call.flows();
    let stats = call.bridge.stats(call.id).unwrap();
    assert_eq!((stats.from_a.unauthentic, stats.from_b.unauthentic), (0, 0));
}

#[test]
fn a_call_can_be_encrypted_and_plain_in_turn() {
    let mut call = Call::new(35, None, None);
    call.bridge.encrypt(call.id, [Encryption::Accepted; 2]);
    call.flows();
    call.a.line = Some(Crypto { tag: 1, master: key(1, Suite::AesCm256Sha1Tag80) });
    let says = call.a.says();
    call.agree(Side::A, &says);
    call.flows();
    assert!(call.bridge.stats(call.id).unwrap().from_a.is_encrypted);
    call.a.line = None;
    let says = call.a.says();
    call.agree(Side::A, &says);
    call.flows();
}

#[test]
fn digits_are_converted_for_an_encrypted_side() {
    let (relay, _running) = start(Config { workers: 1, ..config(36, 8) });
    let bridge = Bridge::new(relay);
    let id = bridge.open().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&heard);
    bridge.encrypt(id, [Encryption::Off, Encryption::Required]);
    bridge.convert(
        id,
        Some((Side::A, Listener(Arc::new(move |digit: Digit| said.lock().unwrap().push(digit.key))))),
    );
    let (mut a, mut b) = (Phone::new(36, None), Phone::new(36, Some(Suite::AeadAes128Gcm)));
    let offered = bridge.update(id, Side::A, Kind::Offer, a.says().as_bytes()).unwrap();
    assert_eq!(events_of(&offered), Some(101));
    let answer = b.answers(&offered);
    b.follow(&offered);
    a.follow(&bridge.update(id, Side::B, Kind::Answer, answer.as_bytes()).unwrap());
    bridge.join(id);
    assert!(bridge.press(id, Digit { key: '5', millis: 60 }));
    eventually("the key arrives encrypted", || b.take().iter().any(|packet| packet[1] & 0x7F == 101));
    for _ in 0..2 {
        b.peer.sent += 1;
        let event =
            Header { payload_type: 101, sequence: b.peer.sent, ssrc: 7, timestamp: 800, marker: false };
        let mut wire = event.packet(&[9, 0x8A, 3, 32]);
        let length = wire.len();
        wire.resize(length + OVERHEAD_MAX, 0);
        let length = b.keys.as_mut().unwrap().0.protect_rtp(&mut wire, length).unwrap();
        b.throw(&wire[..length]);
    }
    eventually("its own is heard", || *heard.lock().unwrap() == ['9']);
}
