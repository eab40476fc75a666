//! `a=setup` (RFC 4145 §4, RFC 5763 §5, RFC 8842 §5): which side begins the DTLS handshake.

use super::Role;
use std::fmt;

/// What a side says of who begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setup {
    /// It begins itself: it is the client.
    Active,
    /// It waits: it is the server.
    Passive,
    /// It does either; only an offer may say so.
    ActPass,
    /// Nobody begins for now.
    HoldConn,
}

impl Setup {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Active, Self::Passive, Self::ActPass, Self::HoldConn];
    /// What an offer without the line says (RFC 4145 §4).
    pub const OF_OFFER: Self = Self::Active;
    /// What an answer without the line says (RFC 4145 §4).
    pub const OF_ANSWER: Self = Self::Passive;

    /// The value of the line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
            Self::HoldConn => "holdconn",
        }
    }

    /// Reads the value of an `a=setup` line, in any case; `None` where it is none of the four.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        Self::ALL.into_iter().find(|setup| setup.name().as_bytes().eq_ignore_ascii_case(value))
    }

    /// What answers an offer that says this. Where the offer leaves it open, who answers begins (RFC 5763 §5), unless it is to wait.
    #[must_use]
    pub const fn answer(self, waits: bool) -> Self {
        match self {
            Self::Active => Self::Passive,
            Self::Passive => Self::Active,
            Self::ActPass if waits => Self::Passive,
            Self::ActPass => Self::Active,
            Self::HoldConn => Self::HoldConn,
        }
    }

    /// The role of the side that offered this, once it was answered; `None` where nobody begins, or where the answer is none that this
    /// offer may have (the table of RFC 4145 §4.1).
    #[must_use]
    pub const fn role(self, answer: Self) -> Option<Role> {
        match (self, answer) {
            (Self::Active | Self::ActPass, Self::Passive) => Some(Role::Client),
            (Self::Passive | Self::ActPass, Self::Active) => Some(Role::Server),
            _ => None,
        }
    }

    /// Whether this answer is one that the offer may have.
    #[must_use]
    pub const fn may_answer(self, offer: Self) -> bool {
        matches!(
            (offer, self),
            (Self::Active, Self::Passive | Self::HoldConn)
                | (Self::Passive, Self::Active | Self::HoldConn)
                | (Self::ActPass, Self::Active | Self::Passive | Self::HoldConn)
                | (Self::HoldConn, Self::HoldConn)
        )
    }
}

/// The line.
impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a=setup:{}", self.name())
    }
}
