//! Calls whose sides share no codec: each is answered with its own, and hears the other's tone at its frequency and level.

use crate::{
    BINARY, ECHO, Tenant,
    ends::{End, named, speak},
};
use media::{
    codec::Coding,
    tone::{level, share_at},
};
use serde_json::{Value, json};
use std::{net::Ipv4Addr, time::Duration};
use testkit::server::Server;

/// The tones of the caller and of the callee, Hz, and their amplitude.
const TONES: [f64; 2] = [1_004.0, 620.0];
const AMPLITUDE: i16 = 8_000;
/// How far the level may be off, decibels.
const DECIBELS: f64 = 2.5;

/// The trunk of a side that has one codec, in the clear or not.
fn only(coding: Coding, srtp: &str) -> Value {
    json!({"media": {"srtp": srtp}, "signaling": {"media": {"codecs": [coding.name()]}}})
}

fn assert_hears(end: &End, frequency: f64, what: &str) {
    let heard = &end.heard[end.heard.len() / 2..];
    let expected = f64::from(AMPLITUDE) / 2_f64.sqrt();
    let decibels = 20.0 * (level(heard) / expected).log10();
    let share = share_at(heard, frequency, 8_000);
    assert!(decibels.abs() < DECIBELS && share > 0.75, "{what}: {decibels:.1} dB, {share:.2} at {frequency}");
}

/// Two SBCs of a tenant with one codec each, the callee's encrypted or not: a call between them, both of which hum.
fn each_hears_the_other(tenant: &Tenant, place: u8, [ours, theirs]: [Coding; 2], is_encrypted: bool) {
    let what = format!("{} to {}", ours.name(), theirs.name());
    let address = |end: u8| format!("127.22.70.{}", place * 2 + end);
    let fqdn = |end: u8| format!("sbc{place}-{end}.transcoded.test");
    // The caller's trunk says nothing of codecs: it is the callee's that has a list.
    let mut a = End::new(tenant, &fqdn(0), &address(0), ours, &json!({}));
    let srtp = if is_encrypted { "required" } else { "off" };
    let mut b = End::new(tenant, &fqdn(1), &address(1), theirs, &only(theirs, srtp));
    if is_encrypted {
        b = b.encrypted();
    }
    let number = format!("+4684650{place:03}");
    tenant.route(&format!("^\\{number}$"), &fqdn(1));
    let request = a.invites(&tenant.number, &number);
    let invite = b.is_called();
    assert_eq!(named(&invite.body()), [theirs.name()], "the callee is offered what its trunk has");
    let answer = b.says();
    b.answers(&invite, &answer);
    assert_eq!(a.is_told(&request).0, 200);
    assert_eq!(a.answered, [ours.name()], "the caller is answered with what it offered");
    a.hums(TONES[0], AMPLITUDE, 10_000);
    b.hums(TONES[1], AMPLITUDE, 10_000);
    let enough = |end: &End| end.heard.len() >= 8_000;
    speak(&mut a, &mut b, Duration::from_millis(1_000), |a, b| enough(a) && enough(b));
    assert_hears(&a, TONES[1], &what);
    assert_hears(&b, TONES[0], &what);
    assert_eq!((&a.payloads[..], &b.payloads[..]), (&[ours.row().payload][..], &[theirs.row().payload][..]));
    a.hangs_up();
    let record = tenant.record(&number);
    let codec = |side: usize| record["legs"][side]["codec"].clone();
    assert_eq!([codec(0), codec(1)], [ours.name(), theirs.name()], "{record}");
    assert_eq!(record["legs"].to_string().matches("\"flowing\"").count(), 2, "{record}");
    assert_eq!(record["legs"][1]["encrypted"], is_encrypted, "{record}");
}

#[test]
fn sides_that_share_no_codec_hear_each_other_in_their_own() {
    let tenant = Tenant::new("Transcoded");
    each_hears_the_other(&tenant, 1, [Coding::Pcmu, Coding::G722], false);
    each_hears_the_other(&tenant, 2, [Coding::Pcma, Coding::G729], false);
}

#[test]
fn an_encrypted_side_in_another_codec_hears_and_is_heard() {
    let tenant = Tenant::new("Transcoded Secretly");
    each_hears_the_other(&tenant, 3, [Coding::Pcmu, Coding::Opus], true);
}

#[test]
fn codecs_that_may_not_be_used_are_named_with_those_that_may() {
    let tenant = Tenant::new("Codecs Refused");
    let mut sbc =
        End::new(&tenant, "sbc.unserved.test", "127.22.70.20", Coding::Pcma, &only(Coding::G722, "off"));
    let request = sbc.invites(&tenant.number, ECHO);
    let (status, warning) = sbc.is_told(&request);
    assert_eq!(status, 488);
    let says = ["PCMA", "use one of G722", "signaling.media.codecs"];
    assert!(warning.starts_with("399 ") && says.iter().all(|word| warning.contains(word)), "{warning}");
}

#[test]
fn the_platforms_codecs_hold_for_every_side() {
    let server = Server::start(BINARY, Ipv4Addr::new(127, 22, 75, 1));
    let settings = json!({"codecs": ["PCMA", "G729"]});
    let _ = server.operator().patch("/api/v1/operator/audio", &settings).expect(200);
    let tenant = Tenant::on(&server, "Platform Codecs");
    let mut other =
        End::new(&tenant, "sbc.other-codec.test", "127.22.75.2", Coding::Pcmu, &only(Coding::G722, "off"));
    let request = other.invites(&tenant.number, ECHO);
    let (status, warning) = other.is_told(&request);
    assert!(status == 488 && warning.contains("PCMU") && warning.contains("PCMA"), "{status} {warning}");
    // A list of which the platform has one codec, and a side without a list.
    let both = json!({"signaling": {"media": {"codecs": ["G722", "PCMA"]}}});
    let mut listed = End::new(&tenant, "sbc.listed-codec.test", "127.22.75.3", Coding::Pcma, &both);
    let mut free = End::new(&tenant, "sbc.free-codec.test", "127.22.75.4", Coding::G729, &json!({}));
    let mut caller = End::new(&tenant, "sbc.calling-codec.test", "127.22.75.5", Coding::Pcma, &json!({}));
    for (number, callee, offered) in
        [("+4684650091", &mut listed, &["PCMA"][..]), ("+4684650092", &mut free, &["PCMA", "G729"])]
    {
        tenant.route(&format!("^\\{number}$"), &callee.sbc.fqdn.clone());
        let request = caller.invites(&tenant.number, number);
        let invite = callee.is_called();
        assert_eq!(named(&invite.body()), offered);
        let answer = callee.says();
        callee.answers(&invite, &answer);
        assert_eq!(caller.is_told(&request).0, 200);
        assert_eq!(caller.answered, ["PCMA"]);
        caller.hangs_up();
    }
}
