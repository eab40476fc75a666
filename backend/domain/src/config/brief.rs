//! What a decision reads of a tenant's routes and trunks, side by side in little memory: what a tenant has set is spread over
//! many places, and those of one that has not called for a while have to be fetched from far.

use super::{
    peer::{Health, Srtp, Transport},
    platform::Abilities,
    tenant::Tenant,
    trunk::Trunk,
};
use crate::{
    ids::TrunkId,
    routing::{Rewrites, RouteOrder, VoiceRoute},
};
use std::collections::HashMap;

/// A stretch of a list or of a text.
#[derive(Debug, Clone, Copy)]
struct Span {
    begin: u32,
    end: u32,
}

impl Span {
    const fn range(self) -> std::ops::Range<usize> {
        self.begin as usize..self.end as usize
    }
}

/// What is asked of a trunk first; most trunks are well, and have nothing special.
#[derive(Debug, Clone, Copy)]
struct TrunkBrief {
    id: TrunkId,
    fqdn: Span,
    is_well: bool,
    needs_tls: bool,
    needs_srtp: bool,
    sets_failover: bool,
}

/// What is asked of a route that matches.
#[derive(Debug, Clone, Copy)]
struct RouteRow {
    name: Span,
    pattern: Span,
    targets: Span,
    order: RouteOrder,
    has_windows: bool,
    is_plain: bool,
}

/// One trunk of a route.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    /// The trunk's place among the tenant's; `None` where there is none of that name.
    pub trunk: Option<u32>,
    /// Lower goes first.
    pub priority: u16,
    /// Its share among equals.
    pub weight: u16,
}

/// A route that matches, as far as most decisions look.
#[derive(Debug, Clone, Copy)]
pub struct RouteBrief<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its pattern.
    pub pattern: &'a str,
    /// Its trunks.
    pub aims: &'a [Aim],
    /// In which order equals are tried.
    pub order: RouteOrder,
    /// Whether it is open at some times only.
    pub has_windows: bool,
    /// Whether it shows the caller's own number, manipulates none, and leaves failover to the trunk.
    pub is_plain: bool,
}

/// Those of a tenant.
#[derive(Debug)]
pub(super) struct Briefs {
    /// Names of trunks, then names and patterns of routes.
    text: Box<str>,
    trunks: Box<[TrunkBrief]>,
    routes: Box<[RouteRow]>,
    aims: Box<[Aim]>,
}

impl Briefs {
    /// `places` are those of the trunks, by their names in lower case.
    pub(super) fn new(tenant: &Tenant, places: &HashMap<String, u32>) -> Self {
        let mut text = String::new();
        let mut keep = |piece: &str| {
            let begin = short(text.len());
            text.push_str(piece);
            Span { begin, end: short(text.len()) }
        };
        let trunks = tenant.trunks.iter().map(|trunk| TrunkBrief::of(trunk, keep(&trunk.fqdn))).collect();
        let mut aims: Vec<Aim> = Vec::new();
        let mut routes = Vec::with_capacity(tenant.routes.len());
        for route in &tenant.routes {
            let begin = short(aims.len());
            aims.extend(route.targets.iter().map(|target| Aim {
                trunk: places.get(&target.fqdn.to_ascii_lowercase()).copied(),
                priority: target.priority,
                weight: target.weight,
            }));
            let targets = Span { begin, end: short(aims.len()) };
            routes.push(RouteRow::of(route, keep(&route.name), keep(&route.number_pattern), targets));
        }
        Self { text: text.into(), trunks, routes: routes.into(), aims: aims.into() }
    }

    pub(super) fn route(&self, place: usize) -> Option<RouteBrief<'_>> {
        let row = self.routes.get(place)?;
        Some(RouteBrief {
            name: self.text(row.name),
            pattern: self.text(row.pattern),
            aims: self.aims.get(row.targets.range()).unwrap_or_default(),
            order: row.order,
            has_windows: row.has_windows,
            is_plain: row.is_plain,
        })
    }

    pub(super) fn fqdn(&self, trunk: usize) -> Option<&str> {
        Some(self.text(self.trunks.get(trunk)?.fqdn))
    }

    fn text(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    pub(super) fn ready(&self, trunk: usize, abilities: Abilities) -> Option<TrunkId> {
        let brief = self.trunks.get(trunk)?;
        let can = (!brief.needs_tls || abilities.sip_tls) && (!brief.needs_srtp || abilities.srtp);
        (brief.is_well && can).then_some(brief.id)
    }

    /// Whether keys of SRTP go to the trunk at a place although its signalling is not encrypted.
    pub(super) fn shows_keys(&self, trunk: usize) -> bool {
        self.trunks.get(trunk).is_some_and(|brief| brief.needs_srtp && !brief.needs_tls)
    }

    pub(super) fn sets_failover(&self, trunk: usize) -> bool {
        self.trunks.get(trunk).is_some_and(|brief| brief.sets_failover)
    }
}

impl TrunkBrief {
    fn of(trunk: &Trunk, fqdn: Span) -> Self {
        Self {
            id: trunk.id,
            fqdn,
            is_well: trunk.enabled && trunk.health != Health::Offline,
            needs_tls: trunk.transport == Transport::Tls,
            needs_srtp: trunk.srtp == Srtp::Required,
            sets_failover: trunk.policy.failover_on.is_some(),
        }
    }
}

impl RouteRow {
    fn of(route: &VoiceRoute, name: Span, pattern: Span, targets: Span) -> Self {
        Self {
            name,
            pattern,
            targets,
            order: route.order,
            has_windows: !route.windows.is_empty(),
            is_plain: route.caller_id_override.is_none()
                && route.failover_on.is_none()
                && route.rewrites == Rewrites::default(),
        }
    }
}

/// The texts of a tenant are far shorter than four gigabytes; what lies behind that is not found.
fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
