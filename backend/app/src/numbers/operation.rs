//! Operations are looked at, and given up.

use super::{Operation, rows};
use crate::{App, Error};
use domain::access::{Actor, Permission};
use store::{searches, stock};
use uuid::Uuid;

/// An operation.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn operation(app: &App, actor: &Actor, id: &str) -> Result<Operation, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let row = searches::operation(app.db().read(), &scope, id).await?;
    row.map_or_else(|| Err(no_operation(id)), rows::operation)
}

/// Gives an operation up: a search lets go of its numbers. What is done already stays done.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn cancel(app: &App, actor: &Actor, id: &str) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let mut row = searches::operation(tx, &scope, id).await?.ok_or_else(|| no_operation(id))?;
            let search = id.strip_prefix("search_").and_then(|id| id.parse::<Uuid>().ok());
            let Some(search) = search else { return Ok(()) };
            if searches::advance(tx, &scope, search, searches::HELD, searches::LAPSED).await? {
                stock::let_go(tx, &scope, search).await?;
                row.status = "canceled".to_owned();
                row.updated_at = app.now();
                searches::put_operation(tx, &scope, row).await?;
            }
            Ok(())
        })
        .await
}

fn no_operation(id: &str) -> Error {
    let shown: String = id.chars().take(80).collect();
    Error::not_found("operationId", format!("there is no operation {shown}"))
}
