//! Numbers: search, buy, bind, release.

use crate::{VERSION, tenant};
use serde_json::json;
use std::collections::HashSet;

#[test]
fn a_bought_number_is_listed_paid_for_and_bindable() {
    let tenant = tenant("Buys One");
    let number = tenant.buy("US", "geographic");
    let listed = tenant.get(&format!("/phoneNumbers?{VERSION}")).expect(200).body;
    assert_eq!(listed["phoneNumbers"][0]["phoneNumber"], number.as_str());
    assert_eq!(
        listed["phoneNumbers"][0]["cost"],
        json!({"amount": 1.0, "currencyCode": "USD", "billingFrequency": "monthly"})
    );
    let entries = tenant.get("/api/v1/ledger").expect(200).body;
    let lease = entries["value"]
        .as_array()
        .expect("entries")
        .iter()
        .find(|entry| entry["kind"] == "lease")
        .expect("a lease");
    assert_eq!(lease["amount"], json!({"amountMicros": -1_000_000, "currency": "USD"}));
    assert_eq!(lease["balanceAfter"]["amountMicros"], 9_000_000);

    let user = tenant.post("/api/v1/sipUsers", &json!({"username": "anna"})).expect(201).body;
    assert!(user["password"].as_str().is_some_and(|password| password.len() >= 12));
    let path = format!("/api/v1/numbers/{}", number.replace('+', "%2B"));
    let bound = tenant.patch(&path, &json!({"inbound": {"kind": "user", "target": "anna"}})).expect(200).body;
    assert_eq!(bound["inbound"], json!({"kind": "user", "target": "anna"}));
    let nobody = tenant.patch(&path, &json!({"inbound": {"kind": "user", "target": "nobody"}})).expect(400);
    assert!(
        nobody.body["error"]["target"].as_str().is_some_and(|target| target.contains("target")),
        "{}",
        nobody.text
    );
}

#[test]
fn a_long_running_operation_speaks_the_protocol() {
    let tenant = tenant("Long Running");
    let search = json!({"phoneNumberType": "tollFree", "assignmentType": "application",
        "capabilities": {"calling": "inbound", "sms": "none"}, "areaCode": "800", "quantity": 2});
    let accepted =
        tenant.post(&format!("/availablePhoneNumbers/countries/US/:search?{VERSION}"), &search).expect(202);
    assert!(accepted.text.is_empty());
    let operation = accepted.header("operation-location").expect("an operation").to_owned();
    assert!(operation.starts_with("/phoneNumbers/operations/search_"), "{operation}");
    assert!(
        accepted.header("location").is_some_and(|l| l.starts_with("/availablePhoneNumbers/searchResults/"))
    );
    let polled = tenant.get(&operation).expect(200).body;
    assert_eq!(
        (polled["operationType"].as_str(), polled["status"].as_str()),
        (Some("search"), Some("succeeded"))
    );
    let result = tenant.get(accepted.header("location").expect("a location")).expect(200).body;
    assert_eq!(result["phoneNumbers"].as_array().map(Vec::len), Some(2));
    assert_eq!(result["cost"]["amount"], 2.0);
    assert!(result["phoneNumbers"][0].as_str().is_some_and(|n| n.starts_with("+1800555")), "{result}");
}

#[test]
fn a_hundred_buyers_at_once_never_get_one_number_twice() {
    let buyers: Vec<_> = (0..8).map(|n| tenant(&format!("Racer {n}"))).collect();
    let threads: Vec<_> = buyers
        .into_iter()
        .map(|buyer| {
            std::thread::spawn(move || (0..5).map(|_| buyer.buy("US", "geographic")).collect::<Vec<_>>())
        })
        .collect();
    let all: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().expect("a buyer")).collect();
    let distinct: HashSet<_> = all.iter().collect();
    assert_eq!((all.len(), distinct.len()), (40, 40));
}

#[test]
fn one_search_is_bought_once_however_often_it_is_asked() {
    let tenant = tenant("Twice Bought");
    let number = tenant.buy("GB", "geographic");
    let search = json!({"phoneNumberType": "geographic", "assignmentType": "application",
        "capabilities": {"calling": "inbound+outbound", "sms": "none"}});
    let found =
        tenant.post(&format!("/availablePhoneNumbers/countries/GB/:search?{VERSION}"), &search).expect(202);
    let body = json!({"searchId": found.header("search-id").expect("an id")});
    let first = tenant.post(&format!("/availablePhoneNumbers/:purchase?{VERSION}"), &body);
    let second = tenant.post(&format!("/availablePhoneNumbers/:purchase?{VERSION}"), &body);
    assert_eq!(first.status, 202, "{}", first.text);
    let numbers = tenant.get(&format!("/phoneNumbers?{VERSION}")).expect(200).body["phoneNumbers"]
        .as_array()
        .map(Vec::len);
    assert_eq!(
        numbers,
        Some(2),
        "{number} and one more; the second purchase said {} {}",
        second.status,
        second.text
    );
    assert_eq!(tenant.get("/api/v1/balance").expect(200).body["balance"]["amountMicros"], 8_000_000);
}

#[test]
fn money_for_ten_numbers_buys_ten_and_the_eleventh_says_what_is_missing() {
    let tenant = tenant("Runs Dry");
    for _ in 0..10 {
        let _ = tenant.buy("SE", "mobile");
    }
    let search = json!({"phoneNumberType": "mobile", "assignmentType": "application", "capabilities": {"calling": "inbound", "sms": "none"}});
    let found =
        tenant.post(&format!("/availablePhoneNumbers/countries/SE/:search?{VERSION}"), &search).expect(202);
    let body = json!({"searchId": found.header("search-id").expect("an id")});
    let refused = tenant.post(&format!("/availablePhoneNumbers/:purchase?{VERSION}"), &body).expect(402);
    assert!(
        refused.body["error"]["message"].as_str().is_some_and(|text| text.contains("1.00 USD")),
        "{}",
        refused.text
    );
    assert_eq!(tenant.get("/api/v1/balance").expect(200).body["balance"]["amountMicros"], 0);
}

#[test]
fn a_released_number_stays_until_the_end_of_what_was_paid() {
    let tenant = tenant("Releases");
    let number = tenant.buy("AU", "geographic").replace('+', "%2B");
    let released = tenant.delete(&format!("/phoneNumbers/{number}?{VERSION}")).expect(202);
    let operation = released.header("operation-location").expect("an operation").to_owned();
    assert_eq!(tenant.get(&operation).expect(200).body["status"], "succeeded");
    let kept = tenant.get(&format!("/api/v1/numbers/{number}")).expect(200).body;
    assert!(kept["releasedAt"].is_string() || kept["paidUntil"].is_string(), "{kept}");
}

#[test]
fn a_search_for_more_than_there_is_fails_in_the_operation() {
    let tenant = tenant("Wants All");
    let search = json!({"phoneNumberType": "geographic", "assignmentType": "application",
        "capabilities": {"calling": "inbound", "sms": "none"}, "quantity": 500});
    let found =
        tenant.post(&format!("/availablePhoneNumbers/countries/US/:search?{VERSION}"), &search).expect(202);
    let operation = tenant.get(found.header("operation-location").expect("an operation")).expect(200).body;
    assert_eq!(operation["status"], "failed");
    assert_eq!(operation["error"]["code"], "OutOfStock");
}

#[test]
fn what_a_number_does_changes_within_what_it_can_do() {
    let tenant = tenant("Capabilities");
    let number = tenant.buy("US", "geographic");
    let path = format!("/phoneNumbers/{}/capabilities?{VERSION}", number.replace('+', "%2B"));
    let accepted = tenant.patch(&path, &json!({"calling": "inbound"})).expect(202);
    let operation = accepted.header("operation-location").expect("an operation").to_owned();
    assert!(operation.starts_with("/phoneNumbers/operations/capabilities_"), "{operation}");
    let polled = tenant.get(&operation).expect(200).body;
    assert_eq!(polled["operationType"], "updatePhoneNumberCapabilities");
    let location = accepted.header("location").expect("a location").replace('+', "%2B");
    assert_eq!(tenant.get(&location).expect(200).body["capabilities"]["calling"], "inbound");
    for wrong in
        [json!({"calling": "none", "sms": "none"}), json!({"sms": "inbound+outbound", "calling": "sideways"})]
    {
        let _ = tenant.patch(&path, &wrong).expect(400);
    }
    let missing = format!("/phoneNumbers/%2B12125559999/capabilities?{VERSION}");
    let _ = tenant.patch(&missing, &json!({"calling": "inbound"})).expect(404);
}

#[test]
fn numbers_are_looked_at_by_prefix_and_not_held() {
    let tenant = tenant("Browses");
    let browse = |body| tenant.post(&format!("/availablePhoneNumbers/countries/US/:browse?{VERSION}"), &body);
    let all = browse(json!({"phoneNumberType": "geographic"})).expect(200).body;
    let all = all["phoneNumbers"].as_array().expect("numbers").len();
    assert!((1..=100).contains(&all), "{all}");
    for prefix in ["212", "+1212"] {
        let found = browse(json!({"phoneNumberType": "geographic", "assignmentType": "application",
            "capabilities": {"calling": "inbound", "sms": "none"}, "phoneNumberPrefixes": [prefix]}));
        let found = found.expect(200).body;
        let numbers = found["phoneNumbers"].as_array().expect("numbers");
        let is_right = |one: &serde_json::Value| {
            one["phoneNumber"].as_str().is_some_and(|number| number.starts_with("+1212"))
                && one["status"] == "available"
        };
        assert!(!numbers.is_empty() && numbers.iter().all(is_right), "{found}");
    }
    for (wrong, field) in [
        (json!({"phoneNumberType": "geographic", "phoneNumberPrefixes": ["21x"]}), "phoneNumberPrefixes"),
        (json!({"phoneNumberType": "satellite"}), "phoneNumberType"),
    ] {
        assert_eq!(browse(wrong).expect(400).body["error"]["target"], field);
    }
}
