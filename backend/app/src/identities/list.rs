//! A tenant looks at the users of its app.

use super::IdentityView;
use crate::{App, Error, Page, PageRequest};
use domain::{
    access::{Actor, Permission},
    identity::AppUser,
    ids::TenantId,
};

/// The users of the actor's tenant, oldest first.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<IdentityView>, Error> {
    let scope = actor.scope(Permission::ManageIdentities)?;
    let rows = store::identities::list(app.db().read(), &scope, page.key()?, page.limit()).await?;
    let views = rows.into_iter().map(|row| IdentityView {
        user: AppUser { tenant: TenantId(row.tenant_id), id: row.id },
        created_at: row.created_at,
        revoked_at: row.revoked_at,
    });
    Ok(page.cut(views.collect(), |view| view.user.id.to_string()))
}
