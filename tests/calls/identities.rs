//! Users of tenants' apps register and call with their tokens (RFC 8898).

use crate::{ECHO, Tenant, server};
use serde_json::{Value, json};
use std::{net::UdpSocket, time::Duration};

/// A phone that speaks by hand: it shows a token where others answer a challenge.
struct Bearer {
    socket: UdpSocket,
    at: String,
    user: String,
    domain: String,
    token: String,
}

impl Bearer {
    fn new(tenant: &Tenant, at: &str, scopes: &[&str]) -> (Self, String) {
        let order = json!({"createTokenWithScopes": scopes});
        let made = tenant.api.post("/identities?api-version=2023-10-01", &order).expect(201).body;
        let token = made["accessToken"]["token"].as_str().expect("a token").to_owned();
        let me = tenant.api.with_token(&token).get("/api/v1/me").expect(200).body;
        let uri = me["sip"]["uri"].as_str().expect("an address of record");
        let (user, domain) = uri.trim_start_matches("sip:").split_once('@').expect("user and domain");
        let socket = UdpSocket::bind(format!("{at}:5060")).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(8))).expect("a timeout");
        let id = made["identity"]["id"].as_str().expect("an id").to_owned();
        let (at, user, domain) = (at.to_owned(), user.to_owned(), domain.to_owned());
        (Self { socket, at, user, domain, token }, id)
    }

    fn send(&self, method: &str, to: &str, from: &str) {
        let Self { at, domain, token, user, .. } = self;
        let message = format!(
            "{method} sip:{to}{domain} SIP/2.0\r\nVia: SIP/2.0/UDP {at}:5060;branch=z9hG4bK-{method}-{user};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{from}@{domain}>;tag=1\r\nTo: <sip:{}@{domain}>\r\nCall-ID: {method}-{user}\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:{user}@{at}:5060>\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n",
            if to.is_empty() { user } else { to.trim_end_matches('@') },
        );
        self.socket.send_to(message.as_bytes(), server().sip()).expect("it is sent");
    }

    /// The next message that is no 100.
    fn next(&self) -> Option<String> {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).ok()?;
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if !text.starts_with("SIP/2.0 100") {
                return Some(text);
            }
        }
    }

    fn register(&self) -> String {
        self.send("REGISTER", "", &self.user);
        self.next().expect("an answer")
    }
}

#[test]
fn a_user_of_an_app_registers_with_its_token_and_is_rung_on_the_number_that_is_bound_to_it() {
    let tenant = Tenant::new("Bearer Rung");
    let (phone, id) = Bearer::new(&tenant, "127.22.57.1", &["voip"]);
    let answer = phone.register();
    assert!(answer.starts_with("SIP/2.0 200") && answer.contains("expires="), "{answer}");
    tenant.bind("user", &id);
    let call = json!({"from": ECHO, "to": tenant.number});
    let _ = tenant.api.post("/api/v1/sandbox/calls", &call).expect(201);
    let invite = phone.next().expect("it rings");
    assert!(invite.starts_with(&format!("INVITE sip:{}@127.22.57.1", phone.user)), "{invite}");
}

#[test]
fn a_user_of_an_app_calls_with_its_token_and_pays_by_its_tenant() {
    let tenant = Tenant::new("Bearer Calls");
    let (phone, _) = Bearer::new(&tenant, "127.22.57.2", &["voip"]);
    phone.send("INVITE", &format!("{ECHO}@"), &tenant.number);
    let answer = phone.next().expect("an answer");
    assert!(answer.starts_with("SIP/2.0 18") || answer.starts_with("SIP/2.0 200"), "{answer}");
    let is_there = |body: &Value| body["value"].as_array().is_some_and(|calls| calls.len() == 1);
    let calls = tenant.api.wait("/api/v1/calls", crate::PATIENCE, is_there);
    assert_eq!((&calls["value"][0]["from"], &calls["value"][0]["to"]), (&json!(tenant.number), &json!(ECHO)));
    let id = calls["value"][0]["id"].as_str().expect("an id").to_owned();
    let _ = tenant.api.delete(&format!("/api/v1/calls/{id}"));
}

#[test]
fn tokens_that_were_revoked_or_are_for_less_get_less() {
    let tenant = Tenant::new("Bearer Less");
    let (joins, _) = Bearer::new(&tenant, "127.22.57.3", &["voip.join"]);
    assert!(joins.register().starts_with("SIP/2.0 200"));
    joins.send("INVITE", &format!("{ECHO}@"), &tenant.number);
    assert!(joins.next().expect("an answer").starts_with("SIP/2.0 403"));
    let (chats, _) = Bearer::new(&tenant, "127.22.57.4", &["chat"]);
    assert!(chats.register().starts_with("SIP/2.0 401"));
    let (revoked, id) = Bearer::new(&tenant, "127.22.57.5", &["voip"]);
    let path = format!("/identities/{}/:revokeAccessTokens?api-version=2023-10-01", id.replace(':', "%3A"));
    assert_eq!(tenant.api.send("POST", &path, None).status, 204);
    let answer = revoked.register();
    assert!(answer.starts_with("SIP/2.0 401") && answer.contains("invalid_token"), "{answer}");
}
