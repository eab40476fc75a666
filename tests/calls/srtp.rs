//! Encrypted media against a peer that we did not write: baresip with its SRTP, as a phone and as a tenant's SBC.

use crate::{
    ECHO, PATIENCE, Tenant, assert_charged, dial, dial_from_trunk,
    peers::{Peer, Scratch, baresip, text},
    tls::Secured,
};
use serde_json::{Value, json};
use std::{
    fs,
    net::Ipv4Addr,
    process::{Command, Stdio},
    sync::LazyLock,
    time::Duration,
};
use testkit::phone::{Answering, Sound};

static SECURED: LazyLock<Secured> =
    LazyLock::new(|| Secured::start_with(Ipv4Addr::new(127, 22, 60, 1), &[("DIALTONE_SANDBOX", "on")]));

/// How long a baresip may take to be there.
const START: Duration = Duration::from_secs(20);

/// baresip in a folder of its own: this account, on this port and the next (TLS), with SRTP.
fn peer(name: &str, port: u16, rtp: &str, account: &str) -> Scratch {
    let scratch = Scratch::new(name);
    baresip(&scratch, &format!("127.0.0.1:{port}"), rtp);
    let identity = SECURED.authority.identity(&[&format!("sbc.{name}.test")]);
    let at = |file: &str| scratch.0.join(file);
    fs::write(at("identity.pem"), format!("{}{}", identity.chain, identity.key)).expect("a file");
    fs::write(at("roots.pem"), &SECURED.authority.pem).expect("a file");
    let config = fs::read_to_string(at("config")).expect("a configuration");
    let more = format!(
        "module srtp.so\nsip_certificate {}\nsip_cafile {}\n",
        at("identity.pem").display(),
        at("roots.pem").display()
    );
    fs::write(at("config"), config + &more).expect("a configuration");
    fs::write(at("accounts"), account).expect("accounts");
    scratch
}

/// Starts it; what it prints goes into `log`.
fn starts(scratch: &Scratch, more: &[&str]) -> Peer {
    let log = fs::File::create(scratch.0.join("log")).expect("a file");
    let mut command = Command::new("baresip");
    command.args(["-f", scratch.0.to_str().expect("a path")]).args(more).stdin(Stdio::null());
    command.stdout(log.try_clone().expect("a file")).stderr(log);
    Peer(command.spawn().expect("baresip is installed by tests/run"))
}

fn log(scratch: &Scratch) -> String {
    fs::read_to_string(scratch.0.join("log")).unwrap_or_default()
}

/// A tenant on the server of these tests, spoken to over UDP.
fn tenant(name: &str) -> Tenant {
    Tenant { edge: SECURED.server.sip(), ..SECURED.tenant(name) }
}

/// A trunk as `/sip` makes it, at baresip's place: it requires SRTP. Over TLS where nothing else is set.
fn trunk(tenant: &Tenant, fqdn: &str, port: u16, more: &Value) {
    let made = json!({"trunks": {fqdn: {"sipSignalingPort": port}}});
    let _ = tenant.api.patch("/sip?api-version=2023-03-01", &made).expect(200);
    let mut set = json!({"addresses": ["127.0.0.1"]});
    set.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let path = format!("/api/v1/trunks/{fqdn}");
    let trunk = tenant.api.patch(&path, &set).expect(200).body;
    assert_eq!(trunk["media"]["srtp"], "required", "{trunk}");
}

/// Has the sandbox call the tenant's number until the callee, which may still be starting, has answered: the call.
fn answered(tenant: &Tenant, scratch: &Scratch) -> Value {
    let end = std::time::Instant::now() + START;
    loop {
        let placed = json!({"from": "+12065550142", "to": tenant.number});
        let placed = tenant.api.post("/api/v1/sandbox/calls", &placed).expect(201).body;
        let path = format!("/api/v1/calls/{}", placed["callId"].as_str().expect("an id"));
        let settled = |call: &Value| call["answeredAt"].is_string() || call["state"] == "ended";
        let call = tenant.api.wait(&path, PATIENCE, settled);
        if call["answeredAt"].is_string() {
            return call;
        }
        assert!(std::time::Instant::now() < end, "{call}\n{}", log(scratch));
    }
}

/// Waits until audio flows both ways, and ends the call: its record.
fn flows(tenant: &Tenant, call: &Value, scratch: &Scratch) -> Value {
    let path = format!("/api/v1/calls/{}", call["id"].as_str().expect("an id"));
    let flowing = |call: &Value| call["legs"].to_string().matches("flowing").count() == 2;
    let _ = tenant.api.wait(&path, PATIENCE, flowing);
    std::thread::sleep(Duration::from_millis(300));
    let answer = tenant.api.delete(&path);
    assert!(matches!(answer.status, 202 | 204), "{}\n{}", answer.text, log(scratch));
    tenant.api.wait(&path, PATIENCE, |call| call["state"] == "ended")
}

/// The messages of a call that came from, or went to, each party, and whether any shows a key.
fn keys_are_hidden(tenant: &Tenant, id: &str) -> String {
    let path = format!("/api/v1/calls/{id}/trace");
    let seen = tenant.api.wait(&path, PATIENCE, |trace| trace.to_string().contains("a=crypto:"));
    let capture = tenant.api.get(&format!("{path}?format=pcap")).expect(200);
    for shown in [seen.to_string(), String::from_utf8_lossy(&capture.bytes).into_owned()] {
        let keys: Vec<&str> = shown.split("inline:").skip(1).collect();
        assert!(!keys.is_empty(), "{shown}");
        assert!(keys.iter().all(|key| key.starts_with("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")), "{shown}");
    }
    seen.to_string()
}

#[test]
fn a_phone_that_takes_nothing_but_srtp_calls_the_echo_and_hears_itself() {
    let mut tenant = tenant("Srtp Phone");
    let user = tenant.api.post("/api/v1/sipUsers", &json!({"username": "bare"})).expect(201).body;
    tenant.domain = user["domain"].as_str().expect("a domain").to_owned();
    let account = format!(
        "<sip:{}@{}>;auth_user=bare;auth_pass={};outbound=\"sip:{}\";regint=0;audio_codecs=PCMU;mediaenc=srtp-mand\n",
        tenant.number,
        tenant.domain,
        user["password"].as_str().expect("a password"),
        tenant.edge
    );
    let scratch = peer("srtp-phone", 5090, "31600-31650", &account);
    let call = format!("/dial sip:{ECHO}@{}", tenant.domain);
    let mut command = Command::new("baresip");
    command.args(["-f", scratch.0.to_str().expect("a path"), "-e", &call, "-t", "8"]).stdin(Stdio::null());
    let said = text(&command.output().expect("baresip is installed by tests/run"));
    let record = tenant.record(ECHO);
    assert!(record["answeredAt"].is_string(), "{record}\n{said}");
    assert_eq!(record["legs"].to_string().matches("flowing").count(), 2, "{record}\n{said}");
    assert_charged(&record, &[4_000, 13_000]);
    let seen = keys_are_hidden(&tenant, record["id"].as_str().expect("an id"));
    assert!(seen.contains("RTP/SAVP") && seen.contains("RTP/AVP"), "one leg each: {seen}");
}

#[test]
fn a_trunk_made_through_sip_is_called_over_tls_and_srtp() {
    let tenant = tenant("Srtp Trunk");
    let fqdn = "sbc.srtp-trunk.test";
    trunk(&tenant, fqdn, 5093, &json!({}));
    tenant.bind("trunk", fqdn);
    let account = format!(
        "<sip:{}@127.0.0.1;transport=tls>;regint=0;answermode=auto;audio_codecs=PCMU;mediaenc=srtp-mand\n",
        tenant.number
    );
    let scratch = peer("srtp-trunk", 5092, "31660-31700", &account);
    let _sbc = starts(&scratch, &["-t", "60"]);
    let call = answered(&tenant, &scratch);
    let record = flows(&tenant, &call, &scratch);
    assert_charged(&record, &[4_000, 8_500]);
    assert_eq!(
        (&record["legs"][0]["encrypted"], &record["legs"][1]["encrypted"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(record["legs"][1]["received"]["unauthentic"], 0, "{record}");
    let seen = keys_are_hidden(&tenant, record["id"].as_str().expect("an id"));
    assert!(seen.contains("AEAD_AES_256_GCM") && seen.contains("RTP/SAVP"), "{seen}");
    assert!(!record.to_string().contains("without TLS"), "{record}");
}

#[test]
fn a_trunk_that_requires_srtp_without_tls_is_served_and_told_that_its_keys_can_be_read() {
    let mut tenant = tenant("Srtp Clear");
    let fqdn = "sbc.srtp-clear.test";
    trunk(&tenant, fqdn, 5094, &json!({"transport": "udp"}));
    tenant.route(r"^\+4686600\d+$", fqdn);
    let account =
        "<sip:+46866000001@127.0.0.1>;regint=0;answermode=auto;audio_codecs=PCMU;mediaenc=srtp-mand\n";
    let scratch = peer("srtp-clear", 5094, "31710-31750", account);
    let _sbc = starts(&scratch, &["-t", "60"]);
    let (phone, account) = tenant.phone("anna", "127.22.60.2");
    let end = std::time::Instant::now() + START;
    let call = loop {
        let call = phone.call(&dial(&account, &tenant.number, "+46866000001")).expect("a call");
        match call.wait_answered() {
            Ok(()) => break call,
            Err(error) => assert!(std::time::Instant::now() < end, "{error}\n{}", log(&scratch)),
        }
    };
    call.send_tone(50).expect("audio is sent");
    call.wait_heard("the tone of baresip", PATIENCE, |heard| heard.packets >= 50).expect("audio comes");
    // Hold and resume are new offers: the keys stay, and so does the audio.
    call.hold().expect("it is taken");
    call.resume().expect("it is taken");
    let before = call.heard().expect("it is up").packets;
    call.wait_heard("audio after the hold", PATIENCE, |heard| heard.packets >= before + 50).expect("audio");
    let _ = call.bye().expect("it ends");
    let list = tenant.api.wait("/api/v1/calls", PATIENCE, |list| {
        tenant.find(list, "+46866000001").is_some_and(|call| call["state"] == "ended")
    });
    let id = tenant.find(&list, "+46866000001").expect("a call")["id"].as_str().expect("an id").to_owned();
    let record = tenant.api.get(&format!("/api/v1/calls/{id}")).expect(200).body;
    assert!(record["decision"].to_string().contains("without TLS"), "{record}");
    assert_eq!(record["legs"].to_string().matches("flowing").count(), 2, "{record}\n{}", log(&scratch));
    let _ = keys_are_hidden(&tenant, &id);
}

#[test]
fn media_in_the_clear_is_refused_where_srtp_is_required_with_the_attribute_that_is_missing() {
    let tenant = tenant("Srtp Missing");
    let fqdn = "sbc.srtp-missing.test";
    let sbc = tenant.trunk(fqdn, "127.22.60.3");
    let required = json!({"media": {"srtp": "required"}});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &required).expect(200);
    tenant.bind("trunk", fqdn);
    // It calls with RTP/AVP and no key.
    let call = sbc.call(&dial_from_trunk(tenant.edge, fqdn, &tenant.number, ECHO)).expect("a call");
    assert_eq!(call.wait_failed(PATIENCE).expect("it is refused").0, 488);
    let id = tenant.record(ECHO)["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/calls/{id}/trace");
    let trace = tenant.api.wait(&path, PATIENCE, |trace| trace.to_string().contains("Warning"));
    let said = trace.to_string();
    assert!(said.contains("399 ") && said.contains("media.srtp") && said.contains("a=crypto"), "{said}");
    // It is called with RTP/SAVP, which it does not know.
    sbc.answering(Answering::Answer { ring: Duration::ZERO, sound: Sound::Echo }).expect("it answers");
    let placed = json!({"from": "+12065550142", "to": tenant.number});
    let _ = tenant.api.post("/api/v1/sandbox/calls", &placed).expect(201);
    let record = tenant.record(&tenant.number);
    assert!(record["answeredAt"].is_null(), "{record}");
    // Where SRTP is off, its offer is refused in turn, and plain audio is taken.
    let off = json!({"media": {"srtp": "off"}});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &off).expect(200);
    let call = sbc.call(&dial_from_trunk(tenant.edge, fqdn, &tenant.number, "+12065550101")).expect("a call");
    let _ = call.wait_answered().map(|()| call.bye());
}

#[test]
fn the_doctor_tries_srtp_and_plain_media_for_real() {
    let tenant = tenant("Srtp Doctor");
    let fqdn = "sbc.srtp-doctor.test";
    trunk(&tenant, fqdn, 5096, &json!({"transport": "udp"}));
    let account =
        "<sip:+46866000002@127.0.0.1>;regint=0;answermode=auto;audio_codecs=PCMU;mediaenc=srtp-mand\n";
    let scratch = peer("srtp-doctor", 5096, "31760-31800", account);
    let _sbc = starts(&scratch, &["-t", "90"]);
    let order = json!({"echoNumber": "+46866000002", "from": tenant.number, "codecs": true});
    let begun = tenant.api.post(&format!("/api/v1/trunks/{fqdn}:examine"), &order).expect(201).body;
    let path = format!("/api/v1/trunks/{fqdn}/reports/{}", begun["id"].as_str().expect("an id"));
    let report = tenant.api.wait(&path, Duration::from_secs(60), |report| !report["endedAt"].is_null());
    let of_srtp: Vec<&Value> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["topic"] == "srtp")
        .collect();
    let states: Vec<&str> =
        of_srtp.iter().map(|finding| finding["state"].as_str().expect("a state")).collect();
    assert_eq!(states[..2], ["warning", "passed"], "{report}\n{}", log(&scratch));
    assert!(of_srtp[0]["said"].as_str().expect("a text").contains("keys"), "{report}");
    assert!(of_srtp[1]["said"].as_str().expect("a text").starts_with("SRTP is taken"), "{report}");
    assert!(of_srtp[2]["said"].as_str().expect("a text").contains("plain RTP"), "{report}");
}
