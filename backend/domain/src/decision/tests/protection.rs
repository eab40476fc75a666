//! Where a tenant may call, and for how much.

use super::*;

fn called(protection: Protection, to: &str) -> Decision {
    let tenant = Tenant { protection, ..acme() };
    decide(&snapshot(vec![tenant], vec![carrier(1, true, "")]), &app("+12125550100", to), &RICH)
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

#[test]
fn only_listed_countries_and_prefixes_are_called_and_the_longer_of_two_prefixes_wins() {
    let lists = |countries: &[&str], allowed: &[&str], blocked: &[&str]| Protection {
        allowed_countries: texts(countries),
        allowed_prefixes: texts(allowed),
        blocked_prefixes: texts(blocked),
        ..Protection::default()
    };
    for (protection, to, expected) in [
        (lists(&[], &[], &[]), "+4684650040", None),
        (lists(&["SE"], &[], &[]), "+4684650040", None),
        (lists(&["SE"], &[], &[]), "+4721000000", Some(Cause::DestinationNotAllowed)),
        (lists(&["US"], &[], &[]), "+14165550100", Some(Cause::DestinationNotAllowed)), // Toronto
        (lists(&["US"], &["1416"], &[]), "+14165550100", None),
        (lists(&[], &["47"], &[]), "+4684650040", Some(Cause::DestinationNotAllowed)),
        (lists(&[], &[], &["46"]), "+4684650040", Some(Cause::DestinationNotAllowed)),
        (lists(&[], &[], &["46"]), "+4721000000", None),
        (lists(&["SE"], &[], &["4690"]), "+4690123456", Some(Cause::DestinationNotAllowed)),
        (lists(&[], &["468"], &["46"]), "+4684650040", None),
        (lists(&[], &["46"], &["468"]), "+4684650040", Some(Cause::DestinationNotAllowed)),
    ] {
        assert_eq!(cause(&called(protection.clone(), to)), expected, "{protection:?} {to}");
    }
}

#[test]
fn the_lists_hold_for_the_tenants_own_trunks_too() {
    let mut acme = acme();
    acme.routes = vec![route(r"^\+", &["sbc1.acme.test"])];
    acme.protection.blocked_prefixes = texts(&["47"]);
    let config = snapshot(vec![acme], vec![]);
    assert_eq!(
        cause(&decide(&config, &app("+12125550100", "+4721000000"), &RICH)),
        Some(Cause::DestinationNotAllowed)
    );
    assert!(decide(&config, &app("+12125550100", "+4684650040"), &RICH).connects());
}

#[test]
fn a_high_risk_destination_is_closed_until_it_is_opened() {
    let refused = called(Protection::default(), "+881612345678");
    assert_eq!(cause(&refused), Some(Cause::HighRiskDestination));
    assert!(says(&refused, "destination", "Iridium"));
    let opened = Protection { high_risk_prefixes: texts(&["8816"]), ..Protection::default() };
    assert!(called(opened, "+881612345678").connects());
    let other = Protection { high_risk_prefixes: texts(&["882"]), ..Protection::default() };
    assert_eq!(cause(&called(other, "+881612345678")), Some(Cause::HighRiskDestination));
}

#[test]
fn a_call_lasts_no_longer_than_its_cap_pays_for() {
    // App leg 4,000 and outbound 13,000: 17,000 micro-units a minute.
    let capped =
        called(Protection { max_call_micros: Some(34_000), ..Protection::default() }, "+12065550100");
    assert_eq!((capped.max_duration_seconds, capped.cap_seconds), (120, Some(120)));
    let nothing = called(Protection { max_call_micros: Some(0), ..Protection::default() }, "+12065550100");
    assert_eq!(cause(&nothing), Some(Cause::SpendCap));
    let wide =
        called(Protection { max_call_micros: Some(i64::MAX), ..Protection::default() }, "+12065550100");
    assert_eq!(wide.cap_seconds, None);
}

#[test]
fn a_trunks_own_cap_holds_for_calls_from_it() {
    let mut acme = acme();
    acme.trunks[0].max_call_micros = Some(17_000);
    acme.protection.max_call_micros = Some(34_000);
    let config = snapshot(vec![acme], vec![carrier(1, true, "")]);
    let call =
        facts(Source::Trunk { tenant: ACME, fqdn: "sbc1.acme.test".into() }, "+12125550100", "+12065550100");
    assert_eq!(decide(&config, &call, &RICH).max_duration_seconds, 60);
}

#[test]
fn a_days_cap_ends_calls_at_it_and_refuses_those_past_it() {
    let tenant = Tenant {
        protection: Protection { max_day_micros: Some(1_000_000), ..Protection::default() },
        ..acme()
    };
    let config = snapshot(vec![tenant], vec![carrier(1, true, "")]);
    let after = |spent_today_micros| {
        let usage = Usage { spent_today_micros, ..Usage::NONE };
        decide(&config, &app("+12125550100", "+12065550100"), &Funds { usage, ..RICH })
    };
    assert_eq!(after(966_000).max_duration_seconds, 120);
    let over = after(1_000_000);
    assert_eq!(cause(&over), Some(Cause::SpendCap));
    assert!(says(&over, "caps", "have cost 1.00 USD, and 1.00 USD is the cap"));
}

#[test]
fn a_limit_is_answered_as_the_tenant_wants() {
    for (over_limit, status) in [(OverLimit::RetryLater, None), (OverLimit::Busy, Some(486))] {
        let mut tenant = Tenant { protection: Protection { over_limit, ..Protection::default() }, ..acme() };
        tenant.limits.max_calls = 0;
        let decision = decide(&snapshot(vec![tenant], vec![]), &app("bob", "anna"), &RICH);
        assert_eq!((cause(&decision), decision.status), (Some(Cause::CallLimit), status));
    }
}

#[test]
fn settings_out_of_their_bounds_are_refused_by_name() {
    let fault = |protection: Protection| protection.check().expect_err("a fault").field;
    let base = Protection::default;
    assert_eq!(fault(Protection { allowed_countries: texts(&["Sweden"]), ..base() }), "allowedCountries");
    assert_eq!(fault(Protection { blocked_prefixes: texts(&["+46"]), ..base() }), "blockedPrefixes");
    assert_eq!(fault(Protection { max_day_micros: Some(-1), ..base() }), "maxDayMicros");
    let policy =
        PeerPolicy { session_timer: SessionTimer { enabled: true, seconds: 89 }, ..PeerPolicy::default() };
    assert_eq!(policy.check().expect_err("a fault").field, "sessionTimer.seconds");
}

#[test]
fn configuration_that_an_older_version_kept_is_read_with_defaults() {
    let old = r#"{"id":"00000000-0000-0000-0000-000000000001","slug":"acme","sip_domain":"acme.test","active":true,
        "limits":{"callsPerSecond":100,"maxCalls":1000},"plan":"00000000-0000-0000-0000-000000000009",
        "trunks":[{"id":"00000000-0000-0000-0000-000000000046","fqdn":"sbc1.acme.test","port":5060,"enabled":true,
            "transport":"udp","addresses":["127.0.0.1:5080"],"srtp":"off","codecs":[],"limits":{"callsPerSecond":1,"maxCalls":2}}],
        "routes":[{"name":"us","description":null,"number_pattern":"^\\+1","trunks":["sbc1.acme.test"],"caller_id_override":null}],
        "users":["anna"],"numbers":[]}"#;
    let tenant: Tenant = serde_json::from_str(old).expect("an old tenant");
    assert_eq!(tenant.trunks[0].policy, PeerPolicy::default());
    assert_eq!(tenant.protection, Protection::default());
    let piece = TenantPiece::kept(Piece::kept("0123456789abcdef".into(), tenant));
    let config = Snapshot::new(snapshot(vec![], vec![]).platform, [Arc::new(piece)]);
    let decision = decide(&config, &app("+12125550100", "+12065550100"), &RICH);
    assert_eq!(names(&decision), ["sbc1.acme.test"]);
    assert!(decision.config.contains(&"0123456789abcdef".to_owned()), "the version stays as it was kept");
}

#[test]
fn a_trunk_or_carrier_at_its_limit_is_not_called_from_either() {
    let mut acme = acme();
    acme.protection.over_limit = OverLimit::Busy;
    acme.numbers = vec![owned(ACME, "+12125550100", Binding::User("anna".into()))];
    let config = snapshot(vec![acme], vec![carrier(1, false, "")]);
    let from_trunk =
        facts(Source::Trunk { tenant: ACME, fqdn: "sbc1.acme.test".into() }, "+12125550100", "anna");
    let carrier_id = CarrierId(Uuid::from_u128(1));
    let from_carrier = facts(Source::Carrier { carrier: Some(carrier_id) }, "+12065550111", "+12125550100");
    let limits = Limits::default();
    let busy = |peer, live_calls, calls_last_second| Funds {
        usage: Usage { loads: vec![PeerLoad { peer, live_calls, calls_last_second }], ..Usage::NONE },
        ..RICH
    };
    for (call, peer) in
        [(&from_trunk, Peer::Trunk(TrunkId(Uuid::from_u128(70)))), (&from_carrier, Peer::Carrier(carrier_id))]
    {
        let at_once = decide(&config, call, &busy(peer, limits.max_calls, 0));
        assert_eq!((cause(&at_once), at_once.status), (Some(Cause::CallLimit), Some(486)));
        let at_a_time = decide(&config, call, &busy(peer, 0, limits.calls_per_second));
        assert_eq!(cause(&at_a_time), Some(Cause::RateLimit));
        assert!(decide(&config, call, &busy(peer, limits.max_calls - 1, 0)).connects());
    }
}
