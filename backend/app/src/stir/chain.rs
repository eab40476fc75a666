//! Whether the certificate of a signer is to be believed: its chain leads to a root that the operator trusts, it names a
//! service provider (RFC 8226 §9, ATIS-1000080), and its key is one of P-256.

use domain::stir::Fault;
use jsonwebtoken::DecodingKey;
use rustls::{
    RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use std::time::Duration;
use x509_parser::{
    der_parser::{
        asn1_rs::{Any, Class, FromDer as _},
        oid,
    },
    prelude::X509Certificate,
};

/// Certificates of a chain at most.
const CHAIN_MAX: usize = 8;
/// Characters of a service provider code at most.
const CODE_MAX: usize = 32;
/// The bytes of an uncompressed point of P-256.
const POINT_BYTES: usize = 65;

/// What is trusted.
#[derive(Debug)]
pub(super) struct Roots(RootCertStore);

impl Default for Roots {
    fn default() -> Self {
        Self(RootCertStore::empty())
    }
}

impl Roots {
    /// Of these certificates; one that cannot be one is left out.
    pub(super) fn new<'a>(roots: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.into_iter().map(CertificateDer::from_slice));
        Self(store)
    }
}

/// A signer that is believed for a time.
pub(super) struct Signer {
    /// Its key.
    pub(super) key: DecodingKey,
    /// Its service provider code.
    pub(super) code: String,
    /// Unix seconds from which to which every certificate of its chain holds.
    valid: (i64, i64),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("code", &self.code).finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads a chain, the signer's own certificate first, in PEM or (one alone) in DER, and judges it.
    ///
    /// # Errors
    /// [`Fault::Certificate`] says what is wrong with it.
    pub(super) fn read(body: &[u8], roots: &Roots, now_unix_seconds: i64) -> Result<Self, Fault> {
        let chain = chain(body)?;
        let (first, rest) = chain.split_first().ok_or_else(|| wrong("there is none in the file"))?;
        let (_, certificate) = X509Certificate::from_der(first).map_err(|_| wrong("it cannot be read"))?;
        let mut valid = (i64::MIN, i64::MAX);
        for one in &chain {
            let (_, one) = X509Certificate::from_der(one).map_err(|_| wrong("its chain cannot be read"))?;
            let (from, until) = (one.validity().not_before, one.validity().not_after);
            valid = (valid.0.max(from.timestamp()), valid.1.min(until.timestamp()));
        }
        let signer = Self { key: key(&certificate)?, code: code(&certificate)?, valid };
        signer.holds(now_unix_seconds)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now_unix_seconds.unsigned_abs()));
        let parsed = ParsedCertificate::try_from(first).map_err(|error| wrong(&error.to_string()))?;
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots.0, rest, now, algorithms)
            .map_err(|error| wrong(&format!("it leads to no root that is trusted here ({error})")))?;
        Ok(signer)
    }

    /// Whether its certificates hold at a time.
    ///
    /// # Errors
    /// [`Fault::Certificate`].
    pub(super) fn holds(&self, now_unix_seconds: i64) -> Result<(), Fault> {
        if now_unix_seconds < self.valid.0 {
            return Err(wrong("it is not valid yet"));
        }
        if now_unix_seconds > self.valid.1 {
            return Err(wrong("it has expired"));
        }
        Ok(())
    }
}

fn wrong(what: &str) -> Fault {
    Fault::Certificate(what.to_owned())
}

fn chain(body: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    if !body.starts_with(b"-----") && !body.windows(10).any(|part| part == b"-----BEGIN") {
        return Ok(vec![CertificateDer::from(body.to_vec())]);
    }
    let mut chain = Vec::new();
    for one in CertificateDer::pem_slice_iter(body) {
        if chain.len() == CHAIN_MAX {
            return Err(wrong("its chain is too long"));
        }
        chain.push(one.map_err(|_| wrong("the file is no PEM"))?);
    }
    Ok(chain)
}

/// ES256 knows no other key than one of P-256.
fn key(certificate: &X509Certificate<'_>) -> Result<DecodingKey, Fault> {
    let spki = certificate.public_key();
    let curve = spki.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let is_p256 = spki.algorithm.algorithm == oid!(1.2.840.10045.2.1)
        && curve == Some(oid!(1.2.840.10045.3.1.7))
        && spki.subject_public_key.data.len() == POINT_BYTES;
    if !is_p256 {
        return Err(wrong("its key is not one of P-256"));
    }
    Ok(DecodingKey::from_ec_der(&spki.subject_public_key.data))
}

/// The service provider code of the TNAuthList, which holds exactly one (ATIS-1000080 §6.4.1).
fn code(certificate: &X509Certificate<'_>) -> Result<String, Fault> {
    let list = oid!(1.3.6.1.5.5.7.1.26);
    let found = certificate.get_extension_unique(&list).ok().flatten();
    let found = found.ok_or_else(|| wrong("it lacks the TNAuthList that names a service provider"))?;
    let unreadable = || wrong("its TNAuthList cannot be read");
    let (rest, sequence) = Any::from_der(found.value).map_err(|_| unreadable())?;
    let mut entries = sequence.data;
    let mut codes = Vec::new();
    if !rest.is_empty() {
        return Err(unreadable());
    }
    while !entries.is_empty() {
        let (next, entry) = Any::from_der(entries).map_err(|_| unreadable())?;
        if entry.header.class() == Class::ContextSpecific && entry.header.tag().0 == 0 {
            let (_, text) = Any::from_der(entry.data).map_err(|_| unreadable())?;
            let text = std::str::from_utf8(text.data).map_err(|_| unreadable())?;
            if text.is_empty() || text.len() > CODE_MAX || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(unreadable());
            }
            codes.push(text.to_owned());
        }
        entries = next;
    }
    match codes.as_slice() {
        [code] => Ok(code.clone()),
        _ => Err(wrong("its TNAuthList does not name exactly one service provider")),
    }
}
