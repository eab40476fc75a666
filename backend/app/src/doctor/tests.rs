//! What findings mean, and how a request looks from a trunk.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{calls, listen::explain, network, report::FindingState};
use domain::config::{Transport, Trunk};
use edge::PeerCertificate;
use edge::seam::{Approach, Hop, Identity, Originated, Party, PartyKind};
use sandbox::tester::{Outcome, Talked};
use std::time::{Duration, SystemTime};

const FQDN: &str = "sbc.acme.example";
const DOMAIN: &str = "acme.voice.example";

fn trunk(transport: Transport, addresses: &[&str]) -> Trunk {
    let limits = serde_json::json!({ "callsPerSecond": 10, "maxCalls": 10 });
    serde_json::from_value(serde_json::json!({
        "id": uuid::Uuid::from_u128(7), "fqdn": FQDN, "port": 5060, "enabled": true, "transport": transport,
        "addresses": addresses, "srtp": "off", "codecs": [], "limits": limits,
    }))
    .unwrap()
}

fn approach<'a>(
    source: &str,
    contact: Option<&'a str>,
    certificate: Option<&'a PeerCertificate>,
) -> Approach<'a> {
    Approach {
        source: Hop { address: source.parse().unwrap(), transport: sip::Transport::Tls },
        method: "INVITE",
        request_user: "+12025550123",
        request_host: "voice.example",
        from_host: "voice.example",
        from_user: "+12025550100",
        to_host: "voice.example",
        contact_host: contact,
        certificate,
    }
}

fn outcome(status: u16) -> Outcome {
    Outcome {
        status,
        reason: None,
        answered_after: Duration::from_millis(40),
        codec: Some("PCMU".to_owned()),
        talk: None,
        is_cut_off: false,
    }
}

fn talked(returned: u32, heard: u64) -> Talked {
    Talked {
        sent: 50,
        returned,
        heard,
        is_key_returned: true,
        has_events: true,
        hold: Some(200),
        resume: Some(200),
    }
}

#[test]
fn a_refused_test_call_says_what_to_change_on_the_sbc() {
    assert_eq!(calls::invited("+1", &outcome(200)).state, FindingState::Passed);
    let forbidden = calls::invited("+1", &outcome(403));
    assert_eq!(forbidden.state, FindingState::Failed);
    assert!(forbidden.remedy.unwrap().contains("allow this platform's addresses"));
    assert!(calls::invited("+1", &outcome(488)).remedy.unwrap().contains("PCMU"));
    assert!(calls::invited("+1", &outcome(407)).remedy.unwrap().contains("password"));
}

#[test]
fn audio_is_judged_by_what_came_back_and_by_what_else_was_heard() {
    assert_eq!(calls::audio(&talked(50, 60), false).state, FindingState::Passed);
    assert_eq!(calls::audio(&talked(49, 60), false).state, FindingState::Warning);
    assert_eq!(calls::audio(&talked(0, 0), false).state, FindingState::Failed);
    let no_echo = calls::audio(&talked(0, 200), false);
    assert_eq!(no_echo.state, FindingState::Warning);
    assert!(no_echo.remedy.unwrap().contains("a number that echoes"));
    assert!(calls::audio(&talked(0, 0), true).said.contains("hung up first"));
}

#[test]
fn keys_and_hold_are_told_apart_from_what_was_not_agreed_on() {
    assert_eq!(calls::dtmf(&talked(50, 60)).state, FindingState::Passed);
    let none = Talked { has_events: false, is_key_returned: false, ..talked(50, 60) };
    assert_eq!(calls::dtmf(&none).state, FindingState::Failed);
    assert_eq!(calls::hold(&talked(50, 60)).state, FindingState::Passed);
    let stuck = Talked { resume: Some(488), ..talked(50, 60) };
    assert!(calls::hold(&stuck).said.contains("resume was refused with 488"));
    let silent = Talked { hold: None, resume: None, ..talked(50, 60) };
    assert!(calls::hold(&silent).said.contains("got no answer"));
}

#[test]
fn a_codec_alone_is_taken_refused_as_it_should_be_or_answered_with_another() {
    assert_eq!(calls::one_codec("PCMU", &outcome(200)).state, FindingState::Passed);
    assert_eq!(calls::one_codec("G722", &outcome(200)).state, FindingState::Failed);
    assert_eq!(calls::one_codec("opus", &outcome(488)).state, FindingState::Skipped);
    assert_eq!(calls::one_codec("opus", &outcome(500)).state, FindingState::Warning);
}

#[test]
fn any_answer_to_options_shows_that_somebody_is_there_and_silence_that_nobody_is() {
    let at = "192.0.2.1:5060".parse().unwrap();
    let answer = |status, is_answered| Originated {
        status,
        is_answered,
        reason: String::new(),
        headers: vec![("Allow".to_owned(), "INVITE, REFER".to_owned())],
        cseq: 1,
        took: Duration::from_millis(3),
    };
    let fine = network::judged(at, &answer(200, true));
    assert!(fine.state == FindingState::Passed && fine.said.contains("INVITE, REFER"));
    assert_eq!(network::judged(at, &answer(404, true)).state, FindingState::Warning);
    assert_eq!(network::judged(at, &answer(403, true)).state, FindingState::Failed);
    assert_eq!(network::judged(at, &answer(408, false)).state, FindingState::Failed);
}

#[test]
fn a_stranger_from_another_address_is_told_which_address_to_add() {
    let trunk = trunk(Transport::Udp, &["192.0.2.1"]);
    let call = approach("192.0.2.9:5060", Some(FQDN), None);
    let heard = explain(&trunk, DOMAIN, &call, &Identity::Stranger, chrono::DateTime::UNIX_EPOCH);
    assert_eq!(heard.outcome, "stranger");
    assert_eq!(heard.remedy.as_deref(), Some("add 192.0.2.9 to the trunk's addresses"));
    assert!(heard.rules.iter().all(|rule| !rule.fits), "{:?}", heard.rules);
}

#[test]
fn a_recognised_request_shows_the_rule_that_fits_and_no_remedy() {
    let trunk = trunk(Transport::Udp, &["192.0.2.1"]);
    let call = approach("192.0.2.1:5060", None, None);
    let party = Party { kind: PartyKind::Trunk, tenant: Some(1), id: 7, name: FQDN.into() };
    let known = Identity::Known(party);
    let heard = explain(&trunk, DOMAIN, &call, &known, chrono::DateTime::UNIX_EPOCH);
    assert_eq!((heard.outcome, heard.remedy), ("trunk", None));
    let fits: Vec<_> = heard.rules.iter().filter(|rule| rule.fits).map(|rule| rule.rule).collect();
    assert_eq!(fits, ["addressAndPort", "address"]);
}

#[test]
fn the_certificate_rule_says_what_contact_and_certificate_disagree_on() {
    let trunk = trunk(Transport::Tls, &[]);
    let far = SystemTime::now() + Duration::from_secs(86_400 * 90);
    let other = PeerCertificate::believed(["other.example"], far);
    let at = chrono::DateTime::UNIX_EPOCH;
    let heard = explain(
        &trunk,
        DOMAIN,
        &approach("192.0.2.9:5061", Some(FQDN), Some(&other)),
        &Identity::Stranger,
        at,
    );
    assert!(heard.rules[0].said.contains("does not cover"), "{}", heard.rules[0].said);
    let ours = PeerCertificate::believed([FQDN], far);
    let heard = explain(
        &trunk,
        DOMAIN,
        &approach("192.0.2.9:5061", Some("192.0.2.9"), Some(&ours)),
        &Identity::Stranger,
        at,
    );
    assert!(heard.rules[0].said.contains("Contact says 192.0.2.9"));
    let heard =
        explain(&trunk, DOMAIN, &approach("192.0.2.9:5061", Some(FQDN), None), &Identity::Stranger, at);
    assert!(heard.remedy.unwrap().contains("show its certificate"));
}
