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

#[test]
fn a_hostile_name_in_a_message_is_text_on_the_ladder_and_the_capture_is_one_click_away() {
    let browser = tenant("Portal Ladder");
    let number = buy(&browser, "US", "geographic");
    let api = crate::SHARED.anonymous().sign_in("portal-ladder@portal.test", crate::browser::PASSWORD);
    let user = api.post("/api/v1/sipUsers", &serde_json::json!({"username": "eve"})).expect(201).body;
    let text = |key: &str| user[key].as_str().expect("a text").to_owned();
    let phone = testkit::phone::Phone::bind("127.21.8.1:5060").expect("a phone");
    let hostile = "<script>alert(1)</script>";
    let dial = testkit::phone::Dial {
        edge: crate::SHARED.sip(),
        to: format!("sip:+12065550195@{}", text("domain")),
        from: format!("sip:{number}@{}", text("domain")),
        credentials: Some((text("username"), text("password"))),
        headers: vec![("Subject".to_owned(), hostile.to_owned())],
        offer: true,
    };
    let call = phone.call(&dial).expect("a call");
    call.wait_answered().expect("it is answered");
    let _ = call.bye().expect("it ends");
    let list = api.get("/api/v1/calls").expect(200).body;
    let id = list["value"][0]["id"].as_str().expect("a record").to_owned();
    let page = browser.get(&format!("/app/calls/{id}")).expect(200);
    let page = page.says("Messages and media").says("200 OK (INVITE)").says("The call is answered.");
    let page = page
        .says("&#60;script&#62;alert(1)&#60;/script&#62;")
        .says_not(hostile)
        .says("class=\"ladder lanes-3\"");
    page.says(&format!("/app/calls/{id}/trace.pcap"));
    let capture = browser.get(&format!("/app/calls/{id}/trace.pcap")).expect(200);
    assert!(capture.header("content-disposition").contains("attachment"));
    let stranger = tenant("Portal Ladder Stranger");
    let _ = stranger.get(&format!("/app/calls/{id}/trace.pcap")).expect(404);
    let _ = stranger.get(&format!("/operator/calls/{id}")).expect(404);
    let _ = stranger.get("/operator/live").expect(404);
}
