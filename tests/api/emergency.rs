//! Emergency calls: countries by the operator, addresses by the tenant.

use crate::{server, tenant};
use serde_json::json;

#[test]
fn a_country_is_set_by_the_operator_and_seen_by_the_tenant() {
    let tenant = tenant("Rescued");
    let operator = server().operator();
    let set = json!({"numbers": ["112"], "testNumbers": ["9112"], "addressRequired": true});
    let made = operator.patch("/api/v1/operator/emergency/fi", &set).expect(200).body;
    assert_eq!((&made["country"], &made["route"]), (&json!("FI"), &json!(null)));
    let seen = tenant.get("/api/v1/emergency").expect(200).body;
    let finland = seen["countries"].as_array().into_iter().flatten().find(|known| known["country"] == "FI");
    assert_eq!(finland.map(|known| known["carried"].clone()), Some(json!(false)), "{seen}");
    for (body, target) in [
        (json!({"numbers": []}), "numbers"),
        (json!({"numbers": ["one one two"]}), "numbers"),
        (json!({"route": {"kind": "pigeon"}}), "route"),
        (
            json!({"route": {"kind": "carrier", "carrier": "00000000-0000-0000-0000-000000000000"}}),
            "route.carrier",
        ),
        (json!({"callBack": "112"}), "callBack"),
        (json!({"colour": "red"}), "colour"),
    ] {
        let answer = operator.patch("/api/v1/operator/emergency/FI", &body).expect(400);
        let found = answer.body["error"]["target"].as_str().unwrap_or_default().to_owned();
        assert!(found.starts_with(target), "{body}: {}", answer.text);
    }
    assert_eq!(
        operator.patch("/api/v1/operator/emergency/XX", &set).expect(400).body["error"]["target"],
        "country"
    );
    assert_eq!(tenant.patch("/api/v1/operator/emergency/FI", &set).status, 404);
    assert_eq!(operator.delete("/api/v1/operator/emergency/FI").status, 204);
    assert_eq!(operator.delete("/api/v1/operator/emergency/FI").status, 404);
}

#[test]
fn an_address_is_registered_for_a_number_of_ones_own() {
    let tenant = tenant("Addressed");
    let number = tenant.buy("US", "geographic");
    let path = format!("/api/v1/emergency/addresses/%2B{}", &number[1..]);
    let address = json!({
        "country": "us", "lines": ["1 Main Street", "Floor 2"], "locality": "Seattle", "region": "WA", "postalCode": "98101"
    });
    let kept = tenant.send("PUT", &path, Some(&address)).expect(200).body;
    assert_eq!((kept["number"].as_str(), &kept["country"]), (Some(number.as_str()), &json!("US")));
    assert_eq!(tenant.get("/api/v1/emergency/addresses").expect(200).body["value"], json!([kept]));
    let own =
        tenant.patch("/api/v1/emergency", &json!({"callBack": number, "country": "us"})).expect(200).body;
    assert_eq!((own["callBack"].as_str(), &own["country"]), (Some(number.as_str()), &json!("US")));
    for (field, value, target) in [
        ("locality", json!(""), "locality"),
        ("lines", json!([]), "lines"),
        ("country", json!("XX"), "country"),
        ("number", json!("+12065550100"), "number"),
        ("colour", json!("red"), "colour"),
    ] {
        let mut body = address.clone();
        body[field] = value;
        assert_eq!(tenant.send("PUT", &path, Some(&body)).expect(400).body["error"]["target"], target);
    }
    let foreign = crate::tenant("Unaddressed");
    assert_eq!(foreign.send("PUT", &path, Some(&address)).status, 404);
    assert_eq!(foreign.delete(&path).status, 404);
    let theirs = foreign.patch("/api/v1/emergency", &json!({"callBack": number})).expect(400);
    assert_eq!(theirs.body["error"]["target"], "callBack");
    assert_eq!(tenant.delete(&path).status, 204);
    assert_eq!(tenant.get("/api/v1/emergency/addresses").expect(200).body["value"], json!([]));
}
