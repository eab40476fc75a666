//! What a page could not do, as a page: the same frame, a sentence on what to do, and nothing of what broke inside.

use super::{
    page::{Place, Shell},
    visit::Visit,
};
use crate::error::chain;
use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        Method, StatusCode,
        header::{ContentType, RETRY_AFTER},
    },
};
use askama::Template;
use std::fmt;

/// Why there is no such page now.
#[derive(Debug)]
pub(crate) enum PageError {
    /// There is nothing here, or it is somebody else's.
    NotFound,
    /// Sign in first.
    SignedOut,
    /// Another page is meant for whoever is signed in.
    Elsewhere(&'static str),
    /// The form's token is not of this browser, or the form is from another site.
    StaleForm,
    /// The form can't be read.
    BadForm,
    /// The use case says no.
    App(app::Error),
}

impl PageError {
    /// A page's handler ran without its visit: a mistake of ours.
    pub(crate) fn unopened() -> Self {
        Self::App(app::Error::internal("a page was asked for outside of the portal's scope"))
    }

    /// What the framework refused by itself: a path or query that can't be read.
    pub(crate) fn of_framework(error: &actix_web::Error) -> Self {
        let status = error.as_response_error().status_code();
        if status.is_server_error() {
            Self::App(app::Error::internal(error.to_string()))
        } else {
            Self::NotFound
        }
    }

    /// Status, title and sentence.
    fn words(&self) -> (StatusCode, &'static str, String) {
        const NOT_FOUND: &str =
            "There is nothing here, or it is not yours. The address may be mistyped, or the thing is gone.";
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "Not found", NOT_FOUND.to_owned()),
            Self::SignedOut | Self::Elsewhere(_) => (StatusCode::SEE_OTHER, "Elsewhere", String::new()),
            Self::StaleForm => (
                StatusCode::FORBIDDEN,
                "The form was not taken",
                "It was open for too long, or came from another site. Go back, reload the page and send it again.".to_owned(),
            ),
            Self::BadForm => (
                StatusCode::BAD_REQUEST,
                "The form was not taken",
                "It could not be read. Go back, reload the page and send it again.".to_owned(),
            ),
            Self::App(error) => of_app(error, NOT_FOUND),
        }
    }
}

fn of_app(error: &app::Error, not_found: &str) -> (StatusCode, &'static str, String) {
    use app::Error as E;
    let text = match error {
        // The data plane's protocol has one outer message for everything; the inner one says what it is.
        // Of a version that is not the current one, the inner says which is.
        E::Invalid { inner: Some((_, text)), status, .. } if *status != 412 => sentence(text),
        _ => sentence(&error.to_string()),
    };
    match error {
        // Another tenant's things and those that are not there look the same, down to the words.
        E::NotFound { .. } => (StatusCode::NOT_FOUND, "Not found", not_found.to_owned()),
        E::Denied { .. } => (StatusCode::FORBIDDEN, "Not allowed", text),
        E::Invalid { status, .. } => {
            (StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST), "That can't be done", text)
        }
        E::Conflict { .. } => (StatusCode::CONFLICT, "That can't be done", text),
        E::Unauthenticated { .. } => (StatusCode::UNAUTHORIZED, "Sign in first", text),
        E::PaymentRequired { .. } => (StatusCode::PAYMENT_REQUIRED, "Not enough credit", text),
        E::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "Too often", text),
        E::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Not at this moment", text),
        E::Internal(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something failed here",
            "It is not your fault, and it was logged. Try again in a while.".to_owned(),
        ),
    }
}

/// A message as a sentence of a page: with a capital and a full stop.
pub(crate) fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

/// How a request confirms that something is sold below cost, and how a form does.
const BY_API: &str = "Send it again with ?confirm=belowCost where that is meant";
const BY_FORM: &str = "Tick that selling below cost is meant, and send it again";

/// Whether a sentence of [`of_form`] asks if something is to be sold below cost.
pub(crate) fn asks_below_cost(text: &str) -> bool {
    text.contains(BY_FORM)
}

/// Status and sentence of what a form's use case answered: `None` where it is no matter of the form.
pub(crate) fn of_form(error: app::Error) -> Result<(StatusCode, String), PageError> {
    use app::Error as E;
    match error {
        E::Internal(_) | E::Denied { .. } | E::Unavailable { .. } => Err(PageError::App(error)),
        E::NotFound { .. } => Ok((StatusCode::UNPROCESSABLE_ENTITY, sentence(&error.to_string()))),
        _ => {
            let (status, _, text) = of_app(&error, "");
            Ok((status, with_field(&error).unwrap_or(text).replace(BY_API, BY_FORM)))
        }
    }
}

/// What is wrong with one field, with the field's name where the message says none: a form has many.
fn with_field(error: &app::Error) -> Option<String> {
    let app::Error::Invalid { target: Some(field), message, .. } = error else { return None };
    let is_plain = field.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_.".contains(&byte));
    let mut words = String::new();
    for letter in field.rsplit('.').next().unwrap_or_default().chars() {
        match letter {
            '_' => words.push(' '),
            capital if capital.is_ascii_uppercase() => words.extend([' ', capital.to_ascii_lowercase()]),
            letter => words.push(letter),
        }
    }
    let is_said = message.to_lowercase().contains(words.trim_end_matches('s'));
    (is_plain && !is_said).then(|| sentence(&format!("{words}: {message}")))
}

/// The page, or the way to another one.
pub(crate) fn show(error: &PageError, visit: &Visit, request: &HttpRequest) -> HttpResponse {
    match error {
        PageError::SignedOut => return visit.go(&sign_in_path(request)),
        PageError::Elsewhere(to) => return visit.go(to),
        PageError::App(app::Error::Internal(source)) => {
            tracing::error!(error = %chain(source.as_ref()), "a page failed inside")
        }
        _ => {}
    }
    let (status, title, text) = error.words();
    let page = ErrorPage { shell: visit.quiet_shell(Place::Outside), title, text };
    let mut response = HttpResponse::build(status);
    if let PageError::App(app::Error::TooMany { retry_after, .. } | app::Error::Unavailable { retry_after }) =
        error
    {
        response.insert_header((RETRY_AFTER, retry_after.to_string()));
    }
    match page.render() {
        Ok(html) => response.content_type(ContentType::html()).body(html),
        Err(_) => response.body(title),
    }
}

/// The sign-in, and from there back to the page that was asked for.
fn sign_in_path(request: &HttpRequest) -> String {
    let wanted = request.uri().path_and_query().map_or("/app", |wanted| wanted.as_str());
    if request.method() != Method::GET {
        return "/signin".to_owned();
    }
    let next: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    format!("/signin?next={next}")
}

#[derive(Template)]
#[template(path = "site/error.html")]
struct ErrorPage {
    shell: Shell,
    title: &'static str,
    text: String,
}

impl From<app::Error> for PageError {
    fn from(error: app::Error) -> Self {
        Self::App(error)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, title, text) = self.words();
        write!(f, "{status} {title}: {text}")
    }
}

impl std::error::Error for PageError {}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.words().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_message_is_the_one_that_helps() {
        let error = app::Error::Invalid {
            status: 422,
            code: "UnprocessableConfiguration",
            message: "One or more request inputs are not valid.".to_owned(),
            target: None,
            inner: Some(("InvalidFqdn", "trunk names are host names".to_owned())),
        };
        let (status, text) = of_form(error).expect("a matter of the form");
        assert_eq!((status.as_u16(), text.as_str()), (422, "Trunk names are host names."));
    }

    #[test]
    fn what_broke_inside_is_told_to_nobody() {
        let error = PageError::App(app::Error::internal("no such table: tenants"));
        assert!(!error.words().2.contains("table"), "{error}");
        assert!(of_form(app::Error::internal("no such table")).is_err());
    }
}
