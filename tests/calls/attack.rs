//! An attack on the true binary, over UDP and TCP, while a call is up: it stays up, nobody unknown gets a call, nothing
//! crashes and nothing is kept.

mod floods;
mod leaks;
mod spoofs;
pub(crate) mod tools;
mod torture;

use crate::{ECHO, PATIENCE, Tenant, dial};
use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use testkit::{phone::Call, server::Server};
use tools::{Sbc, gauge, resident};

/// How much more memory may be resident after the attack than after a first round of it, bytes. Allocators keep pages.
const GROWTH_MAX: u64 = 48 << 20;
/// How long transactions and connections may take to be forgotten.
const FORGETTING: Duration = Duration::from_secs(45);

/// A server of its own: what is counted is the attack's.
fn attacked(address: Ipv4Addr) -> Server {
    Server::start(crate::BINARY, address)
}

/// Twenty packets more come back from the echo: so many in all, and none lost.
fn is_heard(call: &Call, all: u32) {
    call.send_tone(20).expect("the tone is sent");
    let heard = call.wait_heard("its own echo", PATIENCE, |heard| heard.own_echo >= all);
    let heard = heard.expect("audio both ways");
    assert_eq!((heard.own_echo, heard.lost), (all, 0), "{heard:?}");
}

#[test]
fn an_attack_crashes_nothing_keeps_nothing_gets_no_call_and_harms_no_call() {
    let server = attacked(Ipv4Addr::new(127, 29, 1, 1));
    let mut tenant = Tenant::on(&server, "Attacked");
    let (phone, account) = tenant.phone("anna", "127.29.2.1");
    let sbc = Sbc::of(&tenant, "sbc.attacked.test", "127.29.2.2");
    phone.register(&account, Duration::from_secs(300)).expect("a registration");
    let call = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    call.wait_answered().expect("the echo answers");
    is_heard(&call, 20);

    let edge = server.sip();
    let round = |n: u8, seed: u64| {
        torture::over_udp(edge, &sbc, seed);
        torture::over_tcp(edge, seed + 1);
        floods::from_many(edge, n);
        floods::trickle_and_oversize(edge);
        floods::wrong_lengths(edge);
        assert_eq!(server.anonymous().get("/readyz").status, 200, "it serves in the middle of it");
    };
    round(1, 0xa77a_c401);
    let (before, calls) = (resident(&server), gauge(&server, "dialtone_sip_calls_total"));
    for (n, seed) in [(2, 0xa77a_c402), (3, 0xa77a_c403)] {
        round(n, seed);
    }

    is_heard(&call, 40);
    let invited = gauge(&server, "dialtone_sip_calls_total");
    let from_sbc = tenant.api.get("/api/v1/calls?maxPageSize=1000").expect(200).body;
    let records = from_sbc["value"].as_array().expect("a list");
    assert!(
        records.iter().all(|call| call["to"] == ECHO || call["state"] == "ended"),
        "no call but the one that was there: {from_sbc}"
    );
    assert!(invited >= calls, "counters do not fall");
    call.hang_up().expect("a BYE");
    assert_eq!(tenant.record(ECHO)["outcome"]["cause"], "normal-clearing");

    let end = Instant::now() + FORGETTING;
    loop {
        let left = [
            gauge(&server, "dialtone_calls_live"),
            gauge(&server, "dialtone_calls_waiting"),
            resident(&server).saturating_sub(before + GROWTH_MAX),
        ];
        if left == [0, 0, 0] {
            break;
        }
        assert!(Instant::now() < end, "calls live, calls waiting, bytes too many: {left:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(!server.output().contains("panicked"), "{}", server.output());
}

#[test]
fn scanners_are_banned_where_the_operator_sees_it_and_are_heard_again_when_he_lifts_the_ban() {
    let server = attacked(Ipv4Addr::new(127, 29, 3, 1));
    let operator = server.operator();
    let scanner = tools::Raw::at("127.29.4.1", server.sip());
    let honest = |raw: &tools::Raw| raw.ask(&raw.request("DANCE", "sip:edge.test", ""));
    assert!(honest(&scanner).is_some(), "nobody is banned at first");
    scanner.send(scanner.request("OPTIONS", "sip:100@127.29.3.1", "User-Agent: friendly-scanner\r\n"));
    let listed = |body: &serde_json::Value| body["value"].as_array().is_some_and(|bans| !bans.is_empty());
    let bans = operator.wait("/api/v1/operator/bans", PATIENCE, listed);
    assert_eq!(bans["value"][0]["address"], "127.29.4.1", "{bans}");
    assert_eq!(bans["value"][0]["reason"], "scanner", "{bans}");
    assert!(honest(&scanner).is_none(), "the banned are not heard");
    assert!(gauge(&server, "dialtone_sip_bans") >= 1);

    let _ = operator.delete("/api/v1/operator/bans/127.29.4.1").expect(204);
    assert!(honest(&scanner).is_some(), "the ban is lifted");
    let _ = operator.delete("/api/v1/operator/bans/127.29.4.1").expect(404);
    let _ = operator.delete("/api/v1/operator/bans/somewhere").expect(400);
    let tenant = server.tenant("No Operator");
    assert_eq!(tenant.get("/api/v1/operator/bans").status, 404);
}

#[test]
fn names_and_passwords_that_are_guessed_get_the_same_answer_and_then_none() {
    let server = attacked(Ipv4Addr::new(127, 29, 5, 1));
    let mut tenant = Tenant::on(&server, "Guessed");
    let (_phone, account) = tenant.phone("anna", "127.29.6.1");
    let guesser = tools::Raw::at("127.29.6.2", server.sip());
    let uri = |user: &str| format!("sip:{user}@{}", account.domain);
    let ask = |user: &str| guesser.ask(&guesser.request("REGISTER", &uri(user), "")).expect("a challenge");
    let (known, unknown) = (ask("anna"), ask("nobody"));
    let names =
        |message: &sip::wire::Message| message.fields().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!((known.status(), names(&known)), (unknown.status(), names(&unknown)));
    let mut refused = 0;
    for _ in 0..20 {
        let Some(challenged) = guesser.ask(&guesser.request("REGISTER", &uri("anna"), "")) else { break };
        let header = tools::authorize(&challenged, "anna", "guess", "REGISTER", &uri("anna"));
        match guesser.ask(&guesser.request("REGISTER", &uri("anna"), &header)) {
            Some(answer) => assert_eq!(answer.status(), Some(403)),
            None => break,
        }
        refused += 1;
    }
    assert!((5..=11).contains(&refused), "guessing ends after {refused} guesses");
}
