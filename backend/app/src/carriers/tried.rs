//! A carrier as it would be.

use super::{change::no_carrier, check};
use crate::{App, Error};
use domain::{access::Scope, config::Carrier};
use store::carriers::get;

/// The draft of a carrier, where it can be; of the simulated one there is none.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] by field.
pub(crate) async fn drafted(app: &App, scope: &Scope, draft: Carrier) -> Result<Carrier, Error> {
    let row = get(app.db().read(), scope, draft.id).await?.ok_or_else(no_carrier)?;
    if row.sandbox {
        return Err(Error::invalid("carrier", "the simulated carrier comes and goes by itself"));
    }
    let mut draft = check::tidy(Carrier { sandbox: false, ..draft })?;
    check::currency(app, &draft)?;
    check::deck(app, scope, &mut draft).await?;
    Ok(draft)
}
