//! Set-up that does not go straight: refusals, failover, CANCEL, silence and forks.

use std::time::Duration;

use super::phone::{Act, respond, respond_with};
use super::world::World;
use crate::b2bua::{End, Input, Milestone, Refusal};
use crate::wire::{HeaderName, Message, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));

fn last(world: &World) -> &Message {
    world.phones[0].heard.iter().rfind(|heard| heard.method() == Method::Invite).unwrap()
}

#[test]
fn a_refusal_of_ours_carries_its_cause_word_in_reason() {
    let mut world = World::new(1);
    world.refusal = Some(Refusal::new(403, 21, "balance-too-low"));
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 403]);
    assert_eq!(last(&world).header(HeaderName::Reason), Some("Q.850;cause=21;text=\"balance-too-low\""));
    assert_eq!(world.summary().end, End::Refused(Refusal::new(403, 21, "balance-too-low")));
    assert_eq!(world.summary().attempt, None);
    world.assert_clean();
}

#[test]
fn a_503_moves_on_to_the_next_attempt_and_a_busy_does_not() {
    let mut world = World::new(3).script(&[(50, respond(503))]);
    world.phones[2].script = vec![(Duration::from_millis(50), respond(486))];
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 486]);
    assert_eq!(world.summary().attempts_tried, [(0, 503), (1, 486)]);
    assert_eq!(world.phones[3].requests(&Method::Invite).len(), 0);
    let ids: Vec<_> =
        [1, 2].map(|phone| world.phones[phone].requests(&Method::Invite)[0].call_id().unwrap()).into();
    assert_ne!(ids[0], ids[1], "each attempt is a call of its own");
    world.assert_clean();
}

#[test]
fn the_bindings_of_one_user_are_tried_on_any_failure_but_a_global_one() {
    for (second, expected) in [(603, vec![100, 603]), (480, vec![100, 180, 200])] {
        let mut world = World::new(3).script(&[(50, respond(486))]);
        for attempt in &mut world.plan.attempts {
            attempt.next_on_any_failure = true;
        }
        world.phones[2].script = vec![(Duration::from_millis(50), respond(second))];
        world.phones[3].script = vec![
            (Duration::from_millis(50), respond(180)),
            (Duration::from_millis(90), respond_with(200, "v=0 3")),
        ];
        world.act(0, OFFER);
        world.run_ms(2000);
        assert_eq!(world.caller().statuses(&Method::Invite), expected);
    }
}

#[test]
fn a_silent_peer_is_given_up_after_32_seconds_and_the_next_one_answers() {
    let mut world = World::new(2);
    world.phones[2].script = vec![(Duration::from_millis(50), respond_with(200, "v=0 second"))];
    world.act(0, OFFER);
    world.run_ms(40_000);
    // Timer A: 0, .5, 1.5, 3.5, 7.5, 15.5, 31.5 s; the phone's layer absorbs the repeats, the wire does not.
    let sent = world
        .seen
        .iter()
        .filter(|(to, bytes)| to.ip().to_string() == "127.0.0.10" && bytes.starts_with(b"INVITE"));
    assert_eq!(sent.count(), 7);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    let (at, event) = world.milestones[0];
    assert_eq!(event, Milestone::Answered { attempt: 1 });
    assert!(at > Duration::from_secs(32) && at < Duration::from_secs(33), "{at:?}");
    world.act(0, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.summary().attempts_tried, [(0, 408)]);
    assert_eq!(world.summary().attempt, Some(1));
    world.assert_clean();
}

#[test]
fn a_lone_silent_peer_gives_the_caller_408() {
    let mut world = World::new(1);
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 408]);
    assert_eq!(world.summary().end, End::Failed { status: 408, q850: None });
    world.assert_clean();
}

#[test]
fn a_peer_out_of_reach_counts_as_503_at_once() {
    let mut world = World::new(2);
    world.unreachable = vec![world.phones[1].addr];
    world.phones[2].script = vec![(Duration::from_millis(50), respond_with(200, "v=0 second"))];
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);

    let mut world = World::new(1);
    world.unreachable = vec![world.phones[1].addr];
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 503]);
    assert_eq!(world.summary().end, End::TransportFailed);
    assert_eq!(world.summary().attempts_tried, [(0, 503)]);
    world.assert_clean();
}

#[test]
fn cancel_before_the_answer_frees_both_sides() {
    let mut world = World::new(1).script(&[(100, respond(180))]);
    world.act(0, OFFER);
    world.run_ms(2000);
    world.act(0, Act::Cancel);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Cancel), Vec::<u16>::new(), "its layer keeps the 200");
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 487]);
    assert_eq!(world.callee().requests(&Method::Cancel).len(), 1);
    assert_eq!(world.summary().end, End::Cancelled);
    assert_eq!(world.summary().answered, None);
    world.assert_clean();
}

#[test]
fn cancel_while_the_driver_still_thinks_ends_the_call_once() {
    for thinking in [30, 3000] {
        let mut world = World::new(1).script(&[(100, respond(180))]);
        world.thinking = Duration::from_millis(thinking);
        world.act(0, OFFER);
        world.run_ms(60);
        world.act(0, Act::Cancel);
        world.run_until_idle();
        assert_eq!(world.caller().statuses(&Method::Invite), [100, 487]);
        assert_eq!(world.summary().end, End::Cancelled);
        assert_eq!(world.callee().heard.len(), 0);
        world.assert_clean();
    }
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    // The wire takes 5 ms a hop: the callee's 200 is on its way when the CANCEL arrives at the engine.
    let mut world = World::new(1).script(&[(100, respond(180)), (1000, respond_with(200, "v=0 x"))]);
    world.act(0, OFFER);
    world.run_ms(1008);
    world.act(0, Act::Cancel);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 487]);
    assert_eq!(world.callee().requests(&Method::Ack).len(), 1);
    assert_eq!(world.callee().requests(&Method::Bye).len(), 1);
    assert_eq!(world.summary().end, End::Cancelled);
    world.assert_clean();
}

#[test]
fn nobody_answering_within_the_ring_timeout_ends_in_480_and_cancel() {
    let mut world = World::new(1).script(&[(100, respond(180))]);
    world.act(0, OFFER);
    world.run_ms(119_000);
    assert!(world.ended.is_empty());
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 480]);
    assert_eq!(world.callee().requests(&Method::Cancel).len(), 1);
    assert_eq!(world.summary().end, End::NoAnswer);
    assert_eq!(world.summary().ended - world.summary().started, Duration::from_secs(120));
    world.assert_clean();
}

#[test]
fn each_fork_has_its_own_tag_and_a_late_one_is_hung_up() {
    let fork = |status, tag| Act::Respond { status, sdp: None, tag };
    let mut world =
        World::new(1).script(&[(100, fork(180, "one")), (200, fork(180, "two")), (300, fork(183, "one"))]);
    world.act(0, OFFER);
    world.run_ms(1000);
    let tags: Vec<_> =
        world.phones[0].heard[1..].iter().map(|m| m.to().unwrap().tag().unwrap().to_owned()).collect();
    assert_eq!(tags.len(), 3);
    assert_ne!(tags[0], tags[1]);
    assert_eq!(tags[0], tags[2]);

    // Both forks answer: the second is acknowledged and hung up.
    let ids: Vec<_> = world.phones[1].requests(&Method::Invite).into_iter().cloned().collect();
    let answer = |tag: &str| {
        let from = world.phones[1].addr;
        let peer = crate::b2bua::Peer::new(from, crate::Transport::Udp);
        let bytes =
            crate::transaction::reply(&ids[0], &super::world::engine(crate::Transport::Udp), 200, "OK", tag)
                .header("Contact", format!("<sip:{tag}@{from}>"))
                .finish();
        Input::Packet { from: peer, message: Message::parse(bytes).unwrap() }
    };
    let (first, second) = (answer("two"), answer("one"));
    world.tell(first);
    world.run_ms(100);
    assert_eq!(last(&world).to().unwrap().tag(), Some(&*tags[1]));
    world.tell(second);
    world.run_ms(100);
    let byes: Vec<_> = world.phones[1]
        .requests(&Method::Bye)
        .iter()
        .map(|bye| bye.to().unwrap().tag().unwrap().to_owned())
        .collect();
    assert_eq!(byes, ["one"]);
    assert!(world.ended.is_empty());
}

#[test]
fn too_many_hops_get_483_and_a_missing_max_forwards_counts_as_70() {
    let mut world = World::new(1).script(&[(100, respond(180))]);
    world.caller().extra = "Max-Forwards: 0";
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 483]);
    assert!(matches!(&world.summary().end, End::Refused(refusal) if refusal.cause == "routing-loop"));

    let mut world = World::new(1).script(&[(100, respond(180))]);
    world.act(0, OFFER);
    world.run_ms(500);
    assert_eq!(world.callee().requests(&Method::Invite)[0].max_forwards(), Some(69));
}

#[test]
fn an_extension_that_does_not_pass_is_refused_with_420() {
    let mut world = World::new(1);
    world.caller().extra = "Require: gruu";
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [420]);
    assert_eq!(last(&world).header(HeaderName::Unsupported), Some("gruu"));
    assert!(world.ended.is_empty() && world.calls.is_empty());
    world.assert_clean();
}

#[test]
fn media_that_cannot_be_set_up_refuses_the_call() {
    let mut world = World::new(1).script(&[(100, respond(180))]);
    world.media_failure = Some(Refusal::new(488, 88, "media-unavailable"));
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 488]);
    assert_eq!(world.callee().heard.len(), 0);
    world.summary();
    world.assert_clean();
}

#[test]
fn media_that_fails_at_the_answer_hangs_the_callee_up() {
    let mut world = World::new(1).script(&[(100, respond(180)), (500, respond_with(200, "v=0 x"))]);
    world.act(0, OFFER);
    world.run_ms(300);
    world.media_failure = Some(Refusal::new(503, 47, "media-unavailable"));
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 503]);
    assert_eq!(world.callee().requests(&Method::Ack).len(), 1);
    assert_eq!(world.callee().requests(&Method::Bye).len(), 1);
    assert_eq!(world.summary().answered, None);
    world.assert_clean();
}

#[test]
fn a_driver_that_says_nothing_costs_503_after_its_patience() {
    let mut world = World::new(1);
    world.thinking = Duration::from_secs(3600);
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 503]);
    assert_eq!(last(&world).header(HeaderName::RetryAfter), Some("5"));
    assert_eq!(world.engine.requests.len(), 0);
}

#[test]
fn an_end_by_command_before_the_answer_refuses_and_cancels() {
    let mut world = World::new(1).script(&[(100, respond(180))]);
    world.act(0, OFFER);
    world.run_ms(1000);
    let call = world.calls[0];
    for _ in 0..2 {
        world.tell(Input::End { call, refusal: Refusal::new(503, 41, "platform-stopped") });
    }
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 503]);
    let cancels = world.phones[1].requests(&Method::Cancel);
    assert_eq!(cancels[0].header(HeaderName::Reason), Some("Q.850;cause=41;text=\"platform-stopped\""));
    world.summary();
    world.assert_clean();
}
