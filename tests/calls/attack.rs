//! An attack on the true binary, over UDP and TCP, while a call is up: it stays up, nobody unknown gets a call, nothing
//! crashes and nothing is kept.

#[path = "../mutation/dice.rs"]
mod dice;
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
use testkit::{
    phone::Call,
    server::{Options, Server},
};
use tools::{Counting, Sbc, cpu, gauge, resident};

/// How much more memory may be resident after the attack than after a first round of it, bytes. Allocators keep pages.
const GROWTH_MAX: u64 = 48 << 20;
/// How long transactions and connections may take to be forgotten.
const FORGETTING: Duration = Duration::from_secs(45);

/// Rounds of the attack after the first one, whose memory is what is kept.
const ROUNDS: u8 = 2;

/// For how long it goes on: `tests/load/run attack` says it in `ATTACK_SECONDS`.
fn lasting() -> Duration {
    let seconds = std::env::var("ATTACK_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or_default())
}

/// A server of its own: what is counted is the attack's.
fn attacked(address: Ipv4Addr) -> Server {
    let settings = vec![("DIALTONE_SANDBOX".to_owned(), "on".to_owned())];
    Server::start_with(Options { binary: crate::BINARY.into(), address, settings })
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

    let carrier = Counting::at("127.29.2.3", &server);
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
    let (before, used, began) = (resident(&server), cpu(&server), Instant::now());
    let (mut rounds, lasting) = (0_u8, lasting());
    while rounds < ROUNDS || began.elapsed() < lasting {
        rounds = rounds.wrapping_add(1);
        round(2 + rounds % 2, 0xa77a_c402_u64.wrapping_add(u64::from(rounds) << 32));
    }
    println!(
        "{rounds} rounds in {:?}: {:?} of CPU, {} MiB resident before and {} after",
        began.elapsed(),
        cpu(&server).saturating_sub(used),
        before >> 20,
        resident(&server) >> 20
    );

    is_heard(&call, 40);
    let all = tenant.api.get("/api/v1/calls?maxPageSize=1000").expect(200).body;
    let records = all["value"].as_array().expect("a list");
    assert!(
        records.iter().all(|call| call["to"] == ECHO || call["answeredAt"].is_null()),
        "no call but the one that was there: {all}"
    );
    assert_eq!(
        carrier.calls(),
        0,
        "nobody unknown, and no trunk without a number of its own, reached the carrier"
    );
    call.hang_up().expect("a BYE");
    assert_eq!(tenant.record(ECHO)["outcome"]["cause"], "normal-clearing");
    // The carrier counts: who is known gets there.
    let last = phone.call(&dial(&account, &tenant.number, "+4684650040")).expect("a call");
    assert_eq!(last.wait_failed(PATIENCE).expect("the carrier is busy").0, 486);
    assert_eq!(carrier.calls(), 1);
    drop(carrier);

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
