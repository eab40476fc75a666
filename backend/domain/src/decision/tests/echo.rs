//! The echo of the platform.

use super::*;

/// Who may call the echo, with a route that takes everything.
fn config(numbers: &[&str], acme: Tenant) -> Snapshot {
    let abilities = Abilities { sip_tls: false, srtp: false };
    let mut platform = Platform::new(vec![carrier(1, true, "")], vec![sandbox_plan(PLAN)], abilities);
    platform.audio.echo_numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
    let acme = Tenant { routes: vec![route(".*", &["sbc1.acme.test"])], ..acme };
    snapshot(vec![acme], vec![]).with_platform(Arc::new(PlatformPiece::new(platform)))
}

fn of_trunk(to: &str) -> Facts {
    facts(Source::Trunk { tenant: ACME, fqdn: "sbc2.acme.test".into() }, "+15550001111", to)
}

#[test]
fn a_tenants_phone_or_trunk_gets_the_echo_for_no_money_before_its_own_routes() {
    let config = config(&["echo", "+494012345678"], acme());
    let poor = Funds { available_micros: 0, ..RICH };
    for to in ["echo", "+494012345678", "8:echo123"] {
        for facts in [app("+15550001111", to), of_trunk(to)] {
            let decision = decide(&config, &facts, &poor);
            assert_eq!(names(&decision), ["echo"], "{decision:?}");
            assert_eq!((decision.quote.price(60_000).micros, decision.cap_seconds), (0, None));
            assert_eq!(decision.max_duration_seconds, ECHO_CALL_MAX_SECONDS);
            assert!(says(&decision, "number", "the echo of this platform"));
            assert_eq!(decision.clone().with_money(-1, None), decision, "it is asked for no money");
        }
    }
}

#[test]
fn who_has_the_number_or_the_name_is_called_and_without_numbers_there_is_no_echo() {
    let named = Tenant { users: vec!["echo".into()], ..acme() };
    assert_eq!(decide(&config(&["echo"], named), &app("+12125550100", "echo"), &RICH).plan[0].callee, "echo");
    let owner = config(&["+12125550100"], acme());
    let owned = decide(&owner, &app("+15550001111", "+12125550100"), &RICH);
    assert_eq!(cause(&owned), Some(Cause::NumberUnbound));
    let off = decide(&config(&[], acme()), &app("+15550001111", "8:echo123"), &RICH);
    assert_eq!(names(&off), ["sbc1.acme.test"]);
}

#[test]
fn the_echo_is_held_to_limits_and_is_nothing_for_callers_of_the_telephone_network() {
    let config = config(&["+494012345678", "112"], acme());
    let busy = Funds { live_calls: 100_000, ..RICH };
    assert_eq!(cause(&decide(&config, &app("+15550001111", "+494012345678"), &busy)), Some(Cause::CallLimit));
    let outside = facts(Source::Carrier { carrier: None }, "+15550001111", "+494012345678");
    assert_eq!(cause(&decide(&config, &outside, &RICH)), Some(Cause::NumberNotFound));
    let help = decide(&config, &app("+15550001111", "112"), &RICH);
    assert!(!names(&help).contains(&"echo".to_owned()), "an emergency call goes its own way");
}
