//! What a search or reservation holds is bought at its suppliers, ahead of the transaction that makes it the tenant's; and
//! given back where that transaction does not come about.

use super::{
    Inventory, NumberSupplier, Order, Outside, Shelf, SupplierError,
    outside::{give_back, scope as platform},
};
use crate::{App, Error};
use chrono::{DateTime, Duration, Utc};
use domain::{access::Scope, money::Money};
use std::collections::BTreeSet;
use store::{
    Tx,
    stock::{self, Stock},
    suppliers::{self, BOUGHT, BUYING, HELD, HOLDING, Order as Step, RELEASING, Supplier},
};
use uuid::Uuid;

/// Steps that one run of the job looks at.
const BATCH: u64 = 50;
/// Minutes after which nobody waits for the end of a step any more.
const LOST_MINUTES: i64 = 3;

/// Buys everything that a reference holds at the suppliers that it comes from. To be asked before leases are written; what
/// was bought already is not bought again. Where one supplier fails, what the others from outside sold is given back.
///
/// # Errors
/// [`Error::Conflict`] where something is not to be had any more; [`Error::PaymentRequired`] before an outside supplier is
/// asked for what the balance does not cover.
pub(crate) async fn buy(app: &App, scope: &Scope, reference: Uuid) -> Result<(), Error> {
    let held = stock::held_by(app.db().read(), scope, reference).await?;
    let Some(until) = held.iter().filter_map(|row| row.held_until).min() else { return Ok(()) };
    // All of them, so that none lapses while an outside supplier answers.
    let inventory = Inventory::new(app, scope, None, Shelf::Own);
    inventory.buy(&Order { reference, numbers: &held, until, at_most: until }).await.map_err(lost)?;
    let suppliers: BTreeSet<Uuid> = held.iter().filter_map(|row| row.supplier_id).collect();
    if suppliers.is_empty() {
        return Ok(());
    }
    check_funds(app, scope, &held).await?;
    for id in suppliers {
        let row = suppliers::get(app.db().read(), &platform(), id).await?.ok_or_else(lapsed)?;
        let numbers: Vec<Stock> = held.iter().filter(|row| row.supplier_id == Some(id)).cloned().collect();
        let order = Order { reference, numbers: &numbers, until, at_most: until };
        if let Err(error) = Outside::new(app, row).buy(&order).await {
            undo(app, reference).await?;
            return Err(lost(error));
        }
    }
    Ok(())
}

/// Gives back what a reference bought or held at suppliers from outside: the transaction that would have made it the
/// tenant's did not come about. Numbers that are leased stay.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub(crate) async fn undo(app: &App, reference: Uuid) -> Result<(), Error> {
    let steps = suppliers::of_reference(app.db().read(), &platform(), reference).await?;
    let suppliers: BTreeSet<Uuid> = steps.iter().map(|step| step.supplier_id).collect();
    for id in suppliers {
        let held = stock::held_by(app.db().read(), &platform(), reference).await?;
        if let Some(row) = suppliers::get(app.db().read(), &platform(), id).await?
            && held.iter().any(|row| row.supplier_id == Some(id))
        {
            let order = Order { reference, numbers: &[], until: app.now(), at_most: app.now() };
            Outside::new(app, row).release(&order).await?;
        }
    }
    Ok(())
}

async fn check_funds(app: &App, scope: &Scope, held: &[Stock]) -> Result<(), Error> {
    let Some(tenant) = scope.tenant() else { return Ok(()) };
    let Some(account) = store::ledger::account(app.db().read(), scope, tenant).await? else { return Ok(()) };
    let held = crate::numbers::Tariff::of(app, Some(tenant)).all(held.to_vec());
    let total: i64 = held.iter().map(|row| row.monthly_micros.saturating_add(row.setup_micros)).sum();
    let missing = total.saturating_sub(account.available_micros());
    if total == 0 || missing <= 0 {
        return Ok(());
    }
    let missing = Money::new(missing, account.currency);
    Err(Error::PaymentRequired {
        message: format!("{missing} is missing: top up the balance, then buy again"),
        missing,
    })
}

/// A number of an outside supplier whose lease has ended: it leaves the stock, and is given back by the job. `false` where
/// it is the platform's own.
pub(crate) async fn return_leased(app: &App, tx: &Tx, number: &Stock) -> Result<bool, Error> {
    let Some(supplier_id) = number.supplier_id else { return Ok(false) };
    let now = app.now();
    stock::drop_leased(tx, &platform(), &number.e164).await?;
    let id = Uuid::now_v7();
    let step = Step {
        id,
        supplier_id,
        reference: id,
        numbers: serde_json::json!([number.e164]),
        state: RELEASING.to_owned(),
        attempts: 0,
        next_at: now,
        last_error: None,
        created_at: now,
        updated_at: now,
    };
    suppliers::begin(tx, &platform(), step).await?;
    Ok(true)
}

/// Gives back what outside suppliers still hold for nobody: holds that lapsed, steps that a crash broke off, numbers whose
/// lease ended. Says how many steps are done. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails; what a supplier does not take back is tried again later.
pub async fn settle(app: &App) -> Result<u64, Error> {
    settle_at(app, app.now()).await
}

/// [`settle`] as of a time.
///
/// # Errors
/// As [`settle`].
pub async fn settle_at(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    let lapsed = stock::outside_lapsed(app.db().read(), &platform(), now, BATCH).await?;
    let keys: BTreeSet<(Uuid, Uuid)> =
        lapsed.iter().filter_map(|row| row.supplier_id.zip(row.held_by)).collect();
    for key in keys {
        drop_and_release(app, key, now).await?;
    }
    let mut done = 0;
    for step in
        suppliers::due(app.db().read(), &platform(), now, now - Duration::minutes(LOST_MINUTES), BATCH)
            .await?
    {
        match step.state.as_str() {
            RELEASING => {}
            // Nothing of it is in the stock yet, and other steps of the reference are none of its business.
            HOLDING => abandon(app, &step, now).await?,
            _ => drop_and_release(app, (step.supplier_id, step.reference), now).await?,
        }
        let Some(row): Option<Supplier> =
            suppliers::get(app.db().read(), &platform(), step.supplier_id).await?
        else {
            continue;
        };
        done += u64::from(give_back(app, row, &step).await?);
    }
    Ok(done)
}

async fn abandon(app: &App, step: &Step, now: DateTime<Utc>) -> Result<(), Error> {
    let give_up = async |tx: &Tx| {
        suppliers::advance_one(tx, &platform(), step.id, (HOLDING, RELEASING), now).await?;
        Ok(())
    };
    app.db().write::<_, Error, _>(give_up).await
}

/// Numbers that are held leave the stock, and what was asked for them is given back. Leased ones stay: a purchase that
/// commits meanwhile either finds all of its numbers, or none.
async fn drop_and_release(app: &App, key: (Uuid, Uuid), now: DateTime<Utc>) -> Result<(), Error> {
    app.db()
        .write::<_, Error, _>(async |tx| {
            stock::drop_held(tx, &platform(), key).await?;
            let open = [HOLDING, HELD, BUYING, BOUGHT];
            suppliers::advance(tx, &platform(), key, &open, RELEASING, None, now).await?;
            Ok(())
        })
        .await
}

fn lost(error: SupplierError) -> Error {
    match error {
        SupplierError::Here(error) => error,
        SupplierError::Gone | SupplierError::Failed(_) => lapsed(),
    }
}

fn lapsed() -> Error {
    Error::conflict(
        "searchId",
        "these numbers are not to be had any more: search again, and buy within 16 minutes",
    )
}
