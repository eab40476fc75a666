//! Bad input meets the error envelope.

use crate::{VERSION, server, tenant};
use serde_json::json;

#[test]
fn broken_json_and_a_wrong_field_get_the_envelope_with_the_fields_name() {
    let tenant = tenant("Bad Bodies");
    let wrong = tenant
        .post("/api/v1/calls:simulate", &json!({"from": "+12125550100", "to": 5, "source": "app"}))
        .expect(400);
    assert_eq!(wrong.body["error"]["target"], "to");
    assert!(wrong.body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(wrong.header("x-ms-error-code"), wrong.body["error"]["code"].as_str());
    let missing =
        tenant.post("/api/v1/calls:simulate", &json!({"from": "+12125550100", "source": "app"})).expect(400);
    assert_eq!(missing.body["error"]["target"], "to");
}

#[test]
fn an_unknown_path_and_a_wrong_method_get_the_envelope_too() {
    let tenant = tenant("Lost");
    assert_eq!(tenant.get("/api/v1/nothing-here").expect(404).body["error"]["code"], "NotFound");
    let method = tenant.delete("/api/v1/balance");
    assert!(matches!(method.status, 404 | 405), "{}", method.status);
    assert!(method.body["error"]["code"].is_string(), "{}", method.text);
}

#[test]
fn the_anonymous_are_refused_with_the_way_in() {
    let refused = server().anonymous().get(&format!("/phoneNumbers?{VERSION}")).expect(401);
    assert!(refused.body["error"]["message"].is_string());
    assert!(refused.header("www-authenticate").is_some());
}

#[test]
fn a_number_that_is_not_owned_is_not_found_in_the_protocols_words() {
    let answer = tenant("Not Mine").get(&format!("/phoneNumbers/%2B12125550199?{VERSION}")).expect(404);
    assert_eq!(answer.body["error"]["code"], "NotFound");
    assert!(
        answer.body["error"]["target"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("phonenumber")),
        "{}",
        answer.text
    );
}

#[test]
fn a_client_request_id_comes_back() {
    let http = reqwest::blocking::Client::new();
    let request = http
        .get(format!("{}/phoneNumbers?{VERSION}", server().http()))
        .header("x-ms-client-request-id", "abc-123");
    let answer = request.send().expect("an answer");
    assert_eq!(answer.headers().get("x-ms-client-request-id").and_then(|v| v.to_str().ok()), Some("abc-123"));
}
