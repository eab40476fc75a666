//! The way back: for some minutes every request that may be meant for a trunk is shown, with the rule that recognised or
//! refused it. A tenant sees only what names its trunk, its domain or its numbers, or comes from the trunk's address.

use super::{State, examine::trunk_of, network::listed};
use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    config::{Transport, Trunk},
    ids::TenantId,
    phone::E164,
};
use edge::seam::{Approach, Identity, PartyKind};
use serde::Serialize;
use std::{collections::VecDeque, net::IpAddr, sync::atomic::Ordering, time::Duration};

/// How long is listened after each request to.
pub const LISTEN_FOR: Duration = Duration::from_secs(600);
/// Trunks that are listened for at one time, over all tenants; the oldest goes first.
const EARS_MAX: usize = 64;
/// Requests that are kept for one trunk; the oldest goes first.
const HEARD_MAX: usize = 50;
/// The longest text of a request that is kept of each of its parts, bytes.
const TEXT_MAX: usize = 256;

/// Who listens, and what was heard.
#[derive(Debug, Default)]
pub(super) struct Ears {
    all: VecDeque<Ear>,
}

#[derive(Debug)]
struct Ear {
    tenant: TenantId,
    fqdn: String,
    until: DateTime<Utc>,
    heard: VecDeque<HeardView>,
}

/// What is listened for, and what was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListeningView {
    /// Until when; `None` where nobody listens for this trunk.
    pub until: Option<DateTime<Utc>>,
    /// What was heard, newest first.
    pub heard: Vec<HeardView>,
}

/// A request that may be meant for the trunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeardView {
    /// When it came.
    pub at: DateTime<Utc>,
    /// `INVITE`, `OPTIONS`, `REGISTER`.
    pub method: String,
    /// Where it came from.
    pub source: String,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`.
    pub transport: String,
    /// The user and host of the Request-URI.
    pub request: String,
    /// The user and host of From.
    pub from: String,
    /// The host of Contact, where it has one.
    pub contact: Option<String>,
    /// The names of the certificate that was shown, where one was.
    pub certificate: Vec<String>,
    /// `trunk` where it was recognised as this trunk, `other`, `challenged`, `refused` or `stranger`.
    pub outcome: &'static str,
    /// One sentence on that.
    pub said: String,
    /// What to change, where it was not recognised as this trunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The rules in the order in which they were asked, and what each saw.
    pub rules: Vec<RuleView>,
}

/// One rule of "who is calling".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    /// `certificate`, `addressAndPort`, `domain` or `address`.
    pub rule: &'static str,
    /// Whether it fits this trunk.
    pub fits: bool,
    /// What it saw.
    pub said: String,
}

/// Listens for a trunk from now on, for [`LISTEN_FOR`]; what was heard before is forgotten.
///
/// # Errors
/// [`Error::NotFound`] where the actor's tenant has no such trunk.
pub async fn listen(app: &App, actor: &Actor, fqdn: &str) -> Result<ListeningView, Error> {
    let (tenant, trunk) = trunk_of(app, actor, fqdn, Permission::ManageRouting)?;
    let until = app.now() + LISTEN_FOR;
    let mut ears = State::lock(&app.doctor().ears);
    ears.tidy(app.now());
    ears.all.retain(|ear| ear.tenant != tenant || ear.fqdn != trunk.fqdn);
    if ears.all.len() >= EARS_MAX {
        ears.all.pop_front();
    }
    ears.all.push_back(Ear { tenant, fqdn: trunk.fqdn, until, heard: VecDeque::new() });
    app.doctor().listeners.store(ears.all.len(), Ordering::Release);
    Ok(ListeningView { until: Some(until), heard: Vec::new() })
}

/// What was heard for a trunk so far.
///
/// # Errors
/// [`Error::NotFound`] where the actor's tenant has no such trunk.
pub async fn listening(app: &App, actor: &Actor, fqdn: &str) -> Result<ListeningView, Error> {
    let (tenant, trunk) = trunk_of(app, actor, fqdn, Permission::ReadRouting)?;
    let ears = State::lock(&app.doctor().ears);
    let mine = ears.all.iter().find(|ear| ear.tenant == tenant && ear.fqdn == trunk.fqdn);
    Ok(mine.map_or_else(
        || ListeningView { until: None, heard: Vec::new() },
        |ear| ListeningView {
            until: (ear.until > app.now()).then_some(ear.until),
            heard: ear.heard.iter().rev().cloned().collect(),
        },
    ))
}

impl Ears {
    /// Forgets what nobody reads any more: an hour after the listening ended.
    fn tidy(&mut self, now: DateTime<Utc>) {
        self.all.retain(|ear| ear.until + Duration::from_secs(3_600) > now);
    }
}

/// Keeps a request for each trunk that it may be meant for.
pub(super) fn overhear(app: &App, approach: &Approach<'_>, identity: &Identity) {
    let now = app.now();
    let live = app.live();
    let mut ears = State::lock(&app.doctor().ears);
    if ears.all.iter().all(|ear| ear.until <= now) {
        app.doctor().listeners.store(0, Ordering::Release);
        return;
    }
    for ear in ears.all.iter_mut().filter(|ear| ear.until > now) {
        let Some(piece) = live.config.tenant(ear.tenant) else { continue };
        let tenant = &piece.piece.value;
        let Some(trunk) = tenant.trunk(&ear.fqdn) else { continue };
        let owns = E164::parse(approach.from_user).is_ok_and(|number| live.config.owns(ear.tenant, number));
        let heard = explain(trunk, &tenant.sip_domain, approach, identity, now);
        let is_meant =
            owns || is_named(trunk, &tenant.sip_domain, approach) || heard.rules.iter().any(|rule| rule.fits);
        if is_meant {
            if ear.heard.len() >= HEARD_MAX {
                ear.heard.pop_front();
            }
            ear.heard.push_back(heard);
        }
    }
}

/// Whether a request names the trunk, or the tenant's domain.
fn is_named(trunk: &Trunk, domain: &str, approach: &Approach<'_>) -> bool {
    let names = [
        approach.contact_host,
        Some(approach.from_host),
        Some(approach.request_host),
        Some(approach.to_host),
    ];
    names
        .into_iter()
        .flatten()
        .any(|host| host.eq_ignore_ascii_case(&trunk.fqdn) || host.eq_ignore_ascii_case(domain))
}

/// The rules of "who is calling" as they look from one trunk.
pub(super) fn explain(
    trunk: &Trunk,
    domain: &str,
    approach: &Approach<'_>,
    identity: &Identity,
    at: DateTime<Utc>,
) -> HeardView {
    let rules = vec![
        by_certificate(trunk, approach),
        by_address(trunk, approach, true),
        by_domain(domain, approach),
        by_address(trunk, approach, false),
    ];
    let (outcome, said) = outcome(trunk, identity);
    let remedy = (outcome != "trunk").then(|| remedy(trunk, approach, outcome, &rules));
    HeardView {
        at,
        method: kept(approach.method),
        source: approach.source.address.to_string(),
        transport: approach.source.transport.as_str().to_ascii_lowercase(),
        request: kept(&format!("{}@{}", approach.request_user, approach.request_host)),
        from: kept(&format!("{}@{}", approach.from_user, approach.from_host)),
        contact: approach.contact_host.map(kept),
        certificate: approach.certificate.map(|shown| shown.names().to_vec()).unwrap_or_default(),
        outcome,
        said,
        remedy,
        rules,
    }
}

/// The beginning of a text from outside.
fn kept(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

fn by_certificate(trunk: &Trunk, approach: &Approach<'_>) -> RuleView {
    let fqdn = &trunk.fqdn;
    let rule = "certificate";
    let (fits, said) = match (approach.certificate, approach.contact_host) {
        (None, _) => (false, "no certificate was shown".to_owned()),
        (Some(shown), _) if shown.fault().is_some() => {
            (false, format!("the certificate is not believed: {}", shown.fault().unwrap_or_default()))
        }
        (Some(shown), None) => {
            (false, format!("the certificate is for {}, and there is no Contact", listed(shown.names())))
        }
        (Some(shown), Some(contact)) if !contact.eq_ignore_ascii_case(fqdn) => {
            (false, format!("Contact says {contact}, the certificate is for {}", listed(shown.names())))
        }
        (Some(shown), Some(_)) if !shown.covers(fqdn) => (
            false,
            format!(
                "Contact says {fqdn}, which the certificate for {} does not cover",
                listed(shown.names())
            ),
        ),
        (Some(_), Some(_)) => (true, format!("the certificate covers {fqdn}, which Contact names")),
    };
    RuleView { rule, fits, said }
}

fn by_address(trunk: &Trunk, approach: &Approach<'_>, with_port: bool) -> RuleView {
    let source = approach.source.address;
    let ip = source.ip().to_canonical();
    let rule = if with_port { "addressAndPort" } else { "address" };
    if trunk.addresses.is_empty() {
        return RuleView { rule, fits: false, said: "the trunk has no addresses set".to_owned() };
    }
    let is_there = |ip_only: bool| {
        trunk.addresses.iter().any(|place| {
            place.ip.to_canonical() == ip && (ip_only || place.port.unwrap_or(trunk.port) == source.port())
        })
    };
    let what = if with_port { source.to_string() } else { ip.to_string() };
    let fits = is_there(!with_port);
    let said = if fits {
        format!("{what} is an address of the trunk")
    } else {
        let known = trunk.addresses.iter().map(|place| String::from(*place));
        format!("{what} is none of the trunk's addresses ({})", listed(known))
    };
    RuleView { rule, fits, said }
}

fn by_domain(domain: &str, approach: &Approach<'_>) -> RuleView {
    let hosts =
        [("Request-URI", approach.request_host), ("From", approach.from_host), ("To", approach.to_host)];
    let named = hosts.into_iter().find(|(_, host)| host.eq_ignore_ascii_case(domain));
    let said = named.map_or_else(
        || format!("none of Request-URI, From and To names {domain}"),
        |(place, _)| {
            format!("{place} names {domain}, so the caller is a SIP user and must prove it with a password")
        },
    );
    RuleView { rule: "domain", fits: named.is_some(), said }
}

fn outcome(trunk: &Trunk, identity: &Identity) -> (&'static str, String) {
    match identity {
        Identity::Known(party) if party.kind == PartyKind::Trunk && *party.name == *trunk.fqdn => {
            ("trunk", format!("recognised as trunk {}", trunk.fqdn))
        }
        Identity::Known(_) => ("other", "recognised as somebody else".to_owned()),
        Identity::Challenge { realm } => ("challenged", format!("asked for a password of {realm}")),
        Identity::Refused(refusal) => {
            ("refused", format!("recognised, and refused with {} ({})", refusal.status, refusal.cause))
        }
        Identity::Stranger => ("stranger", "a stranger: no rule names one party alone".to_owned()),
    }
}

fn remedy(trunk: &Trunk, approach: &Approach<'_>, outcome: &str, rules: &[RuleView]) -> String {
    let ip = approach.source.address.ip().to_canonical();
    let is_literal = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    if outcome == "refused" && approach.contact_host.is_some_and(is_literal) {
        return format!("have the SBC write {} into Contact, and not its address", trunk.fqdn);
    }
    if outcome == "challenged" {
        return format!(
            "have the SBC call this platform's own host, and not the tenant's domain; or add {ip}:{} to the trunk's addresses",
            approach.source.address.port()
        );
    }
    if trunk.transport == Transport::Tls && trunk.addresses.is_empty() {
        return match approach.certificate {
            None => format!("have the SBC call over TLS and show its certificate for {}, or add {ip} to the trunk's addresses", trunk.fqdn),
            Some(shown) if shown.fault().is_some() => "have the certificate signed by an authority of the public roots, or the operator add its root to sip.tls_roots".to_owned(),
            Some(_) => format!("have Contact name {}, and the certificate cover it", trunk.fqdn),
        };
    }
    if rules.iter().any(|rule| rule.rule == "address" && rule.fits) {
        return format!(
            "several parties share {ip}: have the SBC write {} into Contact or From, or call from the port that the trunk's addresses name",
            trunk.fqdn
        );
    }
    format!("add {ip} to the trunk's addresses")
}
