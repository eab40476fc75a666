//! What attackers have: sockets at any loopback address, and patience.

use crate::Tenant;
use bytes::Bytes;
use serde_json::json;
use sip::{
    Method,
    digest::{Answer, Challenge, answer},
    wire::{HeaderName, Message},
};
use std::{
    cell::Cell,
    fs,
    net::{SocketAddr, UdpSocket},
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

/// Numbers that are the same on each run (xorshift64*).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).expect("31 bits fit") % bound
    }
}
