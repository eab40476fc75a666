//! Names, connections, certificates and OPTIONS: what comes before any call.

use super::report::{Finding, Topic};
use crate::{App, calls::credentials};
use domain::config::{Srtp, Transport, Trunk};
use edge::{
    Inspection,
    seam::{Hop, Originated, Origination, Reply},
};
use sip::{Method, locate::Wanted};
use std::{
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};
use tokio::{net::TcpStream, sync::oneshot, task::spawn_blocking, time::timeout};

/// Addresses of a trunk that are tried.
pub(super) const TARGETS_MAX: usize = 4;
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long before its end a certificate is worth a warning.
const EXPIRES_SOON: Duration = Duration::from_secs(30 * 86_400);
/// How long an OPTIONS is waited for; the edge gives up before (RFC 3261 timer F).
const OPTIONS_WITHIN: Duration = Duration::from_secs(40);

/// The trunk's settings against what this platform can do.
pub(super) fn settings(app: &App, trunk: &Trunk) -> Finding {
    let fqdn = &trunk.fqdn;
    let abilities = app.settings().abilities;
    if !trunk.enabled {
        return Finding::failed(
            Topic::Settings,
            format!("trunk {fqdn} is switched off: no call is sent to it"),
            "switch it on",
        );
    }
    if trunk.transport == Transport::Tls && !abilities.sip_tls {
        return Finding::failed(
            Topic::Settings,
            format!("trunk {fqdn} asks for SIP over TLS, which this platform is not set up for"),
            "ask the operator to set sip.tls_listen, or set the transport to udp or tcp",
        );
    }
    let said = match trunk.transport {
        Transport::Udp => "SIP over UDP",
        Transport::Tcp => "SIP over TCP",
        Transport::Tls => "SIP over TLS",
    };
    Finding::passed(Topic::Settings, format!("switched on, {said}, port {}", trunk.port))
}

/// What the settings say of encrypted media, before a call tries it.
pub(super) fn srtp(trunk: &Trunk) -> Option<Finding> {
    let is_clear = trunk.srtp == Srtp::Required && trunk.transport != Transport::Tls;
    is_clear.then(|| {
        Finding::warning(
            Topic::Srtp,
            "media.srtp is required, but signalling is not encrypted: the keys of each call can be read on their way",
            "set the transport to tls",
        )
    })
}

/// What the DNS says about the trunk's name, and the hops that follow from it.
pub(super) async fn dns(app: &App, trunk: &Trunk) -> (Vec<Finding>, Vec<Hop>) {
    let transport = transport(trunk.transport);
    if !trunk.addresses.is_empty() {
        let hops: Vec<Hop> = trunk
            .addresses
            .iter()
            .map(|place| Hop {
                address: SocketAddr::new(place.ip, place.port.unwrap_or(trunk.port)),
                transport,
            })
            .collect();
        let said = format!(
            "addresses are set ({}): the DNS is not asked",
            listed(hops.iter().map(|hop| hop.address))
        );
        return (vec![Finding::skipped(Topic::Dns, said)], hops);
    }
    let started = Instant::now();
    let resolver = &app.deps().dns;
    let mut found = records(resolver, trunk).await;
    let wanted = Wanted { host: trunk.fqdn.clone(), port: Some(trunk.port), transport: Some(transport) };
    let hops = match resolver.locate(&wanted, &[transport]).await {
        Ok(walk) => walk
            .located
            .servers
            .iter()
            .flat_map(|server| server.addresses.iter().map(|ip| SocketAddr::new(*ip, server.port)))
            .map(|address| Hop { address, transport })
            .collect(),
        Err(error) => {
            found.push(Finding::failed(
                Topic::Dns,
                format!("no name server answered for {}: {error}", trunk.fqdn),
                "look at the name servers of the domain, or set the SBC's addresses on the trunk",
            ));
            Vec::new()
        }
    };
    if hops.is_empty() && found.iter().all(|finding| finding.remedy.is_none()) {
        found.push(Finding::failed(
            Topic::Dns,
            format!("{} has no address", trunk.fqdn),
            "publish an A or AAAA record for it, or set the SBC's addresses on the trunk",
        ));
    }
    let took = started.elapsed();
    (found.into_iter().map(|finding| finding.in_time(took)).collect(), hops)
}

/// The records of the name that there are.
async fn records(resolver: &vendors::Dns, trunk: &Trunk) -> Vec<Finding> {
    let fqdn = &trunk.fqdn;
    let mut found = Vec::new();
    match resolver.addresses(fqdn).await {
        Ok(all) if !all.is_empty() => {
            found.push(Finding::passed(Topic::Dns, format!("{fqdn} is {}", listed(all))));
        }
        Ok(_) => found.push(Finding::skipped(Topic::Dns, format!("{fqdn} has no A and no AAAA record"))),
        Err(error) => found.push(Finding::skipped(Topic::Dns, format!("A and AAAA of {fqdn}: {error}"))),
    }
    let service = match trunk.transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    let said = match resolver.srv(&format!("{service}.{fqdn}")).await {
        Ok(all) if !all.is_empty() => {
            let servers = all.iter().map(|(priority, weight, port, target)| {
                format!("{target}:{port} (priority {priority}, weight {weight})")
            });
            format!("{service}.{fqdn} is {}; the trunk names a port, so it is not used", listed(servers))
        }
        Ok(_) => format!("{service}.{fqdn} has no SRV record; none is needed where the trunk names a port"),
        Err(error) => format!("SRV of {service}.{fqdn}: {error}"),
    };
    found.push(Finding::skipped(Topic::Dns, said));
    let said = match resolver.naptr(fqdn).await {
        Ok(all) if !all.is_empty() => format!(
            "{fqdn} has NAPTR records for {}",
            listed(all.iter().map(|record| record.services.as_str()))
        ),
        Ok(_) => format!("{fqdn} has no NAPTR record; none is needed where the transport is set"),
        Err(error) => format!("NAPTR of {fqdn}: {error}"),
    };
    found.push(Finding::skipped(Topic::Dns, said));
    found
}

/// A connection to each address, and over TLS a look at the certificate.
pub(super) async fn connect(app: &App, trunk: &Trunk, hops: &[Hop]) -> Vec<Finding> {
    let mut found = Vec::new();
    for hop in hops.iter().take(TARGETS_MAX) {
        match hop.transport {
            sip::Transport::Tcp => found.push(over_tcp(hop.address).await),
            sip::Transport::Tls => found.extend(over_tls(app, trunk, hop.address).await),
            _ => found.push(Finding::skipped(
                Topic::Connect,
                format!("{}: UDP has no connection; OPTIONS says whether somebody is there", hop.address),
            )),
        }
    }
    found
}

async fn over_tcp(address: SocketAddr) -> Finding {
    let started = Instant::now();
    match timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Finding::passed(Topic::Connect, format!("{address} takes connections")),
        Ok(Err(error)) => unreachable(address, &error.to_string()),
        Err(_) => unreachable(address, "no answer within 5 s"),
    }
    .in_time(started.elapsed())
}

fn unreachable(address: SocketAddr, why: &str) -> Finding {
    Finding::failed(
        Topic::Connect,
        format!("{address} takes no connection: {why}"),
        "have the SBC listen there, and its firewall let this platform's addresses in",
    )
}

async fn over_tls(app: &App, trunk: &Trunk, address: SocketAddr) -> Vec<Finding> {
    let Some(edge) = app.deps().edge.clone() else {
        return vec![Finding::skipped(Topic::Connect, "this node carries no calls")];
    };
    let name = trunk.fqdn.clone();
    let looked = spawn_blocking(move || edge.inspect(address, &name)).await;
    match looked {
        Err(_) => vec![Finding::skipped(Topic::Connect, "the look at its TLS was interrupted")],
        Ok(Err(edge::InspectError::Connect { source, .. })) => {
            vec![unreachable(address, &source.to_string())]
        }
        Ok(Err(error)) => vec![Finding::failed(
            Topic::Connect,
            format!("{address}: {error}"),
            "have the SBC speak TLS 1.2 or 1.3 on this port, with a suite of ECDHE and AES-GCM or ChaCha20",
        )],
        Ok(Ok(seen)) => {
            let connected = format!("{address} takes connections and speaks {}", seen.version);
            let took = seen.connected_in + seen.shaken_in;
            vec![Finding::passed(Topic::Connect, connected).in_time(took), certificate(&trunk.fqdn, &seen)]
        }
    }
}

/// Judges what a server showed against the name that it should have.
pub(super) fn certificate(fqdn: &str, seen: &Inspection) -> Finding {
    let Some(shown) = &seen.certificate else {
        return Finding::failed(
            Topic::Certificate,
            "it showed no certificate that can be read",
            "give the SBC a certificate of its own",
        );
    };
    if let Some(fault) = shown.fault() {
        let remedy = if fault.contains("UnknownIssuer") && seen.chain == 1 {
            "have the SBC send its intermediate certificates too, from an authority of the public roots or of sip.tls_roots"
        } else {
            "renew the certificate with an authority of the public roots, or have the operator add its root to sip.tls_roots"
        };
        return Finding::failed(Topic::Certificate, format!("it is not believed: {fault}"), remedy);
    }
    if !shown.covers(fqdn) {
        return Finding::failed(
            Topic::Certificate,
            format!("it is for {}, and not for {fqdn}", listed(shown.names())),
            format!(
                "have {fqdn} named in the certificate: as a subject alternative name, or by a wildcard for its domain"
            ),
        );
    }
    let left = shown.expires_at().duration_since(SystemTime::now()).unwrap_or_default();
    let days = left.as_secs() / 86_400;
    let mutual =
        if seen.asked_for_ours { "it asks for ours too (mutual TLS)" } else { "it does not ask for ours" };
    let said = format!("it names {fqdn}, is believed, and lasts for {days} days; {mutual}");
    if left < EXPIRES_SOON {
        return Finding::warning(
            Topic::Certificate,
            said,
            "renew it now; connections that are open go on until they close",
        );
    }
    Finding::passed(Topic::Certificate, said)
}

/// OPTIONS to each hop, from the edge's own sockets.
pub(super) async fn options(app: &App, trunk: &Trunk, hops: &[Hop]) -> Vec<Finding> {
    let mut found = Vec::new();
    for hop in hops.iter().take(TARGETS_MAX) {
        found.push(match ask(app, trunk, *hop).await {
            Some(answer) => judged(hop.address, &answer).in_time(answer.took),
            None => Finding::skipped(Topic::Options, "this node carries no calls, or its shards are busy"),
        });
    }
    found
}

async fn ask(app: &App, trunk: &Trunk, hop: Hop) -> Option<Originated> {
    let (send, receive) = oneshot::channel();
    let host = &app.settings().public_host;
    let request = Origination {
        hop,
        method: Method::Options,
        uri: format!("sip:{}:{}", trunk.fqdn, trunk.port),
        from: format!("<sip:{host}>"),
        to: format!("<sip:{}:{}>", trunk.fqdn, trunk.port),
        call_id: None,
        cseq: 1,
        contact_user: None,
        headers: vec![("Accept".to_owned(), "application/sdp".to_owned())],
        credentials: app
            .live()
            .trunk_by_name(&trunk.fqdn)
            .and_then(|(tenant, trunk)| credentials::to_trunk(app, tenant.id(), trunk)),
    };
    let reply = Reply::new(move |answer| {
        // Nobody waits any more where the examination was given up.
        let _ = send.send(answer);
    });
    app.deps().edge.as_ref()?.originate(request, reply);
    timeout(OPTIONS_WITHIN, receive).await.ok()?.ok()?
}

/// What an answer to OPTIONS means. Any answer of the SBC's own shows that it is there.
pub(super) fn judged(address: SocketAddr, answer: &Originated) -> Finding {
    let status = answer.status;
    if !answer.is_answered {
        let said = match status {
            408 => format!("{address} did not answer OPTIONS within 32 s"),
            _ => format!("OPTIONS could not be sent to {address}"),
        };
        return Finding::failed(
            Topic::Options,
            said,
            "have the SBC answer OPTIONS, and its firewall let SIP of this platform in and out",
        );
    }
    let allow = answer.header("Allow").map(|allow| format!("; it allows {allow}")).unwrap_or_default();
    let supported =
        answer.header("Supported").map(|known| format!("; it supports {known}")).unwrap_or_default();
    match status {
        200..=299 => Finding::passed(Topic::Options, format!("{address} answers {status}{allow}{supported}")),
        401 | 407 => Finding::warning(
            Topic::Options,
            format!("{address} asks for a password ({status})"),
            "give the trunk the credentials that the SBC wants, or have it know this platform by its address",
        ),
        403 => Finding::failed(
            Topic::Options,
            format!("{address} forbids it (403)"),
            "allow this platform's addresses on the SBC",
        ),
        503 => Finding::warning(
            Topic::Options,
            format!("{address} says that it cannot take calls now (503)"),
            "look at the SBC's own trunks and licences",
        ),
        _ => Finding::warning(
            Topic::Options,
            format!("{address} answers {status} {}: it is there, but does not serve OPTIONS", answer.reason),
            "have the SBC answer OPTIONS with 200",
        ),
    }
}

pub(super) const fn transport(configured: Transport) -> sip::Transport {
    match configured {
        Transport::Udp => sip::Transport::Udp,
        Transport::Tcp => sip::Transport::Tcp,
        Transport::Tls => sip::Transport::Tls,
    }
}

/// A few things, with commas.
pub(super) fn listed(all: impl IntoIterator<Item = impl ToString>) -> String {
    const SHOWN_MAX: usize = 8;
    let mut words: Vec<String> = all.into_iter().map(|one| one.to_string()).take(SHOWN_MAX + 1).collect();
    if words.len() > SHOWN_MAX {
        words[SHOWN_MAX] = "…".to_owned();
    }
    words.join(", ")
}
