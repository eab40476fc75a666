//! Users of tenants' apps, and what their tokens are worth.

use crate::{server, tenant};
use serde_json::{Value, json};
use testkit::server::Client;

const V: &str = "api-version=2023-10-01";

fn escaped(id: &str) -> String {
    id.replace(':', "%3A")
}

fn made(api: &Client, scopes: &[&str]) -> (String, String) {
    let body =
        api.post(&format!("/identities?{V}"), &json!({"createTokenWithScopes": scopes})).expect(201).body;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&body["identity"]["id"]), text(&body["accessToken"]["token"]))
}

fn issued(api: &Client, id: &str) -> String {
    let path = format!("/identities/{}/:issueAccessToken?{V}", escaped(id));
    let body = api.post(&path, &json!({"scopes": ["voip"]})).expect(200).body;
    body["token"].as_str().expect("a token").to_owned()
}

fn status_of(token: &str) -> u16 {
    server().anonymous().with_token(token).get("/api/v1/me").status
}

#[test]
fn a_token_says_who_its_bearer_is_and_opens_nothing_else() {
    let api = tenant("Identity Me");
    let (id, token) = made(&api, &["voip", "chat"]);
    let bearer = api.with_token(&token);
    let me = bearer.get("/api/v1/me").expect(200).body;
    assert_eq!((me["name"].as_str(), me["role"].as_str()), (Some(id.as_str()), Some("appUser")));
    assert_eq!(me["scopes"], json!(["voip", "chat"]));
    assert!(
        me["sip"]["uri"].as_str().is_some_and(|uri| uri.starts_with("sip:") && uri.contains('@')),
        "{me}"
    );
    for path in ["/api/v1/tenant", "/api/v1/calls", "/api/v1/balance", "/phoneNumbers?api-version=2025-06-01"]
    {
        assert_eq!(bearer.get(path).status, 403, "{path}");
    }
    assert_eq!(bearer.get("/api/v1/operator/signingKeys").status, 404);
    assert_eq!(bearer.post(&format!("/identities?{V}"), &json!({})).status, 403);
}

#[test]
fn revoked_tokens_are_void_at_once_and_new_ones_hold() {
    let api = tenant("Identity Revoked");
    let (id, before) = made(&api, &["voip"]);
    assert_eq!(status_of(&before), 200);
    assert_eq!(
        api.send("POST", &format!("/identities/{}/:revokeAccessTokens?{V}", escaped(&id)), None).status,
        204
    );
    assert_eq!(status_of(&before), 401);
    let after = issued(&api, &id);
    assert_eq!(status_of(&after), 200);
    assert_eq!(api.delete(&format!("/identities/{}?{V}", escaped(&id))).status, 204);
    assert_eq!(status_of(&after), 401);
    assert_eq!(api.delete(&format!("/identities/{}?{V}", escaped(&id))).status, 404);
}

#[test]
fn users_of_another_tenant_are_not_there() {
    let (api, stranger) = (tenant("Identity Owner"), tenant("Identity Stranger"));
    let (id, token) = made(&api, &["voip"]);
    let path = format!("/identities/{}", escaped(&id));
    let order = json!({"scopes": ["voip"]});
    assert_eq!(stranger.post(&format!("{path}/:issueAccessToken?{V}"), &order).status, 404);
    assert_eq!(stranger.send("POST", &format!("{path}/:revokeAccessTokens?{V}"), None).status, 404);
    assert_eq!(stranger.delete(&format!("{path}?{V}")).status, 404);
    assert_eq!(status_of(&token), 200);
    assert_eq!(stranger.get("/api/v1/identities").expect(200).body["value"], json!([]));
}

#[test]
fn a_bad_order_names_its_field_and_makes_nobody() {
    let api = tenant("Identity Order");
    for (order, field) in [
        (json!({"createTokenWithScopes": ["phone"]}), "createTokenWithScopes"),
        (json!({"createTokenWithScopes": ["voip"], "expiresInMinutes": 59}), "expiresInMinutes"),
        (json!({"createTokenWithScopes": ["voip"], "expiresInMinutes": 1441}), "expiresInMinutes"),
        (json!({"createTokenWithScopes": "voip"}), "createTokenWithScopes"),
    ] {
        let error = api.post(&format!("/identities?{V}"), &order).expect(400).body["error"].clone();
        assert_eq!(error["target"], field, "{error}");
    }
    assert_eq!(api.get("/api/v1/identities").expect(200).body["value"], json!([]));
    let (id, _) = made(&api, &["voip"]);
    let empty =
        api.post(&format!("/identities/{}/:issueAccessToken?{V}", escaped(&id)), &json!({"scopes": []}));
    assert_eq!(empty.expect(400).body["error"]["target"], "scopes");
    let unreadable =
        api.post(&format!("/identities/anna/:issueAccessToken?{V}"), &json!({"scopes": ["voip"]}));
    assert_eq!(unreadable.expect(400).body["error"]["target"], "id");
    let listed = api.get("/api/v1/identities?maxPageSize=1").expect(200).body;
    assert_eq!(listed["value"][0]["id"].as_str(), Some(id.as_str()));
}

#[test]
fn a_new_key_signs_and_the_one_before_still_verifies() {
    let (api, operator) = (tenant("Identity Keys"), server().operator());
    let (id, before) = made(&api, &["voip"]);
    let kid = |token: &str| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let head = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a head")).expect("base64");
        serde_json::from_slice::<Value>(&head).expect("JSON")["kid"].as_str().expect("a kid").to_owned()
    };
    let made = operator.post("/api/v1/operator/signingKeys:rotate", &json!({})).expect(201).body;
    let after = issued(&api, &id);
    assert_ne!(kid(&before), kid(&after));
    let known = server().anonymous().get("/.well-known/jwks.json").expect(200).body;
    let known: Vec<_> =
        known["keys"].as_array().expect("keys").iter().map(|key| key["kid"].clone()).collect();
    assert!(known.contains(&json!(kid(&before))) && known.contains(&json!(kid(&after))), "{known:?}");
    assert!(known.contains(&made["id"]), "{made}");
    assert_eq!((status_of(&before), status_of(&after)), (200, 200));
}

#[test]
fn a_token_that_was_tampered_with_or_signed_otherwise_is_void() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let api = tenant("Identity Forged");
    let (_, token) = made(&api, &["voip"]);
    let parts: Vec<_> = token.split('.').collect();
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).expect("base64");
    let mut claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["exp"] = json!(4_000_000_000_i64);
    let longer = URL_SAFE_NO_PAD.encode(claims.to_string());
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for forged in [
        format!("{}.{longer}.{}", parts[0], parts[2]),
        format!("{none}.{longer}."),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        String::new(),
    ] {
        assert_eq!(status_of(&forged), 401, "{forged}");
    }
}
