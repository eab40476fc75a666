//! Offences, bans and their decay, on a clock of the test's own.

use super::*;
use std::net::Ipv4Addr;

const A: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A guard and its clock.
struct Watch {
    guard: Guard,
    now: Instant,
}

impl Watch {
    fn new() -> Self {
        let now = Instant::now();
        Self { guard: Guard::new(Rules::default(), now), now }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn offend(&self, ip: IpAddr, offence: Offence) {
        self.guard.offend((ip, false), offence, self.now, || false);
    }

    fn is_banned(&self, ip: IpAddr) -> bool {
        self.guard.is_banned(ip, false, self.now)
    }

    fn ban(&self) -> Ban {
        self.guard.bans(self.now, SystemTime::UNIX_EPOCH + Duration::from_secs(10_000)).remove(0)
    }
}

#[test]
fn a_scanner_is_banned_at_once_and_each_time_for_longer_until_that_is_forgotten() {
    let mut watch = Watch::new();
    for seconds in [60, 120, 240, 480] {
        watch.offend(A, Offence::Scanner);
        assert!(watch.is_banned(A));
        let ban = watch.ban();
        let lasts = ban.until.duration_since(ban.since).expect("until is later").as_secs();
        assert!(lasts.abs_diff(seconds) <= seconds / 20, "{lasts} s instead of {seconds} s");
        watch.pass(lasts + 1);
        assert!(!watch.is_banned(A));
    }
    watch.pass(12 * 3_600);
    watch.offend(A, Offence::Scanner);
    let ban = watch.ban();
    assert_eq!(
        (ban.times, ban.until.duration_since(ban.since).ok().map(|lasts| lasts.as_secs())),
        (1, Some(60))
    );
}

#[test]
fn no_ban_lasts_longer_than_the_longest() {
    let mut watch = Watch::new();
    for _ in 0..40 {
        watch.offend(A, Offence::Scanner);
        let ban = watch.ban();
        let lasts = ban.until.duration_since(ban.since).expect("until is later");
        assert!(lasts <= Duration::from_secs(3_600));
        watch.pass(lasts.as_secs() + 1);
    }
}

#[test]
fn ten_wrong_passwords_in_a_row_ban_and_ten_over_hours_do_not() {
    let mut watch = Watch::new();
    for _ in 0..9 {
        watch.offend(A, Offence::WrongCredentials);
    }
    assert!(!watch.is_banned(A));
    watch.offend(A, Offence::WrongCredentials);
    assert!(watch.is_banned(A));
    assert_eq!(watch.ban().reason, Offence::WrongCredentials);

    let slow = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    for _ in 0..40 {
        watch.offend(slow, Offence::WrongCredentials);
        watch.pass(600);
        assert!(!watch.is_banned(slow));
    }
}

#[test]
fn names_asked_for_and_never_proved_ban_but_a_site_that_comes_back_at_once_is_not() {
    let mut watch = Watch::new();
    // A hundred phones behind one address, all in the same second, before the first could answer.
    for phone in 0..100 {
        watch.guard.asked((A, false), &format!("phone{phone}"), watch.now, || false);
    }
    assert!(!watch.is_banned(A));
    watch.guard.prove(A, PROVEN_FOR, watch.now);
    watch.pass(20);
    for phone in 0..100 {
        watch.guard.asked((A, false), &format!("phone{phone}"), watch.now, || false);
    }
    assert!(!watch.is_banned(A));

    let scanner = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    for extension in 100..250 {
        watch.guard.asked((scanner, false), &extension.to_string(), watch.now, || false);
        watch.now += Duration::from_millis(200);
    }
    assert!(watch.is_banned(scanner));
    assert_eq!(watch.ban().reason, Offence::Enumeration);
}

#[test]
fn an_address_of_a_trunk_or_of_a_phone_that_proved_itself_is_never_banned() {
    let watch = Watch::new();
    watch.guard.offend((A, false), Offence::Scanner, watch.now, || true);
    assert!(!watch.is_banned(A));
    let phone = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    watch.guard.prove(phone, PROVEN_FOR, watch.now);
    watch.offend(phone, Offence::Scanner);
    assert!(!watch.is_banned(phone));
}

#[test]
fn a_proof_over_a_connection_lifts_the_ban_that_a_forged_datagram_earned() {
    let watch = Watch::new();
    watch.offend(A, Offence::Scanner);
    assert!(watch.is_banned(A) && !watch.guard.is_banned(A, true, watch.now));
    watch.guard.prove(A, PROVEN_FOR, watch.now);
    assert!(!watch.is_banned(A));
}

#[test]
fn a_ban_earned_over_a_connection_covers_datagrams_too() {
    let watch = Watch::new();
    watch.guard.offend((A, true), Offence::Scanner, watch.now, || false);
    assert!(watch.is_banned(A) && watch.guard.is_banned(A, true, watch.now));
    assert!(watch.ban().covers_streams);
}

#[test]
fn an_operator_lifts_one_ban_or_all() {
    let watch = Watch::new();
    let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    watch.offend(A, Offence::Scanner);
    watch.offend(other, Offence::Scanner);
    assert!(watch.guard.clear(A) && !watch.guard.clear(A));
    assert!(!watch.is_banned(A) && watch.is_banned(other));
    assert_eq!(watch.guard.clear_all(), 1);
    assert!(!watch.is_banned(other));
}

#[test]
fn a_whole_64_of_ipv6_is_one_customer() {
    let watch = Watch::new();
    let at = |text: &str| text.parse::<IpAddr>().expect("an address");
    watch.offend(at("2001:db8::1"), Offence::Scanner);
    assert!(watch.is_banned(at("2001:db8::ffff:1")));
    assert!(!watch.is_banned(at("2001:db8:0:1::1")));
}

#[test]
fn the_table_is_bounded_and_empties_itself() {
    let mut watch = Watch::new();
    for n in 0..OFFENDERS_MAX + 5_000 {
        watch.offend(IpAddr::V4(Ipv4Addr::from(u32::try_from(n).expect("small"))), Offence::Stranger);
        if n % 1_000 == 0 {
            watch.pass(1);
        }
    }
    assert!(watch.guard.sizes(watch.now).1 <= OFFENDERS_MAX);
    watch.pass(24 * 3_600);
    watch.guard.sweep(watch.now);
    assert_eq!(watch.guard.sizes(watch.now), (0, 0));
}
