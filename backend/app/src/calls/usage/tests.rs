//! Counters on a clock of the test's own.

use super::*;
use std::time::Duration;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));
const CARRIER: Seated = Seated::Carrier(CarrierId(Uuid::from_u128(3)));
const TRUNK: Seated = Seated::Trunk(TENANT, TrunkId(Uuid::from_u128(2)));

#[test]
fn a_second_later_the_rate_is_zero_while_calls_are_still_up() {
    let origin = Instant::now();
    let usage = Usage::new(origin);
    assert_eq!(usage.begin(TENANT, origin), (0, 0));
    assert_eq!(usage.begin(TENANT, origin + Duration::from_millis(950)), (1, 1));
    assert_eq!(usage.read_at(TENANT, origin + Duration::from_millis(1_050)), (2, 1));
    assert_eq!(usage.read_at(TENANT, origin + Duration::from_secs(9)), (2, 0));
    usage.end(TENANT);
    assert_eq!(usage.live(), 1);
}

#[test]
fn a_refused_call_counts_for_nothing() {
    let origin = Instant::now();
    let usage = Usage::new(origin);
    usage.begin(TENANT, origin);
    usage.undo(TENANT, origin);
    assert_eq!(usage.read_at(TENANT, origin), (0, 0));
}

#[test]
fn a_trunk_or_carrier_gives_as_many_places_as_its_limits_say() {
    let origin = Instant::now();
    let usage = Usage::new(origin);
    for peer in [CARRIER, TRUNK] {
        let calls = Limits { calls_per_second: 100, max_calls: 2 };
        assert!(usage.take(peer, calls, origin).is_ok() && usage.take(peer, calls, origin).is_ok());
        assert!(usage.take(peer, calls, origin).is_err(), "two calls at the same time");
        usage.leave(peer);
        assert!(usage.take(peer, calls, origin).is_ok());

        let rate = Limits { calls_per_second: 3, max_calls: 100 };
        assert!(usage.take(peer, rate, origin).is_err(), "three calls a second");
        assert!(usage.take(peer, rate, origin + Duration::from_millis(1_001)).is_ok());
    }
    assert_eq!(usage.read_at(TENANT, origin), (0, 0), "a trunk's calls are counted apart from its tenant's");
}

#[test]
fn parallel_calls_never_take_one_place_twice() {
    let origin = Instant::now();
    let usage = Usage::new(origin);
    let limits = Limits { calls_per_second: 1_000_000, max_calls: 500 };
    let taken: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..1_000).filter(|_| usage.take(TRUNK, limits, origin).is_ok()).count()))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).sum()
    });
    assert_eq!(taken, 500);
}

#[test]
fn idle_tenants_and_trunks_are_forgotten() {
    let origin = Instant::now();
    let usage = Usage::new(origin);
    let limits = Limits::default();
    for n in 0..100_000_u128 {
        let at = origin + Duration::from_millis(u64::try_from(n).expect("small"));
        let tenant = TenantId(Uuid::from_u128(n));
        usage.begin(tenant, at);
        usage.undo(tenant, at);
        let trunk = Seated::Trunk(TENANT, TrunkId(Uuid::from_u128(n)));
        assert!(usage.take(trunk, limits, at).is_ok());
        usage.leave(trunk);
    }
    let known: usize = usage.tenants.iter().map(|part| State::lock(part).len()).sum();
    assert!(known <= PARTS * (TIDY_FROM + 1), "{known}");
    let trunks = State::lock(usage.part(TENANT))[&TENANT].trunks.len();
    assert!(trunks <= 2 * 1_100, "{trunks}");
}
