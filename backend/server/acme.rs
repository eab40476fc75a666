//! Certificates of a public authority: ordered for the public host and for tenants' hosts as clients ask for them, kept
//! in the data directory, renewed when a third of their life is left.

use crate::{files, settings::Settings, wiring};
use anyhow::Context;
use app::App;
use std::{
    collections::HashMap,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::mpsc;
use vendors::{Acme, Challenge, Proof};
use web::tls::Certificates;

/// How often certificates are looked at for their age.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How soon after a failed order the next is placed: what fails once is often a lost packet or a nonce that was turned
/// down, and the port shows nobody's certificate meanwhile.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// How much longer each further pause is. Authorities bound the failures of a name, to five an hour as a rule: these fall
/// at 0, 10, 60, 310 and 1,560 seconds, the sixth after two hours.
const PAUSE_GROWTH: u32 = 5;
/// The longest pause between two orders for a name.
const PAUSE_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Names that are cared for: those that the port can show.
const NAMES_MAX: usize = web::tls::LEAVES_MAX as usize;
/// Renewed when less than one such part of its life is left.
const LIFE_PARTS: u32 = 3;

/// Where certificates of a public authority are kept.
pub(crate) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("acme")
}

/// Where that of a host is: chain and key in one PEM file.
pub(crate) fn file(data_dir: &Path, host: &str) -> PathBuf {
    folder(data_dir).join(format!("{host}.pem"))
}

/// The names that are ordered without being asked for: the public host, and that of the SIP edge, where they are names.
pub(crate) fn own_names(settings: &Settings) -> Vec<String> {
    let sip = settings.sip.public_host.as_deref().map(|host| wiring::host_and_port(host).0);
    let mut names = vec![wiring::public_host(settings)];
    names.extend(sip.filter(|_| settings.sip.tls_cert.is_none()));
    names.retain(|name| is_orderable(name));
    names.dedup();
    names
}

/// Public authorities certify names with a dot; what becomes a file's name holds nothing else.
fn is_orderable(name: &str) -> bool {
    name.parse::<IpAddr>().is_err()
        && name.contains('.')
        && !name.starts_with(['.', '-'])
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// Shows proofs on the HTTP port.
struct Port(Arc<Certificates>);

impl vendors::Proofs for Port {
    fn show(&self, proof: Proof) {
        if let Err(error) =
            self.0.show_proof(&proof.host, &proof.token, &proof.key_authorization, &proof.digest)
        {
            tracing::error!(%error, host = proof.host, "the proof for the certificate authority can't be shown");
        }
    }

    fn withdraw(&self, host: &str) {
        self.0.withdraw_proof(host);
    }
}

/// A name that is cared for.
struct Care {
    /// When the next order is due.
    due: Instant,
    /// How long to wait after the next failure.
    pause: Duration,
}

/// Orders and renews for ever.
pub(crate) async fn run(
    settings: Settings,
    app: App,
    certificates: Arc<Certificates>,
    mut wanted: mpsc::Receiver<String>,
) {
    let port = Port(Arc::clone(&certificates));
    let mut names: HashMap<String, Care> = HashMap::new();
    for name in own_names(&settings).into_iter().chain(kept(&settings.data_dir)) {
        let due = take_up(&settings.data_dir, &name, &certificates);
        names.insert(name, Care { due, pause: FIRST_PAUSE });
    }
    let mut account = None;
    loop {
        while let Some(name) = next_due(&names) {
            let placed = order(&settings, &mut account, &name, &port).await;
            let Some(care) = names.get_mut(&name) else { break };
            match placed {
                Ok(()) => {
                    tracing::info!(host = name, "the certificate authority issued a certificate");
                    *care =
                        Care { due: take_up(&settings.data_dir, &name, &certificates), pause: FIRST_PAUSE };
                }
                Err(error) => {
                    let pause = care.pause;
                    tracing::warn!(
                        host = name,
                        again_in_seconds = pause.as_secs(),
                        "no certificate: {error:#}"
                    );
                    *care =
                        Care { due: Instant::now() + pause, pause: (pause * PAUSE_GROWTH).min(PAUSE_MAX) };
                }
            }
        }
        let asked = tokio::time::timeout(until_due(&names), wanted.recv()).await;
        if let Ok(Some(name)) = asked
            && names.len() < NAMES_MAX
            && !names.contains_key(&name)
            && is_orderable(&name)
            // Only names of tenants are ordered: anybody can ask for any.
            && app.live().by_sip_domain(&name).is_some()
        {
            names.insert(name, Care { due: Instant::now(), pause: FIRST_PAUSE });
        }
    }
}

fn next_due(names: &HashMap<String, Care>) -> Option<String> {
    let now = Instant::now();
    names
        .iter()
        .filter(|(_, care)| care.due <= now)
        .min_by_key(|(_, care)| care.due)
        .map(|(name, _)| name.clone())
}

/// How long nothing is due, [`LOOK_EVERY`] at most.
fn until_due(names: &HashMap<String, Care>) -> Duration {
    let now = Instant::now();
    let soonest = names.values().map(|care| care.due.saturating_duration_since(now)).min();
    soonest.map_or(LOOK_EVERY, |until| until.min(LOOK_EVERY))
}

/// The names whose certificates lie in the data directory.
fn kept(data_dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder(data_dir)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.strip_suffix(".pem").map(str::to_owned)).take(NAMES_MAX).collect()
}

/// Shows what is kept for a name, and says when it is to be renewed: at once where nothing is kept.
fn take_up(data_dir: &Path, name: &str, certificates: &Certificates) -> Instant {
    let now = Instant::now();
    let path = file(data_dir, name);
    let Ok(pem) = std::fs::read(&path) else { return now };
    let taken = vendors::validity(&pem).map_err(anyhow::Error::from).and_then(|validity| {
        certificates.install(name, &pem, &pem)?;
        Ok(validity)
    });
    match taken {
        Ok((from, to)) => now + until_renewal(from, to, SystemTime::now()),
        Err(error) => {
            tracing::warn!(path = %path.display(), "this certificate is of no use, and is ordered anew: {error:#}");
            now
        }
    }
}

/// How long a certificate needs no renewal.
fn until_renewal(from: SystemTime, to: SystemTime, now: SystemTime) -> Duration {
    let life = to.duration_since(from).unwrap_or_default();
    let renewal = to.checked_sub(life / LIFE_PARTS).unwrap_or(from);
    renewal.duration_since(now).unwrap_or_default()
}

async fn order(
    settings: &Settings,
    account: &mut Option<Acme>,
    name: &str,
    port: &Port,
) -> anyhow::Result<()> {
    let acme = match account {
        Some(acme) => acme,
        None => account.insert(open(settings).await?),
    };
    let issued = acme.order(name, port).await?;
    let pem = format!("{}\n{}", issued.chain.trim_end(), issued.key);
    files::put_private(&file(&settings.data_dir, name), pem.as_bytes())
}

/// Opens the account that was opened before with the same directory, or a new one.
async fn open(settings: &Settings) -> anyhow::Result<Acme> {
    let http = &settings.http;
    let directory = http.acme_directory.as_deref().context("http.acme_directory is not set")?;
    let root = http.acme_root.as_deref();
    let challenge = http.acme_challenge.into();
    files::prepare(&folder(&settings.data_dir))?;
    let path = folder(&settings.data_dir).join("account.json");
    let kept = std::fs::read_to_string(&path).ok();
    // The first line names the directory: an account with another is none here.
    let kept = kept.as_deref().and_then(|kept| kept.split_once('\n')).filter(|(at, _)| *at == directory);
    if let Some((_, saved)) = kept {
        return Acme::restore(saved, root, challenge)
            .await
            .with_context(|| format!("the account with {directory}"));
    }
    let (acme, saved) = Acme::create(directory, http.acme_contact.as_deref(), root, challenge)
        .await
        .with_context(|| format!("no account could be opened with {directory}"))?;
    files::put_private(&path, format!("{directory}\n{saved}").as_bytes())?;
    Ok(acme)
}

impl From<crate::settings::AcmeChallenge> for Challenge {
    fn from(challenge: crate::settings::AcmeChallenge) -> Self {
        match challenge {
            crate::settings::AcmeChallenge::TlsAlpn01 => Self::TlsAlpn,
            crate::settings::AcmeChallenge::Http01 => Self::Http,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_when_a_third_of_its_life_is_left() {
        let day = |n: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(n * 24 * 3_600);
        assert_eq!(until_renewal(day(0), day(90), day(0)), Duration::from_secs(60 * 24 * 3_600));
        assert_eq!(until_renewal(day(0), day(90), day(59)), Duration::from_secs(24 * 3_600));
        assert_eq!(until_renewal(day(0), day(90), day(61)), Duration::ZERO);
        assert_eq!(until_renewal(day(0), day(90), day(200)), Duration::ZERO);
    }

    #[test]
    fn a_failed_order_is_placed_again_soon_and_no_more_than_five_times_in_the_first_hour() {
        let mut pauses =
            std::iter::successors(Some(FIRST_PAUSE), |pause| Some((*pause * PAUSE_GROWTH).min(PAUSE_MAX)));
        let turns: Vec<Duration> =
            std::iter::successors(Some(Duration::ZERO), |at| Some(*at + pauses.next()?))
                .take_while(|at| *at < Duration::from_secs(3_600))
                .collect();
        assert!(turns[1] <= Duration::from_secs(10), "{turns:?}");
        assert_eq!(turns.len(), 5, "{turns:?}");
    }

    #[test]
    fn only_names_with_a_dot_are_ordered_and_none_leads_out_of_the_folder() {
        for name in ["voice.example", "acme.voice.example"] {
            assert!(is_orderable(name), "{name}");
        }
        for name in ["localhost", "127.0.0.1", "::1", "../x.y", ".hidden.x", "a/b.c", ""] {
            assert!(!is_orderable(name), "{name}");
        }
    }
}
