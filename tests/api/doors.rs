//! What stands at the door: the API's pages, the trust page, and which pages of other origins may ask.

use crate::server;
use reqwest::{
    Method,
    blocking::{Client, Response},
};

fn ask(method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Client::new().request(method, format!("{}{path}", server().http()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().expect("the server answers")
}

fn allowed(answer: &Response) -> Option<&str> {
    answer.headers().get("access-control-allow-origin").and_then(|value| value.to_str().ok())
}

#[test]
fn a_page_of_another_origin_may_make_the_identity_calls_and_no_others() {
    let origin = ("Origin", "https://app.example");
    let preflight = [
        origin,
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type,x-ms-date,x-ms-content-sha256"),
    ];
    let identities = ask(Method::OPTIONS, "/identities?api-version=2023-10-01", &preflight);
    assert_eq!((identities.status().as_u16(), allowed(&identities)), (200, Some("https://app.example")));
    // The refusal can be read, too.
    let me = ask(Method::GET, "/api/v1/me", &[origin]);
    assert_eq!((me.status().as_u16(), allowed(&me)), (401, Some("https://app.example")));
    assert!(me.headers().get("access-control-allow-credentials").is_none());
    for closed in ["/phoneNumbers?api-version=2025-06-01", "/api/v1/balance", "/api/v1/tokens"] {
        let refused = ask(Method::OPTIONS, closed, &preflight);
        assert_eq!(allowed(&refused), None, "{closed}");
        let read = ask(Method::GET, closed, &[origin]);
        assert_eq!(allowed(&read), None, "{closed}");
    }
}

#[test]
fn the_document_can_be_browsed_and_its_viewer_comes_from_here() {
    let html = [("Accept", "text/html")];
    let page = ask(Method::GET, "/docs", &html);
    assert_eq!(page.status(), 200);
    let text = page.text().expect("a page");
    for part in ["/docs/viewer/swagger-ui-bundle.js", "/docs/viewer/swagger-ui.css"] {
        assert!(text.contains(part), "{text}");
        assert_eq!(ask(Method::GET, part, &[]).status(), 200);
    }
    assert_eq!(ask(Method::GET, "/docs/viewer/index.html", &[]).status(), 404);
}

#[test]
fn the_authority_is_handed_out_with_the_commands_of_each_language() {
    let page = ask(Method::GET, "/trust", &[("Accept", "text/html")]).text().expect("a page");
    for word in ["REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "keytool", "SSL_CERT_FILE"] {
        assert!(page.contains(word), "{word}");
    }
    let pem = ask(Method::GET, "/trust/ca.pem", &[]);
    assert_eq!(pem.status(), 200);
    let kept = std::fs::read_to_string(server().data().join("ca.pem")).expect("the authority is kept");
    assert_eq!(pem.text().expect("text"), kept);
}
