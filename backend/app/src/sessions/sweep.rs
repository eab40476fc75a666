//! Ended sessions go.

use crate::{App, Error};
use domain::access::Scope;

/// Deletes the sessions that have ended, and says how many.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(app: &App) -> Result<u64, Error> {
    let scope = Scope::system("ended sessions of all tenants go");
    let now = app.now();
    app.db().write::<_, Error, _>(async |tx| Ok(store::users::sweep_sessions(tx, &scope, now).await?)).await
}
