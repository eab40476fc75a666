//! The operator looks at the plans.

use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    rating::PricePlan,
};

/// All plans, by name. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub fn list(app: &App, actor: &Actor) -> Result<Vec<PricePlan>, Error> {
    actor.scope(Permission::Operate)?;
    Ok(app.live().config.platform.value.plans.clone())
}
