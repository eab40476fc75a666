//! What callers hear before their call fails, and a side before its call ends for want of money.

use std::time::Duration;

use super::phone::{Act, respond, respond_with};
use super::world::World;
use crate::b2bua::{ANNOUNCEMENT_MAX, End, Farewell, MediaNeed, Refusal, Side};
use crate::wire::{HeaderName, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));

fn refused(lasts: Duration) -> World {
    let mut world = World::new(1);
    world.refusal = Some(Refusal::new(404, 1, "number-not-found"));
    world.announced = Some(lasts);
    world
}

#[test]
fn a_refused_caller_hears_why_as_early_media_and_is_refused_then() {
    let mut world = refused(Duration::from_secs(7));
    world.act(0, OFFER);
    world.run_ms(6_900);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183]);
    assert_eq!(world.caller().bodies(&Method::Invite), ["relayed(v=0 offer)"]);
    assert!(matches!(&world.needs[..], [MediaNeed::Announce { .. }]));
    assert!(world.ended.is_empty());
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183, 404]);
    let last = world.phones[0].heard.last().unwrap();
    assert_eq!(last.header(HeaderName::Reason), Some("Q.850;cause=1;text=\"number-not-found\""));
    let [(from, Side::A, lasts)] = world.played[..] else { panic!("{:?}", world.played) };
    assert_eq!(lasts, Duration::from_secs(7));
    let summary = world.summary();
    assert_eq!(summary.ended, world.start + from + lasts);
    assert_eq!(summary.end, End::Refused(Refusal::new(404, 1, "number-not-found")));
    world.assert_clean();
}

#[test]
fn a_caller_that_gives_up_meanwhile_is_gone_at_once() {
    let mut world = refused(Duration::from_secs(7));
    world.act(0, OFFER);
    world.run_ms(1_000);
    world.act(0, Act::Cancel);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183, 487]);
    assert_eq!(world.summary().end, End::Cancelled);
    world.assert_clean();
}

#[test]
fn who_offers_nothing_or_whose_media_cannot_be_served_is_refused_at_once() {
    let mut world = refused(Duration::from_secs(7));
    world.act(0, Act::Invite(None));
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 404]);
    let mut world = refused(Duration::from_secs(7));
    world.media_failure = Some(Refusal::new(503, 47, "media-unavailable"));
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 404], "the reason stays the first one");
    assert!(world.played.is_empty());
    world.assert_clean();
}

#[test]
fn an_announcement_is_bounded_and_reliable_where_the_caller_requires_it() {
    let mut world = refused(Duration::from_secs(3_600));
    world.caller().extra = "Require: 100rel";
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183, 404]);
    assert!(world.phones[0].heard.iter().any(|heard| heard.header(HeaderName::RSeq).is_some()));
    assert_eq!(world.played[0].2, ANNOUNCEMENT_MAX);
    world.assert_clean();
}

#[test]
fn a_busy_callee_is_heard_before_its_486_goes_on() {
    let mut world = World::new(1).script(&[(100, respond(486))]);
    world.plan.busy = Some(Duration::from_secs(5));
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183, 486]);
    assert_eq!(world.played.len(), 1);
    assert_eq!(world.summary().end, End::Failed { status: 486, q850: None });
    world.assert_clean();
    let mut world = World::new(1).script(&[(100, respond_with(183, "v=0 early")), (300, respond(486))]);
    world.plan.busy = Some(Duration::from_secs(5));
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183, 486], "the far side was heard");
    assert!(world.played.is_empty());
}

fn funded() -> World {
    let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
    world.plan.funded = Some(Duration::from_secs(60));
    world.plan.extend_lead = Duration::from_secs(10);
    world.plan.farewell = Some(Farewell { side: Side::A, lasts: Duration::from_secs(5) });
    world
}

#[test]
fn money_that_runs_out_is_heard_within_the_paid_time_and_ends_the_call_with_bye_to_both() {
    let mut world = funded();
    world.act(0, OFFER);
    world.run_until_idle();
    let summary = world.summary();
    assert_eq!(summary.ended - summary.answered.unwrap(), Duration::from_secs(60), "not one second longer");
    let [(from, Side::A, lasts)] = world.played[..] else { panic!("{:?}", world.played) };
    assert_eq!(lasts, Duration::from_secs(5));
    assert_eq!(world.start + from + lasts, summary.ended);
    for phone in [0, 1] {
        let byes = world.phones[phone].requests(&Method::Bye);
        assert_eq!(byes[0].header(HeaderName::Reason), Some("Q.850;cause=21;text=\"out-of-funds\""));
    }
    world.assert_clean();
}

#[test]
fn money_that_is_extended_is_no_farewell_and_a_long_one_leaves_time_for_the_question() {
    let mut world = funded();
    world.funded = Some(Duration::from_secs(90));
    world.plan.farewell = Some(Farewell { side: Side::B, lasts: Duration::from_secs(60) });
    world.act(0, OFFER);
    world.run(Duration::from_secs(70));
    assert!(world.played.is_empty(), "{:?}", world.played);
    world.run_until_idle();
    assert!(world.played.iter().all(|(_, side, lasts)| *side == Side::B && *lasts <= Duration::from_secs(8)));
    assert!(!world.played.is_empty());
}
