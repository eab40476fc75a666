//! What the URI reader must tell apart.

use super::*;

fn read(text: &str) -> Uri<'_> {
    Uri::parse(text).expect(text)
}

#[test]
fn each_part_of_a_sip_uri_is_told_apart() {
    let uri = read("sips:alice:secret@[2001:db8::1]:5061;transport=tcp;lr?Subject=a%20b&X=");
    assert_eq!((uri.scheme, uri.user, uri.password), (Scheme::Sips, Some("alice"), Some("secret")));
    assert_eq!((uri.host, uri.port), ("2001:db8::1", Some(5061)));
    assert_eq!((uri.param("Transport"), uri.param("lr"), uri.param("x")), (Some("tcp"), Some(""), None));
    assert_eq!(
        uri.header_values().collect::<Vec<_>>(),
        [("Subject".into(), "a b".into()), ("X".into(), "".into())]
    );
    assert_eq!(uri.host_port().to_string(), "[2001:db8::1]:5061");
    assert_eq!(uri.to_string(), uri.as_str());
}

#[test]
fn a_uri_without_user_is_a_host() {
    let uri = read("SIP:example.com");
    assert_eq!((uri.scheme, uri.user, uri.host, uri.port), (Scheme::Sip, None, "example.com", None));
}

#[test]
fn what_phones_dial_is_a_user() {
    for (text, user) in
        [("sip:*97@h", "*97"), ("sip:#31#1@h", "#31#1"), ("sip:+15551234567@h", "+15551234567")]
    {
        assert_eq!(read(text).user, Some(user));
    }
}

#[test]
fn broken_uris_are_refused() {
    let broken = [
        "",
        "sip",
        "sip:",
        ":a@b",
        "1sip:a@b",
        "sip:@b",
        "sip:a@",
        "sip:a@b@c",
        "sip:a@b:",
        "sip:a@b:0",
        "sip:a@b:65536",
        "sip:a@b:5060x",
        "sip:a@[::1",
        "sip:a@[x]",
        "sip:a@::1",
        "sip:a@b c",
        "sip:a b@c",
        "<sip:a@b>",
        "sip:a%4@b",
        "sip:a%zz@b",
        "sip:a@b;",
        "sip:a@b;;x",
        "sip:a@b;=x",
        "sip:a@b;x=%",
        "sip:a@b?x=%q",
        "sip:a@ex/ample",
        "tel:",
        "tel:+",
        "tel:12 3",
        "tel:12;",
        "sip:a\u{7f}@b",
        "sip:a@b\r\n",
    ];
    for text in broken {
        assert_eq!(Uri::parse(text), Err(UriError), "{text:?}");
    }
}

#[test]
fn a_uri_of_any_length_is_not_read() {
    let host = "sip:example.com";
    let text = |size: usize| format!("{host};{}", "a".repeat(size - host.len() - 1));
    assert!(Uri::parse(&text(URI_MAX)).is_ok());
    assert_eq!(Uri::parse(&text(URI_MAX + 1)), Err(UriError));
}

#[test]
fn a_port_is_split_from_names_and_addresses() {
    assert_eq!(split_host_port("a.example : 5060"), Some(("a.example", Some(5060))));
    assert_eq!(split_host_port("192.0.2.1"), Some(("192.0.2.1", None)));
    assert_eq!(split_host_port("[::1]:1"), Some(("::1", Some(1))));
    assert_eq!(split_host_port("[::1]x"), None);
}

/// The pairs of RFC 3261 §19.1.4.
#[test]
fn a_parameter_that_stands_twice_counts_once() {
    let twice = read("sip:alice@example.com;transport=udp;transport=tls");
    assert!(twice.is_equal(&twice) && twice.is_equal(&read("sip:alice@example.com;transport=udp")));
    assert!(!twice.is_equal(&read("sip:alice@example.com;transport=tls")));
}

#[test]
fn equality_follows_the_examples_of_the_rfc() {
    let equal = [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ];
    for (one, other) in equal {
        assert!(read(one).is_equal(&read(other)) && read(other).is_equal(&read(one)), "{one} {other}");
    }
    let different = [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@b", "sips:a@b"),
        ("sip:1@b", "tel:1"),
    ];
    for (one, other) in different {
        assert!(!read(one).is_equal(&read(other)) && !read(other).is_equal(&read(one)), "{one} {other}");
    }
}

#[test]
fn what_is_encoded_decodes_to_itself() {
    for text in ["plain", "a b@c:d", "50%", "é\0\"<>", "+1(555)"] {
        let encoded = encode_user(text);
        assert_eq!(decode(&encoded), text);
        assert_eq!(read(&format!("sip:{encoded}@h")).user_decoded().as_deref(), Some(text));
    }
    assert_eq!(encode_user("a b@c"), "a%20b%40c");
    assert_eq!(decode("%4%zz%41%"), "%4%zzA%");
}
