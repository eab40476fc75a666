//! Requests of our own, and challenges that are answered for those only who may ask.

use std::time::Duration;

use super::phone::{Act, respond, respond_with};
use super::world::World;
use crate::Transport;
use crate::b2bua::{Credentials, Failure, Input, Origination, Peer, Secret};
use crate::digest;
use crate::wire::{HeaderName, Method};

const MD5: &str = r#"Digest realm="carrier.test", nonce="n1", algorithm=MD5, qop="auth""#;
const BOTH: &str = "Digest realm=\"carrier.test\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth\"";

fn ours(realm: Option<&str>) -> Credentials {
    Credentials {
        username: "me".to_owned(),
        secret: Secret::Password("secret".to_owned()),
        realm: realm.map(str::to_owned),
    }
}

fn ping(world: &World, method: Method, credentials: Option<Credentials>) -> Origination {
    let peer = Peer::new(world.phones[1].addr, Transport::Udp);
    let uri = format!("sip:{}", peer.addr);
    Origination {
        credentials,
        contact_user: Some("trunk-1".to_owned()),
        headers: vec![("Expires".to_owned(), "300".to_owned())],
        ..Origination::new(4711, peer, method, uri, "<sip:me@carrier.test>", "<sip:me@carrier.test>")
    }
}

fn originate(world: &mut World, origination: Origination) {
    world.tell(Input::Originate(Box::new(origination)));
    world.run_until_idle();
    world.assert_clean();
}

#[test]
fn a_peer_that_is_there_answers_our_options() {
    let mut world = World::new(1);
    let ping = ping(&world, Method::Options, None);
    originate(&mut world, ping);
    let (origin, cseq, result) = &world.originated[0];
    assert_eq!((*origin, *cseq, world.originated.len()), (4711, 1, 1));
    assert_eq!(result.as_ref().unwrap().status(), Some(200));
    let asked = world.phones[1].requests(&Method::Options)[0];
    assert_eq!(asked.header(HeaderName::Expires), Some("300"));
    assert!(asked.header(HeaderName::Contact).unwrap().starts_with("<sip:trunk-1@127.0.0.1:5060"));
}

#[test]
fn silence_counts_as_408_and_an_address_that_refuses_as_503() {
    let mut world = World::new(1);
    world.phones[1].is_dead = true;
    let asked = ping(&world, Method::Options, None);
    originate(&mut world, asked);
    assert_eq!(world.originated[0].2.as_ref().unwrap_err(), &Failure::Timeout);

    let mut world = World::new(1);
    world.unreachable.push(world.phones[1].addr);
    let asked = ping(&world, Method::Options, None);
    originate(&mut world, asked);
    assert_eq!(world.originated[0].2.as_ref().unwrap_err().status(), 503);
}

#[test]
fn what_would_make_a_call_is_not_sent() {
    for method in [Method::Invite, Method::Ack, Method::Bye, Method::Cancel] {
        let mut world = World::new(1);
        let asked = ping(&world, method, None);
        originate(&mut world, asked);
        assert!(world.originated[0].2.is_err());
        assert!(world.seen.is_empty());
    }
}

#[test]
fn a_registrar_of_our_realm_gets_our_digest_once_and_the_next_cseq() {
    for challenge in [MD5, BOTH] {
        let mut world = World::new(1);
        world.phones[1].challenge = Some((401, challenge));
        let asked = ping(&world, Method::Register, Some(ours(Some("carrier.test"))));
        originate(&mut world, asked);
        let (_, cseq, result) = &world.originated[0];
        assert_eq!((result.as_ref().unwrap().status(), *cseq), (Some(200), 2));
        let asked = world.phones[1].requests(&Method::Register);
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].call_id(), asked[1].call_id());
        let answer = digest::Credentials::parse(asked[1].header(HeaderName::Authorization).unwrap()).unwrap();
        let ha1 = digest::ha1(answer.algorithm, "me", "carrier.test", "secret");
        assert!(digest::verify(&answer, &ha1, &Method::Register, b""));
    }
}

#[test]
fn a_registrar_that_does_not_believe_us_is_not_asked_again() {
    let mut world = World::new(1);
    world.phones[1].challenge = Some((401, MD5));
    world.phones[1].believes = false;
    let asked = ping(&world, Method::Register, Some(ours(None)));
    originate(&mut world, asked);
    assert_eq!(world.originated[0].2.as_ref().unwrap().status(), Some(401));
    assert_eq!(world.phones[1].requests(&Method::Register).len(), 2);
}

#[test]
fn a_stored_hash_answers_its_own_algorithm_and_no_other() {
    let md5 = digest::ha1(digest::Algorithm::Md5, "me", "carrier.test", "secret");
    for (challenge, expected) in [(MD5, 200), (BOTH, 401)] {
        let mut world = World::new(1);
        world.phones[1].challenge = Some((401, challenge));
        let secret = Secret::Ha1 { md5: Some(md5.clone()), sha256: None };
        let asked = ping(&world, Method::Register, Some(Credentials { secret, ..ours(None) }));
        originate(&mut world, asked);
        assert_eq!(world.originated[0].2.as_ref().unwrap().status(), Some(expected), "{challenge}");
    }
}

#[test]
fn a_challenge_of_another_realm_learns_nothing_of_our_secret() {
    let mut world = World::new(1);
    world.phones[1].challenge = Some((401, MD5));
    let asked = ping(&world, Method::Register, Some(ours(Some("other.test"))));
    originate(&mut world, asked);
    assert_eq!(world.originated[0].2.as_ref().unwrap().status(), Some(401));
    assert_eq!(world.phones[1].requests(&Method::Register).len(), 1);
}

fn challenging(realm: Option<&str>, status: u16) -> World {
    let mut world = World::new(1).script(&[(100, respond(180)), (500, respond_with(200, "v=0 answer"))]);
    world.phones[1].challenge = Some((status, MD5));
    world.plan.attempts[0].credentials = realm.map(|realm| ours(Some(realm)));
    world.act(0, Act::Invite(Some("v=0 offer")));
    world.run(Duration::from_secs(3));
    world
}

#[test]
fn a_carrier_that_challenges_the_invite_gets_our_digest_and_an_ack_with_it() {
    for (status, name) in [(401, HeaderName::Authorization), (407, HeaderName::ProxyAuthorization)] {
        let mut world = challenging(Some("carrier.test"), status);
        assert_eq!(world.caller().statuses(&Method::Invite), [100, 180, 200]);
        let invites = world.phones[1].requests(&Method::Invite);
        let numbers: Vec<_> = invites.iter().map(|invite| invite.cseq().unwrap().0).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(invites[0].call_id(), invites[1].call_id());
        assert_eq!(invites[0].from().unwrap().tag(), invites[1].from().unwrap().tag());
        let answer = digest::Credentials::parse(invites[1].header(name).unwrap()).unwrap();
        assert_eq!(answer.uri, invites[1].request_uri().unwrap());
        let acks = world.phones[1].requests(&Method::Ack);
        assert_eq!(acks.len(), 1);
        assert_eq!(acks[0].header(name), invites[1].header(name));
        world.act(0, Act::Bye);
        world.run_until_idle();
        world.summary();
        world.assert_clean();
    }
}

#[test]
fn a_callee_of_another_realm_gets_no_digest_and_the_caller_403() {
    for realm in [Some("other.test"), None] {
        let mut world = challenging(realm, 407);
        assert_eq!(world.caller().statuses(&Method::Invite), [100, 403]);
        assert_eq!(world.phones[1].requests(&Method::Invite).len(), 1);
        world.run_until_idle();
        world.summary();
        world.assert_clean();
    }
}

#[test]
fn a_challenge_inside_the_call_is_never_answered() {
    let mut world = challenging(Some("carrier.test"), 407);
    world.phones[1].challenge = Some((407, MD5));
    world.phones[1].believes = false;
    world.phones[1].heard.clear();
    world.act(0, Act::Ask(Method::Info));
    world.act(0, Act::Bye);
    world.run_until_idle();
    for heard in &world.phones[1].heard {
        assert_eq!(heard.header(HeaderName::ProxyAuthorization), None);
    }
    assert!(!world.phones[1].requests(&Method::Info).is_empty());
    world.summary();
    world.assert_clean();
}
