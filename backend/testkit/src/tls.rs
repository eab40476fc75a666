//! Certificates for tests: an authority, what it signs, and what one side of TLS shows and believes.

use chrono::Datelike as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::WebPkiClientVerifier,
};
pub use rustls::{
    SupportedProtocolVersion as Version,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// Tells authorities apart.
static SERIAL: AtomicU32 = AtomicU32::new(1);

/// A certificate authority of a test.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, PEM: what others must trust.
    pub pem: String,
}

/// A certificate and its key, PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub chain: String,
    /// The private key.
    pub key: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new authority.
    ///
    /// # Panics
    /// Where the system has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let name = format!("Test authority {}", SERIAL.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).expect("a root").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for these names, for servers and clients, that holds for as long as anybody may care.
    ///
    /// # Panics
    /// Where a name is none.
    #[must_use]
    pub fn identity(&self, names: &[&str]) -> Identity {
        self.identity_until(names, None)
    }

    /// One that ends at the beginning of a day (UTC).
    ///
    /// # Panics
    /// Where a name is none.
    #[must_use]
    pub fn identity_until(&self, names: &[&str], end: Option<chrono::NaiveDate>) -> Identity {
        let key = KeyPair::generate().expect("randomness");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone()).expect("names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("nobody", String::as_str));
        params.use_authority_key_identifier_extension = true;
        if let Some(end) = end {
            let part = |number: u32| u8::try_from(number).expect("months and days are small");
            params.not_after = rcgen::date_time_ymd(end.year(), part(end.month()), part(end.day()));
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let chain = params.signed_by(&key, &self.issuer).expect("a leaf").pem();
        Identity { chain, key: key.serialize_pem() }
    }
}

/// What a phone shows and believes over TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// For a phone that calls a server of this name, believes these roots (PEM), and shows this certificate; one that
    /// shows none takes no connections.
    ///
    /// # Panics
    /// Where a certificate is none.
    #[must_use]
    pub fn new(name: &str, roots: &str, identity: Option<&Identity>) -> Self {
        Self::speaking(name, roots, identity, &[&TLS13, &TLS12])
    }

    /// The same with these versions alone.
    ///
    /// # Panics
    /// Where a certificate is none.
    #[must_use]
    pub fn speaking(
        name: &str,
        roots: &str,
        identity: Option<&Identity>,
        versions: &[&'static Version],
    ) -> Self {
        let mut store = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots.as_bytes()) {
            store.add(root.expect("a PEM certificate")).expect("a root");
        }
        let store = Arc::new(store);
        let client = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(Arc::clone(&store));
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&store), provider())
            .build()
            .expect("there are roots");
        let server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .expect("versions")
            .with_client_cert_verifier(verifier);
        let (client, server) = match identity {
            Some(identity) => (
                client.with_client_auth_cert(chain(identity), key(identity)).expect("a pair"),
                server.with_single_cert(chain(identity), key(identity)).expect("a pair"),
            ),
            None => {
                let nobody = Authority::new().identity(&["nobody.invalid"]);
                let server = server.with_single_cert(chain(&nobody), key(&nobody)).expect("a pair");
                (client.with_no_client_auth(), server)
            }
        };
        let name = ServerName::try_from(name.to_owned()).expect("a host name or an address");
        Self { client: Arc::new(client), server: Arc::new(server), name }
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    pub(crate) fn connect(&self) -> io::Result<rustls::Connection> {
        let connection = ClientConnection::new(Arc::clone(&self.client), self.name.clone());
        Ok(connection.map_err(io::Error::other)?.into())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn chain(identity: &Identity) -> Vec<CertificateDer<'static>> {
    let chain = CertificateDer::pem_slice_iter(identity.chain.as_bytes());
    chain.collect::<Result<_, _>>().expect("a PEM chain")
}

fn key(identity: &Identity) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a PEM key")
}
