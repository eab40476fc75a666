//! What each leg is told: identity, diversion, applications' headers, failures and redirections, by its policy.

use super::phone::{Act, respond, respond_with, say};
use super::world::World;
use crate::Transport;
use crate::b2bua::{
    DiversionForm, Encryption, End, Extensions, MediaNeed, OfferPolicy, Redirect, Refusal, Side,
};
use crate::wire::{HeaderName, Message, Method};

const OFFER: Act = Act::Invite(Some("v=0 offer"));

fn invited(extra: &'static str, change: impl FnOnce(&mut World)) -> Message {
    let mut world = World::new(1);
    world.caller().extra = extra;
    world.plan.attempts[0].headers.clear();
    change(&mut world);
    world.act(0, OFFER);
    world.run_ms(50);
    world.phones[1].requests(&Method::Invite)[0].clone()
}

#[test]
fn who_diverted_is_told_in_the_form_of_the_leg_and_without_hosts() {
    let extra = "Diversion: <sip:+3706@pbx.secret>;reason=no-answer";
    let invite = invited(extra, |world| world.plan.attempts[0].leg.diversion = DiversionForm::HistoryInfo);
    let entries: Vec<_> = invite.values(HeaderName::HistoryInfo).collect();
    assert_eq!(
        entries,
        ["<sip:+3706@127.0.0.1:5060>;index=1", "<sip:+37060000001@127.0.0.1:5060;cause=408>;index=1.1",]
    );
    assert_eq!(invite.header(HeaderName::Diversion), None);
    let hidden = invited(extra, |world| world.plan.attempts[0].leg.diversion = DiversionForm::Hidden);
    assert_eq!(hidden.header(HeaderName::Diversion), None);
}

#[test]
fn an_asserted_identity_crosses_between_trusted_legs_and_privacy_always() {
    let extra = "P-Asserted-Identity: <tel:+3706>\nPrivacy: id";
    let trusted = invited(extra, |world| {
        world.plan.caller.is_trusted = true;
        world.plan.attempts[0].leg.is_trusted = true;
    });
    assert_eq!(trusted.header(HeaderName::PAssertedIdentity), Some("<tel:+3706>"));
    let stranger = invited(extra, |world| world.plan.caller.is_trusted = true);
    assert_eq!(stranger.header(HeaderName::PAssertedIdentity), None);
    assert_eq!(stranger.header(HeaderName::Privacy), Some("id"));
}

#[test]
fn application_headers_cross_by_the_list_of_the_leg() {
    let extra = "X-Order: 7\nX-Debug: 1\nUser-to-User: 56;encoding=hex";
    let invite = invited(extra, |world| {
        world.plan.attempts[0].leg.extensions = Extensions::Only(["user-to-user".into()].into());
    });
    assert_eq!((invite.extension("X-Order"), invite.extension("X-Debug")), (None, None));
    assert_eq!(invite.extension("User-to-User"), Some("56;encoding=hex"));
}

#[test]
fn a_redirection_is_refused_unless_it_stays_at_the_host_that_sent_it() {
    let elsewhere = "Contact: <sip:premium@127.0.0.99>";
    let same = "Contact: <sip:second@127.0.0.10:5060>";
    for (contact, redirect, is_followed) in [
        (elsewhere, Redirect::Refuse, false),
        (elsewhere, Redirect::SameHost, false),
        (same, Redirect::Refuse, false),
        (same, Redirect::SameHost, true),
    ] {
        let mut world = World::new(1).script(&[(100, say(302, None, ""))]);
        world.callee().redirects_to = Some(contact);
        world.plan.attempts[0].leg.redirect = redirect;
        world.act(0, OFFER);
        world.run_until_idle();
        let invites = world.phones[1].requests(&Method::Invite);
        assert_eq!(invites.len(), 1 + usize::from(is_followed), "{contact} {redirect:?}");
        if is_followed {
            assert_eq!(invites[1].request_uri(), Some("sip:second@127.0.0.10:5060"));
        }
        assert_eq!(world.caller().statuses(&Method::Invite), [100, 480], "the caller is not sent anywhere");
        assert_eq!(world.summary().end, End::Failed { status: 302, q850: None });
        world.assert_clean();
    }
}

#[test]
fn a_callee_that_declined_is_the_end_of_the_plan_and_a_listed_status_is_not() {
    for (status, tried) in [(603, 1), (600, 1), (486, 1), (404, 2), (503, 2)] {
        let mut world = World::new(2).script(&[(100, respond(status))]);
        world.plan.attempts[0].failover_on = vec![404, 503, 603, 600].into();
        world.act(0, OFFER);
        world.run_ms(1000);
        let invited = world.phones[1..].iter().filter(|p| !p.requests(&Method::Invite).is_empty()).count();
        assert_eq!(invited, tried, "{status}");
    }
}

#[test]
fn each_attempt_advances_by_its_own_list() {
    // What the first lists says nothing of the second, and the other way round.
    for (lists, statuses, tried) in [
        ([vec![404], vec![500]], [404, 404], 2),
        ([vec![404], vec![500]], [404, 500], 3),
        ([vec![404], vec![500]], [500, 500], 1),
        ([vec![503], vec![]], [503, 503], 2),
    ] {
        let mut world = World::new(3);
        for (index, list) in lists.iter().enumerate() {
            world.plan.attempts[index].failover_on = list.clone().into();
            world.phones[1 + index].script =
                vec![(std::time::Duration::from_millis(50), respond(statuses[index]))];
        }
        world.act(0, OFFER);
        world.run_ms(1000);
        let invited = world.phones[1..].iter().filter(|p| !p.requests(&Method::Invite).is_empty()).count();
        assert_eq!(invited, tried, "{lists:?} {statuses:?}");
    }
}

#[test]
fn a_busy_callee_is_passed_over_where_the_plan_lists_busy() {
    let mut world = World::new(2).script(&[(100, respond(486))]);
    world.plan.attempts[0].failover_on = vec![486].into();
    world.phones[2].script = vec![(std::time::Duration::from_millis(50), respond_with(200, "v=0 answer"))];
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
}

#[test]
fn a_refusal_says_when_to_try_again() {
    for (retry_after, expected) in [(Some(7), Some("7")), (None, None)] {
        let mut world = World::new(1);
        world.refusal = Some(Refusal { retry_after, ..Refusal::new(486, 17, "call-limit") });
        world.act(0, OFFER);
        world.run_until_idle();
        let refused = world.phones[0].heard.last().unwrap();
        assert_eq!((refused.status(), refused.header(HeaderName::RetryAfter)), (Some(486), expected));
    }
}

#[test]
fn a_leg_that_must_offer_is_refused_without_one() {
    let mut world = World::new(1);
    world.plan.caller.offer = OfferPolicy::Required;
    world.act(0, Act::Invite(None));
    world.run_until_idle();
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 488]);
    world.summary();
    world.assert_clean();
}

#[test]
fn a_callees_warning_and_server_do_not_name_its_hosts() {
    let mut world = World::new(1).script(&[(100, respond(488))]);
    world.callee().fails_with = "Warning: 399 sbc.secret \"no codec\"\nServer: secret/1";
    world.act(0, OFFER);
    world.run_until_idle();
    let failure = world.phones[0].heard.last().unwrap();
    assert_eq!(failure.header(HeaderName::Warning), Some("399 127.0.0.1:5060 \"no codec\""));
    assert_eq!(failure.header(HeaderName::Server), Some("Dialtone"));
}

/// The offers that the media plane was asked for, and the encryption that it was told at the end, of a call whose first
/// callee fails.
fn offers(first: Encryption, second: Encryption) -> (usize, [Encryption; 2]) {
    let mut world = World::new(2).script(&[(50, respond(503))]);
    for (attempt, encryption) in [first, second].into_iter().enumerate() {
        world.plan.attempts[attempt].leg.encryption = encryption;
    }
    world.phones[2].script = vec![(std::time::Duration::from_millis(50), respond_with(200, "v=0 answer"))];
    world.act(0, OFFER);
    world.run_ms(1000);
    assert_eq!(world.caller().statuses(&Method::Invite), [100, 200]);
    let asked = |need: &&MediaNeed| matches!(need, MediaNeed::Rewrite { from: Side::A, sdp, .. } if &sdp[..] == b"v=0 offer");
    (world.needs.iter().filter(asked).count(), world.engine.encryption(world.calls[0]))
}

#[test]
fn each_callee_that_is_offered_keys_has_an_offer_of_its_own() {
    use Encryption::{Accepted, Off, Offered, Required};
    assert_eq!(offers(Off, Accepted), (1, [Accepted, Accepted]), "without keys one serves all");
    assert_eq!(offers(Required, Required), (2, [Accepted, Required]));
    assert_eq!(offers(Offered, Off), (2, [Accepted, Off]), "those of the first are not for the second");
    assert_eq!(offers(Accepted, Required), (2, [Accepted, Required]));
    assert_eq!((Offered.over(Transport::Udp), Offered.over(Transport::Tls)), (Accepted, Offered));
    assert_eq!((Required.over(Transport::Udp), Off.over(Transport::Tls)), (Required, Off));
}

#[test]
fn a_description_that_cannot_be_served_is_refused_with_a_warning_that_says_why() {
    let mut world = World::new(1);
    let why = format!("no \"key\" in a=crypto, {}", "é".repeat(300));
    world.media_failure =
        Some(Refusal { warning: Some(why.into()), ..Refusal::new(488, 47, "media-unavailable") });
    world.act(0, OFFER);
    world.run_until_idle();
    let refused = world.phones[0].heard.last().unwrap();
    let warning = refused.header(HeaderName::Warning).unwrap();
    assert_eq!(refused.status(), Some(488));
    assert!(warning.starts_with("399 127.0.0.1:5060 \"no \\\"key\\\" in a=crypto, é"), "{warning}");
    assert!(warning.len() < 240 && warning.ends_with("é\""), "{warning}");
}
