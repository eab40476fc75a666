//! Calls through the true binary, with real sockets and counted audio. One loopback address per peer.

mod announcements;
mod attack;
mod bad_input;
mod challenged;
mod charging;
mod crash;
mod digest;
mod digits;
mod directions;
mod doctor;
mod echoed;
mod endings;
mod ends;
mod evidence;
mod faxed;
mod health;
mod heard;
mod identities;
mod interworking;
mod kamailio;
mod killed;
mod limits;
mod location;
mod named;
mod peers;
mod recorded;
mod registrar;
mod registrations;
mod simulated;
mod srtp;
mod stir;
mod stopped;
mod tls;
mod transcoded;

use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::LazyLock,
    time::Duration,
};
use testkit::{
    phone::{Account, Call, Dial, Phone},
    server::{Client, Server},
};

const BINARY: &str = env!("CARGO_BIN_EXE_dialtone");
/// A number of the sandbox's answering range that rings 2 s, answers and echoes.
const ECHO: &str = "+12065550100";
/// How long a record may take to be closed after its call.
const PATIENCE: Duration = Duration::from_secs(10);

static SHARED: LazyLock<Server> = LazyLock::new(|| Server::start(BINARY, Ipv4Addr::new(127, 22, 1, 1)));

fn server() -> &'static Server {
    &SHARED
}

/// A tenant with one owned number.
struct Tenant {
    api: Client,
    number: String,
    domain: String,
    edge: SocketAddr,
}

impl Tenant {
    fn new(name: &str) -> Self {
        Self::on(server(), name)
    }

    fn on(server: &Server, name: &str) -> Self {
        let api = server.tenant(name);
        let number = api.buy("US", "geographic");
        Self { number, domain: String::new(), edge: server.sip(), api }
    }

    /// Has its calls rated by a price plan of its own.
    fn rate_by(&self, operator: &Client, plan: &Value) {
        let plan = operator.post("/api/v1/operator/pricePlans", plan).expect(201).body;
        let id = self.api.account["tenant"]["id"].as_str().expect("an id");
        let plan = json!({"pricePlan": plan["id"]});
        let _ = operator.patch(&format!("/api/v1/operator/tenants/{id}"), &plan).expect(200);
    }

    /// Makes a SIP user and a phone for it at an address of its own.
    fn phone(&mut self, username: &str, address: &str) -> (Phone, Account) {
        let user = self.api.post("/api/v1/sipUsers", &json!({"username": username})).expect(201).body;
        let text = |key: &str| user[key].as_str().expect("a text").to_owned();
        self.domain = text("domain");
        let account = Account {
            edge: self.edge,
            domain: text("domain"),
            username: text("username"),
            password: text("password"),
        };
        (Phone::bind(&format!("{address}:5060")).expect("a phone"), account)
    }

    /// A trunk over UDP at an address, which is the SBC: a phone of the test.
    fn trunk(&self, fqdn: &str, address: &str) -> Phone {
        let made = json!({"trunks": {fqdn: {"sipSignalingPort": 5060}}});
        let _ = self.api.patch("/sip?api-version=2023-03-01", &made).expect(200);
        let udp = json!({"transport": "udp", "addresses": [address], "media": {"srtp": "off"}});
        let _ = self.api.patch(&format!("/api/v1/trunks/{fqdn}"), &udp).expect(200);
        Phone::bind(&format!("{address}:5060")).expect("an SBC")
    }

    fn route(&self, pattern: &str, fqdn: &str) {
        let routes = json!({"routes": [{"name": "all", "numberPattern": pattern, "trunks": [fqdn]}]});
        let _ = self.api.patch("/sip?api-version=2023-03-01", &routes).expect(200);
    }

    fn bind(&self, kind: &str, target: &str) {
        let path = format!("/api/v1/numbers/{}", self.number.replace('+', "%2B"));
        let _ = self.api.patch(&path, &json!({"inbound": {"kind": kind, "target": target}})).expect(200);
    }

    /// The one record of a call to a number, once it is over.
    fn record(&self, to: &str) -> Value {
        let ended = |body: &Value| self.find(body, to).is_some_and(|call| call["state"] == "ended");
        let list = self.api.wait("/api/v1/calls", PATIENCE, ended);
        let call = self.find(&list, to).expect("it was there").clone();
        let id = call["id"].as_str().expect("an id");
        self.api.get(&format!("/api/v1/calls/{id}")).expect(200).body
    }

    fn find<'a>(&self, list: &'a Value, to: &str) -> Option<&'a Value> {
        list["value"].as_array()?.iter().find(|call| call["to"] == to)
    }

    /// Available money, micro-units.
    fn available(&self) -> i64 {
        self.api.get("/api/v1/balance").expect(200).body["available"]["amountMicros"]
            .as_i64()
            .expect("an amount")
    }

    fn held(&self) -> i64 {
        self.api.get("/api/v1/balance").expect(200).body["held"]["amountMicros"].as_i64().expect("an amount")
    }
}

/// A SIP user's call: the caller id in From, the password for the challenge.
fn dial(account: &Account, from: &str, to: &str) -> Dial {
    Dial {
        edge: account.edge,
        to: format!("sip:{to}@{}", account.domain),
        from: format!("sip:{from}@{}", account.domain),
        credentials: Some((account.username.clone(), account.password.clone())),
        headers: Vec::new(),
        offer: true,
    }
}

/// An SBC's call: known by its address, never challenged.
fn dial_from_trunk(edge: SocketAddr, fqdn: &str, from: &str, to: &str) -> Dial {
    Dial {
        edge,
        to: format!("sip:{to}@{}", edge.ip()),
        from: format!("sip:{from}@{fqdn}"),
        credentials: None,
        headers: Vec::new(),
        offer: true,
    }
}

/// Sends numbered packets and checks that each came back from the echo at the far end.
fn talk_to_echo(call: &Call, packets: u32) {
    call.send_tone(packets).expect("the tone is sent");
    let heard = call
        .wait_heard("its own echo", PATIENCE, |heard| heard.own_echo >= packets)
        .expect("audio both ways");
    assert_eq!((heard.own_echo, heard.lost), (packets, 0), "{heard:?}");
    assert_eq!(heard.sources.len(), 1, "audio comes from the relay alone: {heard:?}");
}

/// The charge of each line by the formula of the contract, and their sum.
fn assert_charged(record: &Value, per_minute: &[i64]) {
    let charges = record["charges"].as_array().expect("charges");
    let mut prices: Vec<i64> =
        charges.iter().map(|c| c["perMinute"]["amountMicros"].as_i64().expect("a price")).collect();
    let mut expected = per_minute.to_vec();
    prices.sort_unstable();
    expected.sort_unstable();
    assert_eq!(prices, expected, "{record}");
    let duration = record["durationMs"].as_i64().expect("a duration");
    assert!(duration > 0, "{record}");
    let mut total = 0;
    for charge in charges {
        let (billed, price) = (
            charge["billedMs"].as_i64().expect("ms"),
            charge["perMinute"]["amountMicros"].as_i64().expect("a price"),
        );
        assert_eq!(billed, duration, "exact milliseconds: {record}");
        let amount = (billed * price * 2 + 60_000) / 120_000; // rounded half up
        assert_eq!(charge["amount"]["amountMicros"], amount, "{record}");
        total += amount;
    }
    assert_eq!(record["total"]["amountMicros"], total, "{record}");
}
