//! Registrations with peers that we did not write: an SBC that registers with us, and a registrar with which we do.

use crate::{
    BINARY, ECHO, PATIENCE, Tenant, assert_charged, dial, dial_from_trunk,
    health::NAMES,
    kamailio::Kamailio,
    peers::{Peer, Scratch, baresip, text},
};
use serde_json::{Value, json};
use std::{
    fs,
    net::Ipv4Addr,
    process::{Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};
use testkit::{
    dns::Record,
    phone::{Account, Answering, Call, Phone, Sound},
    server::{Options, Server},
};

/// How long a registration may take, with its refusals and what is waited after them.
const REGISTERING: Duration = Duration::from_secs(40);

static SERVER: LazyLock<Server> = LazyLock::new(|| start(Ipv4Addr::new(127, 22, 54, 1)));

fn start(address: Ipv4Addr) -> Server {
    let settings = vec![
        ("DIALTONE_DNS__SERVERS".to_owned(), NAMES.dns.address.to_string()),
        ("DIALTONE_SANDBOX".to_owned(), "on".to_owned()),
    ];
    Server::start_with(Options { binary: BINARY.into(), address, settings })
}

/// Where the call goes that is made again until the SBC has registered.
const ANSWERED: &str = "+46865000002";

fn first_answered(phone: &Phone, account: &Account, from: &str, scratch: &Scratch) -> Call {
    let end = Instant::now() + REGISTERING;
    loop {
        let call = phone.call(&dial(account, from, ANSWERED)).expect("a call");
        match call.wait_answered() {
            Ok(()) => return call,
            Err(error) => assert!(
                Instant::now() < end,
                "{error}\n{}",
                fs::read_to_string(scratch.0.join("log")).unwrap_or_default()
            ),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// baresip as the SBC: registered as the trunk's user, it answers whatever comes.
fn sbc(scratch: &Scratch, user: &Value, edge: &str, caller: Option<&str>, more: &[&str]) -> Command {
    let text = |key: &str| user[key].as_str().expect("a text").to_owned();
    let (username, domain) = (text("username"), text("domain"));
    let shared = format!("auth_user={username};auth_pass={};outbound=\"sip:{edge}\"", text("password"));
    let mut accounts = format!("<sip:{username}@{domain}>;{shared};regint=60;audio_codecs=PCMU\n");
    // An SBC takes the number that is dialled; baresip knows its users alone, of whom each is a line of this file.
    accounts.push_str(&format!("<sip:{ANSWERED}@{domain}>;regint=0;answermode=auto;audio_codecs=PCMU\n"));
    if let Some(caller) = caller {
        accounts.push_str(&format!("<sip:{caller}@{domain}>;{shared};regint=0;audio_codecs=PCMU\n"));
    }
    fs::write(scratch.0.join("accounts"), accounts).expect("accounts");
    let mut command = Command::new("baresip");
    command.args(["-f", scratch.0.to_str().expect("a path")]).args(more);
    command.stdin(Stdio::null());
    command
}

#[test]
fn an_sbc_that_registers_with_us_is_called_where_it_is_and_calls_as_its_trunk() {
    let mut tenant = Tenant::on(&SERVER, "Sbc Registers");
    let fqdn = "sbc.registers-with-us.test";
    let made = json!({"trunks": {fqdn: {"sipSignalingPort": 5060}}});
    let _ = tenant.api.patch("/sip?api-version=2023-03-01", &made).expect(200);
    let user = tenant.api.post("/api/v1/sipUsers", &json!({"username": "sbc"})).expect(201).body;
    let registers = json!({"transport": "udp", "authentication": "registration", "sipUser": "sbc",
        "media": {"srtp": "off"}});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &registers).expect(200);
    tenant.route(r"^\+4686500\d+$", fqdn);
    let (phone, account) = tenant.phone("anna", "127.22.54.2");
    let call = phone.call(&dial(&account, &tenant.number, "+46865000001")).expect("a call");
    let _ = call.wait_failed(PATIENCE).expect("nobody has registered yet");

    let scratch = Scratch::new("sbc-registers");
    baresip(&scratch, "127.0.0.1:5074", "31200-31300");
    let edge = tenant.edge.to_string();
    let mut answers = sbc(&scratch, &user, &edge, None, &["-t", "40"]);
    let log = fs::File::create(scratch.0.join("log")).expect("a file");
    let answers =
        Peer(answers.stdout(log.try_clone().expect("a file")).stderr(log).spawn().expect("baresip"));
    let call = first_answered(&phone, &account, &tenant.number, &scratch);
    call.send_tone(50).expect("audio is sent");
    call.wait_heard("the tone of baresip", PATIENCE, |heard| heard.packets >= 50).expect("audio comes");
    let _ = call.bye().expect("it ends");
    let record = tenant.record(ANSWERED);
    assert!(record.to_string().contains(fqdn), "it went over the trunk: {record}");
    drop(answers);

    let dial = format!("/dial sip:{ECHO}@{}", account.domain);
    let find = format!("/uafind sip:{}@{}", tenant.number, account.domain);
    let mut caller =
        sbc(&scratch, &user, &edge, Some(&tenant.number), &["-e", &find, "-e", &dial, "-t", "8"]);
    let said = text(&caller.output().expect("baresip is installed by tests/run"));
    let record = tenant.record(ECHO);
    assert!(record["answeredAt"].is_string(), "{record}\n{said}");
    assert!(record.to_string().contains(fqdn), "the trunk called: {record}\n{said}");
    assert_eq!(record["legs"].to_string().matches("flowing").count(), 2, "{record}\n{said}");
    assert_charged(&record, &[4_000, 13_000]);
}

/// Kamailio as a PBX's registrar: it challenges, wants bindings of 90 s at least, and sends what is asked of it to who
/// registered.
const REGISTRAR: &str = r#"
debug=1
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
listen=udp:@ADDRESS@:5060
listen=tcp:@ADDRESS@:5065
mpath="@MODULES@"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
request_route {
    if (is_method("REGISTER")) {
        if (!pv_www_authenticate("registers.example", "sesame", "0")) {
            www_challenge("registers.example", "1");
            exit;
        }
        if ($hdr(Expires) != $null && $(hdr(Expires){s.int}) > 0 && $(hdr(Expires){s.int}) < 90) {
            append_to_reply("Min-Expires: 90\r\n");
            sl_send_reply("423", "Interval Too Brief");
            exit;
        }
        save("location");
        exit;
    }
    if (is_method("INVITE")) record_route();
    if (has_totag()) {
        loose_route();
        t_relay();
        exit;
    }
    if (src_ip == @EDGE@) {
        $du = "sip:@PBX@:5060";
    } else {
        $ru = "sip:acme@registers.example";
        if (!lookup("location")) {
            sl_send_reply("404", "Nobody Registered");
            exit;
        }
    }
    t_relay();
}
"#;

#[test]
fn we_register_with_kamailio_found_by_naptr_and_srv_and_calls_come_and_go_and_a_restart_is_survived() {
    let (address, pbx_address, edge) = ("127.22.55.2", "127.22.55.3", Ipv4Addr::new(127, 22, 55, 1));
    let mut server = start(edge);
    let tenant = Tenant::on(&server, "Registers With Kamailio");
    let fqdn = "pbx.registers-with-kamailio.test";
    drop(tenant.trunk(fqdn, address));
    tenant.bind("trunk", fqdn);
    // By order, and by preference among equals; what is not SIP over a transport of ours is passed over.
    let naptr = |order, preference, services: &str, replacement: &str| {
        Record::Naptr(order, preference, "s".into(), services.into(), replacement.into())
    };
    NAMES.dns.put(
        "registers.example",
        [
            naptr(20, 1, "SIP+D2U", "_sip._udp.wrong.registers.example"),
            naptr(10, 30, "SIP+D2U", "_sip._udp.later.registers.example"),
            naptr(10, 20, "SIP+D2T", "_sip._tcp.right.registers.example"),
            naptr(5, 1, "E2U+sip", "_sip._udp.wrong.registers.example"),
        ],
    );
    let srv = |port, host: &str| [Record::Srv(1, 1, port, host.to_owned())];
    NAMES.dns.put("_sip._tcp.right.registers.example", srv(5065, "host.registers.example"));
    NAMES.dns.put("_sip._udp.later.registers.example", srv(5099, "wrong.registers.example"));
    NAMES.dns.put("_sip._udp.wrong.registers.example", srv(5099, "wrong.registers.example"));
    NAMES.dns.addresses("host.registers.example", &[address]);
    NAMES.dns.addresses("wrong.registers.example", &["127.22.55.9"]);
    let values = [("@EDGE@", edge.to_string()), ("@PBX@", pbx_address.to_owned())];
    let kamailio = Kamailio::run("registrar", (address, 5065), REGISTRAR, &values, &[]);
    let path = format!("/api/v1/trunks/{fqdn}/registration");
    let mut wanted = json!({"registrar": "registers.example", "username": "acme", "password": "guessed",
        "expiresSeconds": 60});
    let _ = tenant.api.send("PUT", &path, Some(&wanted)).expect(200);
    let failed = tenant.api.wait(&path, REGISTERING, |body| body["state"] == "failed");
    assert!(failed["lastAnswer"].as_str().is_some_and(|answer| answer.starts_with("401")), "{failed}");
    wanted["password"] = json!("sesame");
    let _ = tenant.api.send("PUT", &path, Some(&wanted)).expect(200);
    let is_registered = |body: &Value| body["state"] == "registered";
    let _ = tenant.api.wait(&path, REGISTERING, is_registered);

    let pbx = Phone::bind(&format!("{pbx_address}:5060")).expect("a PBX");
    both_ways(&tenant, &pbx, address, &kamailio);
    server.kill();
    server.restart();
    let again = tenant.api.wait(&path, REGISTERING, is_registered);
    assert!(again.to_string().contains("registered"), "{again}");
    both_ways(&tenant, &pbx, address, &kamailio);
}

/// A call from the PBX to the contact that we registered, and one of the carrier's side to the PBX.
fn both_ways(tenant: &Tenant, pbx: &Phone, kamailio_address: &str, kamailio: &Kamailio) {
    let calls = |tenant: &Tenant| {
        let list = tenant.api.get("/api/v1/calls").expect(200).body;
        list["value"].as_array().map_or(0, Vec::len)
    };
    let before = calls(tenant);
    let inside = format!("{kamailio_address}:5060").parse().expect("an address");
    let call = pbx.call(&dial_from_trunk(inside, "registers.example", &tenant.number, ECHO)).expect("a call");
    call.wait_answered().unwrap_or_else(|error| panic!("{error}\n{}", kamailio.log()));
    crate::talk_to_echo(&call, 25);
    let _ = call.bye().expect("it ends");

    pbx.answering(Answering::Answer { ring: Duration::ZERO, sound: Sound::Echo }).expect("the PBX answers");
    let sandbox = json!({"from": "+12065550142", "to": tenant.number});
    let _ = tenant.api.post("/api/v1/sandbox/calls", &sandbox).expect(201);
    let call = pbx.wait_incoming(PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", kamailio.log()));
    call.wait_answered().expect("it is answered");
    let _ = call.bye().expect("it ends");
    let all_ended = |list: &Value| {
        let calls = list["value"].as_array().expect("calls");
        calls.len() == before + 2 && calls.iter().all(|call| call["state"] == "ended")
    };
    let _ = tenant.api.wait("/api/v1/calls", PATIENCE, all_ended);
}
