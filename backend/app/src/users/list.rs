//! A tenant looks at its SIP users.

use super::SipUserView;
use crate::{App, Error, Page, PageRequest};
use domain::{
    access::{Actor, Permission},
    ids::SipUserId,
};
use store::sip_users::SipUser;

/// The SIP users of the actor's tenant, by name.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<SipUserView>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let rows = store::sip_users::list(app.db().read(), &scope, page.after.as_deref(), page.limit()).await?;
    Ok(page.cut(rows.into_iter().map(view).collect(), |user: &SipUserView| user.username.clone()))
}

fn view(row: SipUser) -> SipUserView {
    SipUserView {
        id: SipUserId(row.id),
        username: row.username,
        display_name: row.display_name,
        domain: row.realm,
        created_at: row.created_at,
    }
}
