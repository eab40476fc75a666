//! Webhooks by the forms, with a receiver on loopback.

use crate::{BINARY, browser::Browser};
use std::{net::Ipv4Addr, sync::LazyLock, time::Duration};
use testkit::{
    receiver::{Answer, Receiver},
    server::{OPERATOR_EMAIL, OPERATOR_PASSWORD, Options, Server},
};

const SOON: Duration = Duration::from_secs(20);
const HERE: Ipv4Addr = Ipv4Addr::new(127, 21, 41, 2);

static OPEN: LazyLock<Server> = LazyLock::new(|| {
    let settings = vec![("DIALTONE_WEBHOOKS__ALLOW_PRIVATE".to_owned(), "true".to_owned())];
    let address = Ipv4Addr::new(127, 21, 41, 1);
    Server::start_with(Options { binary: BINARY.into(), address, settings })
});

fn member(organization: &str) -> Browser {
    let browser = Browser::new(OPEN.http());
    browser.get("/signup").expect(200);
    let email = format!("{}@portal.test", organization.to_lowercase().replace(' ', "-"));
    let password = crate::browser::PASSWORD;
    let form = [("organization", organization), ("email", &email), ("password", password)];
    browser.send("/signup", &form).leads_to("/welcome");
    browser
}

fn fields<'a>(name: &'a str, url: &'a str) -> Vec<(&'a str, &'a str)> {
    let plain =
        [("schema", "EventGridSchema"), ("enabled", "on"), ("max_attempts", "30"), ("life_minutes", "1440")];
    [("name", name), ("url", url)].into_iter().chain(plain).collect()
}

/// Looks at a page until it says something.
fn until(browser: &Browser, path: &str, words: &str) -> crate::browser::Page {
    let end = std::time::Instant::now() + SOON;
    loop {
        let page = browser.get(path).expect(200);
        if page.text.contains(words) {
            return page;
        }
        assert!(std::time::Instant::now() < end, "{path} never says {words:?}:\n{}", page.text);
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_webhook_is_made_tried_looked_into_and_deleted() {
    let browser = member("Portal Hooks");
    let receiver = Receiver::start(HERE);
    browser.get("/app/webhooks").expect(200).says("No webhooks yet");
    let url = receiver.url();
    browser
        .send("/app/webhooks", &fields("a b", &url))
        .expect(400)
        .says("role=\"alert\"")
        .says("value=\"a b\"");
    let form = [&fields("main", &url)[..], &[("call.incoming", "on")]].concat();
    let page = browser.follow(browser.send("/app/webhooks", &form)).says("whsec_").says("shown this once");
    let path = page.between("action=\"", "/test\"");
    let path = path.rsplit('"').next().expect("a path").to_owned();
    browser.get(&path).expect(200).says_not("whsec_").says("active");
    receiver.behave(|_| Answer::Say(410, Vec::new(), "<b>gone</b>".to_owned()));
    let sample = [("kind", "Microsoft.Communication.IncomingCall")];
    browser.follow(browser.send(&format!("{path}/test"), &sample)).says("A sample is on its way");
    let log = until(&browser, &path, "dead letter");
    let delivery = format!("{path}/deliveries/{}", log.between(&format!("{path}/deliveries/"), "\""));
    let page = browser.get(&delivery).expect(200).says("410").says("(hidden)").says("&#60;b&#62;gone");
    let _ = page.says("12065550100");
    receiver.behave(|_| Answer::Well);
    browser.follow(browser.send(&format!("{delivery}/redeliver"), &[])).says("It is sent again");
    until(&browser, &delivery, "delivered");
    browser.get(&format!("{path}?state=dead")).expect(200).says("No deliveries here");
    let other = Receiver::start(HERE);
    other.behave(|_| Answer::status(500));
    let moved = browser.follow(browser.send(&path, &fields("main", &other.url())));
    let _ = moved.says("No events go there until").says("Ask it again");
    other.behave(|_| Answer::Well);
    browser.follow(browser.send(&format!("{path}/validate"), &[])).says("they go there now");
    browser.follow(browser.send(&format!("{path}/secret"), &[])).says("whsec_");
    browser.follow(browser.send(&format!("{path}/delete"), &[])).says("No webhooks yet");
    browser.get(&path).expect(404);
}

#[test]
fn a_mark_of_a_low_balance_is_kept_and_the_operator_sees_how_deliveries_do() {
    let browser = member("Portal Low");
    browser.get("/app/webhooks").expect(200);
    let save = |text: &str| browser.send("/app/webhooks/balance-alert", &[("threshold", text)]);
    browser.follow(save("2.50")).says("value=\"2.50\"");
    save("much").expect(400).says("role=\"alert\"").says("value=\"much\"");
    browser.follow(save("")).says_not("value=\"2.50\"");
    let receiver = Receiver::start(HERE);
    browser.send("/app/webhooks", &fields("seen", &receiver.url())).expect(303);
    let operator = Browser::new(OPEN.http());
    operator.get("/signin").expect(200);
    let form = [("email", OPERATOR_EMAIL), ("password", OPERATOR_PASSWORD), ("next", "")];
    operator.send("/signin", &form).leads_to("/operator");
    let page = operator.get("/operator/webhooks").expect(200).says("seen").says("portal-low");
    page.says(&format!("http://{}", receiver.address)).says_not("/events");
}
