//! Lapsed holds let go of their numbers, those of searches and those of reservations.

use super::reservations::KEPT_DAYS;
use crate::{App, Error, inventory::ensure_sandbox_stock};
use chrono::Duration;
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
            store::reservations::expire(tx, &scope, now).await?;
            store::reservations::sweep(tx, &scope, now - Duration::days(KEPT_DAYS)).await?;
            let rested = store::stock::end_quarantines(tx, &scope, now).await?;
            Ok(rested + store::stock::expire(tx, &scope, now).await?)
        })
        .await?;
    if freed > 0 {
        // Fictional numbers are not for sale while the sandbox is off.
        ensure_sandbox_stock(app).await?;
    }
    Ok(freed)
}
