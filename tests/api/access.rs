//! Every operation of the OpenAPI document refuses the anonymous.

use crate::server;
use serde_json::{Value, json};

/// Open by their nature.
const OPEN: [&str; 7] = [
    "/api/v1/webhooks/{id}:confirm",
    "/api/v1/signup",
    "/api/v1/tokens",
    "/healthz",
    "/readyz",
    "/metrics",
    "/.well-known/jwks.json",
];

pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
}

pub(crate) fn operations() -> Vec<Operation> {
    let document = server().anonymous().get("/openapi.json").expect(200).body;
    assert!(
        document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")),
        "{}",
        document["openapi"]
    );
    let paths = document["paths"].as_object().expect("paths").clone();
    let methods = ["get", "post", "patch", "put", "delete"];
    let of = |path: String, item: Value| {
        methods
            .iter()
            .filter(move |m| item.get(**m).is_some())
            .map(move |m| Operation { method: m.to_uppercase(), path: path.clone() })
            .collect::<Vec<_>>()
    };
    paths.into_iter().flat_map(|(path, item)| of(path, item)).collect()
}

/// The path with each parameter filled from what the owner has.
fn filled(path: &str, number: &str, call: &str) -> String {
    let mut out = path.to_owned();
    for (name, value) in [
        ("{phoneNumber}", number),
        ("{e164}", number),
        ("{number}", number),
        ("{fqdn}", "sbc.walls.test"),
        ("{name}", "walls.test"),
        ("{username}", "walls"),
        ("{countryCode}", "US"),
        ("{country}", "US"),
    ] {
        out = out.replace(name, value);
    }
    // What is left is an identifier.
    while let (Some(open), Some(close)) = (out.find('{'), out.find('}')) {
        out.replace_range(open..=close, call);
    }
    format!("{out}?api-version=2025-06-01")
}

#[test]
fn every_operation_refuses_the_anonymous() {
    let operations = operations();
    assert!(operations.len() > 25, "only {} operations", operations.len());
    for Operation { method, path } in operations.iter().filter(|o| !OPEN.contains(&o.path.as_str())) {
        let path = filled(path, "%2B12125550100", "0190163d-8694-739b-aea5-966c26f8ad90");
        let body = (method != "GET" && method != "DELETE").then(|| json!({}));
        let answer = server().anonymous().send(method, &path, body.as_ref());
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
        assert!(answer.body["error"]["code"].is_string(), "{method} {path}: {}", answer.text);
    }
}
