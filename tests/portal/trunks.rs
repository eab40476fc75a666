//! Trunks, voice routes and domains by the forms.

use crate::{browser::Browser, tenant};

fn save_trunk(browser: &Browser, fqdn: &str, port: &str, addresses: &str) -> crate::browser::Page {
    let form = [
        ("fqdn", fqdn),
        ("port", port),
        ("transport", "udp"),
        ("srtp", "off"),
        ("addresses", addresses),
        ("enabled", "on"),
    ];
    browser.send("/app/trunks", &form)
}

#[test]
fn a_trunk_is_added_changed_and_deleted() {
    let browser = tenant("Portal Trunker");
    browser.get("/app/trunks").expect(200).says("No trunk yet").says("127.21.1.1:5060");
    let page = browser.follow(save_trunk(
        &browser,
        "SBC.portal-trunker.test",
        "5062",
        "127.21.7.1, 127.21.7.2:5080",
    ));
    page.says("The trunk is saved.")
        .says("sbc.portal-trunker.test")
        .says("127.21.7.1, 127.21.7.2:5080")
        .says("not heard from yet");
    let form = browser
        .get("/app/trunks?trunk=sbc.portal-trunker.test")
        .expect(200)
        .says("Change sbc.portal-trunker.test");
    assert_eq!(form.value_of("fqdn"), "sbc.portal-trunker.test");
    let off = [
        ("fqdn", "sbc.portal-trunker.test"),
        ("port", "5063"),
        ("transport", "tcp"),
        ("srtp", "optional"),
        ("addresses", ""),
    ];
    let page = browser.follow(browser.send("/app/trunks", &off));
    page.says("switched off").says(">TCP<").says(">5063<").says("by DNS");
    let page = browser.follow(browser.send("/app/trunks/sbc.portal-trunker.test/delete", &[]));
    page.says("The trunk is deleted.").says("No trunk yet");
}

#[test]
fn a_trunk_that_is_not_taken_says_why_and_keeps_what_was_typed() {
    let browser = tenant("Portal Mistyper");
    browser.get("/app/trunks").expect(200);
    for (fqdn, port, addresses) in [
        ("sbc.mistyper.test", "many", ""),
        ("sbc.mistyper.test", "5060", "not-an-address"),
        ("sbc.mistyper.test", "70000", ""),
        ("no name at all", "5060", ""),
        ("sbc.portal-mistyper.com", "5060", ""),
    ] {
        let page = save_trunk(&browser, fqdn, port, addresses);
        assert!((400..500).contains(&page.status), "{fqdn} {port} {addresses}: {}", page.status);
        let page = page.says("role=\"alert\"").says_not("One or more request inputs");
        assert_eq!(page.value_of("fqdn"), fqdn);
        browser.get("/app/trunks").expect(200).says("No trunk yet");
    }
}

#[test]
fn routes_are_tried_in_their_order_which_can_be_changed() {
    let browser = tenant("Portal Router");
    browser.get("/app/trunks").expect(200);
    save_trunk(&browser, "sbc.portal-router.test", "5060", "127.21.7.3").leads_to("/app/trunks");
    for (name, pattern) in [("Sweden", r"^\+46\d+$"), ("All & sundry", r"^\+\d+$")] {
        let form = [("was", ""), ("name", name), ("pattern", pattern), ("trunks", "sbc.portal-router.test")];
        browser.send("/app/routes", &form).leads_to("/app/trunks");
    }
    let order = |text: &str| text.find("Sweden").cmp(&text.find("All &#38; sundry"));
    let page = browser.get("/app/trunks").expect(200);
    assert_eq!(order(&page.text), std::cmp::Ordering::Less);
    let page = browser.follow(browser.send("/app/routes/up", &[("name", "All & sundry")]));
    assert_eq!(order(&page.text), std::cmp::Ordering::Greater);
    let form = browser.get("/app/trunks?route=All%20%26%20sundry").expect(200);
    assert_eq!(form.value_of("was"), "All &#38; sundry");
    let renamed = [
        ("was", "All & sundry"),
        ("name", "Everything"),
        ("pattern", "^("),
        ("trunks", "sbc.portal-router.test"),
    ];
    browser
        .follow(browser.send("/app/routes", &renamed))
        .says("Everything")
        .says("never matches")
        .says_not("sundry");
    let unknown = [("was", ""), ("name", "Lost"), ("pattern", "^x$"), ("trunks", "nobody.test")];
    let page = browser.send("/app/routes", &unknown);
    assert!((400..500).contains(&page.status), "{}", page.status);
    page.says("role=\"alert\"").says("value=\"Lost\"").says("value=\"nobody.test\"");
    browser.follow(browser.send("/app/routes/delete", &[("name", "Everything")])).says_not("Everything");
}

#[test]
fn a_domain_shows_the_record_to_publish_and_is_not_believed_before() {
    let browser = tenant("Portal Domains");
    browser.get("/app/trunks").expect(200);
    let page = browser.follow(browser.send("/app/domains", &[("name", "voice.portal-domains.invalid-tld")]));
    let page = page.says("dialtone-verification=").says("not verified");
    drop(page);
    let page = browser.send("/app/domains", &[("name", "not a domain")]);
    assert!((400..500).contains(&page.status));
    page.says("role=\"alert\"").says("value=\"not a domain\"");
}
