//! The plain course of a call, and what crosses between its legs.

use std::time::Duration;

use super::phone::{Act, respond, respond_with};
use super::world::World;
use crate::Transport;
use crate::b2bua::{End, MediaNeed, Milestone, SdpKind, Side};
use crate::wire::{HeaderName, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));

/// Rings after 100 ms, answers after a second.
fn answering() -> World {
    World::new(1).script(&[(100, respond(180)), (1000, respond_with(200, "v=0 answer"))])
}

#[test]
fn a_call_rings_is_answered_and_ends_by_the_callers_bye() {
    let mut world = answering();
    world.act(0, OFFER);
    world.run_ms(3000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 200]);
    assert_eq!(world.callee().requests(&Method::Ack).len(), 1);
    world.act(0, Act::Bye);
    world.run_until_idle();

    assert_eq!(world.caller().statuses(&Method::Bye), [200]);
    assert_eq!(world.callee().requests(&Method::Bye).len(), 1);
    let summary = world.summary();
    assert_eq!(summary.end, End::Hangup { by: Side::A, q850: None });
    assert_eq!((summary.attempt, summary.attempts_tried.len()), (Some(0), 0));
    assert!(summary.ringing < summary.answered && summary.answered < Some(summary.ended));
    let events: Vec<_> = world.milestones.iter().map(|(_, event)| *event).collect();
    assert_eq!(events, [Milestone::Ringing, Milestone::Answered { attempt: 0 }]);
    world.assert_clean();
}

#[test]
fn the_callee_can_hang_up_and_its_reason_reaches_caller_and_summary() {
    let mut world = answering();
    world.act(0, OFFER);
    world.run_ms(3000);
    world.act(1, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.callee().statuses(&Method::Bye), [200]);
    let byes = world.phones[0].requests(&Method::Bye);
    assert_eq!(byes.len(), 1);
    assert_eq!(byes[0].extension("X-Said"), Some("by a phone"), "headers between the ends cross");
    assert_eq!(world.summary().end, End::Hangup { by: Side::B, q850: None });
    world.assert_clean();
}

#[test]
fn both_hanging_up_at_once_both_get_200_and_the_call_ends_once() {
    let mut world = answering();
    world.act(0, OFFER);
    world.run_ms(3000);
    let (caller, callee) = (world.phones[0].dialog.clone(), world.phones[1].dialog.clone());
    world.act(0, Act::Bye);
    world.act(1, Act::Bye);
    (world.phones[0].dialog, world.phones[1].dialog) = (caller, callee);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Bye), [200]);
    assert_eq!(world.callee().statuses(&Method::Bye), [200]);
    world.summary();
    world.assert_clean();
}

#[test]
fn descriptions_go_through_the_media_plane_in_both_directions() {
    let mut world = answering();
    world.act(0, OFFER);
    world.run_ms(3000);
    assert_eq!(world.callee().bodies(&Method::Invite), ["relayed(v=0 offer)"]);
    assert_eq!(world.caller().bodies(&Method::Invite), ["relayed(v=0 answer)"]);
    let kinds: Vec<_> = world
        .needs
        .iter()
        .map(|need| match need {
            MediaNeed::Rewrite { from, kind, .. } => Some((*from, *kind)),
            MediaNeed::Announce { .. } | MediaNeed::Confirmed | MediaNeed::Abandoned => None,
        })
        .collect();
    assert_eq!(kinds, [Some((Side::A, SdpKind::Offer)), Some((Side::B, SdpKind::Answer)), None]);
}

#[test]
fn early_media_reaches_the_caller_and_is_not_rewritten_twice_when_the_answer_repeats_it() {
    let mut world = World::new(1)
        .script(&[(100, respond_with(183, "v=0 early")), (2000, respond_with(200, "v=0 early"))]);
    world.act(0, OFFER);
    world.run_ms(3000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183, 200]);
    assert_eq!(world.caller().bodies(&Method::Invite), ["relayed(v=0 early)", "relayed(v=0 early)"]);
    assert_eq!(world.milestones[0].1, Milestone::EarlyMedia);
    assert_eq!(world.needs.len(), 3, "offer, answer, confirmed: {:?}", world.needs);
    assert_eq!(world.needs[2], MediaNeed::Confirmed);
}

#[test]
fn without_an_offer_the_2xx_offers_and_the_ack_answers() {
    let mut world = World::new(1).script(&[(100, respond(180)), (500, respond_with(200, "v=0 late offer"))]);
    world.thinking = Duration::from_millis(700);
    world.act(0, Act::Invite(None));
    world.run_ms(20_000);
    assert_eq!(world.caller().bodies(&Method::Invite), ["relayed(v=0 late offer)"]);
    let acks = world.phones[1].requests(&Method::Ack);
    assert!(!acks.is_empty() && acks.iter().all(|ack| ack.body() == "relayed(v=0 answer in ACK)"));
    assert_eq!(world.needs.last(), Some(&MediaNeed::Confirmed));
    assert!(world.ended.is_empty(), "repeats of the 2xx while the answer was awaited harm nothing");
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.summary();
    world.assert_clean();
}

#[test]
fn the_callees_failure_reaches_the_caller_with_its_status_and_phrase() {
    for status in [404, 486, 500, 603] {
        let mut world = World::new(1).script(&[(100, respond(180)), (300, respond(status))]);
        world.act(0, OFFER);
        world.run_until_idle();
        assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, status]);
        assert_eq!(world.callee().requests(&Method::Ack).len(), 0, "its transaction layer keeps the ACK");
        assert_eq!(world.summary().end, End::Failed { status, q850: None });
        assert_eq!(world.summary().attempts_tried, [(0, status)]);
        world.assert_clean();
    }
}

#[test]
fn nothing_of_one_leg_is_seen_on_the_other() {
    let mut world = answering();
    world.caller().extra = "User-Agent: secret-agent\nRecord-Route: <sip:127.0.0.2:5060;lr>\nX-Order: 7\n\
                            P-Asserted-Identity: <sip:0@127.0.0.2>\nMax-Forwards: 12";
    world.act(0, OFFER);
    world.run_ms(3000);
    world.act(0, Act::Bye);
    world.run_until_idle();
    let leaks = |to: &str, words: &[&str]| {
        let seen = world.seen.iter().filter(|(addr, _)| addr.ip().to_string() == to);
        let texts: Vec<_> = seen.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
        assert!(texts.len() > 2);
        for word in words {
            assert!(!texts.iter().any(|text| text.contains(word)), "{word} leaks to {to}: {texts:#?}");
        }
    };
    leaks("127.0.0.10", &["127.0.0.2", "caller.secret", "secret-agent", "call127", "tag127"]);
    leaks("127.0.0.2", &["127.0.0.10", "tag=callee"]);
    let invite = world.phones[1].requests(&Method::Invite)[0];
    assert_eq!(invite.max_forwards(), Some(11));
    assert_eq!(invite.extension("X-Order"), Some("7"));
    assert_eq!(invite.header(HeaderName::PAssertedIdentity), Some("<sip:+37061111111@engine>"));
}

#[test]
fn requests_follow_the_record_route_of_each_far_side() {
    let mut world = answering();
    world.callee().record_route = Some("<sip:127.0.0.10:5060;lr;side=b>");
    world.caller().extra = "Record-Route: <sip:127.0.0.2:5060;lr;side=a>";
    world.act(0, OFFER);
    world.run_ms(3000);
    assert_eq!(
        world.callee().requests(&Method::Ack)[0].header(HeaderName::Route),
        Some("<sip:127.0.0.10:5060;lr;side=b>")
    );
    world.act(1, Act::Bye);
    world.run_until_idle();
    let byes = world.phones[0].requests(&Method::Bye);
    assert_eq!(byes[0].header(HeaderName::Route), Some("<sip:127.0.0.2:5060;lr;side=a>"));
    assert_eq!(byes[0].request_uri(), Some("sip:phone@127.0.0.2:5060;transport=udp"));
}

#[test]
fn a_call_over_tcp_has_no_retransmissions_and_uses_the_connection_it_came_over() {
    let mut world =
        World::over(Transport::Tcp, 1).script(&[(100, respond(180)), (9000, respond_with(200, "v=0 x"))]);
    world.act(0, OFFER);
    world.run_ms(12_000);
    assert_eq!(world.callee().requests(&Method::Invite).len(), 1);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 200]);
    let contact = world.phones[0].heard.last().unwrap().contact().unwrap().unwrap().uri.to_owned();
    assert!(contact.ends_with("@127.0.0.1:5060;transport=tcp"), "{contact}");
    world.act(0, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.summary().end, End::Hangup { by: Side::A, q850: None });
    world.assert_clean();
}

#[test]
fn a_caller_that_never_acknowledges_gets_the_2xx_for_32_seconds_and_then_bye() {
    let mut world = answering();
    world.caller().acknowledges = false;
    world.act(0, OFFER);
    world.run_ms(30_000);
    let repeats = world.caller().statuses(&Method::Invite).iter().filter(|status| **status == 200).count();
    assert!((9..=11).contains(&repeats), "0, .5, 1.5, 3.5, 7.5, then every 4 s: {repeats}");
    assert!(world.ended.is_empty());
    world.run_until_idle();
    assert_eq!(world.summary().end, End::TransportFailed);
    assert_eq!(world.caller().requests(&Method::Bye).len(), 1);
    assert_eq!(world.callee().requests(&Method::Bye).len(), 1);
    world.assert_clean();
}

#[test]
fn a_callee_that_hangs_up_before_the_callers_ack_has_its_bye_passed_on_after_the_ack() {
    let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 x")), (115, Act::Bye)]);
    world.caller().acknowledges = false;
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.summary().end, End::Hangup { by: Side::B, q850: None });
    assert_eq!(world.caller().requests(&Method::Bye).len(), 0, "RFC 3261 §15: not before the ACK");
    world.caller().acknowledges = true;
    world.run_until_idle();
    assert_eq!(world.caller().requests(&Method::Bye).len(), 1);
    world.assert_clean();
}
