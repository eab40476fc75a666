//! What the operator sets for the whole platform: each setting is one value under a name.

use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::access::{Actor, Scope};
use serde::Serialize;
use store::{Tx, platform};

/// Puts a setting into the place of the one `before`, and writes down who did, in one transaction. `name` is what it is kept under and the
/// audit's target, `what` the audit's word. Whether it may be is the caller's to have checked.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub(crate) async fn put<T: Serialize>(
    app: &App,
    (actor, scope): (&Actor, &Scope),
    (name, what): (&str, &'static str),
    wanted: &T,
    before: impl AsyncFn(&Tx) -> Result<T, Error>,
) -> Result<(), Error> {
    let json = serde_json::to_vec(wanted).map_err(Error::internal)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = before(tx).await?;
            platform::put_value(tx, scope, name, json.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what,
                target: name,
                before: seen(&before),
                after: seen(wanted),
            };
            audit::record(app, tx, scope, change).await
        })
        .await
}
