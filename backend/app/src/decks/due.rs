//! Versions of plans and decks whose time has come.

use super::confirm::apply;
use crate::{
    App, Error, plans,
    snapshot::{Changed, refresh},
};
use domain::access::Scope;
use store::prices;

/// Has scheduled versions of plans and decks come into force whose time has come. How many there were.
///
/// # Errors
/// [`Error::Internal`] where the database fails: they come into force with the next run.
pub(crate) async fn apply_due(app: &App) -> Result<usize, Error> {
    let scope = Scope::system("prices come into force for every tenant");
    let (now, on) = (app.now(), app.db().read());
    let is_quiet = prices::due_plan_versions(on, &scope, now).await?.is_empty()
        && prices::due_deck_versions(on, &scope, now).await?.is_empty();
    if is_quiet {
        return Ok(0);
    }
    let count = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let plans = prices::due_plan_versions(tx, &scope, now).await?;
            let decks = prices::due_deck_versions(tx, &scope, now).await?;
            let count = plans.len() + decks.len();
            for row in plans {
                plans::apply(tx, &scope, row).await?;
            }
            for row in decks {
                apply(tx, &scope, row).await?;
            }
            Ok(count)
        })
        .await?;
    refresh(app, Changed::Platform).await?;
    Ok(count)
}
