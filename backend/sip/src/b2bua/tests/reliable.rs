//! Reliable provisional responses, RFC 3262: on one leg and not on the other.

use std::time::Duration;

use super::phone::{Act, respond, respond_with, say};
use super::world::World;
use crate::b2bua::{End, Reliability, SdpKind, Side};
use crate::wire::{HeaderName, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));

fn hang_up(world: &mut World) {
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.summary();
    world.assert_clean();
}

#[test]
fn a_callees_reliable_ringing_is_confirmed_by_us_and_plain_for_a_caller_that_knows_none() {
    let mut world = World::new(1).script(&[
        (100, say(180, None, "Require: 100rel\nRSeq: 41")),
        (300, say(183, Some("v=0 early"), "Require: 100rel\nRSeq: 42")),
        (900, respond(200)),
    ]);
    world.act(0, OFFER);
    world.run_ms(3000);
    assert!(
        world.phones[1].requests(&Method::Invite)[0].values(HeaderName::Supported).any(|tag| tag == "100rel")
    );
    let pracks = world.phones[1].requests(&Method::Prack);
    let racks: Vec<_> = pracks.iter().map(|prack| prack.header(HeaderName::RAck).unwrap()).collect();
    assert_eq!(racks, ["41 1 INVITE", "42 1 INVITE"]);
    assert_eq!(pracks[1].cseq().unwrap().0, pracks[0].cseq().unwrap().0 + 1);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 183, 200]);
    for heard in &world.phones[0].heard {
        assert_eq!((heard.header(HeaderName::RSeq), heard.header(HeaderName::Require)), (None, None));
    }
    assert_eq!(world.caller().bodies(&Method::Invite), ["relayed(v=0 early)"; 2], "the answer stands");
    world.act(1, Act::Ask(Method::Info));
    world.run_ms(100);
    assert_eq!(world.callee().statuses(&Method::Info), [200], "no CSeq was used twice");
    hang_up(&mut world);
}

#[test]
fn a_repeated_or_early_reliable_response_is_ignored() {
    let mut world = World::new(1).script(&[
        (100, say(180, None, "Require: 100rel\nRSeq: 41")),
        (200, say(180, None, "Require: 100rel\nRSeq: 41")),
        (300, say(183, None, "Require: 100rel\nRSeq: 44")),
    ]);
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.phones[1].requests(&Method::Prack).len(), 1);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180]);
}

#[test]
fn a_caller_that_requires_them_gets_reliable_responses_one_after_the_other() {
    let mut world = World::new(1).script(&[
        (100, respond(180)),
        (110, respond_with(183, "v=0 early")),
        (2000, respond_with(200, "v=0 early")),
    ]);
    world.caller().extra = "Require: 100rel";
    world.act(0, OFFER);
    world.run_ms(4000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 183, 200]);
    assert_eq!(world.caller().statuses(&Method::Prack), [200, 200]);
    let numbers: Vec<u32> =
        world.phones[0].heard.iter().filter_map(|heard| heard.number(HeaderName::RSeq)).collect();
    assert_eq!(numbers[1], numbers[0] + 1);
    assert!(world.phones[1].requests(&Method::Prack).is_empty(), "the callee's are not reliable");
    assert!(world.phones[1].requests(&Method::Invite)[0].header(HeaderName::Require).is_none());
    hang_up(&mut world);
}

#[test]
fn a_reliable_response_is_repeated_until_its_prack_comes_and_the_2xx_does_not_overtake_its_answer() {
    let mut world = World::new(1)
        .script(&[(100, respond_with(183, "v=0 early")), (1500, respond_with(200, "v=0 early"))]);
    world.caller().extra = "Require: 100rel";
    world.caller().pracks = false;
    world.act(0, OFFER);
    world.run_ms(3000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 183, 183, 183], "0.5 s and 1.5 s later again");
    let response = world.phones[0].heard.last().unwrap().clone();
    let rack = format!("RAck: {} 10 INVITE", response.header(HeaderName::RSeq).unwrap());
    let rack: &'static str = Box::leak(rack.into_boxed_str());
    world.caller().early =
        crate::dialog::Dialog::asking(&response, super::world::engine(crate::Transport::Udp));
    world.act(0, super::phone::request(Method::Prack, None, rack));
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Prack), [200]);
    assert_eq!(world.caller().statuses(&Method::Invite).last(), Some(&200));
    hang_up(&mut world);
}

#[test]
fn without_any_prack_the_call_is_given_up_with_504_and_the_callee_freed() {
    let mut world = World::new(1).script(&[(100, respond_with(183, "v=0 early"))]);
    world.caller().extra = "Require: 100rel";
    world.caller().pracks = false;
    world.act(0, OFFER);
    world.run(Duration::from_secs(40));
    assert_eq!(world.caller().statuses(&Method::Invite).last(), Some(&504));
    assert_eq!(world.callee().requests(&Method::Cancel).len(), 1);
    world.run_until_idle();
    assert!(matches!(world.summary().end, End::Refused(_)));
    world.assert_clean();
}

#[test]
fn a_prack_for_nothing_gets_481() {
    let mut world = World::new(1).script(&[(100, respond(180))]);
    world.caller().extra = "Require: 100rel";
    world.act(0, OFFER);
    world.run_ms(500);
    world.act(0, super::phone::request(Method::Prack, None, "RAck: 7 10 INVITE"));
    world.act(0, super::phone::request(Method::Prack, None, "RAck: nonsense"));
    world.run_ms(100);
    assert_eq!(world.caller().statuses(&Method::Prack), [200, 481, 481]);
}

#[test]
fn the_legs_policy_prefers_or_refuses_reliable_responses() {
    for (reliability, statuses, confirmed) in [
        (Reliability::Supported, &[100, 180, 200][..], 0),
        (Reliability::Preferred, &[100, 180, 200], 1),
        (Reliability::Off, &[100, 180, 200], 0),
    ] {
        let mut world = World::new(1).script(&[(100, respond(180)), (500, respond_with(200, "v=0 answer"))]);
        world.caller().extra = "Supported: 100rel";
        world.plan.caller.reliability = reliability;
        world.plan.attempts[0].leg.reliability = reliability;
        world.act(0, OFFER);
        world.run_ms(1000);
        assert_eq!(world.caller().statuses(&Method::Invite), statuses);
        assert_eq!(world.caller().statuses(&Method::Prack).len(), confirmed);
        let offered =
            world.phones[1].requests(&Method::Invite)[0].values(HeaderName::Supported).any(|t| t == "100rel");
        assert_eq!(offered, reliability != Reliability::Off);
    }
    let mut world = World::new(1);
    world.caller().extra = "Require: 100rel";
    world.plan.caller.reliability = Reliability::Off;
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 420]);
    world.summary();
    world.assert_clean();
}

#[test]
fn without_an_offer_nobody_is_asked_to_put_one_into_a_reliable_response() {
    let mut world = World::new(1).script(&[(100, respond(180)), (500, respond_with(200, "v=0 late offer"))]);
    world.caller().extra = "Require: 100rel";
    world.act(0, Act::Invite(None));
    world.run_ms(2000);
    assert!(
        !world.phones[1].requests(&Method::Invite)[0].values(HeaderName::Supported).any(|t| t == "100rel")
    );
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    hang_up(&mut world);
}

/// A call whose caller has heard a reliable 183 with a description and not confirmed it; gives the RAck for it.
fn unconfirmed(says: &'static str) -> (World, String) {
    let mut world = World::new(1).script(&[(100, say(183, Some("v=0 early"), says)), (2000, respond(200))]);
    world.caller().extra = "Require: 100rel\nAllow: INVITE, PRACK, UPDATE";
    world.caller().pracks = false;
    world.act(0, OFFER);
    world.run_ms(300);
    let response = world.phones[0].heard.last().unwrap().clone();
    world.caller().early =
        crate::dialog::Dialog::asking(&response, super::world::engine(crate::Transport::Udp));
    let rack = format!("RAck: {} 10 INVITE", response.header(HeaderName::RSeq).unwrap());
    (world, rack)
}

fn prack(world: &mut World, rack: String, offer: &'static str) {
    world.act(0, super::phone::request(Method::Prack, Some(offer), Box::leak(rack.into_boxed_str())));
    world.run_ms(200);
}

#[test]
fn an_offer_in_a_prack_is_passed_as_an_update_and_gets_the_callees_answer() {
    let (mut world, rack) = unconfirmed("Require: 100rel\nRSeq: 1\nAllow: INVITE, PRACK, UPDATE");
    prack(&mut world, rack, "v=0 new");
    assert_eq!(world.callee().bodies(&Method::Update), ["relayed(v=0 new)"]);
    assert_eq!(world.caller().statuses(&Method::Prack), [200]);
    assert_eq!(world.caller().bodies(&Method::Prack), ["relayed(v=0 update-answer)"]);
    world.run_ms(3000);
    let last = world.caller().bodies(&Method::Invite).pop().unwrap();
    assert_eq!(last, "relayed(v=0 update-answer)", "the 2xx says nothing older");
    world.act(0, Act::Ask(Method::Info));
    world.run_ms(100);
    assert_eq!(world.caller().statuses(&Method::Info), [200], "no CSeq was used twice");
    hang_up(&mut world);
}

#[test]
fn an_offer_in_a_prack_is_answered_by_the_media_plane_where_the_callee_serves_no_update() {
    let (mut world, rack) = unconfirmed("");
    world.needs.clear();
    prack(&mut world, rack, "v=0 new");
    assert!(world.phones[1].requests(&Method::Update).is_empty());
    assert_eq!(world.caller().bodies(&Method::Prack), ["relayed(v=0 early)"]);
    let rewrites: Vec<_> = world
        .needs
        .iter()
        .map(|need| match need {
            crate::b2bua::MediaNeed::Rewrite { from, kind, sdp } => (*from, *kind, sdp.to_vec()),
            other => panic!("{other:?}"),
        })
        .collect();
    let [offer, answer] = &rewrites[..] else { panic!("{rewrites:?}") };
    assert_eq!(*offer, (Side::A, SdpKind::Offer, b"v=0 new".to_vec()), "it knows where the caller is now");
    assert_eq!(*answer, (Side::B, SdpKind::Answer, b"v=0 early".to_vec()));
    world.run_ms(3000);
    assert_eq!(world.caller().statuses(&Method::Invite).last(), Some(&200));
    hang_up(&mut world);
}

#[test]
fn the_2xx_waits_for_the_answer_to_an_offer_in_a_prack() {
    let (mut world, rack) = unconfirmed("Require: 100rel\nRSeq: 1\nAllow: INVITE, PRACK, UPDATE");
    world.run_ms(1695);
    world.thinking = Duration::from_millis(300);
    // The offer is still with the media plane when the callee answers.
    prack(&mut world, rack, "v=0 new");
    assert_eq!(world.caller().statuses(&Method::Prack), Vec::<u16>::new());
    assert!(!world.caller().statuses(&Method::Invite).contains(&200));
    world.run_ms(3000);
    assert_eq!(world.caller().statuses(&Method::Prack), [200]);
    let heard: Vec<_> = world.phones[0].heard.iter().filter(|heard| heard.status() == Some(200)).collect();
    assert_eq!([heard[0].method(), heard[1].method()], [Method::Prack, Method::Invite]);
    hang_up(&mut world);
}
