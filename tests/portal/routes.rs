//! Voice routes by the forms.

use crate::{browser::Browser, tenant};

fn with_trunk(organization: &str, fqdn: &str) -> Browser {
    let browser = tenant(organization);
    browser.get("/app/trunks").expect(200);
    let form = [
        ("fqdn", fqdn),
        ("port", "5060"),
        ("transport", "udp"),
        ("srtp", "off"),
        ("addresses", "127.21.7.3"),
    ];
    browser.send("/app/trunks", &form).leads_to(&format!("/app/trunks/{fqdn}"));
    browser
}

#[test]
fn routes_are_asked_in_their_order_which_can_be_changed() {
    let browser = with_trunk("Portal Router", "sbc.portal-router.test");
    for (name, pattern) in [("Sweden", r"^\+46\d+$"), ("All & sundry", r"^\+\d+$")] {
        let form = [("was", ""), ("name", name), ("pattern", pattern), ("targets", "sbc.portal-router.test")];
        browser.send("/app/routes", &form).leads_to("/app/routes");
    }
    let order = |text: &str| text.find("Sweden").cmp(&text.find("All &#38; sundry"));
    let page = browser.get("/app/routes").expect(200);
    assert_eq!(order(&page.text), std::cmp::Ordering::Less);
    let page = browser.follow(browser.send("/app/routes/up", &[("name", "All & sundry")]));
    assert_eq!(order(&page.text), std::cmp::Ordering::Greater);
    let page = browser.follow(browser.send("/app/routes/down", &[("name", "All & sundry")]));
    assert_eq!(order(&page.text), std::cmp::Ordering::Less);
    let form = browser.get("/app/routes?edit=All%20%26%20sundry").expect(200);
    assert_eq!(form.value_of("was"), "All &#38; sundry");
    let renamed = [
        ("was", "All & sundry"),
        ("name", "Office"),
        ("pattern", r"^\+\d+$"),
        ("targets", "sbc.portal-router.test 1 5"),
        ("windows", "mon-fri 08:00-17:00 +02:00"),
        ("failover_on", "500"),
    ];
    browser
        .follow(browser.send("/app/routes", &renamed))
        .says("Office")
        .says("sbc.portal-router.test 1 5")
        .says("mon,tue,wed,thu,fri 08:00-17:00 +02:00")
        .says("fails over on 500")
        .says_not("sundry");
    browser.follow(browser.send("/app/routes/delete", &[("name", "Office")])).says_not("Office");
}

#[test]
fn a_route_that_is_not_taken_says_why_and_keeps_what_was_typed() {
    let browser = with_trunk("Portal Misrouter", "sbc.portal-misrouter.test");
    for (field, value, words) in [
        ("pattern", "^(", "unclosed"),
        ("targets", "nobody.test", "nobody.test"),
        ("windows", "someday", "mon-fri"),
        ("failover_on", "486", "486"),
        ("caller_id", "12", "+"),
        ("name", " ", "name"),
    ] {
        let mut form =
            vec![("was", ""), ("name", "Lost"), ("pattern", "^x$"), ("targets", "sbc.portal-misrouter.test")];
        form.retain(|(name, _)| *name != field);
        form.push((field, value));
        let page = browser.send("/app/routes", &form);
        assert!((400..500).contains(&page.status), "{field}: {}", page.status);
        page.says("role=\"alert\"").says(words);
        browser.get("/app/routes").expect(200).says("No routes");
    }
}

#[test]
fn a_number_is_tried_on_the_routes_without_a_call() {
    let browser = with_trunk("Portal Tester", "sbc.portal-tester.test");
    let form =
        [("was", ""), ("name", "Sweden"), ("pattern", r"^\+46\d+$"), ("targets", "sbc.portal-tester.test")];
    browser.send("/app/routes", &form).leads_to("/app/routes");
    browser
        .get("/app/routes?to=%2B4684650040")
        .expect(200)
        .says("goes to route Sweden")
        .says("takes it")
        .says("sbc.portal-tester.test can be tried");
    browser.get("/app/routes?to=%2B12065550100").expect(200).says("No route takes").says("does not match");
    browser.get("/app/routes?to=12").expect(200).says("full international");
}
