//! The OpenAPI 3.1 document. One registration gives a route and its entry: the document is what `routes` mounts, plus
//! what holds for all operations (security, the error envelope, the idempotency header).

mod common;

use crate::routes;
use actix_web::{App, dev::ResourceDef, http::Method};
use utoipa::{
    OpenApi,
    openapi::{OpenApi as Document, path::PathItem},
};
use utoipa_actix_web::AppExt as _;

/// The header that makes a repeated POST harmless.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Where that header counts.
pub(crate) const IDEMPOTENT_ROOT: &str = "/api/v1/";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Dialtone",
        version = "1",
        description = "Numbers, trunks, calls and money of a telephony platform. `/phoneNumbers`, `/availablePhoneNumbers` and `/sip` speak the Azure Communication Services protocol; `/api/v1` says what that protocol has no words for.\n\nWhat people edit has a version: a GET says it in `ETag`, and a PATCH, PUT or DELETE that says another one in `If-Match` is 412; without `If-Match` it is done whatever the version. Every answer to somebody known says in `RateLimit` (draft-ietf-httpapi-ratelimit-headers) how many requests may follow; one that comes too early is 429 with `Retry-After`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "numbers", description = "Search, buy, bind and release numbers"),
        (name = "porting", description = "Bring numbers from other providers, and let them go"),
        (name = "trunks", description = "The tenant's SBCs and domains"),
        (name = "routes", description = "Voice routes: which trunks a dialled number goes to"),
        (name = "protection", description = "Where a tenant may call, and for how much"),
        (name = "emergency", description = "Emergency calls and registered addresses"),
        (name = "eligibility", description = "Which ways of connection a tenant may use"),
        (name = "access", description = "Access keys, API keys, and tokens from keys"),
        (name = "audit", description = "Who changed what"),
        (name = "identity", description = "Users of apps, and their tokens"),
        (name = "users", description = "SIP users: phones that register with digest"),
        (name = "calls", description = "Records, live calls, and what would happen if"),
        (name = "recordings", description = "Recordings of calls: policy, beginning and ending, listening"),
        (name = "webhooks", description = "Subscriptions to events, their deliveries and dead letters"),
        (name = "money", description = "Balance, ledger and invoices"),
        (name = "tenants", description = "Sign-up, tokens, and the tenant itself"),
        (name = "operator", description = "For those who run the platform"),
        (name = "platform", description = "Health and metrics")
    ),
    security(("accessKey" = []), ("token" = []))
)]
struct Base;

/// Which paths exist, and with which methods: for 405.
#[derive(Debug, Default)]
pub(crate) struct RouteMap(Vec<(ResourceDef, Vec<Method>)>);

impl RouteMap {
    fn of(document: &Document) -> Self {
        Self(
            document
                .paths
                .paths
                .iter()
                .map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)))
                .collect(),
        )
    }

    /// The methods of a path; empty where there is no such path.
    pub(crate) fn methods(&self, path: &str) -> Vec<&Method> {
        self.0
            .iter()
            .filter(|(definition, _)| definition.is_match(path))
            .flat_map(|(_, methods)| methods)
            .collect()
    }
}

/// The document, with what holds for all operations.
fn document() -> Document {
    let (_, mut document) =
        App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes::mount).split_for_parts();
    common::add(&mut document);
    document
}

/// The document as it is served and as it is kept in `tests/house/openapi.json`: JSON, with line breaks.
#[must_use]
pub fn openapi_json() -> String {
    document().to_pretty_json().expect("the document has string keys only, so it is always JSON")
}

/// The document and the map of its routes.
pub(crate) fn document_and_map() -> (String, RouteMap) {
    let document = document();
    let map = RouteMap::of(&document);
    (document.to_pretty_json().expect("the document has string keys only, so it is always JSON"), map)
}

fn methods(item: &PathItem) -> Vec<Method> {
    [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
    ]
    .into_iter()
    .filter(|(_, operation)| operation.is_some())
    .map(|(method, _)| method)
    .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn served() -> Value {
        serde_json::from_str(&openapi_json()).unwrap()
    }

    fn each_operation(document: &Value, mut look: impl FnMut(&str, &str, &Value)) {
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                look(path, method, operation);
            }
        }
    }

    #[test]
    fn the_document_is_openapi_3_1_and_every_reference_in_it_leads_somewhere() {
        let document = served();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name} is referred to, and not there");
        }
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_a_sentence_and_the_error_envelope() {
        let document = served();
        let mut ids = BTreeSet::new();
        each_operation(&document, |path, method, operation| {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            let failure = &operation["responses"]["default"]["$ref"];
            assert_eq!(failure, "#/components/responses/Failure", "{method} {path}");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let described = answer["description"].is_string() || answer["$ref"].is_string();
                assert!(described, "{method} {path} {status}");
            }
        });
        assert!(ids.len() > 40, "{}", ids.len());
    }

    #[test]
    fn only_what_is_open_by_its_nature_asks_for_no_credentials() {
        let mut open = Vec::new();
        each_operation(&served(), |path, method, operation| {
            if !operation["security"].is_null() {
                open.push(format!("{method} {path}"));
            }
        });
        assert_eq!(
            open,
            [
                "get /.well-known/jwks.json",
                "post /api/v1/signup",
                "post /api/v1/tokens",
                "get /api/v1/webhooks/{id}:confirm",
                "post /api/v1/webhooks/{id}:confirm",
                "get /healthz",
                "get /metrics",
                "get /readyz"
            ]
        );
    }

    /// A change of the API is seen in its diff: `ACCEPT_OPENAPI=1 cargo test -p dialtone-web openapi` takes it over.
    #[test]
    fn the_document_is_the_one_that_is_kept_with_the_rules_of_the_house() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/house/openapi.json");
        let made = format!("{}\n", openapi_json());
        if std::env::var_os("ACCEPT_OPENAPI").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap();
        assert!(
            kept == made,
            "the API changed: look at it, then run with ACCEPT_OPENAPI=1 and commit openapi.json"
        );
    }

    #[test]
    fn the_map_knows_the_methods_of_a_path_and_no_path_that_is_not_there() {
        let (_, map) = document_and_map();
        assert_eq!(map.methods("/api/v1/balance"), [&Method::GET]);
        assert_eq!(map.methods("/api/v1/numbers/%2B12125550100"), [&Method::GET, &Method::PATCH]);
        assert!(map.methods("/api/v1/nothing-here").is_empty());
    }
}
