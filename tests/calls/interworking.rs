//! What one leg can and the other cannot, met by SIPp as a tenant's SBC and the sandbox carrier behind the platform.

use super::peers::{Scratch, sipp, text};
use super::{ECHO, PATIENCE, Tenant};
use testkit::phone::Dial;

/// A second number of the sandbox that rings, answers and echoes.
const OTHER: &str = "+12065550101";

/// Has SIPp play a scenario once as the tenant's SBC.
fn play(tenant: &Tenant, fqdn: &str, address: &str, scenario: &str) {
    drop(tenant.trunk(fqdn, address));
    play_again(tenant, fqdn, address, scenario);
}

/// The same, where the trunk is there already.
fn play_again(tenant: &Tenant, fqdn: &str, address: &str, scenario: &str) {
    let scratch = Scratch::new(fqdn);
    let scenario = format!("{}/tests/calls/sipp/{scenario}.xml", env!("CARGO_MANIFEST_DIR"));
    let edge = tenant.edge.to_string();
    let arguments = [
        "-sf",
        &scenario,
        "-i",
        address,
        "-p",
        "5060",
        "-mi",
        address,
        "-t",
        "u1",
        "-s",
        ECHO,
        "-key",
        "caller",
        &tenant.number,
        "-key",
        "target",
        OTHER,
        "-m",
        "1",
        "-timeout",
        "30",
        "-timeout_error",
        &edge,
    ];
    let output = sipp(&scratch, &arguments).output().expect("sipp is installed by tests/run");
    assert!(output.status.success(), "{}", text(&output));
}

fn wait_ended(tenant: &Tenant, count: usize) {
    let all_ended = |list: &serde_json::Value| {
        let calls = list["value"].as_array().expect("calls");
        calls.len() == count && calls.iter().all(|call| call["state"] == "ended")
    };
    let _ = tenant.api.wait("/api/v1/calls", PATIENCE, all_ended);
}

#[test]
fn a_caller_that_requires_reliable_ringing_gets_it_of_a_callee_that_sends_none() {
    let tenant = Tenant::new("Reliable");
    play(&tenant, "sbc.reliable.test", "127.22.43.1", "prack");
    wait_ended(&tenant, 1);
}

#[test]
fn a_session_timer_is_refreshed_by_update_and_reinvite_and_too_short_a_one_refused() {
    let tenant = Tenant::new("Session Timer");
    play(&tenant, "sbc.session-timer.test", "127.22.43.2", "timer");
    wait_ended(&tenant, 1);
}

#[test]
fn a_blind_transfer_leaves_the_far_side_with_the_target_and_both_calls_are_recorded() {
    let tenant = Tenant::new("Transfer");
    play(&tenant, "sbc.transfer.test", "127.22.43.3", "refer");
    let both_live = |list: &serde_json::Value| {
        let calls = list["value"].as_array().expect("calls");
        calls.len() == 2
            && calls.iter().all(|call| call["answeredAt"].is_string() && call["state"] != "ended")
    };
    let list = tenant.api.wait("/api/v1/calls", PATIENCE, both_live);
    let id = list["value"][0]["id"].as_str().expect("an id");
    let ended = tenant.api.delete(&format!("/api/v1/calls/{id}"));
    assert!(matches!(ended.status, 202 | 204), "{}", ended.text);
    wait_ended(&tenant, 2);
}

#[test]
fn a_call_without_an_offer_is_answered_with_one_and_audio_flows_both_ways() {
    let tenant = Tenant::new("Delayed Offer");
    let address = "127.22.43.4";
    let phone = tenant.trunk("sbc.delayed-offer.test", address);
    let to = format!("sip:{ECHO}@{}", tenant.edge);
    let from = format!("sip:{}@{address}", tenant.number);
    let call = phone.call(&Dial::new(tenant.edge, &to, &from).without_offer()).expect("a call");
    call.wait_answered().expect("an answer");
    call.hang_up().expect("a BYE");
    wait_ended(&tenant, 1);
}

#[test]
fn digits_as_info_become_telephone_events_for_the_callee_and_its_own_come_back_as_info() {
    let tenant = Tenant::new("Digits");
    let (fqdn, address) = ("sbc.digits.test", "127.22.43.5");
    drop(tenant.trunk(fqdn, address));
    let info = serde_json::json!({"signaling": {"dtmf": "info"}});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &info).expect(200);
    // The sandbox echoes what it hears: the events of the key that was pressed by INFO come back, and are one INFO.
    play_again(&tenant, fqdn, address, "digits");
    wait_ended(&tenant, 1);
}
