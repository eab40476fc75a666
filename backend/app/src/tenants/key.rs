//! A program signs with an access key.

use crate::{App, Error};
use domain::access::Actor;

/// The actor whose key verifies a request. The Host names the tenant; on a bare host all tenants' keys are tried while there are at most 64 tenants. `verify` gets one key after the other, and says whether the signature is right under it.
///
/// # Errors
/// [`Error::Unauthenticated`] where no key fits; the message names the tenant's endpoint where a bare host cannot be used.
pub fn actor_by_key(_app: &App, _host: &str, _verify: impl Fn(&[u8]) -> bool) -> Result<Actor, Error> {
    crate::error::later()
}
