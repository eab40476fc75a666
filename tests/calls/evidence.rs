//! The evidence of calls: who said what on which leg, for whom it is, and that it is still there after a restart.

use crate::{BINARY, ECHO, PATIENCE, Tenant, dial, server, talk_to_echo};
use serde_json::{Value, json};
use std::{net::Ipv4Addr, time::Duration};
use testkit::{
    phone::{Answering, Phone, Sound},
    server::{Client, Options, Server},
};

const ANSWERS: Answering = Answering::Answer { ring: Duration::from_millis(100), sound: Sound::Echo };

fn trace(api: &Client, id: &str) -> Value {
    api.get(&format!("/api/v1/calls/{id}/trace")).expect(200).body
}

/// The messages as short lines: party, way, method or status.
fn lines(trace: &Value) -> Vec<String> {
    let entries = trace["entries"].as_array().expect("entries");
    let line = |entry: &Value| {
        let message = entry.get("message").filter(|message| !message.is_null())?;
        let way = if message["direction"] == "received" { '<' } else { '>' };
        let what = match message["status"].as_u64() {
            Some(status) => status.to_string(),
            None => message["method"].as_str()?.to_owned(),
        };
        Some(format!("{}{way}{what}", entry["party"].as_str()?))
    };
    entries.iter().filter_map(line).collect()
}

fn events(trace: &Value) -> Vec<&str> {
    let entries = trace["entries"].as_array().expect("entries");
    entries.iter().filter_map(|entry| entry["event"].as_str()).collect()
}

/// Says whether some lines are there in this order, others between them or not.
fn assert_in_order(lines: &[String], wanted: &[&str]) {
    let mut rest = lines.iter();
    for line in wanted {
        assert!(rest.any(|other| other == line), "{line} is missing, or out of order: {lines:#?}");
    }
}

/// The texts of the messages of a party.
fn texts(trace: &Value, party: &str) -> String {
    let entries = trace["entries"].as_array().expect("entries");
    let own = entries.iter().filter(|entry| entry["party"] == party);
    own.filter_map(|entry| entry["message"]["text"].as_str()).collect()
}

/// The payloads of a capture, each with the addresses that it went between; sums are checked.
fn payloads(capture: &[u8]) -> Vec<(Ipv4Addr, Ipv4Addr, String)> {
    assert_eq!(capture[..4], 0xa1b2_c3d4_u32.to_le_bytes());
    assert_eq!(capture[20..24], 101_u32.to_le_bytes(), "raw IP");
    let mut rest = &capture[24..];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let len = u32::from_le_bytes(rest[8..12].try_into().expect("four")) as usize;
        let packet = &rest[16..16 + len];
        assert_eq!((packet[0], packet[9]), (0x45, 17), "IPv4 and UDP");
        let sum = packet[..20]
            .chunks(2)
            .fold(0_u32, |sum, pair| sum + u32::from(u16::from_be_bytes([pair[0], pair[1]])));
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "the header's checksum");
        let address = |at: usize| Ipv4Addr::new(packet[at], packet[at + 1], packet[at + 2], packet[at + 3]);
        all.push((address(12), address(16), String::from_utf8_lossy(&packet[28..]).into_owned()));
        rest = &rest[16 + len..];
    }
    all
}

#[test]
fn both_legs_of_a_call_over_a_carrier_are_shown_to_the_tenant_without_the_carrier_and_outlive_a_restart() {
    let settings = vec![("DIALTONE_SANDBOX".to_owned(), "on".to_owned())];
    let options = Options { binary: BINARY.into(), address: Ipv4Addr::new(127, 23, 3, 1), settings };
    let mut server = Server::start_with(options);
    let carrier = Phone::bind("127.23.3.9:5060").expect("a carrier");
    carrier.answering(ANSWERS).expect("it will answer");
    let body = json!({
        "name": "Secret Carrier",
        "hosts": [{"address": "127.23.3.9", "port": 5060, "transport": "udp"}],
        "callerId": "owned",
        "limits": {"callsPerSecond": 100, "maxCalls": 100},
        "prefixes": [{"prefix": "+4477", "costPerMinute": {"amountMicros": 4321, "currency": "USD"}}],
    });
    let _ = server.operator().post("/api/v1/operator/carriers", &body).expect(201);
    let mut tenant = Tenant::on(&server, "Evidence");
    let (phone, account) = tenant.phone("anna", "127.23.3.2");
    let call = phone.call(&dial(&account, &tenant.number, "+447700900123")).expect("a call");
    call.wait_answered().expect("it is answered");
    let list = tenant.api.get("/api/v1/calls?state=live").expect(200).body;
    let id = list["value"][0]["id"].as_str().expect("a live call").to_owned();
    talk_to_echo(&call, 25);
    let live = trace(&tenant.api, &id);
    assert_eq!(live["state"], "live");
    let setup = ["caller<INVITE", "caller>407", "caller<ACK", "caller<INVITE", "caller>100"];
    assert_in_order(&lines(&live), &setup);
    assert_in_order(&lines(&live), &["callee-1>INVITE", "callee-1<200", "caller>200"]);
    let _ = call.bye().expect("it ends");
    let _ = tenant.record("+447700900123");
    let whole = [
        "caller<INVITE",
        "callee-1>INVITE",
        "callee-1<180",
        "caller>180",
        "callee-1<200",
        "caller<BYE",
        "callee-1>BYE",
        "callee-1<200",
    ];
    let is_whole = |trace: &Value| lines(trace).iter().filter(|line| *line == "callee-1<200").count() == 2;
    let path = format!("/api/v1/calls/{id}/trace");
    let seen = tenant.api.wait(&path, PATIENCE, is_whole);
    assert_in_order(&lines(&seen), &whole);
    for event in
        ["decided", "ports-opened", "described", "ringing", "answered", "first-packet", "heard", "ended"]
    {
        assert!(events(&seen).contains(&event), "{event} is not in {:?}", events(&seen));
    }
    check_what_a_tenant_sees(&seen);
    check_what_the_operator_sees(&trace(&server.operator(), &id));
    check_capture(&tenant.api, &server.operator(), &path);

    let stranger = server.tenant("Evidence Stranger");
    for path in [path.clone(), format!("{path}?format=pcap")] {
        assert_eq!(stranger.get(&path).status, 404);
        assert_eq!(server.anonymous().get(&path).status, 401);
    }
    assert_eq!(tenant.api.get(&format!("{path}?format=gif")).status, 400);

    assert!(server.stop().success());
    server.restart();
    let again = server.anonymous().sign_in("evidence@tenant.test", testkit::server::PASSWORD);
    assert_eq!(trace(&again, &id), seen, "what is stored is what was there");
}

fn check_what_a_tenant_sees(trace: &Value) {
    let own = texts(trace, "caller");
    assert!(own.contains("127.23.3.2") && own.contains("Proxy-Authorization: Digest"), "{own}");
    let hidden = own.split("response=").skip(1).map(|rest| rest.trim_start_matches('"'));
    assert!(hidden.into_iter().all(|rest| rest.starts_with("xxxxxxxx")), "{own}");
    let theirs = texts(trace, "callee-1");
    assert!(theirs.contains("carrier.invalid") && theirs.contains("+447700900123"), "{theirs}");
    let all = trace.to_string();
    for secret in ["127.23.3.9", "4321"] {
        assert!(!all.contains(secret), "{secret} is shown: {all}");
    }
    let edge = trace["parties"].as_array().expect("parties").iter().position(|party| party["id"] == "edge");
    assert_eq!(edge, Some(1));
    let invite = &trace["entries"][0]["message"];
    let has = |name: &str| {
        invite["headers"].as_array().is_some_and(|all| all.iter().any(|own| own["name"] == name))
    };
    assert!(has("Call-ID") && has("CSeq") && has("Via"), "{invite}");
}

fn check_what_the_operator_sees(trace: &Value) {
    let theirs = texts(trace, "callee-1");
    assert!(theirs.contains("127.23.3.9") && !theirs.contains("carrier.invalid"), "{theirs}");
    assert!(trace["parties"].to_string().contains("Secret Carrier"));
}

fn check_capture(tenant: &Client, operator: &Client, path: &str) {
    let capture = tenant.get(&format!("{path}?format=pcap")).expect(200);
    assert_eq!(capture.header("content-type"), Some("application/vnd.tcpdump.pcap"));
    let packets = payloads(&capture.bytes);
    let edge = Ipv4Addr::new(127, 23, 3, 1);
    assert!(packets.iter().any(|(from, to, text)| {
        *from == Ipv4Addr::new(127, 23, 3, 2) && *to == edge && text.starts_with("INVITE ")
    }));
    assert!(packets.iter().any(|(from, to, text)| {
        *from == edge && *to == Ipv4Addr::new(192, 0, 2, 2) && text.starts_with("INVITE ")
    }));
    let hidden = Ipv4Addr::new(127, 23, 3, 9);
    assert!(
        packets
            .iter()
            .all(|(from, to, text)| { *from != hidden && *to != hidden && !text.contains("127.23.3.9") })
    );
    let whole = payloads(&operator.get(&format!("{path}?format=pcap")).expect(200).bytes);
    assert!(whole.iter().any(|(from, _, _)| *from == hidden));
    assert_eq!(whole.len(), packets.len());
}

#[test]
fn of_a_call_between_two_tenants_each_sees_its_own_leg_and_of_the_other_only_that_it_spoke() {
    let mut caller = Tenant::new("Evidence Caller");
    let mut callee = Tenant::new("Evidence Callee");
    let (theirs, account) = callee.phone("zoe", "127.22.8.2");
    theirs.register(&account, Duration::from_secs(300)).expect("registered");
    theirs.answering(ANSWERS).expect("it will answer");
    callee.bind("user", "zoe");
    let (phone, account) = caller.phone("yan", "127.22.8.3");
    let call = phone.call(&dial(&account, &caller.number, &callee.number)).expect("a call");
    call.wait_answered().expect("it is answered");
    let _ = call.bye().expect("it ends");
    let id = |tenant: &Tenant, to: &str| tenant.record(to)["id"].as_str().expect("an id").to_owned();
    let (payers, callees) = (id(&caller, &callee.number), id(&callee, &callee.number));
    assert_ne!(payers, callees);

    let seen = trace(&caller.api, &payers);
    assert_in_order(&lines(&seen), &["caller<INVITE", "callee-1>INVITE", "callee-1<200", "caller>200"]);
    assert!(texts(&seen, "caller").contains("127.22.8.3"));
    assert_eq!(texts(&seen, "callee-1"), "");
    for secret in ["127.22.8.2", "zoe"] {
        assert!(!seen.to_string().contains(secret), "{secret} is shown: {seen}");
    }
    let seen = trace(&callee.api, &callees);
    assert_in_order(&lines(&seen), &["caller<INVITE", "callee-1>INVITE", "callee-1<200", "caller>200"]);
    assert!(texts(&seen, "callee-1").contains("127.22.8.2"));
    assert_eq!(texts(&seen, "caller"), "");
    for secret in ["127.22.8.3", "yan"] {
        assert!(!seen.to_string().contains(secret), "{secret} is shown: {seen}");
    }
    // Neither finds the record of the other.
    assert_eq!(callee.api.get(&format!("/api/v1/calls/{payers}/trace")).status, 404);
    let outline =
        payloads(&callee.api.get(&format!("/api/v1/calls/{callees}/trace?format=pcap")).expect(200).bytes);
    assert!(outline.iter().all(|(from, to, _)| [*from, *to].contains(&Ipv4Addr::new(127, 22, 8, 2))));
}

#[test]
fn a_refused_call_has_its_trace_with_the_challenge_before_it_and_the_cause() {
    let mut tenant = Tenant::new("Evidence Refused");
    let (phone, account) = tenant.phone("anna", "127.22.8.4");
    let call = phone.call(&dial(&account, "+12065550111", ECHO)).expect("a call");
    let (status, _) = call.wait_failed(PATIENCE).expect("it is refused");
    let record = tenant.record(ECHO);
    let id = record["id"].as_str().expect("an id");
    let seen = trace(&tenant.api, id);
    let refusal = format!("caller>{status}");
    assert_in_order(&lines(&seen), &["caller<INVITE", "caller>407", "caller<ACK", "caller<INVITE", &refusal]);
    assert!(texts(&seen, "caller").contains("caller-id-not-owned"), "{seen}");
    assert_eq!(seen["parties"].as_array().map(Vec::len), Some(2), "nobody was rung");
    let _ = server().operator().get(&format!("/api/v1/calls/{id}/trace")).expect(200);
}

#[test]
fn the_operator_sees_live_calls_ends_them_and_takes_the_node_out_of_work_and_in_again() {
    let options =
        Options { binary: BINARY.into(), address: Ipv4Addr::new(127, 23, 3, 11), settings: Vec::new() };
    let server = Server::start_with(options);
    let mut tenant = Tenant::on(&server, "Live Control");
    let (phone, account) = tenant.phone("anna", "127.23.3.12");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550195")).expect("a call");
    call.wait_answered().expect("it is answered");
    let operator = server.operator();
    let live = operator.get("/api/v1/calls?state=live").expect(200).body;
    let id = live["value"][0]["id"].as_str().expect("a live call").to_owned();
    assert_eq!(server.tenant("Live Stranger").delete(&format!("/api/v1/calls/{id}")).status, 404);

    let metrics = operator.get("/metrics").expect(200).text;
    for line in [
        "dialtone_shard_calls{shard=\"0\"}",
        "dialtone_peer_calls_up{kind=\"carrier\",name=\"sandbox\"} 1",
        "dialtone_node_draining 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    let node =
        operator.post("/api/v1/operator/node:drain", &json!({"deadlineSeconds": 3600})).expect(200).body;
    assert_eq!((node["draining"].as_bool(), node["liveCalls"].as_u64()), (Some(true), Some(1)));
    assert_eq!(tenant.api.post("/api/v1/operator/node:drain", &json!({})).status, 404);
    let ready = operator.get("/readyz").expect(503);
    assert_eq!((ready.body["status"].as_str(), ready.header("Retry-After")), (Some("draining"), Some("1")));
    let _ = operator.get("/healthz").expect(200);
    let refused = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    assert_eq!(refused.wait_failed(PATIENCE).expect("it is refused").0, 503);
    let live = operator.get("/api/v1/calls?state=live").expect(200).body;
    assert_eq!(live["value"][0]["id"], id.as_str(), "the call that is up goes on: {live}");

    let node = operator.post("/api/v1/operator/node:resume", &json!({})).expect(200).body;
    assert_eq!(node["draining"], false);
    assert_eq!(operator.get("/readyz").expect(200).body["status"], "ok");
    assert!(operator.delete(&format!("/api/v1/calls/{id}")).status == 204);
    let _ = call.wait_ended(PATIENCE).expect("it was ended");
    let again = phone.call(&dial(&account, &tenant.number, "+12065550195")).expect("a call");
    again.wait_answered().expect("calls are taken again");
    let _ = again.bye().expect("it ends");
    assert_eq!(tenant.record("+12065550195")["outcome"]["cause"], "normal-clearing");
    let sum = "dialtone_peer_setup_seconds_count{kind=\"carrier\",name=\"sandbox\"} 2";
    assert!(operator.get("/metrics").expect(200).text.contains(sum));
}
