//! From the landing page to the console.

use crate::{browser::PASSWORD, stranger, tenant};

#[test]
fn the_landing_page_says_what_calls_cost() {
    let page = stranger().get("/").expect(200);
    let page = page
        .says("Dial tone for your apps")
        .says("Toll-free number")
        .says("0.0085 USD")
        .says("href=\"/signup\"");
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("set-cookie").is_empty(), "a page without forms leaves no cookie");
}

#[test]
fn a_newcomer_signs_up_sees_the_keys_once_and_stands_in_the_console() {
    let browser = tenant("Portal Newcomer");
    let welcome = browser
        .get("/welcome")
        .expect(200)
        .says("Welcome, Portal Newcomer")
        .says("accesskey=")
        .says("ca.pem");
    assert_eq!(welcome.header("cache-control"), "no-store");
    browser.get("/welcome").leads_to("/app");
    let overview = browser.get("/app").expect(200);
    overview.says("Portal Newcomer").says("10.00 <small>USD").says("Buy a number").says_not("accesskey=b");
}

#[test]
fn a_sign_up_that_is_not_taken_keeps_what_was_typed_but_not_the_password() {
    let browser = stranger();
    browser.get("/signup").expect(200);
    let form =
        [("organization", "Kept <b>Words</b>"), ("email", "kept@portal.test"), ("password", "short-pw")];
    let page = browser.send("/signup", &form).expect(400);
    page.says("Kept &#60;b&#62;Words").says("kept@portal.test").says("role=\"alert\"").says_not("short-pw");
}

#[test]
fn an_address_signs_up_once() {
    tenant("Portal Twice");
    let browser = stranger();
    browser.get("/signup").expect(200);
    let form = [("organization", "Other"), ("email", "portal-twice@portal.test"), ("password", PASSWORD)];
    browser.send("/signup", &form).expect(409).says("role=\"alert\"");
}

#[test]
fn the_session_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites() {
    let browser = tenant("Portal Cookie");
    let cookies = browser.set_cookies.borrow();
    let session =
        cookies.iter().find(|cookie| cookie.starts_with("dialtone-session=")).expect("a session cookie");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(!session.contains("Secure"), "a plain connection could not use it: {session}");
}

#[test]
fn a_tenant_signs_out_and_in_again_and_lands_where_it_wanted_to() {
    let browser = tenant("Portal Again");
    browser.get("/app").expect(200);
    let old = browser.cookie_header();
    let page = browser.follow(browser.send("/signout", &[]));
    page.says("You are signed out.");
    assert!(old.contains("dialtone-session=") && !browser.cookie_header().contains("dialtone-session="));
    let to = browser.get("/app/calls?direction=inbound").expect(303).location;
    assert_eq!(to, "/signin?next=%2Fapp%2Fcalls%3Fdirection%3Dinbound");
    let page = browser.get(&to).expect(200).says_not("You are signed out.");
    let next = page.value_of("next");
    let wrong = [("email", "portal-again@portal.test"), ("password", "not the password"), ("next", &next)];
    browser.send("/signin", &wrong).expect(401).says("portal-again@portal.test").says("role=\"alert\"");
    let right = [("email", "portal-again@portal.test"), ("password", PASSWORD), ("next", &next)];
    browser.send("/signin", &right).leads_to("/app/calls?direction=inbound");
    browser.get("/app/calls?direction=inbound").expect(200).says("selected>inbound");
}
