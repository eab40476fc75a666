//! Names: the resolvers answer, and our own names lead here.

use super::Finding;
use crate::{settings::Settings, wiring};
use std::net::IpAddr;

/// A name that every resolver knows something about.
const KNOWN: &str = "com";

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    const WHAT: &str = "resolvers";
    let servers = match settings.dns.addresses() {
        Ok(servers) => servers,
        Err(error) => return vec![Finding::broken(WHAT, format!("{error:#}"))],
    };
    let said = if servers.is_empty() { "the system's".to_owned() } else { format!("{servers:?}") };
    let dns = match vendors::Dns::new(&servers) {
        Ok(dns) => dns,
        Err(error) => return vec![Finding::broken(WHAT, format!("{error}: set dns.servers"))],
    };
    let mut all = vec![match dns.txt(KNOWN).await {
        Ok(_) => Finding::ok(WHAT, format!("{said} answer")),
        Err(error) => Finding::warning(
            WHAT,
            format!(
                "{said}: {error}; domains cannot be verified, nor trunks and carriers be found by name: set dns.servers"
            ),
        ),
    }];
    let host = wiring::public_host(settings);
    all.push(leads_here("public host", &dns, &host, &[settings.http.listen.ip()]).await);
    if let Some(sip) = &settings.sip.public_host {
        let host = sip
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok())
            .map_or(sip.as_str(), |(host, _)| host);
        all.push(
            leads_here("SIP public host", &dns, host.trim_matches(['[', ']']), &[settings.sip.listen.ip()])
                .await,
        );
        all.extend(services(&dns, host).await);
    }
    all
}

/// Whether a name of ours has an address, and one that we listen on where that can be told.
async fn leads_here(what: &'static str, dns: &vendors::Dns, host: &str, listens: &[IpAddr]) -> Finding {
    if host == "localhost" || host.parse::<IpAddr>().is_ok() {
        return Finding::ok(what, format!("{host} needs no DNS"));
    }
    let found = match dns.addresses(host).await {
        Ok(found) if found.is_empty() => {
            return Finding::broken(
                what,
                format!("{host} has no address: publish an A or AAAA record for it"),
            );
        }
        Ok(found) => found,
        Err(error) => {
            return Finding::broken(
                what,
                format!("{error}: publish an A or AAAA record for {host}, or mend dns.servers"),
            );
        }
    };
    let text = format!("{host} is {found:?}");
    let is_told = listens.iter().any(|ip| !ip.is_unspecified() && !ip.is_loopback() && !is_private(*ip));
    if is_told && !found.iter().any(|ip| listens.contains(ip)) {
        return Finding::warning(
            what,
            format!(
                "{text}, and not where we listen ({listens:?}): mend the record, unless a proxy stands there"
            ),
        );
    }
    Finding::ok(what, text)
}

/// Behind a translation of addresses, where a name leads cannot be compared.
const fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// The SRV records by which peers find our transports (RFC 3263 §4.1).
async fn services(dns: &vendors::Dns, host: &str) -> Option<Finding> {
    if host.parse::<IpAddr>().is_ok() || host == "localhost" || host.starts_with('[') {
        return None;
    }
    let mut known = Vec::new();
    for service in ["_sips._tcp", "_sip._tcp", "_sip._udp"] {
        if dns.srv(&format!("{service}.{host}")).await.is_ok_and(|found| !found.is_empty()) {
            known.push(service);
        }
    }
    Some(if known.is_empty() {
        let text = format!(
            "{host} has no SRV records: peers use its address and the default ports; publish _sips._tcp.{host} where ours differ"
        );
        Finding::ok("SIP services", text)
    } else {
        Finding::ok("SIP services", format!("{} of {host}", known.join(", ")))
    })
}
