//! Transfers: blind and attended, carried out by us, passed on or refused; and an INVITE that replaces a side.

use std::time::Duration;

use super::phone::{Act, Phone, request, respond, respond_with};
use super::world::World;
use crate::b2bua::{End, Plan, Refusal, Side, Transfer};
use crate::wire::{HeaderName, Message, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));
const REFER: &str = "Refer-To: <sip:+3705@engine>\nReferred-By: <sip:b@phone>";

/// A call between phones 0 and 1, and a target at phone 2.
fn answered(target: &[(u64, Act)]) -> World {
    let mut world = World::new(2).script(&[(100, respond_with(200, "v=0 answer"))]);
    world.transfer_plan = Plan::new(vec![world.plan.attempts.pop().unwrap()]);
    world.phones[2].script =
        target.iter().map(|(ms, act)| (Duration::from_millis(*ms), act.clone())).collect();
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    world.phones.iter_mut().for_each(|phone| phone.heard.clear());
    world
}

fn refer(world: &mut World, phone: usize, extra: &'static str) {
    world.act(phone, request(Method::Refer, None, extra));
    world.run_ms(2000);
}

fn told(phone: &Phone) -> Vec<String> {
    let body = |notify: &&Message| String::from_utf8_lossy(&notify.body()).trim().to_owned();
    phone.requests(&Method::Notify).iter().map(body).collect()
}

#[test]
fn a_blind_transfer_leaves_the_far_side_with_the_target_whoever_refers() {
    for (refers, stays, by) in [(1, 0, Side::B), (0, 1, Side::A)] {
        let mut world = answered(&[(100, respond(180)), (500, respond_with(200, "v=0 target"))]);
        refer(&mut world, refers, REFER);
        assert_eq!(world.transfers, [(by, "sip:+3705@engine".to_owned())]);
        assert_eq!(world.phones[refers].statuses(&Method::Refer), [202]);
        let said = ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK"];
        assert_eq!(told(&world.phones[refers]), said);
        let last = world.phones[refers].requests(&Method::Notify)[2].clone();
        assert!(last.header(HeaderName::SubscriptionState).unwrap().starts_with("terminated"));
        assert!(last.header(HeaderName::Event).unwrap().starts_with("refer;id="));
        assert_eq!(world.phones[refers].requests(&Method::Bye).len(), 1);
        assert!(world.phones[stays].requests(&Method::Bye).is_empty());
        let invite = world.phones[2].requests(&Method::Invite)[0];
        assert_eq!(invite.header(HeaderName::ReferredBy), Some("<sip:b@phone>"));
        assert_eq!((invite.header(HeaderName::ReferTo), invite.extension("X-Said")), (None, None));
        assert_eq!(world.phones[stays].bodies(&Method::Invite), ["relayed(v=0 target)"]);
        assert!(world.ended.is_empty(), "both calls go on");

        world.act(stays, Act::Ask(Method::Info));
        world.act(2, Act::Ask(Method::Message));
        world.run_ms(200);
        assert_eq!(world.phones[2].requests(&Method::Info).len(), 1);
        assert_eq!(world.phones[stays].requests(&Method::Message).len(), 1);
        world.act(stays, Act::Reinvite(Some("v=0 hold")));
        world.run_ms(500);
        assert!(world.phones[2].bodies(&Method::Invite).contains(&"relayed(v=0 hold)".to_owned()));
        world.act(2, Act::Bye);
        world.run_until_idle();
        assert_eq!(world.phones[stays].requests(&Method::Bye).len(), 1);
        let ends: Vec<_> = world.ended.iter().map(|summary| summary.end.clone()).collect();
        assert!(ends.contains(&End::Hangup { by: Side::B, q850: None }) && ends.len() == 2, "{ends:?}");
        assert!(world.ended.iter().all(|summary| summary.answered.is_some()));
        assert_eq!(world.ended[0].ended, world.ended[1].ended, "both last to the end");
        world.assert_clean();
    }
}

#[test]
fn a_transfer_that_fails_leaves_the_call_as_it_was() {
    let mut world = answered(&[(100, respond(486))]);
    refer(&mut world, 1, REFER);
    assert_eq!(told(&world.phones[1]), ["SIP/2.0 100 Trying", "SIP/2.0 486 Busy Here"]);
    assert_eq!(world.ended.len(), 1, "only the transfer is over");
    world.act(0, Act::Ask(Method::Info));
    world.run_ms(100);
    assert_eq!(world.callee().requests(&Method::Info).len(), 1);
    world.phones[2].script = vec![(Duration::from_millis(50), respond_with(200, "v=0 target"))];
    refer(&mut world, 1, REFER);
    assert_eq!(world.phones[1].requests(&Method::Bye).len(), 1, "a second try may work");
    world.act(0, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.ended.len(), 3);
    world.assert_clean();
}

#[test]
fn a_target_that_the_driver_refuses_is_not_called() {
    let mut world = answered(&[]);
    world.refusal = Some(Refusal::new(403, 21, "destination-not-allowed"));
    refer(&mut world, 1, REFER);
    assert_eq!(told(&world.phones[1]), ["SIP/2.0 100 Trying", "SIP/2.0 403 Forbidden"]);
    assert!(world.phones[2].heard.is_empty());
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.assert_clean();
}

#[test]
fn who_refers_may_leave_at_once_and_the_far_side_waits_for_the_target() {
    let mut world = answered(&[(1000, respond_with(200, "v=0 target"))]);
    world.act(1, request(Method::Refer, None, REFER));
    world.run_ms(100);
    world.act(1, Act::Bye);
    world.run_ms(3000);
    assert!(world.phones[0].requests(&Method::Bye).is_empty());
    assert_eq!(world.phones[0].bodies(&Method::Invite), ["relayed(v=0 target)"]);
    world.act(0, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.phones[2].requests(&Method::Bye).len(), 1);
    assert_eq!(world.ended.len(), 2);
    world.assert_clean();
}

#[test]
fn a_far_side_whose_transfer_fails_after_the_other_has_left_is_hung_up() {
    let mut world = answered(&[(1000, respond(486))]);
    world.act(1, request(Method::Refer, None, REFER));
    world.run_ms(100);
    world.act(1, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.phones[0].requests(&Method::Bye).len(), 1);
    assert_eq!(world.ended.len(), 2);
    world.assert_clean();
}

#[test]
fn a_far_side_that_hangs_up_while_the_target_rings_frees_the_target() {
    let mut world = answered(&[(100, respond(180))]);
    refer(&mut world, 1, REFER);
    world.act(0, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.phones[2].requests(&Method::Cancel).len(), 1);
    assert_eq!(world.phones[1].requests(&Method::Bye).len(), 1);
    assert_eq!(world.ended.len(), 2);
    world.assert_clean();
}

#[test]
fn a_transferred_call_that_is_ended_by_command_ends_whole() {
    for which in [0, 1] {
        let mut world = answered(&[(100, respond_with(200, "v=0 target"))]);
        refer(&mut world, 1, REFER);
        let call = world.calls[which];
        world.tell(crate::b2bua::Input::End { call, refusal: Refusal::new(480, 16, "ended-by-command") });
        world.run_until_idle();
        for phone in [0, 2] {
            assert_eq!(world.phones[phone].requests(&Method::Bye).len(), 1);
        }
        assert!(
            world.ended.iter().all(|summary| matches!(summary.end, End::Refused(_))),
            "{:?}",
            world.ended
        );
        assert_eq!(world.ended.len(), 2);
        world.assert_clean();
    }
}

#[test]
fn a_refer_is_passed_or_refused_by_the_policy_of_its_leg_and_a_broken_one_gets_400() {
    for (policy, status, passed) in [(Transfer::Pass, 200, 1), (Transfer::Refuse, 403, 0)] {
        let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
        world.plan.caller.transfer = policy;
        world.act(0, OFFER);
        world.run_ms(1000);
        refer(&mut world, 0, REFER);
        assert_eq!(world.caller().statuses(&Method::Refer), [status]);
        assert_eq!(world.callee().requests(&Method::Refer).len(), passed);
    }
    let mut world = answered(&[]);
    refer(&mut world, 0, "Refer-To: <nonsense");
    assert_eq!(world.caller().statuses(&Method::Refer), [400]);
    assert!(world.transfers.is_empty());
}

#[test]
fn who_wants_no_notifications_gets_none() {
    let mut world = answered(&[(100, respond_with(200, "v=0 target"))]);
    refer(&mut world, 1, "Refer-To: <sip:+3705@engine>\nRefer-Sub: false");
    assert!(told(&world.phones[1]).is_empty());
    assert_eq!(world.phones[1].requests(&Method::Bye).len(), 1);
}

/// Phone 1 talks to phone 0, and in a call of its own to phone 2; gives how a Replaces names its end of that one.
fn consulting() -> (World, String) {
    let mut world = answered(&[(50, respond_with(200, "v=0 consulted"))]);
    world.plan = world.transfer_plan.clone();
    let first = world.phones[1].dialog.take();
    world.act(1, Act::Invite(Some("v=0 consultation")));
    world.run_ms(1000);
    let second = world.phones[1].dialog.clone().unwrap();
    world.phones[1].dialog = first;
    let named = (second.call_id().to_owned(), second.remote_tag().to_owned(), second.local_tag().to_owned());
    world.phones.iter_mut().for_each(|phone| phone.heard.clear());
    (world, format!("{};to-tag={};from-tag={}", named.0, named.1, named.2))
}

#[test]
fn an_attended_transfer_makes_one_call_of_two() {
    let (mut world, replaces) = consulting();
    let escaped = replaces.replace(';', "%3B").replace('=', "%3D");
    let extra: &'static str =
        Box::leak(format!("Refer-To: <sip:c@engine?Replaces={escaped}>").into_boxed_str());
    refer(&mut world, 1, extra);
    assert_eq!(told(&world.phones[1]).last().map(String::as_str), Some("SIP/2.0 200 OK"));
    assert_eq!(world.phones[1].requests(&Method::Bye).len(), 2, "of both its calls");
    assert_eq!(world.phones[0].bodies(&Method::Invite), ["relayed(v=0 consulted)"]);
    world.act(0, Act::Ask(Method::Info));
    world.run_ms(100);
    assert_eq!(world.phones[2].requests(&Method::Info).len(), 1);
    world.act(2, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.phones[0].requests(&Method::Bye).len(), 1);
    assert_eq!(world.ended.len(), 2);
    world.assert_clean();
}

#[test]
fn an_attended_transfer_to_a_dialog_that_nobody_has_fails_and_leaves_both_calls() {
    let (mut world, _) = consulting();
    refer(&mut world, 1, "Refer-To: <sip:c@engine?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>");
    assert_eq!(told(&world.phones[1]).len(), 2);
    assert!(told(&world.phones[1])[1].starts_with("SIP/2.0 481"));
    assert!(world.ended.is_empty());
}

#[test]
fn an_invite_with_replaces_takes_the_place_of_the_side_that_it_names() {
    let mut world = answered(&[]);
    let old = world.phones[1].dialog.clone().unwrap();
    let named =
        format!("Replaces: {};to-tag={};from-tag={}", old.call_id(), old.remote_tag(), old.local_tag());
    world.phones[2].extra = Box::leak(named.into_boxed_str());
    world.act(2, Act::Invite(Some("v=0 newcomer")));
    world.run_ms(1000);
    assert_eq!(world.phones[2].statuses(&Method::Invite), [100, 200]);
    assert_eq!(world.phones[0].bodies(&Method::Invite), ["relayed(v=0 newcomer)"]);
    assert_eq!(world.phones[2].bodies(&Method::Invite), ["relayed(v=0 re-answer)"]);
    assert_eq!(world.phones[1].requests(&Method::Bye).len(), 1);
    assert_eq!(world.calls.len(), 1, "it is no call of its own");
    world.act(2, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.phones[0].requests(&Method::Bye).len(), 1);
    assert_eq!(world.summary().end, End::Hangup { by: Side::B, q850: None });
    world.assert_clean();
}

#[test]
fn an_invite_that_replaces_nothing_we_know_gets_481() {
    let mut world = answered(&[]);
    for (replaces, status) in [("Replaces: x;to-tag=1;from-tag=2", 481), ("Replaces: nonsense", 400)] {
        world.phones[2].extra = replaces;
        world.phones[2].heard.clear();
        world.act(2, Act::Invite(Some("v=0 newcomer")));
        world.run_ms(500);
        assert_eq!(world.phones[2].statuses(&Method::Invite), [100, status]);
    }
    assert!(world.phones[1].heard.is_empty());
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.summary();
    world.assert_clean();
}
