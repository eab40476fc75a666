//! Reading one's own certificate, to say what is wrong with it before it is used.

use crate::tls::PeerCertificate;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

impl PeerCertificate {
    /// The first certificate of a PEM file: the one that is shown to peers. `None` where there is none that can be read.
    #[must_use]
    pub fn of_pem(pem: &[u8]) -> Option<Self> {
        Self::read(&CertificateDer::from_pem_slice(pem).ok()?)
    }
}
