//! SIP over TLS: our certificate and whom we believe, from the settings or from the local CA.

use crate::{acme, files, renewal, settings::Settings, wiring};
use anyhow::Context;
use std::{net::IpAddr, path::PathBuf};

/// What the three files are called in errors.
const REMEDY: &str = "sip.tls_cert, sip.tls_key and sip.tls_roots";

/// What the edge shows over TLS, and the roots that it believes: those of the settings besides the public ones.
///
/// # Errors
/// One line that names the setting and the file.
pub(crate) fn credentials(settings: &Settings) -> anyhow::Result<edge::Credentials> {
    let sip = &settings.sip;
    let (chain, key) = match (&sip.tls_cert, &sip.tls_key) {
        (Some(chain), Some(key)) => (files::pem(chain, REMEDY)?, files::pem(key, REMEDY)?),
        _ => match issued(settings).filter(|file| file.exists()) {
            Some(file) => {
                let pem = files::pem(&file, REMEDY)?;
                (pem.clone(), pem)
            }
            None => {
                let pair = files::local_ca(&settings.data_dir)?.pair(&names(settings))?;
                (pair.chain.into_bytes(), pair.key.into_bytes())
            }
        },
    };
    let roots = sip.tls_roots.as_ref().map(|path| files::pem(path, REMEDY)).transpose()?.unwrap_or_default();
    edge::Credentials::from_pem(&chain, &key, &roots, true).context(REMEDY)
}

/// Where a public authority's certificate for the edge's host is, once there is one.
fn issued(settings: &Settings) -> Option<PathBuf> {
    settings.http.acme_directory.as_ref()?;
    let names = acme::own_names(settings);
    names.last().map(|name| acme::file(&settings.data_dir, name))
}

/// The names of a certificate of the local CA: the public host and whatever else a peer may look for.
fn names(settings: &Settings) -> Vec<String> {
    let sip = &settings.sip;
    let public = sip.public_host.as_deref().map(|host| wiring::host_and_port(host).0);
    // Phones look for their tenant's domain, which is one label under the platform's.
    let platform = wiring::public_host(settings);
    let tenants = platform.parse::<IpAddr>().is_err().then(|| format!("*.{platform}"));
    let listen = [sip.tls_listen.ip(), sip.listen.ip()].into_iter().filter(|ip| !ip.is_unspecified());
    let fixed = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let all = public
        .into_iter()
        .chain([platform])
        .chain(tenants)
        .chain(listen.map(|ip| ip.to_string()))
        .chain(fixed);
    let mut names: Vec<String> = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Looks at the files for ever, and gives new connections what is in them once they changed; a certificate of the local
/// CA is made anew long before it expires.
pub(crate) async fn watch(settings: Settings, edge: edge::Handle) {
    let files: Vec<PathBuf> = [&settings.sip.tls_cert, &settings.sip.tls_key, &settings.sip.tls_roots]
        .into_iter()
        .flatten()
        .cloned()
        .chain(issued(&settings))
        .collect();
    let is_local = settings.sip.tls_cert.is_none();
    let mut seen = renewal::Seen::new(files);
    loop {
        let is_due = seen.wait().await == renewal::Woken::ByAge;
        if is_due && !is_local {
            continue;
        }
        match credentials(&settings) {
            Ok(credentials) => {
                tracing::info!(names = ?credentials.names(), "the certificate of SIP over TLS was renewed");
                edge.reload(credentials);
            }
            Err(error) => tracing::warn!("the certificate of SIP over TLS stays as it was: {error:#}"),
        }
    }
}
