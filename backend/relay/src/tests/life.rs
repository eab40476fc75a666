//! Calls whose media ceases, workers that die, IPv6, and ports that run out. Addresses as of number 60 on.

use super::*;
use crate::{Loss, LossListener, Rules};
use std::sync::{Arc, Mutex, mpsc};

const SHORT: Duration = Duration::from_millis(300);

fn watched(initial: Option<Duration>, running: Option<Duration>) -> (Rules, mpsc::Receiver<Loss>) {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let listener = LossListener(Arc::new(move |loss| {
        let _ = sender.lock().unwrap().send(loss);
    }));
    (Rules { learning: [false; 2], initial, running, listener }, receiver)
}

#[test]
fn a_call_without_media_is_told_when_its_time_is_up_but_not_on_hold() {
    let (relay, _running) = start(Config { workers: 1, ..config(60, 16) });
    let (never, _a, _b) = talk(&relay, 60);
    let (rules, told_never) = watched(Some(SHORT), None);
    relay.govern(never, rules).unwrap();
    relay.join(never).unwrap();

    let (ceased, mut a, b) = talk(&relay, 60);
    let (rules, told_ceased) = watched(None, Some(SHORT));
    relay.govern(ceased, rules).unwrap();
    relay.join(ceased).unwrap();
    let packet = a.send();
    b.expect(&packet);

    let (held, c, d) = talk(&relay, 60);
    let (rules, told_held) = watched(Some(SHORT), Some(SHORT));
    relay.govern(held, rules).unwrap();
    relay.join(held).unwrap();
    redirect(&relay, held, (&c, Direction::SendOnly), (&d, Direction::RecvOnly));

    let (ringing, ..) = talk(&relay, 60);
    let (rules, told_ringing) = watched(Some(SHORT), Some(SHORT));
    relay.govern(ringing, rules).unwrap();

    assert_eq!(told_never.recv_timeout(SOON), Ok(Loss::NeverBegan));
    assert_eq!(told_ceased.recv_timeout(SOON), Ok(Loss::Ceased));
    assert!(told_held.try_recv().is_err(), "on hold");
    assert!(told_ringing.try_recv().is_err(), "not answered");
    redirect(&relay, held, (&c, Direction::SendRecv), (&d, Direction::SendRecv));
    assert_eq!(told_held.recv_timeout(SOON), Ok(Loss::NeverBegan), "after the hold it counts");
}

#[test]
fn a_worker_that_dies_is_replaced_and_its_calls_are_told() {
    let (relay, _running) = start(Config { workers: 1, ..config(61, 16) });
    let (bad, ..) = talk(&relay, 61);
    let (_, good) = (talk(&relay, 61), talk(&relay, 61));
    let (rules, told) = watched(None, None);
    relay.govern(good.0, rules).unwrap();
    let listener = LossListener(Arc::new(|loss| panic!("a listener that panics at {loss:?}")));
    let fatal = Rules { learning: [false; 2], initial: Some(Duration::ZERO), running: None, listener };
    relay.govern(bad, fatal).unwrap();
    relay.join(bad).unwrap();
    assert_eq!(told.recv_timeout(SOON), Ok(Loss::WorkerDied));
    assert_eq!(relay.deaths(), 1);
    relay.close(good.0).unwrap();
    relay.close(bad).unwrap();
    let (session, mut a, b) = talk(&relay, 61);
    let packet = a.send();
    b.expect(&packet);
    assert_eq!(relay.close(session).unwrap().from_a.packets, 1);
}

#[test]
fn calls_of_other_workers_do_not_notice() {
    let (relay, _running) = start(Config { workers: 3, ..config(64, 36) });
    let mut calls: Vec<_> = (0..6).map(|_| talk(&relay, 64)).collect();
    let told: Vec<_> = calls
        .iter()
        .map(|(id, ..)| {
            let (rules, told) = watched(None, None);
            relay.govern(*id, rules).unwrap();
            told
        })
        .collect();
    for (_, a, b) in &mut calls {
        let packet = a.send();
        b.expect(&packet);
    }
    let (bad, ..) = talk(&relay, 64);
    let listener = LossListener(Arc::new(|loss| panic!("a listener that panics at {loss:?}")));
    let fatal = Rules { learning: [false; 2], initial: Some(Duration::ZERO), running: None, listener };
    relay.govern(bad, fatal).unwrap();
    relay.join(bad).unwrap();
    let mut dead = Vec::new();
    eventually("the calls beside it are told", || {
        dead.extend((0..calls.len()).filter(|index| told[*index].try_recv() == Ok(Loss::WorkerDied)));
        dead.len() == 2
    });
    for (index, (id, a, b)) in calls.iter_mut().enumerate() {
        if !dead.contains(&index) {
            let packet = b.send();
            a.expect(&packet);
            let stats = relay.close(*id).unwrap();
            assert_eq!((stats.from_a.packets, stats.from_b.packets), (1, 1));
        }
    }
    assert!(told.iter().all(|told| told.try_recv().is_err()), "the others are told nothing");
    assert_eq!(relay.deaths(), 1);
}

#[test]
fn calls_over_ipv6_flow_and_strangers_there_do_not() {
    let address: IpAddr = "::1".parse().unwrap();
    let config = Config { bind: address, public: address, ports: 26_000..=26_015, ..config(62, 8) };
    let (relay, _running) = start(config);
    let bridge = Bridge::new(relay);
    let id = bridge.open().unwrap();
    let peer = || {
        let socket = || {
            let socket = UdpSocket::bind((address, 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        Peer { rtp: socket(), rtcp: socket(), to: "[::1]:9".parse().unwrap(), sent: 0 }
    };
    let (mut a, mut b, mut stranger) = (peer(), peer(), peer());
    let offered = offer(&a, Direction::SendRecv);
    assert!(offered.contains("IN IP6 ::1"), "{offered}");
    follow(&mut b, &bridge.update(id, Side::A, Kind::Offer, offered.as_bytes()).unwrap());
    let answer = offer(&b, Direction::SendRecv);
    follow(&mut a, &bridge.update(id, Side::B, Kind::Answer, answer.as_bytes()).unwrap());
    stranger.to = a.to;
    stranger.send();
    let packet = a.send();
    b.expect(&packet);
    let packet = b.send();
    a.expect(&packet);
    let from_a = bridge.close(id).unwrap().from_a;
    assert_eq!((from_a.packets, from_a.foreign), (1, 1));
}

#[test]
fn ports_that_are_nearly_used_up_are_said_before_they_are() {
    let (relay, _running) = start(config(63, 40));
    let mut open: Vec<_> = (0..15).map(|_| relay.open().unwrap()).collect();
    assert!(!relay.is_scarce());
    open.push(relay.open().unwrap());
    assert!(relay.is_scarce(), "16 of 20 are 80 %");
    for _ in 0..3 {
        relay.close(open.pop().unwrap()).unwrap();
    }
    assert!(!relay.is_scarce());
}

/// A worker that gets no time, with a session and as many commands as may wait.
fn starved(address: u8) -> (Handle, crate::Runner, SessionId) {
    let (relay, runner) = crate::new(Config { workers: 1, ..config(address, 8) }).unwrap();
    let (session, _) = talk_without_sockets(&relay);
    while relay.play(session, Side::A, None).is_ok() {}
    (relay, runner, session)
}

#[test]
fn a_session_that_ends_while_its_worker_gets_no_time_gives_its_ports_back_once_it_does() {
    let (relay, runner, session) = starved(65);
    relay.close(session).unwrap();
    assert_eq!(relay.active(), 0);
    assert!(relay.open().is_err());
    let _running = runner.start().unwrap();
    eventually("there is room for all again", || {
        let all: Vec<_> = (0..relay.capacity()).map_while(|_| relay.open().ok()).collect();
        let is_all = all.len() == relay.capacity();
        all.into_iter().for_each(|session| drop(relay.close(session).unwrap()));
        is_all
    });
    let calls: Vec<_> = (0..relay.capacity()).map(|_| talk(&relay, 65)).collect();
    for (_, mut a, b) in calls {
        let packet = a.send();
        b.expect(&packet);
    }
}

#[test]
fn a_stop_is_not_lost_on_a_worker_that_gets_no_time() {
    let (relay, runner, _session) = starved(66);
    relay.shutdown();
    let _running = runner.start().unwrap();
    eventually("it stops", || relay.open() == Err(RelayError::Stopped));
}
