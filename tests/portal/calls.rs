//! Calls on pages: what would happen, a live one that is ended, and its record.

use crate::{browser::quote, buy, tenant};
use std::time::{Duration, Instant};

/// How long a call may take to ring, be answered or be closed.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn what_would_happen_is_explained_rule_by_rule() {
    let browser = tenant("Portal Simulator");
    let number = buy(&browser, "US", "geographic");
    let ask = |from: &str, to: &str, source: &str| {
        let query = format!("from={}&to={}&source={}", quote(from), quote(to), quote(source));
        browser.get(&format!("/app/calls/simulate?{query}"))
    };
    let page = ask(&number, "+12065550100", "app").expect(200);
    page.says("It would be connected.")
        .says("0.0130 USD")
        .says("carrier sandbox")
        .says("caller id")
        .says("passed");
    let refused = ask("+12065550111", "+12065550100", "app").expect(200);
    refused.says("It would be refused: caller id not owned.").says(">refused<");
    ask(&number, "+12065550100", "sbc.nobody.test").expect(422).says("role=\"alert\"").says(&number);
    ask("", "", "app").expect(200).says_not("role=\"alert\"").says_not("It would");
    browser.get("/app/calls/simulate").expect(200).says_not("role=\"alert\"");
}

#[test]
fn a_live_call_counts_its_packets_is_ended_by_its_button_and_leaves_a_priced_record() {
    let browser = tenant("Portal Caller");
    let number = buy(&browser, "US", "geographic");
    let path = format!("/app/numbers/{number}");
    browser.get(&path).expect(200);
    browser.send(&path, &[("to", "forward"), ("forward", "+12065550112")]).leads_to(&path);
    browser.get("/app/calls").expect(200).says("No calls yet").says(&format!("value=\"{number}\""));
    let placed = browser.send("/app/calls/sandbox", &[("from", "+12065550100"), ("to", &number)]).expect(303);
    let page = browser.get(&placed.location).expect(200).says("data-live").says("The sandbox is calling.");
    page.says("http-equiv=\"refresh\"").says("End the call").says("forwards to +12065550112");
    let end = Instant::now() + PATIENCE;
    while !browser.get(&placed.location).expect(200).text.contains(">flowing<") {
        assert!(Instant::now() < end, "no audio flows:\n{}", browser.get(&placed.location).text);
        std::thread::sleep(Duration::from_millis(100));
    }
    browser.get("/app").expect(200).says(">live<");
    let page = browser.get(&placed.location).expect(200).says("UDP</td>");
    assert_eq!(page.text.matches("UDP</td>").count(), 2, "each leg says where its peer is:\n{}", page.text);
    let ended = browser.send(&format!("{}/end", placed.location), &[]).leads_to(&placed.location);
    drop(ended);
    let end = Instant::now() + PATIENCE;
    let page = loop {
        let page = browser.get(&placed.location).expect(200);
        if !page.text.contains("data-live") {
            break page;
        }
        assert!(Instant::now() < end, "the call goes on:\n{}", page.text);
        std::thread::sleep(Duration::from_millis(50));
    };
    let page =
        page.says("ended by command").says("call to a geographic number").says("0.0085 USD").says("PCMU");
    page.says("rounded half up").says_not("End the call");
    browser.get("/app/calls?direction=outbound").expect(200).says_not(&placed.location);
    browser.get(&format!("/app/calls?number={}", quote(&number))).expect(200).says(&placed.location);
}

#[test]
fn the_sandbox_calls_own_numbers_alone() {
    let browser = tenant("Portal Sandbox");
    browser.get("/app/calls").expect(200);
    for (from, to) in [("+12065550100", "+12065550177"), ("+12065550100", "nobody"), ("+12065550100", "")] {
        let page = browser.send("/app/calls/sandbox", &[("from", from), ("to", to)]);
        assert!((400..500).contains(&page.status), "{to}: {}", page.status);
        page.says("role=\"alert\"").says(&format!("value=\"{to}\""));
    }
    browser.get("/app/calls?after=nonsense").expect(400).says("<h1>");
}
