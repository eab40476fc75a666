//! The `api-version` that every call of the data plane names.

use crate::error::ApiError;
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::StatusCode};
use std::{
    fmt,
    future::{Ready, ready},
};
use utoipa::IntoParams;

/// The version that the caller speaks. Every dated version is taken: what they share is what is served.
#[derive(Debug, Clone)]
pub(crate) struct ApiVersion(String);

/// Its parameter, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it stands in the OpenAPI document, and is read by ApiVersion")]
pub(crate) struct VersionParams {
    /// The protocol's version, such as `2025-06-01`.
    #[param(rename = "api-version", example = "2025-06-01")]
    api_version: String,
}

/// The first preview that knows domains, health and more of trunks, and tests routes.
const SIP_PREVIEW: &str = "2024-11-15";

impl ApiVersion {
    /// Whether the caller speaks the preview of the SIP configuration, or a later one.
    pub(crate) fn has_sip_preview(&self) -> bool {
        self.0.split_once("-preview").is_some_and(|(date, _)| date >= SIP_PREVIEW)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromRequest for ApiVersion {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()))
    }
}

fn read(query: &str) -> Result<ApiVersion, ApiError> {
    let version =
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name.eq_ignore_ascii_case("api-version"));
    let Some((_, version)) = version else {
        let message = "the query parameter api-version is missing: add ?api-version=2025-06-01";
        return Err(
            ApiError::new(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", message).at("api-version")
        );
    };
    if is_dated(&version) {
        return Ok(ApiVersion(version.into_owned()));
    }
    let message = format!("{version:?} is no version of this protocol: use one such as 2025-06-01");
    Err(ApiError::new(StatusCode::BAD_REQUEST, "UnsupportedApiVersion", message).at("api-version"))
}

/// `2025-06-01`, or `2022-01-11-preview2`.
fn is_dated(text: &str) -> bool {
    let (date, rest) = text.split_at_checked(10).unwrap_or((text, ""));
    let preview =
        rest.strip_prefix("-preview").map(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok()
        && date.len() == 10
        && (rest.is_empty() || preview == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sip_preview_is_spoken_by_later_previews_and_by_no_stable_version() {
        for (version, expected) in [
            ("2024-11-15-preview", true),
            ("2025-03-01-preview2", true),
            ("2023-04-01-preview", false),
            ("2023-03-01", false),
            ("2025-06-01", false),
        ] {
            assert_eq!(ApiVersion(version.to_owned()).has_sip_preview(), expected, "{version}");
        }
    }

    #[test]
    fn every_dated_version_is_taken_and_anything_else_is_refused() {
        for version in ["2021-03-07", "2025-06-01", "2022-01-11-preview2", "2024-11-15-preview"] {
            assert!(read(&format!("skip=0&api-version={version}")).is_ok(), "{version}");
        }
        for query in [
            "",
            "api-version=",
            "api-version=v1",
            "api-version=2025-13-01",
            "api-version=2025-06-01x",
            "api-version=%FF",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
