//! Dry runs.

use crate::tenant;
use serde_json::json;

#[test]
fn a_dry_run_shows_verdict_plan_quote_and_trace() {
    let tenant = tenant("Dry Runs");
    let number = tenant.buy("US", "geographic");
    let body = json!({"from": number, "to": "+12065550100", "source": "app"});
    let decision = tenant.post("/api/v1/calls:simulate", &body).expect(200).body;
    assert_eq!(decision["verdict"], "connect");
    assert_eq!(decision["quote"]["currency"], "USD");
    let micros: i64 = decision["quote"]["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["perMinute"]["amountMicros"].as_i64())
        .sum();
    assert_eq!(micros, 17_000);
    assert!(decision["trace"].as_array().is_some_and(|trace| trace.len() >= 4));
    // 9.00 at 0.0170 a minute are 31,764 s and more; a call lasts four hours at most.
    assert_eq!(decision["maxDurationSeconds"], 14_400);
}

#[test]
fn a_foreign_caller_id_is_refused_with_its_reason() {
    let tenant = tenant("Impersonates");
    let body = json!({"from": "+12125550100", "to": "+12065550100", "source": "app"});
    let decision = tenant.post("/api/v1/calls:simulate", &body).expect(200).body;
    assert_eq!(decision["verdict"], "refuse");
    assert!(
        decision.to_string().contains("caller-id-not-owned")
            || decision.to_string().contains("not a number that"),
        "{decision}"
    );
}

#[test]
fn an_unknown_trunk_as_source_is_named() {
    let body = json!({"from": "+12125550100", "to": "+12065550100", "source": {"trunk": "nowhere.test"}});
    let answer = tenant("No Such Trunk").post("/api/v1/calls:simulate", &body);
    assert!(matches!(answer.status, 400 | 404), "{} {}", answer.status, answer.text);
}
