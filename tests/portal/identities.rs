//! Users of the tenant's apps, and signing keys, by the forms.

use crate::{SHARED, stranger, tenant};
use testkit::server::{OPERATOR_EMAIL, OPERATOR_PASSWORD};

#[test]
fn a_user_is_made_gets_a_token_that_is_shown_once_and_goes() {
    let browser = tenant("Portal App Users");
    browser.get("/app/identities").expect(200).says("No app users yet");
    let page = browser.follow(browser.send("/app/identities", &[])).says("The user is made.");
    let id = page.between("<th scope=\"row\" class=\"mono\">", "<");
    assert!(id.starts_with("8:acs:"), "{id}");
    let form = |minutes| [("id", id.clone()), ("scope", "voip".to_owned()), ("minutes", minutes)];
    let send = |minutes: &str| {
        let form = form(minutes.to_owned());
        let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.send("/app/identities/token", &fields)
    };
    for wrong in ["59", "1441", "soon"] {
        send(wrong).expect(400).says("role=\"alert\"").says(&format!("value=\"{wrong}\""));
    }
    let token = browser.follow(send("60")).says("shown this once").between("id=\"user-token\">", "<");
    assert_eq!(token.split('.').count(), 3, "{token}");
    browser.get("/app/identities").expect(200).says_not(&token);
    let me = || SHARED.anonymous().with_token(&token).get("/api/v1/me").status;
    assert_eq!(me(), 200);
    browser.follow(browser.send(&format!("/app/identities/{id}/revoke"), &[])).says("are void");
    assert_eq!(me(), 401);
    browser.follow(browser.send(&format!("/app/identities/{id}/delete"), &[])).says("No app users yet");
}

#[test]
fn a_new_key_signs_and_the_one_before_verifies() {
    let browser = stranger();
    browser.get("/signin").expect(200);
    let form = [("email", OPERATOR_EMAIL), ("password", OPERATOR_PASSWORD), ("next", "/operator/keys")];
    browser.follow(browser.send("/signin", &form));
    browser.get("/operator/keys").expect(200).says("signs");
    browser.follow(browser.send("/operator/keys/rotate", &[])).says("A new key signs.").says("verifies");
}
