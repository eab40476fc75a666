//! Somebody signs out.

use super::hashed;
use crate::{App, Error};
use domain::access::Scope;

/// Ends a session; a session that is not there has ended already.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn close(app: &App, token: &str) -> Result<(), Error> {
    let scope = Scope::system("whoever has a session's token may end it");
    let id = hashed(token);
    app.db().write::<_, Error, _>(async |tx| Ok(store::users::close_session(tx, &scope, &id).await?)).await
}
