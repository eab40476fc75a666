//! The operator changes a tenant.

use super::{TenantPatch, TenantView};
use crate::{App, Error};
use domain::access::Actor;
use domain::ids::TenantId;

/// Changes status, limits or plan of a tenant. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] for a bad limit or an unknown plan.
pub async fn update(
    _app: &App,
    _actor: &Actor,
    _id: TenantId,
    _patch: TenantPatch,
) -> Result<TenantView, Error> {
    crate::error::later()
}
