//! What attackers have: sockets at any loopback address, and patience.

use crate::Tenant;
use bytes::Bytes;
use serde_json::json;
use sip::{
    Method, Transport,
    digest::{Answer, Challenge, answer},
    transaction::{Peer, reply},
    wire::{HeaderName, Message},
};
use std::{
    cell::Cell,
    collections::HashSet,
    fs,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use testkit::server::Server;

/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_millis(1_500);

/// A socket that sends what the test writes.
pub(crate) struct Raw {
    pub(crate) socket: UdpSocket,
    pub(crate) edge: SocketAddr,
    count: Cell<u32>,
}

impl Raw {
    /// On an address, at a free port.
    pub(crate) fn at(address: &str, edge: SocketAddr) -> Self {
        Self::bound(&format!("{address}:0"), edge)
    }

    /// On an address and port.
    pub(crate) fn bound(address: &str, edge: SocketAddr) -> Self {
        let socket = UdpSocket::bind(address).expect("a socket");
        socket.set_read_timeout(Some(ANSWER)).expect("a timeout");
        Self { socket, edge, count: Cell::new(0) }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.socket.local_addr().expect("bound")
    }

    /// A whole request with further header lines.
    pub(crate) fn request(&self, method: &str, uri: &str, more: &str) -> String {
        let count = self.count.get() + 1;
        self.count.set(count);
        let addr = self.addr();
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {addr};rport;branch=z9hG4bKa{count}-{}\r\nMax-Forwards: 70\r\n\
             From: <sip:x@{}>;tag=t{count}\r\nTo: <{uri}>\r\nCall-ID: a{count}@{addr}\r\nCSeq: {count} {method}\r\n\
             Contact: <sip:x@{addr}>\r\n{more}Content-Length: 0\r\n\r\n",
            addr.port(),
            addr.ip()
        )
    }

    pub(crate) fn send(&self, text: impl AsRef<[u8]>) {
        // A send buffer that is full is the attacker's own trouble.
        let _ = self.socket.send_to(text.as_ref(), self.edge);
    }

    /// The next message that comes.
    pub(crate) fn receive(&self) -> Option<Message> {
        let mut room = [0; 65_536];
        let (length, _) = self.socket.recv_from(&mut room).ok()?;
        Some(
            Message::parse(Bytes::copy_from_slice(&room[..length]))
                .expect("the edge writes what can be read"),
        )
    }

    /// The next message that fits, within a time.
    pub(crate) fn wait(&self, patience: Duration, fits: impl Fn(&Message) -> bool) -> Option<Message> {
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Some(message) = self.receive().filter(&fits) {
                return Some(message);
            }
        }
        None
    }

    pub(crate) fn ask(&self, request: &str) -> Option<Message> {
        self.send(request);
        self.receive()
    }
}

/// The header line that answers a challenge.
pub(crate) fn authorize(challenged: &Message, user: &str, password: &str, method: &str, uri: &str) -> String {
    let (name, answered) = match challenged.status() {
        Some(407) => (HeaderName::ProxyAuthenticate, "Proxy-Authorization"),
        _ => (HeaderName::WwwAuthenticate, "Authorization"),
    };
    let challenge =
        challenged.header_lines(name).find_map(|line| Challenge::parse(line).ok()).expect("a challenge");
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let value =
        answer(&challenge, &Answer { user, password, method: &method, uri, nc: 1, cnonce: "abc", body: b"" });
    format!("{answered}: {value}\r\n")
}

/// A tenant's SBC that is written by hand: a trunk whose messages the test makes.
pub(crate) struct Sbc {
    pub(crate) raw: Raw,
    pub(crate) fqdn: String,
}

impl Sbc {
    pub(crate) fn of(tenant: &Tenant, fqdn: &str, address: &str) -> Self {
        let made = json!({"trunks": {fqdn: {"sipSignalingPort": 5060}}});
        let _ = tenant.api.patch("/sip?api-version=2023-03-01", &made).expect(200);
        let udp = json!({"transport": "udp", "addresses": [address], "media": {"srtp": "off"}});
        let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &udp).expect(200);
        Self { raw: Raw::bound(&format!("{address}:5060"), tenant.edge), fqdn: fqdn.to_owned() }
    }
}

/// A figure of `/metrics`.
pub(crate) fn gauge(server: &Server, name: &str) -> u64 {
    let text = server.anonymous().get("/metrics").text;
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    let value = line.and_then(|line| line.rsplit(' ').next()).unwrap_or_else(|| panic!("{name} in {text}"));
    value.parse().expect("a figure")
}

/// Resident memory of the server, bytes.
pub(crate) fn resident(server: &Server) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/statm", server.pid())).expect("the server lives");
    let pages: u64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a figure");
    pages * 4_096
}

/// Processor time that the server has used.
pub(crate) fn cpu(server: &Server) -> Duration {
    let text = fs::read_to_string(format!("/proc/{}/stat", server.pid())).expect("the server lives");
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after_name.split(' ').skip(12).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    // A tick is 10 ms on every Linux that this runs on.
    Duration::from_millis(ticks * 10)
}

/// A carrier that takes every number, is busy for everybody, and counts who was called.
pub(crate) struct Counting {
    calls: Arc<Mutex<HashSet<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Counting {
    /// Listens at an address, and makes the operator's carrier of it.
    pub(crate) fn at(address: &str, server: &Server) -> Self {
        let made = json!({"name": "counting", "hosts": [{"address": address, "port": 5060, "transport": "udp"}],
            "callerId": "owned", "limits": {"callsPerSecond": 10_000, "maxCalls": 10_000}, "prefixes": [{"prefix": ""}]});
        let _ = server.operator().post("/api/v1/operator/carriers", &made).expect(201);
        let raw = Raw::bound(&format!("{address}:5060"), server.sip());
        raw.socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
        let (calls, is_over) = (Arc::<Mutex<HashSet<String>>>::default(), Arc::<AtomicBool>::default());
        let (counted, over) = (Arc::clone(&calls), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let Some(message) = raw.receive() else { continue };
                if message.is_request() && message.method() == Method::Invite {
                    let edge = Peer::new(raw.edge, Transport::Udp);
                    // Before the answer: who hears it may look at once.
                    counted.lock().expect("no holder panics").extend(message.call_id().map(str::to_owned));
                    raw.send(reply(&message, &edge, 486, "", "counting").finish());
                }
            }
        });
        Self { calls, is_over, thread: Some(thread) }
    }

    /// Calls that came here.
    pub(crate) fn calls(&self) -> usize {
        self.calls.lock().expect("no holder panics").len()
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What it panicked with is on the test's output.
            let _ = thread.join();
        }
    }
}
