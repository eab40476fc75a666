//! The users of a tenant's apps, as the identity protocol names them.

use crate::ids::TenantId;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// A user of a tenant's app: `8:acs:<tenant>_<user>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AppUser {
    /// Whose app it uses.
    pub tenant: TenantId,
    /// Which user.
    pub id: Uuid,
}

/// The text is no name of an app's user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user's id has the form 8:acs:<resource>_<user>")]
pub struct NoAppUser;

/// What names a user of an app, before the two parts.
const KIND: &str = "8:acs:";

impl fmt::Display for AppUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KIND}{}_{}", self.tenant.0, self.id)
    }
}

impl FromStr for AppUser {
    type Err = NoAppUser;

    fn from_str(text: &str) -> Result<Self, NoAppUser> {
        let (tenant, id) = text.strip_prefix(KIND).and_then(|rest| rest.split_once('_')).ok_or(NoAppUser)?;
        let read = |text: &str| Uuid::try_parse(text).map_err(|_| NoAppUser);
        Ok(Self { tenant: TenantId(read(tenant)?), id: read(id)? })
    }
}

impl AppUser {
    /// The name under which the user's phone registers in its tenant's SIP domain.
    #[must_use]
    pub fn sip_username(&self) -> String {
        self.id.to_string()
    }
}

/// What a token lets its bearer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TokenScope {
    /// Chat.
    #[serde(rename = "chat")]
    Chat,
    /// Take part in chats, and begin none.
    #[serde(rename = "chat.join")]
    ChatJoin,
    /// Take part in chats, without reading what was said before.
    #[serde(rename = "chat.join.limited")]
    ChatJoinLimited,
    /// Calls, both ways.
    #[serde(rename = "voip")]
    Voip,
    /// Be called, and begin no call.
    #[serde(rename = "voip.join")]
    VoipJoin,
}

impl TokenScope {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Chat, Self::ChatJoin, Self::ChatJoinLimited, Self::Voip, Self::VoipJoin];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::ChatJoin => "chat.join",
            Self::ChatJoinLimited => "chat.join.limited",
            Self::Voip => "voip",
            Self::VoipJoin => "voip.join",
        }
    }

    /// The scope of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }

    /// Whether a phone may register with it.
    #[must_use]
    pub const fn registers(self) -> bool {
        matches!(self, Self::Voip | Self::VoipJoin)
    }

    /// Whether calls may be begun with it.
    #[must_use]
    pub const fn calls(self) -> bool {
        matches!(self, Self::Voip)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written_and_nothing_else_is_a_name() {
        let user = AppUser { tenant: TenantId(Uuid::from_u128(7)), id: Uuid::from_u128(9) };
        let text = user.to_string();
        assert_eq!(text, "8:acs:00000000-0000-0000-0000-000000000007_00000000-0000-0000-0000-000000000009");
        assert_eq!(text.parse::<AppUser>().unwrap(), user);
        for wrong in ["", "8:acs:", "8:orgid:1_2", "4:+12125550100", &text[1..], &format!("{text}0")] {
            assert_eq!(wrong.parse::<AppUser>(), Err(NoAppUser), "{wrong}");
        }
    }

    #[test]
    fn the_word_of_a_scope_is_the_one_that_serde_writes() {
        for scope in TokenScope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.word());
            assert_eq!(TokenScope::from_word(scope.word()), Some(scope));
        }
        assert!(
            TokenScope::Voip.calls() && TokenScope::VoipJoin.registers() && !TokenScope::VoipJoin.calls()
        );
        assert!(!TokenScope::Chat.registers());
    }
}
