//! Sign-up and sign-in.

use crate::{server, tenant};
use serde_json::json;

#[test]
fn a_sign_up_answers_with_everything_an_app_needs() {
    let account = tenant("Sign Up Works").account;
    assert_eq!(account["tenant"]["name"], "Sign Up Works");
    assert_eq!(account["tenant"]["slug"], "sign-up-works");
    let connection = account["connectionString"].as_str().expect("a connection string");
    assert!(connection.starts_with("endpoint=https://127.20.1.1:8080/;accesskey="), "{connection}");
    assert!(connection.ends_with(account["accessKeys"]["primary"].as_str().expect("a key")));
    assert_ne!(account["accessKeys"]["primary"], account["accessKeys"]["secondary"]);
}

#[test]
fn a_new_tenant_has_ten_units_of_play_credit_and_the_starting_limits() {
    let tenant = tenant("Play Credit");
    let balance = tenant.get("/api/v1/balance").expect(200).body;
    assert_eq!(balance["balance"], json!({"amountMicros": 10_000_000, "currency": "USD"}));
    assert_eq!(balance["available"]["amountMicros"], 10_000_000);
    let limits = tenant.get("/api/v1/tenant").expect(200).body["limits"].clone();
    assert_eq!(limits, json!({"callsPerSecond": 100, "maxCalls": 1000}));
}

#[test]
fn a_taken_address_is_a_conflict_and_a_short_password_names_its_field() {
    let anonymous = server().anonymous();
    let body =
        json!({"organization": "Twice", "email": "twice@tenant.test", "password": "a long enough password"});
    let _ = anonymous.post("/api/v1/signup", &body).expect(201);
    let again = anonymous.post("/api/v1/signup", &body).expect(409);
    assert_eq!(again.body["error"]["target"], "email");
    let short = json!({"organization": "Short", "email": "short@tenant.test", "password": "short"});
    assert_eq!(anonymous.post("/api/v1/signup", &short).expect(400).body["error"]["target"], "password");
}

#[test]
fn two_organizations_of_one_name_get_slugs_of_their_own() {
    let sign_up = |email: &str| {
        let body = json!({"organization": "Same Name", "email": email, "password": "a long enough password"});
        server().anonymous().post("/api/v1/signup", &body).expect(201).body["tenant"]["slug"].clone()
    };
    assert_ne!(sign_up("same1@tenant.test"), sign_up("same2@tenant.test"));
}

#[test]
fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let _ = tenant("Alike");
    let sign_in = |email: &str| {
        let body = json!({"email": email, "password": "not the password"});
        server().anonymous().post("/api/v1/tokens", &body).expect(401).body["error"]["message"].clone()
    };
    assert_eq!(sign_in("alike@tenant.test"), sign_in("nobody@tenant.test"));
}
