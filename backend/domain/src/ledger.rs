//! The words of the ledger.

use serde::{Deserialize, Serialize};

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryKind {
    /// The tenant paid in.
    TopUp,
    /// The operator gave credit, play credit of the sandbox among it.
    Credit,
    /// A set-up fee.
    Setup,
    /// A number's monthly lease.
    Lease,
    /// A call.
    Usage,
    /// A tax.
    Tax,
    /// Money given back.
    Refund,
    /// The opposite of an earlier entry.
    Reversal,
}

impl EntryKind {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TopUp => "topUp",
            Self::Credit => "credit",
            Self::Setup => "setup",
            Self::Lease => "lease",
            Self::Usage => "usage",
            Self::Tax => "tax",
            Self::Refund => "refund",
            Self::Reversal => "reversal",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::TopUp,
            Self::Credit,
            Self::Setup,
            Self::Lease,
            Self::Usage,
            Self::Tax,
            Self::Refund,
            Self::Reversal,
        ]
        .into_iter()
        .find(|kind| kind.word() == word)
    }
}
