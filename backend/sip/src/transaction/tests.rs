//! The four machines on a virtual clock, timer by timer (RFC 3261 §17, RFC 6026).
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a virtual clock has to start somewhere")]

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Failure, Full, Layer, Outgoing, Output, Peer, Timing, TransactionId, reply};
use crate::Transport;
use crate::wire::{HeaderName, Message, Method, Writer};

/// A layer and its clock.
struct Bench {
    layer: Layer<u8>,
    start: Instant,
    now: Instant,
}

/// What came out, and when, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Sent(String),
    Heard(String),
    Failed(Failure),
}

fn peer(transport: Transport) -> Peer {
    Peer::new("192.0.2.1:5060".parse().unwrap(), transport)
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<_> = text.lines().next().unwrap().split(' ').collect();
    if words[0] == "SIP/2.0" { words[1].to_owned() } else { words[0].to_owned() }
}

impl Bench {
    fn new() -> Self {
        let start = Instant::now();
        Self { layer: Layer::new(Timing::default(), 100, [3; 16]), start, now: start }
    }

    /// Everything that came out since the last look.
    fn look(&mut self) -> Vec<Seen> {
        let outputs = std::iter::from_fn(|| self.layer.poll_output());
        outputs
            .map(|output| match output {
                Output::Transmit { bytes, .. } => Seen::Sent(first_line(&bytes)),
                Output::Request { message, .. }
                | Output::Cancel { message, .. }
                | Output::Ack { message, .. }
                | Output::Response { message, .. } => Seen::Heard(first_line(message.bytes())),
                Output::Failed { failure, .. } => Seen::Failed(failure),
            })
            .collect()
    }

    /// Runs the clock until no transaction or timer is left, and notes what comes out at which millisecond.
    fn run(&mut self) -> Vec<(u64, Seen)> {
        let mut all = Vec::new();
        while let Some(next) = self.layer.poll_timeout() {
            self.now = next;
            self.layer.handle_timeout(next);
            let at = u64::try_from((next - self.start).as_millis()).unwrap();
            all.extend(self.look().into_iter().map(|seen| (at, seen)));
            if self.layer.is_empty() {
                break;
            }
        }
        all
    }

    fn ask(&mut self, method: &Method, transport: Transport) -> TransactionId {
        let bytes = request(method, "z9hG4bKours", transport);
        let outgoing = Outgoing { peer: peer(transport), method, branch: "z9hG4bKours", bytes };
        self.layer.request(self.now, outgoing, 1).unwrap()
    }

    fn response(&mut self, status: u16, method: &Method, transport: Transport) {
        self.response_tagged(status, method, transport, "far");
    }

    fn response_tagged(&mut self, status: u16, method: &Method, transport: Transport, tag: &str) {
        let request = Message::parse(request(method, "z9hG4bKours", transport)).unwrap();
        let bytes = reply(&request, &peer(transport), status, "Word", tag).finish();
        self.layer.handle_packet(self.now, peer(transport), Message::parse(bytes).unwrap());
    }

    fn receive(&mut self, method: &Method, branch: &str, transport: Transport) {
        let message = Message::parse(request(method, branch, transport)).unwrap();
        self.layer.handle_packet(self.now, peer(transport), message);
    }

    /// Takes a request in, and answers it.
    fn take(&mut self, method: &Method, transport: Transport) -> TransactionId {
        self.receive(method, "z9hG4bKtheirs", transport);
        match self.layer.poll_output() {
            Some(Output::Request { transaction, .. }) => transaction,
            other => panic!("a request was to come up: {other:?}"),
        }
    }

    fn answer(&mut self, id: TransactionId, status: u16) {
        self.layer.respond(self.now, id, status, Writer::response(status, "Word").finish());
    }
}

fn request(method: &Method, branch: &str, transport: Transport) -> Bytes {
    Writer::request(method, "sip:b@example.com")
        .header_fmt(HeaderName::Via, format_args!("SIP/2.0/{transport} 192.0.2.1:5060;branch={branch}"))
        .header(HeaderName::From, "<sip:a@example.com>;tag=near")
        .header(HeaderName::To, "<sip:b@example.com>")
        .header(HeaderName::CallId, "one")
        .header(HeaderName::Route, "<sip:proxy.example.com;lr>")
        .header_fmt(HeaderName::CSeq, format_args!("7 {method}"))
        .finish()
}

fn sent(words: &[&str]) -> Vec<Seen> {
    words.iter().map(|word| Seen::Sent((*word).to_owned())).collect()
}

fn heard(word: &str) -> Seen {
    Seen::Heard(word.to_owned())
}

fn times(events: &[(u64, Seen)], wanted: &Seen) -> Vec<u64> {
    events.iter().filter(|(_, seen)| seen == wanted).map(|(at, _)| *at).collect()
}

const UDP: Transport = Transport::Udp;
const TCP: Transport = Transport::Tcp;

#[test]
fn timers_a_and_b_an_invite_without_any_response_is_repeated_and_given_up() {
    let mut bench = Bench::new();
    bench.ask(&Method::Invite, UDP);
    assert_eq!(bench.look(), sent(&["INVITE"]));
    let events = bench.run();
    assert_eq!(times(&events, &sent(&["INVITE"])[0]), [500, 1500, 3500, 7500, 15_500, 31_500]);
    assert_eq!(times(&events, &Seen::Failed(Failure::Timeout)), [32_000]);
    assert!(bench.layer.is_empty());
}

#[test]
fn over_a_reliable_transport_nothing_is_repeated() {
    for method in [Method::Invite, Method::Options] {
        let mut bench = Bench::new();
        bench.ask(&method, TCP);
        bench.look();
        assert_eq!(bench.run(), [(32_000, Seen::Failed(Failure::Timeout))]);
    }
}

#[test]
fn timers_e_and_f_other_requests_are_repeated_up_to_t2_and_slower_after_a_provisional() {
    let mut bench = Bench::new();
    bench.ask(&Method::Options, UDP);
    bench.look();
    let events = bench.run();
    let expected = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(times(&events, &sent(&["OPTIONS"])[0]), expected);
    assert_eq!(times(&events, &Seen::Failed(Failure::Timeout)), [32_000]);

    let mut bench = Bench::new();
    bench.ask(&Method::Options, UDP);
    bench.response(100, &Method::Options, UDP);
    bench.look();
    assert_eq!(times(&bench.run(), &sent(&["OPTIONS"])[0])[..3], [500, 4500, 8500]);
}

#[test]
fn a_provisional_response_ends_the_repeating_of_an_invite() {
    let mut bench = Bench::new();
    bench.ask(&Method::Invite, UDP);
    bench.response(180, &Method::Invite, UDP);
    assert_eq!(bench.look(), [sent(&["INVITE"]), vec![heard("180")]].concat());
    assert_eq!(bench.run(), []);
    assert_eq!(bench.layer.len(), 1, "it may ring for long");
}

#[test]
fn timer_d_each_copy_of_a_failure_is_acknowledged_and_only_the_first_handed_up() {
    let mut bench = Bench::new();
    bench.ask(&Method::Invite, UDP);
    bench.look();
    bench.response(486, &Method::Invite, UDP);
    bench.response(486, &Method::Invite, UDP);
    assert_eq!(bench.look(), [sent(&["ACK"]), vec![heard("486")], sent(&["ACK"])].concat());
    assert_eq!(bench.run(), []);
    assert_eq!((bench.now - bench.start).as_secs(), 32);
    assert!(bench.layer.is_empty());

    let mut bench = Bench::new();
    bench.ask(&Method::Invite, TCP);
    bench.response(486, &Method::Invite, TCP);
    assert!(bench.layer.is_empty(), "over TCP timer D is zero");
}

#[test]
fn the_ack_of_a_failure_is_made_of_its_invite_and_the_responses_to() {
    let mut bench = Bench::new();
    bench.ask(&Method::Invite, UDP);
    bench.look();
    bench.response(404, &Method::Invite, UDP);
    let Some(Output::Transmit { bytes, .. }) = bench.layer.poll_output() else { panic!("an ACK") };
    let ack = Message::parse(bytes).unwrap();
    assert_eq!(ack.request_uri(), Some("sip:b@example.com"));
    assert_eq!(ack.top_via().unwrap().branch, Some("z9hG4bKours"));
    assert_eq!(ack.to().unwrap().tag(), Some("far"));
    assert_eq!(ack.cseq(), Some((7, Method::Ack)));
    assert_eq!(ack.header(HeaderName::Route), Some("<sip:proxy.example.com;lr>"));
    ack.check().unwrap();
}

#[test]
fn timer_m_a_2xx_is_handed_up_until_its_ack_is_known_and_then_acknowledged_again_per_fork() {
    let mut bench = Bench::new();
    let id = bench.ask(&Method::Invite, UDP);
    bench.look();
    bench.response_tagged(200, &Method::Invite, UDP, "one");
    bench.response_tagged(200, &Method::Invite, UDP, "one");
    assert_eq!(bench.look(), [heard("200"), heard("200")]);
    bench.layer.ack(id, "one", peer(UDP), request(&Method::Ack, "z9hG4bKack", UDP));
    bench.look();
    bench.response_tagged(200, &Method::Invite, UDP, "one");
    assert_eq!(bench.look(), sent(&["ACK"]));
    bench.response_tagged(200, &Method::Invite, UDP, "two");
    assert_eq!(bench.look(), [heard("200")]);
    bench.run();
    assert_eq!((bench.now - bench.start).as_secs(), 32);
    assert!(bench.layer.is_empty());
}

#[test]
fn timer_k_absorbs_copies_of_the_final_response() {
    let mut bench = Bench::new();
    bench.ask(&Method::Bye, UDP);
    bench.look();
    bench.response(200, &Method::Bye, UDP);
    bench.response(200, &Method::Bye, UDP);
    assert_eq!(bench.look(), [heard("200")]);
    assert_eq!(bench.run(), []);
    assert_eq!((bench.now - bench.start).as_secs(), 5);
}

#[test]
fn timers_g_h_and_i_a_failure_is_repeated_until_its_ack() {
    let mut bench = Bench::new();
    let id = bench.take(&Method::Invite, UDP);
    bench.layer.attach(id, 1);
    bench.answer(id, 486);
    bench.look();
    let events = bench.run();
    let expected = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(times(&events, &sent(&["486"])[0]), expected);
    assert_eq!(times(&events, &Seen::Failed(Failure::Timeout)), [32_000]);

    let mut bench = Bench::new();
    let id = bench.take(&Method::Invite, UDP);
    bench.answer(id, 486);
    bench.look();
    bench.receive(&Method::Ack, "z9hG4bKtheirs", UDP);
    assert_eq!(bench.look(), [], "that ACK is the layer's");
    assert_eq!(bench.run(), []);
    assert_eq!((bench.now - bench.start).as_secs(), 5, "timer I");
}

#[test]
fn timer_l_an_answered_invite_absorbs_copies_and_lets_the_user_repeat_its_2xx() {
    let mut bench = Bench::new();
    let id = bench.take(&Method::Invite, UDP);
    bench.answer(id, 200);
    assert_eq!(bench.look(), sent(&["200"]));
    bench.receive(&Method::Invite, "z9hG4bKtheirs", UDP);
    assert_eq!(bench.look(), [], "RFC 6026 §7.1: absorbed");
    bench.answer(id, 200);
    bench.answer(id, 486);
    assert_eq!(bench.look(), sent(&["200"]), "after a 2xx nothing else can be said");
    bench.receive(&Method::Ack, "z9hG4bKtheirs", UDP);
    bench.receive(&Method::Ack, "z9hG4bKother", UDP);
    assert_eq!(bench.look(), [heard("ACK"), heard("ACK")]);
    bench.run();
    assert_eq!((bench.now - bench.start).as_secs(), 32);
    assert!(bench.layer.is_empty());
}

#[test]
fn a_copy_of_a_request_gets_the_latest_response_again_and_timer_j_ends_that() {
    let mut bench = Bench::new();
    let id = bench.take(&Method::Invite, UDP);
    bench.receive(&Method::Invite, "z9hG4bKtheirs", UDP);
    assert_eq!(bench.look(), [], "nothing has been said yet");
    bench.answer(id, 180);
    bench.receive(&Method::Invite, "z9hG4bKtheirs", UDP);
    assert_eq!(bench.look(), sent(&["180", "180"]));

    let mut bench = Bench::new();
    let id = bench.take(&Method::Bye, UDP);
    bench.answer(id, 200);
    bench.receive(&Method::Bye, "z9hG4bKtheirs", UDP);
    assert_eq!(bench.look(), sent(&["200", "200"]));
    bench.run();
    assert_eq!((bench.now - bench.start).as_secs(), 32);
}

#[test]
fn a_request_that_its_user_never_answers_does_not_stay() {
    let mut bench = Bench::new();
    bench.take(&Method::Options, UDP);
    assert_eq!(bench.run(), []);
    assert!(bench.layer.is_empty());
}

#[test]
fn a_cancel_waits_for_a_provisional_response_and_repeats_the_invites_branch() {
    let mut bench = Bench::new();
    let id = bench.ask(&Method::Invite, UDP);
    bench.layer.cancel(bench.now, id, Some("SIP;cause=200"));
    assert_eq!(bench.look(), sent(&["INVITE"]));
    bench.response(180, &Method::Invite, UDP);
    let Some(Output::Transmit { bytes, .. }) = std::iter::from_fn(|| bench.layer.poll_output())
        .find(|output| matches!(output, Output::Transmit { .. }))
    else {
        panic!("a CANCEL")
    };
    let cancel = Message::parse(bytes).unwrap();
    assert_eq!(cancel.cseq(), Some((7, Method::Cancel)));
    assert_eq!(cancel.top_via().unwrap().branch, Some("z9hG4bKours"));
    assert_eq!(cancel.header(HeaderName::Reason), Some("SIP;cause=200"));
    assert_eq!(cancel.to().unwrap().tag(), None);
    bench.look();
    bench.layer.cancel(bench.now, id, None);
    bench.response(180, &Method::Invite, UDP);
    assert_eq!(bench.look(), [heard("180")], "one CANCEL is enough");
    bench.response(200, &Method::Cancel, UDP);
    assert_eq!(bench.look(), [], "nobody waits for its response");
    bench.response(487, &Method::Invite, UDP);
    assert_eq!(bench.look(), [sent(&["ACK"]), vec![heard("487")]].concat());
}

#[test]
fn a_cancelled_invite_that_gets_no_final_response_is_given_up_after_32_seconds() {
    let mut bench = Bench::new();
    let id = bench.ask(&Method::Invite, TCP);
    bench.response(180, &Method::Invite, TCP);
    bench.layer.cancel(bench.now, id, None);
    bench.look();
    assert_eq!(times(&bench.run(), &Seen::Failed(Failure::Timeout)), [32_000]);
    assert!(bench.layer.is_empty());
}

#[test]
fn a_cancel_from_the_far_side_finds_its_invite_and_what_was_attached_to_it() {
    let mut bench = Bench::new();
    let id = bench.take(&Method::Invite, UDP);
    bench.layer.attach(id, 9);
    bench.receive(&Method::Cancel, "z9hG4bKtheirs", UDP);
    let Some(Output::Cancel { invite, context, transaction, .. }) = bench.layer.poll_output() else {
        panic!("a CANCEL")
    };
    assert_eq!((invite, context), (Some(id), Some(9)));
    bench.answer(transaction, 200);
    bench.receive(&Method::Cancel, "z9hG4bKtheirs", UDP);
    assert_eq!(bench.look(), sent(&["200", "200"]), "a copy is absorbed");
}

#[test]
fn a_broken_transport_fails_those_who_wait_for_that_peer_and_no_other() {
    let mut bench = Bench::new();
    bench.ask(&Method::Invite, UDP);
    let other = Peer::new("192.0.2.2:5060".parse().unwrap(), UDP);
    let bytes = request(&Method::Options, "z9hG4bKb", UDP);
    let outgoing = Outgoing { peer: other, method: &Method::Options, branch: "z9hG4bKb", bytes };
    bench.layer.request(bench.now, outgoing, 2).unwrap();
    bench.look();
    bench.layer.handle_transport_failed(bench.now, &peer(UDP));
    bench.layer.handle_transport_failed(bench.now, &peer(TCP));
    assert_eq!(bench.look(), [Seen::Failed(Failure::Transport)]);
    assert_eq!(bench.layer.len(), 1);
}

#[test]
fn without_the_magic_cookie_a_request_is_known_by_its_whole_head() {
    let mut bench = Bench::new();
    bench.receive(&Method::Invite, "1", UDP);
    let Some(Output::Request { transaction, .. }) = bench.layer.poll_output() else { panic!("an INVITE") };
    bench.answer(transaction, 486);
    bench.look();
    bench.receive(&Method::Invite, "1", UDP);
    assert_eq!(bench.look(), sent(&["486"]));
    bench.receive(&Method::Ack, "1", UDP);
    bench.receive(&Method::Invite, "1", UDP);
    assert_eq!(bench.look(), [], "confirmed: the ACK was matched");
}

#[test]
fn a_response_with_a_second_via_or_an_unknown_branch_is_dropped() {
    let mut bench = Bench::new();
    bench.ask(&Method::Options, UDP);
    bench.look();
    let text = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours, SIP/2.0/UDP x\r\n\
                From: <sip:a@x>;tag=n\r\nTo: <sip:b@x>;tag=f\r\nCall-ID: one\r\nCSeq: 7 OPTIONS\r\n\r\n";
    for text in
        [text.to_owned(), text.replace("ours, SIP/2.0/UDP x", "none"), text.replace("7 OPTIONS", "7 BYE")]
    {
        bench.layer.handle_packet(bench.now, peer(UDP), Message::parse(text.into()).unwrap());
    }
    assert_eq!(bench.look(), []);
}

#[test]
fn a_full_layer_refuses_with_503_and_keeps_nothing() {
    let mut bench = Bench::new();
    bench.layer.max = 1;
    bench.take(&Method::Options, UDP);
    bench.receive(&Method::Bye, "z9hG4bKsecond", UDP);
    let Some(Output::Transmit { bytes, .. }) = bench.layer.poll_output() else { panic!("a refusal") };
    let refusal = Message::parse(bytes).unwrap();
    assert_eq!(refusal.status(), Some(503));
    assert!(refusal.header(HeaderName::RetryAfter).is_some());
    let bytes = request(&Method::Bye, "z9hG4bKours", UDP);
    let outgoing = Outgoing { peer: peer(UDP), method: &Method::Bye, branch: "z9hG4bKours", bytes };
    assert_eq!(bench.layer.request(bench.now, outgoing, 1), Err(Full));
    assert_eq!(bench.layer.len(), 1);
    assert!(bench.now - bench.start < Duration::from_millis(1));
}

#[test]
fn cancel_and_ack_with_a_branch_of_their_own_still_find_their_invite() {
    let mut bench = Bench::new();
    let id = bench.take(&Method::Invite, UDP);
    bench.receive(&Method::Cancel, "z9hG4bKwrong", UDP);
    let Some(Output::Cancel { invite, .. }) = bench.layer.poll_output() else { panic!("a CANCEL") };
    assert_eq!(invite, Some(id));
    bench.answer(id, 487);
    bench.look();
    bench.receive(&Method::Ack, "z9hG4bKwrong2", UDP);
    assert_eq!(bench.look(), []);
    assert_eq!(bench.run(), [], "the failure is not repeated any more");
}

#[test]
fn the_same_request_again_is_merged_unless_the_first_was_challenged() {
    for (status, merges) in [(401, false), (486, true)] {
        let mut bench = Bench::new();
        let id = bench.take(&Method::Invite, UDP);
        bench.answer(id, status);
        bench.look();
        bench.receive(&Method::Invite, "z9hG4bKagain", UDP);
        let Some(Output::Request { is_merged, .. }) = bench.layer.poll_output() else { panic!("an INVITE") };
        assert_eq!(is_merged, merges, "{status}");
    }
}
