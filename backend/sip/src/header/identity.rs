//! Identity (RFC 8224 §4): a signed token, where its certificate is, and how it was made.

use std::fmt;

use super::HeaderError;

/// The value of one Identity header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The token: a PASSporT in its full or compact form.
    pub token: &'a str,
    /// Where the certificate is; absent only where the token says it.
    pub info: Option<&'a str>,
    /// The algorithm; ES256 where it is not said.
    pub alg: Option<&'a str>,
    /// The extension of the token: `shaken`.
    pub ppt: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// [`HeaderError::Malformed`] where there is no token, or its parameters cannot be read.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let (token, rest) = value.split_at(value.find(';').unwrap_or(value.len()));
        let token = token.trim();
        let is_token_char = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=');
        if token.is_empty() || !token.bytes().all(is_token_char) {
            return Err(HeaderError::Malformed);
        }
        let mut identity = Self { token, info: None, alg: None, ppt: None };
        for part in rest.split(';').skip(1) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "info" => identity.info = Some(uri(value)?),
                "alg" => identity.alg = Some(value),
                "ppt" => identity.ppt = Some(value),
                _ => {}
            }
        }
        Ok(identity)
    }
}

/// A URI in angle brackets.
fn uri(value: &str) -> Result<&str, HeaderError> {
    value.strip_prefix('<').and_then(|value| value.strip_suffix('>')).ok_or(HeaderError::Malformed)
}

impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token)?;
        self.info.map_or(Ok(()), |info| write!(f, ";info=<{info}>"))?;
        self.alg.map_or(Ok(()), |alg| write!(f, ";alg={alg}"))?;
        self.ppt.map_or(Ok(()), |ppt| write!(f, ";ppt={ppt}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_and_written() {
        let value = "sv5CTo05KqpSmtHt3dcEiO/1CWTSZtnG3iV+1nmurLXV/HmtyNS7Ltrg9dlxkWzo;info=<https://x.example.org/passport.cer>";
        assert_eq!(
            Identity::parse(value),
            Err(HeaderError::Malformed),
            "the base64 of RFC 4474 is none of RFC 8224"
        );
        let value = "eyJh.eyJi.c2ln ; info=<https://cert.example.org/a.cer> ; alg=ES256;ppt=\"shaken\";x=y";
        let identity = Identity::parse(value).expect("sound");
        assert_eq!(identity.token, "eyJh.eyJi.c2ln");
        assert_eq!(identity.info, Some("https://cert.example.org/a.cer"));
        assert_eq!((identity.alg, identity.ppt), (Some("ES256"), Some("shaken")));
        let written = identity.to_string();
        assert_eq!(written, "eyJh.eyJi.c2ln;info=<https://cert.example.org/a.cer>;alg=ES256;ppt=shaken");
        assert_eq!(Identity::parse(&written), Ok(identity));
    }

    #[test]
    fn what_is_no_identity_is_refused() {
        for value in
            ["", ";info=<https://a>", "a b;info=<https://a>", "a;info=https://a", "a;info=<https://a"]
        {
            assert_eq!(Identity::parse(value), Err(HeaderError::Malformed), "{value}");
        }
        assert!(Identity::parse("a.b.c").is_ok_and(|identity| identity.info.is_none()));
    }
}
