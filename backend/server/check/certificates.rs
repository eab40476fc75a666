//! Certificates: whether they can be read, whose they are, and for how long.

use super::Finding;
use crate::{files, secure, settings::Settings, wiring};
use edge::PeerCertificate;
use std::{
    path::Path,
    time::{Duration, SystemTime},
};

/// From here on a certificate is to be renewed.
const RENEW_WITHIN: Duration = Duration::from_secs(30 * 24 * 3_600);
const DAY: u64 = 24 * 3_600;

pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    vec![http(settings), sip(settings)]
}

fn http(settings: &Settings) -> Finding {
    const WHAT: &str = "HTTP certificate";
    let host = wiring::public_host(settings);
    match (&settings.http.tls_cert, &settings.http.tls_key) {
        (Some(chain), Some(key)) => {
            let found = pair(WHAT, "http.tls_cert and http.tls_key", (chain, key), &host);
            found.unwrap_or_else(|certificate| judge(WHAT, &certificate, &host, SystemTime::now()))
        }
        _ if settings.http.acme_directory.is_some() => issued(settings, WHAT, &host),
        _ => local(settings, WHAT),
    }
}

/// What a public authority issued, if it has.
fn issued(settings: &Settings, what: &'static str, host: &str) -> Finding {
    let file = crate::acme::file(&settings.data_dir, host);
    if !file.exists() {
        let text = format!(
            "none yet: it is ordered at the start, for {host}; port 443 (or 80, with http-01) must lead here"
        );
        return Finding::warning(what, text);
    }
    let found = pair(what, "http.acme_directory", (&file, &file), host);
    found.unwrap_or_else(|certificate| judge(what, &certificate, host, SystemTime::now()))
}

/// What is shown over SIP, and the roots that peers' certificates may come from.
fn sip(settings: &Settings) -> Finding {
    const WHAT: &str = "SIP certificate";
    let (Some(chain), Some(key)) = (&settings.sip.tls_cert, &settings.sip.tls_key) else {
        if let Some(host) = crate::acme::own_names(settings).last()
            && settings.http.acme_directory.is_some()
        {
            return issued(settings, WHAT, host);
        }
        return local(settings, WHAT);
    };
    let named = settings.sip.public_host.clone().unwrap_or_else(|| settings.sip.listen.to_string());
    let host =
        named.rsplit_once(':').map_or(named.as_str(), |(host, _)| host).trim_matches(['[', ']']).to_owned();
    match pair(WHAT, "sip.tls_cert and sip.tls_key", (chain, key), &host) {
        Ok(finding) => finding,
        // Whatever else is wrong, the roots among it, is said as the start would say it.
        Err(certificate) => match secure::credentials(settings) {
            Err(error) => Finding::broken(WHAT, format!("{error:#}")),
            Ok(_) => lasting(WHAT, &certificate, &host, SystemTime::now()).unwrap_or_else(|days| {
                Finding::ok(WHAT, format!("for {}, {days} days left", certificate.names().join(", ")))
            }),
        },
    }
}

/// The local authority: its files fit, and what clients must trust is named.
fn local(settings: &Settings, what: &'static str) -> Finding {
    let file = files::ca_file(&settings.data_dir);
    if !file.exists() {
        return Finding::ok(what, "made by a local authority at the first start");
    }
    match files::local_ca(&settings.data_dir) {
        Ok(_) => {
            Finding::ok(what, format!("made by the local authority; clients must trust {}", file.display()))
        }
        Err(error) => Finding::broken(what, format!("{error:#}")),
    }
}

/// A chain and its key: what is wrong with them, or the certificate that can be judged.
fn pair(
    what: &'static str,
    keys: &str,
    (chain, key): (&Path, &Path),
    host: &str,
) -> Result<Finding, PeerCertificate> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| format!("{}: {error}; mend {keys}", path.display()))
    };
    let (chain_pem, key_pem) = match (read(chain), read(key)) {
        (Ok(chain), Ok(key)) => (chain, key),
        (Err(remedy), _) | (_, Err(remedy)) => return Ok(Finding::broken(what, remedy)),
    };
    if let Err(error) = web::tls::Certificates::from_pem(&chain_pem, &key_pem) {
        return Ok(Finding::broken(what, format!("{error}; mend {keys}")));
    }
    PeerCertificate::of_pem(&chain_pem).map_or_else(
        || {
            let file = chain.display();
            let text = format!("{file} is no certificate for {host} that can be read; mend {keys}");
            Ok(Finding::broken(what, text))
        },
        Err,
    )
}

/// Whether a certificate is of this host, now and for some time; the days that are left where nothing is wrong.
fn lasting(
    what: &'static str,
    certificate: &PeerCertificate,
    host: &str,
    now: SystemTime,
) -> Result<Finding, u64> {
    let names = certificate.names().join(", ");
    let Ok(left) = certificate.expires_at().duration_since(now) else {
        return Ok(Finding::broken(what, format!("it has expired: renew it (names: {names})")));
    };
    if !certificate.covers(host) {
        let text =
            format!("it is for {names} and not for {host}: clients will refuse it; get one with that name");
        return Ok(Finding::broken(what, text));
    }
    let days = left.as_secs() / DAY;
    if left < RENEW_WITHIN {
        let text = format!("for {names}; it expires in {days} days: renew it, it is read without a restart");
        return Ok(Finding::warning(what, text));
    }
    Err(days)
}

/// The same of the portal's, which is to be of its tenants' endpoints too.
fn judge(what: &'static str, certificate: &PeerCertificate, host: &str, now: SystemTime) -> Finding {
    let names = certificate.names().join(", ");
    let days = match lasting(what, certificate, host, now) {
        Ok(finding) => return finding,
        Err(days) => days,
    };
    if !certificate.covers(&format!("any.{host}"))
        && host.parse::<std::net::IpAddr>().is_err()
        && host != "localhost"
    {
        let text = format!(
            "for {names}, not for *.{host}: tenants' endpoints are https://<slug>.{host}; get a certificate with both"
        );
        return Finding::warning(what, text);
    }
    Finding::ok(what, format!("for {names}, {days} days left"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;

    #[test]
    fn names_and_days_decide() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let verdict = |names: &[&str], days: i64, host: &str| {
            let span = Duration::from_secs(days.unsigned_abs() * DAY);
            let expires_at = if days < 0 { now - span } else { now + span };
            let finding =
                judge("x", &PeerCertificate::believed(names.iter().copied(), expires_at), host, now);
            (finding.verdict, finding.text)
        };
        let both = ["voice.test", "*.voice.test"];
        assert_eq!(verdict(&both, 90, "voice.test").0, Verdict::Ok);
        assert_eq!(verdict(&["localhost"], 90, "localhost").0, Verdict::Ok);
        let (word, text) = verdict(&both, 10, "voice.test");
        assert!(word == Verdict::Warning && text.contains("10 days"), "{text}");
        let (word, text) = verdict(&["voice.test"], 90, "voice.test");
        assert!(word == Verdict::Warning && text.contains("*.voice.test"), "{text}");
        let (word, text) = verdict(&both, -1, "voice.test");
        assert!(word == Verdict::Broken && text.contains("expired"), "{text}");
        let (word, text) = verdict(&both, 90, "other.test");
        assert!(word == Verdict::Broken && text.contains("not for other.test"), "{text}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named_with_its_keys() {
        let files = (Path::new("none.pem"), Path::new("none.key"));
        let finding = pair("x", "http.tls_cert and http.tls_key", files, "h").expect("it is broken");
        assert_eq!(finding.verdict, Verdict::Broken);
        assert!(
            finding.text.contains("none.pem") && finding.text.contains("http.tls_cert"),
            "{}",
            finding.text
        );
    }
}
