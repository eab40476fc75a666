//! Trunks and routes over `/sip` and `/api/v1`.

use crate::tenant;
use serde_json::json;

const SIP: &str = "/sip?api-version=2023-03-01";

#[test]
fn trunks_merge_by_key_and_routes_are_replaced_whole() {
    let tenant = tenant("Merges");
    assert_eq!(tenant.get(SIP).expect(200).body, json!({"trunks": {}, "routes": []}));
    let two = json!({"trunks": {"sbc1.merges.test": {"sipSignalingPort": 5060}, "sbc2.merges.test": {"sipSignalingPort": 5061}}});
    assert_eq!(
        tenant.patch(SIP, &two).expect(200).body["trunks"].as_object().map(serde_json::Map::len),
        Some(2)
    );
    let route =
        json!({"routes": [{"name": "all", "numberPattern": r"^\+\d+$", "trunks": ["sbc1.merges.test"]}]});
    assert_eq!(tenant.patch(SIP, &route).expect(200).body["routes"][0]["name"], "all");
    let gone = tenant
        .patch(SIP, &json!({"trunks": {"sbc2.merges.test": null, "never.merges.test": null}}))
        .expect(200)
        .body;
    assert_eq!(gone["trunks"], json!({"sbc1.merges.test": {"sipSignalingPort": 5060}}));
    assert_eq!(gone["routes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn each_mistake_has_the_inner_code_of_the_protocol() {
    let tenant = tenant("Mistakes");
    let _ =
        tenant.patch(SIP, &json!({"trunks": {"sbc.mistakes.test": {"sipSignalingPort": 5060}}})).expect(200);
    let route = |name: &str, pattern: &str, trunks: &[&str]| json!({"name": name, "numberPattern": pattern, "trunks": trunks});
    let all = ["sbc.mistakes.test"];
    for (body, status, inner) in [
        (json!({"trunks": {"not a name": {"sipSignalingPort": 5060}}}), 422, "InvalidTrunkFqdn"),
        (
            json!({"trunks": {"a.mistakes.test": {"sipSignalingPort": 0}}}),
            422,
            "InvalidTrunkSipSignalingPort",
        ),
        (json!({"routes": [route("r", "^1$", &["missing.test"])]}), 422, "MissingTrunk"),
        (json!({"routes": [route("", "^1$", &all)]}), 422, "InvalidRouteName"),
        (json!({"routes": [route("r", "", &all)]}), 422, "InvalidRouteNumberPattern"),
        (json!({"trunks": {}}), 422, "EmptyPatch"),
        (json!({"routes": [route("r", "^1$", &all), route("r", "^2$", &all)]}), 400, "DuplicatedRoute"),
        (
            json!({"routes": [route("r", "^1$", &["sbc.mistakes.test", "sbc.mistakes.test"])]}),
            400,
            "RouteWithDuplicatedTrunk",
        ),
    ] {
        let answer = tenant.patch(SIP, &body).expect(status);
        assert_eq!(answer.body["error"]["code"], "UnprocessableConfiguration", "{body}");
        assert_eq!(answer.body["error"]["innererror"]["code"], inner, "{body}: {}", answer.text);
    }
}

#[test]
fn a_trunk_made_over_the_protocol_starts_with_tls_and_srtp_and_is_changed_by_our_own_api() {
    let tenant = tenant("Starts Safe");
    let _ = tenant.patch(SIP, &json!({"trunks": {"sbc.safe.test": {"sipSignalingPort": 5061}}})).expect(200);
    let trunk = tenant.get("/api/v1/trunks/sbc.safe.test").expect(200).body;
    assert_eq!(
        (trunk["transport"].as_str(), trunk["media"]["srtp"].as_str()),
        (Some("tls"), Some("required"))
    );
    assert_eq!(trunk["addresses"], json!([]));
    let change = json!({"transport": "udp", "addresses": ["127.20.1.77"], "media": {"srtp": "off"}});
    let changed = tenant.patch("/api/v1/trunks/sbc.safe.test", &change).expect(200).body;
    assert_eq!(
        (changed["transport"].as_str(), changed["media"]["srtp"].as_str()),
        (Some("udp"), Some("off"))
    );
    let bad = tenant.patch("/api/v1/trunks/sbc.safe.test", &json!({"transport": "pigeon"})).expect(400);
    assert_eq!(bad.body["error"]["target"], "transport");
}

#[test]
fn a_trunk_under_a_real_domain_waits_for_its_proof() {
    let tenant = tenant("Unproven");
    let answer =
        tenant.patch(SIP, &json!({"trunks": {"sbc.contoso.com": {"sipSignalingPort": 5061}}})).expect(422);
    assert!(answer.text.contains("contoso.com"), "{}", answer.text);
    let domain = tenant.post("/api/v1/domains", &json!({"name": "contoso.com"})).expect(201).body;
    assert!(
        domain.to_string().contains("TXT")
            || domain["txt"].is_object()
            || domain["record"].is_object()
            || domain["value"].is_string(),
        "{domain}"
    );
}
