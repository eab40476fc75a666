//! By which codec a direction is rated. Relay at 127.0.71.n, peers at 127.0.72.n, from 120 on.

use super::{
    transcode::{Speaker, Talk, talk},
    *,
};
use crate::{Coding, DirectionStats};
use media::{
    codec::Encoder,
    emodel::{Way, impairment, rate},
};

/// Packets that are sent for, and of how many one is lost.
const PACKETS: u16 = 80;
const LOST_OF: u16 = 8;

impl Talk {
    fn of(&self, side: Side) -> DirectionStats {
        let stats = self.bridge.stats(self.id).unwrap();
        if side == Side::A { stats.from_a } else { stats.from_b }
    }

    /// Has a side send audio of this codec with losses; the figures then.
    fn sends(&self, side: Side, from: &mut Speaker, coding: Coding) -> DirectionStats {
        let mut encoder = Encoder::new(coding, 8_000).unwrap();
        let payload_type = coding.row().fixed.unwrap_or(from.payload);
        let mut send = |from: &mut Speaker| {
            let mut bytes = Vec::new();
            encoder.encode(&[900; 160], &mut bytes).unwrap();
            let (sequence, timestamp) =
                (from.peer.sent, u32::from(from.peer.sent) * (coding.row().clock_rate / 50));
            let header = rtp::Header { marker: false, payload_type, sequence, timestamp, ssrc: 9 };
            from.peer.rtp.send_to(&header.packet(&bytes), from.peer.to).unwrap();
            from.peer.sent += 1;
        };
        // The worker takes an answer up in its own time.
        let before = self.of(side).packets;
        eventually("the codec is taken", || {
            send(from);
            thread::sleep(Duration::from_millis(2));
            self.of(side).packets > before
        });
        eventually("all so far are counted", || {
            let stats = self.of(side);
            stats.packets + stats.malformed + stats.foreign + stats.lost == u64::from(from.peer.sent)
        });
        let before = self.of(side);
        for at in 0..PACKETS {
            if at % LOST_OF == 3 {
                from.peer.sent += 1;
            } else {
                send(from);
            }
            if at % 20 == 19 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let due = before.packets + u64::from(PACKETS - PACKETS / LOST_OF);
        eventually("all are relayed", || self.of(side).packets == due);
        let stats = self.of(side);
        assert_eq!(stats.lost, before.lost + u64::from(PACKETS / LOST_OF));
        stats
    }
}

/// Whether the direction is rated by this codec, and would not be by another one.
fn is_rated_by(stats: &DirectionStats, coding: Coding, other: Coding) {
    let loss = stats.lost as f64 / (stats.lost + stats.packets) as f64;
    let way = Way { loss, round_trip: Duration::ZERO, jitter: stats.jitter_mean };
    let score = |coding: Coding| rate(impairment(coding.name()).unwrap(), &way).mos_hundredths();
    assert_ne!(score(coding), score(other), "{way:?}");
    assert_eq!((stats.codec.as_str(), stats.mos), (coding.name(), Some(score(coding))));
}

#[test]
fn each_direction_is_rated_by_the_codec_of_its_own_leg_and_by_the_new_one_after_another_offer() {
    let (mut a, mut b) = (Speaker::new(120, Coding::Opus), Speaker::new(120, Coding::G722));
    let talk = talk(120, &mut a, &mut b);
    is_rated_by(&talk.sends(Side::A, &mut a, Coding::Opus), Coding::Opus, Coding::G722);
    is_rated_by(&talk.sends(Side::B, &mut b, Coding::G722), Coding::G722, Coding::Opus);

    (a.coding, a.payload) = (Coding::Pcma, 8);
    talk.bridge.update(talk.id, Side::A, Kind::Offer, a.says().as_bytes()).unwrap();
    is_rated_by(&talk.of(Side::A), Coding::Opus, Coding::Pcma);
    a.follow(&talk.bridge.update(talk.id, Side::B, Kind::Answer, b.says().as_bytes()).unwrap());
    is_rated_by(&talk.of(Side::A), Coding::Pcma, Coding::Opus);
    is_rated_by(&talk.sends(Side::A, &mut a, Coding::Pcma), Coding::Pcma, Coding::Opus);
    is_rated_by(&talk.sends(Side::B, &mut b, Coding::G722), Coding::G722, Coding::Pcma);
}

#[test]
fn of_several_codecs_that_were_agreed_on_the_one_that_arrives_rates_its_direction() {
    let (relay, _running) = start(config(121, 4));
    let bridge = Bridge::new(relay);
    let id = bridge.open().unwrap();
    let (mut a, mut b) = (Speaker::new(121, Coding::Pcmu), Speaker::new(121, Coding::Pcmu));
    let both = |speaker: &Speaker| speaker.says().replace("AVP 0 101", "AVP 0 9 101");
    b.follow(&bridge.update(id, Side::A, Kind::Offer, both(&a).as_bytes()).unwrap());
    a.follow(&bridge.update(id, Side::B, Kind::Answer, both(&b).as_bytes()).unwrap());
    bridge.join(id);
    let talk = Talk { bridge, id, _running };
    is_rated_by(&talk.sends(Side::A, &mut a, Coding::G722), Coding::G722, Coding::Pcmu);
    is_rated_by(&talk.sends(Side::B, &mut b, Coding::Pcmu), Coding::Pcmu, Coding::G722);
    // A key that is pressed is no other codec, and what was not agreed on is none that is had.
    for (payload, bytes) in [(101, &[1, 0, 0, 160][..]), (8, &[0x55; 160])] {
        let before = talk.of(Side::A).packets;
        for _ in 0..50 {
            let sequence = a.peer.sent;
            a.peer.sent += 1;
            let header =
                rtp::Header { marker: false, payload_type: payload, sequence, timestamp: 0, ssrc: 9 };
            a.peer.rtp.send_to(&header.packet(bytes), a.peer.to).unwrap();
        }
        eventually("all are relayed", || talk.of(Side::A).packets == before + 50);
        let codec = talk.of(Side::A).codec;
        assert_eq!(codec, if payload == 8 { "PCMU" } else { "G722" }, "{payload}");
    }
}
