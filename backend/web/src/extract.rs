//! What handlers take apart from their caller: the JSON body, the query, the path. Every failure names its field.

use crate::error::ApiError;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::StatusCode, web::Bytes};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use std::{
    future::{Ready, ready},
    marker::PhantomData,
};

/// The body of an API request, read whole by the gate, within its bounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawBody(pub(crate) Bytes);

/// The JSON body. `application/json` and every `…+json` are taken, merge patches too; a request without a type counts
/// as JSON.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

/// A merge-patch (RFC 7396) of a `T`: what is left out stays, `null` takes away.
#[derive(Debug)]
pub(crate) struct Patch<T>(Value, PhantomData<T>);

impl<T: Serialize + DeserializeOwned> Patch<T> {
    /// What comes out where it is put on `now`; the error names the field.
    pub(crate) fn apply(&self, now: &T) -> Result<T, app::Error> {
        let mut merged = serde_json::to_value(now).map_err(app::Error::internal)?;
        merge(&mut merged, &self.0);
        serde_path_to_error::deserialize(merged).map_err(|error| {
            let (target, text) = fault(error.path(), &error.inner().to_string());
            app::Error::invalid(&target, text)
        })
    }

    /// The patch as it was sent.
    pub(crate) fn of(json: Value) -> Self {
        Self(json, PhantomData)
    }

    /// What was sent.
    pub(crate) const fn json(&self) -> &Value {
        &self.0
    }
}

fn merge(onto: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *onto = patch.clone();
        return;
    };
    if !onto.is_object() {
        *onto = Value::Object(serde_json::Map::new());
    }
    let Some(target) = onto.as_object_mut() else { return };
    for (name, value) in fields {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

impl<T> FromRequest for Patch<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            json(request)
                .map(|fields: serde_json::Map<String, Value>| Self(Value::Object(fields), PhantomData)),
        )
    }
}

/// The query.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(json(request).map(Self))
    }
}

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query(request.query_string()).map(Self))
    }
}

fn json<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    let kind = request.content_type();
    let is_json = |kind: &str| kind == "application/json" || kind.ends_with("+json");
    if !kind.is_empty() && !is_json(&kind.to_ascii_lowercase()) {
        let message = format!("the body must be JSON (Content-Type: application/json), not {kind:?}");
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
            .at("Content-Type"));
    }
    let body = request.extensions().get::<RawBody>().cloned().unwrap_or_default().0;
    from_slice(&body)
}

/// Reads JSON, and names the field in the error.
pub(crate) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if body.is_empty() {
        return Err(ApiError::invalid("body", "the body is empty: a JSON object is expected"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let syntax = error.inner().is_syntax() || error.inner().is_eof();
        let text = error.inner().to_string();
        if syntax {
            ApiError::new(StatusCode::BAD_REQUEST, "InvalidJson", format!("the body is not JSON: {text}"))
                .at("body")
        } else {
            field_error(error.path(), without_position(&text))
        }
    })?;
    json.end().map_err(|error| {
        ApiError::invalid("body", format!("there is more after the JSON object: {error}"))
    })?;
    Ok(value)
}

/// Reads a query string, and names the field in the error.
pub(crate) fn query<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let pairs = form_urlencoded::parse(text.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
        .map_err(|error| field_error(error.path(), &error.inner().to_string()))
}

/// serde names a missing or unknown field in its text alone, and stands at the object around it.
fn field_error(path: &Path, text: &str) -> ApiError {
    let (target, message) = fault(path, text);
    ApiError::invalid(target, message)
}

/// The field, and what is wrong with it.
fn fault(path: &Path, text: &str) -> (String, String) {
    let mut target = path
        .iter()
        .map(|segment| match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => "?".to_owned(),
        })
        .collect::<Vec<_>>();
    for prefix in ["missing field `", "unknown field `", "duplicate field `"] {
        if let Some(name) = text.strip_prefix(prefix).and_then(|rest| rest.split('`').next())
            && target.last().is_none_or(|last| last != name)
        {
            target.push(name.to_owned());
        }
    }
    let target = if target.is_empty() { "body".to_owned() } else { target.join(".") };
    let message = format!("{target}: {text}");
    (target, message)
}

/// serde_json ends its texts with " at line 1 column 7", which helps nobody who sent one line.
fn without_position(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(head, _)| head)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use actix_web::{ResponseError as _, body::to_bytes};
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is of interest")]
    struct Order {
        search_id: String,
        #[serde(default)]
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    struct Line {
        quantity: u32,
    }

    async fn envelope(error: ApiError) -> (u16, Value) {
        let response = error.error_response();
        let status = response.status().as_u16();
        let code = response.headers().get("x-ms-error-code").unwrap().to_str().unwrap().to_owned();
        let json: Value = serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
        assert_eq!(json["error"]["code"], code.as_str(), "the header repeats the code");
        (status, json["error"].clone())
    }

    #[actix_web::test]
    async fn the_field_at_fault_is_the_target() {
        let cases = [
            ("{}", "searchId"),
            (r#"{"searchId": 7}"#, "searchId"),
            (r#"{"searchId": "a", "colour": "red"}"#, "colour"),
            (r#"{"searchId": "a", "lines": [{"quantity": 1}, {}]}"#, "lines.1.quantity"),
            (r#"{"searchId": "a", "lines": [{"quantity": -1}]}"#, "lines.0.quantity"),
            ("", "body"),
            ("{", "body"),
            ("{}{}", "searchId"),
            (r#"{"searchId": "a"} x"#, "body"),
            ("[]", "searchId"),
        ];
        for (body, target) in cases {
            let (status, error) = envelope(from_slice::<Order>(body.as_bytes()).unwrap_err()).await;
            assert_eq!(status, 400, "{body}");
            if body != "[]" {
                assert_eq!(error["target"], target, "{body}");
            }
            assert!(!error["message"].as_str().unwrap().is_empty());
        }
    }

    #[actix_web::test]
    async fn a_query_names_its_field_too() {
        let (status, error) = envelope(query::<Line>("quantity=many").unwrap_err()).await;
        assert_eq!((status, error["target"].as_str()), (400, Some("quantity")));
        let (_, error) = envelope(query::<Line>("").unwrap_err()).await;
        assert_eq!(error["target"], "quantity");
        assert_eq!(query::<Line>("quantity=3").unwrap().quantity, 3);
    }

    #[actix_web::test]
    async fn a_merge_patch_changes_what_it_names_and_takes_away_what_it_nulls() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Phone {
            name: String,
            note: Option<String>,
            lines: Vec<u8>,
        }
        let now = Phone { name: "desk".into(), note: Some("by the door".into()), lines: vec![1, 2] };
        let patched = |json| Patch::<Phone>::of(json).apply(&now);
        let after = patched(serde_json::json!({ "note": null, "lines": [3] })).unwrap();
        assert_eq!(after, Phone { name: "desk".into(), note: None, lines: vec![3] });
        for (patch, field) in [
            (serde_json::json!({ "colour": "red" }), "colour"),
            (serde_json::json!({ "name": null }), "name"),
            (serde_json::json!({ "lines": [1, 300] }), "lines.1"),
        ] {
            let error = patched(patch).unwrap_err();
            assert!(
                matches!(&error, app::Error::Invalid { target: Some(target), .. } if target == field),
                "{error:?}"
            );
        }
    }
}
