#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use rustls::{RootCertStore, client::WebPkiServerVerifier, client::danger::ServerCertVerifier as _};
use rustls_pki_types::{ServerName, UnixTime};

/// Object identifiers of extensions, as DER writes them (RFC 5280 §4.2.1).
const SUBJECT_KEY_ID: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x0e];
const KEY_USAGE: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x13];
const AUTHORITY_KEY_ID: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x23];
const EXTENDED_KEY_USAGE: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x25];

fn holds(der: &[u8], extension: [u8; 5]) -> bool {
    der.windows(extension.len()).any(|window| window == extension)
}

fn local(public_host: &str) -> (Certificates, WebPkiVerifier) {
    let ca = LocalCa::create().unwrap();
    let verifier = WebPkiVerifier::trusting(ca.certificate_pem());
    (Certificates::local(ca, public_host).unwrap(), verifier)
}

/// A client's check, against one trusted CA.
struct WebPkiVerifier(Arc<WebPkiServerVerifier>);

impl WebPkiVerifier {
    fn trusting(pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        Self(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap())
    }

    fn accepts(&self, leaf: &CertifiedKey, name: &str) -> bool {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        self.0.verify_server_cert(&leaf.cert[0], &leaf.cert[1..], &name, &[], UnixTime::now()).is_ok()
    }
}

#[test]
fn the_default_leaf_names_localhost_both_loopback_addresses_and_the_public_host() {
    let (certificates, client) = local("comms.example");
    let leaf = certificates.leaf(None).unwrap();
    for name in ["localhost", "127.0.0.1", "::1", "comms.example"] {
        assert!(client.accepts(&leaf, name), "{name}");
    }
    assert!(!client.accepts(&leaf, "acme.comms.example"));
}

#[test]
fn a_tenants_host_gets_a_leaf_of_its_own_and_the_same_one_again() {
    let (certificates, client) = local("comms.example");
    let leaf = certificates.leaf(Some("Acme.comms.example")).unwrap();
    assert!(client.accepts(&leaf, "acme.comms.example") && !client.accepts(&leaf, "other.comms.example"));
    assert!(Arc::ptr_eq(&leaf, &certificates.leaf(Some("acme.comms.example")).unwrap()));
}

#[test]
fn names_outside_the_public_host_get_the_default_leaf_and_make_none() {
    let (certificates, _) = local("comms.example");
    let default = certificates.leaf(None).unwrap();
    for name in ["evil.example", "a.b.comms.example", "comms.example", "xcomms.example", ".comms.example"] {
        assert!(Arc::ptr_eq(&default, &certificates.leaf(Some(name)).unwrap()), "{name}");
    }
}

#[test]
fn strict_clients_find_every_extension_they_look_for() {
    let ca = LocalCa::create().unwrap();
    let der = CertificateDer::from_pem_slice(ca.certificate_pem().as_bytes()).unwrap();
    for extension in [SUBJECT_KEY_ID, KEY_USAGE, BASIC_CONSTRAINTS] {
        assert!(holds(&der, extension), "{extension:?}");
    }
    let (chain, _) = ca.leaf(&["localhost".to_owned()]).unwrap();
    for extension in [SUBJECT_KEY_ID, KEY_USAGE, AUTHORITY_KEY_ID, EXTENDED_KEY_USAGE] {
        assert!(holds(&chain[0], extension), "{extension:?}");
    }
}

#[test]
fn a_ca_that_was_kept_signs_for_those_who_trusted_it_before() {
    let first = LocalCa::create().unwrap();
    let client = WebPkiVerifier::trusting(first.certificate_pem());
    let again = LocalCa::from_pem(first.certificate_pem(), &first.key_pem()).unwrap();
    assert_eq!(first.certificate_pem(), again.certificate_pem());
    let certificates = Certificates::local(again, "localhost").unwrap();
    assert!(client.accepts(&certificates.leaf(Some("localhost")).unwrap(), "localhost"));
}

#[test]
fn an_operators_pair_is_presented_for_every_name_and_can_be_renewed() {
    let ca = LocalCa::create().unwrap();
    let pair = |name: &str| {
        let (chain, key) = ca.leaf(&[name.to_owned()]).unwrap();
        let pem = |tag: &str, der: &[u8]| {
            use base64::{Engine as _, prelude::BASE64_STANDARD};
            format!("-----BEGIN {tag}-----\n{}\n-----END {tag}-----\n", BASE64_STANDARD.encode(der))
        };
        (pem("CERTIFICATE", &chain[0]), pem("PRIVATE KEY", key.secret_der()))
    };
    let ((chain, key), (next_chain, next_key)) = (pair("one.example"), pair("two.example"));
    let certificates = Certificates::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let client = WebPkiVerifier::trusting(ca.certificate_pem());
    assert!(client.accepts(&certificates.leaf(Some("x.example")).unwrap(), "one.example"));
    certificates.renew(next_chain.as_bytes(), next_key.as_bytes()).unwrap();
    assert!(client.accepts(&certificates.leaf(None).unwrap(), "two.example"));
}

#[test]
fn files_that_hold_something_else_are_refused_by_name() {
    let error = Certificates::from_pem(b"", b"").unwrap_err();
    assert!(error.to_string().contains("key file"), "{error}");
    let error = Certificates::from_pem(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", b"")
        .unwrap_err();
    assert!(error.to_string().contains("certificate file"), "{error}");
    assert!(LocalCa::from_pem("", "").is_err());
}
