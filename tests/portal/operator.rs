//! The operator's page, and the one-time set-up of the first operator.

use crate::{
    BINARY, SHARED,
    browser::{Browser, PASSWORD},
    stranger, tenant,
};
use std::net::Ipv4Addr;
use testkit::server::{OPERATOR_EMAIL, OPERATOR_PASSWORD, Options, Server};

#[test]
fn the_operator_sees_tenants_carriers_and_that_the_money_adds_up() {
    tenant("Portal Listed");
    let browser = stranger();
    browser.get("/signin").expect(200);
    let form = [("email", OPERATOR_EMAIL), ("password", OPERATOR_PASSWORD), ("next", "")];
    let page = browser.follow(browser.send("/signin", &form));
    let page = page.says("<h1>Platform</h1>").says("Money drift: none.").says("simulated").says("Live calls");
    assert!(page.text.contains("Portal Listed") || page.text.contains("/operator?skip="), "{}", page.text);
    browser.get("/operator/setup?token=").expect(404);
    assert!(!SHARED.output().contains("/operator/setup"), "an operator is there already");
}

#[test]
fn the_first_operator_is_set_up_once_by_the_printed_link() {
    let options = Options {
        binary: BINARY.into(),
        address: Ipv4Addr::new(127, 21, 1, 3),
        settings: vec![
            ("DIALTONE_OPERATOR__EMAIL".into(), String::new()),
            ("DIALTONE_OPERATOR__PASSWORD".into(), String::new()),
        ],
    };
    let server = Server::start_with(options);
    let output = server.output();
    let link =
        output.split_once("/operator/setup?token=").map(|(_, rest)| rest).expect("the box names the link");
    let token: String = link.chars().take_while(char::is_ascii_hexdigit).collect();
    assert!(token.len() >= 32, "{output}");
    let browser = Browser::new(server.http());
    let path = format!("/operator/setup?token={token}");
    browser.get("/operator/setup?token=0123456789abcdef0123456789abcdef").expect(404);
    browser.get("/operator/setup").expect(404);
    browser.get(&path).expect(200).says("Make the first operator");
    let short = [("token", token.as_str()), ("email", "first@platform.test"), ("password", "short")];
    browser.send("/operator/setup", &short).expect(400).says("first@platform.test").says("role=\"alert\"");
    let forged = [("token", "0123"), ("email", "first@platform.test"), ("password", OPERATOR_PASSWORD)];
    browser.send("/operator/setup", &forged).expect(404);
    let right =
        [("token", token.as_str()), ("email", "first@platform.test"), ("password", OPERATOR_PASSWORD)];
    browser.send("/operator/setup", &right).leads_to("/operator");
    browser.get("/operator").expect(200).says("first@platform.test").says("Nobody has signed up yet.");
    Browser::new(server.http()).get(&path).expect(404);
    browser.send("/operator/setup", &right).expect(404);
}

#[test]
fn without_a_mail_server_the_operator_hands_on_the_link_that_verifies_a_newcomer() {
    let options = Options {
        binary: BINARY.into(),
        address: Ipv4Addr::new(127, 21, 1, 4),
        settings: vec![("DIALTONE_SANDBOX".into(), "off".into())],
    };
    let server = Server::start_with(options);
    let newcomer = Browser::new(server.http());
    newcomer.get("/signup").expect(200);
    let fields = [("organization", "Waiting"), ("email", "owner@waiting.test"), ("password", PASSWORD)];
    newcomer.send("/signup", &fields).expect(303);

    let operator = Browser::new(server.http());
    operator.get("/signin").expect(200);
    let form = [("email", OPERATOR_EMAIL), ("password", OPERATOR_PASSWORD), ("next", "")];
    let page = operator.follow(operator.send("/signin", &form));
    page.says("href=\"/operator/outbox\"").says("unverified");
    let page = operator.get("/operator/outbox").expect(200).says("No mail server is set.");
    let page = page.says("owner@waiting.test").says("Your Dialtone sign-up").says("<pre");
    assert!(!page.text.contains(PASSWORD) && !page.text.contains("accesskey"), "{}", page.text);
    operator.get("/operator/outbox?kind=mail").expect(200).says("owner@waiting.test");
    let link = format!("/verify?token={}", page.between("/verify?token=", "\n"));

    newcomer.get("/operator/outbox").expect(404);
    let browser = Browser::new(server.http());
    let token = browser.get(&link).expect(200).says("Is this address yours?").value_of("token");
    let page = browser.follow(browser.send("/verify", &[("token", &token)]));
    page.says("the account is switched on");
    let form = [("email", "owner@waiting.test"), ("password", PASSWORD), ("next", "")];
    browser.follow(browser.send("/signin", &form)).says("Waiting").says_not("Open the link that was mailed");
    operator.get("/operator").expect(200).says_not("unverified").says("active");
}
