//! `/trust`: how code, phones and people come to trust the certificate of this server.

use crate::portal::{
    Portal,
    error::PageError,
    page::{Place, Shell},
    visit::{PageResult, Visit},
};
use actix_web::{
    HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    web::{Data, ServiceConfig},
};
use app::App;
use askama::Template;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};

/// Largest authority file that is read, in bytes; ours has about 700.
const CA_MAX_BYTES: u64 = 64 * 1024;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(certificate);
}

#[derive(Template)]
#[template(path = "site/trust.html")]
struct TrustPage {
    shell: Shell,
    /// Where the certificate comes from, and by what it is known; `None` where it is of a public authority.
    authority: Option<Authority>,
}

struct Authority {
    /// SHA-256 of the certificate, in hexadecimal pairs.
    fingerprint: String,
    /// The address to fetch it from.
    href: String,
    /// Where it lies on this machine, for those who sit at it.
    file: Option<String>,
}

#[get("/trust")]
async fn show(app: Data<App>, portal: Data<Portal>, visit: Visit) -> PageResult {
    let authority = read(&portal).await.and_then(|pem| {
        let der = CertificateDer::from_pem_slice(&pem).ok()?;
        let file = portal.ca_file.as_ref().filter(|_| app.settings().loopback);
        Some(Authority {
            fingerprint: pairs(&Sha256::digest(&der)),
            href: format!("{}/trust/ca.pem", app.settings().public_url.trim_end_matches('/')),
            file: file.map(|path| path.display().to_string()),
        })
    });
    visit.page(&TrustPage { shell: visit.quiet_shell(Place::Outside), authority })
}

#[get("/trust/ca.pem")]
async fn certificate(portal: Data<Portal>) -> Result<HttpResponse, PageError> {
    let pem = read(&portal).await.ok_or(PageError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/x-pem-file"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"ca.pem\""))
        .body(pem))
}

/// The authority's certificate, where this server's comes from it.
async fn read(portal: &Portal) -> Option<Vec<u8>> {
    let path = portal.ca_file.as_ref()?;
    let size = tokio::fs::metadata(path).await.ok()?.len();
    if size > CA_MAX_BYTES { None } else { tokio::fs::read(path).await.ok() }
}

fn pairs(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_as_openssl_prints_it() {
        assert_eq!(pairs(&[0xab, 0x01, 0xff]), "AB:01:FF");
    }
}
