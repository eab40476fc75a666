//! The four directions and the registered phone: audio is counted at both ends, and nothing is lost.

use crate::{ECHO, PATIENCE, Tenant, assert_charged, dial, dial_from_trunk, talk_to_echo};
use serde_json::json;
use std::time::Duration;
use testkit::phone::{Answering, Phone, Sound};

/// An SBC or phone of the test that answers and echoes.
const ANSWERS: Answering = Answering::Answer { ring: Duration::from_millis(200), sound: Sound::Echo };

#[test]
fn a_sip_user_calls_the_sandbox_by_an_owned_caller_id() {
    let mut tenant = Tenant::new("User To Sandbox");
    let before = tenant.available();
    let (phone, account) = tenant.phone("anna", "127.22.2.1");
    let call = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    call.wait_ringing().expect("it rings");
    call.wait_answered().expect("it is answered");
    assert!(tenant.held() >= 17_000, "a minute is held while the call is up");
    talk_to_echo(&call, 100);
    call.send_dtmf("42#").expect("keys are sent");
    let heard = call
        .wait_heard("the echo of the keys", PATIENCE, |heard| heard.digits == "42#")
        .expect("keys come back");
    assert_eq!(heard.lost, 0);
    let _ = call.bye().expect("it ends");
    let record = tenant.record(ECHO);
    assert_charged(&record, &[4_000, 13_000]);
    assert_eq!(
        (record["direction"].as_str(), record["from"].as_str()),
        (Some("outbound"), Some(tenant.number.as_str()))
    );
    assert_eq!(
        (record["outcome"]["code"].as_i64(), record["outcome"]["cause"].as_str()),
        (Some(0), Some("normal-clearing"))
    );
    assert_eq!(record["legs"].as_array().map(Vec::len), Some(2), "{record}");
    assert!(record["decision"]["trace"].as_array().is_some_and(|trace| !trace.is_empty()));
    assert_eq!(tenant.held(), 0);
    assert_eq!(before - tenant.available(), record["total"]["amountMicros"].as_i64().expect("a total"));
}

#[test]
fn a_tenants_sbc_calls_out_over_the_platforms_carrier() {
    let tenant = Tenant::new("Sbc To Carrier");
    let sbc = tenant.trunk("sbc.to-carrier.test", "127.22.2.2");
    let call =
        sbc.call(&dial_from_trunk(tenant.edge, "sbc.to-carrier.test", &tenant.number, ECHO)).expect("a call");
    call.wait_answered().expect("it is answered");
    talk_to_echo(&call, 100);
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record(ECHO), &[4_000, 13_000]);
}

#[test]
fn the_sandbox_calls_an_owned_number_that_a_tenants_sbc_answers() {
    let tenant = Tenant::new("Sandbox To Sbc");
    let sbc = tenant.trunk("sbc.from-sandbox.test", "127.22.2.3");
    tenant.bind("trunk", "sbc.from-sandbox.test");
    inbound(&tenant, &sbc);
}

#[test]
fn the_sandbox_calls_an_owned_number_that_a_registered_phone_answers() {
    let mut tenant = Tenant::new("Sandbox To Phone");
    let (phone, account) = tenant.phone("bob", "127.22.2.4");
    phone.register(&account, Duration::from_secs(300)).expect("registered");
    tenant.bind("user", "bob");
    inbound(&tenant, &phone);
}

/// The sandbox calls, plays a tone and echoes; the callee sends numbered packets and gets each of them back.
fn inbound(tenant: &Tenant, callee: &Phone) {
    let placed = tenant
        .api
        .post("/api/v1/sandbox/calls", &json!({"from": "+12065550142", "to": tenant.number}))
        .expect(201)
        .body;
    let incoming = callee.wait_incoming(PATIENCE).expect("a call comes in");
    assert_eq!(incoming.caller(), "+12065550142");
    incoming.ring().expect("it rings");
    incoming.answer(Sound::Nothing).expect("it is answered");
    incoming.wait_answered().expect("it is up");
    talk_to_echo(&incoming, 100);
    let _ = incoming.bye().expect("it ends");
    let record = tenant.record(&tenant.number);
    assert_charged(&record, &[4_000, 8_500]);
    assert_eq!(record["direction"], "inbound");
    assert_eq!(record["id"], placed["callId"]);
}

#[test]
fn a_sip_user_calls_a_tenants_sbc_by_route() {
    let mut tenant = Tenant::new("User To Sbc");
    let sbc = tenant.trunk("sbc.by-route.test", "127.22.2.5");
    sbc.answering(ANSWERS).expect("it will answer");
    tenant.route(r"^\+46\d+$", "sbc.by-route.test");
    let (phone, account) = tenant.phone("carl", "127.22.2.6");
    // Direct routing takes any caller id.
    let call = phone.call(&dial(&account, "+15550001111", "+46701234567")).expect("a call");
    call.wait_answered().expect("it is answered");
    talk_to_echo(&call, 100);
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record("+46701234567"), &[4_000, 4_000]);
}

#[test]
fn two_phones_of_a_tenant_call_each_other_by_name_and_by_number() {
    let mut tenant = Tenant::new("Phone To Phone");
    let (callee, callee_account) = tenant.phone("dora", "127.22.2.7");
    callee.register(&callee_account, Duration::from_secs(300)).expect("registered");
    callee.answering(ANSWERS).expect("it will answer");
    let (phone, account) = tenant.phone("emil", "127.22.2.8");
    tenant.bind("user", "dora");
    for dialled in ["dora".to_owned(), tenant.number.clone()] {
        let call = phone.call(&dial(&account, &tenant.number, &dialled)).expect("a call");
        call.wait_answered().expect("it is answered");
        talk_to_echo(&call, 25);
        let _ = call.bye().expect("it ends");
        assert_charged(&tenant.record(&dialled), &[4_000, 4_000]);
    }
}

#[test]
fn hold_stops_the_audio_and_resume_brings_it_back() {
    let mut tenant = Tenant::new("Holds");
    let (phone, account) = tenant.phone("fred", "127.22.2.9");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550101")).expect("a call");
    call.wait_answered().expect("it is answered");
    talk_to_echo(&call, 25);
    call.hold().expect("the far side consents to hold");
    call.resume().expect("the far side consents to resume");
    let before = call.heard().expect("counters").own_echo;
    call.send_tone(25).expect("the tone is sent");
    let heard = call.wait_heard("the echo after the hold", PATIENCE, |heard| heard.own_echo >= before + 25);
    let _ = heard.expect("audio flows again");
    let _ = call.bye().expect("it ends");
}
