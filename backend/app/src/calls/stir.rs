//! Signs what goes out to carriers (STIR/SHAKEN): the Identity header of RFC 8224 with the operator's certificate.

use super::State;
use crate::{App, Error};
use domain::{
    cause::Direction,
    config::Snapshot,
    decision::{Attempt, Decision, Target},
    phone::E164,
    stir::{Attestation, Passport, Signing, canonical_number},
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use sip::header::Identity;
use uuid::Uuid;

/// The operator's key, and where its certificate is.
pub(crate) struct Signer {
    key: EncodingKey,
    certificate_url: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("certificate_url", &self.certificate_url).finish_non_exhaustive()
    }
}

impl Signer {
    /// Over a P-256 key in PEM (PKCS #8), whose certificate is published at an https address.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the key is none or the address cannot stand in the header.
    fn new(key_pem: &[u8], certificate_url: &str) -> Result<Self, Error> {
        let is_sound = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\');
        if !certificate_url.starts_with("https://") || !certificate_url.bytes().all(is_sound) {
            return Err(Error::invalid("stir.cert_url", "give the https address of the certificate"));
        }
        let no_key = |_| Error::invalid("stir.key", "give a P-256 private key in PEM (PKCS #8)");
        let key = EncodingKey::from_ec_pem(key_pem).map_err(no_key)?;
        let signer = Self { key, certificate_url: certificate_url.to_owned() };
        // A key of another curve is found out here and not at the first call.
        signer.signature("").map_err(no_key)?;
        Ok(signer)
    }

    fn signature(&self, text: &str) -> Result<String, jsonwebtoken::errors::Error> {
        crypto::sign(text.as_bytes(), &self.key, Algorithm::ES256)
    }

    /// The value of the header; `None` where the key fails, which it did not when it was read.
    fn identity(&self, passport: &Passport) -> Option<String> {
        let signed = passport.signing_input(&self.certificate_url);
        let token = format!("{signed}.{}", self.signature(&signed).ok()?);
        let identity = Identity {
            token: &token,
            info: Some(&self.certificate_url),
            alg: Some("ES256"),
            ppt: Some("shaken"),
        };
        Some(identity.to_string())
    }
}

/// Has calls to carriers signed from now on, with a P-256 key in PEM (PKCS #8) whose certificate is at an https address.
/// For the server's start; a second word changes nothing.
///
/// # Errors
/// [`Error::Invalid`] names the setting that cannot be used.
pub fn sign_calls(app: &App, key_pem: &[u8], certificate_url: &str) -> Result<(), Error> {
    let signer = Signer::new(key_pem, certificate_url)?;
    // The first word stands.
    let _ = app.calls().signer.set(signer);
    Ok(())
}

/// Where the certificate is with which calls are signed; `None` where they are not.
pub(crate) fn signs_as(app: &App) -> Option<String> {
    app.calls().signer.get().map(|signer| signer.certificate_url.clone())
}

/// The Identity header of a try, where it goes to a carrier of the operator and shows a number.
pub(super) fn header(
    state: &State,
    snapshot: &Snapshot,
    decision: &Decision,
    attempt: &Attempt,
    issued_at: i64,
) -> Option<(String, String)> {
    let signer = state.signer.get()?;
    let passport = passport(snapshot, decision, attempt, issued_at)?;
    Some(("Identity".to_owned(), signer.identity(&passport)?))
}

fn passport(snapshot: &Snapshot, decision: &Decision, attempt: &Attempt, issued_at: i64) -> Option<Passport> {
    let Target::Carrier { carrier, .. } = &attempt.target else { return None };
    let carrier = snapshot.carrier(*carrier)?;
    if carrier.sandbox || carrier.signing == Signing::Never {
        return None;
    }
    let shown = attempt.caller_id.as_deref()?;
    let number = E164::parse(shown).ok();
    let is_owned = number.zip(decision.payer).is_some_and(|(number, payer)| snapshot.owns(payer, number));
    // A call from the network that is forwarded shows the number of the tenant that forwards it.
    let is_tenant = is_owned || decision.direction == Direction::Outbound;
    let attest = Attestation::of(is_tenant, is_owned);
    if carrier.signing == Signing::FullOnly && attest != Attestation::Full {
        return None;
    }
    Some(Passport {
        orig: canonical_number(shown)?,
        dest: vec![canonical_number(&attempt.callee)?],
        issued_at,
        attest,
        origin_id: Uuid::new_v4().to_string(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use domain::stir::Token;
    use jsonwebtoken::DecodingKey;

    /// Keys of these tests and of nobody else.
    const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgssbCAm+vbLxGWu5Apg+u4l5bYETkOFGa3KXOheF2H/+hRANCAARm5MDYz6rdj2uagozfrytJkfrEiGaJJIqLhKmyzE1ZDKmqacWGAQcdlWSaHfospnKYi8q1HOYN7d3MWOjUk0AM";
    const PUBLIC: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZuTA2M+q3Y9rmoKM368rSZH6xIhmiSSKi4SpssxNWQypqmnFhgEHHZVkmh36LKZymIvKtRzmDe3dzFjo1JNADA==";
    /// RFC 7515, appendix A.3: what is signed with ES256, its signature, and the point of the key.
    const EXAMPLE: (&str, &str, [&str; 2]) = (
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"],
    );

    fn pem(kind: &str, base64: &str) -> String {
        format!("-----BEGIN {kind}-----\n{base64}\n-----END {kind}-----\n")
    }

    /// A P-256 public key ends in its point.
    fn public(base64: &str) -> DecodingKey {
        let der = STANDARD.decode(base64).unwrap();
        DecodingKey::from_ec_der(&der[der.len() - 65..])
    }

    #[test]
    fn what_is_signed_verifies_and_says_what_it_was_told() {
        let url = "https://cert.operator.test/stir.pem";
        let signer = Signer::new(pem("PRIVATE KEY", KEY).as_bytes(), url).unwrap();
        let passport = Passport {
            orig: "12125550100".into(),
            dest: vec!["4684650040".into()],
            issued_at: 1_800_000_000,
            attest: Attestation::Full,
            origin_id: "123e4567-e89b-12d3-a456-426655440000".into(),
        };
        let value = signer.identity(&passport).unwrap();
        let identity = Identity::parse(&value).unwrap();
        assert_eq!((identity.info, identity.ppt), (Some(url), Some("shaken")));
        let token = Token::read(identity.token).unwrap();
        assert_eq!((&token.passport, token.x5u.as_str()), (&passport, url));
        let verifies = |signed: &str| {
            crypto::verify(token.signature, signed.as_bytes(), &public(PUBLIC), Algorithm::ES256).unwrap()
        };
        assert!(verifies(token.signed));
        assert!(!verifies(&token.signed.replace("eyJ", "eyK")));
    }

    #[test]
    fn the_example_of_rfc_7515_verifies() {
        let (signed, signature, [x, y]) = EXAMPLE;
        let key = DecodingKey::from_ec_components(x, y).unwrap();
        let verifies =
            |signed: &str| crypto::verify(signature, signed.as_bytes(), &key, Algorithm::ES256).unwrap();
        assert!(verifies(signed));
        assert!(!verifies(&signed.replace("eyJpc3M", "eyJpc3N")));
    }

    #[test]
    fn a_key_or_address_that_cannot_be_used_is_said_at_the_start() {
        let key = pem("PRIVATE KEY", KEY);
        for (key, url) in [
            ("", "https://a.test/c"),
            ("nonsense", "https://a.test/c"),
            (key.as_str(), "http://a.test/c"),
            (key.as_str(), "https://a.test/<c>"),
        ] {
            assert!(Signer::new(key.as_bytes(), url).is_err(), "{url}");
        }
    }
}
