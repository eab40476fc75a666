//! Trunks, voice routes and domains by the forms.

use crate::{browser::Browser, tenant};

fn save_trunk(browser: &Browser, fqdn: &str, port: &str, addresses: &str) -> crate::browser::Page {
    let form =
        [("fqdn", fqdn), ("port", port), ("transport", "udp"), ("srtp", "off"), ("addresses", addresses)];
    browser.send("/app/trunks", &form)
}

/// The trunk's own form, with everything that it was told, and some of it changed.
fn change_trunk(browser: &Browser, fqdn: &str, changes: &[(&str, &str)]) -> crate::browser::Page {
    let mut form = vec![
        ("enabled", "on"),
        ("port", "5062"),
        ("transport", "udp"),
        ("srtp", "off"),
        ("calls_per_second", "100"),
        ("max_calls", "1000"),
        ("privacy_header", "id"),
        ("ip_version", "ipv4"),
        ("early_media", "pass"),
        ("timer_seconds", "1800"),
        ("options_seconds", "60"),
        ("demote_after", "3"),
    ];
    form.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    form.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    browser.send(&format!("/app/trunks/{fqdn}"), &form)
}

#[test]
fn a_trunk_is_added_changed_and_deleted() {
    let browser = tenant("Portal Trunker");
    browser.get("/app/trunks").expect(200).says("No trunk yet").says("127.21.1.1:5060");
    let fqdn = "sbc.portal-trunker.test";
    let page = browser.follow(save_trunk(
        &browser,
        "SBC.portal-trunker.test",
        "5062",
        "127.21.7.1, 127.21.7.2:5080",
    ));
    let page = page.says("The trunk is saved.").says(fqdn).says("by the addresses that it calls from");
    assert_eq!(page.value_of("addresses"), "127.21.7.1, 127.21.7.2:5080");
    browser.get("/app/trunks").expect(200).says("127.21.7.1, 127.21.7.2:5080").says("not heard from yet");
    let off = [
        ("enabled", ""),
        ("port", "5063"),
        ("transport", "tcp"),
        ("srtp", "optional"),
        ("max_call_cost", "2.50"),
    ];
    let page = browser.follow(change_trunk(&browser, fqdn, &off)).says("switched off");
    assert_eq!(page.value_of("max_call_cost"), "2.50");
    browser.get("/app/trunks").expect(200).says(">TCP<").says(">5063<").says("by DNS");
    let page = browser.follow(browser.send(&format!("/app/trunks/{fqdn}/delete"), &[]));
    page.says("The trunk is deleted.").says("No trunk yet");
}

#[test]
fn a_trunks_password_is_kept_and_never_shown_and_a_bad_field_says_what_to_do() {
    let browser = tenant("Portal Secrets");
    browser.get("/app/trunks").expect(200);
    let fqdn = "sbc.portal-secrets.test";
    save_trunk(&browser, fqdn, "5060", "127.21.7.9").leads_to("/app/trunks/sbc.portal-secrets.test");
    let secret = [("username", "us"), ("realm", "carrier.test"), ("password", "open-sesame")];
    let page = browser.follow(change_trunk(&browser, fqdn, &secret));
    page.says("A password is kept").says("value=\"us\"").says_not("open-sesame");
    for (field, value, words) in [
        ("timer_seconds", "10", "90"),
        ("failover_on", "486", "486"),
        ("outbound_callee", "^0", "pattern"),
        ("authentication", "digest", "SIP user"),
        ("max_call_cost", "much", "2.50"),
    ] {
        let page = change_trunk(&browser, fqdn, &[(field, value), ("password", "open-sesame")]);
        assert!((400..500).contains(&page.status), "{field}: {}", page.status);
        page.says("role=\"alert\"").says(words).says_not("open-sesame");
    }
    let rewrite = [("outbound_callee", r"^\+46(\d+)$ => 0$1"), ("authentication", "address")];
    browser.follow(change_trunk(&browser, fqdn, &rewrite)).says("0$1").says("No password is kept");
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
