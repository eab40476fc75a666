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
pub(super) struct Speaker {
    pub(super) peer: Peer,
    pub(super) coding: Coding,
    /// The number that it gives its codec.
    pub(super) payload: u8,
    millis: u32,
    key: Option<Master>,
    secrets: Option<(Sender, Receiver)>,
}

impl Speaker {
    pub(super) fn new(number: u8, coding: Coding) -> Self {
        let payload = coding.row().fixed.unwrap_or(98);
        Self { peer: Peer::new(number), coding, payload, millis: 20, key: None, secrets: None }
    }

    fn events_clock(&self) -> u32 {
        self.coding.row().clock_rate
    }

    pub(super) fn says(&self) -> String {
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
    pub(super) fn follow(&mut self, description: &[u8]) {
        let sdp = Sdp::parse(description).unwrap();
        let audio = sdp.audio().unwrap();
        self.peer.to = SocketAddr::new(sdp.address(audio).unwrap(), audio.port);
        assert!(audio.payload_of(self.coding.name()).is_some(), "it hears of its codec");
        if let Some(ours) = &self.key {
            let theirs = Crypto::parse(audio.attributes("crypto").next().unwrap()).unwrap();
            self.secrets = Some((Sender::new(ours), Receiver::new(&theirs.master)));
        }
    }

    pub(super) fn send(&mut self, packet: &[u8]) {
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

pub(super) struct Talk {
    pub(super) bridge: Bridge,
    pub(super) id: u64,
    pub(super) _running: Running,
}

/// A call of which each side has one codec, and the called one is offered its own.
pub(super) fn talk(number: u8, a: &mut Speaker, b: &mut Speaker) -> Talk {
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

#[test]
fn fax_is_passed_unread_and_from_its_own_address_alone_and_audio_comes_back_after_it() {
    let (mut a, mut b) = (Speaker::new(115, Coding::Pcmu), Speaker::new(115, Coding::G722));
    let talk = talk(115, &mut a, &mut b);
    let fax = |peer: &Peer| {
        let at = peer.rtp.local_addr().unwrap();
        format!(
            "v=0\r\no=- 1 2 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\nm=image {1} udptl t38\r\na=T38FaxVersion:0\r\n",
            at.ip(),
            at.port()
        )
    };
    let to_b = talk.bridge.update(talk.id, Side::A, Kind::Offer, fax(&a.peer).as_bytes()).unwrap();
    let port = |sdp: &[u8]| Sdp::parse(sdp).unwrap().media[1].port;
    assert_eq!(port(&to_b), b.peer.to.port(), "the same port here");
    let to_a = talk.bridge.update(talk.id, Side::B, Kind::Answer, fax(&b.peer).as_bytes()).unwrap();
    assert_eq!(port(&to_a), a.peer.to.port());
    let stranger = Peer::new(115);
    for (place, packet) in
        [&b"\0\x01\x06 no RTP at all"[..], b"\x80\xc8 looks like RTCP", b"\x01"].iter().enumerate()
    {
        stranger.rtp.send_to(b"from nowhere", b.peer.to).unwrap();
        a.peer.rtp.send_to(packet, a.peer.to).unwrap();
        b.peer.expect(packet);
        b.peer.rtp.send_to(packet, b.peer.to).unwrap();
        a.peer.expect(packet);
        // Counted once it is sent.
        eventually("both are counted", || {
            let stats = talk.bridge.stats(talk.id).unwrap();
            (stats.from_a.packets, stats.from_b.packets) == (place as u64 + 1, place as u64 + 1)
        });
    }
    eventually("the stranger is counted", || talk.bridge.stats(talk.id).unwrap().from_b.foreign == 3);
    assert_eq!(talk.bridge.stats(talk.id).unwrap().from_a.codec, "t38");
    let to_b = talk.bridge.update(talk.id, Side::A, Kind::Offer, a.says().as_bytes()).unwrap();
    b.follow(&to_b);
    let to_a = talk.bridge.update(talk.id, Side::B, Kind::Answer, b.says().as_bytes()).unwrap();
    a.follow(&to_a);
    // The worker takes the answer up in its own time: until then a packet goes as a fax does, unread.
    let mut sequence = 0;
    eventually("what is said is heard in the other codec", || {
        sequence += 1;
        let timestamp = u32::from(sequence) * 160;
        let header =
            rtp::Header { marker: sequence == 1, payload_type: a.payload, sequence, timestamp, ssrc: 7 };
        a.send(&header.packet(&[0xff; 160]));
        let heard = b.take();
        heard.iter().any(|packet| rtp::Packet::parse(packet).unwrap().header.payload_type == b.payload)
    });
}

/// A call of two plain sides, of which the calling one has no telephone-events, and the called one has them or has not.
fn deaf(
    number: u8,
    coding: Coding,
    has_events: bool,
    prepare: impl FnOnce(&Bridge, u64),
) -> (Talk, Speaker, Speaker) {
    let (mut a, mut b) = (Speaker::new(number, coding), Speaker::new(number, coding));
    let (relay, running) = start(config(number, 4));
    let bridge = Bridge::new(relay);
    let id = bridge.open().unwrap();
    prepare(&bridge, id);
    let without =
        |text: String| text.replace(" 101\r\n", "\r\n").replace("a=rtpmap:101 telephone-event/8000\r\n", "");
    let to_b = bridge.update(id, Side::A, Kind::Offer, without(a.says()).as_bytes()).unwrap();
    b.follow(&to_b);
    let events = |body: &[u8]| sdp::events_of(body);
    assert_eq!(events(&to_b), Some(101), "the called side is offered them");
    let answer = if has_events { b.says() } else { without(b.says()) };
    let to_a = bridge.update(id, Side::B, Kind::Answer, answer.as_bytes()).unwrap();
    assert_eq!(events(&to_a), None, "the calling side hears of none");
    a.follow(&to_a);
    bridge.join(id);
    (Talk { bridge, id, _running: running }, a, b)
}

/// Speaks samples in packets of 20 ms, each heard before the next; what the other side heard.
fn speak(from: &mut Speaker, to: &mut Speaker, samples: &[i16]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(from.coding, 8_000).unwrap();
    let mut heard = Vec::new();
    for (sequence, part) in (0..).zip(samples.chunks(160)) {
        let mut payload = Vec::new();
        encoder.encode(part, &mut payload).unwrap();
        let timestamp = u32::from(sequence) * 160;
        let header =
            rtp::Header { marker: sequence == 0, payload_type: from.payload, sequence, timestamp, ssrc: 3 };
        from.send(&header.packet(&payload));
        eventually("it is passed on", || {
            heard.extend(to.take());
            heard.len() > usize::from(sequence)
        });
    }
    heard
}

fn tones_of(key: char, millis: usize) -> Vec<i16> {
    let mut out = vec![0; 800];
    let pair = media::inband::frequencies_of(key).unwrap();
    media::inband::Pair::new(pair, 8_000).fill(millis * 8, &mut out);
    out.extend(vec![0; 160 * 40 - out.len()]);
    out
}

fn keys_in(coding: Coding, packets: &[Vec<u8>]) -> String {
    let (mut decoder, mut samples) = (Decoder::new(coding, 8_000).unwrap(), Vec::new());
    for packet in packets {
        decoder.decode(rtp::Packet::parse(packet).unwrap().payload, &mut samples).unwrap();
    }
    samples.extend([0; 800]);
    let mut detector = media::inband::Detector::default();
    samples.chunks(160).filter_map(|part| detector.push(part)).map(|heard| heard.key).collect()
}

#[test]
fn tones_become_telephone_events_and_telephone_events_tones() {
    let (_talk, mut a, mut b) = deaf(116, Coding::Pcma, true, |bridge, id| bridge.tones(id, [true, false]));
    let heard = speak(&mut a, &mut b, &[tones_of('4', 120), tones_of('D', 60)].concat());
    let mut presses = Presses::default();
    let mut keys = Vec::new();
    for packet in &heard {
        let packet = rtp::Packet::parse(packet).unwrap();
        if packet.header.payload_type == 101 {
            keys.extend(presses.push(packet.header.timestamp, Event::parse(packet.payload).unwrap()));
        }
    }
    assert_eq!(keys.iter().map(|(key, _)| *key).collect::<String>(), "4D");
    assert!(keys[0].1.abs_diff(120 * 8) <= 320, "{keys:?}");
    let audio: Vec<_> = heard.iter().filter(|packet| packet[1] & 0x7F == 8).cloned().collect();
    assert_eq!(keys_in(Coding::Pcma, &audio), "", "no tone beside the event");
    let numbers = heard.iter().map(|packet| rtp::Packet::parse(packet).unwrap().header.sequence);
    assert!(numbers.collect::<Vec<_>>().windows(2).all(|two| two[1] == two[0].wrapping_add(1)));
    // And back.
    for (sequence, event) in (0..).zip(media::dtmf::Press::new('9', 160, 5).unwrap()) {
        let header =
            rtp::Header { marker: sequence == 0, payload_type: 101, sequence, timestamp: 9_000, ssrc: 4 };
        b.send(&header.packet(&event.payload()));
    }
    let mut tones = Vec::new();
    eventually("the tone is heard", || {
        tones.extend(a.take());
        tones.len() == 5
    });
    assert_eq!(keys_in(Coding::Pcma, &tones), "9");
}

#[test]
fn tones_become_info_and_info_tones_where_the_other_side_has_no_telephone_events() {
    let said = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let heard = std::sync::Arc::clone(&said);
    let (talk, mut a, mut b) = deaf(117, Coding::Pcmu, false, |bridge, id| {
        let hear = move |digit: crate::Digit| heard.lock().unwrap().push(digit.key);
        bridge.convert(id, Some((Side::A, crate::Listener(std::sync::Arc::new(hear)))));
    });
    let passed = speak(&mut b, &mut a, &tones_of('7', 100));
    assert_eq!(*said.lock().unwrap(), "7");
    assert_eq!(keys_in(Coding::Pcmu, &passed), "", "it is said, and not heard");
    assert!(talk.bridge.press(talk.id, crate::Digit { key: '2', millis: 100 }));
    let heard = speak(&mut a, &mut b, &[0; 4_000]);
    assert_eq!(keys_in(Coding::Pcmu, &heard), "2");
}
