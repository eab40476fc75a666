//! Who misbehaves on real sockets: silence, bans, and whom they never cover.

use super::peers::{Raw, challenges, credentials};
use super::{DOMAIN, Edge, wait_for};
use crate::guard::Offence;
use sip::Method;
use sip::wire::HeaderName;
use std::io::Read;
use std::net::{IpAddr, TcpStream};
use std::time::Duration;

const SCANNER: &str = "User-Agent: friendly-scanner\r\n";

fn banned(edge: &Edge) -> Vec<(IpAddr, Offence)> {
    edge.handle.bans().into_iter().map(|ban| (ban.address, ban.reason)).collect()
}

#[test]
fn a_scanner_hears_nothing_and_is_not_heard_until_its_ban_is_lifted() {
    let edge = Edge::start();
    let mut scanner = Raw::at("127.0.0.66", edge.addr);
    for method in ["OPTIONS", "REGISTER", "INVITE"] {
        let request = scanner.request(method, &format!("sip:100@{DOMAIN}"), SCANNER);
        scanner.send(request);
    }
    wait_for("the ban", || (!edge.handle.bans().is_empty()).then_some(()));
    assert_eq!(banned(&edge), [("127.0.0.66".parse().unwrap(), Offence::Scanner)]);
    // Honest by now, and not heard all the same; another address is.
    let request = scanner.request("FOO", "sip:edge.test", "");
    scanner.send(request);
    assert_eq!(Raw::new(edge.addr).ask("FOO", "sip:edge.test", "").status(), Some(501));
    wait_for("a drop", || (edge.handle.counters().dropped_banned >= 1).then_some(()));

    assert!(edge.handle.clear_ban(scanner.addr().ip()));
    assert_eq!(scanner.ask("FOO", "sip:edge.test", "").status(), Some(501));
    assert_eq!(edge.handle.counters().calls, 0);
}

#[test]
fn guessing_passwords_ends_in_silence() {
    let edge = Edge::start();
    let mut guesser = Raw::at("127.0.0.67", edge.addr);
    let uri = format!("sip:alice@{DOMAIN}");
    for _ in 0..10 {
        let challenged = guesser.ask("REGISTER", &uri, "");
        let challenge = challenges(&challenged, HeaderName::WwwAuthenticate).remove(0);
        let wrong = credentials(&challenge, &Method::Invite, &uri);
        let answer = guesser.ask("REGISTER", &uri, &format!("Authorization: {wrong}\r\n"));
        assert_eq!(answer.status(), Some(403));
    }
    assert_eq!(banned(&edge), [("127.0.0.67".parse().unwrap(), Offence::WrongCredentials)]);
}

#[test]
fn a_user_that_does_not_exist_is_challenged_like_one_that_does() {
    let edge = Edge::start();
    let mut asker = Raw::new(edge.addr);
    let shape = |message: sip::wire::Message| {
        let names: Vec<String> = message.fields().map(|(name, _)| name.to_owned()).collect();
        (message.status(), message.reason().to_owned(), names)
    };
    let known = shape(asker.ask("REGISTER", &format!("sip:alice@{DOMAIN}"), ""));
    let unknown = shape(asker.ask("REGISTER", &format!("sip:nobody@{DOMAIN}"), ""));
    assert_eq!(known, unknown);
    assert_eq!(known.0, Some(401));
}

#[test]
fn nobody_can_have_the_address_of_a_trunk_banned_by_forging_it() {
    let edge = Edge::start();
    let mut trunk = Raw::at("127.0.0.68", edge.addr);
    edge.business.trust(trunk.addr());
    // The same address, another port: as a forger would, from where nothing is recognised.
    let mut forger = Raw::at("127.0.0.68", edge.addr);
    for _ in 0..20 {
        let request = forger.request("INVITE", "sip:100@nowhere.test", SCANNER);
        forger.send(request);
    }
    wait_for("the scanner", || (edge.handle.counters().scanners == 20).then_some(()));
    assert_eq!(banned(&edge), []);
    assert_eq!(trunk.ask("OPTIONS", "sip:edge.test", "").status(), Some(200));
}

#[test]
fn a_phone_that_proved_itself_is_not_banned_for_what_its_neighbour_does() {
    let edge = Edge::start();
    let mut phone = Raw::at("127.0.0.69", edge.addr);
    assert_eq!(phone.register("alice", "").status(), Some(200));
    for _ in 0..20 {
        assert_eq!(phone.ask("INVITE", "sip:100@nowhere.test", "").status(), Some(403));
    }
    assert_eq!(banned(&edge), []);
}

#[test]
fn an_answer_to_a_challenge_is_not_good_for_another_request() {
    let edge = Edge::start();
    let mut phone = Raw::new(edge.addr);
    let uri = format!("sip:alice@{DOMAIN}");
    let challenged = phone.ask("REGISTER", &uri, "");
    let challenge = challenges(&challenged, HeaderName::WwwAuthenticate).remove(0);
    let header = format!("Authorization: {}\r\n", credentials(&challenge, &Method::Register, &uri));
    let request = phone.request("REGISTER", &uri, &header);
    phone.send(&request);
    assert_eq!(phone.receive().status(), Some(200));
    phone.send(&request);
    assert_eq!(phone.receive().status(), Some(200), "a retransmission is no replay");

    let again = phone.ask("REGISTER", &uri, &header);
    assert_eq!(again.status(), Some(401));
    assert!(challenges(&again, HeaderName::WwwAuthenticate).iter().all(|challenge| challenge.stale));
    // The very same bytes from elsewhere would lead the calls there.
    let thief = Raw::new(edge.addr);
    thief.send(&request);
    assert_eq!(thief.receive().status(), Some(401));
    assert_eq!(edge.handle.counters().replays, 2);
}

#[test]
fn a_ban_over_a_connection_closes_the_next_at_once() {
    let edge = Edge::start();
    let shared = edge.handle.shared();
    let now = std::time::Instant::now();
    shared.guard.offend(("127.0.0.1".parse().unwrap(), true), Offence::Scanner, now, || false);
    let mut stream = TcpStream::connect(edge.addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(matches!(stream.read(&mut [0; 16]), Ok(0) | Err(_)));
    wait_for("the drop", || (edge.handle.counters().dropped_banned == 1).then_some(()));
    assert_eq!(edge.handle.counters().connections, 0);
}
