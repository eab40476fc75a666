//! The OpenAPI 3.1 document. One registration gives a route and its entry: the document is what `routes` mounts, plus
//! what holds for all operations (security, the error envelope, the idempotency header).

use crate::{
    error::{CODE_HEADER, ErrorBody},
    routes,
};
use actix_web::{App, dev::ResourceDef, http::Method};
use serde_json::json;
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        Content, HeaderBuilder, OpenApi as Document, Ref, RefOr, Required, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::{ObjectBuilder, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
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
        description = "Numbers, trunks, calls and money of a telephony platform. `/phoneNumbers`, `/availablePhoneNumbers` and `/sip` speak the Azure Communication Services protocol; `/api/v1` says what that protocol has no words for.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "numbers", description = "Search, buy, bind and release numbers"),
        (name = "trunks", description = "The tenant's SBCs, voice routes and domains"),
        (name = "users", description = "SIP users: phones that register with digest"),
        (name = "calls", description = "Records, live calls, and what would happen if"),
        (name = "money", description = "Balance and ledger"),
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
pub(crate) fn document() -> Document {
    let (_, mut document) =
        App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes::mount).split_for_parts();
    Schemes.modify(&mut document);
    Common.modify(&mut document);
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

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_with(Default::default);
        let key = ApiKeyValue::with_description(
            "Authorization",
            "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=<base64>, by one of the tenant's two access keys, as the Azure Communication Services SDKs sign",
        );
        components.add_security_scheme("accessKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let token = token.description(Some("A token from POST /api/v1/tokens")).build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let mut schemas = Vec::new();
        ErrorBody::schemas(&mut schemas);
        components.schemas.extend(schemas);
        components.schemas.insert("ErrorBody".to_owned(), <ErrorBody as utoipa::PartialSchema>::schema());
    }
}

struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            let makes = path.starts_with(IDEMPOTENT_ROOT);
            for (is_post, operation) in operations(item) {
                operation.responses.responses.insert("default".to_owned(), RefOr::T(failure()));
                if is_post && makes {
                    operation.parameters.get_or_insert_with(Vec::new).push(RefOr::T(
                        ParameterBuilder::new()
                            .name(IDEMPOTENCY_KEY)
                            .parameter_in(ParameterIn::Header)
                            .required(Required::False)
                            .description(Some("Any text of up to 255 characters: the same request again with the same key gets the first answer again"))
                            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                            .build(),
                    ));
                }
            }
        }
    }
}

fn failure() -> utoipa::openapi::Response {
    let example = |code: &str, message: &str, target: &str| json!({"error": {"code": code, "message": message, "target": target, "details": []}});
    let content = Content::builder()
        .schema(Some(Ref::from_schema_name("ErrorBody")))
        .examples_from_iter([
            (
                "Invalid",
                utoipa::openapi::example::Example::builder()
                    .value(Some(example("InvalidInput", "email: missing field `email`", "email")))
                    .build(),
            ),
            (
                "NotFound",
                utoipa::openapi::example::Example::builder()
                    .value(Some(example(
                        "NotFound",
                        "Input phoneNumber +12125550100 cannot be found.",
                        "phoneNumber",
                    )))
                    .build(),
            ),
            (
                "Unauthenticated",
                utoipa::openapi::example::Example::builder()
                    .value(Some(example(
                        "Unauthenticated",
                        "say who you are: sign the request with an access key, or send a token",
                        "Authorization",
                    )))
                    .build(),
            ),
        ])
        .build();
    let code = ObjectBuilder::new().schema_type(Type::String);
    ResponseBuilder::new()
        .description("What went wrong, and what to do about it")
        .header(
            CODE_HEADER,
            HeaderBuilder::new().schema(Some(code)).description(Some("The error's code")).build(),
        )
        .content("application/json", content)
        .build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [(false, get), (false, put), (true, post), (false, delete), (false, patch)]
        .into_iter()
        .filter_map(|(is_post, operation)| operation.as_mut().map(|operation| (is_post, operation)))
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
            let envelope =
                &operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(envelope, "#/components/schemas/ErrorBody", "{method} {path}");
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
            ["post /api/v1/signup", "post /api/v1/tokens", "get /healthz", "get /metrics", "get /readyz"]
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
