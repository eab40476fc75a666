//! Offers that cross, storm or never end; lost messages.

use std::time::Duration;

use super::phone::{Act, request, respond, respond_with, say};
use super::world::World;
use crate::b2bua::{End, Side};
use crate::wire::{HeaderName, Method};

fn answered(callee: &'static str) -> World {
    let mut world = World::new(1).script(&[(100, say(200, Some("v=0 answer"), callee))]);
    world.act(0, Act::Invite(Some("v=0 offer")));
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    world.phones.iter_mut().for_each(|phone| phone.heard.clear());
    world
}

fn hang_up(mut world: World) {
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.summary();
    world.assert_clean();
}

#[test]
fn a_491_of_one_side_reaches_the_other_which_tries_again() {
    let mut world = answered("");
    world.callee().reanswer = Some(491);
    world.act(0, Act::Reinvite(Some("v=0 hold")));
    world.run_ms(500);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 491]);
    world.callee().reanswer = Some(200);
    world.act(0, Act::Reinvite(Some("v=0 hold")));
    world.run_ms(500);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 491, 100, 200]);
    hang_up(world);
}

#[test]
fn a_storm_of_reinvites_is_bounded_with_500_and_retry_after_and_the_call_goes_on() {
    let mut world = answered("");
    for _ in 0..60 {
        world.act(0, Act::Reinvite(Some("v=0 hold")));
        world.run_ms(1);
    }
    world.run_ms(5000);
    let refused = world.phones[0].heard.iter().filter(|heard| heard.status() == Some(500)).count();
    assert!(refused >= 40, "{refused}");
    let retry = world.phones[0].heard.iter().find(|heard| heard.status() == Some(500)).unwrap();
    assert!(retry.header(HeaderName::RetryAfter).is_some());
    assert!(world.phones[1].requests(&Method::Invite).len() <= 20);
    world.run_ms(10_000);
    world.phones[0].heard.clear();
    world.act(0, Act::Reinvite(Some("v=0 resume")));
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    hang_up(world);
}

#[test]
fn a_reinvite_that_only_ever_rings_does_not_block_other_offers_for_ever() {
    let mut world = answered("");
    world.callee().reanswer = Some(180);
    world.act(0, Act::Reinvite(Some("v=0 video")));
    world.run(Duration::from_secs(30));
    world.act(1, Act::Reinvite(Some("v=0 other")));
    world.run_ms(200);
    assert_eq!(world.callee().statuses(&Method::Invite), [491], "for now it does");
    world.run(Duration::from_secs(80));
    assert_eq!(world.phones[1].requests(&Method::Cancel).len(), 1);
    assert_eq!(world.caller().statuses(&Method::Invite).last(), Some(&500));
    assert!(world.ended.is_empty(), "the call goes on");
    world.callee().reanswer = Some(200);
    world.phones[1].heard.clear();
    world.act(1, Act::Reinvite(Some("v=0 other")));
    world.run_ms(500);
    assert_eq!(world.callee().statuses(&Method::Invite), [100, 200]);
    hang_up(world);
}

#[test]
fn an_update_with_an_offer_becomes_a_reinvite_for_a_side_that_serves_no_update() {
    let mut world = answered("");
    world.act(0, request(Method::Update, Some("v=0 new"), ""));
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Update), [200]);
    assert_eq!(world.callee().bodies(&Method::Invite), ["relayed(v=0 new)"]);
    assert_eq!(world.callee().requests(&Method::Ack).len(), 1);
    assert_eq!(world.caller().bodies(&Method::Update), ["relayed(v=0 re-answer)"]);

    let mut other = answered("Allow: UPDATE");
    other.act(0, request(Method::Update, Some("v=0 new"), ""));
    other.run_ms(1000);
    assert_eq!(other.callee().bodies(&Method::Update), ["relayed(v=0 new)"]);
    assert!(other.phones[1].requests(&Method::Invite).is_empty());
    hang_up(world);
    hang_up(other);
}

#[test]
fn a_lost_ack_ends_the_call_on_both_legs_after_64_t1() {
    let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
    world.caller().acknowledges = false;
    world.act(0, Act::Invite(Some("v=0 offer")));
    world.run(Duration::from_secs(60));
    assert_eq!(world.summary().end, End::TransportFailed);
    assert_eq!(world.phones[1].requests(&Method::Bye).len(), 1);
    assert_eq!(world.phones[0].requests(&Method::Bye).len(), 1);
    world.run_until_idle();
    world.assert_clean();
}

#[test]
fn a_cancel_that_comes_after_the_answer_changes_nothing() {
    let mut world = World::new(1).script(&[(100, respond(180)), (500, respond_with(200, "v=0 answer"))]);
    world.act(0, Act::Invite(Some("v=0 offer")));
    world.run_ms(505);
    world.act(0, Act::Cancel);
    world.run_ms(2000);
    let was_answered = world.caller().statuses(&Method::Invite).contains(&200);
    if was_answered {
        assert!(world.ended.is_empty());
        world.act(0, Act::Bye);
    }
    world.run_until_idle();
    let expected = if was_answered { End::Hangup { by: Side::A, q850: None } } else { End::Cancelled };
    assert_eq!(world.summary().end, expected);
    world.assert_clean();
}
