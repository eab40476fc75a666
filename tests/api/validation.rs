//! What the protocol refuses, row by row: status, code, inner code, sentence and field.

use crate::{VERSION, tenant};
use serde_json::{Value, json};
use testkit::server::{Answer, Client};

const SIP: &str = "/sip?api-version=2023-03-01";
/// What `/sip` says of every mistake.
const OUTER: &str = "One or more request inputs are not valid.";

fn route(name: &str, pattern: &str, trunks: &[&str]) -> Value {
    json!({"name": name, "numberPattern": pattern, "trunks": trunks})
}

#[test]
fn each_row_of_the_table_of_mistakes_of_sip_routing_is_answered_in_its_words() {
    let tenant = tenant("Table of Mistakes");
    let own = "sbc.table.test";
    let kept = json!({"trunks": {own: {"sipSignalingPort": 5060}}, "routes": [route("kept", "^1$", &[own])]});
    let kept = tenant.patch(SIP, &kept).expect(200).body;
    let long = "a".repeat(257);
    let fqdn = |name: &str| json!({"trunks": {name: {"sipSignalingPort": 5060}}});
    let port = |port: i64| json!({"trunks": {"b.table.test": {"sipSignalingPort": port}}});
    let bad_fqdn = ("InvalidTrunkFqdn", "Trunk with an invalid FQDN.", 422);
    let bad_port = ("InvalidTrunkSipSignalingPort", "Trunk with an invalid SIP signaling port.", 422);
    let missing = ("MissingTrunk", "Route targeting a missing trunk.", 422);
    let bad_name = ("InvalidRouteName", "Route with an invalid name.", 422);
    let bad_pattern = ("InvalidRouteNumberPattern", "Route with an invalid number pattern.", 422);
    let empty = ("EmptyPatch", "Patch with no data provided.", 422);
    let twice = ("DuplicatedRoute", "There is a duplicated route.", 400);
    let twice_in = ("RouteWithDuplicatedTrunk", "There is a duplicated trunk in a route.", 400);
    for (body, (inner, sentence, status)) in [
        (fqdn("not a name"), bad_fqdn),
        (fqdn("localhost"), bad_fqdn),
        (fqdn("192.0.2.1"), bad_fqdn),
        (fqdn(&format!("{}.test", "a".repeat(250))), bad_fqdn),
        (port(0), bad_port),
        (port(-1), bad_port),
        (port(65_536), bad_port),
        (json!({"trunks": {"b.table.test": {}}}), bad_port),
        (json!({"routes": [route("r", "^1$", &["missing.table.test"])]}), missing),
        (json!({"trunks": {own: null}}), missing),
        (json!({"routes": [route("", "^1$", &[own])]}), bad_name),
        (json!({"routes": [route(&long, "^1$", &[own])]}), bad_name),
        (json!({"routes": [route("r", "", &[own])]}), bad_pattern),
        (json!({"routes": [route("r", &"1".repeat(1_025), &[own])]}), bad_pattern),
        (json!({"trunks": {}}), empty),
        (json!({}), empty),
        (json!({"routes": [route("r", "^1$", &[own]), route("r", "^2$", &[own])]}), twice),
        (json!({"routes": [route("r", "^1$", &[own, own])]}), twice_in),
    ] {
        let answer = tenant.patch(SIP, &body);
        let error = &answer.body["error"];
        let shown = body.to_string();
        let shown = shown.get(..200).unwrap_or(&shown);
        assert_eq!(answer.status, status, "{shown}: {}", answer.text);
        assert_eq!(
            (&error["code"], &error["message"]),
            (&json!("UnprocessableConfiguration"), &json!(OUTER))
        );
        assert_eq!(error["innererror"]["code"], inner, "{shown}");
        assert!(
            error["innererror"]["message"].as_str().is_some_and(|text| text.starts_with(sentence)),
            "{error}"
        );
        assert!(error.get("target").is_none() && error["details"] == json!([]), "{error}");
        assert_eq!(answer.header("x-ms-error-code"), Some("UnprocessableConfiguration"));
    }
    assert_eq!(tenant.get(SIP).expect(200).body, kept, "what is refused changes nothing");
    let gone = tenant.patch(SIP, &json!({"trunks": {"never.table.test": null}}));
    assert_eq!(gone.expect(200).body, kept, "to take away what is not there is no mistake");
    let odd = json!({"routes": [route("odd", "^+[1-9][0-9]{3,23}$", &[own])]});
    assert_eq!(tenant.patch(SIP, &odd).expect(200).body["routes"][0]["numberPattern"], "^+[1-9][0-9]{3,23}$");
}

/// Status, code, field and inner code of a refusal.
fn refusal(answer: &Answer) -> (u16, &str, Option<&str>, Option<&str>) {
    let error = &answer.body["error"];
    assert_eq!(answer.header("x-ms-error-code"), error["code"].as_str(), "{}", answer.text);
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.text);
    let text = |value: &'_ Value| value.as_str().map(|text| text.len()).unwrap_or_default();
    assert!(text(&error["code"]) > 0, "{}", answer.text);
    (
        answer.status,
        error["code"].as_str().unwrap_or_default(),
        error["target"].as_str(),
        error["innererror"]["code"].as_str(),
    )
}

#[test]
fn each_refusal_of_the_number_plane_has_its_status_code_and_field() {
    let tenant = tenant("Table of Refusals");
    let number = tenant.buy("GB", "mobile").replace('+', "%2B");
    let none = uuid::Uuid::from_u128(7);
    let wanted = |kind: &str, use_: &str, calling: &str, quantity: i64| {
        json!({"phoneNumberType": kind, "assignmentType": use_,
            "capabilities": {"calling": calling, "sms": "none"}, "quantity": quantity})
    };
    let search = "/availablePhoneNumbers/countries/US/:search";
    let reservation = format!("/availablePhoneNumbers/reservations/{none}");
    let candidate = json!({"countryCode": "US", "phoneNumberType": "geographic", "assignmentType": "application",
        "capabilities": {"calling": "inbound", "sms": "none"}});
    let no_plan = (400, "InternalError", None, Some("BadRequest"));
    let bad = |target| (400, "InvalidInput", Some(target), None);
    let gone = |target| (404, "NotFound", Some(target), None);
    for (method, path, body, expected) in [
        ("POST", search.to_owned(), Some(wanted("tollFree", "person", "inbound", 1)), no_plan),
        ("POST", search.to_owned(), Some(wanted("mobile", "application", "inbound", 1)), no_plan),
        (
            "POST",
            search.to_owned(),
            Some(wanted("satellite", "person", "inbound", 1)),
            bad("phoneNumberType"),
        ),
        ("POST", search.to_owned(), Some(wanted("geographic", "robot", "inbound", 1)), bad("assignmentType")),
        (
            "POST",
            search.to_owned(),
            Some(wanted("geographic", "person", "loud", 1)),
            bad("capabilities.calling"),
        ),
        ("POST", search.to_owned(), Some(wanted("geographic", "person", "none", 1)), bad("capabilities")),
        ("POST", search.to_owned(), Some(wanted("geographic", "person", "inbound", 0)), bad("quantity")),
        ("POST", search.to_owned(), Some(wanted("geographic", "person", "inbound", 501)), bad("quantity")),
        ("POST", search.to_owned(), Some(wanted("geographic", "person", "inbound", -1)), bad("quantity")),
        (
            "POST",
            search.replace("US", "USA"),
            Some(wanted("geographic", "person", "inbound", 1)),
            bad("countryCode"),
        ),
        ("GET", format!("/availablePhoneNumbers/searchResults/{none}"), None, gone("searchId")),
        ("GET", "/availablePhoneNumbers/searchResults/x".to_owned(), None, gone("searchId")),
        (
            "POST",
            "/availablePhoneNumbers/:purchase".to_owned(),
            Some(json!({"searchId": none})),
            gone("searchId"),
        ),
        ("POST", "/availablePhoneNumbers/:purchase".to_owned(), Some(json!({})), bad("searchId")),
        ("GET", "/phoneNumbers/operations/search_x".to_owned(), None, gone("operationId")),
        ("DELETE", "/phoneNumbers/operations/search_x".to_owned(), None, gone("operationId")),
        ("GET", "/phoneNumbers/%2B12125559999".to_owned(), None, gone("phonenumber")),
        ("DELETE", "/phoneNumbers/%2B12125559999".to_owned(), None, gone("phonenumber")),
        ("GET", "/phoneNumbers/nonsense".to_owned(), None, bad("phoneNumber")),
        (
            "PATCH",
            format!("/phoneNumbers/{number}/capabilities"),
            Some(json!({"sms": "inbound"})),
            bad("sms"),
        ),
        (
            "PATCH",
            format!("/phoneNumbers/{number}/capabilities"),
            Some(json!({"calling": "none"})),
            bad("capabilities"),
        ),
        ("GET", reservation.clone(), None, gone("reservationId")),
        ("DELETE", reservation.clone(), None, gone("reservationId")),
        ("POST", format!("{reservation}/:purchase"), Some(json!({})), gone("reservationId")),
        ("PATCH", "/availablePhoneNumbers/reservations/x".to_owned(), Some(json!({})), bad("reservationId")),
        (
            "PATCH",
            reservation.clone(),
            Some(json!({"phoneNumbers": {"12x": candidate}})),
            bad("phoneNumbers.12x"),
        ),
        (
            "PATCH",
            reservation,
            Some(json!({"phoneNumbers": {"12125550100": {}}})),
            bad("phoneNumbers.12125550100.countryCode"),
        ),
        (
            "POST",
            "/operatorInformation/:search".to_owned(),
            Some(json!({"phoneNumbers": []})),
            bad("phoneNumbers"),
        ),
        (
            "POST",
            "/operatorInformation/:search".to_owned(),
            Some(json!({"phoneNumbers": ["0123"]})),
            bad("phoneNumbers.0"),
        ),
        ("POST", "/operatorInformation/:search".to_owned(), Some(json!({})), bad("phoneNumbers")),
    ] {
        let answer = tenant.send(method, &format!("{path}?{VERSION}"), body.as_ref());
        assert_eq!(refusal(&answer), expected, "{method} {path} {body:?}: {}", answer.text);
    }
    let unversioned = tenant.get("/phoneNumbers");
    assert_eq!(refusal(&unversioned), (400, "MissingApiVersionParameter", Some("api-version"), None));
    let missing = tenant.get(&format!("/phoneNumbers/%2B12125559999?{VERSION}"));
    assert_eq!(missing.body["error"]["message"], "Input phoneNumber +12125559999 cannot be found.");
}

/// Every version of the protocol that was ever named: those of the SDKs, of the specification, and of the real service.
const VERSIONS: [&str; 19] = [
    "2021-03-07",
    "2021-10-25-preview",
    "2021-10-25-preview1",
    "2022-01-11-preview2",
    "2022-03-31",
    "2022-06-01-preview",
    "2022-07-31-preview3",
    "2022-11-30",
    "2022-12-01",
    "2022-12-02-preview2",
    "2023-05-01-preview",
    "2023-10-01-preview",
    "2024-01-31-preview",
    "2024-03-01",
    "2024-03-01-preview",
    "2025-02-11",
    "2025-04-01",
    "2025-04-01-preview",
    "2025-06-01",
];

#[test]
fn every_operation_is_served_in_every_version_of_the_protocol() {
    let tenant = tenant("All Versions");
    for version in VERSIONS {
        all_operations(&tenant, version);
    }
}

/// Each of the nineteen, in a round that leaves nothing behind but a number that goes back.
fn all_operations(tenant: &Client, version: &str) {
    let at =
        |path: &str| format!("{path}{}api-version={version}", if path.contains('?') { '&' } else { '?' });
    let get = |path: &str| tenant.get(&at(path)).expect(200).body;
    let follow = |answer: &Answer, id: &str| {
        assert!(answer.text.is_empty(), "202 is empty: {}", answer.text);
        let operation = answer.header("operation-location").expect("an operation").to_owned();
        assert!(
            operation.starts_with("/phoneNumbers/operations/") && operation.ends_with(&at("")),
            "{operation}"
        );
        assert!(answer.header(id).is_some(), "{:?}", answer.headers);
        tenant.get(&operation).expect(200).body
    };
    let us = "/availablePhoneNumbers/countries/GB";
    assert!(get("/availablePhoneNumbers/countries")["countries"].is_array());
    assert!(get(&format!("{us}/localities"))["phoneNumberLocalities"].is_array());
    assert!(get(&format!("{us}/areaCodes?phoneNumberType=geographic"))["areaCodes"].is_array());
    assert!(get(&format!("{us}/offerings"))["phoneNumberOfferings"].is_array());
    let able = json!({"calling": "inbound", "sms": "none"});
    let kind = json!({"phoneNumberType": "tollFree", "assignmentType": "application", "capabilities": able});
    let found = tenant.post(&at(&format!("{us}/:search")), &kind).expect(202);
    assert_eq!(follow(&found, "search-id")["operationType"], "search");
    let id = found.header("search-id").expect("an id").to_owned();
    assert_eq!(get(&format!("/availablePhoneNumbers/searchResults/{id}"))["searchId"], id.as_str());
    let canceled = tenant.delete(&at(&format!("/phoneNumbers/operations/search_{id}"))).expect(204);
    assert!(canceled.text.is_empty());
    assert_eq!(get(&format!("/phoneNumbers/operations/search_{id}"))["status"], "canceled");
    let gone = tenant.post(&at("/availablePhoneNumbers/:purchase"), &json!({"searchId": id})).expect(409);
    assert_eq!(gone.body["error"]["target"], "searchId");

    let offered = tenant.post(&at(&format!("{us}/:browse")), &kind).expect(200).body;
    let one = offered["phoneNumbers"][0].clone();
    let digits = one["id"].as_str().expect("digits").to_owned();
    let reservation = format!("/availablePhoneNumbers/reservations/{}", uuid::Uuid::new_v4());
    let made =
        tenant.patch(&at(&reservation), &json!({"phoneNumbers": {digits.as_str(): one}})).expect(201).body;
    assert_eq!(made["phoneNumbers"][&digits]["status"], "reserved", "{made}");
    assert_eq!(get(&reservation)["status"], "active");
    assert!(get("/availablePhoneNumbers/reservations")["reservations"].is_array());
    let emptied =
        tenant.patch(&at(&reservation), &json!({"phoneNumbers": {digits.as_str(): null}})).expect(200);
    assert_eq!(emptied.body["phoneNumbers"], json!({}));
    let empty = tenant.post(&at(&format!("{reservation}/:purchase")), &json!({})).expect(409);
    assert_eq!(empty.body["error"]["code"], "Conflict");
    let _ = tenant.delete(&at(&reservation)).expect(204);
    let known =
        tenant.post(&at("/operatorInformation/:search"), &json!({"phoneNumbers": [format!("+{digits}")]}));
    assert_eq!(known.expect(200).body["values"][0]["phoneNumber"], format!("+{digits}"));
    assert!(get("/phoneNumbers")["phoneNumbers"].is_array());
}

#[test]
fn a_number_is_bought_by_reservation_changed_and_given_back_in_the_first_and_the_last_version() {
    let tenant = tenant("First and Last");
    for version in ["2021-03-07", "2025-06-01"] {
        let at = |path: &str| format!("{path}?api-version={version}");
        let kind = json!({"phoneNumberType": "geographic", "assignmentType": "person"});
        let offered = tenant.post(&at("/availablePhoneNumbers/countries/AU/:browse"), &kind).expect(200).body;
        let one = offered["phoneNumbers"][0].clone();
        let digits = one["id"].as_str().expect("digits").to_owned();
        let path = format!("/availablePhoneNumbers/reservations/{}", uuid::Uuid::new_v4());
        let _ = tenant.patch(&at(&path), &json!({"phoneNumbers": {digits.as_str(): one}})).expect(201);
        let bought =
            tenant.post(&at(&format!("{path}/:purchase")), &json!({"agreeToNotResell": true})).expect(202);
        assert!(bought.header("reservation-purchase-id").is_some() && bought.header("location").is_none());
        let operation =
            tenant.get(bought.header("operation-location").expect("an operation")).expect(200).body;
        assert_eq!(
            (&operation["operationType"], &operation["status"]),
            (&json!("reservationPurchase"), &json!("succeeded"))
        );
        let number = format!("/phoneNumbers/%2B{digits}");
        let able = json!({"calling": "outbound"});
        let changed = tenant.patch(&at(&format!("{number}/capabilities")), &able).expect(202);
        assert!(changed.header("capabilities-id").is_some());
        assert_eq!(tenant.get(&at(&number)).expect(200).body["capabilities"]["calling"], "outbound");
        let released = tenant.delete(&at(&number)).expect(202);
        assert!(released.header("release-id").is_some() && released.header("location").is_none());
    }
    assert_eq!(tenant.get("/api/v1/balance").expect(200).body["balance"]["amountMicros"], 8_000_000);
}
