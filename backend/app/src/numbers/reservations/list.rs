//! A tenant looks at its reservations.

use super::{Reservation, WantedNumber, items, no_reservation};
use crate::{
    App, Error, List, Window,
    numbers::rows,
    suppliers::{self, Choice},
};
use domain::{
    access::{Actor, Permission},
    numbering::{AssignmentType, NumberType},
    phone::E164,
};
use store::{reservations, stock};
use uuid::Uuid;

/// A reservation of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<Reservation, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let row = reservations::named(app.db().read(), &scope, id).await?;
    items::view(app, &row.ok_or_else(|| no_reservation(id))?)
}

/// The reservations of the actor's tenant, the newest first.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor, window: Window) -> Result<List<Reservation>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let rows = reservations::list(app.db().read(), &scope, window.passed(), window.fetch()).await?;
    Ok(window.cut(rows.iter().map(|row| items::view(app, row)).collect::<Result<_, _>>()?))
}

/// A number that is for sale as it could be held, for any of its uses: what it can do, for programs. `kind` is the country
/// and type under which it was seen: numbers of outside suppliers are found by them.
///
/// # Errors
/// [`Error::NotFound`] where it is not for sale here.
pub async fn candidate(
    app: &App,
    actor: &Actor,
    number: E164,
    (country, number_type): (&str, NumberType),
) -> Result<WantedNumber, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let mut row = stock::get(app.db().read(), &scope, &number.to_string()).await?;
    if row.is_none() {
        row = suppliers::offered(app, &Choice { number, country: country.to_owned(), number_type }).await?;
    }
    let row = row.ok_or_else(|| Error::not_found("number", format!("{number} is not for sale here")))?;
    Ok(WantedNumber {
        number,
        number_type: row.number_type.parse().map_err(Error::internal)?,
        assignment_type: AssignmentType::Application,
        capabilities: rows::capabilities(&row.calling, &row.sms)?,
        country: row.country,
    })
}
