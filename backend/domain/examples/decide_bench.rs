//! How long a decision takes with 10,000 trunks and 50,000 routes, and how long it takes to make a new snapshot of them.
//!
//! `cargo run --release -p dialtone-domain --example decide_bench`

#![expect(clippy::disallowed_methods, reason = "it measures time, which the rules themselves never read")]

use dialtone_domain::{
    config::{
        Abilities, CallerIdPolicy, Carrier, CarrierHost, CarrierPrefix, DEFAULT_QUALITY, Eligibility, Health,
        Limits, PeerPolicy, Platform, PlatformPiece, Protection, Snapshot, Srtp, Tenant, TenantEmergency,
        TenantPiece, Transport, Trunk,
    },
    decision::{Facts, Funds, Source, Usage, decide},
    ids::{CarrierId, LeaseId, PlanId, TenantId, TrunkId},
    numbering::{Binding, NumberType, Owned},
    phone::{Dialled, E164},
    rating::{Rate, sandbox_plan},
    routing::{RouteOrder, RouteTarget, VoiceRoute},
};
use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The server's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PLAN: PlanId = PlanId(Uuid::from_u128(9));
const CALLS: usize = 200_000;
const TENANTS: usize = 1_000;
const TRUNKS_EACH: usize = 10;
const ROUTES_EACH: usize = 50;
/// What Azure allows one resource.
const AZURE_MAX: usize = 250;
const CARRIERS: usize = 20;
const PREFIXES_EACH: usize = 2_000;
const RATES: usize = 5_000;

fn trunk(tenant: usize, index: usize) -> Trunk {
    Trunk {
        id: TrunkId(Uuid::from_u128((tenant * 1_000 + index) as u128)),
        fqdn: format!("sbc{index}.t{tenant}.example"),
        port: 5061,
        enabled: true,
        transport: Transport::Udp,
        addresses: Vec::new(),
        srtp: Srtp::Off,
        codecs: Vec::new(),
        limits: Limits::default(),
        description: None,
        authentication: None,
        policy: PeerPolicy::default(),
        max_call_micros: None,
        health: Health::Unknown,
    }
}

/// Patterns as people write them: prefixes, area codes, lengths.
fn route(tenant: usize, index: usize, trunks: usize) -> VoiceRoute {
    let pattern = match index % 4 {
        0 => format!(r"^\+{}\d{{4,12}}$", 200 + index),
        1 => format!(r"^\+1({}|{})(\d{{7}})$", 200 + index, 600 + index),
        2 => format!(r"^\+44{}\d+$", 100 + index),
        _ => format!(r"^\+0?{}$", 1_000 + index),
    };
    let targets = (0..trunks.min(4)).map(|n| {
        let place = (index + n) % trunks;
        RouteTarget { weight: 1 + n as u16, ..RouteTarget::new(format!("sbc{place}.t{tenant}.example")) }
    });
    VoiceRoute {
        name: format!("route {index}"),
        number_pattern: pattern,
        targets: targets.collect(),
        order: [RouteOrder::Listed, RouteOrder::Shuffle, RouteOrder::Weighted][index % 3],
        ..VoiceRoute::default()
    }
}

fn number(tenant: usize) -> E164 {
    E164::parse(&format!("+1212{:07}", tenant)).expect("a number")
}

fn tenant(index: usize, trunks: usize, routes: usize) -> Tenant {
    let id = TenantId(Uuid::from_u128(index as u128 + 1));
    let owned = Owned {
        lease: LeaseId(Uuid::from_u128(index as u128)),
        tenant: id,
        number: number(index),
        number_type: NumberType::Geographic,
        binding: Binding::User("anna".into()),
    };
    Tenant {
        id,
        slug: format!("t{index}"),
        sip_domain: format!("t{index}.example"),
        active: true,
        limits: Limits { calls_per_second: 1_000, max_calls: 10_000 },
        plan: PLAN,
        trunks: (0..trunks).map(|place| trunk(index, place)).collect(),
        routes: (0..routes).map(|place| route(index, place, trunks)).collect(),
        users: vec!["anna".into()],
        numbers: vec![owned],
        protection: Protection { blocked_prefixes: vec!["979".into()], ..Protection::default() },
        eligibility: Eligibility::default(),
        recording: Default::default(),
        emergency: TenantEmergency::default(),
    }
}

fn carrier(index: usize) -> Carrier {
    let prefix = |place: usize| CarrierPrefix {
        prefix: if place == 0 { String::new() } else { (1 + place * 7).to_string() },
        cost_per_minute_micros: 1_000 + (index * 37 % 11) as i64,
        windows: Vec::new(),
    };
    Carrier {
        id: CarrierId(Uuid::from_u128(index as u128 + 1)),
        name: format!("carrier {index}"),
        sandbox: false,
        enabled: true,
        hosts: vec![CarrierHost { address: "192.0.2.1".into(), port: 5060, transport: Transport::Udp }],
        caller_id: CallerIdPolicy::Owned,
        limits: Limits::default(),
        prefixes: (0..PREFIXES_EACH).map(prefix).collect(),
        quality: DEFAULT_QUALITY,
        capacity: None,
        weight: 1,
        policy: PeerPolicy::default(),
        emergency_countries: Vec::new(),
        signing: dialtone_domain::stir::Signing::Always,
        unverified: false,
        currency: dialtone_domain::money::Currency::USD,
        deck: None,
    }
}

fn platform() -> Platform {
    let mut plan = sandbox_plan(PLAN);
    plan.outbound.extend((10..RATES).map(|n| Rate::new(n.to_string(), 20_000)));
    let abilities = Abilities { sip_tls: true, srtp: true };
    Platform::new((0..CARRIERS).map(carrier).collect(), vec![plan], abilities)
}

/// Takes the time of each call of a list.
fn measure(what: &str, config: &Snapshot, calls: impl Fn(usize) -> Facts) {
    let usage = Usage::NONE;
    let funds = Funds { available_micros: 100_000_000, live_calls: 3, calls_last_second: 1, usage };
    let facts: Vec<Facts> = (0..CALLS).map(calls).collect();
    let mut connects = 0;
    let mut times: Vec<Duration> = Vec::with_capacity(CALLS);
    for facts in &facts {
        let begun = Instant::now();
        let decision = black_box(decide(config, black_box(facts), &funds));
        times.push(begun.elapsed());
        connects += usize::from(decision.connects());
    }
    times.sort_unstable();
    let at = |share: f64| times[((CALLS - 1) as f64 * share) as usize].as_nanos() as f64 / 1_000.0;
    println!(
        "{what:<44} p50 {:6.2} us   p99 {:6.2} us   p99.9 {:7.2} us   {:3.0} % connect",
        at(0.50),
        at(0.99),
        at(0.999),
        connects as f64 * 100.0 / CALLS as f64
    );
}

fn from_app(tenant: usize, draw: usize, to: String) -> Facts {
    let source = Source::App { tenant: TenantId(Uuid::from_u128(tenant as u128 + 1)) };
    let from = Dialled::parse(&number(tenant).to_string());
    let to = Dialled::parse(&to).expect("something dialled");
    Facts { draw: draw as u64, ..Facts::new(source, from, to) }
}

fn main() {
    let begun = Instant::now();
    let mut pieces: Vec<Arc<TenantPiece>> = (0..TENANTS)
        .map(|index| Arc::new(TenantPiece::new(tenant(index, TRUNKS_EACH, ROUTES_EACH))))
        .collect();
    pieces.push(Arc::new(TenantPiece::new(tenant(TENANTS, AZURE_MAX, AZURE_MAX))));
    let config = Snapshot::new(Arc::new(PlatformPiece::new(platform())), pieces);
    println!(
        "{} trunks and {} routes of {} tenants: {:.0} ms from nothing",
        TENANTS * TRUNKS_EACH + AZURE_MAX,
        TENANTS * ROUTES_EACH + AZURE_MAX,
        TENANTS + 1,
        begun.elapsed().as_secs_f64() * 1_000.0
    );

    for (what, index, routes) in
        [("one of 50 routes", 7, ROUTES_EACH), ("one of 250 routes", TENANTS, AZURE_MAX)]
    {
        let mut changed = tenant(index, if index == TENANTS { AZURE_MAX } else { TRUNKS_EACH }, routes);
        changed.routes[0].number_pattern = r"^\+99".into();
        let id = changed.id;
        let begun = Instant::now();
        let before = config.tenant(id).expect("it is there");
        let next = config.with_tenant(id, Some(Arc::new(TenantPiece::changed(changed, before))));
        println!("{what} changed: {:.1} ms to a new snapshot", begun.elapsed().as_secs_f64() * 1_000.0);
        drop(next);
    }

    // One route of a tenant matches: its trunks are tried.
    measure("1,000 tenants, a route matches", &config, |n| {
        from_app(n % TENANTS, n, format!("+{}5550100", 200 + (n % 12) * 4))
    });
    // No route matches: it goes over carriers.
    measure("1,000 tenants, no route matches, 20 carriers", &config, |n| {
        from_app(n % TENANTS, n, format!("+468465{:04}", n % 10_000))
    });
    measure("1,000 tenants, a number on this platform", &config, |n| {
        from_app(n % TENANTS, n, number((n * 7) % TENANTS).to_string())
    });
    measure("one tenant of 250 routes, a route matches", &config, |n| {
        from_app(TENANTS, n, format!("+{}5550100", 200 + (n % 50) * 4))
    });
    measure("one tenant of 250 routes, none matches", &config, |n| {
        from_app(TENANTS, n, format!("+468465{:04}", n % 10_000))
    });
}
