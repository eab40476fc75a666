//! A dry run and a live call are decided alike, from their two ends: the INVITE as the edge reads it, and the JSON of a
//! simulation.

use super::world::{NUMBERS, worlds};
use crate::{
    calls::{
        facts::{Simulation, facts_of, simulated},
        identify,
        record::Record,
    },
    snapshot::Live,
};
use bytes::Bytes;
use domain::{
    decision::{Decision, Facts, Funds, Usage, decide, payer as payer_of},
    ids::TenantId,
};
use edge::seam::{CallFacts, Identity, Party};
use proptest::{prelude::*, strategy::ValueTree as _};
use serde_json::{Value, json};
use sip::{Transport, transaction::Peer, wire::Message};
use std::{net::SocketAddr, time::SystemTime};

/// Who calls: a phone of a tenant, a trunk of a tenant, a carrier.
#[derive(Debug, Clone, Copy)]
enum Caller {
    Phone(usize),
    Trunk(usize, usize),
    Carrier(usize),
}

fn callers() -> impl Strategy<Value = Caller> {
    prop_oneof![
        (0..3_usize).prop_map(Caller::Phone),
        (0..3_usize, 0..2_usize).prop_map(|(tenant, index)| Caller::Trunk(tenant, index)),
        (0..2_usize).prop_map(Caller::Carrier),
    ]
}

fn texts(also: &'static [&'static str]) -> impl Strategy<Value = String> {
    let known: Vec<String> = NUMBERS.iter().chain(also).map(ToString::to_string).collect();
    prop_oneof![3 => proptest::sample::select(known), 1 => "[+a-z0-9.-]{1,24}", 1 => r"\+[1-9][0-9]{6,14}"]
}

fn from_texts() -> impl Strategy<Value = String> {
    texts(&["anonymous", "Anonymous", "anna", "12125550100"])
}

fn to_texts() -> impl Strategy<Value = String> {
    texts(&["anna", "bo", "911", "+1-212-555-0100", "112", "0012125550100"])
}

/// The INVITE that such a caller sends, and from where.
fn invite(live: &Live, caller: Caller, from: &str, to: &str) -> (Peer, Message) {
    let (host, source) = match caller {
        Caller::Phone(tenant) => (format!("t{tenant}.localhost"), "127.9.9.9:40000".to_owned()),
        Caller::Trunk(tenant, index) => {
            let tenant = live.config.tenant(tenant_id(tenant)).expect("a tenant of the world");
            let place = tenant.piece.value.trunks[index].addresses[0];
            let port = place.port.unwrap_or(5060);
            ("192.0.2.1".to_owned(), format!("{}:{port}", place.ip))
        }
        Caller::Carrier(index) => ("192.0.2.1".to_owned(), format!("127.1.9.{}:5060", index + 1)),
    };
    let text = format!(
        "INVITE sip:{to}@{host} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:{from}@{host}>;tag=1\r\n\
         To: <sip:{to}@{host}>\r\nCall-ID: cid\r\nCSeq: 1 INVITE\r\nContact: <sip:c@192.0.2.1>\r\n\r\n"
    );
    let source: SocketAddr = source.parse().expect("an address");
    let message = Message::parse(Bytes::from(text)).expect("a sound INVITE");
    (Peer::new(source, Transport::Udp), message)
}

const fn tenant_id(index: usize) -> TenantId {
    TenantId(uuid::Uuid::from_u128(1_000 + index as u128))
}

/// The party, as the edge finds it: a phone proves its name by digest. `None` where there is no service for it.
fn party(live: &Live, caller: Caller, peer: Peer, message: &Message) -> Option<Party> {
    match edge::reading::with_approach(peer, message, None, |approach| identify::identify(live, approach)) {
        Identity::Known(party) => Some(party),
        Identity::Challenge { realm } => {
            assert!(matches!(caller, Caller::Phone(_)), "{caller:?} was challenged");
            identify::user(live, &realm, "anna")
        }
        Identity::Refused(_) | Identity::Stranger => None,
    }
}

/// The JSON of the simulation of the same call.
fn simulation(caller: Caller, from: &str, to: &str) -> Value {
    let source = match caller {
        Caller::Phone(_) => json!("app"),
        Caller::Trunk(tenant, index) => json!({ "trunk": format!("sbc{index}.t{tenant}.test") }),
        Caller::Carrier(_) => json!("pstn"),
    };
    json!({ "from": from, "to": to, "source": source })
}

fn decided(live: &Live, facts: &Facts, funds: &Funds) -> Decision {
    decide(&live.config, facts, funds)
}

fn real_at() -> chrono::DateTime<chrono::Utc> {
    SystemTime::UNIX_EPOCH.into()
}

fn live_facts(party: Party, peer: Peer, message: &Message) -> CallFacts {
    edge::reading::of_call(7, peer, message, party, SystemTime::UNIX_EPOCH)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_dry_run_and_a_live_call_are_decided_alike(
        live in worlds(), caller in callers(), from in from_texts(), to in to_texts(),
        available_micros in prop_oneof![Just(0_i64), 0..100_000_i64, Just(10_000_000)],
        live_calls in 0..4_u32, calls_last_second in prop_oneof![Just(0_u32), Just(100)],
    ) {
        let funds = Funds { available_micros, live_calls, calls_last_second, usage: Usage::NONE };
        let (peer, message) = invite(&live, caller, &from, &to);
        let Some(party) = party(&live, caller, peer, &message) else { return Ok(()) };
        let call = live_facts(party, peer, &message);
        let dry: Simulation = serde_json::from_value(simulation(caller, &from, &to)).expect("the contract's JSON");
        let tenant = match caller {
            Caller::Phone(tenant) | Caller::Trunk(tenant, _) => tenant_id(tenant),
            Caller::Carrier(_) => tenant_id(0),
        };
        match (facts_of(&call), simulated(tenant, &dry, real_at())) {
            (Ok(real), Some(dry)) => {
                // A dry run draws nothing.
                let dry = Facts { draw: real.draw, ..dry };
                prop_assert_eq!(decided(&live, &real, &funds), decided(&live, &dry, &funds));
                prop_assert_eq!(payer_of(&live.config, &real), payer_of(&live.config, &dry));
                let record = Record::new(&call).read(&real);
                prop_assert_eq!(record.to, dry.to.to_string());
            }
            (Err(_), None) => {}
            (real, dry) => prop_assert!(false, "one end can be read and the other not: {:?} {:?}", real, dry),
        }
    }

    #[test]
    fn who_pays_is_known_before_the_decision(
        live in worlds(), caller in callers(), from in from_texts(), to in to_texts(),
    ) {
        let (peer, message) = invite(&live, caller, &from, &to);
        let Some(party) = party(&live, caller, peer, &message) else { return Ok(()) };
        let Ok(facts) = facts_of(&live_facts(party, peer, &message)) else { return Ok(()) };
        let funds = Funds { available_micros: i64::MAX, live_calls: 0, calls_last_second: 0, usage: Usage::NONE };
        let decision = decided(&live, &facts, &funds);
        if let Some(payer) = decision.payer {
            prop_assert_eq!(payer_of(&live.config, &facts), Some(payer));
        }
        prop_assert!(!decision.connects() || decision.payer.is_some());
    }

    #[test]
    fn a_decision_with_other_money_is_the_one_that_is_made_on_that_money(
        live in worlds(), caller in callers(), from in from_texts(), to in to_texts(),
        available_micros in prop_oneof![-5_000..5_000_i64, 0..100_000_i64, Just(10_000_000), Just(i64::MAX)],
        live_calls in 0..4_u32, spent_today_micros in 0..100_000_i64,
    ) {
        let (peer, message) = invite(&live, caller, &from, &to);
        let Some(party) = party(&live, caller, peer, &message) else { return Ok(()) };
        let Ok(facts) = facts_of(&live_facts(party, peer, &message)) else { return Ok(()) };
        let with = |available_micros| {
            let usage = Usage { spent_today_micros, ..Usage::NONE };
            decided(&live, &facts, &Funds { available_micros, live_calls, calls_last_second: 0, usage })
        };
        let first = with(i64::MAX);
        if first.connects() {
            prop_assert_eq!(first.with_money(available_micros, None), with(available_micros));
        }
    }

    #[test]
    fn money_alone_never_makes_a_refused_call_possible(
        live in worlds(), caller in callers(), from in from_texts(), to in to_texts(), available_micros in 0..50_000_i64,
    ) {
        let (peer, message) = invite(&live, caller, &from, &to);
        let Some(party) = party(&live, caller, peer, &message) else { return Ok(()) };
        let Ok(facts) = facts_of(&live_facts(party, peer, &message)) else { return Ok(()) };
        let with = |available_micros| {
            decided(&live, &facts, &Funds { available_micros, live_calls: 0, calls_last_second: 0, usage: Usage::NONE })
        };
        // What is refused without a look at money asks nothing of the database: the writer would refuse it too.
        if !with(i64::MAX).connects() {
            prop_assert!(!with(available_micros).connects());
        }
    }
}

/// The properties above hold nothing where nothing happens: their worlds must connect and refuse calls of each kind.
#[test]
fn calls_of_every_kind_are_connected_and_refused_in_these_worlds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let cases = (worlds(), callers(), from_texts(), to_texts());
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..2_000 {
        let (live, caller, from, to) = cases.new_tree(&mut runner).expect("a case").current();
        let (peer, message) = invite(&live, caller, &from, &to);
        let Some(party) = party(&live, caller, peer, &message) else { continue };
        let Ok(facts) = facts_of(&live_facts(party, peer, &message)) else { continue };
        let funds =
            Funds { available_micros: 1_000_000, live_calls: 0, calls_last_second: 0, usage: Usage::NONE };
        let kind = match caller {
            Caller::Phone(_) => "phone",
            Caller::Trunk(..) => "trunk",
            Caller::Carrier(_) => "carrier",
        };
        *seen.entry((kind, decided(&live, &facts, &funds).connects())).or_insert(0) += 1;
    }
    for kind in ["phone", "trunk", "carrier"] {
        for connects in [true, false] {
            let count = seen.get(&(kind, connects)).copied().unwrap_or(0);
            assert!(count >= 5, "{kind} connects={connects}: only {count} of 2,000");
        }
    }
}
