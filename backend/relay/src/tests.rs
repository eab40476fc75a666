//! The relay with real sockets on loopback. Each test has an address of its own: 127.0.71.n for the relay, 127.0.72.n for peers.

use crate::{
    Bridge, BridgeError, Config, Direction, Endpoint, Handle, Kind, RelayError, Running, SessionId, Side,
    StartError, Verdict,
};
use media::{rtp, sdp};
use std::{
    collections::HashSet,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    thread,
    time::{Duration, Instant},
};

mod burst;
#[path = "../../../tests/mutation/dice.rs"]
mod dice;
mod life;
mod play;
mod quality;
mod rated;
mod safety;
mod srtp;
mod tapped;
mod transcode;

const SOON: Duration = Duration::from_secs(15);

fn config(number: u8, pairs: u16) -> Config {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 71, number));
    Config {
        bind: address,
        public: address,
        ports: 20_000..=19_999 + 2 * pairs,
        workers: 2,
        port_rest: Duration::ZERO,
        ..Config::default()
    }
}

fn start(config: Config) -> (Handle, Running) {
    let (handle, runner) = crate::new(config).unwrap();
    (handle, runner.start().unwrap())
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A far end with its two sockets.
struct Peer {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    to: SocketAddr,
    sent: u16,
}

impl Peer {
    fn new(number: u8) -> Self {
        let socket = || {
            let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 72, number), 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        Self { rtp: socket(), rtcp: socket(), to: "127.0.0.1:9".parse().unwrap(), sent: 0 }
    }

    fn endpoint(&self, direction: Direction) -> Endpoint {
        Endpoint {
            rtp: self.rtp.local_addr().unwrap(),
            rtcp: self.rtcp.local_addr().unwrap(),
            direction,
            payload: Some(8),
            codec: "PCMA".to_owned(),
            clock_rate: 8000,
            private_address: true,
            rtcp_mux: false,
            wants_reports: true,
            payloads: sdp::Payloads::ALL,
            codings: Vec::new(),
            beside: sdp::Payloads::comfort_noise(),
            keys: None,
        }
    }

    fn packet(&mut self) -> Vec<u8> {
        let sequence = self.sent;
        self.sent += 1;
        let ssrc = u32::from(self.rtp.local_addr().unwrap().port());
        let header = rtp::Header {
            marker: sequence == 0,
            payload_type: 8,
            sequence,
            timestamp: u32::from(sequence) * 160,
            ssrc,
        };
        header.packet(&[sequence as u8; 160])
    }

    fn send(&mut self) -> Vec<u8> {
        let packet = self.packet();
        self.rtp.send_to(&packet, self.to).unwrap();
        packet
    }

    /// What has arrived, each with its source checked.
    fn take(&self) -> Vec<Vec<u8>> {
        drain(&self.rtp, self.to)
    }

    fn expect(&self, packet: &[u8]) {
        eventually("a packet arrives", || {
            let arrived = self.take();
            assert!(arrived.len() <= 1 && arrived.iter().all(|bytes| bytes == packet));
            arrived.len() == 1
        });
    }
}

fn drain(socket: &UdpSocket, from: SocketAddr) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut buffer = [0; 2048];
    while let Ok((length, source)) = socket.recv_from(&mut buffer) {
        assert_eq!(source, from, "it comes from the port that it should answer to");
        out.push(buffer[..length].to_vec());
    }
    out
}

/// A session with both far ends known.
fn talk(relay: &Handle, number: u8) -> (SessionId, Peer, Peer) {
    let session = relay.open().unwrap();
    let (mut a, mut b) = (Peer::new(number), Peer::new(number));
    for (peer, side) in [(&mut a, Side::A), (&mut b, Side::B)] {
        let (address, rtp, rtcp) = relay.local(session, side).unwrap();
        assert_eq!((rtp % 2, rtcp), (0, rtp + 1));
        peer.to = SocketAddr::new(address, rtp);
    }
    redirect(relay, session, (&a, Direction::SendRecv), (&b, Direction::SendRecv));
    (session, a, b)
}

fn redirect(relay: &Handle, session: SessionId, a: (&Peer, Direction), b: (&Peer, Direction)) {
    relay.set_remote(session, Side::A, Some(&a.0.endpoint(a.1))).unwrap();
    relay.set_remote(session, Side::B, Some(&b.0.endpoint(b.1))).unwrap();
}

/// Waits until the only worker has done all that it was told: another call's packet passes after that.
fn await_worker(relay: &Handle, number: u8) {
    let (session, mut a, b) = talk(relay, number);
    let packet = a.send();
    b.expect(&packet);
    relay.close(session).unwrap();
}

#[test]
fn fifty_calls_lose_nothing_either_way() {
    const PACKETS: u16 = 100;
    let (relay, _running) = start(config(1, 120));
    let mut calls: Vec<_> = (0..50).map(|_| talk(&relay, 1)).collect();
    let begin = Instant::now();
    let mut arrived = vec![[0u16; 2]; calls.len()];
    let mut take = |calls: &[(SessionId, Peer, Peer)]| {
        for ((_, a, b), count) in calls.iter().zip(&mut arrived) {
            for (peer, count) in [a, b].into_iter().zip(count.iter_mut()) {
                for packet in peer.take() {
                    let sequence = rtp::Packet::parse(&packet).unwrap().header.sequence;
                    assert_eq!(sequence, *count, "in order and whole");
                    *count += 1;
                }
            }
        }
        arrived.iter().all(|count| *count == [PACKETS; 2])
    };
    for round in 0..u32::from(PACKETS) {
        for (_, a, b) in &mut calls {
            a.send();
            b.send();
        }
        take(&calls);
        thread::sleep(
            (begin + Duration::from_millis(20) * (round + 1)).saturating_duration_since(Instant::now()),
        );
    }
    eventually("every packet arrives", || take(&calls));
    for (session, ..) in &calls {
        let stats = relay.close(*session).unwrap();
        for from in [stats.from_a, stats.from_b] {
            assert_eq!((from.packets, from.bytes, from.lost, from.foreign), (100, 17_200, 0, 0));
            assert_eq!((from.verdict, from.codec.as_str()), (Verdict::Flowing, "PCMA"));
            let lasted = from.last.unwrap() - from.first.unwrap();
            assert!(
                lasted > Duration::from_millis(1900) && from.jitter < Duration::from_millis(20),
                "{lasted:?}"
            );
        }
    }
    assert_eq!(relay.active(), 0);
}

#[test]
fn packets_from_elsewhere_are_counted_and_never_relayed() {
    let (relay, _running) = start(config(2, 4));
    let (session, mut a, b) = talk(&relay, 2);
    let mut stranger = Peer::new(2);
    stranger.to = a.to;
    for _ in 0..20 {
        stranger.send();
    }
    eventually("they are counted", || relay.stats(session).unwrap().from_a.foreign == 20);
    let Verdict::WrongSource { from, expected } = relay.stats(session).unwrap().from_a.verdict else {
        panic!()
    };
    assert_eq!((from, expected), (stranger.rtp.local_addr().unwrap(), a.rtp.local_addr().unwrap()));
    assert!(b.take().is_empty(), "nothing of them went through");

    let packet = a.send();
    b.expect(&packet);
    let other_port = a.packet();
    a.rtcp.send_to(&other_port, a.to).unwrap();
    eventually("the right address with another port is elsewhere too", || {
        relay.stats(session).unwrap().from_a.foreign == 21
    });
    let stats = relay.close(session).unwrap();
    assert_eq!((stats.from_a.packets, stats.from_a.verdict), (1, Verdict::Flowing));
    assert!(b.take().is_empty());
}

#[test]
fn hold_lets_only_the_holder_through_and_its_gap_is_no_loss() {
    let (relay, _running) = start(Config { workers: 1, ..config(3, 4) });
    let (session, mut a, mut b) = talk(&relay, 3);
    b.send();
    eventually("both ways at first", || a.take().len() == 1);
    redirect(&relay, session, (&a, Direction::SendOnly), (&b, Direction::RecvOnly));
    await_worker(&relay, 3);
    let music = a.send();
    b.expect(&music);
    for _ in 0..10 {
        b.send();
    }
    eventually("the held side is not heard", || relay.stats(session).unwrap().from_b.held == 10);
    assert!(a.take().is_empty());
    redirect(&relay, session, (&a, Direction::SendRecv), (&b, Direction::SendRecv));
    await_worker(&relay, 3);
    let packet = b.send();
    a.expect(&packet);
    let stats = relay.close(session).unwrap();
    assert_eq!((stats.from_b.packets, stats.from_b.lost, stats.from_a.packets), (2, 0, 1));
}

#[test]
fn either_side_alone_can_close_a_direction() {
    let (relay, _running) = start(Config { workers: 1, ..config(19, 8) });
    for (a_says, b_says) in
        [(Direction::RecvOnly, Direction::SendRecv), (Direction::SendRecv, Direction::SendOnly)]
    {
        let (session, mut a, mut b) = talk(&relay, 19);
        redirect(&relay, session, (&a, a_says), (&b, b_says));
        await_worker(&relay, 19);
        a.send();
        eventually("what A sends is held", || relay.stats(session).unwrap().from_a.held == 1);
        let packet = b.send();
        a.expect(&packet);
        assert!(b.take().is_empty(), "{a_says:?} {b_says:?}");
    }
}

#[test]
fn calls_in_quick_succession_are_each_served_by_a_worker_that_was_asleep() {
    let (relay, _running) = start(Config { workers: 1, ..config(20, 40) });
    let mut peers = talk(&relay, 20);
    for round in 0..3000u32 {
        let session = relay.open().unwrap();
        (0..round % 400).for_each(|_| std::hint::spin_loop());
        let ends = [&peers.1, &peers.2].map(|peer| peer.endpoint(Direction::SendRecv));
        relay.close(std::mem::replace(&mut peers.0, session)).unwrap();
        for (side, (peer, end)) in
            [Side::A, Side::B].into_iter().zip([&mut peers.1, &mut peers.2].into_iter().zip(&ends))
        {
            relay.set_remote(session, side, Some(end)).unwrap();
            let (address, port, _) = relay.local(session, side).unwrap();
            peer.to = SocketAddr::new(address, port);
        }
        let packet = peers.1.send();
        let deadline = Instant::now() + SOON;
        let mut arrived = Vec::new();
        while arrived.is_empty() {
            assert!(Instant::now() < deadline, "round {round} was never done");
            arrived = peers.2.take();
        }
        assert_eq!(arrived, [packet]);
    }
}

#[test]
fn a_direction_that_was_never_agreed_is_not_blamed() {
    let (relay, _running) = start(config(4, 4));
    let (session, a, b) = talk(&relay, 4);
    assert_eq!(relay.stats(session).unwrap().from_b.verdict.word(), "nothing-arrived");
    let other = relay.open().unwrap();
    assert_eq!(relay.stats(other).unwrap().from_a.verdict, Verdict::NotAgreed, "no description came");
    redirect(&relay, other, (&a, Direction::SendOnly), (&b, Direction::RecvOnly));
    let stats = relay.close(other).unwrap();
    assert_eq!((stats.from_a.verdict.word(), stats.from_b.verdict), ("nothing-arrived", Verdict::NotAgreed));
}

#[test]
fn rtcp_ends_here_and_is_taken_beside_and_only_from_its_own_source() {
    let (relay, _running) = start(config(5, 4));
    let (session, a, b) = talk(&relay, 5);
    let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
    let beside = |to: SocketAddr| SocketAddr::new(to.ip(), to.port() + 1);
    a.rtcp.send_to(&report, beside(a.to)).unwrap();
    eventually("the report is taken", || relay.stats(session).unwrap().from_a.rtcp == 1);
    a.rtp.send_to(&report, beside(a.to)).unwrap();
    a.rtcp.send_to(&[1; 20], beside(a.to)).unwrap();
    a.rtp.send_to(&report, a.to).unwrap();
    eventually("all three are counted", || {
        let from = relay.stats(session).unwrap().from_a;
        (from.foreign, from.malformed, from.rtcp) == (1, 2, 1)
    });
    let own = drain(&b.rtcp, beside(b.to));
    assert!(own.iter().all(|packet| !packet.starts_with(&report)) && b.take().is_empty());
}

#[test]
fn what_is_not_rtp_is_dropped_and_counted() {
    let (relay, _running) = start(config(6, 4));
    let (session, mut a, b) = talk(&relay, 6);
    for junk in [&b""[..], b"x", &[0; 20], &[0x80; 11], &[0x80; 4000], b"INVITE sip:x SIP/2.0\r\n\r\n"] {
        a.rtp.send_to(junk, a.to).unwrap();
    }
    eventually("all are counted", || relay.stats(session).unwrap().from_a.malformed == 6);
    let packet = a.send();
    b.expect(&packet);
}

#[test]
fn what_comes_just_before_its_description_is_relayed_with_it() {
    let (relay, _running) = start(Config { workers: 1, ..config(7, 4) });
    let session = relay.open().unwrap();
    let (a, mut b) = (Peer::new(7), Peer::new(7));
    let mut stranger = Peer::new(7);
    let (address, rtp, _) = relay.local(session, Side::B).unwrap();
    (b.to, stranger.to) = (SocketAddr::new(address, rtp), SocketAddr::new(address, rtp));
    let (a_address, a_rtp, _) = relay.local(session, Side::A).unwrap();
    relay.set_remote(session, Side::A, Some(&a.endpoint(Direction::SendRecv))).unwrap();
    await_worker(&relay, 7);
    let packets = [b.send(), b.send(), b.send()];
    stranger.send();
    assert!(a.take().is_empty());
    relay.set_remote(session, Side::B, Some(&b.endpoint(Direction::SendRecv))).unwrap();
    let mut arrived = Vec::new();
    eventually("all three arrive", || {
        arrived.extend(drain(&a.rtp, SocketAddr::new(a_address, a_rtp)));
        arrived.len() == 3
    });
    assert_eq!(arrived, packets);
    eventually("and the stranger is counted", || relay.stats(session).unwrap().from_b.foreign == 1);
}

#[test]
fn freed_ports_rest_and_nothing_of_the_old_call_reaches_the_new() {
    let rest = Duration::from_millis(300);
    let (relay, _running) = start(Config { port_rest: rest, workers: 1, ..config(8, 2) });
    let (session, mut a, _b) = talk(&relay, 8);
    let closed = Instant::now();
    relay.close(session).unwrap();
    assert_eq!(relay.open(), Err(RelayError::NoPorts { active: 0, resting: 2 }));
    for _ in 0..30 {
        a.send();
    }
    let mut again = None;
    eventually("the ports come back", || {
        again = relay.open().ok();
        again.is_some()
    });
    assert!(closed.elapsed() >= rest, "after {:?}", closed.elapsed());
    let (new, old) = (again.unwrap(), session);
    let (c, d) = (Peer::new(8), Peer::new(8));
    redirect(&relay, new, (&c, Direction::SendRecv), (&d, Direction::SendRecv));
    a.send();
    eventually("only what comes now is seen, as foreign", || relay.stats(new).unwrap().from_a.foreign == 1);
    assert!(d.take().is_empty() && new != old);
    assert_eq!(relay.stats(old), Err(RelayError::Unknown), "an old number does not name the new call");
}

#[test]
fn closing_tells_the_last_figures_once() {
    let (relay, _running) = start(Config { workers: 1, ..config(9, 4) });
    let (session, mut a, b) = talk(&relay, 9);
    relay.join(session).unwrap();
    let packet = a.send();
    b.expect(&packet);
    let stats = relay.close(session).unwrap();
    assert!(stats.from_a.packets == 1 && stats.joined.unwrap() >= stats.opened);
    assert_eq!(relay.close(session), Err(RelayError::Unknown));
    assert_eq!(relay.local(session, Side::A), Err(RelayError::Unknown));
    assert_eq!(relay.set_remote(session, Side::A, None), Err(RelayError::Unknown));
    await_worker(&relay, 9);
    a.send();
    await_worker(&relay, 9);
    assert!(b.take().is_empty(), "a closed session relays nothing");
}

#[test]
fn ports_and_sessions_that_run_out_say_so() {
    let (relay, _running) = start(config(10, 9));
    assert_eq!(relay.capacity(), 4, "a pair that is left over on each of two workers makes no session");
    let sessions: Vec<_> = (0..4).map(|_| relay.open().unwrap()).collect();
    let error = relay.open().unwrap_err();
    assert_eq!(error, RelayError::NoPorts { active: 4, resting: 1 });
    assert!(error.to_string().contains("DIALTONE_MEDIA__PORTS"));
    let ports: HashSet<_> = sessions
        .iter()
        .flat_map(|id| [Side::A, Side::B].map(|side| relay.local(*id, side)))
        .map(Result::unwrap)
        .collect();
    assert_eq!(ports.len(), 8, "no port is given twice");
    relay.close(sessions[2]).unwrap();
    assert!(relay.open().is_ok());

    let (bounded, _running) = start(Config { sessions_max: 1, ..config(11, 8) });
    let only = bounded.open().unwrap();
    assert_eq!(bounded.open(), Err(RelayError::Full { limit: 1 }));
    bounded.close(only).unwrap();
    assert!(bounded.open().is_ok());
}

#[test]
fn ten_thousand_sessions_come_and_go_and_leave_nothing() {
    let (relay, running) = start(config(12, 40));
    let one = |relay: &Handle| {
        let (session, ..) = talk_without_sockets(relay);
        relay.close(session).unwrap();
    };
    (0..500).for_each(|_| one(&relay));
    let before = memory_kib();
    (0..10_000).for_each(|_| one(&relay));
    let grown = memory_kib().saturating_sub(before);
    assert!(grown < 4096, "{grown} KiB more than before");
    assert_eq!((relay.active(), relay.capacity()), (0, 20));
    let sessions: Vec<_> = (0..20).map(|_| relay.open().unwrap()).collect();
    assert!(relay.open().is_err());
    sessions.into_iter().for_each(|session| drop(relay.close(session).unwrap()));
    let (session, mut a, b) = talk(&relay, 12);
    let packet = a.send();
    b.expect(&packet);
    relay.close(session).unwrap();
    running.stop();
    assert_eq!(relay.open(), Err(RelayError::Stopped));
    assert_eq!(relay.active(), 0);
}

fn talk_without_sockets(relay: &Handle) -> (SessionId, Endpoint) {
    let session = relay.open().unwrap();
    let nowhere: SocketAddr = "127.0.72.12:9".parse().unwrap();
    let end = Endpoint {
        rtp: nowhere,
        rtcp: nowhere,
        direction: Direction::SendRecv,
        payload: None,
        codec: String::new(),
        clock_rate: 8000,
        private_address: true,
        rtcp_mux: false,
        wants_reports: true,
        payloads: sdp::Payloads::ALL,
        codings: Vec::new(),
        beside: sdp::Payloads::comfort_noise(),
        keys: None,
    };
    relay.set_remote(session, Side::A, Some(&end)).unwrap();
    relay.set_remote(session, Side::B, Some(&end)).unwrap();
    (session, end)
}

fn memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_call_that_is_closed_after_the_workers_have_stopped_still_has_its_figures() {
    let (relay, running) = start(config(13, 4));
    let (session, mut a, b) = talk(&relay, 13);
    let packet = a.send();
    b.expect(&packet);
    running.stop();
    assert_eq!(relay.close(session).unwrap().from_a.packets, 1);
    assert_eq!(relay.active(), 0);
}

#[test]
fn ports_of_other_programs_are_left_to_them() {
    let config = Config { workers: 1, ..config(14, 6) };
    let _rtp = UdpSocket::bind((config.bind, 20_002)).unwrap();
    let _rtcp = UdpSocket::bind((config.bind, 20_007)).unwrap();
    let (relay, runner) = crate::new(config.clone()).unwrap();
    assert_eq!((runner.pairs(), relay.capacity()), (4, 2));
    let again = crate::new(config).unwrap_err();
    assert!(matches!(again, StartError::InUse { .. }), "{again}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused_with_its_remedy() {
    let refusal = |config: Config| crate::new(config).unwrap_err().to_string();
    let good = config(15, 4);
    assert!(
        refusal(Config { ports: 20_000..=20_002, ..good.clone() }).contains("widen DIALTONE_MEDIA__PORTS")
    );
    let elsewhere = "203.0.113.1".parse().unwrap();
    assert!(refusal(Config { bind: elsewhere, ..good.clone() }).contains("not an address of this machine"));
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    assert!(refusal(Config { public: any, ..good.clone() }).contains("DIALTONE_MEDIA__PUBLIC_ADDRESS"));
    assert!(refusal(Config { public: "::1".parse().unwrap(), ..good }).contains("::1"));
}

#[test]
fn private_addresses_are_named_where_the_relay_is_public() {
    let (relay, _running) = start(Config { public: "203.0.113.5".parse().unwrap(), ..config(16, 4) });
    let (a, b) = (Peer::new(16), Peer::new(16));
    let session = relay.open().unwrap();
    redirect(&relay, session, (&a, Direction::SendRecv), (&b, Direction::SendRecv));
    let (address, rtp, _) = relay.local(session, Side::A).unwrap();
    assert_eq!(address.to_string(), "203.0.113.5");
    assert!(matches!(
        relay.stats(session).unwrap().from_a.verdict,
        Verdict::PrivateAddress { from: None, .. }
    ));
    let mut nat = Peer::new(16);
    nat.to = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 71, 16)), rtp);
    nat.send();
    let source = nat.rtp.local_addr().unwrap();
    eventually("where it does come from is said", || {
        let verdict = relay.stats(session).unwrap().from_a.verdict;
        verdict.to_string().contains(&source.to_string()) && verdict.word() == "private-address"
    });
}

fn offer(peer: &Peer, direction: Direction) -> String {
    let address = peer.rtp.local_addr().unwrap();
    sdp::simple_offer(address.ip(), address.port(), &[8, 0, 101], direction)
}

/// Has the peer send to where a description points.
fn follow(peer: &mut Peer, description: &[u8]) {
    let parsed = sdp::Sdp::parse(description).unwrap();
    let audio = parsed.audio().unwrap();
    peer.to = SocketAddr::new(parsed.address(audio).unwrap(), audio.port);
}

#[test]
fn a_call_by_descriptions_flows_from_the_first_answer_on() {
    let (relay, _running) = start(Config { workers: 1, ..config(17, 8) });
    let bridge = Bridge::new(relay);
    let (mut a, mut fork, mut b) = (Peer::new(17), Peer::new(17), Peer::new(17));
    let id = bridge.open().unwrap();
    let update = |from: Side, kind: Kind, sdp: &str| bridge.update(id, from, kind, sdp.as_bytes()).unwrap();

    let towards_b = update(Side::A, Kind::Offer, &offer(&a, Direction::SendRecv));
    follow(&mut fork, &towards_b);
    follow(&mut b, &towards_b);
    let early = update(Side::B, Kind::Answer, &offer(&fork, Direction::SendRecv));
    follow(&mut a, &early);
    let ringback = fork.send();
    a.expect(&ringback);

    update(Side::B, Kind::Answer, &offer(&b, Direction::SendRecv));
    bridge.join(id);
    await_worker(bridge.relay(), 17);
    let speech = b.send();
    a.expect(&speech);
    let reply = a.send();
    b.expect(&reply);
    fork.send();
    eventually("the fork that lost is a stranger now", || bridge.stats(id).unwrap().from_b.foreign == 1);

    update(Side::A, Kind::Offer, &offer(&a, Direction::Inactive));
    let still = b.send();
    a.expect(&still);
    let held = update(Side::B, Kind::Answer, &offer(&b, Direction::Inactive));
    assert!(held.windows(10).any(|bytes| bytes == b"a=inactive"), "hold is passed on");
    await_worker(bridge.relay(), 17);
    b.send();
    eventually("an answered hold holds", || bridge.stats(id).unwrap().from_b.held == 1);

    let stats = bridge.close(id).unwrap();
    assert_eq!((stats.from_a.packets, stats.from_b.packets, stats.from_b.lost), (1, 3, 0));
    assert_eq!(bridge.update(id, Side::A, Kind::Offer, b"v=0"), Err(BridgeError::Relay(RelayError::Unknown)));
}

#[test]
fn a_description_that_is_refused_leaves_the_call_as_it_was() {
    let (relay, _running) = start(config(18, 8));
    let bridge = Bridge::new(relay);
    let (mut a, mut b) = (Peer::new(18), Peer::new(18));
    let id = bridge.open().unwrap();
    let offered = offer(&a, Direction::SendRecv);
    assert!(bridge.update(id, Side::B, Kind::Answer, offered.as_bytes()).is_err(), "nothing was offered");
    follow(&mut b, &bridge.update(id, Side::A, Kind::Offer, offered.as_bytes()).unwrap());
    let answer = offer(&b, Direction::SendRecv);
    follow(&mut a, &bridge.update(id, Side::B, Kind::Answer, answer.as_bytes()).unwrap());
    let secure = offered.replace("RTP/AVP", "RTP/SAVP");
    let refusal = bridge.update(id, Side::A, Kind::Offer, secure.as_bytes()).unwrap_err();
    assert!(refusal.to_string().contains("RTP/SAVP"), "{refusal}");
    assert!(bridge.update(id, Side::B, Kind::Offer, b"\xff\x00").is_err());
    let packet = a.send();
    b.expect(&packet);
    let packet = b.send();
    a.expect(&packet);
}
