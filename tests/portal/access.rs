//! Keys, the audit and invitations by the forms; and two people in one form.

use crate::{SHARED, browser::Page, operator, tenant};

#[test]
fn keys_are_made_shown_once_and_revoked() {
    let browser = tenant("Portal Keys");
    let page = browser.get("/app/keys").expect(200).says("primary").says("secondary").says("No API keys yet");
    page.says_not("accesskey=");
    let shown = browser.follow(browser.send("/app/keys/access/primary/reveal", &[]));
    let key = shown.says("accesskey=").between("id=\"access-key\">", "<");
    browser.get("/app/keys").expect(200).says_not(&key);
    let replaced = browser.follow(browser.send("/app/keys/access/primary/regenerate", &[]));
    replaced.says("The new key works").says("accesskey=").says_not(&key);
    browser
        .send("/app/keys", &[("name", "x"), ("days", "90")])
        .expect(400)
        .says("role=\"alert\"")
        .says("value=\"x\"");
    let form = [("name", "nightly <b>"), ("days", "90"), ("calls.read", "on")];
    let page =
        browser.follow(browser.send("/app/keys", &form)).says("shown this once").says("nightly &#60;b&#62;");
    let key = page.between("id=\"api-key\" tabindex=\"0\">", "<");
    let api = SHARED.anonymous().with_token(&key);
    assert_eq!((api.get("/api/v1/calls").status, api.get("/api/v1/balance").status), (200, 403));
    let page = browser.get("/app/keys").expect(200).says_not(&key).says("calls.read");
    let id = page.between("action=\"/app/keys/", "/revoke");
    let id = id.rsplit('/').next().expect("an id").to_owned();
    browser.follow(browser.send(&format!("/app/keys/{id}/revoke"), &[])).says("is revoked").says("revoked");
    assert_eq!(api.get("/api/v1/calls").status, 401);
    let audit = browser.get("/app/audit?what=apiKey").expect(200).says("apiKey.revoke").says("What differs");
    audit.says("<del>active</del> <ins>revoked</ins>").says_not(&key).says_not("tenant.create");
    browser.get("/app/audit?since=soon").expect(200).says("role=\"alert\"");
    browser.get("/app/audit?target=nothing-like-it").expect(200).says("No such change");
}

#[test]
fn the_operator_makes_keys_invites_and_sees_every_tenants_changes() {
    let browser = operator();
    browser.get("/operator/api-keys").expect(200).says("No API keys yet");
    let form = [("name", "dashboard"), ("days", ""), ("operator.read", "on")];
    let page = browser.follow(browser.send("/operator/api-keys", &form)).says("shown this once");
    let key = page.between("id=\"api-key\" tabindex=\"0\">", "<");
    assert_eq!(SHARED.anonymous().with_token(&key).get("/api/v1/operator/tenants").status, 200);
    tenant("Portal Audited");
    browser
        .get("/operator/audit?what=tenant.create&target=portal-audited")
        .expect(200)
        .says("portal-audited@portal.test");
    let form = [("email", "guest@portal.test"), ("note", "the <i>trial</i>"), ("days", "3")];
    let page = browser.follow(browser.send("/operator/invitations", &form));
    let page = page.says("shown this once").says("the &#60;i&#62;trial&#60;/i&#62;");
    let link = page.between("id=\"link\" tabindex=\"0\">", "<");
    assert!(link.contains("/signup?invitation="), "{link}");
    let page = browser.get("/operator/invitations").expect(200).says_not(&link);
    let id = page.between("action=\"/operator/invitations/", "/withdraw");
    browser.follow(browser.send(&format!("/operator/invitations/{id}/withdraw"), &[])).says("taken back");
    browser
        .send("/operator/invitations", &[("email", "no address"), ("days", "3")])
        .expect(400)
        .says("role=\"alert\"");
}

#[test]
fn whoever_saves_an_old_page_is_told_to_look_again() {
    let browser = tenant("Portal Two Tabs");
    let form = |page: &Page, prefix: &str| {
        let seen = page.value_of("seen");
        let fields = [("blocked", prefix), ("over_limit", "busy"), ("seen", &seen)];
        browser.send("/app/protection", &fields)
    };
    let (first, second) =
        (browser.get("/app/protection").expect(200), browser.get("/app/protection").expect(200));
    form(&first, "4690011").leads_to("/app/protection");
    form(&second, "4690022").expect(412).says("changed this at").says("look again").says("4690022");
    let now = browser.get("/app/protection").expect(200).says("4690011").says_not("4690022");
    form(&now, "4690022").leads_to("/app/protection");
}
