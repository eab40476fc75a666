//! Certificates from a public authority, by the ACME protocol (RFC 8555).
//!
//! An order proves that this host has the name by one of two challenges, both of which its HTTP port can answer: over
//! TLS (`tls-alpn-01`, RFC 8737) or over plain HTTP (`http-01`, RFC 8555 §8.3). Who serves the port shows the proofs: the
//! [`Proofs`] seam.

use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount,
    NewOrder, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use std::{
    path::Path,
    time::{Duration, SystemTime},
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// How long an authority may take to look at the proofs, and again to issue.
const PATIENCE: Duration = Duration::from_secs(90);
/// How soon it is asked for the first time; then twice as long each time.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// The authority could not be asked, or said no; the text is its own.
    #[error("{0}")]
    Authority(#[from] instant_acme::Error),
    /// The authority offers no challenge that this host can answer.
    #[error("the authority wants {0} proven in a way that an HTTP port cannot")]
    Challenge(String),
    /// The authority looked and did not find the proof.
    #[error(
        "the authority does not find {0} here: its address must lead to this HTTP port, from port 443 (tls-alpn-01) or 80 (http-01)"
    )]
    Unproven(String),
    /// The saved account can't be read.
    #[error("the saved account is not one: {0}")]
    Account(#[from] serde_json::Error),
    /// No key or request could be made.
    #[error("no certificate request can be made: {0}")]
    Request(#[from] rcgen::Error),
    /// What the authority sent is no certificate.
    #[error("the certificate can't be read: {0}")]
    Certificate(String),
}

/// How a name is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// By a certificate shown to whoever asks for the protocol `acme-tls/1` (RFC 8737).
    TlsAlpn,
    /// By a file under `/.well-known/acme-challenge/` (RFC 8555 §8.3).
    Http,
}

/// What the port is to show while the authority looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The name that is proven.
    pub host: String,
    /// The last segment of the file's path.
    pub token: String,
    /// The file's content.
    pub key_authorization: String,
    /// SHA-256 of it, for the certificate.
    pub digest: [u8; 32],
}

/// Who shows proofs.
pub trait Proofs: Send + Sync {
    /// Shows one from now on.
    fn show(&self, proof: Proof);
    /// Shows none for the name any more.
    fn withdraw(&self, host: &str);
}

/// A certificate with its key.
#[derive(Clone)]
pub struct Issued {
    /// The certificate and those above it; PEM.
    pub chain: String,
    /// Its private key; PEM, PKCS #8.
    pub key: String,
}

/// An account with an authority.
pub struct Acme {
    account: Account,
    challenge: Challenge,
}

impl std::fmt::Debug for Acme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acme")
            .field("account", &self.account.id())
            .field("challenge", &self.challenge)
            .finish()
    }
}

impl Acme {
    /// Opens a new account at a directory, `https://…/directory`; `contact` is an e-mail address that the authority may
    /// write to. Beside it comes what [`Acme::restore`] needs: it holds the account's key, and is to be kept secret.
    /// `root` names a PEM file of the authority that signs the directory's own certificate, where it is no public one.
    ///
    /// # Errors
    /// [`AcmeError::Authority`].
    pub async fn create(
        directory: &str,
        contact: Option<&str>,
        root: Option<&Path>,
        challenge: Challenge,
    ) -> Result<(Self, String), AcmeError> {
        let contact: Vec<String> = contact.into_iter().map(|address| format!("mailto:{address}")).collect();
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new =
            NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder(root)?.create(&new, directory.to_owned(), None).await?;
        Ok((Self { account, challenge }, serde_json::to_string(&credentials)?))
    }

    /// Opens an account again.
    ///
    /// # Errors
    /// [`AcmeError::Account`] where `saved` is not what [`Acme::create`] gave; [`AcmeError::Authority`].
    pub async fn restore(saved: &str, root: Option<&Path>, challenge: Challenge) -> Result<Self, AcmeError> {
        let credentials: AccountCredentials = serde_json::from_str(saved)?;
        Ok(Self { account: builder(root)?.from_credentials(credentials).await?, challenge })
    }

    /// Orders a certificate for one name. Takes as long as the authority takes, three minutes at most.
    ///
    /// # Errors
    /// [`AcmeError`]; the proof is withdrawn either way.
    pub async fn order(&self, host: &str, proofs: &dyn Proofs) -> Result<Issued, AcmeError> {
        let issued = self.prove_and_take(host, proofs).await;
        proofs.withdraw(host);
        issued
    }

    async fn prove_and_take(&self, host: &str, proofs: &dyn Proofs) -> Result<Issued, AcmeError> {
        let names = [Identifier::Dns(host.to_owned())];
        let mut order = self.account.new_order(&NewOrder::new(&names)).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let kind = match self.challenge {
                Challenge::TlsAlpn => ChallengeType::TlsAlpn01,
                Challenge::Http => ChallengeType::Http01,
            };
            let mut challenge =
                authorization.challenge(kind).ok_or_else(|| AcmeError::Challenge(host.to_owned()))?;
            let key_authorization = challenge.key_authorization();
            let mut digest = [0; 32];
            digest.copy_from_slice(key_authorization.digest().as_ref());
            proofs.show(Proof {
                host: host.to_owned(),
                token: challenge.token.clone(),
                key_authorization: key_authorization.as_str().to_owned(),
                digest,
            });
            challenge.set_ready().await?;
        }
        let retries = RetryPolicy::new().initial_delay(FIRST_LOOK).timeout(PATIENCE);
        if order.poll_ready(&retries).await? != OrderStatus::Ready {
            return Err(AcmeError::Unproven(host.to_owned()));
        }
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([host.to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        order.finalize_csr(params.serialize_request(&key)?.der()).await?;
        let chain = order.poll_certificate(&retries).await?;
        Ok(Issued { chain, key: key.serialize_pem() })
    }
}

fn builder(root: Option<&Path>) -> Result<AccountBuilder, instant_acme::Error> {
    match root {
        Some(path) => Account::builder_with_root(path),
        None => Account::builder(),
    }
}

/// From when to when the first certificate of a PEM chain is good.
///
/// # Errors
/// [`AcmeError::Certificate`] where it is none.
pub fn validity(chain: &[u8]) -> Result<(SystemTime, SystemTime), AcmeError> {
    let broken = |error: String| AcmeError::Certificate(error);
    let der = CertificateDer::from_pem_slice(chain).map_err(|error| broken(error.to_string()))?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|error| broken(error.to_string()))?;
    let validity = certificate.validity();
    let time = |at: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at).unwrap_or_default());
    Ok((time(validity.not_before.timestamp()), time(validity.not_after.timestamp())))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_validity_of_a_chain_is_that_of_its_first_certificate() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["voice.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let pem = params.self_signed(&key).unwrap().pem();
        let (from, to) = validity(pem.as_bytes()).unwrap();
        assert_eq!(to.duration_since(from).unwrap(), Duration::from_secs(90 * 24 * 3600));
        assert!(validity(b"no certificate").is_err());
    }
}
