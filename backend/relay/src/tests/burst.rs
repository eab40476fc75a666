//! Packets that come at once, behind a stream that was even: none of them waits for long, and none stays. Addresses as of number 110 on.

use super::*;

/// Calls that flow, on a worker that lets their packets gather.
const CALLS: usize = 8;
const ROUNDS: u16 = 12;

fn calls(number: u8) -> (Handle, Running, Vec<(SessionId, Peer, Peer)>) {
    let tick = Duration::from_millis(10);
    let (relay, running) = start(Config { workers: 1, tick, ..config(number, 2 * CALLS as u16 + 2) });
    let calls = (0..CALLS).map(|_| talk(&relay, number)).collect();
    (relay, running, calls)
}

/// Has the first side of every call talk evenly.
fn even(calls: &mut [(SessionId, Peer, Peer)]) {
    let begin = Instant::now();
    for round in 1..=u32::from(ROUNDS) {
        let packets: Vec<_> = calls.iter_mut().map(|(_, a, _)| a.send()).collect();
        calls.iter().zip(&packets).for_each(|((_, _, b), packet)| b.expect(packet));
        let next = begin + Duration::from_millis(20) * round;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

#[test]
fn packets_that_come_at_once_after_an_even_stream_are_relayed_without_another_behind_them() {
    const BURST: usize = 100;
    let (relay, _running, mut calls) = calls(110);
    for _ in 0..3 {
        even(&mut calls);
        let (_, a, b) = &mut calls[0];
        let burst: Vec<_> = (0..BURST).map(|_| a.send()).collect();
        let mut arrived = Vec::new();
        eventually("the whole burst arrives", || {
            arrived.extend(b.take());
            arrived.len() >= BURST
        });
        assert_eq!(arrived, burst, "in order");
    }
    let packets = u64::from(3 * ROUNDS) + 3 * BURST as u64;
    assert_eq!(relay.close(calls[0].0).unwrap().from_a.packets, packets);
}

#[test]
fn a_last_packet_that_comes_with_the_one_before_it_is_relayed_when_all_fall_silent() {
    let (relay, _running, mut calls) = calls(111);
    for _ in 0..3 {
        even(&mut calls);
        let packets: Vec<_> = calls.iter_mut().map(|(_, a, _)| [a.send(), a.send()]).collect();
        for ((_, _, b), packets) in calls.iter().zip(&packets) {
            let mut arrived = Vec::new();
            eventually("both arrive", || {
                arrived.extend(b.take());
                arrived.len() >= 2
            });
            assert_eq!(arrived, packets);
        }
    }
    for (session, ..) in calls {
        assert_eq!(relay.close(session).unwrap().from_a.packets, u64::from(3 * ROUNDS) + 6);
    }
}

#[test]
fn a_packet_that_comes_behind_one_that_is_not_relayed_does_not_wait() {
    let (relay, _running, mut calls) = calls(112);
    even(&mut calls);
    let (session, a, b) = &mut calls[0];
    for noise in [&b"no audio"[..], &[0x80, 0]] {
        a.rtp.send_to(noise, a.to).unwrap();
        let packet = a.send();
        b.expect(&packet);
    }
    let from_a = relay.close(*session).unwrap().from_a;
    assert_eq!((from_a.packets, from_a.malformed), (u64::from(ROUNDS) + 2, 2));
}
