//! Who comes in, and who does not: strangers, other tenants, forms from elsewhere.

use crate::{SHARED, browser::PASSWORD, buy, stranger, tenant};
use testkit::server::{OPERATOR_EMAIL, OPERATOR_PASSWORD};

#[test]
fn strangers_are_sent_to_the_sign_in_from_every_page_and_form() {
    let browser = stranger();
    for path in [
        "/app",
        "/app/numbers",
        "/app/numbers/search",
        "/app/trunks",
        "/app/users",
        "/app/calls",
        "/operator",
        "/operator/outbox",
    ] {
        browser.get(path).leads_to(&format!("/signin?next={}", path.replace('/', "%2F")));
    }
    for path in ["/app/numbers/buy", "/app/trunks", "/app/users", "/app/calls/sandbox"] {
        browser.send(path, &[]).leads_to("/signin");
    }
}

#[test]
fn nobody_is_led_to_another_site_after_the_sign_in() {
    tenant("Portal Astray");
    for next in ["//evil.example/app", "https://evil.example/", "/\\evil.example", "/operator"] {
        let browser = stranger();
        browser.get("/signin").expect(200);
        let form = [("email", "portal-astray@portal.test"), ("password", PASSWORD), ("next", next)];
        browser.send("/signin", &form).leads_to("/app");
    }
}

#[test]
fn a_form_without_its_token_or_from_another_site_changes_nothing() {
    let browser = tenant("Portal Forged");
    browser.get("/app/users").expect(200);
    let token = browser.token();
    let other = tenant("Portal Forger");
    other.get("/app/users").expect(200);
    let form = [("username", "mallory"), ("display_name", "")];
    let same = [("Sec-Fetch-Site", "same-origin")];
    for (token, headers) in [
        ("", &same[..]),
        (&other.token(), &same[..]),
        ("00", &same[..]),
        (&token, &[("Sec-Fetch-Site", "cross-site")][..]),
        (&token, &[("Sec-Fetch-Site", "same-site")][..]),
        (&token, &[("Origin", "http://evil.example")][..]),
        (&token, &[("Origin", "null")][..]),
    ] {
        browser.send_as("/app/users", token, &form, headers).expect(403).says("The form was not taken");
    }
    browser.get("/app/users").expect(200).says_not("mallory");
    browser.send_as("/app/users", &token, &form, &[("Origin", &SHARED.http())]).leads_to("/app/users");
    browser.get("/app/users").expect(200).says("mallory");
}

#[test]
fn the_sign_in_form_is_bound_to_its_browser_too() {
    let (one, two) = (stranger(), stranger());
    one.get("/signin").expect(200);
    two.get("/signin").expect(200);
    let form = [("email", "nobody@portal.test"), ("password", PASSWORD), ("next", "")];
    let same = [("Sec-Fetch-Site", "same-origin")];
    two.send_as("/signin", &one.token(), &form, &same).expect(403);
    stranger().send("/signin", &form).expect(403);
}

#[test]
fn another_tenants_things_look_as_if_they_were_not_there() {
    let owner = tenant("Portal Owner");
    let number = buy(&owner, "US", "geographic");
    owner.get("/app/calls").expect(200);
    let placed = owner.send("/app/calls/sandbox", &[("from", "+12065550100"), ("to", &number)]).expect(303);
    owner.get(&placed.location).expect(200);
    owner.get("/app/trunks").expect(200);
    let trunk = [
        ("fqdn", "sbc.portal-owner.test"),
        ("port", "5060"),
        ("transport", "udp"),
        ("srtp", "off"),
        ("addresses", ""),
    ];
    owner.send("/app/trunks", &trunk).leads_to("/app/trunks/sbc.portal-owner.test");

    let foreign = tenant("Portal Foreign");
    foreign.get("/app").expect(200);
    let call = placed.location;
    let nowhere = foreign.get("/app/calls/01a2054e-c067-74db-b8dd-bec667168299").expect(404);
    let main = |text: &str| text.split_once("<main").map(|(_, main)| main.to_owned());
    for path in [&call, &format!("/app/numbers/{number}"), &"/app/trunks/sbc.portal-owner.test".to_owned()] {
        let page = foreign.get(path).expect(404);
        assert_eq!(main(&page.text), main(&nowhere.text), "{path} tells that it is there");
    }
    foreign.get("/app").expect(200);
    foreign.send(&format!("/app/numbers/{number}"), &[("to", "none"), ("forward", "")]).expect(404);
    foreign.send(&format!("/app/numbers/{number}/release"), &[]).expect(404);
    foreign.send(&format!("{call}/end"), &[]).expect(404);
    foreign.send("/app/trunks/sbc.portal-owner.test/delete", &[]).expect(404);
    foreign.send("/app/users/anna/delete", &[]).expect(404);
    foreign.get("/operator").expect(404);
    foreign.get("/operator/outbox").expect(404);
}

#[test]
fn an_operator_has_a_part_of_its_own() {
    let browser = stranger();
    browser.get("/signin").expect(200);
    let form = [("email", OPERATOR_EMAIL), ("password", OPERATOR_PASSWORD), ("next", "/app")];
    browser.send("/signin", &form).leads_to("/operator");
    browser.get("/app").leads_to("/operator");
}

#[test]
fn what_is_not_there_is_a_page_for_browsers_and_json_for_programs() {
    let browser = stranger();
    for path in ["/nonsense", "/app/nonsense", "/operator/nonsense", "/signup/more"] {
        let page = browser.get(path).expect(404).says("<h1>Not found</h1>");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
    }
    let answer = SHARED.anonymous().get("/nonsense").expect(404);
    assert_eq!(answer.body["error"]["code"], "NotFound");
}

#[test]
fn every_page_forbids_scripts_and_styles_of_others_and_its_files_are_kept_by_their_content() {
    let browser = stranger();
    let page = browser.get("/").expect(200);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let style = page.between("rel=\"stylesheet\" href=\"", "\"");
    let file = browser.get(&style).expect(200);
    assert_eq!(file.header("content-type"), "text/css; charset=utf-8");
    assert!(file.header("cache-control").contains("immutable"), "{}", file.header("cache-control"));
    assert!(!file.header("etag").is_empty());
    let script = browser.get(&page.between("<script src=\"", "\"")).expect(200);
    assert!(script.header("content-type").starts_with("text/javascript"));
    browser.get("/static/../Cargo.toml").expect(404);
}

#[test]
fn a_head_is_answered_like_a_get_without_its_body() {
    let http = reqwest::blocking::Client::new();
    let head = http.head(format!("{}/", SHARED.http())).send().expect("an answer");
    assert_eq!(head.status(), 200);
    assert!(head.text().expect("no body").is_empty());
}

#[test]
fn over_tls_the_cookies_are_for_this_host_and_for_tls_alone() {
    let authority = std::fs::read(SHARED.data().join("ca.pem")).expect("the local authority");
    let authority = reqwest::Certificate::from_pem(&authority).expect("a certificate");
    let http =
        reqwest::blocking::Client::builder().add_root_certificate(authority).build().expect("a client");
    let page =
        http.get(format!("{}/signin", SHARED.http().replace("http:", "https:"))).send().expect("an answer");
    let cookie = page.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok()).unwrap_or_default();
    assert!(cookie.starts_with("__Host-dialtone-visit=") && cookie.contains("Secure"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
}
