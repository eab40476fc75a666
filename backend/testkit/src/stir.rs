//! Signers of calls for tests: an authority that names service providers (RFC 8226), their keys, and a web server of
//! their certificates.

use crate::tls::Authority;
use domain::stir::Passport;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, date_time_ymd,
};
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The object identifier of the TNAuthList (RFC 8226 §9).
const TN_AUTH_LIST: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 26];

/// An authority of service providers.
#[derive(Debug)]
pub struct SignerAuthority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, PEM.
    pub pem: String,
}

/// A service provider that signs calls.
#[derive(Debug)]
pub struct CallSigner {
    /// Its certificate, PEM.
    pub chain: String,
    key: String,
}

/// What is unusual about a signer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It names no service provider.
    NoProvider,
    /// It expired in 2021.
    Expired,
    /// It holds from 2120 on.
    NotYetValid,
    /// Its key is of P-384.
    OtherCurve,
}

impl Default for SignerAuthority {
    fn default() -> Self {
        Self::new()
    }
}

impl SignerAuthority {
    /// A new authority.
    ///
    /// # Panics
    /// Where the system has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "Test authority of signers");
        let pem = params.self_signed(&key).expect("a root").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A signer with a service provider code of at most 100 letters and digits.
    ///
    /// # Panics
    /// Where the system has no randomness.
    #[must_use]
    pub fn signer(&self, code: &str, flaw: Flaw) -> CallSigner {
        let curve = match flaw {
            Flaw::OtherCurve => &PKCS_ECDSA_P384_SHA384,
            _ => &PKCS_ECDSA_P256_SHA256,
        };
        let key = KeyPair::generate_for(curve).expect("randomness");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("SHAKEN {code}"));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if flaw != Flaw::NoProvider {
            let list = CustomExtension::from_oid_content(TN_AUTH_LIST, tn_auth_list(code));
            params.custom_extensions.push(list);
        }
        match flaw {
            Flaw::Expired => {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2021, 1, 1);
            }
            Flaw::NotYetValid => params.not_before = date_time_ymd(2120, 1, 1),
            Flaw::None | Flaw::NoProvider | Flaw::OtherCurve => {}
        }
        let chain = params.signed_by(&key, &self.issuer).expect("a leaf").pem();
        CallSigner { chain, key: key.serialize_pem() }
    }
}

/// `SEQUENCE { [0] { IA5String } }`.
fn tn_auth_list(code: &str) -> Vec<u8> {
    let tagged = |tag: u8, inner: &[u8]| {
        let mut all = vec![tag, u8::try_from(inner.len()).expect("a short code")];
        all.extend_from_slice(inner);
        all
    };
    tagged(0x30, &tagged(0xa0, &tagged(0x16, code.as_bytes())))
}

impl CallSigner {
    /// The value of the Identity header for what is said about a call, with the certificate at this address.
    ///
    /// # Panics
    /// Where its key is not one of P-256.
    #[must_use]
    pub fn identity(&self, passport: &Passport, x5u: &str) -> String {
        let input = passport.signing_input(x5u);
        let key = EncodingKey::from_ec_pem(self.key.as_bytes()).expect("a key");
        let signature = crypto::sign(input.as_bytes(), &key, Algorithm::ES256).expect("a key of P-256");
        format!("{input}.{signature};info=<{x5u}>;alg=ES256;ppt=shaken")
    }
}

/// Status and content of each path.
type Files = Mutex<HashMap<String, (u16, Vec<u8>)>>;

/// A web server of certificates at an address of its own, over https alone.
#[derive(Debug)]
pub struct CertificateServer {
    address: SocketAddr,
    files: Arc<Files>,
    asked: Arc<AtomicU64>,
    /// The authority by which it is known, PEM.
    pub authority: String,
}

impl CertificateServer {
    /// Starts it at this IP address, at any free port.
    ///
    /// # Panics
    /// Where the address is taken.
    #[must_use]
    pub fn start(ip: &str) -> Self {
        let authority = Authority::new();
        let identity = authority.identity(&[ip, "cert.signers.test"]);
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                CertificateDer::pem_slice_iter(identity.chain.as_bytes())
                    .collect::<Result<_, _>>()
                    .expect("a PEM chain"),
                PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a PEM key"),
            )
            .expect("a pair");
        let listener = TcpListener::bind((ip, 0)).expect("a free address");
        let address = listener.local_addr().expect("an address");
        let files: Arc<Files> = Arc::default();
        let asked: Arc<AtomicU64> = Arc::default();
        let (served, counted, config) = (Arc::clone(&files), Arc::clone(&asked), Arc::new(config));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (served, counted, config) =
                    (Arc::clone(&served), Arc::clone(&counted), Arc::clone(&config));
                // Whoever hangs up early is no fault of the test.
                std::thread::spawn(move || answer(stream, config, &served, &counted));
            }
        });
        Self { address, files, asked, authority: authority.pem }
    }

    /// Serves a file from now on, and says its address.
    ///
    /// # Panics
    /// Never.
    pub fn put(&self, name: &str, status: u16, body: impl Into<Vec<u8>>) -> String {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(format!("/{name}"), (status, body.into()));
        format!("https://{}/{name}", self.address)
    }

    /// How many files it was asked for.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, files: &Files, asked: &AtomicU64) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let connection = ServerConnection::new(config).ok()?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    asked.fetch_add(1, Ordering::AcqRel);
    let path = first.split(' ').nth(1)?.to_owned();
    let found = files.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
    let (status, body) = found.unwrap_or((404, Vec::new()));
    // A redirect leads to a file that would be there.
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nLocation: /good\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let stream = reader.get_mut();
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()
}
