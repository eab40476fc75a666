//! Session timers, RFC 4028: one on each leg, whatever the other leg knows.

use std::time::Duration;

use super::phone::{Act, request, respond_with, say};
use super::world::World;
use crate::b2bua::{End, SessionTimer, Side};
use crate::wire::{HeaderName, Message, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));

/// A call whose caller and callee say this of session timers; both have forgotten how it began.
fn answered(caller: &'static str, callee: &'static str) -> World {
    let mut world = World::new(1).script(&[(100, say(200, Some("v=0 answer"), callee))]);
    world.caller().extra = caller;
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    world
}

fn forget(world: &mut World) {
    world.phones.iter_mut().for_each(|phone| phone.heard.clear());
}

fn run_secs(world: &mut World, secs: u64) {
    world.run(Duration::from_secs(secs));
}

fn assert_expired(world: &World) {
    let End::Refused(refusal) = &world.summary().end else { panic!("{:?}", world.summary().end) };
    assert_eq!((refusal.q850, &*refusal.cause), (102, "session-expired"));
}

fn reason_of_bye(world: &World, phone: usize) -> String {
    let byes = world.phones[phone].requests(&Method::Bye);
    byes.first().and_then(|bye| bye.header(HeaderName::Reason)).unwrap_or("no BYE").to_owned()
}

fn answer(world: &World, phone: usize) -> &Message {
    let heard = world.phones[phone].heard.iter().rev();
    heard.clone().find(|heard| heard.status() == Some(200)).expect("a 200")
}

#[test]
fn a_timer_is_offered_to_every_callee_and_the_interval_is_the_legs_own() {
    let mut world = World::new(1);
    world.plan.attempts[0].leg.session =
        SessionTimer { expires: Duration::from_secs(600), min: Duration::from_secs(120), is_offered: true };
    world.act(0, OFFER);
    world.run_ms(50);
    let invite = world.phones[1].requests(&Method::Invite)[0];
    assert_eq!(invite.header(HeaderName::SessionExpires), Some("600"));
    assert_eq!(invite.header(HeaderName::MinSe), Some("120"));
    assert!(invite.values(HeaderName::Supported).any(|tag| tag == "timer"));
}

#[test]
fn a_leg_that_is_not_to_have_a_timer_is_offered_none() {
    let mut world = World::new(1);
    world.plan.attempts[0].leg.session.is_offered = false;
    world.act(0, OFFER);
    world.run_ms(50);
    assert_eq!(world.phones[1].requests(&Method::Invite)[0].header(HeaderName::SessionExpires), None);
}

#[test]
fn a_callee_that_promised_to_refresh_and_does_not_ends_the_call_on_both_legs() {
    let mut world = answered("", "Session-Expires: 1800;refresher=uas\nRequire: timer");
    run_secs(&mut world, 1760);
    assert!(world.ended.is_empty());
    run_secs(&mut world, 60);
    assert_expired(&world);
    for phone in 0..2 {
        assert!(reason_of_bye(&world, phone).contains("session-expired"));
    }
    world.run_until_idle();
    world.assert_clean();
}

#[test]
fn our_refresh_is_an_update_where_the_callee_serves_it_and_keeps_the_call_up() {
    let says = "Session-Expires: 1800;refresher=uac\nAllow: INVITE, UPDATE";
    let mut world = answered("", says);
    world.callee().says = says;
    forget(&mut world);
    run_secs(&mut world, 4000);
    let updates = world.phones[1].requests(&Method::Update);
    assert_eq!(updates.len(), 4, "every 900 s");
    assert_eq!(updates[0].header(HeaderName::SessionExpires), Some("1800;refresher=uac"));
    assert!(updates[0].body().is_empty());
    assert!(world.phones[1].requests(&Method::Invite).is_empty());
    assert!(world.phones[0].requests(&Method::Update).is_empty(), "the caller's leg has no part in it");
    assert!(world.ended.is_empty());
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.summary();
    world.assert_clean();
}

#[test]
fn our_refresh_is_a_reinvite_with_the_offer_that_stands_where_update_is_not_served() {
    let says = "Session-Expires: 200;refresher=uac";
    let mut world = answered("", says);
    world.callee().says = says;
    forget(&mut world);
    run_secs(&mut world, 350);
    let invites = world.phones[1].requests(&Method::Invite);
    assert_eq!(invites.len(), 3);
    assert!(invites.iter().all(|invite| invite.body() == "relayed(v=0 offer)"));
    assert_eq!(world.phones[1].requests(&Method::Ack).len(), 3);
    assert!(world.phones[0].heard.is_empty(), "the caller hears nothing of it");
    assert!(world.ended.is_empty());
}

#[test]
fn a_refresh_that_finds_no_dialog_or_nobody_ends_the_call() {
    for (is_dead, reanswer) in [(true, 200), (false, 481), (false, 408)] {
        let mut world = answered("", "Session-Expires: 200;refresher=uac\nAllow: UPDATE");
        world.callee().is_dead = is_dead;
        world.callee().reanswer = Some(reanswer);
        run_secs(&mut world, 140);
        assert_expired(&world);
        world.run_until_idle();
        world.assert_clean();
    }
}

#[test]
fn a_refused_refresh_lets_the_session_run_to_its_end() {
    let mut world = answered("", "Session-Expires: 200;refresher=uac");
    world.callee().reanswer = Some(500);
    run_secs(&mut world, 190);
    assert!(world.ended.is_empty());
    run_secs(&mut world, 20);
    assert_expired(&world);
}

#[test]
fn a_callee_that_says_it_serves_update_and_does_not_gets_a_reinvite() {
    let mut world = answered("", "Session-Expires: 200;refresher=uac\nAllow: UPDATE");
    world.callee().reanswer = Some(405);
    world.run(Duration::from_millis(100_500));
    world.callee().reanswer = Some(200);
    world.callee().says = "Session-Expires: 200;refresher=uac";
    forget(&mut world);
    run_secs(&mut world, 90);
    assert_eq!(world.phones[1].requests(&Method::Invite).len(), 1);
    assert!(world.ended.is_empty());
}

#[test]
fn a_refresh_that_crosses_an_offer_is_tried_again_in_the_time_of_the_call_ids_owner() {
    let mut world = answered("", "Session-Expires: 200;refresher=uac");
    world.callee().reanswer = Some(491);
    forget(&mut world);
    run_secs(&mut world, 99);
    let mut sent = Vec::new();
    for _ in 0..400 {
        let before = world.phones[1].requests(&Method::Invite).len();
        world.run_ms(10);
        if world.phones[1].requests(&Method::Invite).len() > before {
            sent.push(world.now);
        }
    }
    assert!(sent.len() >= 2, "{sent:?}");
    let wait = sent[1] - sent[0];
    assert!((2_100..=4_020).contains(&wait.as_millis()), "we own the Call-ID of this leg: {wait:?}");
}

#[test]
fn a_callee_without_timers_is_asked_whether_it_is_there() {
    let mut world = answered("", "");
    forget(&mut world);
    run_secs(&mut world, 2000);
    assert_eq!(world.phones[1].requests(&Method::Options).len(), 2);
    assert_eq!(world.phones[0].requests(&Method::Options).len(), 2);
    assert!(world.ended.is_empty());
    world.callee().is_dead = true;
    run_secs(&mut world, 1000);
    assert_expired(&world);
}

#[test]
fn a_caller_that_refreshes_is_answered_here_and_one_that_stops_is_hung_up() {
    let caller = "Supported: timer\nSession-Expires: 600;refresher=uac";
    let mut world = answered(caller, "");
    let confirmed = answer(&world, 0);
    assert_eq!(confirmed.header(HeaderName::SessionExpires), Some("600;refresher=uac"));
    assert_eq!(confirmed.header(HeaderName::Require), Some("timer"));
    forget(&mut world);
    for _ in 0..3 {
        run_secs(&mut world, 300);
        world.act(0, request(Method::Update, None, caller));
        world.run_ms(100);
    }
    assert_eq!(world.caller().statuses(&Method::Update), [200; 3]);
    assert_eq!(answer(&world, 0).header(HeaderName::SessionExpires), Some("600;refresher=uac"));
    assert!(world.phones[1].requests(&Method::Update).is_empty());
    assert!(world.ended.is_empty());
    run_secs(&mut world, 560);
    assert!(world.ended.is_empty());
    run_secs(&mut world, 20);
    assert_expired(&world);
}

#[test]
fn a_callers_reinvite_that_changes_nothing_is_answered_here() {
    let mut world = answered("Supported: timer\nSession-Expires: 600;refresher=uac", "");
    forget(&mut world);
    world.needs.clear();
    world.act(
        0,
        request(Method::Invite, Some("v=0 offer"), "Session-Expires: 600;refresher=uac\nSupported: timer"),
    );
    world.run_ms(2000);
    assert_eq!(world.caller().statuses(&Method::Invite), [200]);
    assert_eq!(world.caller().bodies(&Method::Invite), ["relayed(v=0 answer)"]);
    assert!(world.phones[1].heard.is_empty() && world.needs.is_empty());
}

#[test]
fn a_caller_that_names_us_as_refresher_is_refreshed() {
    let caller = "Supported: timer\nAllow: UPDATE\nSession-Expires: 100;refresher=uas";
    let mut world = answered(caller, "");
    assert_eq!(answer(&world, 0).header(HeaderName::SessionExpires), Some("100;refresher=uas"));
    world.caller().says = "Session-Expires: 100;refresher=uac";
    run_secs(&mut world, 120);
    assert_eq!(world.phones[0].requests(&Method::Update).len(), 2);
    assert!(world.phones[1].requests(&Method::Update).is_empty());
    assert!(world.ended.is_empty());
}

#[test]
fn a_proxys_interval_for_a_caller_without_timers_is_kept_by_us() {
    let world = answered("Session-Expires: 60", "");
    let confirmed = answer(&world, 0);
    assert_eq!(confirmed.header(HeaderName::SessionExpires), Some("90;refresher=uas"));
    assert_eq!(confirmed.header(HeaderName::Require), None);
}

#[test]
fn too_short_an_interval_of_the_caller_gets_422_with_our_least() {
    let mut world = World::new(1);
    world.caller().extra = "Supported: timer\nSession-Expires: 60";
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 422]);
    assert_eq!(world.phones[0].heard.last().unwrap().header(HeaderName::MinSe), Some("90"));
    world.summary();
    world.assert_clean();

    let mut world = answered("", "");
    world.act(0, request(Method::Update, None, "Supported: timer\nSession-Expires: 30"));
    world.run_ms(100);
    assert_eq!(world.caller().statuses(&Method::Update), [422]);
    assert!(world.ended.is_empty());
}

#[test]
fn a_callee_that_finds_our_interval_too_short_is_asked_once_more_with_its_least() {
    let mut world = World::new(1).script(&[(100, say(422, None, "Min-SE: 3600"))]);
    world.act(0, OFFER);
    world.run_ms(112);
    world.callee().script = vec![(Duration::from_millis(50), respond_with(200, "v=0 answer"))];
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    let invites = world.phones[1].requests(&Method::Invite);
    assert_eq!(invites.len(), 2);
    assert_eq!(invites[1].header(HeaderName::SessionExpires), Some("3600"));
    assert_eq!(invites[1].header(HeaderName::MinSe), Some("3600"));

    let mut world = World::new(1).script(&[(100, say(422, None, "Min-SE: 3600"))]);
    world.act(0, OFFER);
    world.run_until_idle();
    assert_eq!(world.phones[1].requests(&Method::Invite).len(), 2, "it is not asked for ever");
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 422]);
    world.summary();
    world.assert_clean();
}

#[test]
fn a_lost_bye_is_found_out_by_the_session_timer() {
    let mut world = answered("", "Session-Expires: 200;refresher=uas\nRequire: timer");
    world.callee().is_dead = true;
    world.callee().dialog = None;
    run_secs(&mut world, 200);
    assert_expired(&world);
    assert!(matches!(world.summary().end, End::Refused(_)), "{:?}", Side::B);
    world.run_until_idle();
    world.assert_clean();
}
