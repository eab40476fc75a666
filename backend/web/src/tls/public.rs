//! Certificates of a public authority: what it issued, by name, and the proofs that it looks for while it does
//! (RFC 8555 §8.3, RFC 8737).

use super::{LEAVES_MAX, Local, TlsError, is_tenant_of, parse, provider};
use arc_swap::ArcSwap;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;

/// The protocol by which an authority asks for a proof (RFC 8737 §6.2).
pub(super) const PROOF_PROTOCOL: &[u8] = b"acme-tls/1";
/// Names that wait to be ordered; a name beyond them is wanted again at its next connection.
const WANTED_MAX: usize = 64;
/// Proofs shown at a time; orders are placed one after another.
const PROOFS_MAX: usize = 16;

/// What is shown for names that the authority knows, and, until it has issued, for all.
#[derive(Debug)]
pub(super) struct Public {
    /// Leaves of the local CA, until there are better ones.
    pub(super) local: Local,
    issued: ArcSwap<HashMap<String, Arc<CertifiedKey>>>,
    proofs: Mutex<HashMap<String, Shown>>,
    wanted: mpsc::Sender<String>,
}

#[derive(Debug)]
struct Shown {
    token: String,
    file: String,
    certificate: Arc<CertifiedKey>,
}

impl Public {
    /// Begins with none; the other end gets the tenants' names that clients ask for and nobody has ordered.
    pub(super) fn new(local: Local) -> (Self, mpsc::Receiver<String>) {
        let (wanted, receiver) = mpsc::channel(WANTED_MAX);
        (Self { local, issued: ArcSwap::default(), proofs: Mutex::default(), wanted }, receiver)
    }

    /// What is shown for a server name; the public host's own where a client names none.
    pub(super) fn find(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let name = name.map_or_else(|| self.local.public_host.clone(), str::to_ascii_lowercase);
        let found = self.issued.load().get(&name).cloned();
        if found.is_none() && is_tenant_of(&name, &self.local.public_host) {
            // Full or closed: the name is wanted again at its next connection.
            let _ = self.wanted.try_send(name.clone());
        }
        found.or_else(|| self.local.leaf(Some(&name)))
    }

    /// Shows a pair for a name from now on.
    pub(super) fn install(&self, host: &str, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let pair = Arc::new(parse(chain, key)?);
        self.issued.rcu(|issued| {
            let mut issued = HashMap::clone(issued);
            if issued.len() < usize::try_from(LEAVES_MAX).unwrap_or(usize::MAX) || issued.contains_key(host) {
                issued.insert(host.to_owned(), Arc::clone(&pair));
            }
            issued
        });
        Ok(())
    }

    /// Shows a proof for a name: as a file, and as a certificate to whoever asks for it over TLS.
    pub(super) fn show(
        &self,
        host: &str,
        token: &str,
        file: &str,
        digest: &[u8; 32],
    ) -> Result<(), TlsError> {
        let certificate = Arc::new(proof(host, digest)?);
        let mut proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        if proofs.len() < PROOFS_MAX || proofs.contains_key(host) {
            let shown = Shown { token: token.to_owned(), file: file.to_owned(), certificate };
            proofs.insert(host.to_owned(), shown);
        }
        Ok(())
    }

    /// Shows none for a name any more.
    pub(super) fn withdraw(&self, host: &str) {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
    }

    /// The file of a proof.
    pub(super) fn file(&self, token: &str) -> Option<String> {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.values().find(|shown| shown.token == token).map(|shown| shown.file.clone())
    }

    /// The certificate of a proof.
    pub(super) fn proof(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.get(&name.to_ascii_lowercase()).map(|shown| Arc::clone(&shown.certificate))
    }
}

/// A self-signed certificate for the name with the digest in its critical extension (RFC 8737 §3).
fn proof(host: &str, digest: &[u8; 32]) -> Result<CertifiedKey, TlsError> {
    let made = || {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([host.to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let certificate = params.self_signed(&key)?;
        Ok::<_, rcgen::Error>((certificate.der().clone(), key.serialize_der()))
    };
    let (certificate, key) = made().map_err(super::CaError::Unusable)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    // Not `from_der`, which reads the certificate and stumbles over the critical extension that makes it a proof.
    Ok(CertifiedKey::new(vec![certificate], provider().key_provider.load_private_key(key)?))
}
