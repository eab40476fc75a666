//! Certificates, read again when their files change.

use crate::files;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How old a certificate of the local CA grows: a third of its life.
const LOCAL_AGE: Duration = Duration::from_secs(30 * 24 * 3600);
/// What the files of the HTTP port are called in errors.
pub(crate) const REMEDY: &str = "http.tls_cert and http.tls_key";

/// Looks at the files for ever, and gives new connections what is in them once they changed. A pair that does not fit
/// (half of a renewal, say) is logged once, and the old one stays until the files change again.
pub(crate) async fn watch(chain: PathBuf, key: PathBuf, certificates: Arc<web::tls::Certificates>) {
    let mut seen = Seen::new(vec![chain.clone(), key.clone()]);
    loop {
        if seen.wait().await == Woken::ByAge {
            continue;
        }
        match renew(&chain, &key, &certificates) {
            Ok(()) => tracing::info!(path = %chain.display(), "the certificate was renewed"),
            Err(error) => tracing::warn!("the certificate stays as it was: {error:#}"),
        }
    }
}

fn renew(chain: &Path, key: &Path, certificates: &web::tls::Certificates) -> anyhow::Result<()> {
    Ok(certificates.renew(&files::pem(chain, REMEDY)?, &files::pem(key, REMEDY)?)?)
}

/// Files that were looked at.
pub(crate) struct Seen {
    files: Vec<PathBuf>,
    /// When each was changed last; `None` where it is not there.
    changed: Vec<Option<SystemTime>>,
    since: Instant,
}

/// Why [`Seen::wait`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// A file changed.
    ByChange,
    /// A certificate of the local CA would be old by now.
    ByAge,
}

impl Seen {
    /// Looks at the files as they are now.
    pub(crate) fn new(files: Vec<PathBuf>) -> Self {
        let changed = files.iter().map(|path| changed(path)).collect();
        Self { files, changed, since: Instant::now() }
    }

    /// Waits until a file changes, or a certificate grows old.
    pub(crate) async fn wait(&mut self) -> Woken {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now: Vec<_> = self.files.iter().map(|path| changed(path)).collect();
            if now != self.changed {
                self.changed = now;
                return Woken::ByChange;
            }
            if self.since.elapsed() >= LOCAL_AGE {
                self.since = Instant::now();
                return Woken::ByAge;
            }
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|facts| facts.modified()).ok()
}
