//! A dry run says what the live call then does.

use crate::{ECHO, Tenant, dial};
use serde_json::{Value, json};

fn rules(trace: &Value) -> Vec<(String, String)> {
    let text = |step: &Value, key: &str| step[key].as_str().unwrap_or_default().to_owned();
    trace.as_array().expect("a trace").iter().map(|step| (text(step, "rule"), text(step, "mark"))).collect()
}

#[test]
fn the_dry_run_and_the_live_call_go_through_the_same_rules_to_the_same_end() {
    let mut tenant = Tenant::new("Dry And Live");
    let (phone, account) = tenant.phone("anna", "127.22.5.1");
    for (from, to) in [
        (tenant.number.clone(), ECHO),
        (tenant.number.clone(), "112"),
        ("+15550001111".to_owned(), "+12065550161"),
    ] {
        let dry = tenant
            .api
            .post("/api/v1/calls:simulate", &json!({"from": from, "to": to, "source": "app"}))
            .expect(200)
            .body;
        let call = phone.call(&dial(&account, &from, to)).expect("a call");
        if dry["verdict"] == "connect" {
            call.wait_ringing().expect("it rings, as the dry run said");
            call.hang_up().expect("cancelled");
        } else {
            let _ = call.wait_failed(crate::PATIENCE).expect("it is refused, as the dry run said");
        }
        let record = tenant.record(to);
        assert_eq!(rules(&dry["trace"]), rules(&record["decision"]["trace"]), "{from} to {to}");
    }
}
