//! A tenant looks at one of its numbers.

use super::{OwnedNumber, rows};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    phone::E164,
};

/// A number of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, number: E164) -> Result<OwnedNumber, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let row = store::leases::get(app.db().read(), &scope, &number.to_string()).await?;
    rows::owned(&row.ok_or_else(|| rows::no_number(number))?)
}
