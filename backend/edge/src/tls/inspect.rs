//! A look at somebody else's TLS: one handshake, in which everything is taken and then judged, so that what is wrong can
//! be said. Nothing is sent over the connection.

use super::{Credentials, PeerCertificate};
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long each read and write of the handshake may take.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// Reads and writes of one handshake; a server that trickles is given up.
const STEPS_MAX: usize = 64;

/// What a server showed.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// How long the connection took.
    pub connected_in: Duration,
    /// How long the handshake took, from the connection on.
    pub shaken_in: Duration,
    /// The version, such as `TLS 1.3`.
    pub version: &'static str,
    /// The server's certificate, with why it is not believed where it is not.
    pub certificate: Option<PeerCertificate>,
    /// Certificates of the chain that it sent.
    pub chain: usize,
    /// Whether it asked for our certificate (mutual TLS).
    pub asked_for_ours: bool,
}

/// Why nothing could be seen.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// This edge has no certificate and speaks no TLS.
    #[error("this platform does not speak SIP over TLS: set sip.tls_listen")]
    NotSpoken,
    /// No connection.
    #[error("{address} takes no connection: {source}")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It is no name that a certificate could have.
    #[error("{0:?} is no host name")]
    Name(String),
    /// The handshake failed.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
}

impl Credentials {
    /// Shakes hands with a server as the edge would, showing our certificate if asked, and says what it showed. Blocks
    /// for some seconds at most.
    ///
    /// # Errors
    /// [`InspectError`] where there is no connection or no handshake at all.
    pub fn inspect(&self, address: SocketAddr, name: &str) -> Result<Inspection, InspectError> {
        let server =
            ServerName::try_from(name.to_owned()).map_err(|_| InspectError::Name(name.to_owned()))?;
        let (config, asked) = self.looking();
        let mut session = ClientConnection::new(Arc::new(config), server)
            .map_err(|error| InspectError::Handshake(error.to_string()))?;
        let started = Instant::now();
        let mut stream = connect(address)?;
        let connected_in = started.elapsed();
        let shaking = Instant::now();
        shake(&mut session, &mut stream)?;
        let shaken_in = shaking.elapsed();
        let chain = session.peer_certificates().unwrap_or_default();
        let found = Inspection {
            connected_in,
            shaken_in,
            version: match session.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "an unknown version",
            },
            certificate: self.trust.judge(chain, UnixTime::now()),
            chain: chain.len(),
            asked_for_ours: asked.load(Ordering::Relaxed),
        };
        // A polite end; the peer may be gone already.
        session.send_close_notify();
        let _ = session.write_tls(&mut stream);
        Ok(found)
    }

    fn looking(&self) -> (ClientConfig, Arc<AtomicBool>) {
        let asked = Arc::new(AtomicBool::new(false));
        let mut config = (*self.client).clone();
        let ours = Arc::clone(&config.client_auth_cert_resolver);
        config.client_auth_cert_resolver = Arc::new(Asked { ours, asked: Arc::clone(&asked) });
        let known = Arc::clone(&self.trust);
        config.dangerous().set_certificate_verifier(Arc::new(Looker(super::trust::Callees::new(known))));
        (config, asked)
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream, InspectError> {
    let connected = TcpStream::connect_timeout(&address, CONNECT_WITHIN).and_then(|stream| {
        stream.set_read_timeout(Some(READ_WITHIN))?;
        stream.set_write_timeout(Some(READ_WITHIN))?;
        Ok(stream)
    });
    connected.map_err(|source| InspectError::Connect { address, source })
}

/// In TLS 1.3 a server that refuses our certificate says so after the handshake: that shows with the first request.
fn shake(session: &mut ClientConnection, stream: &mut TcpStream) -> Result<(), InspectError> {
    let failed = |error: io::Error| {
        InspectError::Handshake(match error.kind() {
            io::ErrorKind::UnexpectedEof => "the server closed the connection in the middle of it".to_owned(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                "the server said nothing for 5 s".to_owned()
            }
            _ => error.to_string(),
        })
    };
    for _ in 0..STEPS_MAX {
        if !session.is_handshaking() {
            return Ok(());
        }
        session.complete_io(stream).map_err(failed)?;
    }
    Err(InspectError::Handshake("the server trickles its handshake".to_owned()))
}

/// Takes any certificate: it is judged afterwards.
#[derive(Debug)]
struct Looker(super::trust::Callees);

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        _first: &CertificateDer<'_>,
        _rest: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Shows our certificate, and notes that it was asked for.
#[derive(Debug)]
struct Asked {
    ours: Arc<dyn ResolvesClientCert>,
    asked: Arc<AtomicBool>,
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.ours.resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        self.ours.has_certs()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::tests::{Authority, Leaf, credentials};
    use super::*;
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// A server that shakes hands once.
    fn server(leaf: &Leaf, authority: &Authority) -> (SocketAddr, JoinHandle<()>) {
        let config = Arc::clone(&credentials(leaf, authority).server);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut session = rustls::ServerConnection::new(config).unwrap();
            while session.is_handshaking() && session.complete_io(&mut stream).is_ok() {}
        });
        (address, thread)
    }

    #[test]
    fn a_sound_server_is_believed_and_said_to_ask_for_our_certificate() {
        let authority = Authority::new();
        let (address, thread) = server(&authority.leaf(&["sbc.example.test"]), &authority);
        let ours = credentials(&authority.leaf(&["edge.test"]), &authority);
        let found = ours.inspect(address, "sbc.example.test").unwrap();
        let certificate = found.certificate.unwrap();
        assert!(certificate.covers("sbc.example.test") && certificate.fault().is_none());
        assert_eq!((found.version, found.chain, found.asked_for_ours), ("TLS 1.3", 1, true));
        thread.join().unwrap();
    }

    #[test]
    fn a_stranger_and_a_wrong_name_are_shown_with_what_is_wrong_instead_of_a_failed_handshake() {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let ours = credentials(&authority.leaf(&["edge.test"]), &authority);
        let (address, thread) = server(&stranger.leaf(&["sbc.example.test"]), &stranger);
        let found = ours.inspect(address, "sbc.example.test").unwrap().certificate.unwrap();
        assert!(found.fault().unwrap().contains("invalid peer certificate"), "{:?}", found.fault());
        thread.join().unwrap();
        let (address, thread) = server(&authority.leaf(&["other.example.test"]), &authority);
        let found = ours.inspect(address, "sbc.example.test").unwrap().certificate.unwrap();
        assert!(found.fault().is_none() && !found.covers("sbc.example.test"));
        thread.join().unwrap();
    }

    #[test]
    fn a_closed_port_and_a_server_that_speaks_something_else_are_told_apart() {
        let authority = Authority::new();
        let ours = credentials(&authority.leaf(&["edge.test"]), &authority);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            io::Write::write_all(&mut stream, b"SIP/2.0 400 Bad Request\r\n\r\n").unwrap();
        });
        assert!(matches!(ours.inspect(address, "a.test"), Err(InspectError::Handshake(_))));
        thread.join().unwrap();
        assert!(matches!(ours.inspect(address, "a.test"), Err(InspectError::Connect { .. })));
    }
}
