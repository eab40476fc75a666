//! Who records a call: each of its tenants by its own policy.

use super::*;
use crate::recording::{RecordingMode, RecordingNotice, RecordingPolicy};

const OFF: RecordingPolicy =
    RecordingPolicy { mode: RecordingMode::Off, retention_days: 30, notice: RecordingNotice::None };
const ON_DEMAND: RecordingPolicy = RecordingPolicy { mode: RecordingMode::OnDemand, ..OFF };
const ALWAYS: RecordingPolicy = RecordingPolicy { mode: RecordingMode::Always, retention_days: 7, ..OFF };
const ALWAYS_WITH_TONE: RecordingPolicy =
    RecordingPolicy { mode: RecordingMode::Always, retention_days: 90, notice: RecordingNotice::Tone };

/// Acme calls a number of the other tenant's user, or one of its own.
fn config(payer: RecordingPolicy, callee: RecordingPolicy) -> Snapshot {
    let acme = Tenant {
        numbers: vec![
            owned(ACME, "+12125550100", Binding::User("anna".into())),
            owned(ACME, "+12125550101", Binding::Forward(number("+12125550155"))),
        ],
        recording: payer,
        ..tenant(ACME, "acme")
    };
    let other = Tenant {
        numbers: vec![owned(OTHER, "+12125550155", Binding::User("anna".into()))],
        recording: callee,
        ..tenant(OTHER, "other")
    };
    snapshot(vec![acme, other], vec![carrier(1, true, "")])
}

/// What the trace says of recordings, by rule.
fn steps(decision: &Decision) -> Vec<(&str, &str)> {
    let of_recordings = |step: &StepRef<'_>| matches!(step.rule, "recording" | "calleeRecording");
    decision.trace.iter().filter(of_recordings).map(|step| (step.rule, step.text)).collect()
}

#[test]
fn each_tenant_of_a_call_records_it_by_its_own_policy_and_the_trace_says_so_for_each() {
    let of_payer =
        ("recording", "it is recorded from the answer on: nobody hears of it, and it is kept for 7 days");
    let of_callee = (
        "calleeRecording",
        "the callee's tenant records it from the answer on: both sides hear a tone, and it is kept for 90 days",
    );
    for (payer, callee, who, said) in [
        (OFF, OFF, vec![], vec![]),
        (ON_DEMAND, ON_DEMAND, vec![], vec![]),
        (ALWAYS, OFF, vec![ACME], vec![of_payer]),
        (ALWAYS, ON_DEMAND, vec![ACME], vec![of_payer]),
        (OFF, ALWAYS_WITH_TONE, vec![OTHER], vec![of_callee]),
        (ALWAYS, ALWAYS_WITH_TONE, vec![ACME, OTHER], vec![of_payer, of_callee]),
    ] {
        let decision = decide(&config(payer, callee), &app("+15550001111", "+12125550155"), &RICH);
        assert!(decision.connects() && decision.payer == Some(ACME));
        assert_eq!((&decision.recording, steps(&decision)), (&who, said), "{payer:?} {callee:?}");
    }
}

#[test]
fn a_tenant_that_calls_itself_or_the_telephone_network_records_once() {
    let config = config(ALWAYS, ALWAYS_WITH_TONE);
    for to in ["+12125550100", "anna", "+14155550123"] {
        let decision = decide(&config, &app("+12125550100", to), &RICH);
        assert!(decision.connects(), "{to}: {decision:?}");
        assert_eq!(decision.recording, [ACME], "{to}");
    }
    let forwarded = facts(Source::Carrier { carrier: None }, "+15550001111", "+12125550101");
    let decision = decide(&config, &forwarded, &RICH);
    assert_eq!(decision.recording, [ACME, OTHER], "it is paid for by the one and taken by the other");
}

#[test]
fn what_was_kept_while_one_alone_could_record_is_read() {
    let config = config(ALWAYS, ALWAYS);
    let decision = decide(&config, &app("+15550001111", "+12125550155"), &RICH);
    let mut json = serde_json::to_value(&decision).expect("JSON");
    assert_eq!(serde_json::from_value::<Decision>(json.clone()).ok(), Some(decision));
    json["recording"] = serde_json::json!(OTHER);
    let read = |json: &serde_json::Value| serde_json::from_value::<Decision>(json.clone()).ok();
    assert_eq!(read(&json).map(|read| read.recording), Some(vec![OTHER]));
    json.as_object_mut().expect("an object").remove("recording");
    assert_eq!(read(&json).map(|read| read.recording), Some(vec![]));
}
