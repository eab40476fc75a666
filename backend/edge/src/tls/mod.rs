//! What the edge shows over TLS, and whom it believes: TLS 1.2 and 1.3, both sides with certificates where they have
//! them (RFC 3261 §26.3.1, RFC 5922).

mod certificate;
mod inspect;
mod trust;

pub use certificate::PeerCertificate;
pub use inspect::{InspectError, Inspection};

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
pub(crate) use trust::Trust;

/// SIP over TLS: where it is listened for, and with what.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// Address and port of the listener; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What is shown and believed at the start; [`Handle::reload`](crate::Handle::reload) puts others in its place.
    pub credentials: Credentials,
}

/// Our certificate with its key, and the roots that peers' certificates must come from. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) trust: Arc<Trust>,
    own: Arc<PeerCertificate>,
}

/// Why credentials can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate file holds no readable certificate.
    #[error("the certificate file is not a PEM certificate chain: {0}")]
    Certificate(rustls_pki_types::pem::Error),
    /// The certificate file holds no certificate at all.
    #[error("the certificate file holds no certificate: it must be a PEM chain, our own certificate first")]
    NoCertificate,
    /// The key file holds no readable private key.
    #[error("the key file is not a PEM private key: {0}")]
    Key(rustls_pki_types::pem::Error),
    /// The file of roots holds something else than certificates.
    #[error("the file of trusted roots is not made of PEM certificates: {0}")]
    Roots(rustls_pki_types::pem::Error),
    /// Certificate and key do not belong together, or are of a kind that is not spoken.
    #[error("certificate and key do not fit: {0}")]
    Unfit(#[from] rustls::Error),
}

impl Credentials {
    /// From PEM: our chain, its key, and roots that are trusted for peers; `public_roots` adds the roots of the public
    /// web (those that Mozilla's programme holds).
    ///
    /// # Errors
    /// [`TlsError`], which names the file at fault.
    pub fn from_pem(chain: &[u8], key: &[u8], roots: &[u8], public_roots: bool) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(TlsError::Certificate)?;
        let own = chain.first().ok_or(TlsError::NoCertificate)?;
        let own = PeerCertificate::read(own).ok_or(TlsError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Key)?;
        let pair = Arc::new(CertifiedKey::from_der(chain, key, &provider)?);
        let mut store = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots) {
            store.add(root.map_err(TlsError::Roots)?)?;
        }
        if public_roots {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let trust = Arc::new(Trust::new(store, &provider));
        Ok(Self {
            server: Arc::new(server(&provider, &trust, &pair)?),
            client: Arc::new(client(&provider, &trust, &pair)?),
            trust,
            own: Arc::new(own),
        })
    }

    /// Our own certificate's names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        self.own.names()
    }

    /// When our own certificate expires.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.own.expires_at()
    }
}

/// Asks every client for a certificate and lets it have none: what it shows is judged after the handshake, also where a
/// session is resumed.
fn server(
    provider: &Arc<CryptoProvider>,
    trust: &Arc<Trust>,
    pair: &Arc<CertifiedKey>,
) -> Result<ServerConfig, rustls::Error> {
    let config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(trust::Callers::new(Arc::clone(trust))))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(pair))));
    Ok(config)
}

/// Shows our certificate to whoever asks, and ends a handshake with a server whose certificate does not name it.
fn client(
    provider: &Arc<CryptoProvider>,
    trust: &Arc<Trust>,
    pair: &Arc<CertifiedKey>,
) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust::Callees::new(Arc::clone(trust))))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(pair))));
    // A resumed session would pass over the check of names and dates; connections live long, so it saves little.
    config.resumption = Resumption::disabled();
    Ok(config)
}

#[cfg(test)]
pub(crate) mod tests;
