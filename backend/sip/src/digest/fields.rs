//! `Digest name=value, name="value"` lists, the common form of challenges and credentials (RFC 7616 §3.3,
//! §3.4).

use super::DigestError;
use crate::header::{is_token, split_comma};

/// The parameters of a Digest header, names as sent, values without quotes.
pub(super) struct Fields(Vec<(String, String)>);

/// More parameters than any RFC defines.
const FIELDS_MAX: usize = 32;

impl Fields {
    /// Reads what follows the scheme word. A name may stand only once, so that no two readers differ.
    pub(super) fn parse(value: &str) -> Result<Self, DigestError> {
        let (scheme, rest) = value.trim_ascii().split_once([' ', '\t']).ok_or(DigestError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(DigestError::Scheme);
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for piece in split_comma(rest) {
            let (name, value) = piece.split_once('=').ok_or(DigestError::Malformed)?;
            let name = name.trim_ascii();
            let is_known = fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
            if is_known || !is_token(name.as_bytes()) || fields.len() == FIELDS_MAX {
                return Err(DigestError::Malformed);
            }
            fields.push((name.to_owned(), unquote(value.trim_ascii())?));
        }
        Ok(Self(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<String> {
        let at = self.0.iter().position(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(self.0.swap_remove(at).1)
    }

    pub(super) fn need(&mut self, name: &'static str) -> Result<String, DigestError> {
        self.take(name).ok_or(DigestError::Missing(name))
    }
}

/// A token as it is, a quoted string without quotes and escapes.
fn unquote(value: &str) -> Result<String, DigestError> {
    let Some(rest) = value.strip_prefix('"') else {
        return if value.is_empty() || value.contains('"') {
            Err(DigestError::Malformed)
        } else {
            Ok(value.to_owned())
        };
    };
    let mut plain = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    loop {
        match chars.next().ok_or(DigestError::Malformed)? {
            '"' => break,
            '\\' => plain.push(chars.next().ok_or(DigestError::Malformed)?),
            c => plain.push(c),
        }
    }
    if chars.as_str().is_empty() { Ok(plain) } else { Err(DigestError::Malformed) }
}
