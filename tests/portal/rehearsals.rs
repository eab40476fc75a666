//! Drafts are tried from the pages on which they are made.

use crate::{browser::Page, operator, tenant};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_draft_is_tried_from_its_page_applied_and_rolled_back() {
    let browser = operator();
    browser.get("/operator/carriers").expect(200).says("Try it on yesterday");
    let begun = browser
        .send("/operator/carriers/order/rehearse", &[("order", "quality, cost, capacity")])
        .expect(303);
    let done = |path: &str| -> Page {
        let end = Instant::now() + PATIENCE;
        loop {
            let page = browser.get(path).expect(200);
            if !page.text.contains("data-live") {
                return page;
            }
            assert!(Instant::now() < end, "it goes on:\n{}", page.text);
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let page = done(&begun.location);
    page.says("carriers by quality, cost, capacity").says(">done<").says("the same").says("Apply the draft");
    browser.get("/operator/rehearsals").expect(200).says("carriers by quality");
    let wrong = browser.send(&format!("{}/apply", begun.location), &[("effective_at", "soon")]);
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    let page = browser.follow(browser.send(&format!("{}/apply", begun.location), &[("effective_at", "")]));
    page.says(">applied<").says("Roll it back");
    let page = browser.follow(browser.send(&format!("{}/rollback", begun.location), &[]));
    page.says(">rolled back<");
    let again = [("since", "2026-01-01 00:00"), ("until", "2026-12-01 00:00"), ("against", "today")];
    let long = browser.send(&format!("{}/again", begun.location), &again);
    assert_eq!(long.status, 400, "{}", long.text);
    tenant("Portal Rehearses").get(&begun.location).expect(404);
}

#[test]
fn a_tenant_tries_a_route_before_it_is_saved() {
    let browser = tenant("Portal Tries");
    browser.get("/app/routes").expect(200).says("Try it on yesterday").says("/app/rehearsals");
    let wrong = [("name", "all"), ("pattern", "("), ("targets", "")];
    let page = browser.send("/app/routes/rehearse", &wrong);
    assert_eq!(page.status, 400, "{}", page.text);
    browser.get("/app/rehearsals").expect(200).says("Nothing was rehearsed yet");
}
