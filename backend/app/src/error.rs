//! What a use case answers instead of its result. A door turns it into its own words; see each variant for the status.

use domain::{access::Denied, config::Fault, money::Money};

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 404: there is no such thing in the actor's reach.
    #[error("{message}")]
    NotFound {
        /// What is not there, one sentence.
        message: String,
        /// The field or noun.
        target: Option<String>,
    },
    /// 400, 403 or 422: the request says what cannot be done.
    #[error("{message}")]
    Invalid {
        /// 400, 403 or 422.
        status: u16,
        /// The code of the envelope: `InvalidInput`, `UnprocessableConfiguration`, …
        code: &'static str,
        /// What is wrong, and how to mend it.
        message: String,
        /// The field.
        target: Option<String>,
        /// The code and message of the inner error, where the protocol wants one.
        inner: Option<(&'static str, String)>,
    },
    /// 409: it is there already, or changed meanwhile.
    #[error("{message}")]
    Conflict {
        /// What is in the way.
        message: String,
        /// The field.
        target: Option<String>,
    },
    /// 401: nobody we know, or not with these credentials.
    #[error("{message}")]
    Unauthenticated {
        /// What to do.
        message: String,
    },
    /// 403, or 404 for things of a tenant that the actor is a stranger to.
    #[error("{message}")]
    Denied {
        /// What is not allowed.
        message: String,
    },
    /// 402: the balance does not cover it.
    #[error("{message}")]
    PaymentRequired {
        /// What to do.
        message: String,
        /// How much is missing.
        missing: Money,
    },
    /// 429: too often.
    #[error("{message}")]
    TooMany {
        /// What was too often.
        message: String,
        /// Seconds until it is worth another try.
        retry_after: u32,
    },
    /// 503: not now.
    #[error("this cannot be done at this moment: try again in {retry_after} s")]
    Unavailable {
        /// Seconds until it is worth another try.
        retry_after: u32,
    },
    /// 500: ours. The door logs it once, and shows none of it.
    #[error("something failed here; it was logged")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why the app could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database failed.
    #[error("the database cannot be used")]
    Database(#[from] store::Error),
    /// A use case of the start failed.
    #[error("the start failed")]
    UseCase(#[from] Error),
}

impl Error {
    /// 404 for a noun.
    #[must_use]
    pub fn not_found(target: &str, message: impl Into<String>) -> Self {
        Self::NotFound { message: message.into(), target: Some(target.to_owned()) }
    }

    /// 400 `InvalidInput` for a field.
    #[must_use]
    pub fn invalid(target: &str, message: impl Into<String>) -> Self {
        Self::Invalid {
            status: 400,
            code: "InvalidInput",
            message: message.into(),
            target: Some(target.to_owned()),
            inner: None,
        }
    }

    /// 409 for a field.
    #[must_use]
    pub fn conflict(target: &str, message: impl Into<String>) -> Self {
        Self::Conflict { message: message.into(), target: Some(target.to_owned()) }
    }

    /// 401.
    #[must_use]
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::Unauthenticated { message: message.into() }
    }

    /// What lost a race for the database, each time that it was tried, may be asked for again: 503. Others stay.
    #[must_use]
    pub fn settled(self) -> Self {
        match &self {
            Self::Internal(source) if store::is_transient(source.as_ref()) => {
                Self::Unavailable { retry_after: 1 }
            }
            _ => self,
        }
    }

    /// 500, with its cause for the log.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Missing => {
                Self::NotFound { message: "there is no such thing here".to_owned(), target: None }
            }
            store::Error::Taken(_) => {
                Self::Conflict { message: "that is there already".to_owned(), target: None }
            }
            store::Error::Crowded(_) => Self::Unavailable { retry_after: 1 },
            // The source is kept, so that a write transaction that lost a race is tried again.
            other => Self::Internal(Box::new(other)),
        }
    }
}

/// A setting that the domain refuses: 400 for its field.
pub(crate) fn faulty(fault: Fault) -> Error {
    Error::invalid(&fault.field, fault.message)
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Self::Denied { message: denied.to_string() }
    }
}
