//! The operator looks at the invitations.

use super::{InvitationView, view};
use crate::{App, Error, Page, PageRequest};
use domain::access::{Actor, Permission};
use store::invitations;

/// The invitations, youngest first; expired and used ones for a while. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<InvitationView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let rows = invitations::list(app.db().read(), &scope, page.key()?, page.limit()).await?;
    let now = app.now();
    let views = rows.into_iter().map(|row| view(row, now)).collect();
    Ok(page.cut(views, |invitation: &InvitationView| invitation.id.to_string()))
}
