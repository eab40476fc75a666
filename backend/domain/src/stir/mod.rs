//! What is signed about a call, and what is compared when somebody else has signed: PASSporT (RFC 8225) with the claims of
//! SHAKEN (RFC 8588), as the Identity header (RFC 8224) carries it. The signature itself is the app's.

mod verification;

pub use verification::{
    Fault, Handling, Policy, Reason, Signing, TenantHandling, UNWANTED, USE_IDENTITY, Verification,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// How old or how far ahead of our clock a signature may be, seconds (RFC 8224 §6.2.2 recommends a minute).
pub const FRESH_SECONDS: i64 = 60;
/// The longest token that is read, bytes.
pub const TOKEN_MAX: usize = 4_096;
/// Digits of a telephone number in a claim.
const DIGITS_MAX: usize = 18;

/// How well the signer knows the caller (RFC 8588 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Attestation {
    /// The signer's customer, who may use the number.
    #[serde(rename = "A")]
    Full,
    /// The signer's customer, with a number of which that is not known.
    #[serde(rename = "B")]
    Partial,
    /// The call came through here, and more is not known.
    #[serde(rename = "C")]
    Gateway,
}

impl Attestation {
    /// What we attest: whether the caller's tenant is known, and owns the number that it shows.
    #[must_use]
    pub const fn of(is_tenant: bool, is_owned: bool) -> Self {
        match (is_tenant, is_owned) {
            (true, true) => Self::Full,
            (true, false) => Self::Partial,
            (false, _) => Self::Gateway,
        }
    }

    /// The letter of the claim.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Full => 'A',
            Self::Partial => 'B',
            Self::Gateway => 'C',
        }
    }
}

/// What became of an Identity header, as the callee is told (ATIS-1000074 §5.3.1, 3GPP TS 24.229 `verstat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verstat {
    /// Signed by somebody we trust, and about this call.
    Passed,
    /// Signed, and not to be believed.
    Failed,
    /// Not signed, or by means that we do not know.
    NotValidated,
}

impl Verstat {
    /// The word of the parameter.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "TN-Validation-Passed",
            Self::Failed => "TN-Validation-Failed",
            Self::NotValidated => "No-TN-Validation",
        }
    }
}

/// The telephone number of a claim: digits without `+` and separators (RFC 8224 §8.3). `None` where there is none.
#[must_use]
pub fn canonical_number(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '+' | '-' | '.' | '(' | ')' | ' ')).collect();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#');
    let is_sound = !digits.is_empty() && digits.len() <= DIGITS_MAX && digits.chars().all(is_number);
    is_sound.then_some(digits)
}

/// What is said about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passport {
    /// The caller's number, canonical.
    pub orig: String,
    /// The callees' numbers, canonical.
    pub dest: Vec<String>,
    /// When it was signed, Unix seconds.
    pub issued_at: i64,
    /// How well the caller is known.
    pub attest: Attestation,
    /// Where the call entered the signer's network, opaque: a UUID.
    pub origin_id: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    ppt: String,
    typ: String,
    x5u: String,
}

#[derive(Deserialize)]
struct Claims {
    attest: Attestation,
    dest: Numbers,
    iat: i64,
    orig: Number,
    origid: String,
}

#[derive(Deserialize)]
struct Numbers {
    #[serde(default)]
    tn: Vec<String>,
}

#[derive(Deserialize)]
struct Number {
    tn: String,
}

/// A token that was read and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it says.
    pub passport: Passport,
    /// Where the certificate of its signer is.
    pub x5u: String,
    /// What was signed.
    pub signed: &'a str,
    /// The signature, base64url.
    pub signature: &'a str,
}

/// A text as JSON writes it.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Passport {
    /// What is signed: header and claims in the canonical form of RFC 8225 §9 (keys in order, no white space), each in
    /// base64url, with a dot between them.
    #[must_use]
    pub fn signing_input(&self, x5u: &str) -> String {
        let header = format!(r#"{{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":{}}}"#, json(x5u));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(self.claims()))
    }

    /// The claims in canonical form.
    #[must_use]
    pub fn claims(&self) -> String {
        let dest: Vec<String> = self.dest.iter().map(|number| json(number)).collect();
        format!(
            r#"{{"attest":"{}","dest":{{"tn":[{}]}},"iat":{},"orig":{{"tn":{}}},"origid":{}}}"#,
            self.attest.letter(),
            dest.join(","),
            self.issued_at,
            json(&self.orig),
            json(&self.origin_id)
        )
    }

    /// Whether it is about a call from one number to another at this time.
    ///
    /// # Errors
    /// [`Fault`] says what differs.
    pub fn check(&self, from: Option<&str>, to: &str, now_unix_seconds: i64) -> Result<(), Fault> {
        let away = now_unix_seconds.saturating_sub(self.issued_at);
        if away.unsigned_abs() > FRESH_SECONDS.unsigned_abs() {
            return Err(Fault::Stale(away));
        }
        if from.and_then(canonical_number).as_deref() != Some(self.orig.as_str()) {
            return Err(Fault::Other("orig"));
        }
        let to = canonical_number(to).ok_or(Fault::Other("dest"))?;
        if self.dest.contains(&to) { Ok(()) } else { Err(Fault::Other("dest")) }
    }
}

impl<'a> Token<'a> {
    /// Reads the full form of a token; SHAKEN knows no other (RFC 8588 §6).
    ///
    /// # Errors
    /// [`Fault::Malformed`] and [`Fault::Unsupported`].
    pub fn read(token: &'a str) -> Result<Self, Fault> {
        if token.len() > TOKEN_MAX {
            return Err(Fault::Malformed("it is too long"));
        }
        let (signed, signature) =
            token.rsplit_once('.').ok_or(Fault::Malformed("it is not three parts with dots"))?;
        let (header, claims) =
            signed.split_once('.').ok_or(Fault::Malformed("it is not three parts with dots"))?;
        if header.is_empty() || claims.is_empty() || claims.contains('.') {
            return Err(Fault::Malformed("it is not the full form"));
        }
        let decoded =
            |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Malformed("a part is no base64url"));
        let header: Header = serde_json::from_slice(&decoded(header)?)
            .map_err(|_| Fault::Malformed("its header lacks what RFC 8225 asks for"))?;
        if header.alg != "ES256" || header.typ != "passport" || header.ppt != "shaken" {
            return Err(Fault::Unsupported(format!(
                "alg {:?}, typ {:?}, ppt {:?}",
                header.alg, header.typ, header.ppt
            )));
        }
        let claims: Claims = serde_json::from_slice(&decoded(claims)?)
            .map_err(|_| Fault::Malformed("its claims lack what RFC 8588 asks for"))?;
        let canonical = |text: &str| canonical_number(text).ok_or(Fault::Malformed("a number is none"));
        let passport = Passport {
            orig: canonical(&claims.orig.tn)?,
            dest: claims.dest.tn.iter().map(|number| canonical(number)).collect::<Result<_, _>>()?,
            issued_at: claims.iat,
            attest: claims.attest,
            origin_id: claims.origid,
        };
        Ok(Self { passport, x5u: header.x5u, signed, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8588 §5.
    fn example() -> Passport {
        Passport {
            orig: "12155551212".into(),
            dest: vec!["12125551213".into()],
            issued_at: 1_443_208_345,
            attest: Attestation::Full,
            origin_id: "123e4567-e89b-12d3-a456-426655440000".into(),
        }
    }

    #[test]
    fn the_claims_are_written_as_in_rfc_8588() {
        assert_eq!(
            example().claims(),
            r#"{"attest":"A","dest":{"tn":["12125551213"]},"iat":1443208345,"orig":{"tn":"12155551212"},"origid":"123e4567-e89b-12d3-a456-426655440000"}"#
        );
        let input = example().signing_input("https://cert.example.org/passport.cer");
        let (header, _) = input.split_once('.').expect("two parts");
        let header = URL_SAFE_NO_PAD.decode(header).expect("base64url");
        assert_eq!(
            String::from_utf8(header).expect("text"),
            r#"{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/passport.cer"}"#
        );
    }

    #[test]
    fn what_was_written_is_read_again() {
        let text = format!("{}.c2ln", example().signing_input("https://cert.example.org/passport.cer"));
        let token = Token::read(&text).expect("sound");
        assert_eq!(token.passport, example());
        assert_eq!((token.x5u.as_str(), token.signature), ("https://cert.example.org/passport.cer", "c2ln"));
        assert!(text.starts_with(token.signed));
    }

    #[test]
    fn a_token_is_about_one_call_and_for_a_minute() {
        let (passport, now) = (example(), 1_443_208_345);
        let check = |from, to, at| passport.check(from, to, at);
        assert_eq!(check(Some("+1 (215) 555-1212"), "+12125551213", now + 60), Ok(()));
        assert_eq!(check(Some("+12155551212"), "+12125551213", now + 61), Err(Fault::Stale(61)));
        assert_eq!(check(Some("+12155551212"), "+12125551213", now - 61), Err(Fault::Stale(-61)));
        assert_eq!(check(Some("+12155551213"), "+12125551213", now), Err(Fault::Other("orig")));
        assert_eq!(check(None, "+12125551213", now), Err(Fault::Other("orig")));
        assert_eq!(check(Some("+12155551212"), "+12125551214", now), Err(Fault::Other("dest")));
        assert_eq!(check(Some("+12155551212"), "anna", now), Err(Fault::Other("dest")));
        assert_eq!(check(Some("+12155551212"), "+12125551213", i64::MIN), Err(Fault::Stale(i64::MIN)));
    }

    #[test]
    fn what_cannot_be_read_says_why_and_never_panics() {
        let sound = example().signing_input("https://a.test/c");
        let with = |header: &str| {
            format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"))
        };
        for text in ["", ".", "..", "...", "a.b", "a.b.c", "....", "..c2ln", "\u{e9}.\u{e9}.\u{e9}", &sound] {
            assert!(matches!(Token::read(text), Err(Fault::Malformed(_))), "{text}");
        }
        let other = with(r#"{"alg":"RS256","ppt":"shaken","typ":"passport","x5u":"https://a.test/c"}"#);
        assert!(matches!(Token::read(&other), Err(Fault::Unsupported(_))));
        let no_claims = with(r#"{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://a.test/c"}"#);
        assert!(matches!(Token::read(&no_claims), Err(Fault::Malformed(_))));
        assert!(matches!(Token::read(&"a".repeat(TOKEN_MAX + 1)), Err(Fault::Malformed(_))));
    }

    #[test]
    fn we_attest_what_we_know() {
        let letters = [(true, true), (true, false), (false, true), (false, false)]
            .map(|(is_tenant, is_owned)| Attestation::of(is_tenant, is_owned).letter());
        assert_eq!(letters, ['A', 'B', 'C', 'C']);
    }
}
