//! Our registrations with the registrars of carriers and PBXs that want one (RFC 3261 §10.2). The settings are in the
//! database, the password sealed; how each stands is in memory, and starts anew with the process.
//!
//! [`tick`] is the job: it sends the REGISTERs that are due. [`set`], [`get`] and [`delete`] are the doors' verbs.

mod ask;
mod check;
mod set;
mod state;
mod view;

pub use ask::tick;
pub(crate) use set::load;
pub use set::{delete, delete_of_carrier, set, set_of_carrier};
pub(crate) use state::State;
pub use view::{RegistrationView, get, get_of_carrier};

use domain::config::Transport;
use serde::{Deserialize, Serialize};

/// The settings of a registration, as somebody gives them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRegistration {
    /// The registrar: a name or an address.
    pub registrar: String,
    /// Its port; without one the DNS says it.
    #[serde(default)]
    pub port: Option<u16>,
    /// `udp`, `tcp` or `tls`; without one the DNS says it.
    #[serde(default)]
    pub transport: Option<Transport>,
    /// The domain of the address of record; the registrar's name where none is given.
    #[serde(default)]
    pub domain: Option<String>,
    /// The digest username, which is the user of the address of record too.
    pub username: String,
    /// The password; may be left out where it stays as it is.
    #[serde(default)]
    pub password: Option<String>,
    /// The user part of our Contact; the username where none is given.
    #[serde(default)]
    pub contact_user: Option<String>,
    /// Seconds to ask for.
    #[serde(default)]
    pub expires_seconds: Option<u32>,
}

impl std::fmt::Debug for NewRegistration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRegistration")
            .field("registrar", &self.registrar)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
