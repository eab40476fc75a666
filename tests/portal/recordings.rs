//! Recordings on pages: the policy by its form, and a live call that is recorded by its buttons, listened to, and forgotten.

use crate::{buy, tenant};
use std::time::{Duration, Instant};

const PAGE: &str = "/app/recordings";
/// How long a call may take to be answered or closed.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_policy_is_set_by_its_form_and_what_is_wrong_stays_to_be_mended() {
    let browser = tenant("Portal Recording Policy");
    let page = browser.get(PAGE).expect(200).says("No recordings").says("Which calls are recorded");
    page.says("value=\"off\" selected").says("name=\"retention_days\" value=\"30\"");
    let form = |days| [("mode", "always"), ("retention_days", days), ("notice", "tone")];
    for wrong in ["0", "3651", "soon"] {
        let page = browser.send("/app/recordings/policy", &form(wrong)).expect(400);
        page.says("role=\"alert\"").says(&format!("value=\"{wrong}\"")).says("value=\"always\" selected");
    }
    let page = browser.follow(browser.send("/app/recordings/policy", &form("14")));
    page.says("Saved.")
        .says("value=\"always\" selected")
        .says("value=\"14\"")
        .says("value=\"tone\" selected");
    let late = [("seen", "0"), ("mode", "off"), ("retention_days", "14"), ("notice", "none")];
    browser.send("/app/recordings/policy", &late).expect(412).says("changed this");
    browser.get(&format!("{PAGE}?state=ready")).expect(200).says("No recordings in this state");
}

#[test]
fn a_live_call_is_recorded_by_its_buttons_listened_to_on_its_page_and_deleted_from_the_list() {
    let browser = tenant("Portal Recorder");
    let number = buy(&browser, "US", "geographic");
    let path = format!("/app/numbers/{number}");
    browser.get(&path).expect(200);
    browser.send(&path, &[("to", "forward"), ("forward", "+12065550112")]).leads_to(&path);
    browser.get("/app/calls").expect(200);
    let placed = browser.send("/app/calls/sandbox", &[("from", "+12065550100"), ("to", &number)]).expect(303);
    let call = placed.location.clone();
    let wait = |words: &str| {
        let end = Instant::now() + PATIENCE;
        loop {
            let page = browser.get(&call).expect(200);
            if page.text.contains(words) {
                return page;
            }
            assert!(Instant::now() < end, "{words:?} does not come:\n{}", page.text);
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    wait(">flowing<")
        .says("recording is <a href=\"/app/recordings#policy\">off</a>")
        .says_not("Record from now on");
    browser.get(PAGE).expect(200);
    let form = [("mode", "onDemand"), ("retention_days", "30"), ("notice", "tone")];
    browser.follow(browser.send("/app/recordings/policy", &form)).says("Saved.");
    browser.get(&call).expect(200).says("Record from now on");
    let page = browser.follow(browser.send(&format!("{call}/recordings"), &[]));
    let page = page.says("is recorded from now on").says(">recording<").says_not("Record from now on");
    let page = page.says_not("<audio");
    let order = page.between("action=\"/app/recordings/", "/pause");
    let order = |verb: &str| browser.follow(browser.send(&format!("/app/recordings/{order}/{verb}"), &[]));
    order("pause").says(">paused<").says("Go on");
    order("resume").says(">recording<").says("Pause");
    std::thread::sleep(Duration::from_millis(700));
    let page = order("stop").says("The call goes on.").says(">ready<").says("<audio controls");
    let page = page.says("Both sides heard a tone").says("Record from now on");
    let audio = page.between("preload=\"none\" src=\"", "\"").replace("&amp;", "&");
    let heard = browser.get(&audio).expect(200);
    assert_eq!((heard.header("content-type"), heard.header("accept-ranges")), ("audio/wav", "bytes"));
    let kept = browser.get(&format!("{audio}&download=1")).expect(200);
    assert!(kept.header("content-disposition").contains(".wav"), "{}", kept.header("content-disposition"));
    browser.send(&format!("{call}/end"), &[]).leads_to(&call);
    let list = browser.get(PAGE).expect(200).says(">ready<").says("Download").says("kB");
    let id = list.between("action=\"/app/recordings/", "/delete");
    tenant("Portal Listener").get(&audio).expect(404);
    let page = browser.follow(browser.send(&format!("/app/recordings/{id}/delete"), &[]));
    page.says("The recording is deleted.").says("No recordings");
    browser.get(&audio).expect(404);
}
