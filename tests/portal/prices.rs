//! Prices as people edit and see them.

use crate::{operator, stranger, tenant};

#[test]
fn a_plan_is_made_edited_and_keeps_its_versions() {
    let browser = operator();
    browser.get("/operator/plans").expect(200).says("sandbox");
    let page =
        browser.follow(browser.send("/operator/plans", &[("name", "Portal Plan"), ("currency", "eur")]));
    let page = page.says("Portal Plan").says("portal-plan-1");
    let id = page.between("action=\"/operator/plans/", "\"").to_owned();
    let seen = page.between("name=\"seen\" value=\"", "\"").to_owned();
    let path = format!("/operator/plans/{id}");
    let form = [
        ("seen", seen.as_str()),
        ("name", "Portal Plan"),
        ("hold_seconds", "60"),
        ("increment_ms", "1"),
        ("app_leg", "0.0050"),
        ("trunk_leg", "0.0040"),
        ("geographic", "0.01"),
        ("rates", "46 0.0215\n+ 0.2"),
        ("tax", "inclusive"),
        ("further", r#"{"volumes": [{"kind": "app", "freeMinutes": 100}]}"#),
    ];
    let page = browser.follow(browser.send(&path, &form));
    page.says("portal-plan-2").says("46 0.0215\n+ 0.20").says("freeMinutes").says("0.0050 EUR");
    // Somebody has changed it since this page was seen.
    let late = browser.send(&path, &form);
    assert_eq!(late.status, 412, "{}", late.text);
    for (field, value, words) in
        [("rates", "46 much", "line 1"), ("app_leg", "-1", "amount"), ("further", "{\"x\": 1}", "not x")]
    {
        let now = browser.get(&path).expect(200);
        let seen = now.between("name=\"seen\" value=\"", "\"").to_owned();
        let mut wrong: Vec<(&str, &str)> =
            form.iter().copied().filter(|(name, _)| *name != field && *name != "seen").collect();
        wrong.extend([("seen", seen.as_str()), (field, value)]);
        let page = browser.send(&path, &wrong);
        assert_eq!(page.status, 400, "{field}: {}", page.text);
        assert!(page.between("role=\"alert\"", "</div>").contains(words), "{}", page.text);
    }
    tenant("Portal No Plans").get(&path).expect(404);
}

#[test]
fn a_plan_that_builds_on_another_keeps_what_differs_and_follows_the_rest() {
    let browser = operator();
    browser.get("/operator/plans").expect(200);
    let made = |name: &str, base: &str| {
        let new = [("name", name), ("currency", "EUR"), ("base", base)];
        let page = browser.follow(browser.send("/operator/plans", &new)).says(name);
        page.between("action=\"/operator/plans/", "\"").to_owned()
    };
    let base = made("Portal Base", "");
    let plan = made("Portal Derived", &base);
    let save = |id: &str, app_leg: &str, trunk_leg: &str| {
        let path = format!("/operator/plans/{id}");
        let seen = browser.get(&path).expect(200).between("name=\"seen\" value=\"", "\"").to_owned();
        let name = if id == base { "Portal Base" } else { "Portal Derived" };
        let form = [
            ("seen", seen.as_str()),
            ("name", name),
            ("hold_seconds", "60"),
            ("increment_ms", "1"),
            ("app_leg", app_leg),
            ("trunk_leg", trunk_leg),
            ("tax", "exclusive"),
        ];
        browser.follow(browser.send(&path, &form))
    };
    save(&plan, "0.003", "").says("builds on").says("Said here: appLeg.");
    save(&base, "0.009", "0.007");
    let page = browser.get(&format!("/operator/plans/{plan}")).expect(200);
    assert_eq!(page.between("name=\"app_leg\" value=\"", "\""), "0.003");
    assert_eq!(page.between("name=\"trunk_leg\" value=\"", "\""), "0.007");
}

#[test]
fn a_deck_shows_what_a_file_would_change_before_it_is_confirmed() {
    let browser = operator();
    let new = [("name", "Portal Deck"), ("kind", "price"), ("currency", "USD")];
    browser.get("/operator/decks").expect(200);
    let page =
        browser.follow(browser.send("/operator/decks", &new)).says("Portal Deck").says("No version yet");
    let id = page.between("action=\"/operator/decks/", "/upload\"").to_owned();
    let path = format!("/operator/decks/{id}");
    let bad =
        browser.send(&format!("{path}/upload"), &[("csv", "prefix,perMinute\n4x,1\n"), ("note", "by hand")]);
    assert_eq!(bad.status, 422, "{}", bad.text);
    bad.says("line 2 (prefix)").says("by hand");
    let file = [
        ("csv", "prefix,destination,perMinute\n46,Sweden,0.02\n4670,Sweden mobile,0.05\n"),
        ("note", "by hand"),
    ];
    let page = browser.follow(browser.send(&format!("{path}/upload"), &file));
    page.says("Draft 1: 2 prefixes").says("Sweden mobile").says("New: 2");
    let page = browser.follow(browser.send(&format!("{path}/1/confirm"), &[]));
    page.says("in force");
    browser.get(&format!("{path}/1.csv")).expect(200).says("4670,Sweden mobile,,,0.05");
    let file = [("csv", "prefix,destination,perMinute\n46,Sweden,0.2\n")];
    browser
        .follow(browser.send(&format!("{path}/upload"), &file))
        .says("Suspicious jumps: 1")
        .says("Gone: 1");
    browser.get(&format!("{path}/diff?from=1&to=2")).expect(200).says("version 1 to 2");
}

#[test]
fn strangers_see_the_price_list() {
    let page = stranger().get("/prices").expect(200).says("Calls to phone numbers").says("0.0130 USD");
    assert!(!page.text.contains("/operator/"), "{}", page.text);
    stranger().get("/prices?to=zzz").expect(200).says("Nothing matches");
}
