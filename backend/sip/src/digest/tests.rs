//! The vectors of the RFCs and the edges that other implementations miss.

use super::*;
use crate::wire::Method;

fn get() -> Method {
    Method::Other("GET".into())
}

fn verifies(header: &str, password: &str, method: &Method, body: &[u8]) -> bool {
    let credentials = Credentials::parse(header).expect("sound credentials");
    let secret = ha1(credentials.algorithm, &credentials.username, &credentials.realm, password);
    verify(&credentials, &secret, method, body)
}

/// RFC 2617 §3.5.
#[test]
fn the_example_of_rfc_2617_verifies() {
    let header = r#"Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b",
        response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    assert!(verifies(header, "Circle Of Life", &get(), b""));
    assert!(!verifies(header, "Circle of Life", &get(), b""));
    assert!(!verifies(header, "Circle Of Life", &Method::Invite, b""));
    assert!(!verifies(&header.replace("6629", "6628"), "Circle Of Life", &get(), b""));
    assert!(!verifies(&header.replace("00000001", "00000002"), "Circle Of Life", &get(), b""));
    assert!(verifies(&header.replace("6629fae49393a053", "6629FAE49393A053"), "Circle Of Life", &get(), b""));
}

/// RFC 7616 §3.9.1.
#[test]
fn both_examples_of_rfc_7616_verify() {
    let header = |algorithm: &str, response: &str| {
        format!(
            r#"Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm},
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001,
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}",
            opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        )
    };
    let md5 = header("MD5", "8ca523f5e9506fed4657c9700eebdbec");
    let sha256 = header("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    assert!(verifies(&md5, "Circle of Life", &get(), b""));
    assert!(verifies(&sha256, "Circle of Life", &get(), b""));
    assert!(!verifies(&sha256.replace("SHA-256", "MD5"), "Circle of Life", &get(), b""));
}

/// RFC 2617 §3.2.2.1: without qop neither nonce count nor client nonce is hashed.
#[test]
fn the_bare_form_without_qop_verifies() {
    let (one, two) =
        (md5_hex("bob:atlanta.example.com:zanzibar"), md5_hex("REGISTER:sips:ss2.biloxi.example.com"));
    let response = md5_hex(&format!("{one}:ea9c8e88df84f1cec4341ae6cbe5a359:{two}"));
    let header = format!(
        r#"Digest username="bob", realm="atlanta.example.com",nonce="ea9c8e88df84f1cec4341ae6cbe5a359",
        opaque="", uri="sips:ss2.biloxi.example.com", response="{response}""#
    );
    assert!(verifies(&header, "zanzibar", &Method::Register, b""));
    assert!(!verifies(&header, "zanzibaz", &Method::Register, b""));
}

fn md5_hex(text: &str) -> String {
    use sha2::Digest as _;
    hex::encode(md5::Md5::digest(text.as_bytes()))
}

#[test]
fn the_count_is_hex_of_32_bits() {
    let parse = |nc: &str| {
        let header = format!(
            r#"Digest username="a", realm="b", nonce="c", uri="d", response="e", qop=auth, nc={nc}, cnonce="f""#
        );
        Credentials::parse(&header).map(|credentials| credentials.nc)
    };
    assert_eq!(parse("0000000a"), Ok(Some(10)));
    assert_eq!(parse("00000100"), Ok(Some(256)));
    assert_eq!(parse("ffffffff"), Ok(Some(u32::MAX)));
    for nc in ["100000000", "0x1", "-1", "+1", "g", "\"\""] {
        assert_eq!(parse(nc), Err(DigestError::Malformed), "{nc}");
    }
}

#[test]
fn the_algorithm_is_read_with_its_hyphen() {
    let parse = |algorithm: &str| {
        Challenge::parse(&format!(r#"Digest realm="a", nonce="b", algorithm={algorithm}"#))
            .map(|c| c.algorithm)
    };
    assert_eq!(parse("SHA-256"), Ok(Algorithm::Sha256));
    assert_eq!(parse("sha-256"), Ok(Algorithm::Sha256));
    assert_eq!(parse("\"MD5\""), Ok(Algorithm::Md5));
    assert_eq!(parse("SHA-512-256"), Err(DigestError::Algorithm));
    assert_eq!(parse("MD5-sess"), Err(DigestError::Algorithm));
}

#[test]
fn auth_int_covers_the_body() {
    let mut challenge = Challenge::new("example.com", "n1", Algorithm::Sha256);
    challenge.qop = vec![Qop::AuthInt];
    let method = Method::Message;
    let asked = Answer {
        user: "a",
        password: "p",
        method: &method,
        uri: "sip:b@c",
        nc: 1,
        cnonce: "x",
        body: b"hello",
    };
    let header = answer(&challenge, &asked);
    assert!(header.contains("qop=auth-int"));
    assert!(verifies(&header, "p", &method, b"hello"));
    assert!(!verifies(&header, "p", &method, b"hullo"));
    assert!(!verifies(&header, "p", &method, b""));
}

#[test]
fn an_answer_to_each_kind_of_challenge_verifies() {
    let method = Method::Register;
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        for qop in [vec![], vec![Qop::Auth], vec![Qop::AuthInt], vec![Qop::AuthInt, Qop::Auth]] {
            let asked = Challenge {
                qop,
                opaque: Some("o\"p".into()),
                ..Challenge::new("a \"b\", c", "n", algorithm)
            };
            let challenge = Challenge::parse(&asked.to_header()).expect("our own challenge reads");
            assert_eq!(challenge, asked);
            let given = Answer {
                user: "al\"ice",
                password: "p",
                method: &method,
                uri: "sip:c",
                nc: 171,
                cnonce: "x",
                body: b"",
            };
            let header = answer(&challenge, &given);
            let credentials = Credentials::parse(&header).expect("our own answer reads");
            assert_eq!(
                (credentials.username.as_str(), credentials.opaque.as_deref()),
                ("al\"ice", Some("o\"p"))
            );
            assert_eq!(credentials.nc, (!challenge.qop.is_empty()).then_some(171));
            assert!(verifies(&header, "p", &method, b""), "{header}");
            assert!(!verifies(&header, "q", &method, b""), "{header}");
        }
    }
}

#[test]
fn a_challenge_is_written_in_the_usual_form() {
    let mut challenge = Challenge::new("example.com", "abc", Algorithm::Sha256);
    challenge.stale = true;
    let expected = r#"Digest realm="example.com", nonce="abc", algorithm=SHA-256, qop="auth", stale=true"#;
    assert_eq!(challenge.to_header(), expected);
    assert_eq!(Challenge::parse(expected), Ok(challenge));
}

#[test]
fn broken_credentials_are_refused() {
    let sound = r#"Digest username="a", realm="b", nonce="c", uri="d", response="e""#;
    assert!(Credentials::parse(sound).is_ok());
    let parse = |text: &str| Credentials::parse(text).expect_err(text);
    assert_eq!(parse("Basic YTpi"), DigestError::Scheme);
    assert_eq!(parse("Digest"), DigestError::Scheme);
    assert_eq!(parse(&format!("{sound}, username=\"x\"")), DigestError::Malformed);
    assert_eq!(parse(&format!("{sound}, x=\"open")), DigestError::Malformed);
    assert_eq!(parse(&format!("{sound}, flag")), DigestError::Malformed);
    assert_eq!(parse(&format!("{sound}, qop=auth, cnonce=\"x\"")), DigestError::Missing("nc"));
    assert_eq!(parse(&format!("{sound}, qop=auth, nc=1")), DigestError::Missing("cnonce"));
    assert_eq!(parse(&format!("{sound}, qop=none")), DigestError::Qop);
    assert_eq!(parse(&sound.replace("nonce", "ounce")), DigestError::Missing("nonce"));
}

#[test]
fn a_nonce_is_fresh_then_stale_and_never_forged_by_others() {
    let mint = NonceMint::new([7; 32]);
    let now = 1_700_000_000;
    let nonce = mint.mint(now, Algorithm::Sha256, "a.test", 1);
    assert_eq!(mint.check(&nonce, "a.test", now), Freshness::Fresh);
    assert_eq!(mint.check(&nonce, "a.test", now + NONCE_LIFETIME_SECS), Freshness::Fresh);
    assert_eq!(mint.check(&nonce, "a.test", now + NONCE_LIFETIME_SECS + 1), Freshness::Stale);
    assert_eq!(mint.check(&nonce, "a.test", now - 3600), Freshness::Stale);
    assert_eq!(NonceMint::new([8; 32]).check(&nonce, "a.test", now), Freshness::Forged);
    assert_ne!(nonce, mint.mint(now, Algorithm::Md5, "a.test", 1));
    assert_ne!(nonce, mint.mint(now, Algorithm::Sha256, "a.test", 2));
    assert_eq!(mint.check(&nonce, "A.test", now), Freshness::Fresh);
    assert_eq!(mint.check(&nonce, "b.test", now), Freshness::Forged, "a nonce of one tenant is no other's");
    assert_ne!(nonce, mint.mint(now + 1, Algorithm::Sha256, "a.test", 1));
}

#[test]
fn a_changed_nonce_is_forged() {
    let mint = NonceMint::new([7; 32]);
    let nonce = mint.mint(1_700_000_000, Algorithm::Md5, "a.test", 1);
    for at in 0..nonce.len() {
        let digit = if &nonce[at..=at] == "0" { "1" } else { "0" };
        let mut changed = nonce.clone();
        changed.replace_range(at..=at, digit);
        assert_eq!(mint.check(&changed, "a.test", 1_700_000_000), Freshness::Forged, "{at}");
    }
    for nonce in ["", "00", "zz", "é", &"0".repeat(50), &nonce[2..]] {
        assert_eq!(mint.check(nonce, "a.test", 1_700_000_000), Freshness::Forged, "{nonce}");
    }
}
