//! The operator changes a carrier.

use super::{CarrierView, audited, check, rows};
use crate::{
    App, Error, Password,
    audit::{self, seen},
    decks,
};
use domain::{
    access::{Actor, Permission},
    config::Carrier,
    ids::CarrierId,
};
use store::carriers::get;

/// Changes a carrier: `edit` is given it as it is, and answers it as it is to be, with what becomes of its password. It
/// may be asked more than once. Operators only; of the simulated one, hosts and what it carries stay as they are.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] by field, [`Error::Conflict`] where there is one of that
/// name, `BelowCost` (409) where a plan would sell below cost by it, not `below_cost` says that this is meant, and it did not
/// before; what `edit` answers.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: CarrierId,
    below_cost: bool,
    edit: impl Fn(Carrier) -> Result<(Carrier, Password), Error>,
) -> Result<CarrierView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    if !below_cost {
        let row = get(app.db().read(), &scope, id).await?.ok_or_else(no_carrier)?;
        let before = rows::read(row)?;
        let (after, _) = edit(before.clone())?;
        let after = Carrier { id, sandbox: before.sandbox, ..after };
        if is_dearer(&before, &after) {
            let mut after = check::tidy(after)?;
            check::currency(app, &after)?;
            check::deck(app, &scope, &mut after).await?;
            decks::check_carrier(app, &scope, Some(&before), after).await?;
        }
    }
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = get(tx, &scope, id).await?.ok_or_else(no_carrier)?;
            let before = rows::read(row.clone())?;
            let (after, password) = edit(before.clone())?;
            let after = Carrier { id, sandbox: before.sandbox, ..after };
            if before.sandbox && !is_same_way(&before, &after) {
                return Err(Error::invalid(
                    "id",
                    "the simulated carrier can be switched on and off, and limited, but no more",
                ));
            }
            let mut after = check::tidy(after)?;
            check::currency(app, &after)?;
            check::deck(app, &scope, &mut after).await?;
            let mut row = rows::with(row, &after)?;
            let has_username = after.policy.credentials.is_some();
            let secret = row.outbound_secret.take();
            row.outbound_secret =
                password.apply(has_username, secret, |password| rows::seal(app, &row, password))?;
            store::carriers::update(tx, &scope, row).await.map_err(|error| match error {
                store::Error::Taken(_) => Error::conflict("name", "there is a carrier of that name already"),
                other => other.into(),
            })?;
            let change = audited(actor, "carrier.update", &before.name, seen(&before), &after);
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    super::changed(app).await?;
    super::get(app, actor, id).await
}

/// Whether it may ask more than it did, or carry less.
fn is_dearer(before: &Carrier, after: &Carrier) -> bool {
    before.prefixes != after.prefixes
        || before.currency != after.currency
        || before.enabled != after.enabled
        || before.deck.as_ref().map(|used| used.deck) != after.deck.as_ref().map(|used| used.deck)
}

/// Whether calls go to it as they did.
fn is_same_way(before: &Carrier, after: &Carrier) -> bool {
    before.name == after.name
        && before.hosts == after.hosts
        && before.prefixes == after.prefixes
        && before.deck == after.deck
        && before.caller_id == after.caller_id
        && before.policy == after.policy
}

pub(super) fn no_carrier() -> Error {
    Error::not_found("carrier", "there is no such carrier: GET /api/v1/operator/carriers lists them")
}
