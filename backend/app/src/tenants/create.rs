//! The operator makes a tenant.

use super::{
    NewTenant, SignedUp,
    found::{Start, found},
};
use crate::{App, Error};
use domain::access::{Actor, Permission};

/// Makes a tenant for a customer, verified already. Operators only.
///
/// # Errors
/// As [`sign_up`](super::sign_up), and [`Error::Denied`].
pub async fn create(app: &App, actor: &Actor, new: NewTenant) -> Result<SignedUp, Error> {
    actor.scope(Permission::Operate)?;
    found(app, &new, Start { actor: &actor.name, verified: true, invitation: None }).await
}
