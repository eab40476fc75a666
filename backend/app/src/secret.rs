//! A password that is told and never shown again.

use crate::Error;

/// Characters of a password at most.
pub const PASSWORD_MAX: usize = 256;

/// What becomes of a kept password.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Password {
    /// It stays.
    #[default]
    Keep,
    /// It is forgotten.
    Forget,
    /// It is this one from now on.
    Set(String),
}

impl Password {
    /// What a merge-patch says: left out, `null`, or a text.
    #[must_use]
    pub fn of_patch(said: Option<Option<String>>) -> Self {
        match said {
            None => Self::Keep,
            Some(None) => Self::Forget,
            Some(Some(password)) => Self::Set(password),
        }
    }

    /// The sealed password of a row after a change. Without a username there is none.
    pub(crate) fn apply(
        &self,
        has_username: bool,
        before: Option<Vec<u8>>,
        seal: impl FnOnce(&str) -> Vec<u8>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let after = match self {
            Self::Keep => before,
            Self::Forget => None,
            Self::Set(password) => {
                let fits = (1..=PASSWORD_MAX).contains(&password.chars().count());
                if !fits || password.chars().any(char::is_control) {
                    let message =
                        format!("give a password of 1 to {PASSWORD_MAX} characters, or null to forget it");
                    return Err(Error::invalid("credentials.password", message));
                }
                Some(seal(password))
            }
        };
        match (has_username, &after, self) {
            (false, _, Self::Set(_)) => Err(Error::invalid(
                "credentials.username",
                "a password needs the username and the realm that it belongs to",
            )),
            (false, _, _) => Ok(None),
            (true, None, _) => Err(Error::invalid(
                "credentials.password",
                "give the password with which challenges of that realm are answered",
            )),
            (true, Some(_), _) => Ok(after),
        }
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Forget => "Forget",
            Self::Set(_) => "Set(…)",
        })
    }
}
