//! The one error shape of the API, and the only place where an HTTP status is chosen for a failure.
//!
//! `{"error": {"code", "message", "target", "details", "innererror"}}`: the code is for programs and is repeated in the
//! header `x-ms-error-code`, the message says what to do, the target names the field.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use std::{borrow::Cow, fmt};
use utoipa::ToSchema;

/// The header that repeats the error's code.
pub(crate) const CODE_HEADER: &str = "x-ms-error-code";
/// What an anonymous caller may try.
const CHALLENGE: &str = "HMAC-SHA256, Bearer realm=\"dialtone\"";

/// An error, as the API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"error": {
    "code": "InvalidInput", "message": "email is missing", "target": "email", "details": []
}}))]
pub(crate) struct ErrorBody {
    error: ErrorInfo,
}

/// What went wrong and what to do about it.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct ErrorInfo {
    /// A stable word for programs.
    code: Cow<'static, str>,
    /// What to do about it, for people.
    message: String,
    /// The field, header or thing at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// Further errors of the same request.
    details: Vec<ErrorDetail>,
    /// A more specific code.
    #[serde(skip_serializing_if = "Option::is_none")]
    innererror: Option<ErrorDetail>,
}

/// One further error.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    code: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

impl ErrorDetail {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), target: None }
    }
}

/// A failed request.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    status: StatusCode,
    info: Box<ErrorInfo>,
    retry_after_seconds: Option<u32>,
    allow: Option<String>,
}

/// What every handler returns.
pub(crate) type ApiResult = Result<HttpResponse, ApiError>;

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        let info = ErrorInfo { code: code.into(), message: message.into(), ..ErrorInfo::default() };
        Self { status, info: Box::new(info), retry_after_seconds: None, allow: None }
    }

    /// 400: a field of the request can't be read.
    pub(crate) fn invalid(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidInput", message).at(target)
    }

    /// 401: nobody, or nobody we know.
    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthenticated", message)
    }

    /// 404: it is not there, or it is another tenant's.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// 405, with the methods that do exist.
    pub(crate) fn method_not_allowed(method: &str, allow: String) -> Self {
        let message = format!("{method} is not possible here: use {allow}");
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message) }
    }

    /// 500: our fault. What happened is in the log, not in the answer.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "the server failed; its log says why, under the time of this answer",
        )
    }

    /// With the field or thing at fault.
    pub(crate) fn at(mut self, target: impl Into<String>) -> Self {
        self.info.target = Some(target.into());
        self
    }

    /// With a more specific code.
    pub(crate) fn inner(mut self, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.info.innererror = Some(ErrorDetail::new(code, message));
        self
    }

    /// With when to try again.
    pub(crate) const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

impl From<app::Error> for ApiError {
    fn from(error: app::Error) -> Self {
        use app::Error as E;
        let error = error.settled();
        let text = error.to_string();
        let located = |status, code: &'static str, target: Option<String>| {
            let error = Self::new(status, code, text.clone());
            match target {
                Some(target) => error.at(target),
                None => error,
            }
        };
        match error {
            E::NotFound { target, .. } => located(StatusCode::NOT_FOUND, "NotFound", target),
            E::Invalid { status, code, target, inner, .. } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                let error = located(status, code, target);
                match inner {
                    Some((code, message)) => error.inner(code, message),
                    None => error,
                }
            }
            E::Conflict { target, .. } => located(StatusCode::CONFLICT, "Conflict", target),
            E::Unauthenticated { .. } => located(StatusCode::UNAUTHORIZED, "Unauthenticated", None),
            E::Denied { .. } => located(StatusCode::FORBIDDEN, "Forbidden", None),
            E::PaymentRequired { missing, .. } => {
                located(StatusCode::PAYMENT_REQUIRED, "PaymentRequired", Some("balance".to_owned()))
                    .inner("NotEnoughCredit", format!("{missing} is missing"))
            }
            E::TooMany { retry_after, .. } => {
                located(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", None).retry_after(retry_after)
            }
            E::Unavailable { retry_after } => {
                located(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", None).retry_after(retry_after)
            }
            E::Internal(source) => {
                tracing::error!(error = %chain(source.as_ref()), "a request failed inside");
                Self::internal()
            }
        }
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.info.code, self.info.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CODE_HEADER, self.info.code.as_ref()));
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, CHALLENGE));
        }
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        response.json(ErrorBody { error: (*self.info).clone() })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use domain::money::{Currency, Money};
    use serde_json::Value;

    /// Status, code, target, inner code, Retry-After.
    type Shown = (u16, String, Option<String>, Option<String>, Option<String>);

    async fn shown(error: app::Error) -> Shown {
        let response = ApiError::from(error).error_response();
        let status = response.status().as_u16();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (code, retry_after) = (header(CODE_HEADER).unwrap(), header("retry-after"));
        assert_eq!(status == 401, header("www-authenticate").is_some());
        let json: Value = serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
        assert_eq!(json["error"]["code"], code.as_str());
        let text = |value: &Value| value.as_str().map(str::to_owned);
        (
            status,
            code,
            text(&json["error"]["target"]),
            text(&json["error"]["innererror"]["code"]),
            retry_after,
        )
    }

    #[actix_web::test]
    async fn each_answer_of_a_use_case_has_its_status_code_and_target() {
        let row =
            |status, code: &str, target: Option<&str>, inner: Option<&str>, after: Option<&str>| -> Shown {
                let own = |text: Option<&str>| text.map(str::to_owned);
                (status, code.to_owned(), own(target), own(inner), own(after))
            };
        let message = || "why".to_owned();
        let unfit = app::Error::Invalid {
            status: 422,
            code: "UnprocessableConfiguration",
            message: message(),
            target: None,
            inner: Some(("EmptyPatch", message())),
        };
        let missing = Money::new(1_000_000, Currency::USD);
        for (error, expected) in [
            (app::Error::not_found("id", "why"), row(404, "NotFound", Some("id"), None, None)),
            (app::Error::invalid("to", "why"), row(400, "InvalidInput", Some("to"), None, None)),
            (unfit, row(422, "UnprocessableConfiguration", None, Some("EmptyPatch"), None)),
            (app::Error::conflict("email", "why"), row(409, "Conflict", Some("email"), None, None)),
            (app::Error::unauthenticated("why"), row(401, "Unauthenticated", None, None, None)),
            (app::Error::Denied { message: message() }, row(403, "Forbidden", None, None, None)),
            (
                app::Error::PaymentRequired { message: message(), missing },
                row(402, "PaymentRequired", Some("balance"), Some("NotEnoughCredit"), None),
            ),
            (
                app::Error::TooMany { message: message(), retry_after: 7 },
                row(429, "TooManyRequests", None, None, Some("7")),
            ),
            (
                app::Error::Unavailable { retry_after: 1 },
                row(503, "ServiceUnavailable", None, None, Some("1")),
            ),
        ] {
            assert_eq!(shown(error).await, expected);
        }
    }

    #[actix_web::test]
    async fn a_failure_inside_shows_nothing_of_itself() {
        let response =
            ApiError::from(app::Error::internal("the password of the database is 1234")).error_response();
        assert_eq!(response.status(), 500);
        let body = to_bytes(response.into_body()).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("1234"));
    }
}
