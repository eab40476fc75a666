//! Signatures of calls (STIR/SHAKEN), as far as the settings say them: our own key, and how signers' certificates are had.

use crate::{files, settings::Settings};
use anyhow::{Context, bail};
use app::App;

/// The way to signers' certificates.
///
/// # Errors
/// One line that names the setting.
pub(crate) fn https(settings: &Settings, dns: &vendors::Dns) -> anyhow::Result<vendors::Https> {
    let roots = match &settings.stir.fetch_ca {
        Some(file) => files::pem(file, "stir.fetch_ca")?,
        None => Vec::new(),
    };
    vendors::Https::new(dns.clone(), &roots, settings.stir.fetch_private).context("stir.fetch_ca")
}

/// Has calls to carriers signed, where a key is set.
///
/// # Errors
/// One line that names the setting.
pub(crate) fn sign_calls(settings: &Settings, app: &App) -> anyhow::Result<()> {
    match (&settings.stir.key, &settings.stir.cert_url) {
        (None, None) => Ok(()),
        (Some(key), Some(url)) => {
            let pem = std::fs::read(key).with_context(|| format!("stir.key: {}", key.display()))?;
            app::calls::sign_calls(app, &pem, url).context("calls cannot be signed")
        }
        _ => bail!("stir.key and stir.cert_url go together: set both, or neither"),
    }
}
