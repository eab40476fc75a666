//! The load tool: an SBC (SIPp) calls over the platform to a carrier (SIPp), at rates that rise; then phones talk.
//!
//! CPU is what the scheduler counted for the server's process (`/proc/PID/task/*/schedstat`), which holds portal, edge,
//! relay, jobs and an idle sandbox. On loopback a sender pays for the delivery into the receiver's socket too.

use serde_json::{Value, json};
use std::{
    fs,
    net::{Ipv4Addr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use testkit::{
    phone::{Answering, Dial, Phone, Sound},
    server::{Client, Options, Server},
};

const EDGE: Ipv4Addr = Ipv4Addr::new(127, 24, 1, 1);
const SBC: &str = "127.24.2.1";
const CARRIER: &str = "127.24.3.1";
/// Seconds of each step of the signalling part.
const STEP_SECONDS: u64 = 10;
/// Calls that talk at the same time, in the media part.
const TALKING: [usize; 3] = [25, 50, 100];
/// Numbered packets that each of them sends: 10 s.
const PACKETS: u32 = 500;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().expect("the path of the binary");
    let given: Vec<u32> =
        arguments.map(|rate| rate.parse().expect("a rate is a number of calls per second")).collect();
    let rates = if given.is_empty() { vec![50, 100, 200, 400] } else { given };
    let settings =
        [("DIALTONE_SANDBOX", "on"), ("DIALTONE_MEDIA__PORTS", "20000-35999"), ("RUST_LOG", "warn")];
    // A freed port rests for seconds, so that calls per second are bounded by ports too: give them enough.
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let server = Server::start_with(Options { binary: binary.into(), address: EDGE, settings });
    let (tenant, number) = set_up(&server);
    println!("floor: one 172-byte datagram over loopback costs {:.2} us of CPU", floor());
    println!("\nsignalling: INVITE/100/180/200/ACK/BYE/200, held, recorded and charged");
    println!(
        "{:>6} {:>8} {:>7} {:>8} {:>9} {:>12} {:>10}",
        "cps", "calls", "failed", "retrans", "recorded", "CPU us/call", "core %"
    );
    let carrier = start_carrier();
    for rate in rates {
        signalling(&server, &tenant, &number, rate);
    }
    drop(carrier);
    println!("\nmedia: G.711, 20 ms, echoed by the callee: 100 relayed packets per second and call");
    println!("{:>6} {:>10} {:>7} {:>14} {:>10}", "calls", "packets", "lost", "CPU us/packet", "core %");
    for calls in TALKING {
        media(&server, &number, calls);
    }
}

/// A carrier, a tenant with money and limits, a number and a trunk.
fn set_up(server: &Server) -> (Client, String) {
    let operator = server.operator();
    let carrier = json!({"name": "load", "hosts": [{"address": CARRIER, "port": 5060, "transport": "udp"}], "callerId": "any",
        "limits": {"callsPerSecond": 10_000, "maxCalls": 100_000}, "prefixes": [{"prefix": "", "costPerMinute": {"amountMicros": 1000, "currency": "USD"}}]});
    let _ = operator.post("/api/v1/operator/carriers", &carrier).expect(201);
    let tenant = server.tenant("Load");
    let id = tenant.account["tenant"]["id"].as_str().expect("an id").to_owned();
    let limits = json!({"limits": {"callsPerSecond": 10_000, "maxCalls": 100_000}});
    let _ = operator.patch(&format!("/api/v1/operator/tenants/{id}"), &limits).expect(200);
    let money = json!({"amount": {"amountMicros": 100_000_000_000_i64, "currency": "USD"}, "reason": "load"});
    let _ = operator.post(&format!("/api/v1/operator/tenants/{id}:credit"), &money);
    let number = tenant.buy("US", "geographic");
    let _ = tenant
        .patch(
            "/sip?api-version=2023-03-01",
            &json!({"trunks": {"sbc.load.test": {"sipSignalingPort": 5060}}}),
        )
        .expect(200);
    let udp = json!({"transport": "udp", "addresses": [SBC], "media": {"srtp": "off"}, "limits": {"callsPerSecond": 10_000, "maxCalls": 100_000}});
    let _ = tenant.patch("/api/v1/trunks/sbc.load.test", &udp).expect(200);
    (tenant, number)
}

/// A peer's process, killed when it is no longer needed.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_carrier() -> Peer {
    let arguments =
        ["-sn", "uas", "-i", CARRIER, "-p", "5060", "-mi", CARRIER, "-nostdin", "-buff_size", "8388608"];
    let mut sipp = Command::new("sipp");
    sipp.args(arguments)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Peer(sipp.spawn().expect("sipp can be started"))
}

fn signalling(server: &Server, tenant: &Client, number: &str, rate: u32) {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls/sipp/uac.xml");
    let statistics = std::env::temp_dir().join(format!("dialtone-load-{}-{rate}.csv", std::process::id()));
    let calls = u64::from(rate) * STEP_SECONDS;
    let (before, recorded, began) = (cpu(server.pid()), recorded(tenant), Instant::now());
    let mut sipp = Command::new("sipp");
    sipp.arg("-sf").arg(&scenario).args([
        "-i",
        SBC,
        "-p",
        "5060",
        "-mi",
        SBC,
        "-s",
        "+12065550100",
        "-key",
        "caller",
        number,
    ]);
    sipp.args([
        "-m",
        &calls.to_string(),
        "-r",
        &rate.to_string(),
        "-l",
        "100000",
        "-timeout",
        "60",
        "-nostdin",
        "-buff_size",
        "8388608",
    ]);
    sipp.arg("-trace_stat").arg("-stf").arg(&statistics).args(["-fd", "1"]).arg(format!("{EDGE}:5060"));
    sipp.current_dir(std::env::temp_dir()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = sipp.status().expect("sipp can be started");
    let took = began.elapsed();
    let used = cpu(server.pid()) - before;
    let counted = Counted::read(&statistics);
    let now = wait_recorded(tenant, recorded + counted.successful);
    let per_call = used.as_micros() as f64 / counted.successful.max(1) as f64;
    let core = used.as_secs_f64() / took.as_secs_f64() * 100.0;
    println!(
        "{rate:>6} {:>8} {:>7} {:>8} {:>9} {per_call:>12.0} {core:>10.0}",
        counted.successful,
        counted.failed,
        counted.retransmissions,
        now - recorded
    );
    if !status.success() && counted.failed == 0 {
        eprintln!("sipp ended with {status}");
    }
}

/// What SIPp counted in all, from the last line of its statistics.
#[derive(Debug, Default)]
struct Counted {
    successful: u64,
    failed: u64,
    retransmissions: u64,
}

impl Counted {
    fn read(file: &PathBuf) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        let _ = fs::remove_file(file);
        let (Some(head), Some(last)) = (text.lines().next(), text.lines().last()) else {
            return Self::default();
        };
        let column = |name: &str| {
            let at = head.split(';').position(|known| known == name)?;
            last.split(';').nth(at)?.parse().ok()
        };
        let of = |name| column(name).unwrap_or_default();
        Self {
            successful: of("SuccessfulCall(C)"),
            failed: of("FailedCall(C)"),
            retransmissions: of("Retransmissions(C)"),
        }
    }
}

/// Usage entries of the tenant so far: each recorded and charged call has one.
fn recorded(tenant: &Client) -> u64 {
    let balance = tenant.get("/api/v1/tenant").body;
    balance["usage"]["calls"].as_u64().unwrap_or_else(|| count_calls(tenant))
}

fn count_calls(tenant: &Client) -> u64 {
    let (mut count, mut path) = (0, "/api/v1/calls?maxPageSize=1000".to_owned());
    loop {
        let page = tenant.get(&path).expect(200).body;
        let ended = |call: &&Value| call["state"] == "ended" && call["answeredAt"].is_string();
        count += page["value"].as_array().map_or(0, |calls| calls.iter().filter(ended).count()) as u64;
        match page["nextLink"].as_str() {
            Some(next) => path = next.to_owned(),
            None => return count,
        }
    }
}

fn wait_recorded(tenant: &Client, wanted: u64) -> u64 {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let now = recorded(tenant);
        if now >= wanted || Instant::now() > end {
            return now;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn media(server: &Server, number: &str, calls: usize) {
    let sbc = Phone::bind(&format!("{SBC}:5060")).expect("an SBC");
    let callee = Phone::bind(&format!("{CARRIER}:5060")).expect("a carrier");
    callee.answering(Answering::Answer { ring: Duration::ZERO, sound: Sound::Echo }).expect("it answers");
    let edge = server.sip();
    let dial = Dial {
        edge,
        to: format!("sip:+12065550100@{EDGE}"),
        from: format!("sip:{number}@sbc.load.test"),
        credentials: None,
        headers: Vec::new(),
        offer: true,
    };
    let up: Vec<_> = (0..calls).map(|_| sbc.call(&dial).expect("a call")).collect();
    for call in &up {
        call.wait_answered().expect("it is answered");
    }
    let (before, began) = (cpu(server.pid()), Instant::now());
    for call in &up {
        call.start_tone(PACKETS).expect("it talks");
    }
    for call in &up {
        call.wait_said(Duration::from_secs(30)).expect("all is said");
    }
    let (used, took) = (cpu(server.pid()) - before, began.elapsed());
    std::thread::sleep(Duration::from_millis(200));
    let back: u64 = up.iter().map(|call| u64::from(call.heard().expect("counters").own_echo)).sum();
    let sent = u64::from(PACKETS) * calls as u64;
    let relayed = sent + back;
    println!(
        "{calls:>6} {relayed:>10} {:>7} {:>14.2} {:>10.0}",
        sent - back,
        used.as_micros() as f64 / relayed.max(1) as f64,
        used.as_secs_f64() / took.as_secs_f64() * 100.0
    );
    for call in &up {
        let _ = call.bye();
    }
}

/// CPU time of all threads of a process.
fn cpu(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the server runs").map_while(Result::ok);
    let nanos = |thread: fs::DirEntry| -> Option<u64> {
        fs::read_to_string(thread.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    Duration::from_nanos(threads.filter_map(nanos).sum())
}

/// Microseconds of CPU for one send of 172 bytes over loopback with its delivery.
fn floor() -> f64 {
    let (from, to) = (
        UdpSocket::bind("127.24.4.1:0").expect("a socket"),
        UdpSocket::bind("127.24.4.2:0").expect("a socket"),
    );
    let target = to.local_addr().expect("an address");
    let (count, before, mut buffer) = (100_000_u32, cpu(std::process::id()), [0; 256]);
    for _ in 0..count {
        from.send_to(&[0; 172], target).expect("it is sent");
        let _ = to.recv(&mut buffer).expect("it arrives");
    }
    (cpu(std::process::id()) - before).as_micros() as f64 / f64::from(count)
}
