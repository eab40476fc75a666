//! The values that RFC 4475 names for the messages that are good.

use super::*;
use crate::digest::{Credentials, DigestError};
use crate::header::{NameAddr, Via};
use crate::uri::{Scheme, Uri};
use crate::wire::{HeaderName, Method, Transport};

const UNUSUAL: &str = "!interesting-Method0123456789_*+`.%indeed'~";

fn uri(message: &Message) -> Uri<'_> {
    Uri::parse(message.request_uri().expect("a request")).expect("a URI")
}

#[test]
fn wsinv_folds_spaces_and_odd_cases_are_read() {
    let message = sound("wsinv");
    assert_eq!((message.method(), message.body().len()), (Method::Invite, 150));
    assert_eq!(uri(&message).param("unknownparam"), Some(""));
    let to = message.to().expect("To");
    assert_eq!((to.uri, to.tag()), ("sip:vivekg@chair-dnrc.example.com", Some("1918181833n")));
    let from = message.from().expect("From");
    assert_eq!((from.display.as_deref(), from.tag()), (Some("J Rosenberg \\\""), Some("98asjd8")));
    assert_eq!((message.max_forwards(), message.cseq()), (Some(68), Some((9, Method::Invite))));
    assert_eq!(message.header(HeaderName::Subject), Some(""));
    let value = message.extension("NEWFANGLEDHEADER").expect("the header");
    assert_eq!(
        value.split_ascii_whitespace().collect::<Vec<_>>(),
        ["newfangled", "value", "continued", "newfangled", "value"]
    );
    assert!(!value.contains(['\r', '\n']));
    assert_eq!(message.extension("UnknownHeaderWithUnusualValue"), Some(";;,,;;,;"));
    let vias: Vec<_> = message.values(HeaderName::Via).map(|via| Via::parse(via).expect("a Via")).collect();
    let hops: Vec<_> = vias.iter().map(|via| (via.transport, via.host, via.branch)).collect();
    assert_eq!(
        hops,
        [
            (Some(Transport::Udp), "192.0.2.2", Some("390skdjuw")),
            (Some(Transport::Tcp), "spindle.example.com", Some("z9hG4bK9ikj8")),
            (Some(Transport::Udp), "192.168.255.111", Some("z9hG4bK30239")),
        ]
    );
    let contact = message.contact().expect("a Contact").expect("one");
    assert_eq!(contact.display.as_deref(), Some("Quoted string \"\""));
    let params = [contact.param("newparam"), contact.param("secondparam"), contact.param("q")];
    assert_eq!(params, [Some("newvalue"), Some(""), Some("0.33")]);
    let route = NameAddr::parse(message.header(HeaderName::Route).expect("Route")).expect("an address");
    assert_eq!(Uri::parse(route.uri).expect("a URI").param("unknownwith"), Some("value"));
}

#[test]
fn intmeth_every_allowed_character_is_kept() {
    let message = sound("intmeth");
    assert_eq!(message.method(), Method::Other(UNUSUAL.into()));
    assert_eq!(message.cseq(), Some((139_122_385, Method::Other(UNUSUAL.into()))));
    let uri = uri(&message);
    assert_eq!(uri.user, Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!((uri.password, uri.host), (Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"), "example.com"));
    assert_eq!(message.top_via().expect("a Via").branch, Some("z9hG4bK-.!%66*_+`'~"));
    assert_eq!(message.to().expect("To").display.as_deref(), Some("BEL:\x07 NUL:\0 DEL:\x7f"));
    let from = message.from().expect("From");
    assert_eq!(from.display.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(from.param("fromParam''~+*_!.-%"), Some("работающий"));
    assert_eq!(from.tag(), Some("_token~1'+`*%!-."));
    assert_eq!(message.call_id(), Some(r#"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#));
    assert_eq!(message.extension("extensionHeader-!.%*+_`'~"), Some("\u{feff}大停電"));
}

#[test]
fn esc01_escapes_are_decoded_in_the_user_and_nowhere_else() {
    let message = sound("esc01");
    let request = uri(&message);
    assert_eq!((request.user, request.host), (Some("sips%3Auser%40example.com"), "example.net"));
    assert_eq!(request.user_decoded().as_deref(), Some("sips:user@example.com"));
    let to = Uri::parse(message.to().expect("To").uri).expect("a URI");
    assert_eq!(to.user_decoded().as_deref(), Some("user"));
    let from = Uri::parse(message.from().expect("From").uri).expect("a URI");
    assert_eq!(from.user_decoded().as_deref(), Some("I have spaces"));
    let contact = message.contact().expect("a Contact").expect("one");
    assert_eq!(contact.uri, "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31");
    assert_eq!(message.call_id(), Some("esc01.239409asdfakjkn23onasd0-3234"));
    assert_eq!(message.header(HeaderName::ContentType), Some("application/sdp"));
}

#[test]
fn escnull_escaped_nulls_tell_two_contacts_apart() {
    let message = sound("escnull");
    let to = Uri::parse(message.to().expect("To").uri).expect("a URI");
    assert_eq!(to.user_decoded().as_deref(), Some("null-\0-null"));
    let contacts: Vec<_> = message.contacts().map(|contact| contact.expect("an address").uri).collect();
    assert_eq!(contacts, ["sip:%00@host5.example.com", "sip:%00%00@host5.example.com"]);
    let uris: Vec<_> = contacts.iter().map(|uri| Uri::parse(uri).expect("a URI")).collect();
    assert!(!uris[0].is_equal(&uris[1]));
}

#[test]
fn esc02_a_percent_sign_outside_uris_is_no_escape() {
    let message = sound("esc02");
    assert_eq!(message.method(), Method::Other("RE%47IST%45R".into()));
    assert_eq!(message.to().expect("To").display.as_deref(), Some("%Z%45"));
    assert_eq!(message.contacts().count(), 2);
    assert_eq!(message.extension("c%6fntact"), Some("<sip:alias2@host2.example.com>"));
}

#[test]
fn lwsdisp_a_name_may_touch_its_bracket() {
    let message = sound("lwsdisp");
    let from = message.from().expect("From");
    assert_eq!((from.display.as_deref(), from.uri), (Some("caller"), "sip:caller@example.com"));
}

#[test]
fn longreq_long_values_and_many_hops_are_read() {
    let message = sound("longreq");
    assert_eq!(message.values(HeaderName::Via).count(), 34);
    assert_eq!(message.top_via().expect("a Via").host, "sip33.example.com");
    let last = message.values(HeaderName::Via).last().map(Via::parse).expect("a Via").expect("sound");
    assert_eq!((last.host, last.received), ("host.example.com", Some("192.0.2.5")));
    assert!(message.from().expect("From").tag().is_some_and(|tag| tag.len() > 100));
    assert_eq!((message.cseq(), message.body().len()), (Some((3_882_340, Method::Invite)), 150));
}

#[test]
fn dblreq_what_follows_in_the_datagram_is_dropped() {
    let message = sound("dblreq");
    assert_eq!((message.method(), message.body().len()), (Method::Register, 0));
    assert_eq!(message.contact().expect("a Contact").expect("one").uri, "sip:j.user@host.example.com");
}

#[test]
fn semiuri_a_semicolon_may_be_part_of_the_user() {
    let message = sound("semiuri");
    let uri = uri(&message);
    assert_eq!((uri.user, uri.host), (Some("user;par=u%40example.net"), "example.com"));
    assert!(uri.params.is_empty());
    assert_eq!(message.values(HeaderName::Accept).count(), 6);
}

#[test]
fn transports_unknown_ones_are_kept_by_name() {
    let message = sound("transports");
    let vias: Vec<_> = message.values(HeaderName::Via).map(|via| Via::parse(via).expect("a Via")).collect();
    assert_eq!(
        vias.iter().map(|via| via.transport_name).collect::<Vec<_>>(),
        ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]
    );
    assert_eq!(vias.iter().filter(|via| via.transport.is_none()).count(), 2);
}

#[test]
fn mpart01_a_binary_body_is_whole() {
    let (message, bytes) = (sound("mpart01"), torture("mpart01"));
    assert_eq!((message.method(), message.body().len()), (Method::Message, 553));
    assert_eq!(message.body(), bytes.slice(bytes.len() - 553..));
    assert!(std::str::from_utf8(&message.body()).is_err());
}

#[test]
fn unreason_and_noreason_the_phrase_may_be_anything_or_nothing() {
    let message = sound("unreason");
    assert_eq!((message.status(), message.method()), (Some(200), Method::Invite));
    assert_eq!(message.reason(), "= 2**3 * 5**2 но сто девяносто девять - простое");
    let message = sound("noreason");
    assert_eq!((message.status(), message.reason()), (Some(100), ""));
}

#[test]
fn badbranch_a_bare_cookie_names_no_transaction() {
    let message = sound("badbranch");
    assert!(!message.top_via().expect("a Via").has_cookie());
}

#[test]
fn unkscm_novelsc_and_unksm2_other_schemes_pass_to_who_routes() {
    for (name, text) in [
        ("unkscm", "nobodyKnowsThisScheme:totallyopaquecontent"),
        ("novelsc", "soap.beep://192.0.2.103:3002"),
    ] {
        let message = sound(name);
        assert_eq!((uri(&message).scheme, message.request_uri()), (Scheme::Other, Some(text)));
    }
    let message = sound("unksm2");
    assert_eq!(message.to().expect("To").uri, "isbn:2983792873");
    let from = message.from().expect("From");
    assert_eq!((from.uri, from.tag()), ("http://www.example.com", Some("3234233")));
    assert_eq!(message.contact().expect("a Contact").expect("one").uri, "name:John_Smith");
}

#[test]
fn bext01_and_invut_the_values_of_their_refusals_are_there() {
    let message = sound("bext01");
    let required: Vec<_> = message.values(HeaderName::Require).collect();
    assert_eq!(required, ["nothingSupportsThis", "nothingSupportsThisEither"]);
    let required: Vec<_> = message.values(HeaderName::ProxyRequire).collect();
    assert_eq!(required, ["noProxiesSupportThis", "norDoAnyProxiesSupportThis"]);
    assert_eq!(sound("invut").header(HeaderName::ContentType), Some("application/unknownformat"));
    assert_eq!(sound("sdp01").header(HeaderName::Accept), Some("text/nobodyKnowsThis"));
    assert_eq!(sound("zeromf").max_forwards(), Some(0));
}

#[test]
fn regaut01_an_unknown_scheme_is_no_credentials() {
    let message = sound("regaut01");
    let value = message.header(HeaderName::Authorization).expect("the header");
    assert_eq!(Credentials::parse(value), Err(DigestError::Scheme));
}

#[test]
fn bcast_both_hops_can_be_told() {
    let message = sound("bcast");
    let hosts: Vec<_> =
        message.values(HeaderName::Via).map(|via| Via::parse(via).expect("a Via").host).collect();
    assert_eq!(hosts, ["192.0.2.198", "255.255.255.255"]);
}

#[test]
fn cparam01_cparam02_and_regescrt_parameters_belong_where_they_stand() {
    let message = sound("cparam01");
    let contact = message.contact().expect("a Contact").expect("one");
    assert_eq!((contact.uri, contact.param("unknownparam")), ("sip:+19725552222@gw1.example.net", Some("")));
    let message = sound("cparam02");
    let contact = message.contact().expect("a Contact").expect("one");
    assert_eq!(
        (contact.uri, contact.params.is_empty()),
        ("sip:+19725552222@gw1.example.net;unknownparam", true)
    );
    let message = sound("regescrt");
    let contact = Uri::parse(message.contact().expect("a Contact").expect("one").uri).expect("a URI");
    let headers: Vec<_> = contact.header_values().collect();
    assert_eq!(headers, [("Route".into(), "<sip:sip.example.com>".into())]);
}

#[test]
fn inv2543_an_old_request_without_length_and_tags_is_read() {
    let message = sound("inv2543");
    assert!(message.body().starts_with(b"v=0\r\n") && message.body().ends_with(b"RTP/AVP 0\r\n"));
    assert_eq!((message.from().expect("From").tag(), message.max_forwards()), (None, None));
    assert_eq!(message.to().expect("To").param("user"), Some("phone"));
    assert_eq!(message.top_via().expect("a Via").branch, None);
}
