//! Sides that speak different codecs, through the relay and its descriptions. Relay at 127.0.71.n, peers at 127.0.72.n, from 110 on.

use super::*;
use crate::{Coding, EFFORT_MAX, Encryption};
use media::{
    codec::{Decoder, Encoder},
    dtmf::{Event, Presses},
    sdp::{Crypto, Sdp},
    srtp::{Master, OVERHEAD_MAX, Receiver, Sender, Suite},
    tone,
};

/// How far the level of a tone may be off at the other side, decibels.
const DECIBELS: f64 = 2.5;
/// The tone that is spoken: its frequency and its amplitude.
const TONE: (f64, i16) = (1_004.0, 8_000);
/// Packets that are spoken for.
const PACKETS: u16 = 40;

/// A far end that speaks one codec, encrypted or not.
struct Speaker {
    peer: Peer,
    coding: Coding,
    /// The number that it gives its codec.
    payload: u8,
    millis: u32,
    key: Option<Master>,
    secrets: Option<(Sender, Receiver)>,
}

impl Speaker {
    fn new(number: u8, coding: Coding) -> Self {
        let payload = coding.row().fixed.unwrap_or(98);
        Self { peer: Peer::new(number), coding, payload, millis: 20, key: None, secrets: None }
    }

    fn events_clock(&self) -> u32 {
        self.coding.row().clock_rate
    }

    fn says(&self) -> String {
        let row = self.coding.row();
        let proto = if self.key.is_some() { "RTP/SAVP" } else { "RTP/AVP" };
        let port = self.peer.rtp.local_addr().unwrap().port();
        let channels = if row.channels > 1 { "/2" } else { "" };
        let mut text = format!(
            "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio {port} {proto} {1} 101\r\na=rtpmap:{1} {2}/{3}{channels}\r\n\
             a=rtpmap:101 telephone-event/{3}\r\na=ptime:{4}\r\n",
            self.peer.rtp.local_addr().unwrap().ip(),
            self.payload,
            row.name,
            row.clock_rate,
            self.millis,
        );
        if let Some(master) = &self.key {
            text += &format!("{}\r\n", Crypto { tag: 1, master: master.clone() });
        }
        text
    }

    /// Takes over where it is to send to, what number its codec has in what comes, and the keys.
    fn follow(&mut self, description: &[u8]) {
        let sdp = Sdp::parse(description).unwrap();
        let audio = sdp.audio().unwrap();
        self.peer.to = SocketAddr::new(sdp.address(audio).unwrap(), audio.port);
        assert!(audio.payload_of(self.coding.name()).is_some(), "it hears of its codec");
        if let Some(ours) = &self.key {
            let theirs = Crypto::parse(audio.attributes("crypto").next().unwrap()).unwrap();
            self.secrets = Some((Sender::new(ours), Receiver::new(&theirs.master)));
        }
    }

    fn send(&mut self, packet: &[u8]) {
        let mut wire = packet.to_vec();
        if let Some((sender, _)) = &mut self.secrets {
            wire.resize(packet.len() + OVERHEAD_MAX, 0);
            let length = sender.protect_rtp(&mut wire, packet.len()).unwrap();
            wire.truncate(length);
        }
        self.peer.rtp.send_to(&wire, self.peer.to).unwrap();
    }

    fn take(&mut self) -> Vec<Vec<u8>> {
        let mut packets = self.peer.take();
        if let Some((_, receiver)) = &mut self.secrets {
            for packet in &mut packets {
                let length = receiver.unprotect_rtp(packet).unwrap();
                packet.truncate(length);
            }
        }
        packets
    }
}

struct Talk {
    bridge: Bridge,
    id: u64,
    _running: Running,
}

/// A call of which each side has one codec, and the called one is offered its own.
fn talk(number: u8, a: &mut Speaker, b: &mut Speaker) -> Talk {
    let (relay, running) = start(config(number, 4));
    let bridge = Bridge::new(relay);
    let id = bridge.open().unwrap();
    let policy =
        |speaker: &Speaker| if speaker.key.is_some() { Encryption::Required } else { Encryption::Off };
    bridge.encrypt(id, [policy(a), policy(b)]);
    bridge.allow(id, [vec![], vec![b.coding]]);
    let to_b = bridge.update(id, Side::A, Kind::Offer, a.says().as_bytes()).unwrap();
    b.follow(&to_b);
    let to_a = bridge.update(id, Side::B, Kind::Answer, b.says().as_bytes()).unwrap();
    a.follow(&to_a);
    bridge.join(id);
    Talk { bridge, id, _running: running }
}

/// Has one side speak the tone and the other one hear it; checked by frequency, level, numbers and time.
fn speaks(from: &mut Speaker, to: &mut Speaker) {
    let what = format!("{:?} to {:?}", from.coding, to.coding);
    let rate = from.coding.sample_rate();
    let mut encoder = Encoder::new(from.coding, rate).unwrap();
    let mut decoder = Decoder::new(to.coding, 8_000).unwrap();
    let mut sine = tone::Sine::new(TONE.0, rate, TONE.1);
    let mut samples = vec![0; encoder.samples_in(from.millis)];
    let step = from.millis * from.coding.row().clock_rate / 1000;
    let expected = usize::from(PACKETS) * from.millis as usize / to.millis as usize;
    let (mut heard, mut headers, mut payload) = (Vec::new(), Vec::<rtp::Header>::new(), Vec::new());
    let mut take = |to: &mut Speaker, headers: &mut Vec<rtp::Header>| {
        for packet in to.take() {
            let packet = rtp::Packet::parse(&packet).unwrap();
            headers.push(packet.header);
            decoder.decode(packet.payload, &mut heard).unwrap();
        }
    };
    for sequence in 0..PACKETS {
        sine.fill(&mut samples);
        payload.clear();
        encoder.encode(&samples, &mut payload).unwrap();
        let timestamp = 1_000 + u32::from(sequence) * step;
        let header =
            rtp::Header { marker: sequence == 0, payload_type: from.payload, sequence, timestamp, ssrc: 7 };
        from.send(&header.packet(&payload));
        let due = (usize::from(sequence) + 1) * from.millis as usize / to.millis as usize;
        eventually(&format!("{what}: packet {due}"), || {
            take(to, &mut headers);
            headers.len() == due
        });
    }
    assert_eq!(headers.len(), expected, "{what}");
    let step = to.millis * to.coding.row().clock_rate / 1000;
    for two in headers.windows(2) {
        assert_eq!(two[1].sequence, two[0].sequence.wrapping_add(1), "{what}");
        assert_eq!(two[1].timestamp, two[0].timestamp.wrapping_add(step), "{what}");
    }
    assert!(headers.iter().all(|header| header.payload_type == to.payload), "{what}");
    let heard = &heard[heard.len() / 2..];
    let decibels = 20.0 * (tone::level(heard) / (f64::from(TONE.1) / 2_f64.sqrt())).log10();
    let share = tone::share_at(heard, TONE.0, 8_000);
    assert!(decibels.abs() < DECIBELS && share > 0.75, "{what}: {decibels:.1} dB, share {share:.2}");
}

#[test]
fn each_codec_is_heard_in_each_other_one() {
    for (row, from) in Coding::ALL.into_iter().enumerate() {
        for to in Coding::ALL.into_iter().skip(row) {
            let (mut a, mut b) = (Speaker::new(110, from), Speaker::new(110, to));
            let _talk = talk(110, &mut a, &mut b);
            speaks(&mut a, &mut b);
            speaks(&mut b, &mut a);
        }
    }
}

#[test]
fn each_side_has_the_packet_time_that_it_asks_for() {
    for (ours, theirs) in [(20, 40), (10, 60), (30, 20)] {
        let (mut a, mut b) = (Speaker::new(111, Coding::Pcma), Speaker::new(111, Coding::G722));
        (a.millis, b.millis) = (ours, theirs);
        let _talk = talk(111, &mut a, &mut b);
        speaks(&mut a, &mut b);
        speaks(&mut b, &mut a);
    }
}

#[test]
fn an_encrypted_side_is_transcoded_alike() {
    let (mut a, mut b) = (Speaker::new(112, Coding::Opus), Speaker::new(112, Coding::Pcmu));
    a.key = Some(Master::fresh(Suite::AeadAes128Gcm, &mut |bytes| bytes.fill(3)));
    let talk = talk(112, &mut a, &mut b);
    speaks(&mut a, &mut b);
    speaks(&mut b, &mut a);
    let stats = talk.bridge.close(talk.id).unwrap();
    assert_eq!((stats.from_a.codec.as_str(), stats.from_b.codec.as_str()), ("opus", "PCMU"));
    assert_eq!((stats.from_a.packets, stats.from_b.packets), (PACKETS.into(), PACKETS.into()));
}

#[test]
fn keys_go_over_in_the_clock_of_the_other_side() {
    let (mut a, mut b) = (Speaker::new(113, Coding::Opus), Speaker::new(113, Coding::Pcma));
    let _talk = talk(113, &mut a, &mut b);
    for (from, to) in [(true, "A to B"), (false, "B to A")] {
        let (from, other) = if from { (&mut a, &mut b) } else { (&mut b, &mut a) };
        let mut presses = Presses::default();
        let mut heard = None;
        let step = (from.events_clock() / 50) as u16;
        for (sequence, event) in (0..).zip(media::dtmf::Press::new('6', step, 8).unwrap()) {
            let header =
                rtp::Header { marker: sequence == 0, payload_type: 101, sequence, timestamp: 9_000, ssrc: 4 };
            from.send(&header.packet(&event.payload()));
        }
        eventually(to, || {
            for packet in other.take() {
                let packet = rtp::Packet::parse(&packet).unwrap();
                assert_eq!(packet.header.payload_type, 101);
                heard =
                    presses.push(packet.header.timestamp, Event::parse(packet.payload).unwrap()).or(heard);
            }
            heard.is_some()
        });
        assert_eq!(heard, Some(('6', (other.events_clock() * 160 / 1000) as u16)), "{to}");
    }
}

#[test]
fn a_worker_transcodes_as_much_as_it_can_and_refuses_the_rest() {
    let (relay, _running) = start(Config { workers: 1, ..config(114, 600) });
    let bridge = Bridge::new(relay);
    let (a, b) = (Speaker::new(114, Coding::Opus), Speaker::new(114, Coding::G729));
    let begin = || {
        let id = bridge.open().unwrap();
        bridge.allow(id, [vec![], vec![b.coding]]);
        bridge.update(id, Side::A, Kind::Offer, a.says().as_bytes()).unwrap();
        (id, bridge.update(id, Side::B, Kind::Answer, b.says().as_bytes()))
    };
    let mut first = None;
    let (refused, error) = loop {
        match begin() {
            (id, Ok(_)) => {
                first.get_or_insert(id);
            }
            (id, Err(error)) => break (id, error),
        }
        assert!(bridge.relay().active() < EFFORT_MAX as usize, "there is a bound");
    };
    assert_eq!(error, BridgeError::Relay(RelayError::Transcoding));
    bridge.close(refused).unwrap();
    bridge.close(first.unwrap()).unwrap();
    assert!(begin().1.is_ok(), "one that ends makes room for another");
}
