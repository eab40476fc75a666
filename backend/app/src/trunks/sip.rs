//! The SIP configuration of the data plane.

use super::{SipConfiguration, SipPatch};
use crate::{App, Error};
use domain::access::Actor;

/// Trunks and routes of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`].
pub async fn sip_get(_app: &App, _actor: &Actor) -> Result<SipConfiguration, Error> {
    crate::error::later()
}

/// Changes trunks and routes, all or nothing.
///
/// # Errors
/// [`Error::Invalid`] with the inner codes of the protocol.
pub async fn sip_patch(_app: &App, _actor: &Actor, _patch: SipPatch) -> Result<SipConfiguration, Error> {
    crate::error::later()
}
