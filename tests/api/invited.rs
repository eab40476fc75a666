//! Sign-up by invitation, closed sign-up, and the limits of how often somebody may ask: servers of their own.

use crate::BINARY;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use testkit::server::{Options, Server};

fn start(last: u8, settings: &[(&str, &str)]) -> Server {
    Server::start_with(Options {
        binary: BINARY.into(),
        address: Ipv4Addr::new(127, 20, 9, last),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    })
}

fn newcomer(name: &str, invitation: Option<&Value>) -> Value {
    json!({"organization": name, "email": format!("{name}@tenant.test"), "password": "a long enough password", "invitation": invitation})
}

#[test]
fn where_sign_up_is_by_invitation_each_link_lets_one_in() {
    let server = start(1, &[("DIALTONE_SIGNUP", "invite")]);
    let (anonymous, operator) = (server.anonymous(), server.operator());
    let refused = anonymous.post("/api/v1/signup", &newcomer("acme", None)).expect(403);
    assert!(refused.text.contains("by invitation"), "{}", refused.text);
    let order = json!({"email": "acme@tenant.test", "note": "trial", "days": 3});
    let made = operator.post("/api/v1/operator/invitations", &order).expect(201).body;
    let token = &made["token"];
    let link = made["link"].as_str().expect("a link");
    assert!(link.starts_with("http://127.20.9.1:8080/signup?invitation="), "{link}");
    let page = anonymous.get(link.strip_prefix("http://127.20.9.1:8080").expect("here"));
    assert!(page.expect(200).text.contains("You are invited with the address acme@tenant.test"));
    assert!(anonymous.get("/signup").expect(200).text.contains("by invitation"));
    let wrong = anonymous.post("/api/v1/signup", &newcomer("other", Some(token))).expect(400);
    assert_eq!(wrong.body["error"]["target"], "email");
    let _ = anonymous.post("/api/v1/signup", &newcomer("acme", Some(token))).expect(201);
    let used = anonymous.post("/api/v1/signup", &newcomer("acme2", Some(token))).expect(400);
    assert_eq!(used.body["error"]["target"], "invitation");
    let listed = operator.get("/api/v1/operator/invitations").expect(200);
    assert_eq!(listed.body["value"][0]["state"], "used");
    assert!(!listed.text.contains(token.as_str().expect("a token")), "the token is shown once");
    let open = operator.post("/api/v1/operator/invitations", &json!({})).expect(201).body;
    let id = open["id"].as_str().expect("an id");
    let _ = operator.delete(&format!("/api/v1/operator/invitations/{id}")).expect(204);
    let gone = anonymous.post("/api/v1/signup", &newcomer("third", Some(&open["token"])));
    assert_eq!(gone.expect(400).body["error"]["target"], "invitation");
}

#[test]
fn where_sign_up_is_closed_nobody_comes_in_and_the_operator_makes_tenants() {
    let server = start(2, &[("DIALTONE_SIGNUP", "closed")]);
    let (anonymous, operator) = (server.anonymous(), server.operator());
    let token = operator.post("/api/v1/operator/invitations", &json!({})).expect(201).body["token"].clone();
    for invitation in [None, Some(&token)] {
        let refused = anonymous.post("/api/v1/signup", &newcomer("acme", invitation)).expect(403);
        assert!(refused.text.contains("closed"), "{}", refused.text);
    }
    assert!(anonymous.get("/signup").expect(200).text.contains("Sign-up here is closed"));
    let body =
        json!({"organization": "acme", "email": "acme@tenant.test", "password": "a long enough password"});
    let _ = operator.post("/api/v1/operator/tenants", &body).expect(201);
}

#[test]
fn whoever_asks_too_often_is_told_when_to_come_again() {
    let settings = [
        ("DIALTONE_LIMITS__TENANT_REQUESTS_PER_SECOND", "3"),
        ("DIALTONE_LIMITS__KEY_REQUESTS_PER_SECOND", "2"),
        ("DIALTONE_LIMITS__SIGN_INS_PER_MINUTE", "4"),
    ];
    let server = start(3, &settings);
    let tenant = server.tenant("Limited");
    let first = tenant.get("/api/v1/tenant").expect(200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"tenant\";q=30;w=10, \"key\";q=20;w=10"));
    assert_eq!(first.header("ratelimit"), Some("\"tenant\";r=29;t=1, \"key\";r=19;t=1"));
    let refused = (0..60).map(|_| tenant.get("/api/v1/tenant")).find(|answer| answer.status == 429);
    let refused = refused.expect("the key's twenty are used up");
    assert_eq!(refused.body["error"]["code"], "TooManyRequests");
    assert!(refused.text.contains("this key or sign-in may make 20 in 10 s"), "{}", refused.text);
    let after: u32 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
    assert!((1..=10).contains(&after), "{after}");
    let other = server.tenant("Not Limited");
    let _ = other.get("/api/v1/tenant").expect(200);
    let knock = |from: &str| {
        let body = json!({"email": "nobody@tenant.test", "password": "not the password"});
        let headers = [("x-forwarded-for", from)];
        server.anonymous().send_with("POST", "/api/v1/tokens", Some(&body), &headers).status
    };
    let statuses: Vec<u16> = (0..6).map(|_| knock("198.51.100.7")).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 429, 429], "four sign-ins a minute from one address");
    assert_eq!(knock("198.51.100.8"), 401, "another address has its own");
    let guess = |key: &str| {
        let headers = [("x-forwarded-for", "198.51.100.9")];
        server.anonymous().with_token(key).send_with("GET", "/api/v1/tenant", None, &headers).status
    };
    let guesses: Vec<u16> = (0..6).map(|n| guess(&format!("dtk_00000000000{n}_guess"))).collect();
    assert_eq!(guesses, [401, 401, 401, 401, 429, 429], "guessing keys is a knock, too");
}
