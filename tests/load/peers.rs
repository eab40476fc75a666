//! The server under load with its tenant, and SIPp as a second opinion about our generator.

use crate::{
    cpu::{self, Reading},
    generator::Load,
    keys,
    link::{Keys, Wire},
    step::{self, Row},
};
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use testkit::server::{Client, Options, Server};

/// Where each is. The server's address is its caller's way in, the carrier is where the callee answers.
pub(crate) const EDGE: Ipv4Addr = Ipv4Addr::new(127, 24, 1, 1);
pub(crate) const SBC: Ipv4Addr = Ipv4Addr::new(127, 24, 2, 1);
pub(crate) const CARRIER: Ipv4Addr = Ipv4Addr::new(127, 24, 3, 1);
pub(crate) const KAMAILIO: Ipv4Addr = Ipv4Addr::new(127, 24, 5, 1);
/// What is dialled.
pub(crate) const DIALLED: &str = "+12065550100";
/// The trunk's name.
pub(crate) const TRUNK: &str = "sbc.load.test";

/// A server with a carrier and a tenant that has money, limits, a number and a trunk.
pub(crate) struct House {
    edge: Ipv4Addr,
    pub(crate) server: Server,
    pub(crate) tenant: Client,
    pub(crate) number: String,
    pub(crate) keys: Option<Keys>,
}

impl House {
    pub(crate) fn start(binary: &str, wire: Wire) -> Self {
        Self::start_at(EDGE, binary, wire, Vec::new())
    }

    /// At an address, with further settings.
    pub(crate) fn start_at(edge: Ipv4Addr, binary: &str, wire: Wire, further: Vec<(String, String)>) -> Self {
        // One shard and one relay worker: the server has one core. A freed port rests for seconds, so that calls per second
        // with media are bounded by ports too: give them as many as the limit of open files lets be bound.
        let settings = [
            ("DIALTONE_SANDBOX", "on"),
            ("DIALTONE_SIP__SHARDS", "1"),
            ("DIALTONE_MEDIA__WORKERS", "1"),
            ("DIALTONE_MEDIA__PORTS", "20000-55999"),
            ("RUST_LOG", "error"),
        ];
        let mut settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let keys = (wire == Wire::Tls).then(keys::make);
        settings.extend(
            keys.iter()
                .map(|keys| ("DIALTONE_SIP__TLS_ROOTS".to_owned(), keys.roots_file.display().to_string())),
        );
        settings.extend(further);
        let server = Server::start_with(Options { binary: binary.into(), address: edge, settings });
        let (tenant, number) = set_up(&server, wire);
        cpu::pin(server.pid(), 1);
        Self { edge, server, tenant, number, keys }
    }

    /// Calls over the server to the carrier.
    pub(crate) fn load(&self, wire: Wire, rate: u32, calls: u32) -> Load {
        Load {
            target: SocketAddr::from((self.edge, wire.port())),
            number: self.number.clone(),
            keys: self.keys.clone(),
            ..load(wire, rate, calls)
        }
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        vec![self.server.pid()]
    }

    /// Calls that were answered, and are recorded and charged: counted by the tenant's own list.
    pub(crate) fn recorded(&self) -> u64 {
        let (mut count, mut path) = (0, "/api/v1/calls?maxPageSize=1000".to_owned());
        loop {
            let page = self.tenant.get(&path).expect(200).body;
            let ended = |call: &&Value| call["state"] == "ended" && call["answeredAt"].is_string();
            count += page["value"].as_array().map_or(0, |calls| calls.iter().filter(ended).count()) as u64;
            match page["nextLink"].as_str() {
                Some(next) => path = next.to_owned(),
                None => return count,
            }
        }
    }

    /// What is held for calls, once it is nothing or the patience is over.
    pub(crate) fn wait_settled(&self) -> i64 {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let held = self.tenant.get("/api/v1/balance").body["held"]["amountMicros"].as_i64();
            match held {
                Some(held) if held != 0 && Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(300))
                }
                held => return held.unwrap_or_default(),
            }
        }
    }
}

/// Calls from the trunk's place to the carrier's, without a server between them yet.
pub(crate) fn load(wire: Wire, rate: u32, calls: u32) -> Load {
    Load {
        wire,
        caller: SocketAddr::from((SBC, wire.port())),
        target: SocketAddr::from((KAMAILIO, wire.port())),
        callee: SocketAddr::from((CARRIER, wire.port())),
        keys: None,
        number: "+12065550199".to_owned(),
        host: TRUNK.to_owned(),
        dialled: DIALLED.to_owned(),
        rate,
        calls,
        ring: Duration::from_millis(50),
        hold: Duration::from_millis(100),
        has_media: false,
    }
}

fn set_up(server: &Server, wire: Wire) -> (Client, String) {
    let transport = wire.name().to_ascii_lowercase();
    let operator = server.operator();
    let limits = json!({"callsPerSecond": 10_000, "maxCalls": 100_000});
    let carrier = json!({"name": "load", "hosts": [{"address": CARRIER, "port": wire.port(), "transport": transport}],
        "callerId": "any", "limits": limits, "prefixes": [{"prefix": "", "costPerMinute": {"amountMicros": 1000, "currency": "USD"}}]});
    let _ = operator.post("/api/v1/operator/carriers", &carrier).expect(201);
    let tenant = server.tenant("Load");
    let id = tenant.account["tenant"]["id"].as_str().expect("an id").to_owned();
    let _ = operator.patch(&format!("/api/v1/operator/tenants/{id}"), &json!({"limits": limits})).expect(200);
    let money = json!({"amount": {"amountMicros": 100_000_000_000_i64, "currency": "USD"}, "reason": "load"});
    let _ = operator.post(&format!("/api/v1/operator/tenants/{id}:credit"), &money);
    let number = tenant.buy("US", "geographic");
    let trunk = json!({"trunks": {TRUNK: {"sipSignalingPort": wire.port()}}});
    let _ = tenant.patch("/sip?api-version=2023-03-01", &trunk).expect(200);
    let known =
        json!({"transport": transport, "addresses": [SBC], "media": {"srtp": "off"}, "limits": limits});
    let _ = tenant.patch(&format!("/api/v1/trunks/{TRUNK}"), &known).expect(200);
    (tenant, number)
}

/// A peer's process, killed when it is no longer needed.
pub(crate) struct Peer(pub(crate) Child);

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn start_sipp(arguments: &[&str]) -> Peer {
    let mut sipp = Command::new("sipp");
    sipp.args(arguments).args(["-nostdin", "-buff_size", "8388608"]).current_dir(std::env::temp_dir());
    sipp.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Peer(sipp.spawn().expect("sipp can be started"))
}

/// Seconds of each step with SIPp.
const SECONDS: u32 = 10;

/// The same calls, with media ports and a second of talk, made and answered by SIPp.
pub(crate) fn sipp(binary: &str, rates: &[u32]) {
    let house = House::start(binary, Wire::Udp);
    println!("\nSIPp at both ends, UDP, SDP, held for a second");
    step::head();
    let carrier = CARRIER.to_string();
    let _callee = start_sipp(&["-sn", "uas", "-i", &carrier, "-p", "5060", "-mi", &carrier]);
    for rate in rates {
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls/sipp/uac.xml");
        let file = std::env::temp_dir().join(format!("dialtone-load-{}-{rate}.csv", std::process::id()));
        let (calls, rate_text) = ((rate * SECONDS).to_string(), rate.to_string());
        let (sbc, edge) = (SBC.to_string(), format!("{EDGE}:5060"));
        let (before, began) = (Reading::of(&house.pids()), Instant::now());
        let mut caller = start_sipp(&[
            "-sf",
            &scenario.display().to_string(),
            "-i",
            &sbc,
            "-p",
            "5060",
            "-mi",
            &sbc,
            "-s",
            DIALLED,
            "-key",
            "caller",
            &house.number,
            "-m",
            &calls,
            "-r",
            &rate_text,
            "-l",
            "100000",
            "-timeout",
            "60",
            "-trace_stat",
            "-stf",
            &file.display().to_string(),
            "-fd",
            "1",
            &edge,
        ]);
        let _ = caller.0.wait();
        let took = began.elapsed();
        let _ = house.wait_settled();
        let used = Reading::of(&house.pids()).since(&before);
        let row = Row {
            wire: Wire::Udp,
            name: "dialtone",
            rate: *rate,
            counts: counted(&file),
            used,
            took,
            own: Duration::ZERO,
        };
        row.print();
    }
}

/// What SIPp counted in all, from the last line of its statistics.
fn counted(file: &PathBuf) -> crate::generator::Counts {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let _ = std::fs::remove_file(file);
    let lines = text.lines().next().zip(text.lines().last());
    let of = |name: &str| {
        let (head, last) = lines?;
        let at = head.split(';').position(|known| known == name)?;
        last.split(';').nth(at)?.parse().ok()
    };
    crate::generator::Counts {
        completed: of("SuccessfulCall(C)").unwrap_or_default(),
        failed: of("FailedCall(C)").unwrap_or_default(),
        retransmissions: of("Retransmissions(C)").unwrap_or_default(),
        ..Default::default()
    }
}
