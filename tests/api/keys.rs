//! Access keys, API keys and tokens from keys, over the true binary.

use crate::{VERSION, hmac, server, tenant};
use serde_json::json;

#[test]
fn an_access_key_that_was_replaced_signs_no_more_and_the_other_one_does() {
    let tenant = tenant("Replaces Keys");
    let key = |slot: &str| tenant.account["accessKeys"][slot].as_str().expect("a key").to_owned();
    let path = format!("/phoneNumbers?{VERSION}");
    let works = |key: &str| hmac::get(key, &path);
    assert_eq!((works(&key("primary")), works(&key("secondary"))), (200, 200));
    let listed = tenant.get("/api/v1/accessKeys").expect(200);
    assert_eq!(listed.body["value"][0]["slot"], "primary");
    assert!(!listed.text.contains(&key("primary")), "secrets are not listed");
    let shown = tenant.post("/api/v1/accessKeys/secondary:reveal", &json!({})).expect(200).body;
    assert_eq!(shown["key"], tenant.account["accessKeys"]["secondary"]);
    let made = tenant.post("/api/v1/accessKeys/primary:regenerate", &json!({})).expect(200).body;
    let fresh = made["key"].as_str().expect("a key");
    assert!(made["connectionString"].as_str().is_some_and(|text| text.ends_with(fresh)));
    assert_eq!((works(fresh), works(&key("primary")), works(&key("secondary"))), (200, 401, 200));
    let _ = tenant.post("/api/v1/accessKeys/tertiary:regenerate", &json!({})).expect(404);
    let audit = tenant.get("/api/v1/audit?what=accessKey").expect(200);
    assert_eq!(audit.body["value"].as_array().map(Vec::len), Some(2));
    assert!(!audit.text.contains(fresh), "no secret is in the audit");
}

#[test]
fn an_api_key_may_what_its_scopes_say_until_it_is_revoked() {
    let owner = tenant("Makes Keys");
    let new = json!({"name": "report", "scopes": ["numbers.read", "calls.read"]});
    let made = owner.post("/api/v1/apiKeys", &new).expect(201);
    let id = made.body["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), Some(format!("/api/v1/apiKeys/{id}").as_str()));
    let key = made.body["key"].as_str().expect("a key").to_owned();
    let machine = owner.with_token(&key);
    let me = machine.get("/api/v1/me").expect(200).body;
    assert_eq!(
        (me["role"].as_str(), me["scopes"].clone()),
        (Some("machine"), json!(["numbers.read", "calls.read"]))
    );
    let _ = machine.get(&format!("/phoneNumbers?{VERSION}")).expect(200);
    let _ = machine.get("/api/v1/calls").expect(200);
    let _ = machine.get("/api/v1/balance").expect(403);
    let _ = machine.get("/api/v1/operator/tenants").expect(404);
    let _ = machine.post("/api/v1/apiKeys", &new).expect(403);
    let _ = machine.post("/api/v1/sipUsers", &json!({"username": "no"})).expect(403);
    let listed = owner.get("/api/v1/apiKeys").expect(200);
    assert!(!listed.text.contains(&key), "the secret is shown once");
    assert!(listed.body["value"][0]["lastUsedAt"].is_string());
    let narrow = json!({"scopes": ["calls.read"], "expiresInMinutes": 5});
    let token = machine.post("/api/v1/accessTokens", &narrow).expect(201).body;
    let bearer = owner.with_token(token["token"].as_str().expect("a token"));
    let _ = bearer.get("/api/v1/calls").expect(200);
    let _ = bearer.get(&format!("/phoneNumbers?{VERSION}")).expect(403);
    let wide = machine.post("/api/v1/accessTokens", &json!({"scopes": ["money.read"]})).expect(400);
    assert_eq!(wide.body["error"]["target"], "scopes");
    let stranger = tenant("Strange To Keys");
    let _ = stranger.delete(&format!("/api/v1/apiKeys/{id}")).expect(404);
    let _ = owner.delete(&format!("/api/v1/apiKeys/{id}")).expect(204);
    let refused = machine.get("/api/v1/calls").expect(401);
    assert!(refused.text.contains("revoked"), "{}", refused.text);
    let _ = bearer.get("/api/v1/calls").expect(401);
}

#[test]
fn a_bad_key_order_is_refused_by_its_field() {
    let owner = tenant("Orders Badly");
    for (order, target) in [
        (json!({"name": "", "scopes": ["calls.read"]}), "name"),
        (json!({"name": "x", "scopes": []}), "scopes"),
        (json!({"name": "x", "scopes": ["operator.write"]}), "scopes"),
        (json!({"name": "x", "scopes": ["calls.read"], "expiresAt": "2020-01-01T00:00:00Z"}), "expiresAt"),
    ] {
        let refused = owner.post("/api/v1/apiKeys", &order).expect(400);
        assert_eq!(refused.body["error"]["target"], target, "{}", refused.text);
    }
}

#[test]
fn a_reading_key_of_the_operator_changes_nothing() {
    let operator = server().operator();
    let make = |scope: &str| {
        let made = operator.post("/api/v1/operator/apiKeys", &json!({"name": scope, "scopes": [scope]}));
        operator.with_token(made.expect(201).body["key"].as_str().expect("a key"))
    };
    let (reader, writer) = (make("operator.read"), make("operator.write"));
    let _ = reader.get("/api/v1/operator/tenants").expect(200);
    let refused = reader.post("/api/v1/operator/invitations", &json!({})).expect(403);
    assert!(refused.text.contains("operator.write"), "{}", refused.text);
    let _ = writer.post("/api/v1/operator/invitations", &json!({})).expect(201);
    let _ = writer
        .post("/api/v1/operator/apiKeys", &json!({"name": "x", "scopes": ["operator.read"]}))
        .expect(403);
    let _ = reader.get("/api/v1/balance").expect(403);
    let token = reader.post("/api/v1/accessTokens", &json!({})).expect(201).body;
    let token = reader.with_token(token["token"].as_str().expect("a token"));
    let _ = token.get("/api/v1/operator/tenants").expect(200);
}
