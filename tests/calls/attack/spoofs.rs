//! BYE and CANCEL of those who know some of a call, or all of it, and are not where it is.

use super::{
    attacked,
    tools::{Raw, Sbc, gauge},
};
use crate::{PATIENCE, Tenant};
use serde_json::json;
use sip::{
    Transport,
    transaction::{Peer, reply},
    wire::{HeaderName, Message, Writer},
};
use std::{net::Ipv4Addr, time::Duration};

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.29.8.2\r\ns=-\r\nc=IN IP4 127.29.8.2\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";

/// The answer of a hand-written SBC, with its tag.
pub(crate) fn answer(sbc: &Sbc, request: &Message, status: u16) -> Writer {
    let edge = Peer::new(sbc.raw.edge, Transport::Udp);
    reply(request, &edge, status, "", "victim").header("Contact", format!("<sip:sbc@{}>", sbc.raw.addr()))
}

fn head(message: &Message, name: HeaderName) -> String {
    message.header(name).expect("a header").to_owned()
}

#[test]
fn a_call_survives_bye_and_cancel_of_those_who_are_not_in_it() {
    let server = attacked(Ipv4Addr::new(127, 29, 7, 1));
    let tenant = Tenant::on(&server, "Spoofed");
    let sbc = Sbc::of(&tenant, "sbc.spoofed.test", "127.29.8.2");
    tenant.bind("trunk", &sbc.fqdn);
    let called = json!({"from": "+12065550111", "to": tenant.number});
    let _ = tenant.api.post("/api/v1/sandbox/calls", &called).expect(201);
    let invite = sbc.raw.wait(PATIENCE, |message| message.method().as_str() == "INVITE").expect("an INVITE");
    let spoofer = Raw::at("127.29.8.66", server.sip());

    // The edge's own branch, from elsewhere and towards the edge: it is no transaction of a caller.
    let branch = invite.top_via().expect("a Via").branch.expect("a branch").to_owned();
    let cancel = spoofed(&spoofer, &invite, "CANCEL", ("", "victim"), &branch);
    assert_eq!(spoofer.ask(&cancel).and_then(|answer| answer.status()), Some(481));
    sbc.raw.send(answer(&sbc, &invite, 200).body(Some("application/sdp"), SDP.as_bytes()).finish());
    assert!(sbc.raw.wait(PATIENCE, |message| message.method().as_str() == "ACK").is_some());

    // The right Call-ID with wrong tags: 481. The right tags from elsewhere: silence, and a figure.
    let wrong = spoofed(&spoofer, &invite, "BYE", ("0000", "victim"), "z9hG4bKx1");
    assert_eq!(spoofer.ask(&wrong).and_then(|answer| answer.status()), Some(481));
    for (n, method) in ["BYE", "INVITE", "UPDATE", "REFER"].iter().enumerate() {
        let right = spoofed(&spoofer, &invite, method, ("", "victim"), &format!("z9hG4bKy{n}"));
        assert!(spoofer.ask(&right).is_none(), "{method} with the right tags from elsewhere");
    }
    assert_eq!(gauge(&server, "dialtone_sip_spoofed_total"), 4);
    assert_eq!(gauge(&server, "dialtone_calls_live"), 1, "the call is up");
    let to_sbc = sbc.raw.wait(Duration::from_millis(500), |message| message.method().as_str() == "BYE");
    assert!(to_sbc.is_none(), "nobody hung up");

    // The same words from where the call is end it.
    let bye = spoofed(&sbc.raw, &invite, "BYE", ("", "victim"), "z9hG4bKz");
    assert_eq!(sbc.raw.ask(&bye).and_then(|answer| answer.status()), Some(200));
    assert_eq!(tenant.record(&tenant.number)["outcome"]["cause"], "normal-clearing");
}

/// A request in the dialog of an INVITE that the edge sent, as its callee would write it. An empty tag is the edge's own.
fn spoofed(raw: &Raw, invite: &Message, method: &str, (ours, theirs): (&str, &str), branch: &str) -> String {
    let edge_end = head(invite, HeaderName::From);
    let edge_end = match (ours, edge_end.split_once(";tag=")) {
        ("", _) | (_, None) => edge_end,
        (tag, Some((address, _))) => format!("{address};tag={tag}"),
    };
    let own_end = format!("{};tag={theirs}", head(invite, HeaderName::To));
    let target = head(invite, HeaderName::Contact);
    let target = target.trim_start_matches('<').split('>').next().unwrap_or_default();
    format!(
        "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {};rport;branch={branch}\r\nMax-Forwards: 70\r\n\
         From: {own_end}\r\nTo: {edge_end}\r\nCall-ID: {}\r\nCSeq: 77 {method}\r\nContact: <sip:x@{}>\r\n\
         Refer-To: <sip:+12065550100@127.29.7.1>\r\nContent-Length: 0\r\n\r\n",
        raw.addr(),
        head(invite, HeaderName::CallId),
        raw.addr()
    )
}
