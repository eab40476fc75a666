//! Peers that we did not write: SIPp as an SBC, baresip as a phone.

use crate::{PATIENCE, Tenant, assert_charged};
use serde_json::json;
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

/// A scratch folder of a test, removed at its end.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dialtone-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a scratch folder");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A scratch folder that stays is no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A peer's process, killed at the end of its test.
pub(super) struct Peer(pub(super) Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn sipp(scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut command = Command::new("sipp");
    command.current_dir(&scratch.0).args(arguments).arg("-nostdin").env("TERM", "dumb");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a peer whose output nobody reads.
pub(super) fn quiet(mut command: Command) -> Peer {
    Peer(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it is installed by tests/run"))
}

pub(super) fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// SIPp as an SBC makes ten calls over the platform's carrier.
fn sipp_calls_out(name: &str, address: &str, transport: &str) {
    let tenant = Tenant::new(name);
    let fqdn = format!("sbc.{}.test", name.to_lowercase().replace(' ', "-"));
    drop(tenant.trunk(&fqdn, address));
    let _ = tenant
        .api
        .patch(
            &format!("/api/v1/trunks/{fqdn}"),
            &json!({"transport": if transport == "u1" { "udp" } else { "tcp" }}),
        )
        .expect(200);
    let scratch = Scratch::new(&fqdn);
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/sipp/uac.xml");
    let edge = tenant.edge.to_string();
    let arguments = [
        "-sf",
        scenario,
        "-i",
        address,
        "-p",
        "5060",
        "-mi",
        address,
        "-t",
        transport,
        "-s",
        "+12065550190",
        "-key",
        "caller",
        &tenant.number,
        "-m",
        "10",
        "-r",
        "10",
        "-timeout",
        "30",
        "-timeout_error",
        &edge,
    ];
    let output = sipp(&scratch, &arguments).output().expect("sipp is installed by tests/run");
    assert!(output.status.success(), "{}", text(&output));
    let all_ended = |list: &serde_json::Value| {
        let calls = list["value"].as_array().expect("calls");
        calls.len() == 10 && calls.iter().all(|call| call["state"] == "ended")
    };
    let list = tenant.api.wait("/api/v1/calls", PATIENCE, all_ended);
    for call in list["value"].as_array().expect("calls") {
        assert_charged(call, &[4_000, 13_000]);
    }
}

#[test]
fn sipp_as_an_sbc_calls_out_over_udp() {
    sipp_calls_out("Sipp Udp", "127.22.7.1", "u1");
}

#[test]
fn sipp_as_an_sbc_calls_out_over_tcp() {
    sipp_calls_out("Sipp Tcp", "127.22.7.2", "t1");
}

#[test]
fn sipp_as_an_sbc_answers_a_call_from_the_sandbox() {
    let tenant = Tenant::new("Sipp Answers");
    drop(tenant.trunk("sbc.sipp-answers.test", "127.22.7.3"));
    tenant.bind("trunk", "sbc.sipp-answers.test");
    let scratch = Scratch::new("sipp-answers");
    let arguments = ["-sn", "uas", "-i", "127.22.7.3", "-p", "5060", "-mi", "127.22.7.3", "-rtp_echo"];
    let _answers = quiet(sipp(&scratch, &arguments));
    let placed = tenant
        .api
        .post("/api/v1/sandbox/calls", &json!({"from": "+12065550142", "to": tenant.number}))
        .expect(201)
        .body;
    let path = format!("/api/v1/calls/{}", placed["callId"].as_str().expect("an id"));
    let flowing = |call: &serde_json::Value| {
        let legs = call["legs"].to_string();
        call["answeredAt"].is_string() && legs.matches("flowing").count() == 2
    };
    let _ = tenant.api.wait(&path, PATIENCE, flowing);
    let answer = tenant.api.delete(&path);
    assert!(matches!(answer.status, 202 | 204), "{}", answer.text);
    let ended = tenant.api.wait(&path, PATIENCE, |call| call["state"] == "ended");
    assert_charged(&ended, &[4_000, 8_500]);
}

/// Writes the configuration of a baresip. It binds RTP to every address, so that on loopback its packets leave from
/// 127.0.0.1 whatever it says in SDP: that is its address. It takes the next port too, for TLS.
pub(super) fn baresip(scratch: &Scratch, listen: &str, rtp: &str) {
    let modules = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    let modules = modules
        .into_iter()
        .find(|path| fs::exists(path).is_ok_and(|there| there))
        .expect("baresip's modules");
    let config = format!(
        "module_path {modules}\nmodule g711.so\nmodule ausine.so\nmodule aufile.so\nmodule_app account.so\nmodule_app menu.so\n\
         sip_listen {listen}\naudio_source ausine,440\naudio_player aufile,{}/heard.wav\naudio_alert aufile,{}/alert.wav\n\
         ausrc_srate 48000\nausrc_channels 2\nauplay_srate 8000\nnet_interface 127.0.0.1\nrtp_ports {rtp}\n",
        scratch.0.display(),
        scratch.0.display()
    );
    fs::write(scratch.0.join("config"), config).expect("a configuration");
}

#[test]
fn baresip_registers_calls_the_echo_and_hears_itself() {
    let mut tenant = Tenant::new("Baresip");
    let user = tenant.api.post("/api/v1/sipUsers", &json!({"username": "bare"})).expect(201).body;
    tenant.domain = user["domain"].as_str().expect("a domain").to_owned();
    let scratch = Scratch::new("baresip");
    baresip(&scratch, "127.0.0.1:5071", "31000-31100");
    let account = format!(
        "<sip:{}@{}>;auth_user=bare;auth_pass={};outbound=\"sip:{}\";regint=60;audio_codecs=PCMU\n",
        tenant.number,
        tenant.domain,
        user["password"].as_str().expect("a password"),
        tenant.edge
    );
    // The address of record is the username's; the caller id is the number that the From of a call may show.
    let registered = account.replacen(&tenant.number, "bare", 1);
    fs::write(
        scratch.0.join("accounts"),
        format!("{registered}{}", account.replace("regint=60", "regint=0")),
    )
    .expect("accounts");
    let folder = scratch.0.to_str().expect("a path");
    let dial = format!("/dial sip:+12065550100@{}", tenant.domain);
    let find = format!("/uafind sip:{}@{}", tenant.number, tenant.domain);
    let mut command = Command::new("baresip");
    command.args(["-f", folder, "-e", &find, "-e", &dial, "-t", "12"]).stdin(Stdio::null());
    let output = command.output().expect("baresip is installed by tests/run");
    let said = text(&output);
    assert!(said.contains("200 OK") || said.contains("registered"), "{said}");
    let list = tenant
        .api
        .wait("/api/v1/calls", Duration::from_secs(20), |list| list["value"][0]["state"] == "ended");
    let id = list["value"][0]["id"].as_str().expect("an id");
    let record = tenant.api.get(&format!("/api/v1/calls/{id}")).expect(200).body;
    assert!(record["answeredAt"].is_string(), "{record}\n{said}");
    assert_eq!(record["legs"].to_string().matches("flowing").count(), 2, "{record}\n{said}");
    assert_charged(&record, &[4_000, 13_000]);
}
