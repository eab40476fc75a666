//! Secure transports against the true binary: trunks with certificates, phones in browsers, renewal without a restart.

use crate::{BINARY, ECHO, PATIENCE, Tenant, assert_charged, dial, dial_from_trunk, talk_to_echo};
use serde_json::json;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::LazyLock,
    time::{Duration, Instant},
};
use testkit::{
    phone::{Account, Answering, Dial, Phone, Sound},
    server::{Options, Server},
    tls::{Authority, Identity, Tls},
};

/// An SBC or phone of the test that answers and echoes.
const ANSWERS: Answering = Answering::Answer { ring: Duration::ZERO, sound: Sound::Echo };
/// What the server's own certificate names.
pub(crate) const EDGE_NAME: &str = "edge.platform.test";

/// A server with a certificate of an authority that it trusts for its peers too.
pub(crate) struct Secured {
    pub(crate) server: Server,
    pub(crate) authority: Authority,
    folder: PathBuf,
}

static SECURED: LazyLock<Secured> = LazyLock::new(|| Secured::start(Ipv4Addr::new(127, 22, 30, 1)));

pub(crate) fn secured() -> &'static Secured {
    &SECURED
}

impl Secured {
    fn start(address: Ipv4Addr) -> Self {
        Self::start_with(address, &[])
    }

    pub(crate) fn start_with(address: Ipv4Addr, more: &[(&str, &str)]) -> Self {
        let authority = Authority::new();
        let folder = std::env::temp_dir().join(format!("dialtone-tls-{}-{address}", std::process::id()));
        fs::create_dir_all(&folder).expect("a scratch folder");
        fs::write(folder.join("roots.pem"), &authority.pem).expect("a file");
        show(&folder, &authority.identity(&[EDGE_NAME]));
        let file = |name: &str| folder.join(name).display().to_string();
        let mut settings = vec![
            ("DIALTONE_SIP__TLS_CERT".to_owned(), file("cert.pem")),
            ("DIALTONE_SIP__TLS_KEY".to_owned(), file("key.pem")),
            ("DIALTONE_SIP__TLS_ROOTS".to_owned(), file("roots.pem")),
        ];
        settings.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let server = Server::start_with(Options { binary: BINARY.into(), address, settings });
        Self { server, authority, folder }
    }

    pub(crate) fn tenant(&self, name: &str) -> Tenant {
        Tenant { edge: self.tls(), ..Tenant::on(&self.server, name) }
    }

    /// What the server printed.
    pub(crate) fn output(&self) -> String {
        self.server.output()
    }

    /// Where SIP over TLS is spoken.
    pub(crate) fn tls(&self) -> SocketAddr {
        SocketAddr::new(self.server.sip().ip(), 5061)
    }

    fn http(&self) -> SocketAddr {
        SocketAddr::new(self.server.sip().ip(), 8080)
    }

    /// What a peer of these names shows and believes.
    fn peer(&self, names: &[&str]) -> Tls {
        Tls::new(EDGE_NAME, &self.authority.pem, Some(&self.authority.identity(names)))
    }
}

fn show(folder: &Path, identity: &Identity) {
    fs::write(folder.join("cert.pem"), &identity.chain).expect("a file");
    fs::write(folder.join("key.pem"), &identity.key).expect("a file");
}

/// A trunk over TLS, at an address in the place of DNS.
pub(crate) fn trunk(tenant: &Tenant, fqdn: &str, address: &str) {
    let made = json!({"trunks": {fqdn: {"sipSignalingPort": 5061}}});
    let _ = tenant.api.patch("/sip?api-version=2023-03-01", &made).expect(200);
    let tls = json!({"transport": "tls", "addresses": [address], "media": {"srtp": "off"}});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &tls).expect(200);
}

fn sandbox_calls(tenant: &Tenant) {
    let call = json!({"from": "+12065550142", "to": tenant.number});
    let _ = tenant.api.post("/api/v1/sandbox/calls", &call).expect(201);
}

/// A call from a trunk, which is known by its certificate alone.
fn calls_out(
    versions: &[&'static testkit::tls::Version],
    name: &str,
    fqdn: &str,
    shown: &[&str],
    address: &str,
) {
    let house = secured();
    let tenant = house.tenant(name);
    trunk(&tenant, fqdn, address);
    let identity = house.authority.identity(shown);
    let tls = Tls::speaking(EDGE_NAME, &house.authority.pem, Some(&identity), versions);
    // It calls from another address than the one it is called at.
    let sbc = Phone::over_tls(&format!("{address}9:5061"), fqdn, &tls).expect("an SBC");
    let call = sbc.call(&dial_from_trunk(tenant.edge, fqdn, &tenant.number, ECHO)).expect("a call");
    call.wait_answered().expect("it is answered");
    talk_to_echo(&call, 50);
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record(ECHO), &[4_000, 13_000]);
}

#[test]
fn a_trunk_calls_over_tls_1_2_and_is_known_by_its_certificate() {
    calls_out(&[&testkit::tls::TLS12], "Tls Twelve", "sbc.twelve.test", &["sbc.twelve.test"], "127.22.31.1");
}

#[test]
fn a_trunk_calls_over_tls_1_3_and_a_wildcard_covers_its_name() {
    calls_out(
        &[&testkit::tls::TLS13],
        "Tls Thirteen",
        "sbc.thirteen.test",
        &["*.thirteen.test"],
        "127.22.31.2",
    );
}

#[test]
fn a_trunk_is_called_over_tls_where_its_certificate_names_it() {
    let house = secured();
    let tenant = house.tenant("Tls Called");
    trunk(&tenant, "sbc.called.test", "127.22.31.3");
    tenant.bind("trunk", "sbc.called.test");
    let sbc = Phone::over_tls("127.22.31.3:5061", "sbc.called.test", &house.peer(&["sbc.called.test"]))
        .expect("an SBC");
    sbc.answering(ANSWERS).expect("the SBC answers");
    sandbox_calls(&tenant);
    let call = sbc.wait_incoming(PATIENCE).expect("a call");
    let invite = call.invite().expect("an INVITE");
    assert!(
        invite.request_uri().is_some_and(|uri| uri.ends_with("@sbc.called.test;transport=tls")),
        "{invite:?}"
    );
    call.wait_answered().expect("it is answered");
    call.wait_heard("the tone of the sandbox", PATIENCE, |heard| heard.packets >= 50).expect("audio");
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record(&tenant.number), &[4_000, 8_500]);
}

#[test]
fn a_trunk_that_shows_another_name_is_not_called_and_the_record_says_unreachable() {
    let house = secured();
    let tenant = house.tenant("Tls Wrong");
    trunk(&tenant, "sbc.wrong.test", "127.22.31.4");
    tenant.bind("trunk", "sbc.wrong.test");
    let sbc = Phone::over_tls("127.22.31.4:5061", "sbc.wrong.test", &house.peer(&["sbc.right.test"]))
        .expect("an SBC");
    sbc.answering(ANSWERS).expect("the SBC answers");
    sandbox_calls(&tenant);
    let record = tenant.record(&tenant.number);
    assert_eq!(record["outcome"]["cause"], "unreachable", "{record}");
    assert!(sbc.events().is_empty(), "{:?}", sbc.events());
    let why = "not valid for name";
    assert!(house.server.output().contains(why), "{}", house.server.output());
}

#[test]
fn a_stranger_is_refused_and_so_is_a_trunk_whose_contact_is_an_address() {
    let house = secured();
    let tenant = house.tenant("Tls Strangers");
    trunk(&tenant, "sbc.strangers.test", "127.22.31.5");
    let elsewhere = Authority::new().identity(&["sbc.strangers.test"]);
    let forged = Tls::new(EDGE_NAME, &house.authority.pem, Some(&elsewhere));
    let none = Tls::new(EDGE_NAME, &house.authority.pem, None);
    let right = house.peer(&["sbc.strangers.test"]);
    // Forged, none, another's name in Contact, and no name in it: in that order.
    let tries = [
        (&forged, "sbc.strangers.test"),
        (&none, "sbc.strangers.test"),
        (&right, "sbc.other.test"),
        (&right, ""),
    ];
    for (at, (tls, contact)) in tries.into_iter().enumerate() {
        let sbc = Phone::over_tls(&format!("127.22.31.{}:0", 50 + at), contact, tls).expect("an SBC");
        let call = sbc
            .call(&dial_from_trunk(tenant.edge, "sbc.strangers.test", &tenant.number, ECHO))
            .expect("a call");
        let (status, reason) = call.wait_failed(PATIENCE).expect("it is refused");
        assert_eq!(status, 403, "try {at}");
        assert_eq!(reason.is_some(), contact.is_empty(), "only who is recognised hears why: {reason:?}");
    }
    let sbc = Phone::over_tls("127.22.31.60:0", "sbc.strangers.test", &right).expect("an SBC");
    assert_eq!(sbc.options(tenant.edge, "sip:edge.platform.test").expect("an answer"), 200);
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart() {
    let house = Secured::start(Ipv4Addr::new(127, 22, 30, 2));
    let other = Authority::new();
    let identity = house.authority.identity(&["sbc.renewed.test"]);
    let tenant = house.tenant("Tls Renewed");
    trunk(&tenant, "sbc.renewed.test", "127.22.31.7");
    let ask = |roots: &str| {
        let tls = Tls::new(EDGE_NAME, roots, Some(&identity));
        let sbc = Phone::over_tls("127.22.31.7:0", "sbc.renewed.test", &tls).expect("an SBC");
        sbc.options(tenant.edge, "sip:edge.platform.test").expect("an answer")
    };
    assert_eq!(ask(&house.authority.pem), 200);
    show(&house.folder, &other.identity(&[EDGE_NAME]));
    let end = Instant::now() + Duration::from_secs(20);
    while !house.server.output().contains("certificate of SIP over TLS was renewed") {
        assert!(Instant::now() < end, "{}", house.server.output());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(ask(&other.pem), 200);
}

/// A phone in a browser registers, calls, and is called.
fn browser(name: &str, address: &str, is_secure: bool) {
    let house = secured();
    let tenant = house.tenant(name);
    let ca = fs::read_to_string(house.server.data().join("ca.pem")).expect("the local authority");
    let tls = is_secure.then(|| Tls::new("localhost", &ca, None));
    let user = tenant.api.post("/api/v1/sipUsers", &json!({"username": "web"})).expect(201).body;
    let text = |key: &str| user[key].as_str().expect("a text").to_owned();
    let account = Account {
        edge: house.http(),
        domain: text("domain"),
        username: text("username"),
        password: text("password"),
    };
    let phone = Phone::over_websocket(&format!("{address}:0"), house.http(), tls.as_ref()).expect("a phone");
    phone.register(&account, Duration::from_secs(120)).expect("it registers");
    let call = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    call.wait_answered().expect("it is answered");
    talk_to_echo(&call, 50);
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record(ECHO), &[4_000, 13_000]);

    tenant.bind("user", "web");
    phone.answering(ANSWERS).expect("the phone answers");
    sandbox_calls(&tenant);
    let call = phone.wait_incoming(PATIENCE).expect("a call");
    call.wait_answered().expect("it is answered");
    call.wait_heard("the tone of the sandbox", PATIENCE, |heard| heard.packets >= 50).expect("audio");
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record(&tenant.number), &[4_000, 8_500]);
}

#[test]
fn a_phone_in_a_browser_calls_and_is_called_over_a_websocket() {
    browser("Browser Plain", "127.22.32.1", false);
}

#[test]
fn a_phone_in_a_browser_calls_and_is_called_over_a_secure_websocket() {
    browser("Browser Secure", "127.22.32.2", true);
}

#[test]
fn a_sip_user_calls_over_tls_with_its_password() {
    let house = secured();
    let tenant = house.tenant("Tls User");
    let user = tenant.api.post("/api/v1/sipUsers", &json!({"username": "desk"})).expect(201).body;
    let text = |key: &str| user[key].as_str().expect("a text").to_owned();
    let account = Account {
        edge: house.tls(),
        domain: text("domain"),
        username: text("username"),
        password: text("password"),
    };
    let tls = Tls::new(EDGE_NAME, &house.authority.pem, None);
    let phone = Phone::over_tls("127.22.32.3:0", "", &tls).expect("a phone");
    phone.register(&account, Duration::from_secs(120)).expect("it registers");
    let call = phone.call(&Dial::by_user(&account, ECHO, &tenant.number)).expect("a call");
    call.wait_answered().expect("it is answered");
    talk_to_echo(&call, 50);
    let _ = call.bye().expect("it ends");
    assert_charged(&tenant.record(ECHO), &[4_000, 13_000]);
}

#[test]
fn what_is_no_websocket_is_told_what_to_do() {
    let house = secured();
    let answer = house.server.anonymous().get("/sip/ws");
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("RFC 7118"), "{}", answer.text);
}
