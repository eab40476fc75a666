//! Limits of trunks and of a day's spending, from the doors.

use crate::{Tenant, attack::tools::Sbc, dial, server};
use serde_json::json;
use sip::{
    Transport,
    transaction::{Peer, reply},
    wire::{HeaderName, Message},
};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

fn is_invite(message: &Message) -> bool {
    message.is_request() && message.method().as_str() == "INVITE"
}

fn limit(tenant: &Tenant, fqdn: &str, calls: u32) {
    let limits = json!({"limits": {"maxCalls": calls, "callsPerSecond": 50}});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &limits).expect(200);
}

fn decline(sbc: &Sbc, invite: &Message) {
    let edge = Peer::new(sbc.raw.edge, Transport::Udp);
    sbc.raw.send(reply(invite, &edge, 603, "", "callee").finish());
}

#[test]
fn a_full_trunk_is_passed_over_and_is_called_again_when_it_has_room() {
    let mut tenant = Tenant::new("Full Trunk");
    let (phone, account) = tenant.phone("anna", "127.22.41.1");
    let (small, large) = (
        Sbc::of(&tenant, "small.full.test", "127.22.41.2"),
        Sbc::of(&tenant, "large.full.test", "127.22.41.3"),
    );
    limit(&tenant, &small.fqdn, 1);
    let routes =
        json!({"routes": [{"name": "all", "numberPattern": ".*", "trunks": [small.fqdn, large.fqdn]}]});
    let _ = tenant.api.patch("/sip?api-version=2023-03-01", &routes).expect(200);

    let first = phone.call(&dial(&account, &tenant.number, "+4684650041")).expect("a call");
    let first_invite = small.raw.wait(PATIENCE, is_invite).expect("the small trunk has room");
    let dry = json!({"from": tenant.number, "to": "+4684650042", "source": "app"});
    let dry = tenant.api.post("/api/v1/calls:simulate", &dry).expect(200).body;
    assert_eq!(dry["plan"][0]["name"], large.fqdn.as_str(), "a dry run sees it too: {dry}");
    let second = phone.call(&dial(&account, &tenant.number, "+4684650042")).expect("a call");
    let second_invite = large.raw.wait(PATIENCE, is_invite).expect("the full trunk is passed over");
    decline(&large, &second_invite);
    assert_eq!(second.wait_failed(PATIENCE).expect("declined").0, 603);

    decline(&small, &first_invite);
    assert_eq!(first.wait_failed(PATIENCE).expect("declined").0, 603);
    let third = phone.call(&dial(&account, &tenant.number, "+4684650043")).expect("a call");
    let third_invite =
        small.raw.wait(PATIENCE, |message| is_invite(message) && message.call_id() != first_invite.call_id());
    decline(&small, &third_invite.expect("it has room again"));
    assert_eq!(third.wait_failed(PATIENCE).expect("declined").0, 603);
}

#[test]
fn a_trunk_that_calls_more_than_it_may_is_told_when_to_come_back() {
    let tenant = Tenant::new("Calling Trunk");
    let sbc = Sbc::of(&tenant, "sbc.calling.test", "127.22.42.2");
    limit(&tenant, &sbc.fqdn, 1);
    // This number rings until it is cancelled.
    let uri = format!("sip:+12065550170@{}", server().sip().ip());
    let invite = || {
        let from = format!("<sip:{}@{}>;tag=", tenant.number, sbc.fqdn);
        sbc.raw.request("INVITE", &uri, "").replace("<sip:x@127.22.42.2>;tag=", &from)
    };
    let first = invite();
    sbc.raw.send(&first);
    assert!(sbc.raw.wait(PATIENCE, |message| message.status() == Some(180)).is_some(), "it rings");

    sbc.raw.send(invite());
    let refused = sbc.raw.wait(PATIENCE, |message| message.status().is_some_and(|status| status >= 200));
    let refused = refused.expect("an answer");
    assert_eq!(refused.status(), Some(503));
    assert!(refused.header(HeaderName::RetryAfter).is_some());
    assert!(refused.header(HeaderName::Reason).is_some_and(|reason| reason.contains("call-limit")));

    sbc.raw.send(first.replace("INVITE", "CANCEL"));
    assert!(sbc.raw.wait(PATIENCE, |message| message.status() == Some(487)).is_some(), "it is given up");
    sbc.raw.send(invite());
    assert!(sbc.raw.wait(PATIENCE, |message| message.status() == Some(180)).is_some(), "there is room again");
}
