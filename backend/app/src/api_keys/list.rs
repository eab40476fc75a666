//! Somebody looks at the keys.

use super::{ApiKeyView, owner_of, view};
use crate::{App, Error, Page, PageRequest};
use domain::access::Actor;
use store::api_keys;

/// The keys of the actor's tenant, or those of the operator, youngest first; revoked and expired ones for a while.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<ApiKeyView>, Error> {
    let (scope, owner) = owner_of(actor)?;
    let rows = api_keys::list(app.db().read(), &scope, owner, page.key()?, page.limit()).await?;
    let now = app.now();
    let views = rows.iter().map(|row| view(row, now)).collect::<Result<_, _>>()?;
    Ok(page.cut(views, |key: &ApiKeyView| key.id.to_string()))
}
