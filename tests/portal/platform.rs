//! What the operator sets: carriers, rules of eligibility, terms of a tenant, emergency calls; and whom the edge bans.

use crate::{SHARED, operator, tenant};
use std::{
    net::UdpSocket,
    time::{Duration, Instant},
};

/// A carrier that is switched off: it takes no call of another test.
fn carrier<'a>(set: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("name", "Portal Carrier"),
        ("hosts", "192.0.2.1:5080 udp\n[2001:db8::1] tls\nsip.carrier.test tcp"),
        ("caller_id", "owned"),
        ("calls_per_second", "20"),
        ("max_calls", "200"),
        ("prefixes", "+46 0.0085\n+4670 0.0215"),
        ("quality", "70"),
        ("capacity", ""),
        ("weight", "3"),
        ("emergency", "SE"),
        ("signing", "always"),
        ("verification", "on"),
        ("privacy_header", "none"),
        ("ip_version", "ipv4"),
        ("early_media", "pass"),
        ("timer", "on"),
        ("timer_seconds", "1800"),
        ("options", "on"),
        ("options_seconds", "60"),
        ("demote_after", "3"),
    ];
    for (name, value) in set {
        all.retain(|(known, _)| known != name);
        all.push((name, value));
    }
    all
}

#[test]
fn a_carrier_is_made_by_its_form_and_comes_back_as_it_was_typed() {
    let browser = operator();
    browser.get("/operator/carriers/new").expect(200).says("Add a carrier");
    let credentials = [("username", "us"), ("realm", "carrier.test"), ("password", "open-sesame")];
    let page = browser.follow(browser.send("/operator/carriers", &carrier(&credentials)));
    let page = page.says("Portal Carrier").says("192.0.2.1:5080 UDP").says("+46, +4670");
    let row = page.text.split("Portal Carrier").next().unwrap_or_default();
    let id = row.rsplit("/operator/carriers/").next().and_then(|rest| rest.split('"').next()).unwrap_or("");
    let path = format!("/operator/carriers/{id}");
    let shown = browser.get(&path).expect(200);
    let shown = shown.says("192.0.2.1:5080 udp\n[2001:db8::1]:5061 tls\nsip.carrier.test:5060 tcp");
    let shown = shown.says("+46 0.0085\n+4670 0.0215").says("value=\"SE\"").says("carrier.test");
    assert!(!shown.text.contains("open-sesame"), "a password is not shown");
    let changed = carrier(&[("name", "Portal Carrier Two"), ("weight", "0")]);
    browser.follow(browser.send(&path, &changed)).says("Portal Carrier Two");
    tenant("Portal No Operator").get(&path).expect(404);
}

#[test]
fn a_carrier_that_is_not_taken_says_which_field_and_keeps_what_was_typed() {
    let browser = operator();
    browser.get("/operator/carriers/new").expect(200);
    for (field, value, words) in [
        ("name", "", "name"),
        ("hosts", "192.0.2.1 carrier pigeon", "192.0.2.1 carrier pigeon"),
        ("prefixes", "+46 much", "much"),
        ("quality", "101", "quality"),
        ("weight", "heavy", "weight"),
        ("calls_per_second", "0", "calls"),
        ("emergency", "XX", "XX"),
        ("timer_seconds", "10", "90"),
    ] {
        let page = browser.send("/operator/carriers", &carrier(&[(field, value), ("realm", "kept.test")]));
        assert!((400..500).contains(&page.status), "{field}: {} {}", page.status, page.text);
        let alert = page.between("role=\"alert\"", "</div>");
        assert!(alert.to_lowercase().contains(&words.to_lowercase()), "{field}: {alert}");
        page.says("kept.test");
    }
    let page = browser.send("/operator/carriers/order", &[("order", "cost, luck")]);
    assert!(page.between("role=\"alert\"", "</div>").contains("luck"));
    browser.get("/operator/carriers").expect(200).says_not("kept.test");
}

#[test]
fn rules_of_eligibility_are_added_put_in_order_and_deleted() {
    let browser = operator();
    browser.get("/operator/eligibility").expect(200);
    let rule = |verdict: &'static str, country: &'static str, why: &'static str| {
        [
            ("connection", "directRouting"),
            ("verdict", verdict),
            ("agreement", ""),
            ("countries", country),
            ("number_countries", ""),
            ("why", why),
        ]
    };
    for (form, words) in
        [(rule("refuse", "aq", ""), "why"), (rule("refuse", "Antarctica", "ice"), "antarctica")]
    {
        let page = browser.send("/operator/eligibility", &form);
        assert!((400..500).contains(&page.status), "{words}: {}", page.status);
        let alert = page.between("role=\"alert\"", "</div>").to_lowercase();
        assert!(alert.contains(words), "{words}: {alert}");
    }
    let refuse = rule("refuse", "aq", "no trunks on ice");
    browser.follow(browser.send("/operator/eligibility", &refuse)).says("no trunks on ice");
    let allow = rule("allow", "GL", "islands are fine");
    let page = browser.follow(browser.send("/operator/eligibility", &allow));
    let order = |text: &str| text.find("no trunks on ice").cmp(&text.find("islands are fine"));
    assert_eq!(order(&page.text), std::cmp::Ordering::Less);
    let page = browser.follow(browser.send("/operator/eligibility/up", &[("index", "1")]));
    assert_eq!(order(&page.text), std::cmp::Ordering::Greater);
    browser.follow(browser.send("/operator/eligibility/delete", &[("index", "0")])).says_not("islands");
    let page = browser.follow(browser.send("/operator/eligibility/delete", &[("index", "0")]));
    page.says_not("no trunks on ice");
}

#[test]
fn regions_are_added_and_deleted() {
    let browser = operator();
    const PAGE: &str = "/operator/eligibility/regions";
    browser.get(PAGE).expect(200);
    let region = |numbers: &'static str, billed: &'static str| {
        [("number_country", numbers), ("billing_countries", billed), ("agreement", "enterprise")]
    };
    for (form, word) in [(region("", "SE"), "is no country"), (region("AQ", "Antarctica"), "antarctica")] {
        let page = browser.send(PAGE, &form);
        assert!((400..500).contains(&page.status), "{word}: {}", page.status);
        let alert = page.between("role=\"alert\"", "</div>").to_lowercase();
        assert!(alert.contains(word), "{word}: {alert}");
    }
    let page = browser.follow(browser.send(PAGE, &region("aq", "no, fj")));
    page.says("NO, FJ").says("enterprise agreement");
    let wrong =
        browser.send("/operator/eligibility/regions/delete", &[("index", "0"), ("number_country", "TF")]);
    browser.follow(wrong).says("NO, FJ");
    let right =
        browser.send("/operator/eligibility/regions/delete", &[("index", "0"), ("number_country", "AQ")]);
    browser.follow(right).says_not("NO, FJ");
}

#[test]
fn the_terms_of_a_tenant_are_kept_and_the_tenant_reads_what_they_mean() {
    let member = tenant("Portal Bounded");
    let browser = operator();
    let list = browser.get("/operator").expect(200);
    let row = list.text.split("Portal Bounded").next().unwrap_or_default();
    let id = row.rsplit("/operator/tenants/").next().and_then(|rest| rest.split('"').next()).unwrap_or("");
    let path = format!("/operator/tenants/{id}");
    browser.get(&path).expect(200).says("<h1>Portal Bounded</h1>").says("Open now.");
    let terms = |country: &'static str, why: &'static str, per_call: &'static str| {
        [
            ("agreement", "enterprise"),
            ("country", country),
            ("cloud", ""),
            ("cloud_why", ""),
            ("direct", "refused"),
            ("direct_why", why),
            ("countries", "se"),
            ("blocked", ""),
            ("per_call", per_call),
            ("per_day", ""),
        ]
    };
    for (form, words) in [
        (terms("XX", "ask us", "1"), "xx"),
        (terms("SE", "", "1"), "why"),
        (terms("SE", "ask us", "much"), "call"),
    ] {
        let page = browser.send(&path, &form);
        assert!((400..500).contains(&page.status), "{words}: {}", page.status);
        let alert = page.between("role=\"alert\"", "</div>").to_lowercase();
        assert!(alert.contains(words), "{words}: {alert}");
    }
    let page = browser.follow(browser.send(&path, &terms("se", "ask us first", "1.25")));
    page.says("Refused now: ask us first").says("value=\"SE\"").says("value=\"enterprise\" selected");
    let page = member.get("/app/protection").expect(200);
    page.says("Countries that may be called at all: SE.").says("1.25");
    member.get("/app/trunks").expect(200);
    let trunk = [
        ("fqdn", "sbc.portal-bounded.test"),
        ("port", "5060"),
        ("transport", "udp"),
        ("srtp", "off"),
        ("addresses", ""),
    ];
    let page = member.send("/app/trunks", &trunk);
    assert!((400..500).contains(&page.status), "{}", page.status);
    page.says("This account may not connect trunks.").says("ask us first");
}

#[test]
fn emergency_calls_of_a_country_are_set_changed_and_taken_back() {
    let browser = operator();
    browser.get("/operator/emergency").expect(200);
    let country = |code: &'static str, numbers: &'static str, call_back: &'static str| {
        [
            ("country", code),
            ("numbers", numbers),
            ("test_numbers", "1129"),
            ("route", ""),
            ("call_back", call_back),
        ]
    };
    for (form, words) in [
        (country("XX", "112", ""), "country: give"),
        (country("IS", "", ""), "number"),
        (country("IS", "one-one-two", ""), "digits"),
        (country("IS", "112", "12"), "12"),
    ] {
        let page = browser.send("/operator/emergency", &form);
        assert!((400..500).contains(&page.status), "{words}: {}", page.status);
        let alert = page.between("role=\"alert\"", "</div>").to_lowercase();
        assert!(alert.contains(words), "{words}: {alert}");
        page.says("1129");
    }
    let page = browser.follow(browser.send("/operator/emergency", &country("is", "112", "+3545550100")));
    page.says("112").says("/operator/emergency/IS/delete");
    let shown = browser.get("/operator/emergency?edit=IS").expect(200);
    assert_eq!(shown.between("name=\"call_back\" value=\"", "\"").replace("&#43;", "+"), "+3545550100");
    let page = browser.follow(browser.send("/operator/emergency/IS/delete", &[]));
    page.says_not("/operator/emergency/IS/delete");
}

#[test]
fn whom_the_edge_bans_is_seen_with_the_reason_and_the_ban_is_lifted() {
    let browser = operator();
    let scanner = UdpSocket::bind("127.21.8.9:0").expect("a socket");
    let from = scanner.local_addr().expect("it is bound");
    let scan = format!(
        "OPTIONS sip:100@{0} SIP/2.0\r\nVia: SIP/2.0/UDP {from};rport;branch=z9hG4bKscan\r\nMax-Forwards: 70\r\n\
         From: <sip:x@{from}>;tag=1\r\nTo: <sip:100@{0}>\r\nCall-ID: scan@{from}\r\nCSeq: 1 OPTIONS\r\n\
         User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n",
        SHARED.sip()
    );
    let end = Instant::now() + Duration::from_secs(10);
    let page = loop {
        scanner.send_to(scan.as_bytes(), SHARED.sip()).expect("it is sent");
        let page = browser.get("/operator/bans").expect(200);
        if page.text.contains("127.21.8.9") {
            break page;
        }
        assert!(Instant::now() < end, "the scanner is never banned: {}", page.text);
        std::thread::sleep(Duration::from_millis(50));
    };
    page.says("Is a scanner by its own words").says("Lift all").says(">UDP</td>");
    let page = browser.follow(browser.send("/operator/bans/127.21.8.9/lift", &[]));
    page.says_not("127.21.8.9</th>");
    browser.send("/operator/bans/nowhere/lift", &[]).expect(404);
    tenant("Portal Not Banning").get("/operator/bans").expect(404);
}
