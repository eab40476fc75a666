//! What the operator set about signed calls: which roots are trusted, and what becomes of calls that are not verified.

use super::chain::Roots;
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, refresh},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    stir::{Handling, Policy},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Roots that are trusted at most.
pub const ROOTS_MAX: usize = 200;
/// Bytes of a file of roots at most.
const PEM_MAX: usize = 1024 * 1024;
/// The name under which it is kept.
const NAME: &str = "stir";

/// What is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Kept {
    failed: Handling,
    missing: Handling,
    /// Certificates in DER, base64.
    roots: Vec<String>,
}

/// A root that is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Root {
    /// SHA-256 of the certificate, lower-case hexadecimal: its name here.
    pub fingerprint: String,
    /// Whose it is, as it says.
    pub subject: String,
    /// From when it holds.
    pub not_before: DateTime<Utc>,
    /// Until when it holds.
    pub not_after: DateTime<Utc>,
}

/// What the operator set about signed calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StirView {
    /// What becomes of a call whose validation failed.
    pub failed: Handling,
    /// What becomes of a call that is not signed, or by means that we lack.
    pub missing: Handling,
    /// The roots; without one nothing is verified.
    pub roots: Vec<Root>,
    /// Where the certificate is with which our calls are signed; `None` where they are not.
    pub signs_as: Option<String>,
}

impl Kept {
    fn ders(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.roots.iter().filter_map(|root| STANDARD.decode(root).ok())
    }

    const fn policy(&self) -> Policy {
        Policy { verifies: !self.roots.is_empty(), failed: self.failed, missing: self.missing }
    }

    fn view(&self, app: &App) -> StirView {
        StirView {
            failed: self.failed,
            missing: self.missing,
            roots: self.ders().filter_map(|der| root(&der)).collect(),
            signs_as: crate::calls::signs_as(app),
        }
    }
}

/// `None` where it is no certificate.
fn root(der: &[u8]) -> Option<Root> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let time = |seconds| DateTime::from_timestamp(seconds, 0);
    Some(Root {
        fingerprint: hex::encode(Sha256::digest(der)),
        subject: certificate.subject().to_string(),
        not_before: time(certificate.validity().not_before.timestamp())?,
        not_after: time(certificate.validity().not_after.timestamp())?,
    })
}

/// What the operator set about signed calls. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &Actor) -> Result<StirView, Error> {
    actor.scope(Permission::Operate)?;
    Ok(kept(app.db().read()).await?.view(app))
}

/// Sets what becomes of calls that are not verified. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`].
pub async fn change(
    app: &App,
    actor: &Actor,
    failed: Handling,
    missing: Handling,
) -> Result<StirView, Error> {
    edit(app, actor, "stir.update", |kept| {
        if kept.roots.is_empty() && (failed.refuses() || missing.refuses()) {
            let message =
                "add a root first: without one nothing is verified, and nothing can be refused for it";
            return Err(Error::invalid("roots", message));
        }
        Ok(Kept { failed, missing, ..kept })
    })
    .await
}

/// Trusts the certificates of a PEM file, too. One that is trusted already stays. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] where there is none in it, or one is no authority's, or has expired.
pub async fn add_roots(app: &App, actor: &Actor, pem: &str) -> Result<StirView, Error> {
    let now = app.now();
    let new = read_roots(pem, now)?;
    edit(app, actor, "stir.addRoots", |mut kept| {
        for der in &new {
            let text = STANDARD.encode(der);
            if !kept.roots.contains(&text) {
                kept.roots.push(text);
            }
        }
        if kept.roots.len() > ROOTS_MAX {
            return Err(Error::invalid("certificates", format!("{ROOTS_MAX} roots are trusted at most")));
        }
        Ok(kept)
    })
    .await
}

fn read_roots(pem: &str, now: DateTime<Utc>) -> Result<Vec<Vec<u8>>, Error> {
    let wrong = |message: &str| Error::invalid("certificates", message.to_owned());
    if pem.len() > PEM_MAX {
        return Err(wrong("the file is larger than 1 MiB"));
    }
    let mut all = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem.as_bytes()).take(ROOTS_MAX + 1) {
        let der = der.map_err(|_| wrong("a part of it is no PEM certificate"))?;
        let (_, certificate) =
            X509Certificate::from_der(&der).map_err(|_| wrong("a certificate in it cannot be read"))?;
        let subject = certificate.subject().to_string();
        if !certificate.is_ca() {
            return Err(wrong(&format!("{subject} is no authority's certificate: give the root")));
        }
        if certificate.validity().not_after.timestamp() < now.timestamp() {
            return Err(wrong(&format!("{subject} has expired: give its successor")));
        }
        all.push(der.to_vec());
    }
    if all.is_empty() {
        return Err(wrong("give at least one certificate in PEM, from BEGIN CERTIFICATE to END CERTIFICATE"));
    }
    Ok(all)
}

/// Trusts a root no more. Operators only. With the last one, verification ends.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn remove_root(app: &App, actor: &Actor, fingerprint: &str) -> Result<StirView, Error> {
    edit(app, actor, "stir.removeRoot", |kept| {
        let is_it = |text: &String| {
            STANDARD.decode(text).is_ok_and(|der| hex::encode(Sha256::digest(der)) == fingerprint)
        };
        let roots: Vec<String> = kept.roots.iter().filter(|text| !is_it(text)).cloned().collect();
        if roots.len() == kept.roots.len() {
            return Err(Error::not_found("root", "no root of this fingerprint is trusted"));
        }
        Ok(Kept { roots, ..kept })
    })
    .await
}

async fn edit(
    app: &App,
    actor: &Actor,
    what: &'static str,
    edit: impl Fn(Kept) -> Result<Kept, Error>,
) -> Result<StirView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = kept(tx).await?;
            let after = edit(before.clone())?;
            let json = serde_json::to_vec(&after).map_err(Error::internal)?;
            store::platform::put_value(tx, &scope, NAME, json).await?;
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what,
                target: NAME,
                before: seen(&before.policy()),
                after: seen(&after.policy()),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    load(app).await?;
    refresh(app, Changed::Platform).await?;
    get(app, actor).await
}

async fn kept(on: &impl store::On) -> Result<Kept, Error> {
    let scope = Scope::system("which signatures are trusted is the platform's");
    match store::platform::value(on, &scope, NAME).await? {
        Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
        None => Ok(Kept::default()),
    }
}

/// What decides calls.
pub(crate) async fn read_policy(on: &impl store::On) -> Result<Policy, Error> {
    Ok(kept(on).await?.policy())
}

/// Reads the roots from the database.
pub(crate) async fn load(app: &App) -> Result<(), Error> {
    let ders: Vec<Vec<u8>> = kept(app.db().read()).await?.ders().collect();
    app.stir().trust(Roots::new(ders.iter().map(Vec::as_slice)));
    Ok(())
}
