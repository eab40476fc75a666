//! Money that is spent too fast: new calls are refused, and those that are up end, with one cause word everywhere.

use crate::{ECHO, PATIENCE, Tenant, dial};
use serde_json::{Value, json};

fn usd(micros: i64) -> Value {
    json!({"amountMicros": micros, "currency": "USD"})
}

#[test]
fn a_destination_on_which_too_much_is_spent_is_stopped_with_its_calls_and_lifted_by_its_tenant() {
    let mut tenant = Tenant::new("Stopped Fast");
    let (phone, account) = tenant.phone("caller", "127.22.3.181");
    // A call holds 0.0170 for its first minute: one is within the limit, two are not.
    let limits = json!({"velocity": {
        "destination": {"perHour": usd(20_000)}, "endsCalls": true, "releaseMinutes": 0,
    }});
    let kept = tenant.api.patch("/api/v1/protection", &limits).expect(200).body;
    assert_eq!(kept["effective"]["velocity"]["destination"]["perHour"], usd(20_000), "{kept}");
    let first = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    first.wait_answered().expect("it is answered");
    let exposure = tenant.api.get("/api/v1/exposure").expect(200).body;
    assert_eq!((&exposure["exposure"], &exposure["liveCalls"]), (&usd(17_000), &json!(1)), "{exposure}");

    let second = phone.call(&dial(&account, &tenant.number, "+12065550101")).expect("a call");
    let _ = first.wait_ended(PATIENCE).expect("the call that is up ends");
    let (status, reason) = second.wait_failed(PATIENCE).expect("the one that went past the limit is refused");
    assert_eq!(status, 403);
    assert!(reason.as_deref().is_some_and(|text| text.contains("velocity-stop")), "{reason:?}");
    assert_eq!(tenant.record(ECHO)["outcome"]["cause"], "velocity-stop");
    let third = phone.call(&dial(&account, &tenant.number, "+12065550102")).expect("a call");
    let (status, reason) = third.wait_failed(PATIENCE).expect("it is refused");
    assert_eq!(status, 403);
    assert!(
        reason.as_deref().is_some_and(|text| text.contains("cause=21") && text.contains("velocity-stop")),
        "{reason:?}"
    );
    let refused = tenant.record("+12065550102");
    assert_eq!(refused["outcome"]["cause"], "velocity-stop", "{refused}");
    let asked = json!({"from": tenant.number, "to": ECHO, "source": "app"});
    let dry = tenant.api.post("/api/v1/calls:simulate", &asked).expect(200).body;
    assert_eq!(dry["cause"], "velocity-stop", "{dry}");

    let stops = tenant.api.wait("/api/v1/stops", PATIENCE, |list| list["value"][0]["inForce"] == true);
    let stop = &stops["value"][0];
    assert_eq!(stop["of"], json!({"kind": "destination", "value": "US"}), "{stop}");
    let id = stop["id"].as_str().expect("an id");
    let lifted = tenant.api.post(&format!("/api/v1/stops/{id}:lift"), &json!({})).expect(200).body;
    assert_eq!(lifted["inForce"], false);
    let fourth = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    fourth.wait_answered().expect("calls are put through again");
    let _ = fourth.bye().expect("it ends");
    let spending = tenant.api.get("/api/v1/spending").expect(200).body;
    assert_eq!(spending["countries"][0]["country"], "US", "{spending}");
}
