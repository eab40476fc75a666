//! Attended transfers where the two calls are on two shards.

use std::time::Duration;

use super::phone::{Act, Phone, request, respond_with};
use super::world::World;
use crate::b2bua::{End, Input, Refusal, Side};
use crate::wire::{Message, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));

fn told(phone: &Phone) -> Vec<String> {
    let body = |notify: &&Message| String::from_utf8_lossy(&notify.body()).trim().to_owned();
    phone.requests(&Method::Notify).iter().map(body).collect()
}

/// How a Replaces names a phone's end of its dialog.
fn replaces(phone: &Phone) -> String {
    let dialog = phone.dialog.as_ref().unwrap();
    format!("{};to-tag={};from-tag={}", dialog.call_id(), dialog.remote_tag(), dialog.local_tag())
}

/// Phone 1 is called by phone 0 over the first shard, and has called phone 2 over the second; gives how it names that.
fn consulting(phones: usize) -> (World, String) {
    let mut world =
        World::new(phones - 1).with_second(&[1]).script(&[(100, respond_with(200, "v=0 answer"))]);
    let plans = world.plan.attempts.clone();
    world.plan.attempts = vec![plans[0].clone()];
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    let first = world.phones[1].dialog.take();
    world.plan.attempts = vec![plans[1].clone()];
    world.phones[2].script = vec![(Duration::from_millis(50), respond_with(200, "v=0 consulted"))];
    world.act(1, Act::Invite(Some("v=0 consultation")));
    world.run_ms(1000);
    let named = replaces(&world.phones[1]);
    world.phones[1].dialog = first;
    world.phones.iter_mut().for_each(|phone| phone.heard.clear());
    if let Some(plan) = plans.get(2) {
        world.plan.attempts = vec![plan.clone()];
    }
    let live = (world.engine.live_calls(), world.second.as_ref().unwrap().live_calls());
    assert_eq!(live, (1, 1), "each call has a shard of its own");
    (world, named)
}

fn refer_to(world: &mut World, phone: usize, replaces: &str) {
    let escaped = replaces.replace(';', "%3B").replace('=', "%3D");
    let extra = Box::leak(format!("Refer-To: <sip:c@engine?Replaces={escaped}>").into_boxed_str());
    world.act(phone, request(Method::Refer, None, extra));
    world.run_ms(1000);
}

/// Both talk to each other: requests cross in both directions, and offers too.
fn assert_joined(world: &mut World, one: usize, other: usize) {
    for (from, to) in [(one, other), (other, one)] {
        world.phones[to].heard.clear();
        world.act(from, Act::Ask(Method::Info));
        world.run_ms(200);
        assert_eq!(world.phones[to].requests(&Method::Info).len(), 1, "{from} to {to}");
        world.act(from, Act::Reinvite(Some("v=0 hold")));
        world.run_ms(1000);
        assert!(world.phones[to].bodies(&Method::Invite).contains(&"relayed(v=0 hold)".to_owned()));
        world.act(from, Act::Reinvite(Some("v=0 resume")));
        world.run_ms(1000);
    }
}

#[test]
fn an_attended_transfer_between_shards_makes_one_call_of_two() {
    for (leaves, by_first, by_second) in [(0, Side::A, Side::A), (2, Side::B, Side::B)] {
        let (mut world, named) = consulting(3);
        refer_to(&mut world, 1, &named);
        assert_eq!(world.phones[1].statuses(&Method::Refer), [202]);
        assert_eq!(told(&world.phones[1]), ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
        assert_eq!(world.phones[1].requests(&Method::Bye).len(), 2, "of both its calls");
        assert_eq!(world.phones[0].bodies(&Method::Invite), ["relayed(v=0 consulted)"]);
        assert!(world.ended.is_empty(), "both calls go on");
        assert_joined(&mut world, 0, 2);
        world.act(leaves, Act::Bye);
        world.run_until_idle();
        assert_eq!(world.phones[2 - leaves].requests(&Method::Bye).len(), 1);
        let ends: Vec<_> = world.ended.iter().map(|summary| summary.end.clone()).collect();
        let [second, first] = &ends[..] else { panic!("{ends:?}") };
        assert_eq!(*second, End::Hangup { by: by_second, q850: None });
        assert_eq!(*first, End::Hangup { by: by_first, q850: None });
        assert!(world.ended.iter().all(|summary| summary.answered.is_some()));
        world.assert_clean();
    }
}

#[test]
fn a_transfer_to_a_dialog_that_the_other_shard_has_not_leaves_both_calls() {
    let (mut world, named) = consulting(3);
    let (call_id, tags) = named.split_once(';').unwrap();
    refer_to(&mut world, 1, &format!("{call_id}-not;{tags}"));
    assert!(told(&world.phones[1])[1].starts_with("SIP/2.0 481"), "{:?}", told(&world.phones[1]));
    world.is_cut = true;
    world.phones[1].heard.clear();
    refer_to(&mut world, 1, &named);
    assert!(told(&world.phones[1])[1].starts_with("SIP/2.0 481"), "no word gets there");
    world.is_cut = false;
    assert!(world.ended.is_empty());
    world.phones[1].heard.clear();
    refer_to(&mut world, 1, &named);
    assert_eq!(told(&world.phones[1])[1], "SIP/2.0 200 OK", "another try may work");
    world.act(0, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.ended.len(), 2);
    world.assert_clean();
}

#[test]
fn a_target_that_hangs_up_while_the_dialog_is_on_its_way_frees_who_stays() {
    let (mut world, named) = consulting(3);
    // The words take 50 ms each: the BYE comes after the dialog was found and before the other one arrives.
    world.thinking = Duration::from_millis(50);
    let extra = named.replace(';', "%3B").replace('=', "%3D");
    let extra = Box::leak(format!("Refer-To: <sip:c@engine?Replaces={extra}>").into_boxed_str());
    world.act(1, request(Method::Refer, None, extra));
    world.run_ms(120);
    world.act(2, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.phones[0].requests(&Method::Bye).len(), 1);
    assert_eq!(world.ended.len(), 2);
    world.assert_clean();
}

#[test]
fn a_dialog_that_cannot_be_handed_over_is_hung_up_and_its_call_ends_once() {
    let (mut world, named) = consulting(3);
    world.thinking = Duration::from_millis(50);
    let extra = named.replace(';', "%3B").replace('=', "%3D");
    let extra = Box::leak(format!("Refer-To: <sip:c@engine?Replaces={extra}>").into_boxed_str());
    world.act(1, request(Method::Refer, None, extra));
    world.run_ms(80);
    world.is_cut = true;
    world.run_ms(2000);
    assert_eq!(world.phones[0].requests(&Method::Bye).len(), 1);
    let summary = world.summary();
    assert_eq!(summary.end, End::Refused(Refusal::new(503, 41, "platform-unavailable")));
    world.act(2, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.ended.len(), 2);
    world.assert_clean();
}

#[test]
fn a_call_that_is_ended_by_command_ends_on_both_shards() {
    for which in [0, 1] {
        let (mut world, named) = consulting(3);
        refer_to(&mut world, 1, &named);
        let refusal = Refusal::new(480, 16, "ended-by-command");
        let input = Input::End { call: world.calls[which], refusal };
        if which == 0 {
            world.tell(input);
        } else {
            let now = world.now;
            world.second.as_mut().unwrap().handle_input(now, input);
        }
        world.run_until_idle();
        for phone in [0, 2] {
            assert_eq!(world.phones[phone].requests(&Method::Bye).len(), 1);
        }
        assert_eq!(world.ended.len(), 2);
        assert!(world.ended.iter().all(|summary| matches!(summary.end, End::Refused(_))));
        world.assert_clean();
    }
}

#[test]
fn a_dialog_that_moved_may_move_on_and_come_home() {
    let (mut world, named) = consulting(4);
    refer_to(&mut world, 1, &named);
    // Phone 2 calls phone 3 over the first shard, and hands phone 0 back to there.
    let second = world.phones[2].dialog.take();
    world.phones[3].script = vec![(Duration::from_millis(50), respond_with(200, "v=0 third"))];
    world.act(2, Act::Invite(Some("v=0 consultation")));
    world.run_ms(1000);
    let named = replaces(&world.phones[2]);
    world.phones[2].dialog = second;
    world.phones.iter_mut().for_each(|phone| phone.heard.clear());
    refer_to(&mut world, 2, &named);
    assert_eq!(told(&world.phones[2]), ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
    assert_joined(&mut world, 0, 3);
    world.act(0, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.phones[3].requests(&Method::Bye).len(), 1);
    assert_eq!(world.ended.len(), 3);
    world.assert_clean();
}

#[test]
fn an_invite_that_replaces_a_side_is_steered_to_the_shard_of_its_call_also_after_that_has_moved() {
    for has_moved in [false, true] {
        let (mut world, named) = consulting(4);
        if has_moved {
            refer_to(&mut world, 1, &named);
        }
        // Phone 3 takes the place of phone 0, whose dialog began on the first shard; by its Call-ID alone it would come
        // to the second.
        let newcomer = world.phones[3].addr;
        world.at_second.push(newcomer);
        let extra = Box::leak(format!("Replaces: {}", replaces(&world.phones[0])).into_boxed_str());
        let stays = if has_moved { 2 } else { 1 };
        world.phones.iter_mut().for_each(|phone| phone.heard.clear());
        world.phones[3].extra = extra;
        world.act(3, Act::Invite(Some("v=0 newcomer")));
        world.run_ms(1000);
        assert_eq!(world.phones[3].statuses(&Method::Invite), [100, 200], "moved: {has_moved}");
        assert_eq!(world.phones[stays].bodies(&Method::Invite), ["relayed(v=0 newcomer)"]);
        assert_eq!(world.phones[0].requests(&Method::Bye).len(), 1);
        world.act(3, Act::Bye);
        world.run_until_idle();
        assert_eq!(world.ended.len(), if has_moved { 2 } else { 1 });
        if !has_moved {
            world.act(2, Act::Bye);
            world.run_until_idle();
        }
        world.assert_clean();
    }
}
