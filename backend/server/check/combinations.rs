//! Settings that are each right and together wrong.

use super::Finding;
use crate::{
    settings::{Sandbox, Settings, Signup},
    wiring,
};
use std::net::IpAddr;

const WHAT: &str = "settings";
/// Characters below which a password is guessed.
const PASSWORD_MIN: usize = 12;

pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    let mut all = web(settings);
    all.extend(sip(settings));
    all.extend(media(settings));
    all.extend(people(settings));
    if all.is_empty() {
        all.push(Finding::ok(WHAT, "they fit together"));
    }
    all
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn web(settings: &Settings) -> Vec<Finding> {
    let mut all = Vec::new();
    let url = settings.public_url(settings.http.listen);
    let is_local = is_loopback(&wiring::public_host(settings));
    if is_local && !settings.http.listen.ip().is_loopback() {
        let text = format!(
            "http.listen is {} and links say {url}, which leads others to themselves: set http.public_url to what they can reach",
            settings.http.listen
        );
        all.push(Finding::broken(WHAT, text));
    }
    if !is_local && url.starts_with("http://") {
        let text = format!(
            "http.public_url is {url}: passwords and keys travel in the clear; write it with https://"
        );
        all.push(Finding::warning(WHAT, text));
    }
    all
}

fn sip(settings: &Settings) -> Vec<Finding> {
    let mut all = Vec::new();
    let listen = settings.sip.listen.ip();
    let named = settings.sip.public_host.as_deref().unwrap_or_default();
    let host = named.rsplit_once(':').map_or(named, |(host, _)| host);
    if !named.is_empty() && (is_loopback(host) || is_loopback(named)) && !listen.is_loopback() {
        let text = format!(
            "sip.listen is {listen} and sip.public_host is {named}: peers would answer to themselves; set it to what they can reach"
        );
        all.push(Finding::broken(WHAT, text));
    }
    if listen.is_loopback() && !settings.http.listen.ip().is_loopback() {
        let text = format!(
            "the portal is open on {} and SIP is on loopback: no phone or SBC elsewhere reaches it; set sip.listen",
            settings.http.listen
        );
        all.push(Finding::warning(WHAT, text));
    }
    if settings.sip.tls_listen.ip().is_loopback() && !listen.is_loopback() {
        let text = "sip.listen is open and sip.tls_listen is on loopback: trunks over TLS cannot reach it; set sip.tls_listen";
        all.push(Finding::warning(WHAT, text));
    }
    all
}

fn media(settings: &Settings) -> Vec<Finding> {
    let mut all = Vec::new();
    let told = settings.media.public_address.unwrap_or(settings.media.address);
    let is_open = !settings.sip.listen.ip().is_loopback();
    if is_open && told.is_loopback() {
        let text = format!(
            "SIP is open and SDP says {told}: no audio reaches anybody; set media.address, and media.public_address behind NAT"
        );
        all.push(Finding::broken(WHAT, text));
    } else if is_open
        && is_private(told)
        && !is_private(settings.sip.listen.ip())
        && !settings.sip.listen.ip().is_unspecified()
    {
        let text = format!(
            "SDP says the private address {told} while SIP is on a public one: set media.public_address"
        );
        all.push(Finding::warning(WHAT, text));
    }
    if settings
        .media
        .public_address
        .is_some_and(|public| public.is_ipv4() != settings.media.address.is_ipv4())
    {
        let text = "media.address and media.public_address are of two families: no packet finds its way; give both the same";
        all.push(Finding::broken(WHAT, text));
    }
    all
}

const fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}

fn people(settings: &Settings) -> Vec<Finding> {
    let mut all = Vec::new();
    let is_open = !settings.http.listen.ip().is_loopback();
    if is_open && settings.signup == Signup::Open && settings.sandbox != Sandbox::Off {
        let text = "sign-up is open to the world and the sandbox is not off: whoever comes counts as verified and gets play credit; set signup or sandbox";
        all.push(Finding::warning(WHAT, text));
    }
    if settings.signup == Signup::Open && settings.mail.url.is_none() && settings.sandbox == Sandbox::Off {
        let text = "sign-up is open and no mail leaves: newcomers wait until you send them the link from the outbox; set mail.url";
        all.push(Finding::warning(WHAT, text));
    }
    if settings.operator.password.as_ref().is_some_and(|password| password.chars().count() < PASSWORD_MIN) {
        let text = format!("operator.password has fewer than {PASSWORD_MIN} characters: choose a longer one");
        all.push(Finding::warning(WHAT, text));
    }
    if settings.traces.keep_days == 0 {
        all.push(Finding::warning(
            WHAT,
            "traces.keep_days is 0: of no call it can be said later what was on the wire",
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use std::net::SocketAddr;

    fn found(change: impl FnOnce(&mut Settings)) -> Vec<(Verdict, String)> {
        let mut settings = Settings::default();
        change(&mut settings);
        findings(&settings).into_iter().map(|finding| (finding.verdict, finding.text)).collect()
    }

    fn says(found: &[(Verdict, String)], verdict: Verdict, words: &str) -> bool {
        found.iter().any(|(known, text)| *known == verdict && text.contains(words))
    }

    #[test]
    fn the_defaults_of_a_laptop_fit_together() {
        assert_eq!(found(|_| {}), [(Verdict::Ok, "they fit together".to_owned())]);
    }

    #[test]
    fn an_open_port_whose_links_say_localhost_and_an_edge_that_says_loopback_are_broken() {
        let open = |port| SocketAddr::from(([198, 51, 100, 7], port));
        let all = found(|settings| {
            settings.http.listen = open(443);
            settings.http.public_url = Some("https://localhost".to_owned());
            settings.sip.listen = open(5060);
            settings.sip.public_host = Some("127.0.0.1:5060".to_owned());
        });
        assert!(says(&all, Verdict::Broken, "http.public_url"), "{all:?}");
        assert!(says(&all, Verdict::Broken, "sip.public_host"), "{all:?}");
        assert!(says(&all, Verdict::Broken, "no audio reaches anybody"), "{all:?}");
        assert!(says(&all, Verdict::Warning, "sip.tls_listen"), "{all:?}");
        assert!(says(&all, Verdict::Warning, "play credit"), "{all:?}");
    }

    #[test]
    fn clear_text_short_passwords_and_waiting_newcomers_are_warnings() {
        let all = found(|settings| {
            settings.http.public_url = Some("http://voice.example".to_owned());
            settings.operator.email = Some("op@voice.example".to_owned());
            settings.operator.password = Some("short".to_owned());
            settings.sandbox = Sandbox::Off;
            settings.traces.keep_days = 0;
        });
        for words in ["in the clear", "fewer than 12", "mail.url", "traces.keep_days"] {
            assert!(says(&all, Verdict::Warning, words), "{words}: {all:?}");
        }
        assert!(all.iter().all(|(verdict, _)| *verdict == Verdict::Warning));
    }
}
