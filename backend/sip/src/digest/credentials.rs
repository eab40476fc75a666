//! Authorization and Proxy-Authorization (RFC 3261 §20.7, RFC 7616 §3.4).

use super::fields::Fields;
use super::{Algorithm, DigestError, Qop};

/// `nc` is eight hex digits (RFC 7616 §3.4); fewer are tolerated.
const NC_DIGITS_MAX: usize = 8;

/// The answer to a challenge, as a client sent it. Nothing of it is true before [`verify`](super::verify)
/// says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Who the client says it is.
    pub username: String,
    /// The realm of the challenge.
    pub realm: String,
    /// The nonce of the challenge.
    pub nonce: String,
    /// The URI that is hashed; whoever verifies compares it with the request's.
    pub uri: String,
    /// The hash, in hex.
    pub response: String,
    /// The hash function; MD5 when the header does not say.
    pub algorithm: Algorithm,
    /// The client's own nonce; there whenever `qop` is.
    pub cnonce: Option<String>,
    /// The text of the challenge returned.
    pub opaque: Option<String>,
    /// The quality that the client chose.
    pub qop: Option<Qop>,
    /// How often the client used the nonce; there whenever `qop` is.
    pub nc: Option<u32>,
}

impl Credentials {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// When it is no Digest answer, a parameter is missing or malformed, or the algorithm or qop is
    /// unknown.
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let mut fields = Fields::parse(value)?;
        let algorithm = match fields.get("algorithm") {
            None => Algorithm::Md5,
            Some(name) => Algorithm::from_name(name).ok_or(DigestError::Algorithm)?,
        };
        let qop = fields.get("qop").map(|name| Qop::from_name(name).ok_or(DigestError::Qop)).transpose()?;
        let nc = fields.get("nc").map(|nc| count(nc).ok_or(DigestError::Malformed)).transpose()?;
        if qop.is_some() && nc.is_none() {
            return Err(DigestError::Missing("nc"));
        }
        if qop.is_some() && fields.get("cnonce").is_none() {
            return Err(DigestError::Missing("cnonce"));
        }
        Ok(Self {
            username: fields.need("username")?,
            realm: fields.need("realm")?,
            nonce: fields.need("nonce")?,
            uri: fields.need("uri")?,
            response: fields.need("response")?,
            algorithm,
            cnonce: fields.take("cnonce"),
            opaque: fields.take("opaque"),
            qop,
            nc,
        })
    }
}

fn count(nc: &str) -> Option<u32> {
    let is_hex =
        !nc.is_empty() && nc.len() <= NC_DIGITS_MAX && nc.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(nc, 16).ok())?
}
