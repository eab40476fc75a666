//! What happens inside an answered call: re-INVITE, hold, other requests, money and commands.

use std::time::Duration;

use super::phone::{Act, respond_with};
use super::world::World;
use crate::b2bua::{Digit, DigitForm, End, Input, MediaNeed, Refusal, SdpKind, Side};
use crate::wire::{HeaderName, Message, Method};

fn answered() -> World {
    let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
    world.act(0, Act::Invite(Some("v=0 offer")));
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    for phone in &mut world.phones {
        phone.heard.clear();
    }
    world.needs.clear();
    world
}

#[test]
fn either_side_can_offer_again_and_each_2xx_has_its_ack() {
    for (asking, answering) in [(0, 1), (1, 0)] {
        let mut world = answered();
        world.act(asking, Act::Reinvite(Some("v=0 hold")));
        world.run_ms(3000);
        assert_eq!(world.phones[asking].statuses(&Method::Invite), [100, 200]);
        assert_eq!(world.phones[asking].bodies(&Method::Invite), ["relayed(v=0 re-answer)"]);
        assert_eq!(world.phones[answering].bodies(&Method::Invite), ["relayed(v=0 hold)"]);
        assert_eq!(world.phones[answering].requests(&Method::Ack).len(), 1);
        let side = if asking == 0 { Side::A } else { Side::B };
        assert!(
            matches!(&world.needs[0], MediaNeed::Rewrite { from, kind: SdpKind::Offer, .. } if *from == side)
        );
        assert_eq!(world.needs.last(), Some(&MediaNeed::Confirmed));
        world.act(asking, Act::Bye);
        world.run_until_idle();
        world.summary();
        world.assert_clean();
    }
}

#[test]
fn a_reinvite_without_an_offer_gets_one_and_answers_in_its_ack() {
    let mut world = answered();
    world.act(1, Act::Reinvite(None));
    world.run_ms(3000);
    assert_eq!(world.phones[1].bodies(&Method::Invite), ["relayed(v=0 re-answer)"]);
    assert_eq!(
        world.phones[0].requests(&Method::Ack).len(),
        1,
        "an ACK without an answer still ends the handshake"
    );
    assert!(world.ended.is_empty());
}

#[test]
fn a_refused_offer_leaves_the_call_and_its_media_as_they_were() {
    let mut world = answered();
    world.callee().reanswer = Some(488);
    world.act(0, Act::Reinvite(Some("v=0 video")));
    world.run_ms(3000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 488]);
    assert_eq!(world.needs.last(), Some(&MediaNeed::Abandoned));
    world.act(0, Act::Bye);
    world.run_until_idle();
    assert_eq!(world.summary().end, End::Hangup { by: Side::A, q850: None });
    world.assert_clean();
}

#[test]
fn offers_that_cross_get_491_on_at_least_one_side() {
    let mut world = answered();
    world.act(0, Act::Reinvite(Some("v=0 from a")));
    world.act(1, Act::Reinvite(Some("v=0 from b")));
    world.run_ms(5000);
    let finals: Vec<u16> =
        (0..2).map(|phone| *world.phones[phone].statuses(&Method::Invite).last().unwrap()).collect();
    assert!(finals.contains(&491), "{finals:?}");
    assert!(world.ended.is_empty());
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.summary();
    world.assert_clean();
}

#[test]
fn a_leg_that_has_forgotten_the_dialog_ends_the_call() {
    let mut world = answered();
    world.callee().reanswer = Some(481);
    world.act(0, Act::Reinvite(Some("v=0 hold")));
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 481]);
    assert_eq!(world.caller().requests(&Method::Bye).len(), 1);
    assert_eq!(world.summary().end, End::Hangup { by: Side::B, q850: None });
    world.assert_clean();
}

#[test]
fn other_requests_pass_to_the_other_leg_and_options_are_answered_here() {
    let mut world = answered();
    for method in [Method::Info, Method::Message, Method::Notify, Method::Options] {
        world.act(0, Act::Ask(method.clone()));
        world.run_ms(100);
        assert_eq!(world.caller().statuses(&method), [200], "{method}");
        let expected = usize::from(method != Method::Options);
        assert_eq!(world.callee().requests(&method).len(), expected, "{method}");
    }
    let info = world.phones[1].requests(&Method::Info)[0];
    assert_eq!(info.extension("X-Said"), Some("by a phone"));
    world.act(0, Act::Ask(Method::Prack));
    world.act(0, Act::Ask(Method::Other("FROB".into())));
    world.run_ms(100);
    assert_eq!(world.caller().statuses(&Method::Prack), [481]);
    assert_eq!(world.caller().statuses(&Method::Other("FROB".into())), [501]);
}

#[test]
fn a_request_for_a_dialog_that_is_over_gets_481() {
    let mut world = answered();
    let dialog = world.phones[0].dialog.clone();
    world.act(1, Act::Bye);
    world.run_until_idle();
    world.phones[0].dialog = dialog;
    world.act(0, Act::Ask(Method::Info));
    world.run_ms(100);
    assert_eq!(world.caller().statuses(&Method::Info), [481]);
}

#[test]
fn money_that_is_not_extended_ends_the_call_at_its_second() {
    let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
    world.plan.funded = Some(Duration::from_secs(60));
    world.plan.extend_lead = Duration::from_secs(10);
    world.act(0, Act::Invite(Some("v=0 offer")));
    world.run_until_idle();
    let summary = world.summary();
    assert_eq!(summary.ended - summary.answered.unwrap(), Duration::from_secs(60));
    assert!(matches!(&summary.end, End::Refused(refusal) if refusal.cause == "out-of-funds"));
    assert_eq!(
        world.extensions.len(),
        4,
        "asked again while money may still come: at 50, 52.5, 55 and 57.5 s"
    );
    for phone in [0, 1] {
        let byes = world.phones[phone].requests(&Method::Bye);
        assert_eq!(byes[0].header(HeaderName::Reason), Some("Q.850;cause=21;text=\"out-of-funds\""));
    }
    world.assert_clean();
}

#[test]
fn extended_money_is_asked_for_again_before_its_new_end() {
    let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
    world.plan.funded = Some(Duration::from_secs(60));
    world.plan.extend_lead = Duration::from_secs(10);
    world.funded = Some(Duration::from_secs(90));
    world.act(0, Act::Invite(Some("v=0 offer")));
    world.run_until_idle();
    let summary = world.summary();
    assert_eq!(summary.ended - summary.answered.unwrap(), Duration::from_secs(90));
    let asked: Vec<u64> = world.extensions.iter().map(Duration::as_secs).collect();
    assert_eq!(&asked[..2], [50, 80]);
    assert!(
        asked.len() <= 12,
        "a driver that always says the same is asked at most once a second: {asked:?}"
    );
}

#[test]
fn a_command_ends_an_answered_call_with_bye_to_both() {
    let mut world = answered();
    let call = world.calls[0];
    world.tell(Input::End { call, refusal: Refusal::new(503, 41, "ended-by-command") });
    world.run_until_idle();
    assert_eq!(world.summary().end, End::Refused(Refusal::new(503, 41, "ended-by-command")));
    for phone in [0, 1] {
        assert_eq!(world.phones[phone].requests(&Method::Bye).len(), 1);
    }
    world.assert_clean();
}

/// An offer that makes a request of more than a datagram holds.
fn large() -> &'static str {
    Box::leak(format!("v=0 {}", "a=candidate ".repeat(120)).into_boxed_str())
}

/// The transports of the re-INVITEs that a phone saw, by their Via.
fn transports(world: &World, phone: usize) -> Vec<String> {
    let invites = world.phones[phone].requests(&Method::Invite);
    let via = |invite: &&Message| invite.top_via().unwrap().transport.unwrap().to_string();
    invites.iter().map(via).collect()
}

#[test]
fn a_large_request_inside_a_dialog_goes_over_tcp_where_its_leg_takes_that() {
    for (takes, expected) in [(true, "TCP"), (false, "UDP")] {
        let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
        world.plan.attempts[0].leg.large_over_tcp = takes;
        world.act(0, Act::Invite(Some("v=0 offer")));
        world.run_ms(1000);
        world.act(0, Act::Reinvite(Some(large())));
        world.run_ms(1000);
        world.act(0, Act::Reinvite(Some("v=0 small")));
        world.run_ms(1000);
        assert_eq!(transports(&world, 1), ["UDP", expected, "UDP"]);
        let contact = world.phones[1].requests(&Method::Invite)[1].contact().unwrap().unwrap().uri.to_owned();
        assert_eq!(contact.contains("transport=tcp"), takes, "what follows may use the connection");
        assert_eq!(world.caller().statuses(&Method::Invite), [100, 200, 100, 200, 100, 200]);
        world.act(0, Act::Bye);
        world.run_until_idle();
        world.assert_clean();
    }
}

#[test]
fn a_large_request_falls_back_to_udp_where_nobody_listens_on_tcp_and_stays_there() {
    let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
    world.plan.attempts[0].leg.large_over_tcp = true;
    world.without_tcp = vec![world.phones[1].addr];
    world.act(0, Act::Invite(Some("v=0 offer")));
    world.run_ms(1000);
    for _ in 0..2 {
        world.act(0, Act::Reinvite(Some(large())));
        world.run_ms(1000);
        world.act(0, Act::Reinvite(Some("v=0 small")));
        world.run_ms(1000);
    }
    assert_eq!(transports(&world, 1), ["UDP"; 5]);
    let cseqs: Vec<_> =
        world.phones[1].requests(&Method::Invite).iter().map(|invite| invite.cseq().unwrap().0).collect();
    assert!(cseqs.is_sorted() && cseqs[2] == cseqs[1] + 1, "{cseqs:?}");
    world.act(0, Act::Bye);
    world.run_until_idle();
    world.assert_clean();
}

#[test]
fn digits_of_a_leg_that_does_them_as_info_are_pressed_in_the_media_of_the_other_and_back() {
    let key = |key, millis| Digit { key, millis };
    for (info, other, side) in [(0, 1, Side::A), (1, 0, Side::B)] {
        let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
        let leg = if info == 0 { &mut world.plan.caller } else { &mut world.plan.attempts[0].leg };
        leg.digits = DigitForm::Info;
        world.act(0, Act::Invite(Some("v=0 offer")));
        world.run_ms(1000);
        assert_eq!(world.engine.info_side(world.calls[0]), Some(side));
        let relay = "application/dtmf-relay";
        world.act(info, Act::Body(Method::Info, relay, "Signal=7\r\nDuration=120\r\n"));
        world.act(info, Act::Body(Method::Info, "text/plain", "Signal=7"));
        world.run_ms(200);
        assert_eq!(world.digits, [(side, key('7', 120))]);
        assert_eq!(world.phones[info].statuses(&Method::Info), [200, 200]);
        assert_eq!(world.phones[other].requests(&Method::Info).len(), 1, "what is no digit crosses");
        world.tell(Input::Digit { call: world.calls[0], to: side, digit: key('#', 80) });
        world.run_ms(200);
        let heard = world.phones[info].requests(&Method::Info);
        assert_eq!(heard[0].header(HeaderName::ContentType), Some("application/dtmf-relay"));
        assert_eq!(&heard[0].body()[..], b"Signal=#\r\nDuration=80\r\n");
        world.act(0, Act::Bye);
        world.run_until_idle();
        world.assert_clean();
    }
}

#[test]
fn digits_as_info_cross_as_they_are_where_both_legs_do_them_so_or_neither_does() {
    for form in [DigitForm::Info, DigitForm::Rtp] {
        let mut world = World::new(1).script(&[(100, respond_with(200, "v=0 answer"))]);
        (world.plan.caller.digits, world.plan.attempts[0].leg.digits) = (form, form);
        world.act(0, Act::Invite(Some("v=0 offer")));
        world.run_ms(1000);
        assert_eq!(world.engine.info_side(world.calls[0]), None);
        world.act(0, Act::Body(Method::Info, "application/dtmf", "5"));
        world.run_ms(200);
        assert_eq!((world.digits.len(), world.phones[1].bodies(&Method::Info)), (0, vec!["5".to_owned()]));
    }
}
