//! Protection and eligibility: the tenant's own word, within the operator's.

use crate::{BINARY, VERSION, server, tenant};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use testkit::server::{Answer, Client, Server};

fn id_of(tenant: &Client) -> String {
    tenant.get("/api/v1/tenant").expect(200).body["id"].as_str().expect("an id").to_owned()
}

fn usd(micros: i64) -> Value {
    json!({"amountMicros": micros, "currency": "USD"})
}

#[test]
fn a_tenant_sets_its_protection_within_the_operators_bounds() {
    let tenant = tenant("Protected");
    let free = tenant.get("/api/v1/protection").expect(200).body;
    assert_eq!(
        (&free["allowedCountries"], &free["caps"]),
        (&json!([]), &json!({"perCall": null, "perDay": null, "exposure": null}))
    );
    assert!(
        free["highRisk"]
            .as_array()
            .is_some_and(|all| all.len() > 10 && all.iter().all(|risk| risk["open"] == false))
    );
    let wish = json!({"allowedCountries": ["se", "US"], "blockedPrefixes": ["+46900"], "caps": {"perDay": usd(9_000_000)}});
    let set = tenant.patch("/api/v1/protection", &wish).expect(200).body;
    assert_eq!(
        (&set["allowedCountries"], &set["blockedPrefixes"]),
        (&json!(["SE", "US"]), &json!(["46900"]))
    );
    let path = format!("/api/v1/operator/tenants/{}", id_of(&tenant));
    let bounds = json!({"protection": {"allowedCountries": ["SE"], "caps": {"perDay": usd(5_000_000)}, "mayOpenHighRisk": false}});
    let answer = server().operator().patch(&path, &bounds).expect(200).body;
    assert_eq!(answer["protection"]["allowedCountries"], json!(["SE"]));
    let now = tenant.get("/api/v1/protection").expect(200).body;
    assert_eq!(now["effective"]["allowedCountries"], json!(["SE"]));
    assert_eq!(now["effective"]["caps"]["perDay"], usd(5_000_000));
    for (body, target) in [
        (json!({"allowedCountries": ["DK"]}), "allowedCountries"),
        (json!({"allowedCountries": ["Sweden"]}), "allowedCountries"),
        (json!({"allowedCountries": ["SE"], "caps": {"perDay": usd(6_000_000)}}), "caps.perDay"),
        (
            json!({"allowedCountries": ["SE"], "caps": {"perCall": {"amountMicros": 1, "currency": "EUR"}}}),
            "caps.perCall",
        ),
        (json!({"allowedCountries": ["SE"], "highRiskPrefixes": ["881"]}), "highRiskPrefixes"),
        (json!({"overLimit": "shout"}), "overLimit"),
        (json!({"allowBelowCost": true}), "allowBelowCost"),
    ] {
        let answer = tenant.patch("/api/v1/protection", &body).expect(400);
        assert_eq!(answer.body["error"]["target"], target, "{body}: {}", answer.text);
    }
    assert_eq!(tenant.get(&path).status, 404, "the operator's side is not there for tenants");
    let bad =
        server().operator().patch(&path, &json!({"protection": {"allowedCountries": ["XX"]}})).expect(400);
    assert_eq!(bad.body["error"]["target"], "allowedCountries");
}

#[test]
fn protection_decides_what_is_simulated() {
    let tenant = tenant("Simulated Guard");
    let number = tenant.buy("US", "geographic");
    let simulate = |to: &str| {
        let body = json!({"from": number, "to": to, "source": "app"});
        tenant.post("/api/v1/calls:simulate", &body).expect(200).body
    };
    assert_eq!(simulate("+12065550100")["verdict"], "connect");
    let _ = tenant.patch("/api/v1/protection", &json!({"allowedCountries": ["SE"]})).expect(200);
    let refused = simulate("+12065550100");
    assert_eq!(refused["verdict"], "refuse", "{refused}");
    let _ = tenant.patch("/api/v1/protection", &json!({"allowedCountries": null})).expect(200);
    assert_eq!(simulate("+12065550100")["verdict"], "connect");
}

#[test]
fn what_may_be_owed_at_worst_is_read_capped_and_bounded() {
    let tenant = tenant("Exposed");
    let number = tenant.buy("US", "geographic");
    let exposure = tenant.get("/api/v1/exposure").expect(200).body;
    assert_eq!((&exposure["exposure"], &exposure["cap"]), (&usd(0), &Value::Null), "{exposure}");
    let _ = tenant.patch("/api/v1/protection", &json!({"caps": {"exposure": usd(16_999)}})).expect(200);
    let asked = json!({"from": number, "to": "+12065550100", "source": "app"});
    let refused = tenant.post("/api/v1/calls:simulate", &asked).expect(200).body;
    assert_eq!(refused["cause"], "exposure-cap", "{refused}");
    let path = format!("/api/v1/operator/tenants/{}", id_of(&tenant));
    let bounds =
        json!({"protection": {"caps": {"exposure": usd(9)}, "velocity": {"tenant": {"perDay": usd(7)}}}});
    let _ = server().operator().patch(&path, &bounds).expect(200);
    for (body, target) in [
        (json!({"caps": {"exposure": usd(10)}}), "caps.exposure"),
        (
            json!({"caps": {"exposure": null}, "velocity": {"tenant": {"perDay": usd(8)}}}),
            "velocity.tenant.perDay",
        ),
        (
            json!({"caps": {"exposure": null}, "velocity": {"caller": {"perHour": usd(-1)}}}),
            "velocity.caller.perHour",
        ),
    ] {
        let answer = tenant.patch("/api/v1/protection", &body).expect(400);
        assert_eq!(answer.body["error"]["target"], target, "{body}: {}", answer.text);
    }
    let spending = server().operator().get(&format!("{path}/spending")).expect(200).body;
    assert_eq!(spending["limits"]["tenant"]["perDay"], usd(7), "{spending}");
    assert_eq!(
        tenant.get("/api/v1/operator/exposure").status,
        404,
        "the operator's side is not there for tenants"
    );
}

#[test]
fn what_a_tenant_may_not_use_is_said_before_it_tries() {
    let tenant = tenant("Eligible");
    let open = tenant.get("/api/v1/eligibility").expect(200).body;
    assert_eq!((&open["agreement"], &open["directRouting"]["allowed"]), (&json!("payAsYouGo"), &json!(true)));
    assert!(open["cloudCalling"]["numberCountries"].as_array().is_some_and(|all| !all.is_empty()));
    let path = format!("/api/v1/operator/tenants/{}", id_of(&tenant));
    let closed = json!({
        "agreement": "partner", "country": "se",
        "connections": {"directRouting": {"allowed": false, "why": "your partner connects trunks for you"}}
    });
    let terms = server().operator().patch(&path, &closed).expect(200).body;
    assert_eq!((&terms["agreement"], &terms["country"]), (&json!("partner"), &json!("SE")));
    let now = tenant.get("/api/v1/eligibility").expect(200).body;
    assert_eq!(
        now["directRouting"],
        json!({"allowed": false, "why": "your partner connects trunks for you"})
    );
    let trunk = json!({"trunks": {"sbc.eligible.test": {"sipSignalingPort": 5061}}});
    let refused = tenant.patch("/sip?api-version=2023-03-01", &trunk).expect(422).body;
    assert_eq!(refused["error"]["innererror"]["code"], "DirectRoutingNotAllowed");
    assert!(refused.to_string().contains("your partner"), "{refused}");
    let _ = server().operator().patch(&path, &json!({"connections": {"directRouting": null}})).expect(200);
    let _ = tenant.patch("/sip?api-version=2023-03-01", &trunk).expect(200);
    for (body, target) in [
        (json!({"agreement": "handshake"}), "agreement"),
        (json!({"country": "XX"}), "country"),
        (json!({"connections": {"cloudCalling": {"allowed": false}}}), "connections.cloudCalling.why"),
        (json!({"connections": {"pigeon": null, "post": {"allowed": true}}}), "connections.post"),
    ] {
        let answer = server().operator().patch(&path, &body).expect(400);
        assert_eq!(answer.body["error"]["target"], target, "{body}: {}", answer.text);
    }
    let rules = json!({"rules": [{"connection": "directRouting", "allowed": false}]});
    let bad = server().operator().send("PUT", "/api/v1/operator/eligibility", Some(&rules)).expect(400);
    assert_eq!(bad.body["error"]["target"], "rules.0.why");
    assert_eq!(tenant.get("/api/v1/operator/eligibility").status, 404);
}

#[test]
fn numbers_are_sold_to_accounts_that_are_billed_where_the_operator_says() {
    let here = Server::start(BINARY, Ipv4Addr::new(127, 20, 9, 14));
    let (tenant, operator) = (here.tenant("Billed Somewhere"), here.operator());
    let search = json!({"phoneNumberType": "geographic", "assignmentType": "application",
        "capabilities": {"calling": "inbound", "sms": "none"}, "quantity": 1});
    let search = || tenant.post(&format!("/availablePhoneNumbers/countries/US/:search?{VERSION}"), &search);
    let held = search().expect(202).header("search-id").expect("a search").to_owned();
    let path = "/api/v1/operator/eligibility/regions";
    let regions = json!({"regions": [{"numberCountry": "us", "billingCountries": ["US", "ca"]}]});
    let put = operator.send("PUT", path, Some(&regions)).expect(200).body;
    assert_eq!(put["regions"][0]["billingCountries"], json!(["US", "CA"]), "{put}");
    assert_eq!(operator.get(path).expect(200).body, put);
    let said = |answer: &Answer| answer.body["error"]["message"].as_str().unwrap_or_default().to_owned();
    let refused = search().expect(403);
    assert_eq!(refused.body["error"]["code"], "NotEligible");
    assert!(said(&refused).contains("nobody has said yours"), "{}", refused.text);
    let id = tenant.get("/api/v1/tenant").expect(200).body["id"].as_str().expect("an id").to_owned();
    let bill = |country: &str| {
        let path = format!("/api/v1/operator/tenants/{id}");
        let _ = operator.patch(&path, &json!({"country": country})).expect(200);
    };
    bill("SE");
    let purchase = json!({"searchId": held});
    let refused = tenant.post(&format!("/availablePhoneNumbers/:purchase?{VERSION}"), &purchase).expect(403);
    assert!(said(&refused).contains("yours is billed in SE"), "{}", refused.text);
    let known = tenant.get("/api/v1/eligibility").expect(200).body;
    let all = known["cloudCalling"]["numberCountries"].as_array().expect("countries").clone();
    let of = |code: &str| {
        all.iter().find(|one| one["country"] == code).expect("it is for sale")["allowed"].clone()
    };
    assert_eq!((of("US"), of("GB")), (json!(false), json!(true)));
    bill("CA");
    let _ = tenant.post(&format!("/availablePhoneNumbers/:purchase?{VERSION}"), &purchase).expect(202);
    for (wrong, target) in [
        (json!([{"numberCountry": "ZZ"}]), "regions.0.numberCountry"),
        (json!([{"numberCountry": "SE", "billingCountries": ["Sweden"]}]), "regions.0.billingCountries"),
        (json!([{"numberCountry": "SE", "agreements": ["handshake"]}]), "regions.0.agreements.0"),
    ] {
        let answer = operator.send("PUT", path, Some(&json!({"regions": wrong}))).expect(400);
        assert_eq!(answer.body["error"]["target"], target, "{}", answer.text);
    }
    assert_eq!(tenant.get(path).status, 404);
}
