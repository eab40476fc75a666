//! The operator's certificate, read again when its files change.

use crate::files;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks at the files for ever, and gives new connections what is in them once they changed. A pair that does not fit
/// (half of a renewal, say) is logged once, and the old one stays until the files change again.
pub(crate) async fn watch(chain: PathBuf, key: PathBuf, certificates: Arc<web::tls::Certificates>) {
    let mut seen = changed(&chain, &key);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = changed(&chain, &key);
        if now == seen {
            continue;
        }
        seen = now;
        match renew(&chain, &key, &certificates) {
            Ok(()) => tracing::info!(path = %chain.display(), "the certificate was renewed"),
            Err(error) => tracing::warn!("the certificate stays as it was: {error:#}"),
        }
    }
}

fn renew(chain: &Path, key: &Path, certificates: &web::tls::Certificates) -> anyhow::Result<()> {
    Ok(certificates.renew(&files::pem(chain)?, &files::pem(key)?)?)
}

/// When each file was changed last; `None` where it is not there.
fn changed(chain: &Path, key: &Path) -> [Option<SystemTime>; 2] {
    [chain, key].map(|path| path.metadata().and_then(|facts| facts.modified()).ok())
}
