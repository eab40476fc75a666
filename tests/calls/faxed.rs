//! Fax in place of audio: T.38 over UDPTL passes unread, both ways, and is refused by name where media must be encrypted.

use crate::{
    PATIENCE, Tenant,
    ends::{End, neighbour, speak, talk},
};
use media::codec::Coding;
use serde_json::json;
use std::time::{Duration, Instant};

/// A UDPTL packet (ITU-T T.38 §9.1): its number, an indicator as the primary packet, no secondary ones.
fn udptl(number: u16, indicator: u8) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    vec![high, low, 0x01, indicator << 1, 0x00, 0x00]
}

#[test]
fn a_call_becomes_a_fax_and_its_packets_get_through_both_ways_from_their_sources_alone() {
    let tenant = Tenant::new("Faxed");
    let mut a = End::new(&tenant, "sbc.fax-a.test", "127.22.72.1", Coding::Pcma, &json!({}));
    let mut b = End::new(&tenant, "sbc.fax-b.test", "127.22.72.2", Coding::Pcma, &json!({}));
    talk(&tenant, &mut a, &mut b, "+4684652001");
    speak(&mut a, &mut b, Duration::from_millis(200), |a, b| !a.heard.is_empty() && !b.heard.is_empty());
    // Whoever answers a fax asks for it (ITU-T T.38 Annex D).
    let fax = b.says_fax();
    let request = b.sends("INVITE", "application/sdp", &fax);
    let invite = a.is_called();
    let offered = String::from_utf8_lossy(&invite.body()).into_owned();
    for line in ["m=image ", " udptl t38", "a=T38MaxBitRate:14400", "a=T38FaxUdpEC:t38UDPRedundancy"] {
        assert!(offered.contains(line), "{line} in {offered}");
    }
    assert!(!offered.contains("127.22.72.2"), "the relay's own address: {offered}");
    let answer = a.says_fax();
    a.answers(&invite, &answer);
    assert_eq!(b.is_told(&request).0, 200);
    let (foreign, relay) = (neighbour(&a), a.relay().expect("it is in a call"));
    let (mut number, end) = (0, Instant::now() + PATIENCE);
    let sent =
        |end: &End, indicator: u8| end.others.iter().filter(|packet| packet[3] == indicator << 1).count();
    while sent(&a, 2) < 10 || sent(&b, 1) < 10 {
        assert!(Instant::now() < end, "{:?} and {:?}", a.others, b.others);
        a.throws(&udptl(number, 1));
        b.throws(&udptl(number, 2));
        foreign.socket.send_to(&udptl(number, 9), relay).expect("it is sent");
        number += 1;
        std::thread::sleep(Duration::from_millis(10));
        a.listens();
        b.listens();
    }
    let whole = |packet: &Vec<u8>| packet.len() == 6 && packet[2] == 1;
    assert!(a.others.iter().chain(&b.others).all(whole), "as they were sent");
    assert_eq!(sent(&b, 9), 0, "another source is not relayed");
    b.hangs_up();
    let record = tenant.record("+4684652001");
    assert_eq!(record["outcome"]["cause"], "normal-clearing", "{record}");
}

#[test]
fn fax_where_media_must_be_encrypted_is_refused_by_name_and_the_call_goes_on() {
    let tenant = Tenant::new("Faxed Secretly");
    let srtp = json!({"media": {"srtp": "required"}});
    let mut a = End::new(&tenant, "sbc.fax-plain.test", "127.22.72.3", Coding::Pcma, &json!({}));
    let mut b = End::new(&tenant, "sbc.fax-srtp.test", "127.22.72.4", Coding::Pcma, &srtp).encrypted();
    talk(&tenant, &mut a, &mut b, "+4684652002");
    for end in [&mut a, &mut b] {
        let fax = end.says_fax();
        let request = end.sends("INVITE", "application/sdp", &fax);
        let (status, warning) = end.is_told(&request);
        assert_eq!(status, 488, "{warning}");
        let says = ["fax over UDPTL", "media.srtp"];
        assert!(warning.starts_with("399 ") && says.iter().all(|word| warning.contains(word)), "{warning}");
    }
    let (before_a, before_b) = (a.heard.len(), b.heard.len());
    let more = |a: &End, b: &End| a.heard.len() > before_a + 800 && b.heard.len() > before_b + 800;
    speak(&mut a, &mut b, Duration::from_millis(200), more);
    a.hangs_up();
}
