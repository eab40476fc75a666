//! `ETag` and `If-Match` for what people edit: a GET says the version, and a PATCH, PUT or DELETE that names another one
//! than the current is 412. What comes without `If-Match` is done whatever the version.

use crate::{auth::Asker, error::ApiError, percent};
use actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{ETAG, HeaderMap, HeaderValue, IF_MATCH},
    },
    middleware::Next,
    web::Data,
};
use app::{
    App,
    versions::{self, EXPECTED_MAX, Subject, Version},
};
use domain::access::Actor;

/// Where versions are.
const ROOT: &str = "/api/v1/";

/// Lets a request through, on the condition that it names.
pub(crate) async fn pass(
    app: Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let subject = subject_of(&app, &request);
    let conditions = request.headers().contains_key(IF_MATCH);
    match (subject, request.method()) {
        (Some(subject), &Method::GET | &Method::HEAD) => {
            let version = versions::of(&app, &subject).await.map_err(ApiError::from)?;
            let mut response = next.call(request).await?.map_into_boxed_body();
            tag(&mut response, Some(version));
            Ok(response)
        }
        (Some(subject), &Method::PATCH | &Method::PUT | &Method::DELETE) => {
            let expected = match expected(request.headers()) {
                Ok(expected) => expected,
                Err(error) => return Ok(request.into_response(error.error_response())),
            };
            let (response, written) = versions::expecting(subject, expected, next.call(request)).await;
            let mut response = response?.map_into_boxed_body();
            tag(&mut response, written);
            Ok(response)
        }
        (None, method) if conditions && !method.is_safe() && request.path().starts_with(ROOT) => {
            let message = "this has no version: send the request without If-Match";
            Ok(request.into_response(ApiError::invalid("If-Match", message).error_response()))
        }
        _ => Ok(next.call(request).await?.map_into_boxed_body()),
    }
}

fn tag(response: &mut ServiceResponse<BoxBody>, version: Option<Version>) {
    let value = version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok());
    if let (true, Some(value)) = (response.status().is_success(), value) {
        response.headers_mut().insert(ETAG, value);
    }
}

/// The versions that a request expects; `None` where any will do. Weak ones, and what is none of ours, match nothing
/// (RFC 9110 §13.1.1).
fn expected(headers: &HeaderMap) -> Result<Option<Vec<Version>>, ApiError> {
    let mut versions = Vec::new();
    let mut said = false;
    for value in headers.get_all(IF_MATCH) {
        said = true;
        let text = value.to_str().map_err(|_| unreadable())?;
        for tag in text.split(',').map(str::trim) {
            if tag == "*" {
                return Ok(None);
            }
            let weak = tag.strip_prefix("W/");
            let quoted = weak.unwrap_or(tag).strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let quoted = quoted.ok_or_else(unreadable)?;
            versions.extend(quoted.parse::<Version>().ok().filter(|_| weak.is_none()));
        }
    }
    if versions.len() > EXPECTED_MAX {
        return Err(ApiError::invalid("If-Match", format!("name at most {EXPECTED_MAX} versions")));
    }
    Ok(said.then_some(versions))
}

fn unreadable() -> ApiError {
    ApiError::invalid("If-Match", "send the ETag as it was given, with its quotes: If-Match: \"0190…\"")
}

/// What has a version, as a path names it.
enum Thing<'a> {
    Trunk(&'a str),
    Domain(&'a str),
    Webhook(&'a str),
    PortIn(&'a str),
    Routes,
    Number(&'a str),
    BalanceAlert,
    TopUpRule,
    RecordingPolicy,
    OwnTenant,
    Tenant(&'a str),
    Carrier(&'a str),
    Plan(&'a str),
    Platform(String),
}

/// What the segments after [`ROOT`] name; `None` where it has no version.
fn thing<'a>(segments: &[&'a str]) -> Option<Thing<'a>> {
    Some(match segments {
        [_, name] | [_, _, name] if name.contains(':') => return None,
        ["trunks", fqdn] | ["trunks", fqdn, "registration"] => Thing::Trunk(fqdn),
        ["domains", name] => Thing::Domain(name),
        ["webhooks", id] => Thing::Webhook(id),
        ["portIns", id] => Thing::PortIn(id),
        ["routes"] | ["routes", _] => Thing::Routes,
        ["numbers", e164] | ["numbers", e164, "portOut"] | ["emergency", "addresses", e164] => {
            Thing::Number(e164)
        }
        ["balanceAlert"] => Thing::BalanceAlert,
        ["topUpRule"] => Thing::TopUpRule,
        ["recordingPolicy"] => Thing::RecordingPolicy,
        ["protection"] | ["emergency"] | ["billingProfile"] => Thing::OwnTenant,
        ["operator", "tenants", id] => Thing::Tenant(id),
        ["operator", "carriers", id] | ["operator", "carriers", id, "registration"] => Thing::Carrier(id),
        ["operator", "pricePlans", id] => Thing::Plan(id),
        ["operator", "suppliers", id] => Thing::Platform(id.to_ascii_lowercase()),
        ["operator", "emergency", country] => Thing::Platform(country.to_ascii_uppercase()),
        ["operator", "billing"] => Thing::Platform("billing".to_owned()),
        ["operator", "routing"] => Thing::Platform("carrier-order".to_owned()),
        ["operator", "eligibility"] => Thing::Platform("eligibility".to_owned()),
        ["operator", "eligibility", "regions"] => Thing::Platform("number-regions".to_owned()),
        ["operator", "quarantinePolicy"] => Thing::Platform("quarantine".to_owned()),
        ["operator", "spendingDefaults"] => Thing::Platform("spending-defaults".to_owned()),
        ["operator", "topUpHook"] => Thing::Platform("top-up-hook".to_owned()),
        ["operator", "stir"] => Thing::Platform("stir".to_owned()),
        _ => return None,
    })
}

/// Whether what is under a path of the document has a version.
pub(crate) fn is_versioned(path: &str) -> bool {
    let segments = path.strip_prefix(ROOT).map(|rest| rest.split('/').collect::<Vec<_>>());
    segments.is_some_and(|segments| thing(&segments).is_some())
}

/// What a path is about, where it has a version.
fn subject_of(app: &App, request: &ServiceRequest) -> Option<Subject> {
    let path = request.path().strip_prefix(ROOT)?;
    let extensions = request.extensions();
    let actor = extensions.get::<Asker>()?.actor().ok()?;
    let decoded = |segment: &str| String::from_utf8_lossy(&percent::decode(segment.as_bytes())).into_owned();
    let segments: Vec<_> = path.split('/').map(decoded).collect();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    subject(app, actor, thing(&segments)?)
}

/// The thing as the audit knows it, for somebody who may ask for it.
fn subject(app: &App, actor: &Actor, thing: Thing<'_>) -> Option<Subject> {
    match thing {
        Thing::Trunk(fqdn) => Some(Subject::trunk(actor.tenant?, fqdn)),
        Thing::Domain(name) => Some(Subject::domain(actor.tenant?, name)),
        Thing::Webhook(id) => Some(Subject::webhook(actor.tenant?, id)),
        Thing::PortIn(id) => Some(Subject::porting(actor.tenant?, id)),
        Thing::Routes => Some(Subject::routes(actor.tenant?)),
        Thing::Number(e164) => {
            Some(Subject::number(actor.tenant?, &format!("+{}", e164.trim_start_matches('+'))))
        }
        Thing::BalanceAlert => Some(Subject::balance_alert(actor.tenant?)),
        Thing::TopUpRule => Some(Subject::top_up_rule(actor.tenant?)),
        Thing::RecordingPolicy => Some(Subject::recording_policy(actor.tenant?)),
        Thing::OwnTenant => Subject::tenant(app, actor.tenant?),
        _ if !actor.operates() => None,
        Thing::Tenant(id) => Subject::tenant(app, id.parse().ok()?),
        Thing::Carrier(id) => Subject::carrier(app, id.parse().ok()?),
        Thing::Plan(id) => Subject::plan(app, id.parse().ok()?),
        Thing::Platform(name) => Some(Subject::platform(&name)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<Vec<Version>>, ApiError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, HeaderValue::from_str(value).unwrap());
        }
        expected(&headers)
    }

    #[test]
    fn expected_versions_are_read_as_the_protocol_writes_them() {
        let zero: Version = "0".parse().unwrap();
        let id: Version = "01901637869473 9baea5966c26f8ad90".replace(' ', "").parse().unwrap();
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["*"]).unwrap(), None);
        assert_eq!(read(&["\"0\""]).unwrap(), Some(vec![zero]));
        assert_eq!(read(&[&format!("\"0\", \"{id}\"")]).unwrap(), Some(vec![zero, id]));
        assert_eq!(read(&["W/\"0\""]).unwrap(), Some(vec![]), "a weak one matches nothing");
        assert_eq!(read(&["\"somebody else's\""]).unwrap(), Some(vec![]));
        for bad in ["0", "\"0", ""] {
            assert!(read(&[bad]).is_err(), "{bad}");
        }
        let many = vec!["\"0\""; EXPECTED_MAX + 1].join(",");
        assert!(read(&[&many]).is_err());
    }
}
