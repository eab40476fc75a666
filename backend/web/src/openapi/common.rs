//! What holds for all operations, and is said in the document once: how to sign in, what a failure looks like, the
//! idempotency header, merge-patches as plain JSON.

use super::{IDEMPOTENCY_KEY, IDEMPOTENT_ROOT};
use crate::{
    error::{CODE_HEADER, ErrorBody},
    versions,
};
use actix_web::http::StatusCode;
use serde_json::{Value, json};
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        Components, Content, HeaderBuilder, OpenApi as Document, Ref, RefOr, Required, Response,
        ResponseBuilder,
        example::Example,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        schema::{ObjectBuilder, Schema, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

const JSON: &str = "application/json";
/// The name of the one answer for everything that went wrong.
const FAILURE: &str = "Failure";
/// The header that names the version that a change is made upon.
const IF_MATCH: &str = "If-Match";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Adds it.
pub(super) fn add(document: &mut Document) {
    let components = document.components.get_or_insert_with(Default::default);
    sign_in(components);
    let mut schemas = Vec::new();
    ErrorBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.schemas.insert("ErrorBody".to_owned(), ErrorBody::schema());
    components.responses.insert(FAILURE.to_owned(), RefOr::T(failure()));
    open_what_is_extended(components);
    let parameter = format!("#/components/parameters/{IDEMPOTENCY_KEY}");
    components.parameters.insert(IDEMPOTENCY_KEY.to_owned(), RefOr::T(idempotency_key()));
    components.parameters.insert(IF_MATCH.to_owned(), RefOr::T(if_match()));
    for (path, item) in &mut document.paths.paths {
        let can_repeat = path.starts_with(IDEMPOTENT_ROOT);
        if versions::is_versioned(path) {
            version(item);
        }
        for (is_post, operation) in operations(item) {
            describe(operation);
            operation
                .responses
                .responses
                .insert("default".to_owned(), RefOr::Ref(Ref::from_response_name(FAILURE)));
            if is_post && can_repeat {
                operation
                    .parameters
                    .get_or_insert_with(Vec::new)
                    .push(RefOr::Ref(Ref::new(parameter.clone())));
            }
        }
    }
}

/// What refuses unknown fields as a request is also part of answers that hold more: within an `allOf` it must be open, else
/// nothing fits the whole.
fn open_what_is_extended(components: &mut Components) {
    let parts = components.schemas.values().filter_map(|schema| match schema {
        RefOr::T(Schema::AllOf(all)) => Some(&all.items),
        _ => None,
    });
    let names: Vec<String> = parts
        .flatten()
        .filter_map(|part| match part {
            RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
            RefOr::T(_) => None,
        })
        .collect();
    for name in names {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(&name) {
            object.additional_properties = None;
        }
    }
}

fn sign_in(components: &mut Components) {
    let key = ApiKeyValue::with_description(
        "Authorization",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=<base64>, by one of the tenant's two access keys, as the Azure Communication Services SDKs sign",
    );
    components.add_security_scheme("accessKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let token = token.description(Some("An API key (POST /api/v1/apiKeys), or a token from POST /api/v1/tokens or POST /api/v1/accessTokens")).build();
    components.add_security_scheme("token", SecurityScheme::Http(token));
}

/// Gives each answer the sentence that the format asks for, and each merge-patch its plain JSON twin.
fn describe(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let reason = status.parse().ok().and_then(|status: StatusCode| status.canonical_reason());
            response.description = reason.unwrap_or("Answer").to_owned();
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(content) = body.content.get(MERGE_PATCH).cloned()
    {
        body.content.insert(JSON.to_owned(), content);
    }
}

/// What is edited says its version, and takes the one that its editor saw.
fn version(item: &mut PathItem) {
    let PathItem { get, put, delete, patch, .. } = item;
    for operation in [put, delete, patch].into_iter().flatten() {
        let reference = Ref::new(format!("#/components/parameters/{IF_MATCH}"));
        operation.parameters.get_or_insert_with(Vec::new).push(RefOr::Ref(reference));
    }
    let Some(RefOr::T(answer)) =
        get.as_mut().and_then(|operation| operation.responses.responses.get_mut("200"))
    else {
        return;
    };
    let text = ObjectBuilder::new().schema_type(Type::String);
    let header = HeaderBuilder::new().schema(Some(text)).description(Some("Its version, for If-Match"));
    answer.headers.insert("ETag".to_owned(), header.build().into());
}

fn if_match() -> Parameter {
    ParameterBuilder::new()
        .name(IF_MATCH)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The ETag of what was read: 412 where somebody else has changed it since; without it, it is done whatever the version",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name(IDEMPOTENCY_KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Any text of up to 255 characters: the same request again with the same key gets the first answer again",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn failure() -> Response {
    let content = Content::builder()
        .schema(Some(Ref::from_schema_name("ErrorBody")))
        .examples_from_iter([
            ("Invalid", envelope("InvalidInput", "email: missing field `email`", "email")),
            (
                "NotFound",
                envelope("NotFound", "Input phoneNumber +12125550100 cannot be found.", "phonenumber"),
            ),
            (
                "PaymentRequired",
                envelope("PaymentRequired", "the balance does not cover it: 1.00 USD is missing", "balance"),
            ),
            (
                "Unauthenticated",
                envelope(
                    "Unauthenticated",
                    "sign the request with an access key, or send a token or an API key",
                    "Authorization",
                ),
            ),
        ])
        .build();
    let code = ObjectBuilder::new().schema_type(Type::String);
    let header = HeaderBuilder::new().schema(Some(code)).description(Some("The error's code")).build();
    ResponseBuilder::new()
        .description("What went wrong, and what to do about it")
        .header(CODE_HEADER, header)
        .content(JSON, content)
        .build()
}

fn envelope(code: &str, message: &str, target: &str) -> Example {
    let value: Value = json!({"error": {"code": code, "message": message, "target": target, "details": []}});
    Example::builder().value(Some(value)).build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [(false, get), (false, put), (true, post), (false, delete), (false, patch)]
        .into_iter()
        .filter_map(|(is_post, operation)| operation.as_mut().map(|operation| (is_post, operation)))
}
