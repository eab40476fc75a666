//! SIP users by the forms.

use crate::tenant;

#[test]
fn what_to_type_into_the_phone_is_shown_once() {
    let browser = tenant("Portal Phones");
    browser.get("/app/users").expect(200).says("No SIP users yet");
    let page =
        browser.follow(browser.send("/app/users", &[("username", "Anna"), ("display_name", "Anna Berg")]));
    let password = page.between("id=\"phone-password\">", "<");
    assert!(password.len() >= 16, "{password}");
    page.says("Type this into the phone").says("127.21.1.1:5060").says("Anna Berg").says("not registered");
    browser.get("/app/users").expect(200).says_not(&password).says("anna");
    let twice = browser.send("/app/users", &[("username", "anna"), ("display_name", "Other")]).expect(409);
    twice.says("role=\"alert\"").says("value=\"Other\"");
    browser
        .send("/app/users", &[("username", "no spaces"), ("display_name", "")])
        .expect(400)
        .says("role=\"alert\"");
    browser
        .follow(browser.send("/app/users/anna/delete", &[]))
        .says("The SIP user is deleted.")
        .says("No SIP users yet");
}
