//! The heartbeat of this node.

use crate::{App, Error};
use domain::access::Scope;

/// Writes down that this node is at work. For the jobs: every five seconds, so that a crash loses the charge of no more
/// than that.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn beat(app: &App) -> Result<(), Error> {
    let scope = Scope::system("a heartbeat is the node's own");
    let (node, started_at, at) = (&app.settings().node, app.calls().started_at, app.now());
    app.db()
        .write::<_, Error, _>(async |tx| Ok(store::heartbeat::beat(tx, &scope, node, started_at, at).await?))
        .await
}
