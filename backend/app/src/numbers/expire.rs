//! Lapsed holds let go of their numbers.

use crate::{App, Error, inventory::ensure_sandbox_stock};
use domain::access::Scope;

/// Frees the numbers whose hold has lapsed, and says how many. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn expire(app: &App) -> Result<u64, Error> {
    let scope = Scope::system("lapsed holds of all tenants let go");
    let now = app.now();
    let freed = app
        .db()
        .write::<_, Error, _>(async |tx| {
            store::searches::expire(tx, &scope, now).await?;
            Ok(store::stock::expire(tx, &scope, now).await?)
        })
        .await?;
    if freed > 0 {
        // Fictional numbers are not for sale while the sandbox is off.
        ensure_sandbox_stock(app).await?;
    }
    Ok(freed)
}
