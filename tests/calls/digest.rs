//! Digest both ways, with SIPp at the other end: a trunk that is known by its password, and carriers that challenge us.

use crate::{
    BINARY, PATIENCE, Tenant, assert_charged, dial,
    peers::{Peer, Scratch, baresip, quiet, sipp, text},
};
use serde_json::{Value, json};
use std::{
    fs,
    net::Ipv4Addr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};
use testkit::server::{Options, Server};

/// A server with carriers of its own beside the simulated one.
static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::start_with(Options {
        binary: BINARY.into(),
        address: Ipv4Addr::new(127, 22, 50, 1),
        settings: vec![("DIALTONE_SANDBOX".into(), "on".into())],
    })
});

pub(super) fn scenario(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/calls/sipp/{name}.xml"))
}

/// How a peer's process ended, which it must do in time.
pub(super) fn wait_over(child: &mut Child, patience: Duration) -> ExitStatus {
    let end = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status;
        }
        assert!(Instant::now() < end, "the peer does not come to its end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// baresip as the tenant's SBC, which gives this password when it is challenged: what it printed in eight seconds. SIPp
/// would look at the first challenge alone, which asks for SHA-256, and give up.
fn calls_with(tenant: &Tenant, user: &Value, password: &str) -> String {
    let scratch = Scratch::new("digest-trunk");
    baresip(&scratch, "127.0.0.1:5077", "31400-31500");
    let domain = user["domain"].as_str().expect("a domain");
    let account = format!(
        "<sip:{}@{domain}>;auth_user=sbc;auth_pass={password};outbound=\"sip:{}\";regint=0;audio_codecs=PCMU\n",
        tenant.number, tenant.edge
    );
    fs::write(scratch.0.join("accounts"), account).expect("accounts");
    let call = format!("/dial sip:{}@{domain}", crate::ECHO);
    let mut command = Command::new("baresip");
    command.args(["-f", scratch.0.to_str().expect("a path"), "-e", &call, "-t", "8"]).stdin(Stdio::null());
    text(&command.output().expect("baresip is installed by tests/run"))
}

#[test]
fn a_trunk_known_by_digest_calls_with_its_password_from_anywhere_and_with_no_other() {
    let tenant = Tenant::on(&SERVER, "Known By Digest");
    let fqdn = "sbc.known-by-digest.test";
    drop(tenant.trunk(fqdn, "127.22.51.1"));
    let user = tenant.api.post("/api/v1/sipUsers", &json!({"username": "sbc"})).expect(201).body;
    let digest = json!({"authentication": "digest", "sipUser": "sbc", "addresses": []});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &digest).expect(200);

    let said = calls_with(&tenant, &user, "guessed");
    let calls = tenant.api.get("/api/v1/calls").expect(200).body;
    assert_eq!(calls["value"], json!([]), "nobody called: {said}");
    let said = calls_with(&tenant, &user, user["password"].as_str().expect("a password"));
    let record = tenant.record(crate::ECHO);
    assert!(record["answeredAt"].is_string(), "{record}\n{said}");
    assert!(record.to_string().contains(fqdn), "the trunk called, not the user: {record}\n{said}");
    assert_eq!(record["legs"].to_string().matches("flowing").count(), 2, "{record}\n{said}");
    assert_charged(&record, &[4_000, 13_000]);
}

/// A carrier of the operator at an address, for one number; with credentials of ours for its realm.
fn carrier(name: &str, address: &str, number: &str) {
    let credentials = json!({"username": "us", "realm": "carrier.test", "password": "open-sesame"});
    let made = json!({"name": name, "hosts": [{"address": address, "port": 5060, "transport": "udp"}],
        "callerId": "any", "limits": {"callsPerSecond": 10, "maxCalls": 10}, "credentials": credentials,
        "prefixes": [{"prefix": number.trim_start_matches('+')}]});
    let _ = SERVER.operator().post("/api/v1/operator/carriers", &made).expect(201);
}

/// SIPp plays a carrier once.
fn plays(scratch: &Scratch, name: &str, address: &str) -> Peer {
    let scenario = scenario(name).display().to_string();
    let arguments =
        ["-sf", &scenario, "-i", address, "-p", "5060", "-mi", address, "-m", "1", "-timeout", "20"];
    let arguments = [&arguments[..], &["-timeout_error"]].concat();
    quiet(sipp(scratch, &arguments))
}

#[test]
fn a_carrier_that_challenges_our_invite_gets_the_answer_for_its_realm_and_carries_the_call() {
    carrier("challenging", "127.22.51.4", "+46860000001");
    let mut tenant = Tenant::on(&SERVER, "Challenged Outward");
    let scratch = Scratch::new("challenging");
    let mut sipp = plays(&scratch, "challenge", "127.22.51.4");
    let (phone, account) = tenant.phone("anna", "127.22.51.5");
    let call = phone.call(&dial(&account, &tenant.number, "+46860000001")).expect("a call");
    call.wait_answered().expect("the carrier is content");
    let _ = call.bye().expect("it ends");
    assert!(wait_over(&mut sipp.0, PATIENCE).success(), "the carrier saw what it should");
    assert_eq!(tenant.record("+46860000001")["outcome"]["cause"], "normal-clearing");
}

#[test]
fn a_carrier_that_challenges_again_gets_no_second_answer_and_the_call_fails() {
    carrier("stubborn", "127.22.51.6", "+46860000002");
    let mut tenant = Tenant::on(&SERVER, "Challenged Twice");
    let scratch = Scratch::new("stubborn");
    let mut sipp = plays(&scratch, "stubborn", "127.22.51.6");
    let (phone, account) = tenant.phone("anna", "127.22.51.7");
    let call = phone.call(&dial(&account, &tenant.number, "+46860000002")).expect("a call");
    let (status, _) = call.wait_failed(PATIENCE).expect("it fails");
    assert!(![401, 407].contains(&status), "a challenge stays on its leg: {status}");
    assert!(wait_over(&mut sipp.0, PATIENCE).success(), "one answer, and no third INVITE");
    let record = tenant.record("+46860000002");
    assert!(record["answeredAt"].is_null(), "{record}");
}
