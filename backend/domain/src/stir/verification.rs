//! What was found out about the signature of a call, and what is done about it.

use super::{Attestation, FRESH_SECONDS, Passport, Verstat};
use crate::numbering::words;
use serde::{Deserialize, Serialize};

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It cannot be read.
    #[error("the Identity header cannot be read: {0}")]
    Malformed(&'static str),
    /// Its extension or algorithm is not known here.
    #[error("the Identity header is of a kind that is not known here: {0}")]
    Unsupported(String),
    /// It was signed too long ago, or in the future.
    #[error("the Identity header was signed {0} seconds away from now, and {FRESH_SECONDS} are allowed")]
    Stale(i64),
    /// It is about another caller or callee.
    #[error("the Identity header is about another call: its {0} is not this call's")]
    Other(&'static str),
    /// The certificate of its signer could not be had.
    #[error("the certificate of the signer could not be had: {0}")]
    NoCertificate(String),
    /// The certificate of its signer is not to be believed.
    #[error("the certificate of the signer is not believed: {0}")]
    Certificate(String),
    /// The signature is not one of that certificate's key.
    #[error("the signature does not fit what is signed and the key of the certificate")]
    Signature,
}

/// Why a call is not verified, as one stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// [`Fault::Malformed`].
    Malformed,
    /// [`Fault::Unsupported`].
    Unsupported,
    /// [`Fault::Stale`].
    Stale,
    /// [`Fault::Other`].
    OtherCall,
    /// [`Fault::NoCertificate`].
    NoCertificate,
    /// [`Fault::Certificate`].
    UntrustedCertificate,
    /// [`Fault::Signature`].
    BadSignature,
}

words! {
    Reason {
        Malformed = "malformed", Unsupported = "unsupported", Stale = "stale", OtherCall = "other-call",
        NoCertificate = "no-certificate", UntrustedCertificate = "untrusted-certificate",
        BadSignature = "bad-signature",
    }
}

impl Fault {
    /// Its word.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Malformed(_) => Reason::Malformed,
            Self::Unsupported(_) => Reason::Unsupported,
            Self::Stale(_) => Reason::Stale,
            Self::Other(_) => Reason::OtherCall,
            Self::NoCertificate(_) => Reason::NoCertificate,
            Self::Certificate(_) => Reason::UntrustedCertificate,
            Self::Signature => Reason::BadSignature,
        }
    }
}

impl Reason {
    /// The SIP status of a refusal for it (RFC 8224 §6.2.2): 403 Stale Date, 436 Bad Identity Info, 437 Unsupported
    /// Credential, 438 Invalid Identity Header.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Stale => 403,
            Self::NoCertificate => 436,
            Self::Unsupported | Self::UntrustedCertificate => 437,
            Self::Malformed | Self::OtherCall | Self::BadSignature => 438,
        }
    }

    /// What is said to the callee: nothing was validated where we lack the means, else validation failed.
    #[must_use]
    pub const fn verstat(self) -> Verstat {
        match self {
            Self::Unsupported | Self::NoCertificate => Verstat::NotValidated,
            Self::Malformed
            | Self::Stale
            | Self::OtherCall
            | Self::UntrustedCertificate
            | Self::BadSignature => Verstat::Failed,
        }
    }
}

/// The status of a refusal of a call that is not signed at all (RFC 8224 §6.2.2: Use Identity Header).
pub const USE_IDENTITY: u16 = 428;
/// The status of a refusal in the name of whoever is called (RFC 8197).
pub const UNWANTED: u16 = 607;

/// What was found out about the Identity header of a call: a fact on which it is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// The result.
    pub verstat: Verstat,
    /// How well the signer says it knows the caller; to be believed only where validation passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attest: Option<Attestation>,
    /// Why it is not validated; `None` where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One sentence.
    pub text: String,
    /// The service provider code of the signer's certificate (RFC 8226 §9), once the certificate was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// Where the call entered the signer's network, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_id: Option<String>,
    /// Where the certificate of the signer is, as the header says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x5u: Option<String>,
}

impl Verification {
    /// The signature is sound, and is about this call.
    #[must_use]
    pub fn passed(passport: &Passport, signer: &str, x5u: &str) -> Self {
        let letter = passport.attest.letter();
        Self {
            verstat: Verstat::Passed,
            attest: Some(passport.attest),
            reason: None,
            text: format!("{signer} signed the call, and attests {letter}"),
            signer: Some(signer.to_owned()),
            origin_id: Some(passport.origin_id.clone()),
            x5u: Some(x5u.to_owned()),
        }
    }

    /// The signature is not to be believed.
    #[must_use]
    pub fn faulty(fault: &Fault) -> Self {
        Self {
            verstat: fault.reason().verstat(),
            attest: None,
            reason: Some(fault.reason()),
            text: fault.to_string(),
            signer: None,
            origin_id: None,
            x5u: None,
        }
    }

    /// The same with what the token said of itself.
    #[must_use]
    pub fn claiming(self, passport: &Passport, x5u: &str) -> Self {
        Self {
            attest: Some(passport.attest),
            origin_id: Some(passport.origin_id.clone()),
            x5u: Some(x5u.to_owned()),
            ..self
        }
    }
}

/// What becomes of a call whose caller is not verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Handling {
    /// It goes on, and the callee's trunk is told nothing.
    Pass,
    /// It goes on, and the callee's trunk is told (`verstat`).
    #[default]
    Mark,
    /// It is refused with the status of RFC 8224 §6.2.2 that fits.
    Refuse,
    /// It is refused with 607 Unwanted (RFC 8197).
    Unwanted,
}

/// Whether calls to a carrier are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Signing {
    /// Every call that shows a number.
    #[default]
    Always,
    /// Only those of which we can attest A.
    FullOnly,
    /// None.
    Never,
}

words! {
    Handling { Pass = "pass", Mark = "mark", Refuse = "refuse", Unwanted = "unwanted" }
    Signing { Always = "always", FullOnly = "fullOnly", Never = "never" }
}

impl Handling {
    /// Whether the call is refused.
    #[must_use]
    pub const fn refuses(self) -> bool {
        matches!(self, Self::Refuse | Self::Unwanted)
    }
}

/// What the operator set about calls that come from carriers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Policy {
    /// Whether Identity is verified: some root is trusted.
    pub verifies: bool,
    /// What becomes of a call whose validation failed.
    pub failed: Handling,
    /// What becomes of a call that is not signed, or by means that we lack.
    pub missing: Handling,
}

/// What a tenant set about calls to its numbers; `None` is as the operator set it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TenantHandling {
    /// See [`Policy::failed`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Handling>,
    /// See [`Policy::missing`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Handling>,
}

impl Policy {
    /// What becomes of a call with this result to a number of a tenant: the tenant's word, but for what the operator
    /// refuses. A passed validation is always told.
    #[must_use]
    pub fn handling(&self, tenant: TenantHandling, verstat: Verstat) -> Handling {
        let (ours, theirs) = match verstat {
            Verstat::Passed => return Handling::Mark,
            Verstat::Failed => (self.failed, tenant.failed),
            Verstat::NotValidated => (self.missing, tenant.missing),
        };
        if ours.refuses() { ours } else { theirs.unwrap_or(ours) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_status_and_what_the_callee_is_told() {
        let table = [
            (Fault::Malformed("x"), "malformed", 438, Verstat::Failed),
            (Fault::Unsupported("x".into()), "unsupported", 437, Verstat::NotValidated),
            (Fault::Stale(61), "stale", 403, Verstat::Failed),
            (Fault::Other("orig"), "other-call", 438, Verstat::Failed),
            (Fault::NoCertificate("x".into()), "no-certificate", 436, Verstat::NotValidated),
            (Fault::Certificate("x".into()), "untrusted-certificate", 437, Verstat::Failed),
            (Fault::Signature, "bad-signature", 438, Verstat::Failed),
        ];
        for (fault, word, status, verstat) in table {
            let found = Verification::faulty(&fault);
            let reason = found.reason.expect("a reason");
            assert_eq!((reason.word(), reason.status(), found.verstat), (word, status, verstat));
            assert_eq!(found.text, fault.to_string());
        }
    }

    #[test]
    fn a_tenant_has_its_way_but_for_what_the_operator_refuses() {
        let own = TenantHandling { failed: Some(Handling::Unwanted), missing: Some(Handling::Pass) };
        let policy = Policy { verifies: true, failed: Handling::Mark, missing: Handling::Mark };
        assert_eq!(policy.handling(own, Verstat::Failed), Handling::Unwanted);
        assert_eq!(policy.handling(own, Verstat::NotValidated), Handling::Pass);
        assert_eq!(policy.handling(TenantHandling::default(), Verstat::Failed), Handling::Mark);
        let strict = Policy { missing: Handling::Refuse, ..policy };
        assert_eq!(strict.handling(own, Verstat::NotValidated), Handling::Refuse);
        assert_eq!(strict.handling(own, Verstat::Passed), Handling::Mark);
    }
}
