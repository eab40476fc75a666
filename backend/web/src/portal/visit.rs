//! One visit of a browser: its cookies, who is signed in, and the answers that go back to it.
//!
//! A session's token is in a cookie that scripts can't read; forms carry a token made from it, so that a form from
//! elsewhere is refused (`posted`). Strangers who are shown a form get a cookie of their own for the same purpose. Over
//! TLS the cookies have the `__Host-` prefix, which no other host and no plain connection can set (RFC 6265bis §4.1.3).

use super::{
    error::{self, PageError},
    page::{Audience, Done, Place, Shell},
};
use crate::server::Connection;
use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    cookie::{Cookie, SameSite, time::Duration},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{CACHE_CONTROL, ContentType, HeaderValue, LOCATION},
    },
    middleware::Next,
    web::Data,
};
use app::{App, sessions::Session};
use askama::Template;
use domain::access::{Actor, Role};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use std::{
    cell::Cell,
    future::{Ready, ready},
    ops::Deref,
    rc::Rc,
};
use subtle::ConstantTimeEq as _;

/// How long a word on what was done waits for its page, in seconds.
const FLASH_SECONDS: i64 = 60;
/// Bytes of the token of a stranger's visit.
const STRANGER_BYTES: usize = 16;
/// Longest cookie that is looked at, in bytes.
const COOKIE_MAX_BYTES: usize = 256;
/// What is signed to make a form's token.
const FORM_PURPOSE: &[u8] = b"dialtone portal form";

/// What a page handler returns.
pub(crate) type PageResult = Result<HttpResponse, PageError>;

/// A visit. Cheap to clone; it lives as long as its request.
#[derive(Debug, Clone)]
pub(crate) struct Visit(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Who is signed in.
    actor: Option<Actor>,
    /// The session's token, or that of a stranger's visit.
    token: String,
    /// Whether the browser does not know the token yet.
    is_token_new: bool,
    /// Whether a page made use of the token.
    token_used: Cell<bool>,
    /// Whether the browser came over TLS.
    secure: bool,
    /// What was just done.
    done: Option<Done>,
    /// Whether a page has said it.
    done_shown: Cell<bool>,
}

/// The cookies of the portal.
#[derive(Debug, Clone, Copy)]
enum Jar {
    Session,
    Stranger,
    Done,
}

impl Jar {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-dialtone-session",
            (Self::Session, false) => "dialtone-session",
            (Self::Stranger, true) => "__Host-dialtone-visit",
            (Self::Stranger, false) => "dialtone-visit",
            (Self::Done, true) => "__Host-dialtone-done",
            (Self::Done, false) => "dialtone-done",
        }
    }

    fn cookie(self, secure: bool, value: String) -> Cookie<'static> {
        Cookie::build(self.name(secure), value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(secure)
            .finish()
    }

    fn gone(self, secure: bool) -> Cookie<'static> {
        let mut cookie = self.cookie(secure, String::new());
        cookie.set_max_age(Duration::ZERO);
        cookie
    }

    fn read(self, request: &HttpRequest, secure: bool) -> Option<String> {
        let cookie = request.cookie(self.name(secure))?;
        let value = cookie.value();
        (!value.is_empty() && value.len() <= COOKIE_MAX_BYTES).then(|| value.to_owned())
    }
}

/// Opens the visit of each request to a page, and turns what its handler could not do into a page.
pub(crate) async fn open(
    app: Data<App>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method() == Method::HEAD {
        // A HEAD is a GET whose body the connection leaves out (RFC 9110 §9.3.2).
        request.head_mut().method = Method::GET;
    }
    let visit = match Visit::read(&app, request.request()).await {
        Ok(visit) => visit,
        Err(failed) => {
            let stranger = Visit::stranger(is_secure(request.request()));
            let answer = error::show(&failed, &stranger, request.request());
            return Ok(request.into_response(answer));
        }
    };
    request.extensions_mut().insert(visit.clone());
    let mut response = next.call(request).await?.map_into_boxed_body();
    let failed = response.response().error().map(|error| {
        error.as_error::<PageError>().map_or_else(
            || error::show(&PageError::of_framework(error), &visit, response.request()),
            |error| error::show(error, &visit, response.request()),
        )
    });
    if let Some(answer) = failed {
        response = response.into_response(answer);
    }
    visit.leave(&mut response);
    Ok(response)
}

/// Whether the browser speaks TLS, to us or to a proxy in front. A client that lies about it fools itself alone.
pub(crate) fn is_secure(request: &HttpRequest) -> bool {
    let direct = request.conn_data::<Connection>().is_some_and(|connection| connection.secure);
    direct || request.headers().get("x-forwarded-proto").is_some_and(|value| value == "https")
}

impl Visit {
    async fn read(app: &App, request: &HttpRequest) -> Result<Self, PageError> {
        let secure = is_secure(request);
        let mut inner = match Jar::Session.read(request, secure) {
            Some(token) => match app::sessions::actor(app, &token).await {
                Ok(actor) => Inner { actor: Some(actor), token, ..Inner::stranger(secure) },
                Err(app::Error::Unauthenticated { .. }) => Inner::stranger(secure),
                Err(error) => return Err(error.into()),
            },
            None => Inner::stranger(secure),
        };
        let known = if inner.actor.is_some() { None } else { Jar::Stranger.read(request, secure) };
        if let Some(token) = known {
            inner.token = token;
        } else if inner.actor.is_none() {
            inner.token = random_token();
            inner.is_token_new = true;
        }
        inner.done = Jar::Done.read(request, secure).and_then(|word| Done::from_word(&word));
        Ok(Self(Rc::new(inner)))
    }

    fn stranger(secure: bool) -> Self {
        Self(Rc::new(Inner::stranger(secure)))
    }

    /// The visit of a request that came through [`open`].
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Who is signed in.
    pub(crate) fn actor(&self) -> Option<&Actor> {
        self.0.actor.as_ref()
    }

    /// The session's token, where there is one.
    pub(crate) fn session(&self) -> Option<&str> {
        self.0.actor.as_ref().map(|_| self.0.token.as_str())
    }

    /// Who looks.
    pub(crate) fn audience(&self) -> Audience {
        match self.actor().map(|actor| actor.role) {
            None => Audience::Stranger,
            Some(Role::Operator) => Audience::Operator,
            Some(Role::Owner | Role::Key | Role::Machine(_) | Role::AppUser) => Audience::Member,
        }
    }

    /// The frame of a page that has forms, or is for somebody who is signed in.
    pub(crate) fn shell(&self, place: Place) -> Shell {
        self.0.token_used.set(true);
        let csrf = self.form_token().map(hex::encode).unwrap_or_default();
        Shell { csrf, ..self.quiet_shell(place) }
    }

    /// The frame of a page without forms: strangers get no cookie with it.
    pub(crate) fn quiet_shell(&self, place: Place) -> Shell {
        if self.actor().is_some() && !self.0.token_used.get() {
            return self.shell(place);
        }
        self.0.done_shown.set(true);
        let who = self.actor().map(|actor| actor.name.clone());
        Shell { flash: self.0.done.map(Done::flash), ..Shell::new(place, self.audience(), who) }
    }

    /// Whether a form's token was made here for this browser.
    pub(crate) fn vouches(&self, token: &str) -> bool {
        let given = hex::decode(token).unwrap_or_default();
        !self.0.is_token_new && self.form_token().is_some_and(|right| right[..].ct_eq(&given).into())
    }

    fn form_token(&self) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.token.as_bytes()).ok()?;
        mac.update(FORM_PURPOSE);
        Some(mac.finalize().into_bytes().into())
    }

    /// A page.
    pub(crate) fn page(&self, page: &impl Template) -> PageResult {
        self.page_with(StatusCode::OK, page)
    }

    /// A page with another status: a form that was not taken.
    pub(crate) fn page_with(&self, status: StatusCode, page: &impl Template) -> PageResult {
        let html = page.render().map_err(|error| PageError::App(app::Error::internal(error)))?;
        Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html))
    }

    /// 303 to another page.
    pub(crate) fn go(&self, to: &str) -> HttpResponse {
        let to = HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
        HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
    }

    /// 303 to another page, which says what was done.
    pub(crate) fn go_saying(&self, to: &str, done: Done) -> HttpResponse {
        let mut response = self.go(to);
        let mut cookie = Jar::Done.cookie(self.0.secure, done.word().to_owned());
        cookie.set_max_age(Duration::seconds(FLASH_SECONDS));
        add(&mut response, &cookie);
        response
    }

    /// 303 to another page, with the cookie of a new session.
    pub(crate) fn go_signed_in(&self, to: &str, session: &Session) -> HttpResponse {
        let mut response = self.go(to);
        let mut cookie = Jar::Session.cookie(self.0.secure, session.token.clone());
        cookie.set_max_age(Duration::hours(app::sessions::SESSION_HOURS));
        add(&mut response, &cookie);
        add(&mut response, &Jar::Stranger.gone(self.0.secure));
        response
    }

    /// 303 to a page for strangers, without the session's cookie.
    pub(crate) fn go_signed_out(&self, to: &str, done: Done) -> HttpResponse {
        let mut response = self.go_saying(to, done);
        add(&mut response, &Jar::Session.gone(self.0.secure));
        response
    }

    /// Gives the answer the cookies that came up on the way, and keeps it out of every cache.
    fn leave(&self, response: &mut ServiceResponse<BoxBody>) {
        let response = response.response_mut();
        if self.0.is_token_new && self.0.token_used.get() {
            add(response, &Jar::Stranger.cookie(self.0.secure, self.0.token.clone()));
        }
        if self.0.done.is_some() && self.0.done_shown.get() {
            add(response, &Jar::Done.gone(self.0.secure));
        }
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

impl Inner {
    const fn stranger(secure: bool) -> Self {
        Self {
            actor: None,
            token: String::new(),
            is_token_new: false,
            token_used: Cell::new(false),
            secure,
            done: None,
            done_shown: Cell::new(false),
        }
    }
}

fn add(response: &mut HttpResponse, cookie: &Cookie<'_>) {
    // It fails where a cookie cannot be a header's value; ours are words and hexadecimal digits.
    let _ = response.add_cookie(cookie);
}

fn random_token() -> String {
    let mut bytes = [0; STRANGER_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or_else(PageError::unopened))
    }
}

/// Somebody of a tenant. A handler that takes it sends strangers to the sign-in.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Who.
    pub(crate) actor: Actor,
    visit: Visit,
}

/// An operator. A handler that takes it is not there for tenants.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    /// Who.
    pub(crate) actor: Actor,
    visit: Visit,
}

impl Deref for Member {
    type Target = Visit;
    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl Deref for Operator {
    type Target = Visit;
    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl FromRequest for Member {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(signed_in(request).and_then(|(visit, actor)| match visit.audience() {
            Audience::Member => Ok(Self { actor, visit }),
            Audience::Operator | Audience::Stranger => Err(PageError::Elsewhere(Audience::Operator.home())),
        }))
    }
}

impl FromRequest for Operator {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(signed_in(request).and_then(|(visit, actor)| match visit.audience() {
            Audience::Operator => Ok(Self { actor, visit }),
            Audience::Member | Audience::Stranger => Err(PageError::NotFound),
        }))
    }
}

fn signed_in(request: &HttpRequest) -> Result<(Visit, Actor), PageError> {
    let visit = Visit::of(request).ok_or_else(PageError::unopened)?;
    let actor = visit.actor().cloned().ok_or(PageError::SignedOut)?;
    Ok((visit, actor))
}
