//! What the preview of 2024-11-15 adds to `/sip`; callers of the stable versions see none of it.

use crate::tenant;
use serde_json::json;

const STABLE: &str = "/sip?api-version=2023-03-01";
const PREVIEW: &str = "/sip?api-version=2024-11-15-preview";

#[test]
fn a_trunk_has_more_words_in_the_preview_and_a_stable_caller_sees_and_changes_none_of_them() {
    let tenant = tenant("Previews");
    let trunk = json!({
        "sipSignalingPort": 5061, "enabled": false, "directTransfer": true, "privacyHeader": "None",
        "ipAddressVersion": "IPv6"
    });
    let made = tenant.patch(PREVIEW, &json!({"trunks": {"sbc.previews.test": trunk}})).expect(200).body;
    let expected = json!({
        "sipSignalingPort": 5061, "enabled": false, "directTransfer": true, "privacyHeader": "none",
        "ipAddressVersion": "ipv6"
    });
    assert_eq!(made["trunks"]["sbc.previews.test"], expected, "words are compared without case");
    assert_eq!(made["domains"], json!({"previews.test": {"enabled": true}}));
    let stable = tenant.get(STABLE).expect(200).body;
    assert_eq!(stable, json!({"trunks": {"sbc.previews.test": {"sipSignalingPort": 5061}}, "routes": []}));
    let sly = json!({"trunks": {"sbc.previews.test": {"sipSignalingPort": 5062, "enabled": true}}});
    let _ = tenant.patch(STABLE, &sly).expect(200);
    let now = tenant.get(PREVIEW).expect(200).body;
    assert_eq!(now["trunks"]["sbc.previews.test"]["enabled"], false, "the stable version has no such word");
    assert_eq!(now["trunks"]["sbc.previews.test"]["sipSignalingPort"], 5062);
    let on = json!({"trunks": {"sbc.previews.test": {"enabled": true}}});
    let on = tenant.patch(PREVIEW, &on).expect(200).body;
    assert_eq!(
        on["trunks"]["sbc.previews.test"]["sipSignalingPort"], 5062,
        "a merge-patch says what changes"
    );
}

#[test]
fn health_is_shown_to_those_who_ask_for_it() {
    let tenant = tenant("Healthy");
    let _ = tenant
        .patch(PREVIEW, &json!({"trunks": {"sbc.healthy.test": {"sipSignalingPort": 5061}}}))
        .expect(200);
    let plain = tenant.get(PREVIEW).expect(200).body;
    assert!(plain["trunks"]["sbc.healthy.test"].get("health").is_none());
    let asked = tenant.get(&format!("{PREVIEW}&expand=trunks%2Fhealth")).expect(200).body;
    let unknown = json!({"tls": {"status": "unknown"}, "ping": {"status": "unknown"}, "overall": {"status": "unknown"}});
    assert_eq!(asked["trunks"]["sbc.healthy.test"]["health"], unknown, "nothing was heard of it yet");
}

#[test]
fn a_domain_is_switched_off_and_not_deleted_while_a_trunk_lies_in_it() {
    let tenant = tenant("Domains");
    let _ = tenant
        .patch(PREVIEW, &json!({"trunks": {"sbc.domains.test": {"sipSignalingPort": 5061}}}))
        .expect(200);
    let off =
        tenant.patch(PREVIEW, &json!({"domains": {"domains.test": {"enabled": false}}})).expect(200).body;
    assert_eq!(off["domains"]["domains.test"]["enabled"], false);
    let trunk = tenant.get("/api/v1/trunks/sbc.domains.test").expect(200).body;
    assert!(trunk["problem"].as_str().is_some_and(|why| why.contains("domains.test")), "{trunk}");
    for (body, inner) in [
        (json!({"domains": {"domains.test": null}}), "DomainInUse"),
        (json!({"domains": {"not a domain": {"enabled": true}}}), "InvalidDomain"),
        (json!({"trunks": {"sbc.domains.test": {"privacyHeader": "loud"}}}), "InvalidTrunkPrivacyHeader"),
        (
            json!({"trunks": {"sbc.domains.test": {"ipAddressVersion": "ipx"}}}),
            "InvalidTrunkIpAddressVersion",
        ),
        (json!({"trunks": {"new.domains.test": {"enabled": true}}}), "InvalidTrunkSipSignalingPort"),
        (json!({"domains": {}, "trunks": {}}), "EmptyPatch"),
    ] {
        let answer = tenant.patch(PREVIEW, &body).expect(422);
        assert_eq!(answer.body["error"]["code"], "UnprocessableConfiguration", "{body}");
        assert_eq!(answer.body["error"]["innererror"]["code"], inner, "{body}: {}", answer.text);
    }
}

#[test]
fn the_routes_of_a_number_are_told_in_order_for_a_configuration_that_is_not_set() {
    let tenant = tenant("Trials");
    let set = json!({"trunks": {"sbc.trials.test": {"sipSignalingPort": 5061}}});
    let _ = tenant.patch(PREVIEW, &set).expect(200);
    let route = |name: &str, pattern: &str| json!({"name": name, "numberPattern": pattern, "trunks": ["sbc.trials.test"]});
    let probe = json!({
        "trunks": {"sbc.trials.test": {"sipSignalingPort": 5061}},
        "routes": [route("se", r"^\+46\d+$"), route("us", r"^\+1(\d{10})$"), route("all", r"^\+\d+$")]
    });
    let path = "/sip:testRoutesWithNumber?targetPhoneNumber=%2B12065550100&api-version=2024-11-15-preview";
    let found = tenant.post(path, &probe).expect(200).body;
    let names: Vec<_> =
        found["matchingRoutes"].as_array().into_iter().flatten().map(|r| r["name"].clone()).collect();
    assert_eq!(names, ["us", "all"]);
    assert_eq!(tenant.get(PREVIEW).expect(200).body["routes"], json!([]), "nothing is changed");
    let empty = tenant.post(path, &json!({})).expect(200).body;
    assert_eq!(empty, json!({"matchingRoutes": []}), "what is left out is as the tenant has it");
    let bare = path.replace("%2B", "");
    assert_eq!(tenant.post(&bare, &json!({})).expect(400).body["error"]["target"], "targetPhoneNumber");
    let missing = "/sip:testRoutesWithNumber?api-version=2024-11-15-preview";
    assert_eq!(tenant.post(missing, &json!({})).expect(400).body["error"]["target"], "targetPhoneNumber");
    let lost = json!({"routes": [{"name": "x", "numberPattern": "^1$", "trunks": ["lost.trials.test"]}]});
    assert_eq!(tenant.post(path, &lost).expect(422).body["error"]["innererror"]["code"], "MissingTrunk");
}

#[test]
fn a_shown_caller_id_belongs_to_the_preview_and_outlives_a_stable_callers_routes() {
    let tenant = tenant("Overrides");
    let route = |id: Option<&str>| match id {
        Some(id) => {
            json!({"name": "all", "numberPattern": r"^\+\d+$", "trunks": ["sbc.overrides.test"], "callerIdOverride": id})
        }
        None => json!({"name": "all", "numberPattern": r"^\+1\d+$", "trunks": ["sbc.overrides.test"]}),
    };
    let made = json!({"trunks": {"sbc.overrides.test": {"sipSignalingPort": 5061}}, "routes": [route(Some("+12065550100"))]});
    let made = tenant.patch(PREVIEW, &made).expect(200).body;
    assert_eq!(made["routes"][0]["callerIdOverride"], "+12065550100");
    let stable = tenant.patch(STABLE, &json!({"routes": [route(None)]})).expect(200).body;
    assert!(stable["routes"][0].get("callerIdOverride").is_none());
    let now = tenant.get(PREVIEW).expect(200).body;
    assert_eq!(now["routes"][0]["callerIdOverride"], "+12065550100");
    assert_eq!(now["routes"][0]["numberPattern"], r"^\+1\d+$");
    let bad = tenant.patch(PREVIEW, &json!({"routes": [route(Some("anna"))]})).expect(422);
    assert_eq!(bad.body["error"]["innererror"]["code"], "InvalidRouteCallerIdOverride");
    let unheard =
        tenant.patch(PREVIEW, &json!({"routes": [{"name": "b", "numberPattern": r"(\d)\1", "trunks": []}]}));
    let unheard = unheard.expect(422).body;
    assert_eq!(unheard["error"]["innererror"]["code"], "InvalidRouteNumberPattern");
    assert!(
        unheard["error"]["innererror"]["message"].as_str().is_some_and(|why| why.contains("character")),
        "{unheard}"
    );
}
