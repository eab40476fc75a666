//! What a tenant sets for its own safety: protection, and where its people are in an emergency.

use crate::{buy, tenant};

/// The form of the protection page, with some fields set and the others as they are at first.
fn protection<'a>(set: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let empty = ["countries", "prefixes", "blocked", "high_risk", "per_call", "per_day", "failed", "missing"];
    let mut all: Vec<(&str, &str)> = empty.iter().map(|name| (*name, "")).collect();
    all.push(("over_limit", "retryLater"));
    for (name, value) in set {
        all.retain(|(known, _)| known != name);
        all.push((name, value));
    }
    all
}

#[test]
fn protection_is_kept_as_it_was_typed_and_says_what_holds() {
    let browser = tenant("Portal Protected");
    browser.get("/app/protection").expect(200).says("Calls may go to every country").says("no cap");
    let form = protection(&[
        ("countries", "se, us"),
        ("blocked", "+46900"),
        ("per_call", "2.50"),
        ("per_day", "40"),
        ("over_limit", "busy"),
    ]);
    let page = browser.follow(browser.send("/app/protection", &form));
    let page = page.says("Calls may go to SE, US alone.").says("Closed: +46900.").says(">SE, US</textarea>");
    let page = page.says("2.50").says("value=\"busy\" selected");
    assert_eq!(page.text.matches("role=\"alert\"").count(), 0);
    browser.follow(browser.send("/app/protection", &protection(&[]))).says("Calls may go to every country");
}

#[test]
fn protection_that_is_not_taken_says_which_field_and_keeps_what_was_typed() {
    let browser = tenant("Portal Unprotected");
    browser.get("/app/protection").expect(200);
    for (field, value, words) in [
        ("countries", "Sweden", "Sweden"),
        ("prefixes", "12a", "12a"),
        ("blocked", "x9", "x9"),
        ("per_call", "much", "cap of a call"),
        ("per_day", "-5", "cap of a day"),
        ("over_limit", "shout", "over limit: expected"),
    ] {
        let page = browser.send("/app/protection", &protection(&[(field, value), ("high_risk", "882")]));
        assert!((400..500).contains(&page.status), "{field}: {}", page.status);
        let alert = page.between("role=\"alert\"", "</div>");
        assert!(alert.to_lowercase().contains(&words.to_lowercase()), "{field}: {alert}");
        page.says(">882</textarea>");
    }
    browser.get("/app/protection").expect(200).says_not(">882</textarea>");
}

#[test]
fn the_address_of_a_number_is_registered_shown_changed_and_forgotten() {
    let browser = tenant("Portal Rescued");
    browser.get("/app/emergency").expect(200).says("You have no numbers yet.");
    let number = buy(&browser, "US", "geographic");
    let escaped = number.replace('+', "%2B");
    let path = format!("/app/emergency?number={escaped}");
    let page = browser.get(&path).expect(200).says("none registered");
    assert_eq!(page.between("class=\"mono\" name=\"number\" value=\"", "\"").replace("&#43;", "+"), number);
    let address = |lines: &'static str, locality: &'static str, country: &'static str| {
        [
            ("number", number.as_str()),
            ("lines", lines),
            ("locality", locality),
            ("region", "WA"),
            ("postal_code", "98101"),
            ("country", country),
        ]
    };
    for (form, words) in [
        (address("1 Main Street", "Seattle", "ZZ"), "country: give"),
        (address("", "Seattle", "US"), "lines"),
        (address("1 Main Street", "", "US"), "city"),
    ] {
        let page = browser.send("/app/emergency/addresses", &form);
        assert!((400..500).contains(&page.status), "{words}: {}", page.status);
        let alert = page.between("role=\"alert\"", "</div>").to_lowercase();
        assert!(alert.contains(words), "{words}: {alert}");
        page.says("98101");
    }
    let another = [("number", "+12065559999"), ("lines", "1"), ("locality", "x"), ("country", "US")];
    let page = browser.send("/app/emergency/addresses", &another);
    assert!((400..500).contains(&page.status), "a number of somebody else: {}", page.status);

    let form = address("1 Main Street\nFloor 2", "Seattle", "us");
    let page = browser.follow(browser.send("/app/emergency/addresses", &form));
    page.says("1 Main Street").says("Floor 2").says("Seattle").says_not("none registered");
    let page = browser.follow(browser.send(&format!("/app/emergency/addresses/{escaped}/delete"), &[]));
    page.says("none registered");
}

#[test]
fn the_account_has_a_country_and_a_number_that_is_called_back() {
    let browser = tenant("Portal Called Back");
    let number = buy(&browser, "US", "geographic");
    browser.get("/app/emergency").expect(200);
    for (form, words) in [
        ([("country", "XX"), ("call_back", "")], "country"),
        ([("country", "SE"), ("call_back", "12")], "12"),
        ([("country", "SE"), ("call_back", "+12065559999")], "number"),
    ] {
        let page = browser.send("/app/emergency", &form);
        assert!((400..500).contains(&page.status), "{form:?}: {}", page.status);
        let alert = page.between("role=\"alert\"", "</div>").to_lowercase();
        assert!(alert.contains(words), "{words}: {alert}");
    }
    let page = browser.follow(browser.send("/app/emergency", &[("country", "us"), ("call_back", &number)]));
    assert_eq!(page.between("name=\"country\" value=\"", "\""), "US");
    assert_eq!(page.between("name=\"call_back\" value=\"", "\"").replace("&#43;", "+"), number);
}
