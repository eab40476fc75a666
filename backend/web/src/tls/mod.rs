//! Certificates of the HTTP port: an operator's PEM files, those of a public authority, or leaves made by a local CA.

mod ca;
mod public;

pub use ca::{CaError, LocalCa, Pair};

use arc_swap::ArcSwap;
use moka::sync::Cache;
use public::Public;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Leaves kept for tenants' host names; the least used goes first.
pub const LEAVES_MAX: u64 = 1_024;
/// A leaf is made anew after this time, long before it expires.
const LEAF_RENEWAL: Duration = Duration::from_secs(30 * 24 * 3600);
/// A host label has at most this many bytes (RFC 1035 §2.3.4).
const LABEL_MAX_BYTES: usize = 63;

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate file holds no readable certificate.
    #[error("the certificate file is not a PEM certificate chain: {0}")]
    Certificate(rustls_pki_types::pem::Error),
    /// The key file holds no readable private key.
    #[error("the key file is not a PEM private key: {0}")]
    Key(rustls_pki_types::pem::Error),
    /// Certificate and key do not belong together, or the key is of an unknown kind.
    #[error("certificate and key do not fit: {0}")]
    Unfit(#[from] rustls::Error),
    /// The local CA failed.
    #[error(transparent)]
    Ca(#[from] CaError),
}

/// What the port presents to TLS clients.
#[derive(Debug)]
pub struct Certificates {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Operator(ArcSwap<CertifiedKey>),
    Local(Box<Local>),
    Public(Box<Public>),
}

#[derive(Debug)]
struct Local {
    ca: LocalCa,
    public_host: String,
    leaves: Cache<String, Arc<CertifiedKey>>,
}

impl Certificates {
    /// Leaves of a local CA: one for `localhost`, `127.0.0.1`, `::1` and the public host, and one for each
    /// `<slug>.<public host>` that a client asks for.
    ///
    /// # Errors
    /// [`TlsError::Ca`] if the CA can't sign; [`TlsError::Unfit`] if its key is of a kind that TLS does not know.
    pub fn local(ca: LocalCa, public_host: &str) -> Result<Self, TlsError> {
        Ok(Self { kind: Kind::Local(Box::new(Local::new(ca, public_host)?)) })
    }

    /// What a public authority issues for the public host and for tenants' hosts, put in by [`Certificates::install`];
    /// leaves of the local CA until then. The other end gets the tenants' names that clients ask for and that are not
    /// there yet.
    ///
    /// # Errors
    /// As [`Certificates::local`].
    pub fn public(ca: LocalCa, public_host: &str) -> Result<(Self, mpsc::Receiver<String>), TlsError> {
        let (public, wanted) = Public::new(Local::new(ca, public_host)?);
        Ok((Self { kind: Kind::Public(Box::new(public)) }, wanted))
    }

    /// Shows what a public authority issued for a name: chain and key, PEM.
    ///
    /// # Errors
    /// [`TlsError`], and what was shown before stays.
    pub fn install(&self, host: &str, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        match &self.kind {
            Kind::Public(public) => public.install(host, chain, key),
            Kind::Operator(_) | Kind::Local(_) => Ok(()),
        }
    }

    /// Shows a proof for a name while a public authority looks: `file` under its token, and a certificate with the
    /// SHA-256 of it to whoever asks for one.
    ///
    /// # Errors
    /// [`TlsError::Ca`] where no key can be made.
    pub fn show_proof(&self, host: &str, token: &str, file: &str, digest: &[u8; 32]) -> Result<(), TlsError> {
        match &self.kind {
            Kind::Public(public) => public.show(host, token, file, digest),
            Kind::Operator(_) | Kind::Local(_) => Ok(()),
        }
    }

    /// Shows no proof for a name any more.
    pub fn withdraw_proof(&self, host: &str) {
        if let Kind::Public(public) = &self.kind {
            public.withdraw(host);
        }
    }

    /// The file that an authority looks for.
    pub(crate) fn proof_file(&self, token: &str) -> Option<String> {
        match &self.kind {
            Kind::Public(public) => public.file(token),
            Kind::Operator(_) | Kind::Local(_) => None,
        }
    }

    /// The operator's certificate chain and key, both PEM.
    ///
    /// # Errors
    /// [`TlsError`], saying which of the two files is at fault.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self { kind: Kind::Operator(ArcSwap::from_pointee(parse(chain, key)?)) })
    }

    /// Puts a renewed chain and key in the place of the operator's old ones; new connections see it. Leaves of the
    /// local CA are not touched.
    ///
    /// # Errors
    /// [`TlsError`], and the old pair stays.
    pub fn renew(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        if let Kind::Operator(current) = &self.kind {
            current.store(Arc::new(parse(chain, key)?));
        }
        Ok(())
    }

    /// TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1.
    pub(crate) fn server_config(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if matches!(self.kind, Kind::Public(_)) {
            config.alpn_protocols.push(public::PROOF_PROTOCOL.to_vec());
        }
        Ok(config)
    }

    /// What is shown for a server name.
    fn leaf(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        match &self.kind {
            Kind::Operator(pair) => Some(pair.load_full()),
            Kind::Local(local) => local.leaf(name),
            Kind::Public(public) => public.find(name),
        }
    }
}

impl Local {
    fn new(ca: LocalCa, public_host: &str) -> Result<Self, TlsError> {
        let leaves = Cache::builder().max_capacity(LEAVES_MAX).time_to_live(LEAF_RENEWAL).build();
        let public_host = public_host.trim_matches(['[', ']']).to_ascii_lowercase();
        let first = certify(&ca, &default_names(&public_host))?;
        leaves.insert(String::new(), first);
        Ok(Self { ca, public_host, leaves })
    }

    /// The leaf for a server name, where the local CA answers for it.
    fn leaf(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let Self { ca, public_host, leaves } = self;
        let name = name.map(str::to_ascii_lowercase).filter(|name| is_tenant_of(name, public_host));
        let names = name.as_ref().map_or_else(|| default_names(public_host), |name| vec![name.clone()]);
        leaves
            .try_get_with(name.unwrap_or_default(), || certify(ca, &names))
            .inspect_err(|error| tracing::error!(%error, "the local CA could not make a certificate"))
            .ok()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Kind::Public(public) = &self.kind
            && hello.alpn().is_some_and(|mut offered| offered.any(|name| name == public::PROOF_PROTOCOL))
        {
            return public.proof(hello.server_name()?);
        }
        self.leaf(hello.server_name())
    }
}

/// Whether `name` is one label under the public host: only such names get a leaf of their own.
fn is_tenant_of(name: &str, public_host: &str) -> bool {
    let label = name.strip_suffix(public_host).and_then(|rest| rest.strip_suffix('.'));
    label.is_some_and(|label| {
        !label.is_empty()
            && label.len() <= LABEL_MAX_BYTES
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

fn default_names(public_host: &str) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !public_host.is_empty() && !names.iter().any(|name| name == public_host) {
        names.push(public_host.to_owned());
    }
    names
}

fn certify(ca: &LocalCa, names: &[String]) -> Result<Arc<CertifiedKey>, TlsError> {
    let (chain, key) = ca.leaf(names)?;
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider())?))
}

fn parse(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Key)?;
    Ok(CertifiedKey::from_der(chain, key, &provider())?)
}

/// The one provider of this program, named outright so that nothing depends on a process-wide default.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

#[cfg(test)]
mod tests;
