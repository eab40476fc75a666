//! The operator looks at the tenants.

use super::TenantView;
use crate::window::{List, Window};
use crate::{App, Error};
use domain::access::Actor;

/// All tenants, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor, _window: Window) -> Result<List<TenantView>, Error> {
    crate::error::later()
}
