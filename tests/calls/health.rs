//! Trunks come and go: OPTIONS both ways, names by SRV, and our registration with a registrar.

use crate::{
    BINARY, PATIENCE, Tenant, dial, dial_from_trunk,
    registrar::Registrar,
    tls::{self, Secured},
};
use serde_json::{Value, json};
use std::{
    net::Ipv4Addr,
    sync::LazyLock,
    time::{Duration, Instant},
};
use testkit::{
    dns::{FakeDns, Record},
    phone::{Answering, Phone, Sound},
    server::{Options, Server},
    tls::Tls,
};

/// Some seconds, of which each is an interval of the OPTIONS.
const INTERVALS: Duration = Duration::from_secs(30);
const ANSWERS: Answering = Answering::Answer { ring: Duration::ZERO, sound: Sound::Echo };

/// A name server for the server of these tests, in a runtime of its own.
pub(crate) struct Names {
    pub(crate) dns: FakeDns,
    _runtime: tokio::runtime::Runtime,
}

pub(crate) static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let dns = runtime.block_on(FakeDns::start()).expect("a name server");
    dns.set_ttl(2);
    Names { dns, _runtime: runtime }
});

/// A server that asks its trunks every second.
static SERVER: LazyLock<Server> = LazyLock::new(|| start(Ipv4Addr::new(127, 22, 40, 1)));

fn start(address: Ipv4Addr) -> Server {
    let settings = [
        ("DIALTONE_SIP__OPTIONS_INTERVAL_SECONDS", "1".to_owned()),
        ("DIALTONE_DNS__SERVERS", NAMES.dns.address.to_string()),
    ];
    let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Server::start_with(Options { binary: BINARY.into(), address, settings })
}

fn health(tenant: &Tenant, fqdn: &str, status: &str) -> Value {
    let path = format!("/api/v1/trunks/{fqdn}");
    tenant.api.wait(&path, INTERVALS, |trunk| trunk["health"]["status"] == status)["health"].clone()
}

/// What the outbox says of a trunk's health, oldest first. It is read in the server's own database, beside it.
fn events(server: &Server, tenant: &Tenant, fqdn: &str) -> Vec<Value> {
    let url = format!("sqlite://{}", server.data().join("dialtone.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut rows = runtime.block_on(async {
        let db = store::Db::connect(&url, store::Options::default()).await.expect("the database opens");
        let scope = domain::access::Scope::system("a test reads the outbox of its own server");
        let kind = Some("trunk.health.changed");
        let rows = store::outbox::list(db.read(), &scope, kind, 0, 1_000).await.expect("messages");
        db.close().await.expect("it closes");
        rows
    });
    rows.reverse();
    let id = tenant.api.account["tenant"]["id"].as_str().expect("an id");
    rows.retain(|row| row.tenant_id.is_some_and(|tenant| tenant.to_string() == id));
    let payloads = rows.into_iter().map(|row| row.payload["data"].clone());
    payloads.filter(|payload| payload["fqdn"] == fqdn).collect()
}

#[test]
fn a_trunk_that_stops_answering_is_not_tried_and_comes_back_with_its_next_answer() {
    let mut tenant = Tenant::on(&SERVER, "Comes And Goes");
    let fqdn = "sbc.comes-and-goes.test";
    let sbc = tenant.trunk(fqdn, "127.22.40.2");
    tenant.route(r"^\+46\d+$", fqdn);
    let (phone, account) = tenant.phone("anna", "127.22.40.3");
    let online = health(&tenant, fqdn, "online");
    assert_eq!(
        (online["ping"]["status"].as_str(), online["overall"]["status"].as_str()),
        (Some("ok"), Some("active"))
    );

    drop(sbc);
    let offline = health(&tenant, fqdn, "offline");
    assert_eq!(offline["reason"], "noRecentPings");
    assert_eq!(offline["overall"], json!({"status": "inactive", "reason": "noRecentPings"}));
    let ask = json!({"from": "+15550001111", "to": "+46701234567", "source": "app"});
    let dry = tenant.api.post("/api/v1/calls:simulate", &ask).expect(200).body;
    assert_eq!(dry["verdict"], "refuse", "{dry}");
    let call = phone.call(&dial(&account, "+15550001111", "+46701234567")).expect("a call");
    let _ = call.wait_failed(PATIENCE).expect("nobody is tried");

    let sbc = Phone::bind("127.22.40.2:5060").expect("the SBC is back");
    sbc.answering(ANSWERS).expect("it will answer");
    let _ = health(&tenant, fqdn, "online");
    let call = phone.call(&dial(&account, "+15550001111", "+46701234568")).expect("a call");
    call.wait_answered().expect("it is tried again");
    let _ = call.bye().expect("it ends");

    let history = format!("/api/v1/trunks/{fqdn}/health");
    let is_whole = |history: &Value| history["value"].as_array().is_some_and(|changes| changes.len() >= 4);
    let history = tenant.api.wait(&history, PATIENCE, is_whole);
    let states: Vec<_> =
        history["value"].as_array().expect("changes").iter().map(|c| c["to"].clone()).collect();
    assert_eq!(states, ["online", "offline", "warning", "online"], "{history}");
    // The same changes wait in the outbox, each with its reason.
    let told: Vec<_> =
        events(&SERVER, &tenant, fqdn).iter().map(|e| (e["to"].clone(), e["reason"].clone())).collect();
    let expected = [
        ("online", "answers"),
        ("warning", "missesPings"),
        ("offline", "noRecentPings"),
        ("online", "answers"),
    ];
    assert_eq!(told, expected.map(|(to, reason)| (json!(to), json!(reason))));
    let stranger = SERVER.tenant("Comes And Goes Not");
    let _ = stranger.get(&format!("/api/v1/trunks/{fqdn}/health")).expect(404);
}

#[test]
fn the_options_of_an_sbc_are_answered_and_count_as_a_sign_of_life() {
    let tenant = Tenant::on(&SERVER, "Sends Options");
    let fqdn = "sbc.sends-options.test";
    let sbc = tenant.trunk(fqdn, "127.22.40.4");
    let _ = health(&tenant, fqdn, "online");
    assert_eq!(sbc.options(SERVER.sip(), &format!("sip:{}", SERVER.sip().ip())).expect("an answer"), 200);
    let path = format!("/api/v1/trunks/{fqdn}");
    let seen = tenant.api.wait(&path, PATIENCE, |trunk| trunk["health"]["ping"]["heardAt"].is_string());
    assert_eq!(seen["health"]["status"], "online", "{seen}");
}

#[test]
fn a_trunk_that_was_never_heard_is_unknown_and_is_tried() {
    let mut tenant = Tenant::on(&SERVER, "Never Heard");
    let fqdn = "sbc.never-heard.test";
    drop(tenant.trunk(fqdn, "127.22.40.5"));
    tenant.route(r"^\+46\d+$", fqdn);
    let (_phone, _account) = tenant.phone("anna", "127.22.40.6");
    let missed = |trunk: &Value| trunk["health"]["ping"]["missed"].as_i64() >= Some(3);
    let trunk = tenant.api.wait(&format!("/api/v1/trunks/{fqdn}"), INTERVALS, missed);
    assert_eq!(trunk["health"]["status"], "unknown", "{trunk}");
    let ask = json!({"from": "+15550001111", "to": "+46701234567", "source": "app"});
    assert_eq!(tenant.api.post("/api/v1/calls:simulate", &ask).expect(200).body["verdict"], "connect");
}

#[test]
fn a_named_trunk_is_found_by_its_srv_records_and_a_dead_first_server_is_passed_over() {
    let mut tenant = Tenant::on(&SERVER, "Named Trunk");
    let fqdn = "sbc.named-trunk.test";
    let srv = |priority, host: &str| Record::Srv(priority, 0, 5070, host.to_owned());
    NAMES.dns.put(
        &format!("_sip._udp.{fqdn}"),
        [srv(1, "dead.named-trunk.test"), srv(2, "live.named-trunk.test")],
    );
    NAMES.dns.addresses("dead.named-trunk.test", &["127.22.40.7"]);
    NAMES.dns.addresses("live.named-trunk.test", &["127.22.40.8"]);
    let sbc = Phone::bind("127.22.40.8:5070").expect("the second server");
    sbc.answering(ANSWERS).expect("it will answer");
    let made = json!({"trunks": {fqdn: {"sipSignalingPort": 5060}}});
    let _ = tenant.api.patch("/sip?api-version=2023-03-01", &made).expect(200);
    let udp = json!({"transport": "udp", "media": {"srtp": "off"}});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &udp).expect(200);
    tenant.route(r"^\+46\d+$", fqdn);
    let (phone, account) = tenant.phone("anna", "127.22.40.9");
    let _ = health(&tenant, fqdn, "online");
    // The dead one has missed an interval by now, or does in the next.
    std::thread::sleep(Duration::from_millis(2_500));
    let begun = Instant::now();
    let call = phone.call(&dial(&account, "+15550001111", "+46701234567")).expect("a call");
    call.wait_answered().expect("the second server answers");
    assert!(begun.elapsed() < Duration::from_secs(8), "the dead server was waited for");
    let _ = call.bye().expect("it ends");
}

#[test]
fn we_register_where_it_is_wanted_and_again_after_a_restart() {
    let mut server = start(Ipv4Addr::new(127, 22, 40, 20));
    let tenant = Tenant::on(&server, "Registers");
    let fqdn = "pbx.registers.test";
    drop(tenant.trunk(fqdn, "127.22.40.21"));
    let registrar = Registrar::start("127.22.40.21:5060", "acme", "sesame", "pbx.example");
    registrar.want_at_least(90);
    let path = format!("/api/v1/trunks/{fqdn}/registration");
    let _ = tenant.api.get(&path).expect(404);
    let wanted = json!({"registrar": "127.22.40.21", "port": 5060, "transport": "udp", "domain": "pbx.example",
        "username": "acme", "password": "wrong", "expiresSeconds": 60});
    let _ = tenant.api.send("PUT", &path, Some(&wanted)).expect(200);
    let failed = tenant.api.wait(&path, INTERVALS, |body| body["state"] == "failed");
    assert!(failed["lastAnswer"].as_str().is_some_and(|answer| answer.starts_with("403")), "{failed}");
    assert!(failed.get("password").is_none());

    let mut right = wanted.clone();
    right["password"] = json!("sesame");
    let _ = tenant.api.send("PUT", &path, Some(&right)).expect(200);
    let _ = tenant.api.wait(&path, INTERVALS, |body| body["state"] == "registered");
    assert_eq!(registrar.bound(), Some(90), "423 was obeyed");

    server.kill();
    registrar.forget();
    server.restart();
    let end = Instant::now() + INTERVALS;
    while registrar.bound().is_none() {
        assert!(Instant::now() < end, "it does not register again");
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = tenant.api.wait(&path, INTERVALS, |body| body["state"] == "registered");
    let _ = tenant.api.delete(&path).expect(204);
    while registrar.bound().is_some() {
        assert!(Instant::now() < end, "it does not take its binding back");
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = tenant.api.get(&path).expect(404);
}

#[test]
fn a_certificate_that_is_about_to_end_is_a_warning_that_grows_louder_and_each_is_an_event() {
    let house = Secured::start_with(
        Ipv4Addr::new(127, 22, 56, 1),
        &[("DIALTONE_SIP__OPTIONS_INTERVAL_SECONDS", "1")],
    );
    let (fqdn, address) = ("sbc.ending.test", "127.22.56.2");
    let tenant = house.tenant("Ending");
    tls::trunk(&tenant, fqdn, address);
    let today = chrono::Utc::now().date_naive();
    let is_watched = |trunk: &Value| trunk["health"]["ping"]["missed"].as_i64() >= Some(1);
    let _ = tenant.api.wait(&format!("/api/v1/trunks/{fqdn}"), INTERVALS, is_watched);
    for (days, reason) in [
        (21, "certificateExpiring"),
        (9, "certificateExpiringSoon"),
        (2, "certificateExpiringNow"),
        (400, "answers"),
    ] {
        let identity = house.authority.identity_until(&[fqdn], Some(today + chrono::Days::new(days)));
        let shown = Tls::new(tls::EDGE_NAME, &house.authority.pem, Some(&identity));
        let sbc = Phone::over_tls(&format!("{address}:5061"), fqdn, &shown).expect("an SBC");
        sbc.answering(ANSWERS).expect("it will answer");
        let dialled = dial_from_trunk(house.tls(), fqdn, &tenant.number, crate::ECHO);
        let call = sbc.call(&dialled).expect("a call");
        call.wait_answered().expect("it is known by its certificate");
        let _ = call.bye().expect("it ends");
        let says = |trunk: &Value| trunk["health"]["reason"] == reason;
        let _ = tenant.api.wait(&format!("/api/v1/trunks/{fqdn}"), INTERVALS, says);
    }
    let told = events(&house.server, &tenant, fqdn);
    let louder: Vec<_> = told
        .iter()
        .filter(|event| {
            event["to"] == "warning" && event["reason"].as_str().is_some_and(|r| r.starts_with("cert"))
        })
        .map(|event| event["reason"].clone())
        .collect();
    assert_eq!(
        louder,
        ["certificateExpiring", "certificateExpiringSoon", "certificateExpiringNow"],
        "{told:?}"
    );
    assert!(told.iter().all(|event| event["explanation"].as_str().is_some_and(|text| !text.is_empty())));
    assert_eq!(told.last().map(|event| event["to"].clone()), Some(json!("online")), "{told:?}");
}
