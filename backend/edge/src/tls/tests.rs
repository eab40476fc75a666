#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use rustls_pki_types::UnixTime;
use std::sync::atomic::{AtomicU32, Ordering};

/// Tells authorities apart.
static SERIAL: AtomicU32 = AtomicU32::new(1);

/// An authority of the tests.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate with its key, PEM.
pub(crate) struct Leaf {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = format!("Test authority {}", SERIAL.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn leaf(&self, names: &[&str]) -> Leaf {
        self.sign(names, |_| {})
    }

    pub(crate) fn sign(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let chain = params.signed_by(&key, &self.issuer).unwrap().pem();
        Leaf { chain, key: key.serialize_pem() }
    }
}

/// Credentials that trust an authority alone.
pub(crate) fn credentials(leaf: &Leaf, authority: &Authority) -> Credentials {
    Credentials::from_pem(leaf.chain.as_bytes(), leaf.key.as_bytes(), authority.pem.as_bytes(), false)
        .unwrap()
}

fn judged(trusted: &Authority, leaf: &Leaf) -> PeerCertificate {
    let own = trusted.leaf(&["edge.test"]);
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(leaf.chain.as_bytes()).collect::<Result<_, _>>().unwrap();
    credentials(&own, trusted).trust.judge(&chain, UnixTime::now()).unwrap()
}

#[test]
fn a_name_is_covered_by_itself_and_by_a_wildcard_for_exactly_one_label() {
    let authority = Authority::new();
    let certificate =
        judged(&authority, &authority.leaf(&["sbc.contoso.test", "*.contoso.test", "192.0.2.7"]));
    for own in ["sbc.contoso.test", "SBC.Contoso.Test.", "other.contoso.test", "192.0.2.7"] {
        assert!(certificate.covers(own), "{own}");
    }
    for foreign in
        ["contoso.test", "sbc.test.contoso.test", ".contoso.test", "sbc.fabrikam.test", "192.0.2.8", ""]
    {
        assert!(!certificate.covers(foreign), "{foreign}");
    }
    assert!(!PeerCertificate::believed(["*.test"], SystemTime::now()).covers("contoso.test"));
}

#[test]
fn the_host_of_a_sip_uri_counts_and_the_common_name_only_where_no_name_is_beside_it() {
    let authority = Authority::new();
    let common = |params: &mut CertificateParams| {
        params.distinguished_name.push(DnType::CommonName, "common.test");
    };
    assert!(judged(&authority, &authority.sign(&[], common)).covers("common.test"));
    let both = authority.sign(&["alternative.test"], common);
    assert!(!judged(&authority, &both).covers("common.test"));
    let uri = authority.sign(&[], |params| {
        params.subject_alt_names = vec![
            SanType::URI("sip:uri.test".try_into().unwrap()),
            SanType::URI("sip:user@named.test".try_into().unwrap()),
        ];
    });
    let uri = judged(&authority, &uri);
    assert!(uri.covers("uri.test") && !uri.covers("named.test"), "{uri:?}");
}

#[test]
fn a_certificate_from_elsewhere_or_out_of_date_covers_nothing_and_says_why() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let foreign = judged(&ours, &theirs.leaf(&["sbc.test"]));
    assert!(!foreign.covers("sbc.test"));
    assert!(foreign.fault().unwrap().contains("UnknownIssuer"), "{foreign:?}");
    let old = ours.sign(&["sbc.test"], |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    });
    let old = judged(&ours, &old);
    assert!(!old.covers("sbc.test") && old.expires_at() < SystemTime::now());
    assert!(old.fault().unwrap().contains("expired"), "{old:?}");
}

#[test]
fn a_caller_may_show_a_certificate_made_for_servers_or_for_clients() {
    let authority = Authority::new();
    for usage in [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth] {
        let leaf = authority.sign(&["sbc.test"], |params| params.extended_key_usages = vec![usage]);
        assert!(judged(&authority, &leaf).covers("sbc.test"));
    }
    let signing = authority.sign(&["sbc.test"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    });
    assert!(!judged(&authority, &signing).covers("sbc.test"));
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let authority = Authority::new();
    let (one, other) = (authority.leaf(&["a.test"]), authority.leaf(&["b.test"]));
    let load = |chain: &str, key: &str, roots: &str| {
        Credentials::from_pem(chain.as_bytes(), key.as_bytes(), roots.as_bytes(), true).map(|_| ())
    };
    assert!(load(&one.chain, &one.key, "").is_ok());
    assert!(matches!(load(&one.chain, &other.key, ""), Err(TlsError::Unfit(_))));
    assert!(matches!(load("", &one.key, ""), Err(TlsError::NoCertificate)));
    assert!(matches!(load(&one.chain, "", ""), Err(TlsError::Key(_))));
}
