//! Signatures of calls from carriers.

use super::*;
use crate::stir::{Attestation, Fault, Handling, Passport, Policy, TenantHandling, Verification, Verstat};

fn passport() -> Passport {
    Passport {
        orig: "12155551212".into(),
        dest: vec!["12125550100".into()],
        issued_at: 1,
        attest: Attestation::Partial,
        origin_id: "1".into(),
    }
}

fn config(policy: Policy, own: TenantHandling, from: Carrier) -> Snapshot {
    let protection = Protection { unverified: own, ..Protection::default() };
    let numbers = vec![owned(ACME, "+12125550100", Binding::User("anna".into()))];
    let acme = Tenant { numbers, protection, ..tenant(ACME, "acme") };
    let mut platform =
        Platform::new(vec![from], vec![sandbox_plan(PLAN)], Abilities { sip_tls: false, srtp: false });
    platform.stir = policy;
    Snapshot::new(Arc::new(PlatformPiece::new(platform)), [Arc::new(TenantPiece::new(acme))])
}

fn called(config: &Snapshot, identity: Option<Verification>) -> Decision {
    let source = Source::Carrier { carrier: Some(CarrierId(Uuid::from_u128(5))) };
    let facts = Facts { identity: identity.map(Box::new), ..facts(source, "+12155551212", "+12125550100") };
    decide(config, &facts, &RICH)
}

#[test]
fn each_fault_is_handled_as_it_is_set() {
    let faults = [
        (None, 428),
        (Some(Fault::Malformed("x")), 438),
        (Some(Fault::Unsupported("x".into())), 437),
        (Some(Fault::Stale(90)), 403),
        (Some(Fault::Other("orig")), 438),
        (Some(Fault::NoCertificate("x".into())), 436),
        (Some(Fault::Certificate("x".into())), 437),
        (Some(Fault::Signature), 438),
    ];
    let real = || carrier(5, false, "");
    for (fault, status) in faults {
        let found = fault.as_ref().map(Verification::faulty);
        let verstat = found.as_ref().map_or(Verstat::NotValidated, |found| found.verstat);
        let all = |handling| Policy { verifies: true, failed: handling, missing: handling };
        let with =
            |handling| called(&config(all(handling), TenantHandling::default(), real()), found.clone());

        let passed = with(Handling::Pass);
        assert!(passed.connects() && passed.verstat.is_none(), "{fault:?}");
        assert!(says(&passed, "identity", verstat.word()), "{fault:?}");
        let marked = with(Handling::Mark);
        assert!(marked.connects());
        assert_eq!(marked.verstat, Some(verstat), "{fault:?}");
        for (handling, status) in [(Handling::Refuse, status), (Handling::Unwanted, 607)] {
            let refused = with(handling);
            assert_eq!(cause(&refused), Some(Cause::CallerNotVerified), "{fault:?}");
            assert_eq!(refused.status, Some(status), "{fault:?}");
        }
    }
}

#[test]
fn a_signature_that_holds_is_told_whatever_is_set() {
    let passed = Verification::passed(&passport(), "1234", "https://cert.test/a");
    let strict = Policy { verifies: true, failed: Handling::Refuse, missing: Handling::Refuse };
    let decision = called(&config(strict, TenantHandling::default(), carrier(5, false, "")), Some(passed));
    assert!(decision.connects());
    assert_eq!(decision.verstat, Some(Verstat::Passed));
    assert!(says(&decision, "identity", "attests B"));
}

#[test]
fn nothing_is_asked_where_nothing_is_verified() {
    let strict = Policy { verifies: true, failed: Handling::Refuse, missing: Handling::Refuse };
    let off = Policy { verifies: false, ..strict };
    let own = TenantHandling { failed: Some(Handling::Refuse), missing: Some(Handling::Refuse) };
    let exempt = Carrier { unverified: true, ..carrier(5, false, "") };
    for config in [
        config(off, own, carrier(5, false, "")),
        config(strict, own, exempt),
        config(strict, own, carrier(5, true, "")),
    ] {
        let decision = called(&config, Some(Verification::faulty(&Fault::Signature)));
        assert!(decision.connects() && decision.verstat.is_none());
        assert!(!decision.trace.iter().any(|step| step.rule == "identity"));
    }
}

#[test]
fn a_tenant_refuses_what_the_operator_lets_through() {
    let own = TenantHandling { failed: Some(Handling::Unwanted), missing: None };
    let lenient = Policy { verifies: true, failed: Handling::Mark, missing: Handling::Mark };
    let config = config(lenient, own, carrier(5, false, ""));
    assert_eq!(called(&config, Some(Verification::faulty(&Fault::Signature))).status, Some(607));
    assert_eq!(called(&config, None).verstat, Some(Verstat::NotValidated));
}
