//! The four rules of who is calling, in their order.

use super::world::{bare_tenant, bare_trunk, live};
use crate::{calls::identify, snapshot::Live};
use domain::{
    config::{Authentication, Transport, Trunk},
    ids::LeaseId,
    numbering::{Binding, NumberType, Owned},
    phone::E164,
};
use edge::seam::{Approach, Hop, Identity, PartyKind, PeerCertificate};
use std::time::{Duration, SystemTime};

const NUMBER: &str = "+12125550100";

fn approach<'a>(
    source: &str,
    method: &'a str,
    hosts: [&'a str; 3],
    contact: Option<&'a str>,
) -> Approach<'a> {
    Approach {
        source: Hop { address: source.parse().expect("an address"), transport: sip::Transport::Udp },
        method,
        request_user: "+46700000000",
        request_host: hosts[0],
        from_host: hosts[1],
        from_user: NUMBER,
        to_host: hosts[2],
        contact_host: contact,
        certificate: None,
    }
}

const ELSEWHERE: [&str; 3] = ["192.0.2.1", "192.0.2.1", "192.0.2.1"];

/// Two tenants whose trunks share an address; the second one owns the number.
fn shared_address() -> Live {
    let (mut first, mut second) = (bare_tenant(0), bare_tenant(1));
    first.trunks = vec![bare_trunk(1, "sbc.first.test", "127.0.0.7:5080")];
    second.trunks = vec![bare_trunk(2, "sbc.second.test", "127.0.0.7")];
    second.numbers = vec![Owned {
        lease: LeaseId(uuid::Uuid::from_u128(1)),
        tenant: second.id,
        number: E164::parse(NUMBER).expect("a number"),
        number_type: NumberType::Geographic,
        binding: Binding::None,
    }];
    live([first, second], Vec::new(), Vec::new())
}

fn name(identity: Identity) -> String {
    match identity {
        Identity::Known(party) => {
            assert_eq!(party.kind, PartyKind::Trunk);
            party.name.to_string()
        }
        Identity::Challenge { realm } => format!("challenge {realm}"),
        Identity::Refused(refusal) => format!("refused {}", refusal.status),
        Identity::Stranger => "stranger".to_owned(),
    }
}

fn who(live: &Live, source: &str, method: &str, hosts: [&str; 3], contact: Option<&str>) -> String {
    name(identify::identify(live, &approach(source, method, hosts, contact)))
}

#[test]
fn address_and_port_go_before_a_tenants_domain_and_that_before_the_address_alone() {
    let live = shared_address();
    let domain = ["t1.localhost", "192.0.2.1", "192.0.2.1"];
    assert_eq!(who(&live, "127.0.0.7:5080", "INVITE", domain, None), "sbc.first.test");
    assert_eq!(who(&live, "127.0.0.7:40000", "INVITE", domain, None), "challenge t1.localhost");
    let from = ["192.0.2.1", "T0.LOCALHOST", "192.0.2.1"];
    assert_eq!(who(&live, "127.0.0.99:5060", "INVITE", from, None), "challenge t0.localhost");
    assert_eq!(who(&live, "127.0.0.99:5060", "INVITE", ELSEWHERE, None), "stranger");
}

#[test]
fn of_several_at_an_address_the_name_in_contact_decides_then_the_owner_of_the_number() {
    let live = shared_address();
    let by_contact = who(&live, "127.0.0.7:40000", "INVITE", ELSEWHERE, Some("SBC.first.test"));
    assert_eq!(by_contact, "sbc.first.test");
    let from = ["192.0.2.1", "sbc.first.test", "192.0.2.1"];
    assert_eq!(who(&live, "127.0.0.7:40000", "INVITE", from, None), "sbc.first.test");
    assert_eq!(who(&live, "127.0.0.7:40000", "INVITE", ELSEWHERE, None), "sbc.second.test");
}

#[test]
fn several_that_nothing_tells_apart_are_nobody() {
    let (mut first, mut second) = (bare_tenant(0), bare_tenant(1));
    first.trunks = vec![bare_trunk(1, "sbc.first.test", "127.0.0.7")];
    second.trunks = vec![bare_trunk(2, "sbc.second.test", "127.0.0.7")];
    let live = live([first, second], Vec::new(), Vec::new());
    assert_eq!(who(&live, "127.0.0.7:5060", "INVITE", ELSEWHERE, None), "stranger");
}

#[test]
fn a_phone_registers_in_a_domain_and_an_address_has_no_users() {
    let live = shared_address();
    let domain = ["t0.localhost", "t0.localhost", "t0.localhost"];
    assert_eq!(who(&live, "127.0.0.7:5080", "REGISTER", domain, None), "challenge t0.localhost");
    assert_eq!(who(&live, "127.0.0.99:5060", "REGISTER", ELSEWHERE, None), "refused 404");
    let unknown = ["voip.example", "voip.example", "voip.example"];
    assert_eq!(who(&live, "127.0.0.99:5060", "REGISTER", unknown, None), "stranger");
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_the_same_address() {
    let live = shared_address();
    assert_eq!(who(&live, "[::ffff:127.0.0.7]:5080", "INVITE", ELSEWHERE, None), "sbc.first.test");
}

/// A tenant whose trunk is known by its certificate, and one whose trunk is known by a user's password.
fn certified() -> Live {
    let (mut first, mut second) = (bare_tenant(0), bare_tenant(1));
    let tls = Trunk { transport: Transport::Tls, ..bare_trunk(1, "sbc.first.test", "127.0.0.7:5061") };
    first.trunks = vec![tls];
    let authentication = Some(Authentication::Digest { username: "pbx".to_owned() });
    second.trunks = vec![Trunk { authentication, ..bare_trunk(2, "sbc.second.test", "127.0.0.8:5060") }];
    live([first, second], Vec::new(), Vec::new())
}

#[test]
fn a_certificate_names_the_trunk_in_contact_whatever_the_address_and_the_domain() {
    let live = certified();
    let far = SystemTime::now() + Duration::from_secs(3_600);
    let shown = PeerCertificate::believed(["sbc.first.test"], far);
    let wild = PeerCertificate::believed(["*.first.test"], far);
    let foreign = PeerCertificate::believed(["sbc.second.test", "*.test"], far);
    let who = |certificate, contact| {
        let domain = ["t1.localhost", "192.0.2.1", "192.0.2.1"];
        let approach = approach("127.0.0.99:40000", "INVITE", domain, Some(contact));
        name(identify::identify(&live, &Approach { certificate: Some(certificate), ..approach }))
    };
    assert_eq!(who(&shown, "SBC.First.Test"), "sbc.first.test");
    assert_eq!(who(&wild, "sbc.first.test"), "sbc.first.test");
    assert_eq!(who(&foreign, "sbc.first.test"), "challenge t1.localhost");
    assert_eq!(who(&shown, "sbc.second.test"), "challenge t1.localhost");
    // An address in Contact names nobody: refused for whom a certificate recognises, and for nobody else.
    assert_eq!(who(&shown, "127.0.0.99"), "refused 403");
    assert_eq!(who(&wild, "[::1]"), "refused 403");
    assert_eq!(who(&foreign, "127.0.0.99"), "challenge t1.localhost");
}

#[test]
fn only_a_trunk_that_is_known_by_its_address_is_recognised_by_it() {
    let live = certified();
    for source in ["127.0.0.7:5061", "127.0.0.7:40000", "127.0.0.8:5060"] {
        assert_eq!(who(&live, source, "INVITE", ELSEWHERE, Some("sbc.first.test")), "stranger", "{source}");
    }
    let party = identify::user(&live, "t1.localhost", "pbx").expect("the trunk");
    assert_eq!((party.kind, &*party.name), (PartyKind::Trunk, "sbc.second.test"));
    assert!(identify::user(&live, "t0.localhost", "pbx").is_none());
}
