//! Whether a chain of certificates comes from a root that is trusted.

use super::PeerCertificate;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;

/// The roots.
#[derive(Debug)]
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
    /// Judges a chain by its use as a client's; `None` without roots.
    as_client: Option<Arc<dyn ClientCertVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Trust {
    pub(super) fn new(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Self {
        let roots = Arc::new(roots);
        // It fails for want of roots alone, and then nobody is believed.
        let as_client = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(provider))
            .build()
            .ok();
        Self { roots, as_client, algorithms: provider.signature_verification_algorithms }
    }

    /// Reads a peer's chain, and says what it is worth now. `None` where it is none.
    ///
    /// A caller's certificate may be made for servers or for clients: authorities have stopped to issue the latter.
    pub(crate) fn judge(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Option<PeerCertificate> {
        let (first, rest) = chain.split_first()?;
        let certificate = PeerCertificate::read(first)?;
        let fault = self.as_server(first, rest, now).err().and_then(|error| {
            let as_client = self.as_client.as_ref()?.verify_client_cert(first, rest, now);
            as_client.err().map(|_| error)
        });
        Some(certificate.with_fault(fault.map(|error| error.to_string())))
    }

    fn as_server(
        &self,
        first: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(first)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, rest, now, self.algorithms.all)
    }
}

/// Holds callees to their names (RFC 5922 §7.3).
#[derive(Debug)]
pub(super) struct Callees(Arc<Trust>);

impl Callees {
    pub(super) const fn new(trust: Arc<Trust>) -> Self {
        Self(trust)
    }
}

impl ServerCertVerifier for Callees {
    fn verify_server_cert(
        &self,
        first: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.0.as_server(first, rest, now)?;
        let certificate = PeerCertificate::read(first).ok_or(CertificateError::BadEncoding)?;
        if certificate.covers(&name.to_str()) {
            return Ok(ServerCertVerified::assertion());
        }
        let (expected, presented) = (name.to_owned(), certificate.names().to_vec());
        Err(CertificateError::NotValidForNameContext { expected, presented }.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.algorithms.supported_schemes()
    }
}

/// Takes whatever certificate a caller shows, once it has proven to hold its key. [`Trust::judge`] says what it is worth;
/// one that is worth nothing counts as none, since a trunk may be known by its address all the same.
#[derive(Debug)]
pub(super) struct Callers(Arc<Trust>);

impl Callers {
    pub(super) const fn new(trust: Arc<Trust>) -> Self {
        Self(trust)
    }
}

impl ClientCertVerifier for Callers {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // No hint: the caller shows what it has.
        &[]
    }

    fn verify_client_cert(
        &self,
        _first: &CertificateDer<'_>,
        _rest: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.algorithms.supported_schemes()
    }
}
