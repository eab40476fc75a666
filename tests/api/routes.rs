//! Voice routes over `/api/v1`: all that `/sip` has no words for.

use crate::tenant;
use serde_json::json;
use testkit::server::Client;

fn with_trunks(organization: &str) -> (Client, String, String) {
    let tenant = tenant(organization);
    let slug = organization.to_lowercase();
    let (one, two) = (format!("one.{slug}.test"), format!("two.{slug}.test"));
    let trunks = json!({"trunks": {(one.clone()): {"sipSignalingPort": 5061}, (two.clone()): {"sipSignalingPort": 5061}}});
    let _ = tenant.patch("/sip?api-version=2023-03-01", &trunks).expect(200);
    (tenant, one, two)
}

#[test]
fn a_route_keeps_priorities_hours_failover_and_rewriting_and_sip_shows_the_rest() {
    let (tenant, one, two) = with_trunks("Rich");
    let rich = json!({
        "name": "office & home", "numberPattern": r"^\+46\d+$", "order": "weighted",
        "targets": [{"fqdn": one, "priority": 0, "weight": 3}, two], "failoverOn": [408, 500, 503],
        "windows": [{"days": ["mon", "fri"], "from": "08:00", "until": "17:00", "zone": "+02:00"}],
        "callerIdOverride": "+12065550100",
        "rewrites": {"caller": [], "callee": [{"pattern": r"^\+46(\d+)$", "replacement": "0$1"}]}
    });
    let made = tenant.post("/api/v1/routes", &rich).expect(201).body;
    assert_eq!(made["position"], 1);
    assert_eq!(made["targets"][1], json!({"fqdn": two, "priority": 0, "weight": 1}));
    let path = "/api/v1/routes/office%20%26%20home";
    assert_eq!(tenant.get(path).expect(200).body, made);
    let sip = tenant.get("/sip?api-version=2023-03-01").expect(200).body;
    assert_eq!(sip["routes"][0]["trunks"], json!([one, two]));
    let last =
        tenant.post("/api/v1/routes", &json!({"name": "all", "numberPattern": r"^\+\d+$", "targets": [one]}));
    assert_eq!(last.expect(201).body["position"], 2);
    let moved =
        tenant.patch(path, &json!({"position": 2, "windows": null, "failoverOn": null})).expect(200).body;
    assert_eq!(
        (moved["position"].as_u64(), &moved["windows"], &moved["failoverOn"]),
        (Some(2), &json!([]), &json!(null))
    );
    assert_eq!(moved["order"], "weighted", "what is left out stays");
    let listed = tenant.get("/api/v1/routes").expect(200).body;
    let again = tenant.send("PUT", "/api/v1/routes", Some(&listed)).expect(200).body;
    assert_eq!(again, listed, "what was read can be written back");
    assert_eq!(tenant.delete(path).status, 204);
    assert_eq!(tenant.get(path).status, 404);
    let twice = tenant.post("/api/v1/routes", &json!({"name": "all", "numberPattern": "^1$"})).expect(409);
    assert_eq!(twice.body["error"]["target"], "name");
}

#[test]
fn each_mistake_names_its_field_and_the_remedy() {
    let (tenant, one, _) = with_trunks("Wrong");
    let good = json!({"name": "r", "numberPattern": "^1$", "targets": [one]});
    for (field, value, target) in [
        ("name", json!(""), "name"),
        ("numberPattern", json!(""), "numberPattern"),
        ("numberPattern", json!("^("), "numberPattern"),
        ("targets", json!(["lost.wrong.test"]), "targets.0"),
        ("targets", json!([one, one]), "targets.1"),
        ("targets", json!([{"fqdn": one, "colour": "red"}]), "targets.0.colour"),
        ("callerIdOverride", json!("12"), "callerIdOverride"),
        ("failoverOn", json!([486]), "failoverOn"),
        ("order", json!("best"), "order"),
        ("windows", json!([{"from": "8", "until": "17:00"}]), "windows.0.from"),
        (
            "windows",
            json!([{"from": "08:00", "until": "17:00", "zone": "Europe/Atlantis"}]),
            "windows.0.zone",
        ),
        ("rewrites", json!({"callee": [{"pattern": "(", "replacement": ""}]}), "rewrites.callee[0].pattern"),
        ("colour", json!("red"), "colour"),
        ("position", json!(7), "position"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = tenant.post("/api/v1/routes", &body).expect(400);
        assert_eq!(answer.body["error"]["target"], target, "{}", answer.text);
        assert!(!answer.body["error"]["message"].as_str().unwrap_or_default().is_empty());
    }
    let list = json!({"value": [good, {"name": "s", "numberPattern": "^(", "targets": []}]});
    let answer = tenant.send("PUT", "/api/v1/routes", Some(&list)).expect(400);
    assert_eq!(answer.body["error"]["target"], "value.1.numberPattern", "{}", answer.text);
    assert_eq!(
        tenant.get("/api/v1/routes").expect(200).body["value"],
        json!([]),
        "a refused list changes nothing"
    );
    assert_eq!(tenant.patch("/api/v1/routes/none", &json!({})).status, 404);
}

#[test]
fn a_number_is_tried_on_the_routes_and_each_says_why() {
    let (tenant, one, _) = with_trunks("Tried");
    let udp = json!({"transport": "udp", "addresses": ["127.20.1.78"], "media": {"srtp": "off"}});
    let _ = tenant.patch(&format!("/api/v1/trunks/{one}"), &udp).expect(200);
    for (name, pattern) in [("se", r"^\+46\d+$"), ("all", r"^\+\d+$")] {
        let route = json!({"name": name, "numberPattern": pattern, "targets": [one]});
        let _ = tenant.post("/api/v1/routes", &route).expect(201);
    }
    let tried = tenant.post("/api/v1/routes:test", &json!({"to": "+12065550100"})).expect(200).body;
    let verdicts: Vec<_> =
        tried["value"].as_array().into_iter().flatten().map(|r| r["verdict"].clone()).collect();
    assert_eq!(verdicts, ["passes", "takes"]);
    assert!(tried["value"][1]["why"].as_str().is_some_and(|why| why.contains(&one)), "{tried}");
    let night = json!({"name": "n", "numberPattern": ".*", "targets": [one], "windows": [{"from": "22:00", "until": "06:00"}]});
    let morning = json!({"name": "m", "numberPattern": ".*", "targets": [one],
        "windows": [{"from": "08:00", "until": "17:00", "zone": "Europe/Stockholm"}]});
    for (at, verdict) in [
        ("2026-03-28T06:30:00Z", "closed"),
        ("2026-03-29T06:30:00Z", "takes"),
        ("2026-10-25T06:30:00Z", "closed"),
    ] {
        let ask = json!({"to": "+4684650040", "at": at, "routes": [morning]});
        let tried = tenant.post("/api/v1/routes:test", &ask).expect(200).body;
        assert_eq!(tried["value"][0]["verdict"], verdict, "{at}: {tried}");
    }
    let noon = json!({"to": "+4684650040", "at": "2026-03-02T12:00:00Z", "routes": [night]});
    assert_eq!(tenant.post("/api/v1/routes:test", &noon).expect(200).body["value"][0]["verdict"], "closed");
    assert_eq!(
        tenant.post("/api/v1/routes:test", &json!({"to": "12"})).expect(400).body["error"]["target"],
        "to"
    );
}

#[test]
fn a_trunk_is_told_everything_by_a_merge_patch_and_never_tells_its_password() {
    let (tenant, one, _) = with_trunks("Told");
    let path = format!("/api/v1/trunks/{one}");
    let told = json!({
        "description": "the old PBX", "maxCallCost": {"amountMicros": 2_500_000, "currency": "USD"},
        "signaling": {"directTransfer": true, "sessionTimer": {"seconds": 600}, "failoverOn": [500]},
        "credentials": {"username": "us", "realm": "carrier.test", "password": "open-sesame"}
    });
    let answer = tenant.patch(&path, &told).expect(200);
    assert!(!answer.text.contains("open-sesame"), "{}", answer.text);
    assert_eq!(answer.body["passwordKept"], true);
    assert_eq!(answer.body["signaling"]["sessionTimer"], json!({"enabled": true, "seconds": 600}));
    let sip = tenant.get("/sip?api-version=2024-11-15-preview").expect(200).body;
    assert_eq!(sip["trunks"][&one]["directTransfer"], true, "both doors show one trunk");
    let less = tenant
        .patch(&path, &json!({"credentials": null, "description": null, "signaling": null}))
        .expect(200)
        .body;
    assert_eq!((&less["passwordKept"], &less["signaling"]["directTransfer"]), (&json!(false), &json!(false)));
    assert!(less["description"].is_null());
    for (body, target) in [
        (json!({"signaling": {"colour": "red"}}), "signaling.colour"),
        (json!({"signaling": {"sessionTimer": {"seconds": 10}}}), "signaling.sessionTimer.seconds"),
        (json!({"signaling": {"failoverOn": [603]}}), "signaling.failoverOn"),
        (
            json!({"signaling": {"outbound": {"callee": [{"pattern": "(", "replacement": ""}]}}}),
            "signaling.outbound.callee[0].pattern",
        ),
        (json!({"authentication": "digest"}), "sipUser"),
        (json!({"authentication": "digest", "sipUser": "nobody"}), "sipUser"),
        (json!({"authentication": "certificate", "transport": "udp"}), "authentication"),
        (json!({"credentials": {"username": "us", "realm": "r"}}), "credentials.password"),
        (json!({"transport": null}), "transport"),
        (json!({"fqdn": "other.told.test"}), "fqdn"),
    ] {
        let answer = tenant.patch(&path, &body).expect(400);
        assert_eq!(answer.body["error"]["target"], target, "{body}: {}", answer.text);
    }
}
