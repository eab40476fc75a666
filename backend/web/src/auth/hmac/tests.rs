#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const VECTOR_BODY: &str = r#"{"phoneNumberType": "tollFree", "assignmentType": "application", "capabilities": {"calling": "inbound", "sms": "inbound+outbound"}, "areaCode": "800", "quantity": 1}"#;
const VECTOR_DATE: &str = "Sun, 22 Nov 2026 18:20:16 GMT";

fn vector() -> Parts<'static> {
    Parts {
        method: "POST",
        target: "/availablePhoneNumbers/countries/US/:search?api-version=2025-06-01",
        host: "127.0.0.1:18080",
        authorization: "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=7VeKXG4MfW74K5pj1z071ryYl9mGB1yTfExNGpcXatY=",
        date: Some(VECTOR_DATE),
        content_hash: Some("QWXjlCxkAzhz6ONeRBdxdJzUNjCHAROjoiPDVxjvZvI="),
        body: VECTOR_BODY.as_bytes(),
    }
}

fn at(date: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc2822(date).unwrap().with_timezone(&Utc)
}

/// Signs as a client would that writes path and host in its own way, and asks whether the request passes.
fn passes(received_target: &str, received_host: &str, signed_target: &str, signed_host: &str) -> bool {
    let hash = BASE64_STANDARD.encode(Sha256::digest(b""));
    let text = string_to_sign("GET", signed_target.as_bytes(), VECTOR_DATE, signed_host, &hash);
    let made = Hmac::<Sha256>::new_from_slice(KEY).unwrap().chain_update(text).finalize().into_bytes();
    let authorization =
        format!("{SCHEME} SignedHeaders={SIGNED_HEADERS}&Signature={}", BASE64_STANDARD.encode(made));
    let parts = Parts {
        method: "GET",
        target: received_target,
        host: received_host,
        authorization: &authorization,
        date: Some(VECTOR_DATE),
        content_hash: Some(&hash),
        body: b"",
    };
    SignedRequest::read(&parts, at(VECTOR_DATE)).unwrap().verify(KEY)
}

#[test]
fn the_captured_request_of_the_python_sdk_passes_with_its_key_alone() {
    let request = SignedRequest::read(&vector(), at(VECTOR_DATE)).unwrap();
    assert!(request.verify(KEY));
    assert!(!request.verify(b"another key"));
    assert!(!request.verify(b""));
}

/// Rows P1 to P4 and H1 to H3: target received, host received, target signed, host signed.
const ROWS: &[(&str, &str, &str, &str, &str)] = &[
    ("P1 H1", "/sip?api-version=1", "localhost:8080", "/sip?api-version=1", "localhost:8080"),
    ("P1 H2", "/sip?api-version=1", "localhost:8080", "/sip?api-version=1", "localhost"),
    ("P1 H3", "/sip?api-version=1", "localhost:8080", "/sip?api-version=1", "localhost:8080/"),
    ("P1 without port", "/sip", "localhost", "/sip", "localhost"),
    ("P1 address", "/sip", "[::1]:8080", "/sip", "[::1]"),
    ("P2 H1", "/x?l=New%20York&t=a~b*c'(d)", "h:1", "/x?l=New+York&t=a%7Eb*c%27%28d%29", "h:1"),
    ("P2 H2", "/x?l=New%20York", "h:1", "/x?l=New+York", "h"),
    ("P2 H3", "/x?l=New%20York", "h:1", "/x?l=New+York", "h:1/"),
    ("P3 H1", "/p/4:%2B1425?v=1", "h:1", "/p/4%3A%2B1425?v=1", "h:1"),
    ("P3 H2", "/p/4:%2B1425?v=1", "h:1", "/p/4%3A%2B1425?v=1", "h"),
    ("P3 H3", "/p/4:%2B1425?v=1", "h:1", "/p/4%3A%2B1425?v=1", "h:1/"),
    ("P4 H1", "/p/8%3Aacs%3A1?v=a%20b", "h:1", "/p/8:acs:1?v=a b", "h:1"),
    ("P4 H2", "/p/8%3Aacs%3A1", "h:1", "/p/8:acs:1", "h"),
    ("P4 H3", "/p/8%3Aacs%3A1", "h:1", "/p/8:acs:1", "h:1/"),
    (
        "double slash",
        "//availablePhoneNumbers/:purchase?v=1",
        "h",
        "//availablePhoneNumbers/:purchase?v=1",
        "h",
    ),
];

#[test]
fn every_canonical_form_of_path_and_host_passes() {
    for (row, target, host, signed_target, signed_host) in ROWS {
        assert!(passes(target, host, signed_target, signed_host), "{row}");
    }
}

#[test]
fn another_path_query_or_host_than_the_signed_one_fails() {
    assert!(!passes("/sip?api-version=1", "h", "/sip?api-version=2", "h"));
    assert!(!passes("/sip", "h", "/sip/", "h"));
    assert!(!passes("/sip", "h", "/sip", "other"));
    assert!(!passes("/a%2Fb", "h", "/a/c", "h"));
}

#[test]
fn another_method_than_the_signed_one_fails() {
    let request = SignedRequest::read(&Parts { method: "DELETE", ..vector() }, at(VECTOR_DATE)).unwrap();
    assert!(!request.verify(KEY));
}

#[test]
fn a_clock_may_be_fifteen_minutes_off_and_no_more() {
    let now = at(VECTOR_DATE);
    for seconds in [-SKEW_MAX_SECONDS, 0, SKEW_MAX_SECONDS] {
        assert!(
            SignedRequest::read(&vector(), now + chrono::TimeDelta::seconds(seconds)).is_ok(),
            "{seconds}"
        );
    }
    for seconds in [-SKEW_MAX_SECONDS - 1, SKEW_MAX_SECONDS + 1] {
        let read = SignedRequest::read(&vector(), now + chrono::TimeDelta::seconds(seconds));
        assert_eq!(read.unwrap_err(), Rejected::Skew, "{seconds}");
    }
}

#[test]
fn a_body_that_was_not_signed_is_told_apart() {
    let now = at(VECTOR_DATE);
    assert_eq!(SignedRequest::read(&Parts { body: b"{}", ..vector() }, now).unwrap_err(), Rejected::Body);
    assert_eq!(
        SignedRequest::read(&Parts { content_hash: None, ..vector() }, now).unwrap_err(),
        Rejected::Body
    );
}

#[test]
fn headers_of_another_form_are_told_apart_and_never_panic() {
    let now = at(VECTOR_DATE);
    let forms = [
        "",
        "HMAC-SHA256",
        "HMAC-SHA256 ",
        "HMAC-SHA256 SignedHeaders=host&Signature=7VeKXG4MfW74K5pj1z071ryYl9mGB1yTfExNGpcXatY=",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=not base64",
        "Bearer 7VeKXG4MfW74K5pj1z071ryYl9mGB1yTfExNGpcXatY=",
    ];
    for authorization in forms {
        let read = SignedRequest::read(&Parts { authorization, ..vector() }, now);
        assert_eq!(read.unwrap_err(), Rejected::Form, "{authorization:?}");
    }
    for date in [None, Some("yesterday"), Some("")] {
        assert_eq!(SignedRequest::read(&Parts { date, ..vector() }, now).unwrap_err(), Rejected::Date);
    }
}

#[test]
fn a_port_is_cut_from_names_and_addresses_alike() {
    for (host, name) in
        [("a.b:8080", "a.b"), ("a.b", "a.b"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("", "")]
    {
        assert_eq!(without_port(host), name);
    }
}
