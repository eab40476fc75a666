//! Peers of the tests: a bare socket that says what the test writes, and a phone over `sip::ua`.

use super::{DOMAIN, PATIENCE, fakes};
use bytes::Bytes;
use sip::Method;
use sip::digest::{Answer, Challenge, answer};
use sip::ua::{self, Agent, Event};
use sip::wire::{HeaderName, Message};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The offer and answer of all tests.
pub(super) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
/// How long a phone waits for a datagram before it looks at its timers.
const TURN: Duration = Duration::from_millis(2);

/// A socket that sends texts and receives messages.
pub(super) struct Raw {
    pub(super) socket: UdpSocket,
    edge: SocketAddr,
    count: u32,
}

impl Raw {
    pub(super) fn new(edge: SocketAddr) -> Self {
        Self::at("127.0.0.1", edge)
    }

    /// On a loopback address of its own.
    pub(super) fn at(address: &str, edge: SocketAddr) -> Self {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, edge, count: 0 }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A request with what every request has; `more` are whole header lines.
    pub(super) fn request(&mut self, method: &str, uri: &str, more: &str) -> String {
        self.count += 1;
        let (addr, count) = (self.addr(), self.count);
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {addr};rport;branch=z9hG4bK-{count}\r\n\
             From: <sip:x@elsewhere.test>;tag=t{count}\r\nTo: <{uri}>\r\nCall-ID: c{count}-{addr}\r\n\
             CSeq: {count} {method}\r\nMax-Forwards: 70\r\nContact: <sip:x@{addr}>\r\n{more}Content-Length: 0\r\n\r\n"
        )
    }

    pub(super) fn send(&self, text: impl AsRef<[u8]>) {
        self.socket.send_to(text.as_ref(), self.edge).unwrap();
    }

    pub(super) fn receive(&self) -> Message {
        let mut room = [0; 65_536];
        let (len, from) = self.socket.recv_from(&mut room).expect("the edge answers in time");
        assert_eq!(from, self.edge);
        Message::parse(Bytes::copy_from_slice(&room[..len])).unwrap()
    }

    /// Sends a request and gives its first answer.
    pub(super) fn ask(&mut self, method: &str, uri: &str, more: &str) -> Message {
        let request = self.request(method, uri, more);
        self.send(request);
        self.receive()
    }

    /// Sends a REGISTER for a user, answers its challenge as `alice`, and gives the last response.
    pub(super) fn register(&mut self, user: &str, more: &str) -> Message {
        let uri = format!("sip:{user}@{DOMAIN}");
        let challenged = self.ask("REGISTER", &uri, more);
        assert_eq!(challenged.status(), Some(401), "{challenged:?}");
        let challenge = challenges(&challenged, HeaderName::WwwAuthenticate).remove(0);
        let credentials = credentials(&challenge, &Method::Register, &uri);
        self.ask("REGISTER", &uri, &format!("Authorization: {credentials}\r\n{more}"))
    }
}

/// The challenges of digest; where a token would do, that is said beside them (RFC 8898).
pub(super) fn challenges(message: &Message, name: HeaderName) -> Vec<Challenge> {
    let of_digest = message.header_lines(name).filter(|line| line.starts_with("Digest "));
    of_digest.map(|line| Challenge::parse(line).unwrap()).collect()
}

pub(super) fn credentials(challenge: &Challenge, method: &Method, uri: &str) -> String {
    let (user, password) = (fakes::USER, fakes::PASSWORD);
    answer(challenge, &Answer { user, password, method, uri, nc: 1, cnonce: "abc", body: b"" })
}

/// A phone on a socket of its own.
pub(super) struct Phone {
    socket: UdpSocket,
    pub(super) agent: Agent,
    events: VecDeque<Event>,
    edge: SocketAddr,
}

impl Phone {
    pub(super) fn new(edge: SocketAddr, name: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(TURN)).unwrap();
        let local = socket.local_addr().unwrap();
        let mut secret = [0; 16];
        secret[..2].copy_from_slice(&local.port().to_le_bytes());
        let agent = Agent::new(ua::Config::udp(local, name, "test phone", secret, 8));
        Self { socket, agent, events: VecDeque::new(), edge }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Calls a number through the edge.
    pub(super) fn call(&mut self, from: &str, to: &str, account: Option<ua::Account>) -> ua::CallId {
        let invite = ua::Invite {
            peer: self.edge,
            request_uri: format!("sip:{to}"),
            from: format!("sip:{from}"),
            to: format!("sip:{to}"),
            sdp: Some(Bytes::from_static(SDP.as_bytes())),
            headers: Vec::new(),
            account,
            call_id: None,
        };
        self.agent.call(Instant::now(), invite).unwrap()
    }

    pub(super) fn answer(&mut self, call: ua::CallId) {
        self.agent.answer(Instant::now(), call, &Bytes::from_static(SDP.as_bytes())).unwrap();
    }

    /// Sends what waits, reads what comes, fires what is due.
    pub(super) fn turn(&mut self) {
        self.flush();
        let mut room = [0; 65_536];
        match self.socket.recv_from(&mut room) {
            Ok((len, from)) => {
                self.agent.handle_packet(Instant::now(), from, Bytes::copy_from_slice(&room[..len]));
            }
            Err(error) => assert!(matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::ConnectionRefused
            )),
        }
        let now = Instant::now();
        if self.agent.poll_timeout().is_some_and(|at| at <= now) {
            self.agent.handle_timeout(now);
        }
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(output) = self.agent.poll_output() {
            match output {
                ua::Output::Transmit { to, bytes } => drop(self.socket.send_to(&bytes, to)),
                ua::Output::Event(event) => self.events.push_back(event),
            }
        }
    }

    /// Takes the first event that fits.
    pub(super) fn take<T>(&mut self, mut fits: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        let (at, found) = self.events.iter().enumerate().find_map(|(at, event)| Some((at, fits(event)?)))?;
        self.events.remove(at);
        Some(found)
    }
}

/// Lets phones work until one of them has what is looked for.
pub(super) fn until<T>(
    what: &str,
    phones: &mut [&mut Phone],
    mut look: impl FnMut(&mut [&mut Phone]) -> Option<T>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        for phone in phones.iter_mut() {
            phone.turn();
        }
        if let Some(found) = look(phones) {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
    }
}
