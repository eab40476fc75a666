//! In what a tenant pays.

use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    money::Currency,
};

/// The currency of the actor's tenant: that of its price plan, which is that of its account.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub fn currency(app: &App, actor: &Actor) -> Result<Currency, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let live = app.live();
    let plan = scope.tenant().and_then(|id| {
        let piece = live.config.tenant(id)?;
        live.config.plan(piece.piece.value.plan)
    });
    plan.map(|plan| plan.currency).ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))
}
