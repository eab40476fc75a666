//! Before the answer: forks, early media, UPDATE in early dialogs.

use super::phone::{Act, request, respond, respond_with, say};
use super::world::World;
use crate::b2bua::{EarlyMedia, End, MediaNeed, Milestone};
use crate::wire::{HeaderName, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));

fn fork(status: u16, sdp: Option<&'static str>, tag: &'static str) -> Act {
    Act::Respond { status, sdp, tag }
}

#[test]
fn of_several_forks_the_first_early_media_is_heard_and_the_answer_of_another_replaces_it() {
    let mut world = World::new(1).script(&[
        (100, fork(183, Some("v=0 one"), "one")),
        (200, fork(183, Some("v=0 two"), "two")),
        (300, fork(180, None, "three")),
        (900, fork(200, Some("v=0 two"), "two")),
    ]);
    world.act(0, OFFER);
    world.run_ms(3000);
    let bodies = world.caller().bodies(&Method::Invite);
    assert_eq!(bodies, ["relayed(v=0 one)", "relayed(v=0 two)"]);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183, 183, 180, 200]);
    let tags: std::collections::BTreeSet<_> =
        world.phones[0].heard.iter().filter_map(|heard| heard.to().ok()?.tag()).collect();
    assert_eq!(tags.len(), 3, "each fork has a tag of its own");
    assert_eq!(world.needs.last(), Some(&MediaNeed::Confirmed));
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.summary();
    world.assert_clean();
}

#[test]
fn early_media_that_is_not_wanted_becomes_ringing() {
    let mut world = World::new(1)
        .script(&[(100, respond_with(183, "v=0 early")), (500, respond_with(200, "v=0 answer"))]);
    world.plan.attempts[0].leg.early_media = EarlyMedia::Ringing;
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 200]);
    assert_eq!(world.caller().bodies(&Method::Invite), ["relayed(v=0 answer)"]);
    assert_eq!(world.milestones[0].1, Milestone::Ringing);
}

#[test]
fn an_update_before_the_answer_crosses_where_both_sides_serve_it() {
    let mut world = World::new(1).script(&[
        (100, say(183, Some("v=0 early"), "Require: 100rel\nRSeq: 1\nAllow: INVITE, PRACK, UPDATE")),
        (2000, respond(200)),
    ]);
    world.caller().extra = "Require: 100rel\nAllow: INVITE, PRACK, UPDATE";
    world.act(0, OFFER);
    world.run_ms(500);
    world.act(0, request(Method::Update, Some("v=0 new"), ""));
    world.run_ms(200);
    assert_eq!(world.caller().statuses(&Method::Update), [200]);
    assert_eq!(world.callee().bodies(&Method::Update), ["relayed(v=0 new)"]);
    assert_eq!(world.caller().bodies(&Method::Update), ["relayed(v=0 update-answer)"]);
    world.act(1, request(Method::Update, Some("v=0 theirs"), ""));
    world.run_ms(200);
    assert_eq!(world.callee().statuses(&Method::Update), [200]);
    world.run_ms(3000);
    assert_eq!(world.caller().statuses(&Method::Invite).last(), Some(&200));
    for phone in 0..2 {
        world.act(phone, Act::Ask(Method::Info));
        world.run_ms(100);
        assert_eq!(world.phones[phone].statuses(&Method::Info), [200], "no CSeq was used twice");
    }
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.summary();
    world.assert_clean();
}

#[test]
fn an_update_that_cannot_cross_before_the_answer_is_refused_and_one_without_an_offer_is_answered_here() {
    let mut world = World::new(1).script(&[(100, respond_with(183, "v=0 early"))]);
    world.caller().extra = "Require: 100rel";
    world.act(0, OFFER);
    world.run_ms(500);
    world.act(0, request(Method::Update, Some("v=0 new"), ""));
    world.act(0, request(Method::Update, None, ""));
    world.run_ms(200);
    assert_eq!(world.caller().statuses(&Method::Update), [488, 200]);
    assert!(world.phones[1].requests(&Method::Update).is_empty());
    world.act(0, Act::Cancel);
    world.run_until_idle();
    assert_eq!(world.summary().end, End::Cancelled);
    world.assert_clean();
}

#[test]
fn an_update_before_any_answer_would_cross_the_first_offer() {
    let mut world = World::new(1).script(&[(100, say(180, None, "Allow: UPDATE"))]);
    world.caller().extra = "Require: 100rel";
    world.act(0, OFFER);
    world.run_ms(500);
    world.act(0, request(Method::Update, Some("v=0 new"), ""));
    world.run_ms(100);
    assert_eq!(world.caller().statuses(&Method::Update), [491]);
    assert_eq!(world.phones[0].heard.last().unwrap().header(HeaderName::RetryAfter), None);
}
