//! Registrations, with digest.

use super::peers::{Phone, Raw, challenges, credentials, until};
use super::{DOMAIN, Edge, SECRET, fakes};
use crate::seam::Registrar;
use sip::Method;
use sip::digest::{Algorithm, NonceMint};
use sip::ua::{Account, Event, Registration};
use sip::wire::HeaderName;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn registration(edge: &Edge, password: &str) -> Registration {
    Registration {
        registrar: edge.addr,
        domain: DOMAIN.to_owned(),
        account: Account { username: fakes::USER.to_owned(), password: password.to_owned() },
        expires: Duration::from_secs(600),
    }
}

#[test]
fn a_phone_registers_with_its_password_and_unregisters() {
    let edge = Edge::start();
    let mut phone = Phone::new(edge.addr, "alice");
    let binding = phone.agent.register(Instant::now(), registration(&edge, fakes::PASSWORD)).unwrap();
    let expires = until("Registered", &mut [&mut phone], |phones| {
        phones[0].take(|event| match event {
            Event::Registered { expires, .. } => Some(*expires),
            _ => None,
        })
    });
    assert_eq!(expires, Duration::from_secs(600));
    let bound = edge.phones.lookup("alice@t.test", SystemTime::now());
    assert_eq!(bound.len(), 1);
    assert_eq!(bound[0].hop.address, phone.addr());
    assert_eq!(bound[0].user_agent, "test phone");

    phone.agent.unregister(Instant::now(), binding).unwrap();
    until("Unregistered", &mut [&mut phone], |phones| {
        phones[0].take(|event| matches!(event, Event::Unregistered { .. }).then_some(()))
    });
    assert!(edge.phones.lookup("alice@t.test", SystemTime::now()).is_empty());
    assert_eq!(edge.handle.counters().registrations, 2);
}

#[test]
fn a_wrong_password_is_refused() {
    let edge = Edge::start();
    let mut phone = Phone::new(edge.addr, "alice");
    phone.agent.register(Instant::now(), registration(&edge, "guess")).unwrap();
    let status = until("RegisterFailed", &mut [&mut phone], |phones| {
        phones[0].take(|event| match event {
            Event::RegisterFailed { status, .. } => Some(*status),
            _ => None,
        })
    });
    assert_eq!(status, 403);
    assert!(edge.phones.lookup("alice@t.test", SystemTime::now()).is_empty());
    assert_eq!(edge.handle.counters().wrong_credentials, 1);
}

#[test]
fn a_challenge_offers_sha_256_first_and_md5_each_with_its_own_nonce() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    let response = raw.ask("REGISTER", "sip:alice@t.test", "");
    let challenges = challenges(&response, HeaderName::WwwAuthenticate);
    let algorithms: Vec<_> = challenges.iter().map(|challenge| challenge.algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Sha256, Algorithm::Md5]);
    assert_ne!(challenges[0].nonce, challenges[1].nonce);
    assert!(challenges.iter().all(|challenge| challenge.realm == DOMAIN && !challenge.stale));

    let md5 = credentials(&challenges[1], &Method::Register, "sip:alice@t.test");
    let response = raw.ask("REGISTER", "sip:alice@t.test", &format!("Authorization: {md5}\r\n"));
    assert_eq!(response.status(), Some(200));
}

#[test]
fn an_old_nonce_is_asked_again_as_stale_and_a_forged_one_as_new() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    let first = raw.ask("REGISTER", "sip:alice@t.test", "");
    let mut challenge = challenges(&first, HeaderName::WwwAuthenticate).remove(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (nonce, is_stale) in [
        (NonceMint::new(SECRET).mint(now - 3_600, Algorithm::Sha256, DOMAIN, 1), true),
        (NonceMint::new([8; 32]).mint(now, Algorithm::Sha256, DOMAIN, 1), false),
    ] {
        challenge.nonce = nonce;
        let answer = credentials(&challenge, &Method::Register, "sip:alice@t.test");
        let again = raw.ask("REGISTER", "sip:alice@t.test", &format!("Authorization: {answer}\r\n"));
        assert_eq!(again.status(), Some(401));
        let stale: Vec<_> =
            challenges(&again, HeaderName::WwwAuthenticate).iter().map(|challenge| challenge.stale).collect();
        assert_eq!(stale, [is_stale, is_stale]);
    }
}

#[test]
fn a_user_registers_its_own_phones_only() {
    let edge = Edge::start();
    assert_eq!(Raw::new(edge.addr).register("bob", "").status(), Some(403));
    assert!(edge.phones.lookup("bob@t.test", SystemTime::now()).is_empty());
}

#[test]
fn a_domain_that_is_nobodys_has_no_registrar() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    let bare = format!("sip:alice@{}", edge.addr);
    for uri in [bare.as_str(), "sip:alice@nobody.test"] {
        let response = raw.ask("REGISTER", uri, "");
        assert_eq!(response.status(), Some(404));
        assert_eq!(response.header(HeaderName::WwwAuthenticate), None);
    }
}

#[test]
fn lifetimes_have_a_floor_and_a_ceiling() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    let short = raw.register("alice", "Expires: 30\r\n");
    assert_eq!((short.status(), short.header(HeaderName::MinExpires)), (Some(423), Some("60")));
    assert!(edge.phones.lookup("alice@t.test", SystemTime::now()).is_empty());

    let long = raw.register("alice", "Expires: 999999\r\n");
    let contact = long.contact().unwrap().unwrap();
    assert_eq!((long.status(), contact.param("expires")), (Some(200), Some("3600")));
    assert_eq!(contact.uri, format!("sip:x@{}", raw.addr()));
}

#[test]
fn the_lone_star_removes_all_and_nothing_else_does() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    assert_eq!(raw.register("alice", "").status(), Some(200));
    // The request of the helper has a Contact of its own: a star beside it is no lone star.
    assert_eq!(raw.register("alice", "Contact: *\r\nExpires: 0\r\n").status(), Some(400));
    assert_eq!(edge.phones.lookup("alice@t.test", SystemTime::now()).len(), 1);

    let challenged = raw.ask("REGISTER", "sip:alice@t.test", "");
    let challenge = challenges(&challenged, HeaderName::WwwAuthenticate).remove(0);
    let answer = credentials(&challenge, &Method::Register, "sip:alice@t.test");
    let contact = format!("Contact: <sip:x@{}>\r\n", raw.addr());
    let star = raw
        .request("REGISTER", "sip:alice@t.test", &format!("Authorization: {answer}\r\nExpires: 0\r\n"))
        .replace(&contact, "Contact: *\r\n");
    raw.send(star);
    let response = raw.receive();
    assert_eq!((response.status(), response.contact().unwrap()), (Some(200), None));
    assert!(edge.phones.lookup("alice@t.test", SystemTime::now()).is_empty());
}

#[test]
fn more_phones_than_are_allowed_are_refused_and_the_first_stay() {
    let edge = Edge::start();
    let mut phones: Vec<Raw> = (0..3).map(|_| Raw::new(edge.addr)).collect();
    let statuses: Vec<_> = phones.iter_mut().map(|phone| phone.register("alice", "").status()).collect();
    assert_eq!(statuses, [Some(200), Some(200), Some(403)]);
    let response = phones[0].register("alice", "");
    assert_eq!(response.values(HeaderName::Contact).count(), 2);
}

#[test]
fn a_register_that_a_younger_one_overtook_changes_nothing() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    let late = |text: String| text.replace("Call-ID: c", "Call-ID: same\r\nX-Was: c");
    let authorization = |raw: &mut Raw| {
        let challenged = raw.ask("REGISTER", "sip:alice@t.test", "");
        let challenge = challenges(&challenged, HeaderName::WwwAuthenticate).remove(0);
        format!("Authorization: {}\r\n", credentials(&challenge, &Method::Register, "sip:alice@t.test"))
    };
    let (first, second) = (authorization(&mut raw), authorization(&mut raw));
    let old = late(raw.request("REGISTER", "sip:alice@t.test", &format!("{first}Expires: 0\r\n")));
    let young = late(raw.request("REGISTER", "sip:alice@t.test", &second));
    raw.send(young);
    assert_eq!(raw.receive().status(), Some(200));
    raw.send(old);
    assert_eq!(raw.receive().status(), Some(500));
    assert_eq!(edge.phones.lookup("alice@t.test", SystemTime::now()).len(), 1);
}
