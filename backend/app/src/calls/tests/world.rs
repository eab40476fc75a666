//! Small worlds: tenants with their trunks, routes, users and numbers, carriers and a plan, all of it by chance.

use crate::{
    snapshot::{Credential, Live, LiveTenant},
    tenants::TenantStatus,
};
use domain::{
    config::{
        Abilities, Access, CallBack, CallerIdPolicy, Carrier, CarrierHost, CarrierPrefix, Eligibility,
        EmergencyCountry, EmergencyRoute, Health, Limits, OverLimit, PeerPolicy, Place, Platform,
        PlatformPiece, Protection, Snapshot, Srtp, Tenant, TenantEmergency, TenantPiece, Transport, Trunk,
    },
    ids::{CarrierId, LeaseId, PlanId, SipUserId, TenantId, TrunkId},
    numbering::{Binding, NumberType, Owned},
    phone::E164,
    rating::sandbox_plan,
    recording::{RecordingMode, RecordingPolicy},
    routing::{Rewrite, Rewrites, RouteOrder, RouteTarget, VoiceRoute},
};
use proptest::prelude::*;
use std::{collections::HashMap, net::IpAddr, sync::Arc};
use uuid::Uuid;

/// Numbers that may be owned, called or shown.
pub(super) const NUMBERS: [&str; 7] = [
    "+12125550100",
    "+12125550101",
    "+18005550100",
    "+46846500400",
    "+442079460000",
    "+12065550100",
    "+61255500000",
];
const PATTERNS: [&str; 5] = [r"^\+1(\d{10})$", r"^+46", r"^\+\d+$", r"^(\+1$", "^anna$"];
const USERS: [&str; 2] = ["anna", "bo"];

/// A trunk by chance; `tenant` and `index` give it its own name and address.
fn trunk(tenant: usize, index: usize) -> impl Strategy<Value = Trunk> {
    let transport = prop_oneof![Just(Transport::Udp), Just(Transport::Tcp), Just(Transport::Tls)];
    let srtp = prop_oneof![Just(Srtp::Off), Just(Srtp::Optional), Just(Srtp::Required)];
    let health = prop_oneof![Just(Health::Unknown), Just(Health::Online), Just(Health::Offline)];
    (any::<bool>(), transport, srtp, health, any::<bool>(), policy()).prop_map(
        move |(enabled, transport, srtp, health, has_port, policy)| Trunk {
            id: TrunkId(Uuid::from_u128((tenant * 10 + index + 1) as u128)),
            fqdn: format!("sbc{index}.t{tenant}.test"),
            port: 5060,
            enabled,
            transport,
            addresses: vec![Place { ip: address(tenant, index), port: has_port.then_some(5080) }],
            srtp,
            codecs: Vec::new(),
            limits: Limits::default(),
            description: None,
            authentication: None,
            policy,
            max_call_micros: None,
            health,
        },
    )
}

/// Most peers have none; some dial and are dialled without a plus.
fn policy() -> impl Strategy<Value = PeerPolicy> {
    let rule = |pattern: &str, replacement: &str| Rewrite {
        pattern: pattern.to_owned(),
        replacement: replacement.to_owned(),
    };
    let rules = Rewrites { caller: vec![rule(r"^(1\d{10})$", "+$1")], callee: vec![rule(r"^00", "+")] };
    let back = Rewrites { caller: Vec::new(), callee: vec![rule(r"^\+", "00")] };
    let some = PeerPolicy {
        inbound: rules,
        outbound: back,
        failover_on: Some(vec![500, 503]),
        ..PeerPolicy::default()
    };
    prop_oneof![2 => Just(PeerPolicy::default()), 1 => Just(some)]
}

fn protection() -> impl Strategy<Value = Protection> {
    let cap = || prop_oneof![3 => Just(None), 1 => (0..200_000_i64).prop_map(Some)];
    let blocked = proptest::sample::subsequence(vec!["46", "1206", "44"], 0..=1);
    (cap(), cap(), blocked, any::<bool>()).prop_map(|(max_call_micros, max_day_micros, blocked, is_busy)| {
        Protection {
            max_call_micros,
            max_day_micros,
            blocked_prefixes: blocked.into_iter().map(ToOwned::to_owned).collect(),
            over_limit: if is_busy { OverLimit::Busy } else { OverLimit::RetryLater },
            ..Protection::default()
        }
    })
}

fn eligibility() -> impl Strategy<Value = Eligibility> {
    let access = || {
        let closed = Access::NotAllowed { why: "sign the agreement".to_owned() };
        prop_oneof![9 => Just(Access::Allowed), 1 => Just(closed)]
    };
    (access(), access())
        .prop_map(|(cloud_calling, direct_routing)| Eligibility { cloud_calling, direct_routing })
}

/// Each trunk and carrier has an address of its own.
fn address(group: usize, index: usize) -> IpAddr {
    format!("127.1.{group}.{}", index + 1).parse().expect("an address")
}

fn binding(tenant: usize) -> impl Strategy<Value = Binding> {
    let number = proptest::sample::select(&NUMBERS[..]);
    prop_oneof![
        Just(Binding::None),
        proptest::sample::select(&USERS[..]).prop_map(|user| Binding::User(user.to_owned())),
        (0..2_usize).prop_map(move |index| Binding::Trunk(format!("sbc{index}.t{tenant}.test"))),
        number.prop_map(|number| Binding::Forward(E164::parse(number).expect("a number"))),
    ]
}

fn route(tenant: usize) -> impl Strategy<Value = VoiceRoute> {
    let orders = [RouteOrder::Listed, RouteOrder::Shuffle, RouteOrder::Weighted];
    let trunks = proptest::collection::vec((0..3_usize, 0..2_u16, 0..3_u16), 0..3);
    let order = proptest::sample::select(orders.to_vec());
    let pattern = proptest::sample::select(&PATTERNS[..]);
    (pattern, trunks, any::<bool>(), order).prop_map(move |(pattern, trunks, is_overridden, order)| {
        VoiceRoute {
            name: format!("route {pattern}"),
            number_pattern: pattern.to_owned(),
            targets: trunks
                .into_iter()
                .map(|(index, priority, weight)| RouteTarget {
                    fqdn: format!("sbc{index}.t{tenant}.test"),
                    priority,
                    weight,
                })
                .collect(),
            caller_id_override: is_overridden.then(|| "+12125550199".to_owned()),
            order,
            ..VoiceRoute::default()
        }
    })
}

prop_compose! {
    fn tenant(index: usize)(
        active in proptest::bool::weighted(0.9),
        max_calls in prop_oneof![4 => Just(1_000_u32), 1 => 0..3_u32],
        trunks in (trunk(index, 0), trunk(index, 1)),
        routes in proptest::collection::vec(route(index), 0..3),
        users in proptest::sample::subsequence(USERS.to_vec(), 0..=2),
        bindings in proptest::collection::vec(binding(index), NUMBERS.len()),
        // Number `n` belongs to the tenant that is drawn for it, if any: tenants have disjoint shares.
        share in proptest::collection::vec(any::<bool>(), NUMBERS.len()),
        (protection, eligibility, country) in
            (protection(), eligibility(), proptest::sample::select(vec![None, Some("US"), Some("SE")])),
    ) -> Tenant {
        let id = TenantId(Uuid::from_u128(1_000 + index as u128));
        let numbers = (0..NUMBERS.len()).filter(|place| place % 3 == index && share[*place]).map(|place| Owned {
            lease: LeaseId(Uuid::from_u128(2_000 + place as u128)),
            tenant: id,
            number: E164::parse(NUMBERS[place]).expect("a number"),
            number_type: if place == 2 { NumberType::TollFree } else { NumberType::Geographic },
            binding: bindings[place].clone(),
        });
        Tenant {
            id,
            slug: format!("t{index}"),
            sip_domain: format!("t{index}.localhost"),
            active,
            limits: Limits { calls_per_second: 100, max_calls },
            plan: PlanId(Uuid::from_u128(3)),
            trunks: vec![trunks.0, trunks.1],
            routes,
            users: users.into_iter().map(ToOwned::to_owned).collect(),
            numbers: numbers.collect(),
            protection,
            eligibility,
            emergency: TenantEmergency {
                country: country.map(ToOwned::to_owned),
                ..TenantEmergency::default()
            },
            recording: RecordingPolicy {
                mode: if index == 1 { RecordingMode::Always } else { RecordingMode::Off },
                ..RecordingPolicy::default()
            },
        }
    }
}

fn carrier(index: usize) -> impl Strategy<Value = Carrier> {
    let prefixes = proptest::sample::subsequence(vec!["", "1", "46", "1206"], 0..=3);
    let cost = prop_oneof![3 => Just(1_000_i64), 1 => Just(15_000)];
    let given = (any::<bool>(), proptest::bool::weighted(0.8), prefixes, cost, 0..101_u8);
    given.prop_map(move |(sandbox, enabled, prefixes, cost_per_minute_micros, quality)| Carrier {
        id: CarrierId(Uuid::from_u128(4_000 + index as u128)),
        name: format!("carrier{index}"),
        sandbox,
        enabled,
        hosts: vec![CarrierHost {
            address: address(9, index).to_string(),
            port: 5060,
            transport: Transport::Udp,
        }],
        caller_id: CallerIdPolicy::Any,
        limits: Limits::default(),
        prefixes: prefixes
            .into_iter()
            .map(|prefix| CarrierPrefix {
                prefix: prefix.to_owned(),
                cost_per_minute_micros,
                windows: Vec::new(),
            })
            .collect(),
        quality,
        capacity: None,
        weight: 1,
        policy: PeerPolicy::default(),
        emergency_countries: Vec::new(),
        signing: domain::stir::Signing::Always,
        unverified: false,
        currency: domain::money::Currency::USD,
        deck: None,
    })
}

/// A configuration that can be printed, so that a failing case can be read.
pub(super) struct World(Live);

impl std::ops::Deref for World {
    type Target = Live;
    fn deref(&self) -> &Live {
        &self.0
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.config.fmt(f)
    }
}

/// A whole configuration by chance.
pub(super) fn worlds() -> impl Strategy<Value = World> {
    let carriers = (carrier(0), carrier(1)).prop_map(|(first, second)| vec![first, second]);
    ((tenant(0), tenant(1), tenant(2)), carriers, proptest::bool::weighted(0.95)).prop_map(
        |((first, second, third), carriers, has_plan)| {
            let plan = sandbox_plan(PlanId(Uuid::from_u128(3)));
            let abilities = Abilities { sip_tls: false, srtp: false };
            let plans = if has_plan { vec![plan] } else { Vec::new() };
            let route = carriers.first().map(|carrier| EmergencyRoute::Carrier { carrier: carrier.id });
            let mut platform = Platform::new(carriers, plans, abilities);
            platform.emergency = vec![EmergencyCountry {
                country: "US".to_owned(),
                numbers: vec!["911".to_owned()],
                test_numbers: Vec::new(),
                route,
                call_back: CallBack::Owned,
                address_required: true,
            }];
            World(live_on(platform, [first, second, third]))
        },
    )
}

/// A configuration of these parts.
pub(super) fn live(
    tenants: impl IntoIterator<Item = Tenant>,
    carriers: Vec<Carrier>,
    plans: Vec<domain::rating::PricePlan>,
) -> Live {
    let abilities = Abilities { sip_tls: false, srtp: false };
    live_on(Platform::new(carriers, plans, abilities), tenants)
}

fn live_on(platform: Platform, tenants: impl IntoIterator<Item = Tenant>) -> Live {
    let platform = Arc::new(PlatformPiece::new(platform));
    let tenants: Vec<_> = tenants.into_iter().map(|tenant| Arc::new(TenantPiece::new(tenant))).collect();
    let snapshot = Snapshot::new(platform, tenants.iter().cloned());
    let known: HashMap<_, _> =
        tenants.into_iter().map(|piece| (piece.piece.value.id, with_secrets(piece))).collect();
    Live::new(snapshot, known)
}

fn with_secrets(piece: Arc<TenantPiece>) -> Arc<LiveTenant> {
    let secret = |name: &String| {
        let ha1: crate::vault::Secret = b"00".to_vec().into();
        let user = SipUserId(Uuid::from_u128(5));
        (name.clone(), Credential { user, ha1_md5: ha1.clone(), ha1_sha256: ha1 })
    };
    let credentials = piece.piece.value.users.iter().map(secret).collect();
    Arc::new(LiveTenant {
        status: TenantStatus::Active,
        name: piece.piece.value.slug.clone(),
        credentials,
        keys: Vec::new(),
        trunk_secrets: HashMap::new(),
        piece,
    })
}

/// A tenant without trunks, routes, users and numbers, to be filled by hand.
pub(super) fn bare_tenant(index: usize) -> Tenant {
    Tenant {
        id: TenantId(Uuid::from_u128(1_000 + index as u128)),
        slug: format!("t{index}"),
        sip_domain: format!("t{index}.localhost"),
        active: true,
        limits: Limits::default(),
        plan: PlanId(Uuid::from_u128(3)),
        trunks: Vec::new(),
        routes: Vec::new(),
        users: vec!["anna".to_owned()],
        numbers: Vec::new(),
        protection: Protection::default(),
        eligibility: Eligibility::default(),
        recording: Default::default(),
        emergency: TenantEmergency::default(),
    }
}

/// A plain UDP trunk at an address.
pub(super) fn bare_trunk(id: u128, fqdn: &str, at: &str) -> Trunk {
    Trunk {
        id: TrunkId(Uuid::from_u128(id)),
        fqdn: fqdn.to_owned(),
        port: 5060,
        enabled: true,
        transport: Transport::Udp,
        addresses: vec![Place::try_from(at.to_owned()).expect("an address")],
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
