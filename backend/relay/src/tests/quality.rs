//! What is said of a call's audio: reports both ways, scores, and what is wrong with it. Addresses as of number 70 on.

use super::{srtp::Call, *};
use media::{
    g711::Law,
    rtcp::{self, Own, Packet, Report, Sent},
    rtp::Header,
    srtp::{OVERHEAD_MAX, Suite},
};

const NTP: u64 = 0xE000_1234_5678_0000;

fn beside(peer: &Peer) -> SocketAddr {
    SocketAddr::new(peer.to.ip(), peer.to.port() + 1)
}

fn own(ssrc: u32, sent: Option<Sent>, heard: Option<Report>) -> Vec<u8> {
    let mut bytes = Vec::new();
    Own { ssrc, cname: b"peer", sent, heard, leaves: false }.write(&mut bytes);
    bytes
}

/// What our own report says: its source, whether it is a sender's and with which times, and what it says of its reader's stream.
fn said(bytes: &[u8]) -> (u32, Option<(u64, u32)>, Option<Report>, bool) {
    let packets: Vec<_> = rtcp::parse(bytes).unwrap().collect();
    let name = packets.iter().find_map(|packet| match packet {
        Packet::Description { ssrc, cname: Some(cname) } => Some((*ssrc, cname.len())),
        _ => None,
    });
    let leaves = packets.iter().any(|packet| matches!(packet, Packet::Bye { .. }));
    let (ssrc, sent, mut reports) = match packets[0] {
        Packet::Sender { ssrc, ntp, packets, reports, .. } => (ssrc, Some((ntp, packets)), reports),
        Packet::Receiver { ssrc, reports } => (ssrc, None, reports),
        _ => panic!("a report comes first"),
    };
    assert_eq!(name, Some((ssrc, 16)), "it says who it is");
    (ssrc, sent, reports.next(), leaves)
}

fn ssrc_of(peer: &Peer) -> u32 {
    u32::from(peer.rtp.local_addr().unwrap().port())
}

#[test]
fn each_side_has_reports_of_its_own_and_what_it_says_is_counted() {
    let mut call = Call::new(70, None, Some(Suite::AeadAes128Gcm));
    call.flows();
    let (a, b) = (ssrc_of(&call.a.peer), ssrc_of(&call.b.peer));
    let (a_beside, b_beside) = (beside(&call.a.peer), beside(&call.b.peer));
    let report = own(a, Some(Sent { ntp: NTP, timestamp: 1, packets: 3, bytes: 480 }), None);
    call.a.peer.rtcp.send_to(&report, a_beside).unwrap();

    let mut to_a = Vec::new();
    eventually("A is reported to in the clear", || {
        to_a = drain(&call.a.peer.rtcp, a_beside);
        !to_a.is_empty()
    });
    let (source, sent, of_a, _) = said(&to_a[0]);
    assert_eq!((source, sent.map(|(_, packets)| packets)), (b, Some(3)), "what goes to A is B's stream");
    let of_a = of_a.unwrap();
    assert_eq!((of_a.ssrc, of_a.lost, of_a.highest_sequence, of_a.last_sr), (a, 0, 2, (NTP >> 16) as u32));

    let (sender, receiver) = call.b.keys.as_mut().unwrap();
    let mut to_b = Vec::new();
    eventually("B is reported to under its key", || {
        to_b = drain(&call.b.peer.rtcp, b_beside);
        !to_b.is_empty()
    });
    let length = receiver.unprotect_rtcp(&mut to_b[0]).unwrap();
    let (source, sent, of_b, _) = said(&to_b[0][..length]);
    assert_eq!((source, of_b.unwrap().ssrc), (a, b));
    // B answers that it had that report for no time, and misses a third of the packets.
    let heard = Report {
        ssrc: a,
        fraction_lost: 85,
        lost: 1,
        highest_sequence: 2,
        jitter: 80,
        last_sr: (sent.unwrap().0 >> 16) as u32,
        delay_since_last_sr: 0,
    };
    let clear = own(b, None, Some(heard));
    let mut wire = clear.clone();
    wire.resize(clear.len() + OVERHEAD_MAX, 0);
    let length = sender.protect_rtcp(&mut wire, clear.len()).unwrap();
    call.b.peer.rtcp.send_to(&clear, b_beside).unwrap();
    call.b.peer.rtcp.send_to(&wire[..length], b_beside).unwrap();
    eventually("it is counted", || call.bridge.stats(call.id).unwrap().from_b.heard.is_some());
    let stats = call.bridge.close(call.id).unwrap();
    let heard = stats.from_b.heard.unwrap();
    assert_eq!((heard.lost, heard.of, heard.jitter), (1, 3, Duration::from_millis(10)));
    assert!(stats.from_b.round_trip.unwrap() <= Duration::from_secs(10), "{:?}", stats.from_b.round_trip);
    assert_eq!((stats.from_a.rtcp, stats.from_b.rtcp, stats.from_a.round_trip), (1, 1, None));
    assert_eq!(stats.from_b.unauthentic + stats.from_b.malformed, 1, "the one in the clear");
    assert!(stats.from_a.reports_sent >= 1 && stats.from_b.reports_sent >= 1);
    eventually("the last report says that we leave", || {
        drain(&call.a.peer.rtcp, a_beside).iter().any(|packet| said(packet).3)
    });
}

#[test]
fn a_side_that_offers_to_share_the_port_has_its_reports_there_and_who_wants_none_gets_none() {
    let (relay, _running) = start(Config { workers: 1, ..config(71, 8) });
    let bridge = Bridge::new(relay);
    let id = bridge.open().unwrap();
    let (mut a, mut b) = (Peer::new(71), Peer::new(71));
    let offered = offer(&a, Direction::SendRecv) + "a=rtcp-mux\r\n";
    let towards_b = bridge.update(id, Side::A, Kind::Offer, offered.as_bytes()).unwrap();
    assert!(String::from_utf8_lossy(&towards_b).contains("a=rtcp-mux\r\n"));
    follow(&mut b, &towards_b);
    let answer = offer(&b, Direction::SendRecv).replace("a=rtpmap:8", "b=RS:0\r\nb=RR:0\r\na=rtpmap:8");
    let towards_a = bridge.update(id, Side::B, Kind::Answer, answer.as_bytes()).unwrap();
    assert!(String::from_utf8_lossy(&towards_a).contains("a=rtcp-mux\r\n"), "A asked for it, B did not");
    follow(&mut a, &towards_a);
    let packet = a.send();
    b.expect(&packet);
    a.rtp.send_to(&own(ssrc_of(&a), None, None), a.to).unwrap();
    let mut arrived = Vec::new();
    eventually("the report is on A's port for RTP", || {
        arrived = a.take();
        !arrived.is_empty()
    });
    assert_eq!(said(&arrived[0]).2.map(|report| report.ssrc), Some(ssrc_of(&a)));
    let stats = bridge.close(id).unwrap();
    assert_eq!((stats.from_a.rtcp, stats.from_a.malformed, stats.from_b.reports_sent), (1, 0, 0));
    assert!(b.take().is_empty() && drain(&b.rtcp, beside(&b)).is_empty());
}

/// A call of one side whose packets are made as a test wants, and what is said of them.
struct Monologue {
    relay: Handle,
    session: SessionId,
    a: Peer,
    b: Peer,
    _running: Running,
}

impl Monologue {
    fn new(number: u8) -> Self {
        let (relay, running) = start(Config { workers: 1, ..config(number, 4) });
        let (session, a, b) = talk(&relay, number);
        for (side, peer) in [(Side::A, &a), (Side::B, &b)] {
            let payloads = [8, 0, 101].into_iter().collect();
            let end = Endpoint { payloads, ..peer.endpoint(Direction::SendRecv) };
            relay.set_remote(session, side, Some(&end)).unwrap();
        }
        Self { relay, session, a, b, _running: running }
    }

    /// Sends so many packets with this payload, but those that `skips` names, and waits until they were relayed.
    fn says(&mut self, payload_type: u8, payload: &[u8], count: u16, skips: &[u16]) -> crate::DirectionStats {
        let before = self.relay.stats(self.session).unwrap().from_a.packets;
        for at in 0..count {
            self.a.sent += 1;
            if skips.contains(&at) {
                continue;
            }
            let sequence = self.a.sent;
            let timestamp = u32::from(sequence) * 160;
            let packet = Header { marker: false, payload_type, sequence, timestamp, ssrc: 7 }.packet(payload);
            self.a.rtp.send_to(&packet, self.a.to).unwrap();
            if at % 20 == 19 {
                thread::sleep(Duration::from_millis(1));
                self.b.take();
            }
        }
        let due = before + u64::from(count) - skips.len() as u64;
        eventually("all are relayed", || self.relay.stats(self.session).unwrap().from_a.packets == due);
        // What comes to the other side from now on was said afterwards.
        self.b.take();
        self.relay.stats(self.session).unwrap().from_a
    }
}

fn tone(law: Law) -> Vec<u8> {
    (0..160).map(|at| law.encode(if at % 20 < 10 { 6000 } else { -6000 })).collect()
}

#[test]
fn a_codec_that_was_not_agreed_on_is_named() {
    let mut call = Monologue::new(72);
    let stats = call.says(18, &[1; 20], 60, &[]);
    assert_eq!((stats.wrong_codec, stats.verdict.word()), (60, "wrong-codec"));
    let text = stats.verdict.to_string();
    assert!(text.contains("18 (G729)") && text.contains("agreed on PCMA"), "{text}");
    let stats = call.says(8, &tone(Law::A), 200, &[]);
    assert_eq!((stats.wrong_codec, stats.verdict), (60, Verdict::Flowing), "most were right after all");
}

#[test]
fn packets_that_are_not_what_their_payload_type_says_are_named() {
    let mut call = Monologue::new(73);
    let stats = call.says(8, &[1; 20], 200, &[]);
    assert_eq!(stats.verdict, Verdict::WrongLength { payload: 8, bytes: 20 });
    assert_eq!((stats.verdict.word(), stats.wrong_codec), ("wrong-codec", 0));
}

#[test]
fn audio_without_sound_is_silence_until_there_is_some() {
    for (number, payload_type, quiet) in
        [(74, 8, vec![0xD5; 160]), (75, 0, vec![0xFF; 160]), (76, 13, vec![70])]
    {
        let mut call = Monologue::new(number);
        let early = call.says(payload_type, &quiet, 150, &[]);
        assert_eq!(early.verdict, Verdict::Flowing, "three seconds are no silence");
        let silent = call.says(payload_type, &quiet, 150, &[]);
        assert_eq!(silent.verdict.word(), "silence", "{payload_type}");
        assert!(silent.verdict.to_string().contains("microphone"));
        let loud = call.says(8, &tone(Law::A), 60, &[]);
        assert_eq!(loud.verdict, Verdict::Flowing, "a word, and it is none");
    }
}

#[test]
fn a_score_goes_with_what_is_lost() {
    let mut call = Monologue::new(77);
    let whole = call.says(8, &tone(Law::A), 20, &[]);
    assert_eq!(whole.mos, None, "too little to tell");
    let whole = call.says(8, &tone(Law::A), 380, &[]);
    // 20 + 20 ms without jitter: 4.39. Jitter is that of a test that sends without a clock.
    assert!(whole.lost == 0 && whole.mos.is_some_and(|mos| (300..=439).contains(&mos)), "{:?}", whole.mos);
    let skips: Vec<_> = (0..200).filter(|at| at % 2 == 1).collect();
    let holed = call.says(8, &tone(Law::A), 201, &skips);
    assert_eq!(holed.lost, 100);
    // 100 of 601: 95 × 16.6 / (16.6 + 25.1) = 37.9 less of 92.
    assert!(
        holed.mos < whole.mos && holed.mos.is_some_and(|mos| (150..=285).contains(&mos)),
        "{:?}",
        holed.mos
    );
    assert!(holed.jitter_max >= holed.jitter_mean && holed.jitter_p95 <= holed.jitter_max);
}

#[test]
fn a_stream_that_goes_on_is_connected_and_its_call_can_still_move() {
    let mut call = Monologue::new(78);
    let stats = call.says(8, &tone(Law::A), 160, &[]);
    assert_eq!(stats.foreign, 0);
    let mut stranger = Peer::new(78);
    stranger.to = call.a.to;
    // Strangers are not heard, be it that they are counted or that the system drops them.
    for _ in 0..20 {
        stranger.send();
    }
    call.says(8, &tone(Law::A), 20, &[]);
    let back = call.b.send();
    call.a.expect(&back);
    // The far end closes its port for a while: what it refuses costs nothing of what it sends.
    let port = call.a.rtp.local_addr().unwrap();
    let other = UdpSocket::bind((port.ip(), 0)).unwrap();
    drop(std::mem::replace(&mut call.a.rtp, other));
    for _ in 0..3 {
        call.b.send();
        thread::sleep(Duration::from_millis(5));
    }
    call.a.rtp = UdpSocket::bind(port).unwrap();
    call.a.rtp.set_nonblocking(true).unwrap();
    call.says(8, &tone(Law::A), 20, &[]);
    // And it moves by a description, to where it is heard and reached at once.
    let (mut moved, b) = (Peer::new(78), Peer { rtp: call.b.rtp.try_clone().unwrap(), ..Peer::new(78) });
    moved.to = call.a.to;
    redirect(&call.relay, call.session, (&moved, Direction::SendRecv), (&b, Direction::SendRecv));
    eventually("what the new place sends is relayed", || {
        moved.send();
        !call.b.take().is_empty()
    });
    let back = call.b.send();
    moved.expect(&back);
    call.relay.close(call.session).unwrap();
}
