//! Where numbers come from. Each [`NumberSupplier`] is searched, holds, sells and takes back; every step carries a
//! reference, and is done once however often it is asked for. [`acquire`] is one search over all of them.

mod acquire;
mod chosen;
mod inventory;
mod manage;
mod outside;
mod purchase;
mod together;

pub(crate) use acquire::{Acquired, acquire, forgive, offers};
pub(crate) use chosen::{Choice, Held, Until, hold_chosen, let_chosen_go, offered};
pub(crate) use inventory::{Inventory, Shelf};
pub(crate) use manage::serving;
pub use manage::{
    SUPPLIERS_MAX, StepView, SupplierEdit, SupplierView, TIMEOUT_MS, TIMEOUT_MS_DEFAULT, change, create, get,
    list, steps,
};
pub(crate) use outside::Outside;
pub(crate) use purchase::{buy, return_leased, undo};
pub use purchase::{settle, settle_at};

use crate::Error;
use chrono::{DateTime, Utc};
use store::stock::{Pattern, Stock, Wanted};
use uuid::Uuid;

/// What is looked for at a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// Which kinds will do.
    pub(crate) wanted: Wanted,
    /// What the numbers look like.
    pub(crate) pattern: Pattern,
    /// How many.
    pub(crate) quantity: u32,
}

/// Numbers that one reference speaks of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a> {
    /// The search, reservation or purchase: a step with the same reference is the same step.
    pub(crate) reference: Uuid,
    /// The numbers, as the search answered them.
    pub(crate) numbers: &'a [Stock],
    /// Until when they are held.
    pub(crate) until: DateTime<Utc>,
    /// Until when a supplier from outside is asked to hold them: a hold here may be made longer, one there cannot.
    pub(crate) at_most: DateTime<Utc>,
}

/// Why a supplier did not do a step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SupplierError {
    /// Somebody else has at least one of the numbers.
    #[error("somebody else took one of the numbers")]
    Gone,
    /// It refused, or did not answer; what it said.
    #[error("{0}")]
    Failed(String),
    /// Our own side failed.
    #[error(transparent)]
    Here(#[from] Error),
}

impl From<store::Error> for SupplierError {
    fn from(error: store::Error) -> Self {
        Self::Here(error.into())
    }
}

/// Who has numbers. All steps but the search are all or none, and may be repeated with the same reference.
#[async_trait::async_trait(?Send)]
pub(crate) trait NumberSupplier: std::fmt::Debug {
    /// How it is called in logs and pages.
    fn name(&self) -> &str;

    /// Numbers that would do, cheapest first, as many as are wanted at most. Nothing is held.
    ///
    /// # Errors
    /// [`SupplierError`] where it cannot say.
    async fn search(&self, query: &Query) -> Result<Vec<Stock>, SupplierError>;

    /// Keeps the numbers for the reference until a time.
    ///
    /// # Errors
    /// [`SupplierError::Gone`] where one of them is not free any more: then none is held.
    async fn hold(&self, order: &Order<'_>) -> Result<(), SupplierError>;

    /// Makes sure that the numbers are ours: what is held cannot lapse any more before the lease is written.
    ///
    /// # Errors
    /// [`SupplierError::Gone`] where the hold has lapsed: then none is bought.
    async fn buy(&self, order: &Order<'_>) -> Result<(), SupplierError>;

    /// Undoes hold and purchase.
    ///
    /// # Errors
    /// [`SupplierError`] where it must be tried again.
    async fn release(&self, order: &Order<'_>) -> Result<(), SupplierError>;
}
