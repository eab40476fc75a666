//! The pages as people meet them: the true binary, a browser that keeps cookies and sends forms, and Chromium for how
//! they look and whether they run.

mod access;
mod announcements;
mod audio;
mod browser;
mod calls;
mod doors;
mod identities;
mod money;
mod numbers;
mod operator;
mod platform;
mod porting;
mod prices;
mod recordings;
mod rehearsals;
mod routes;
mod safety;
mod screens;
mod signup;
mod trunks;
mod users;
mod webhooks;

use browser::Browser;
use std::{net::Ipv4Addr, sync::LazyLock};
use testkit::server::{OPERATOR_EMAIL, OPERATOR_PASSWORD, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_dialtone");

/// One server for all that only needs some tenant; each test signs up a tenant of its own.
static SHARED: LazyLock<Server> = LazyLock::new(|| Server::start(BINARY, Ipv4Addr::new(127, 21, 1, 1)));

/// Somebody who opens the pages for the first time.
fn stranger() -> Browser {
    Browser::new(SHARED.http())
}

/// A tenant's owner, signed up through the form and past the welcome page.
fn tenant(organization: &str) -> Browser {
    let browser = stranger();
    browser.get("/signup").expect(200);
    let email = format!("{}@portal.test", organization.to_lowercase().replace(' ', "-"));
    let fields = [("organization", organization), ("email", &email), ("password", browser::PASSWORD)];
    browser.send("/signup", &fields).leads_to("/welcome");
    browser
}

/// The operator, signed in through the form.
fn operator() -> Browser {
    let browser = stranger();
    browser.get("/signin").expect(200);
    let form = [("email", OPERATOR_EMAIL), ("password", OPERATOR_PASSWORD), ("next", "")];
    browser.send("/signin", &form).leads_to("/operator");
    browser
}

/// Buys a number by the forms, and returns it.
fn buy(browser: &Browser, country: &str, kind: &str) -> String {
    browser.get("/app/numbers/search").expect(200);
    let form = [("country", country), ("kind", kind), ("area_code", ""), ("quantity", "1")];
    let found = browser.follow(browser.send("/app/numbers/search", &form));
    let search = found.value_of("search");
    let bought = browser.send("/app/numbers/buy", &[("search", &search)]).expect(303);
    let number = bought.location.strip_prefix("/app/numbers/").expect("the page of the number").to_owned();
    assert!(number.starts_with('+'), "{number}");
    number
}
