//! Requests outside dialogs, and messages that belong nowhere.

use super::world::{World, engine};
use crate::Transport;
use crate::b2bua::{Config, Engine, Input, Output, Peer, Refusal, Verdict, shard_of};
use crate::wire::{HeaderName, Message};
use std::time::Instant;

fn source() -> Peer {
    Peer::new("127.0.0.2:40000".parse().unwrap(), Transport::Udp)
}

fn request(line: &str, headers: &str) -> Input {
    let text = format!("{line} SIP/2.0\r\nFrom: <sip:a@x>;tag=f\r\nCall-ID: c\r\n{headers}\r\n");
    Input::Packet { from: source(), message: Message::parse(text.into()).unwrap() }
}

/// What the engine sends for one input.
fn sent(input: Input) -> Vec<(Peer, Message)> {
    let mut engine = Engine::new(Config::new(1, [1; 16], vec![(Transport::Udp, "e:5060".to_owned())]));
    engine.handle_input(Instant::now(), input);
    transmits(&mut engine)
}

fn transmits(engine: &mut Engine) -> Vec<(Peer, Message)> {
    std::iter::from_fn(|| engine.poll_output())
        .filter_map(|output| match output {
            Output::Transmit { peer, bytes } => Some((peer, Message::parse(bytes).unwrap())),
            _ => None,
        })
        .collect()
}

#[test]
fn the_driver_answers_what_is_outside_any_dialog() {
    let mut world = World::new(1);
    world.tell(request(
        "OPTIONS sip:e",
        "To: <sip:e>\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKo\r\nCSeq: 1 OPTIONS\r\n",
    ));
    world.run_ms(100);
    let text = String::from_utf8_lossy(&world.seen[0].1).into_owned();
    assert!(text.starts_with("SIP/2.0 200 OK\r\n") && text.contains("X-Hello: you\r\n"), "{text}");
    assert!(text.contains(";tag="), "{text}");
    world.run_until_idle();
    world.assert_clean();
}

#[test]
fn rport_is_filled_in_and_decides_the_port_of_the_response() {
    let with = |via: &str| {
        let headers =
            format!("To: <sip:e>;tag=none\r\nCSeq: 1 BYE\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK1\r\n");
        sent(request("BYE sip:e", &headers)).remove(0)
    };
    let (peer, response) = with("127.0.0.2:5060;rport");
    assert_eq!(peer.addr.port(), 40000);
    let via = response.top_via().unwrap();
    assert_eq!((via.received, via.rport), (Some("127.0.0.2"), Some(Some(40000))));
    let (peer, response) = with("phone.example:5070");
    assert_eq!(peer.addr.to_string(), "127.0.0.2:5070");
    assert_eq!(response.top_via().unwrap().received, Some("127.0.0.2"));
    let (peer, response) = with("127.0.0.2");
    assert_eq!(peer.addr.to_string(), "127.0.0.2:5060");
    assert_eq!(response.top_via().unwrap().received, None);
    assert_eq!(response.status(), Some(481));
}

#[test]
fn malformed_requests_get_400_and_its_reason_and_malformed_acks_silence() {
    let via = "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK1\r\n";
    let out = sent(request("OPTIONS sip:e", &format!("{via}CSeq: 1 OPTIONS\r\n")));
    assert_eq!((out[0].1.status(), out[0].1.reason()), (Some(400), "Bad Request - To is missing"));
    assert!(sent(request("ACK sip:e", &format!("{via}CSeq: 1 ACK\r\n"))).is_empty());
    let out = sent(request("INVITE sip:e", &format!("{via}CSeq: 1 INVITE\r\nTo: <sip:e>\r\n")));
    assert_eq!(out[0].1.status(), Some(400), "an INVITE without a Contact makes no dialog");
}

#[test]
fn what_belongs_nowhere_is_dropped() {
    let via = "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK1\r\n";
    assert!(sent(request("ACK sip:e", &format!("{via}CSeq: 1 ACK\r\nTo: <sip:e>;tag=x\r\n"))).is_empty());
    let text = format!(
        "SIP/2.0 200 OK\r\nFrom: <sip:a@x>;tag=f\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nTo: <sip:e>;tag=x\r\n{via}\r\n"
    );
    let message = Message::parse(text.into()).unwrap();
    assert!(sent(Input::Packet { from: source(), message }).is_empty());
    let out = sent(request("CANCEL sip:e", &format!("{via}CSeq: 1 CANCEL\r\nTo: <sip:e>\r\n")));
    assert_eq!(out[0].1.status(), Some(481));
}

#[test]
fn the_same_request_over_two_paths_is_merged_with_482() {
    let mut engine = Engine::new(Config::new(1, [1; 16], vec![(Transport::Udp, "e:5060".to_owned())]));
    let invite = |branch: &str| {
        let headers = format!(
            "To: <sip:e>\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.2>\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK{branch}\r\n"
        );
        request("INVITE sip:e", &headers)
    };
    let now = Instant::now();
    engine.handle_input(now, invite("1"));
    assert_eq!(transmits(&mut engine)[0].1.status(), Some(100));
    engine.handle_input(now, invite("1"));
    assert_eq!(transmits(&mut engine)[0].1.status(), Some(100), "a repeat gets the latest response again");
    engine.handle_input(now, invite("2"));
    assert_eq!(transmits(&mut engine)[0].1.status(), Some(482));
}

#[test]
fn beyond_the_most_calls_an_invite_gets_503_with_retry_after() {
    let config =
        Config { calls_max: 1, ..Config::new(1, [1; 16], vec![(Transport::Udp, "e:5060".to_owned())]) };
    let mut engine = Engine::new(config);
    let now = Instant::now();
    for number in 1..=2 {
        let headers = format!(
            "To: <sip:e>\r\nCSeq: {number} INVITE\r\nContact: <sip:a@127.0.0.2>\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK{number}\r\n"
        );
        engine.handle_input(now, request("INVITE sip:e", &headers));
        let mut requests = Vec::new();
        let mut statuses = Vec::new();
        while let Some(output) = engine.poll_output() {
            match output {
                Output::Request { request, .. } => requests.push(request),
                Output::Transmit { bytes, .. } => statuses.push(Message::parse(bytes).unwrap()),
                _ => {}
            }
        }
        if number == 1 {
            engine.handle_input(now, Input::Accept { request: requests[0] });
        } else {
            assert_eq!(statuses[0].status(), Some(503));
            assert!(statuses[0].header(HeaderName::RetryAfter).is_some());
        }
    }
}

#[test]
fn everything_we_send_comes_home_to_its_shard() {
    let mut world = World::new(1).script(&[(100, super::phone::respond_with(200, "v=0 x"))]);
    world.act(0, super::phone::Act::Invite(Some("v=0 offer")));
    world.run_ms(1000);
    let dialog = world.phones[0].dialog.clone().unwrap();
    assert!(dialog.local_cseq() > 0);
    for phone in [0, 1] {
        for heard in &world.phones[phone].heard {
            if heard.is_request() {
                let reply =
                    crate::transaction::reply(heard, &engine(Transport::Udp), 200, "OK", "t").finish();
                assert_eq!(shard_of(&Message::parse(reply).unwrap()), Some(7));
            } else if heard.status() > Some(100) {
                let tag = heard.to().unwrap().tag().unwrap().to_owned();
                let text = format!("BYE sip:x@e SIP/2.0\r\nTo: <sip:e>;tag={tag}\r\n\r\n");
                assert_eq!(shard_of(&Message::parse(text.into()).unwrap()), Some(7));
            }
        }
    }
}

#[test]
fn words_on_calls_that_never_were_have_no_effect() {
    let mut engine = Engine::new(Config::new(1, [1; 16], Vec::new()));
    let now = Instant::now();
    let refusal = Refusal::new(403, 21, "x");
    for call in [0, 1, u64::MAX] {
        engine.handle_input(now, Input::Accept { request: call });
        engine.handle_input(now, Input::Verdict { call, verdict: Verdict::Refuse(refusal.clone()) });
        engine.handle_input(now, Input::End { call, refusal: refusal.clone() });
        engine.handle_input(now, Input::Funded { call, funded: None });
        engine.handle_input(now, Input::Media { call, answer: Ok(bytes::Bytes::new()) });
    }
    assert!(engine.poll_output().is_none());
}
