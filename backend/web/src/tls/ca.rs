//! The local certificate authority: it signs what a laptop needs, until the operator brings a certificate.
//!
//! Strict clients check key usage, basic constraints and the key identifiers of both certificates (RFC 5280 §4.2.1),
//! so all of them are there.

use rand::Rng as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long the CA is good for.
const CA_DAYS: u32 = 3_650;
/// How long a leaf is good for; some clients refuse more than 398 days.
const LEAF_DAYS: u32 = 90;
/// Certificates begin a day ago, for clients whose clock is behind.
const BACKDATED: Duration = DAY;

/// Why the local CA can't be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The certificate file is not one.
    #[error("the local CA's certificate can't be read: {0}")]
    Certificate(rustls_pki_types::pem::Error),
    /// Key or certificate are of no use.
    #[error("the local CA does not work: {0}")]
    Unusable(#[from] rcgen::Error),
}

/// A certificate with its chain, and its key; PEM.
pub struct Pair {
    /// The certificate, then the CA's.
    pub chain: String,
    /// The private key, PKCS #8.
    pub key: String,
}

/// The local CA, with its key.
#[derive(Debug)]
pub struct LocalCa {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    leaf_key: KeyPair,
}

impl LocalCa {
    /// Makes a new CA with a fresh key.
    ///
    /// # Errors
    /// [`CaError::Unusable`] where the system has no randomness.
    pub fn create() -> Result<Self, CaError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        validity(&mut params, CA_DAYS);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let mark = hex::encode(serial()).split_off(24);
        params.distinguished_name.push(DnType::CommonName, format!("Dialtone local CA {mark}"));
        let certificate = params.self_signed(&key)?;
        Self::new(certificate.pem(), certificate.der().clone(), key)
    }

    /// Reads a CA that was made before.
    ///
    /// # Errors
    /// [`CaError`] where certificate or key are not readable PEM.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, CaError> {
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(CaError::Certificate)?;
        Self::new(certificate.to_owned(), der, KeyPair::from_pem(key)?)
    }

    fn new(
        certificate_pem: String,
        certificate: CertificateDer<'static>,
        key: KeyPair,
    ) -> Result<Self, CaError> {
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self { certificate, issuer, certificate_pem, leaf_key: KeyPair::generate()? })
    }

    /// The CA's certificate, PEM: what clients are told to trust.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The CA's private key, PEM (PKCS #8). Whoever has it can impersonate any host to clients that trust the CA.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A certificate for `names` with a key of its own, both PEM: for one who is called and calls, such as a SIP edge.
    ///
    /// # Errors
    /// [`CaError::Unusable`] where a name is none.
    pub fn pair(&self, names: &[String]) -> Result<Pair, CaError> {
        let usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let leaf = leaf(names, usages)?.signed_by(&key, &self.issuer)?;
        Ok(Pair { chain: leaf.pem() + &self.certificate_pem, key: key.serialize_pem() })
    }

    /// A server certificate for `names`, host names and addresses, with its chain; all leaves share one key, which lives
    /// as long as the process.
    pub(super) fn leaf(
        &self,
        names: &[String],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), CaError> {
        let params = leaf(names, vec![ExtendedKeyUsagePurpose::ServerAuth])?;
        let leaf = params.signed_by(&self.leaf_key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der());
        Ok((vec![leaf.der().clone(), self.certificate.clone()], key.into()))
    }
}

fn leaf(names: &[String], usages: Vec<ExtendedKeyUsagePurpose>) -> Result<CertificateParams, CaError> {
    let mut params = CertificateParams::new(names)?;
    validity(&mut params, LEAF_DAYS);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = usages;
    params.serial_number = Some(SerialNumber::from_slice(&serial()));
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(name) = names.first() {
        params.distinguished_name.push(DnType::CommonName, name.as_str());
    }
    Ok(params)
}

fn validity(params: &mut CertificateParams, days: u32) {
    let now = SystemTime::now();
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + DAY * days).into();
}

/// A random positive serial number of 16 bytes (RFC 5280 §4.1.2.2).
fn serial() -> [u8; 16] {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes[0] = bytes[0] & 0x7f | 0x01;
    bytes
}
