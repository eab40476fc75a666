//! TLS: certificates of both sides, connections that are shared, kept alive and given up.

use super::streams::{plan, request};
use super::{Edge, PATIENCE, SECRET, wait_for};
use crate::seam::{End, Hop, Target, Verdict};
use crate::tls::tests::{Authority, Leaf, credentials};
use crate::{Config, TlsConfig};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use sip::Transport;
use sip::stream::{Frame, Framer};
use sip::wire::{HeaderName, Message};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// An edge under TLS whose certificate is for `edge.test`, and an authority that both sides trust.
struct House {
    edge: Edge,
    authority: Authority,
    tls: SocketAddr,
}

impl House {
    fn start() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let authority = Authority::new();
        let edge = Edge::with(|config| {
            let credentials = credentials(&authority.leaf(&["edge.test"]), &authority);
            config.tls = Some(TlsConfig { listen: ([127, 0, 0, 1], 0).into(), credentials });
            change(config);
        });
        let tls = edge.running.as_ref().unwrap().tls_addr.unwrap();
        Self { edge, authority, tls }
    }

    /// Connects as a caller that shows this certificate.
    fn call(&self, shown: Option<&Leaf>, version: &'static rustls::SupportedProtocolVersion) -> Line {
        let roots = roots(&self.authority);
        let config =
            ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[version]).unwrap();
        let config = config.with_root_certificates(roots);
        let config = match shown {
            Some(leaf) => config.with_client_auth_cert(chain(leaf), key(leaf)).unwrap(),
            None => config.with_no_client_auth(),
        };
        let name = ServerName::try_from("edge.test").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        Line::over(tls.into(), TcpStream::connect(self.tls).unwrap())
    }

    /// A callee that shows this certificate, and asks for ours.
    fn callee(&self, shown: &Leaf) -> (TcpListener, Arc<ServerConfig>) {
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots(&self.authority)),
            provider(),
        );
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain(shown), key(shown))
            .unwrap();
        (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config))
    }

    /// Every call goes to this host at this address, over TLS.
    fn ring(&self, host: &str, address: SocketAddr) {
        let mut ring = plan(address);
        let hops = vec![Hop { address, transport: Transport::Tls }];
        ring.attempts[0].target = Target::Hosts { host: host.to_owned(), hops };
        self.edge.business.always(Verdict::Connect(ring));
    }

    fn ended(&self) -> (End, String) {
        wait_for("the end", || (!self.edge.business.ended().is_empty()).then_some(()));
        let ended = self.edge.business.ended().remove(0);
        (ended.end, ended.unreachable.map(|reason| reason.to_string()).unwrap_or_default())
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn roots(authority: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    roots
}

fn chain(leaf: &Leaf) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(leaf.chain.as_bytes()).collect::<Result<_, _>>().unwrap()
}

fn key(leaf: &Leaf) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap()
}

/// Either side of TLS over a connection, waiting for what it needs.
struct Secured {
    conn: rustls::Connection,
    sock: TcpStream,
}

impl Read for Secured {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.conn.reader().read(room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            self.conn.complete_io(&mut self.sock)?;
        }
    }
}

impl Write for Secured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.conn.is_handshaking() {
            self.conn.complete_io(&mut self.sock)?;
        }
        let written = self.conn.writer().write(bytes)?;
        self.flush()?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.conn.wants_write() {
            self.conn.write_tls(&mut self.sock)?;
        }
        Ok(())
    }
}

/// A connection under TLS that reads whole messages.
struct Line {
    stream: Secured,
    framer: Framer,
}

impl Line {
    fn over(tls: rustls::Connection, tcp: TcpStream) -> Self {
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_nodelay(true).unwrap();
        Self { stream: Secured { conn: tls, sock: tcp }, framer: Framer::new() }
    }

    fn accept((listener, config): &(TcpListener, Arc<ServerConfig>)) -> Self {
        let (tcp, _) = listener.accept().unwrap();
        Self::over(ServerConnection::new(Arc::clone(config)).unwrap().into(), tcp)
    }

    fn addr(&self) -> SocketAddr {
        self.stream.sock.local_addr().unwrap()
    }

    fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).unwrap();
    }

    fn receive(&mut self) -> Message {
        let mut room = [0; 4_096];
        loop {
            if let Some(Frame::Message(bytes)) = self.framer.next().unwrap() {
                return Message::parse(bytes).unwrap();
            }
            let read = self.stream.read(&mut room).expect("the edge answers in time");
            assert_ne!(read, 0, "the edge closed the connection");
            self.framer.push(&room[..read]);
        }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut room = vec![0; count];
        self.stream.read_exact(&mut room).expect("the edge says something in time");
        room
    }
}

fn over_tls(method: &str, call_id: &str) -> String {
    request(method, call_id)
        .replace("SIP/2.0/TCP line.test", "SIP/2.0/TLS sbc.test;alias")
        .replace("tcp", "tls")
}

pub(super) fn reply(request: &Message, status: &str) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
        text += &format!("{name}: {}\r\n", request.header(name).unwrap());
    }
    text + &format!("To: {};tag=b\r\nContent-Length: 0\r\n\r\n", request.header(HeaderName::To).unwrap())
}

#[test]
fn a_peer_is_heard_over_tls_1_2_and_1_3_and_its_certificate_is_handed_on() {
    let house = House::start();
    let leaf = house.authority.leaf(&["sbc.test"]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut line = house.call(Some(&leaf), version);
        line.send(over_tls("FOO", "one"));
        assert_eq!(line.receive().status(), Some(501));
        assert_eq!(line.stream.conn.protocol_version(), Some(version.version));
        // The fake business knows whoever shows this name.
        house.edge.business.trust_name("sbc.test");
        line.send(over_tls("OPTIONS", "two"));
        assert_eq!(line.receive().status(), Some(200));
    }
    let counters = house.edge.handle.counters();
    assert_eq!((counters.tls_handshakes, counters.tls_unverified, counters.tls_failures), (2, 0, 0));
}

#[test]
fn a_certificate_from_elsewhere_counts_as_none_and_the_connection_stays() {
    let house = House::start();
    house.edge.business.trust_name("sbc.test");
    let foreign = Authority::new().leaf(&["sbc.test"]);
    let mut line = house.call(Some(&foreign), &rustls::version::TLS13);
    line.send(over_tls("INVITE", "one"));
    assert_eq!(line.receive().status(), Some(403));
    let mut bare = house.call(None, &rustls::version::TLS13);
    bare.send(over_tls("INVITE", "two"));
    assert_eq!(bare.receive().status(), Some(403));
    let counters = house.edge.handle.counters();
    assert_eq!((counters.tls_handshakes, counters.tls_unverified), (2, 1));
}

#[test]
fn a_call_over_tls_shows_our_certificate_to_a_callee_who_proves_its_name() {
    let house = House::start();
    let callee = house.callee(&house.authority.leaf(&["*.carrier.test"]));
    house.ring("one.carrier.test:5071", callee.0.local_addr().unwrap());
    let mut caller = house.call(None, &rustls::version::TLS13);
    house.edge.business.trust(caller.addr());
    caller.send(over_tls("INVITE", "call"));
    let mut line = Line::accept(&callee);
    let invite = line.receive();
    let via = invite.header(HeaderName::Via).unwrap();
    assert!(via.starts_with("SIP/2.0/TLS ") && via.ends_with(";alias"), "{via}");
    assert_eq!(invite.request_uri(), Some("sip:+15550100@one.carrier.test:5071;transport=tls"));
    let contact = invite.header(HeaderName::Contact).unwrap();
    assert!(contact.contains(&format!("{};transport=tls", house.tls)), "{contact}");
    let shown = line.stream.conn.peer_certificates().expect("the edge shows its certificate");
    assert!(crate::PeerCertificate::read(&shown[0]).unwrap().covers("edge.test"));
    let hop = Hop { address: callee.0.local_addr().unwrap(), transport: Transport::Tls };
    let seen = house.edge.handle.certificate_of(hop, "one.carrier.test:5071").expect("it was shown");
    assert_eq!((seen.names(), seen.fault()), (["*.carrier.test".to_owned()].as_slice(), None));
    assert_eq!(house.edge.handle.certificate_of(hop, "two.carrier.test"), None);
    line.send(reply(&invite, "486 Busy Here"));
    assert_eq!(line.receive().method().as_str(), "ACK");
    assert_eq!([caller.receive().status(), caller.receive().status()], [Some(100), Some(486)]);
    assert_eq!(house.ended().0, End::Failed { status: 486, q850: None });

    // The next call takes the same connection.
    caller.send(over_tls("INVITE", "again"));
    let second = line.receive();
    assert_eq!(second.method().as_str(), "INVITE");
    line.send(reply(&second, "486 Busy Here"));
    assert_eq!(line.receive().method().as_str(), "ACK");
    assert_eq!([caller.receive().status(), caller.receive().status()], [Some(100), Some(486)]);
}

#[test]
fn a_callee_with_another_name_or_authority_is_unreachable_and_the_end_says_why() {
    for (foreign, expected) in [(false, "other.test"), (true, "UnknownIssuer")] {
        let house = House::start();
        let leaf = match foreign {
            true => Authority::new().leaf(&["carrier.test"]),
            false => house.authority.leaf(&["other.test"]),
        };
        let callee = house.callee(&leaf);
        house.ring("carrier.test", callee.0.local_addr().unwrap());
        let mut caller = house.call(None, &rustls::version::TLS13);
        house.edge.business.trust(caller.addr());
        caller.send(over_tls("INVITE", "call"));
        let mut line = Line::accept(&callee);
        assert!(line.stream.read(&mut [0; 16]).is_err(), "the edge ends the handshake");
        assert_eq!([caller.receive().status(), caller.receive().status()], [Some(100), Some(503)]);
        let (end, reason) = house.ended();
        assert_eq!(end, End::Unreachable);
        assert!(reason.contains("TLS to carrier.test") && reason.contains(expected), "{reason}");
        assert_eq!(house.edge.handle.counters().tls_failures, 1);
    }
}

#[test]
fn a_callee_that_does_not_want_our_certificate_is_unreachable_at_once() {
    let house = House::start();
    let strict = House::start();
    // It trusts another authority than ours, and says so after its side of the handshake.
    let callee = strict.callee(&house.authority.leaf(&["carrier.test"]));
    house.ring("carrier.test", callee.0.local_addr().unwrap());
    let mut caller = house.call(None, &rustls::version::TLS13);
    house.edge.business.trust(caller.addr());
    caller.send(over_tls("INVITE", "call"));
    let mut line = Line::accept(&callee);
    assert!(line.stream.read(&mut [0; 16]).is_err());
    assert_eq!([caller.receive().status(), caller.receive().status()], [Some(100), Some(503)]);
    let (end, reason) = house.ended();
    assert_eq!(end, End::Unreachable);
    assert!(reason.contains("alert"), "{reason}");
}

#[test]
fn renewed_credentials_are_shown_to_new_connections_while_the_old_go_on() {
    let house = House::start();
    let mut old = house.call(None, &rustls::version::TLS13);
    old.send(over_tls("FOO", "one"));
    assert_eq!(old.receive().status(), Some(501));
    let other = Authority::new();
    house.edge.handle.reload(credentials(&house.authority.leaf(&["edge.test", "new.test"]), &other));
    let mut new = house.call(Some(&other.leaf(&["sbc.test"])), &rustls::version::TLS12);
    new.send(over_tls("FOO", "two"));
    assert_eq!(new.receive().status(), Some(501));
    let shown = new.stream.conn.peer_certificates().unwrap();
    assert!(crate::PeerCertificate::read(&shown[0]).unwrap().covers("new.test"));
    assert_eq!(house.edge.handle.counters().tls_unverified, 0, "the new roots count");
    old.send(over_tls("FOO", "three"));
    assert_eq!(old.receive().status(), Some(501));
}

#[test]
fn a_connection_that_a_peer_offers_and_its_certificate_covers_is_used_for_calls_to_it() {
    let house = House::start();
    let mut sbc = house.call(Some(&house.authority.leaf(&["sbc.test"])), &rustls::version::TLS13);
    house.edge.business.trust(sbc.addr());
    house.edge.business.trust_name("sbc.test");
    // Its Via says port 5061 of its address: nobody listens there, so that nothing else can reach it.
    house.ring("sbc.test", SocketAddr::from(([127, 0, 0, 1], 5061)));
    sbc.send(over_tls("INVITE", "call"));
    let (mut statuses, mut invite) = (Vec::new(), None);
    while invite.is_none() {
        let message = sbc.receive();
        match message.status() {
            Some(status) => statuses.push(status),
            None => invite = Some(message),
        }
    }
    let invite = invite.unwrap();
    assert_eq!((invite.method().as_str(), statuses.as_slice()), ("INVITE", [100].as_slice()));
    sbc.send(reply(&invite, "486 Busy Here"));
    let _ack_and_final = [sbc.receive(), sbc.receive()];
    assert_eq!(house.ended().0, End::Failed { status: 486, q850: None });

    // Another name at that place is another destination: it is connected to, and not there.
    house.ring("other.test", SocketAddr::from(([127, 0, 0, 1], 5061)));
    sbc.send(over_tls("INVITE", "other"));
    assert_eq!([sbc.receive().status(), sbc.receive().status()], [Some(100), Some(503)]);
}

#[test]
fn handshakes_that_do_not_end_are_given_up_and_the_oldest_gives_way() {
    let house = House::with(|config| {
        config.limits.tls_handshakes_max = 1;
        config.limits.tls_handshake_timeout = Duration::from_millis(100);
    });
    let connect = || {
        let silent = TcpStream::connect(house.tls).unwrap();
        silent.set_read_timeout(Some(PATIENCE)).unwrap();
        silent
    };
    // A last alert may come before the end.
    let is_closed = |mut stream: &TcpStream| stream.read_to_end(&mut Vec::new()).is_ok_and(|read| read < 64);
    let (first, second) = (connect(), connect());
    assert!(is_closed(&first) && is_closed(&second));
    wait_for("both failures", || (house.edge.handle.counters().tls_failures == 2).then_some(()));
    let mut honest = house.call(None, &rustls::version::TLS13);
    honest.send(over_tls("FOO", "one"));
    assert_eq!(honest.receive().status(), Some(501));
}

#[test]
fn what_is_no_handshake_is_closed() {
    let house = House::start();
    let mut plain = TcpStream::connect(house.tls).unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    plain.write_all(over_tls("OPTIONS", "plain").as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ended = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"SIP/"));
    wait_for("the failure", || (house.edge.handle.counters().tls_failures == 1).then_some(()));
}

#[test]
fn a_quiet_connection_of_ours_is_kept_alive_and_given_up_when_a_peer_stops_to_answer() {
    let house = House::with(|config| config.limits.keep_alive = Duration::ZERO);
    let callee = house.callee(&house.authority.leaf(&["carrier.test"]));
    house.ring("carrier.test", callee.0.local_addr().unwrap());
    let mut caller = house.call(None, &rustls::version::TLS13);
    house.edge.business.trust(caller.addr());
    caller.send(over_tls("INVITE", "call"));
    let mut line = Line::accept(&callee);
    let invite = line.receive();
    line.send(reply(&invite, "486 Busy Here"));
    assert_eq!(line.receive().method().as_str(), "ACK");
    assert_eq!(line.bytes(4), b"\r\n\r\n");
    line.send("\r\n");
    assert_eq!(line.bytes(4), b"\r\n\r\n", "the answer was understood, and the next one is sent");
    house.ended();
}

#[test]
fn a_registered_phone_is_called_over_its_own_tls_connection() {
    use crate::seam::Registrar;
    let house = House::with(|config| config.secret = SECRET);
    let mut phone = house.call(None, &rustls::version::TLS13);
    let uri = "sip:alice@t.test";
    let register = |more: &str, call_id: &str| {
        over_tls("REGISTER", call_id)
            .replace("sip:1@edge.test", uri)
            .replace("Content-Length", &format!("{more}Content-Length"))
    };
    phone.send(register("", "r1"));
    let challenge = super::peers::challenges(&phone.receive(), HeaderName::WwwAuthenticate).remove(0);
    let answer = super::peers::credentials(&challenge, &sip::Method::Register, uri);
    phone.send(register(&format!("Authorization: {answer}\r\n"), "r2"));
    assert_eq!(phone.receive().status(), Some(200));
    let bound = house.edge.phones.lookup("alice@t.test", std::time::SystemTime::now());
    assert_eq!(bound[0].hop.transport, Transport::Tls);

    let mut ring = plan(house.tls);
    ring.attempts[0].target = Target::Registered { aor: "alice@t.test".to_owned() };
    house.edge.business.always(Verdict::Connect(ring));
    let mut trunk = house.call(None, &rustls::version::TLS12);
    house.edge.business.trust(trunk.addr());
    trunk.send(over_tls("INVITE", "call"));
    let invite = phone.receive();
    assert_eq!(invite.request_uri(), Some("sip:x@line.test;transport=tls"));
    phone.send(reply(&invite, "486 Busy Here"));
    assert_eq!([trunk.receive().status(), trunk.receive().status()], [Some(100), Some(486)]);
    assert_eq!(phone.receive().method().as_str(), "ACK");
    house.ended();
}
