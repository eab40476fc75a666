//! The suppliers in the platform itself: the operator's own inventory, and the simulated PSTN. Their numbers stand in the
//! stock; hold and purchase are conditional updates of it.

use super::{NumberSupplier, Order, Query, SupplierError};
use crate::{App, Error, carriers::sandbox_id};
use chrono::Duration;
use domain::access::Scope;
use rand::seq::SliceRandom;
use store::{
    On, Tx,
    stock::{self, Priced, Stock, Wanted},
};

/// Minutes that a purchase has from the moment at which its numbers are made sure of.
const PURCHASE_MINUTES: i64 = 5;

/// Kinds of which a search without digits chooses at a time.
const KINDS_AT_ONCE: u64 = 256;

/// Which numbers of the stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shelf {
    /// What the operator put up for sale.
    Own,
    /// The fictional numbers.
    Sandbox,
}

/// A part of the stock as a supplier.
#[derive(Debug)]
pub(crate) struct Inventory<'a> {
    app: &'a App,
    scope: &'a Scope,
    /// The transaction in which everything is done; each step is its own where there is none.
    tx: Option<&'a Tx>,
    shelf: Shelf,
}

impl<'a> Inventory<'a> {
    /// A part of the stock, within a transaction where one is given.
    pub(crate) const fn new(app: &'a App, scope: &'a Scope, tx: Option<&'a Tx>, shelf: Shelf) -> Self {
        Self { app, scope, tx, shelf }
    }

    fn wanted(&self, wanted: &Wanted) -> Wanted {
        let sandbox = Some(sandbox_id().0);
        let (carrier, not_carrier) = match self.shelf {
            Shelf::Own => (None, sandbox),
            Shelf::Sandbox => (sandbox, None),
        };
        Wanted { carrier, not_carrier, own: true, ..wanted.clone() }
    }

    async fn find<C: On>(&self, on: &C, query: &Query) -> Result<Vec<Stock>, SupplierError> {
        let (wanted, quantity) = (self.wanted(&query.wanted), u64::from(query.quantity));
        if query.pattern.is_any() {
            return Ok(self.anywhere(on, &wanted, quantity).await?);
        }
        Ok(stock::matching(on, self.scope, &wanted, &query.pattern, quantity).await?)
    }

    /// Numbers of any look: within a price by chance, so that searches that run side by side seldom meet.
    async fn anywhere<C: On>(
        &self,
        on: &C,
        wanted: &Wanted,
        quantity: u64,
    ) -> Result<Vec<Stock>, store::Error> {
        let (mut found, mut skip) = (Vec::new(), 0);
        loop {
            let kinds = stock::cheapest(on, self.scope, wanted, (skip, KINDS_AT_ONCE)).await?;
            let read = kinds.len() as u64;
            self.among(on, kinds, quantity, &mut found).await?;
            // Others may have taken what was counted a moment ago.
            if read < KINDS_AT_ONCE || found.len() as u64 >= quantity {
                return Ok(found);
            }
            skip += read;
        }
    }

    async fn among<C: On>(
        &self,
        on: &C,
        mut kinds: Vec<Priced>,
        quantity: u64,
        found: &mut Vec<Stock>,
    ) -> Result<(), store::Error> {
        for same in kinds.chunk_by_mut(|one, next| one.monthly_micros == next.monthly_micros) {
            same.shuffle(&mut rand::rng());
            for kind in same {
                let missing = quantity.saturating_sub(found.len() as u64);
                if missing == 0 {
                    return Ok(());
                }
                let Some((low, high)) = stock::ends(on, self.scope, kind.id).await? else { continue };
                found.extend(stock::free(on, self.scope, kind.id, &between(&low, &high), missing).await?);
            }
        }
        Ok(())
    }

    async fn hold_in(&self, tx: &Tx, order: &Order<'_>) -> Result<(), SupplierError> {
        let names = names(order);
        if stock::hold(tx, self.scope, &names, order.reference, order.until).await? == names.len() as u64 {
            return Ok(());
        }
        let held = stock::held_by(tx, self.scope, order.reference).await?;
        if names.iter().all(|name| held.iter().any(|row| row.e164 == *name)) {
            return Ok(());
        }
        stock::let_some_go(tx, self.scope, order.reference, &names).await?;
        Err(SupplierError::Gone)
    }

    async fn buy_in(&self, tx: &Tx, order: &Order<'_>) -> Result<(), SupplierError> {
        let (names, now) = (names(order), self.app.now());
        let until = order.until.max(now + Duration::minutes(PURCHASE_MINUTES));
        let kept = stock::keep(tx, self.scope, &names, order.reference, now, until).await?;
        if kept == names.len() as u64 { Ok(()) } else { Err(SupplierError::Gone) }
    }
}

#[async_trait::async_trait(?Send)]
impl NumberSupplier for Inventory<'_> {
    fn name(&self) -> &str {
        match self.shelf {
            Shelf::Own => "own inventory",
            Shelf::Sandbox => "sandbox",
        }
    }

    async fn search(&self, query: &Query) -> Result<Vec<Stock>, SupplierError> {
        match self.tx {
            Some(tx) => self.find(tx, query).await,
            None => self.find(self.app.db().read(), query).await,
        }
    }

    async fn hold(&self, order: &Order<'_>) -> Result<(), SupplierError> {
        match self.tx {
            Some(tx) => self.hold_in(tx, order).await,
            None => self.app.db().write(async |tx| self.hold_in(tx, order).await).await,
        }
    }

    async fn buy(&self, order: &Order<'_>) -> Result<(), SupplierError> {
        match self.tx {
            Some(tx) => self.buy_in(tx, order).await,
            None => self.app.db().write(async |tx| self.buy_in(tx, order).await).await,
        }
    }

    async fn release(&self, order: &Order<'_>) -> Result<(), SupplierError> {
        let names = names(order);
        let let_go = async |tx: &Tx| -> Result<(), SupplierError> {
            stock::let_some_go(tx, self.scope, order.reference, &names).await?;
            Ok(())
        };
        match self.tx {
            Some(tx) => let_go(tx).await,
            None => self.app.db().write(let_go).await,
        }
    }
}

fn names(order: &Order<'_>) -> Vec<String> {
    order.numbers.iter().map(|row| row.e164.clone()).collect()
}

/// A number by chance between two, which is a place to begin at whether it is there or not.
fn between(low: &str, high: &str) -> String {
    let digits = |text: &str| text.trim_start_matches('+').parse::<u64>().ok();
    match (digits(low), digits(high)) {
        (Some(low), Some(high)) if low < high => format!("+{}", rand::random_range(low..=high)),
        _ => low.to_owned(),
    }
}

impl From<SupplierError> for Error {
    fn from(error: SupplierError) -> Self {
        match error {
            SupplierError::Here(error) => error,
            // Others are taking the numbers at this moment.
            SupplierError::Gone | SupplierError::Failed(_) => Self::Unavailable { retry_after: 1 },
        }
    }
}
