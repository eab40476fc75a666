//! What numbers cost a tenant: by the prices of its plan, and where the plan prices no such number by the stock.
//!
//! The fees of a row of the stock are what its supplier or the operator asked for it. A plan that names a country and type, or
//! a type in every country, sells all such numbers at its own prices, in its own currency; what the operator pays for them
//! stays with the row. A lease goes on at the price at which it was bought.

use crate::{App, snapshot::Live};
use domain::{
    ids::TenantId,
    money::Currency,
    numbering::NumberType,
    rating::{NumberPrice, PricePlan},
};
use std::sync::Arc;
use store::stock::Stock;

/// The prices of a tenant's numbers.
pub(crate) struct Tariff {
    live: Arc<Live>,
    tenant: Option<TenantId>,
}

impl Tariff {
    /// Those of the plan that a tenant has at this moment; of nobody, those of the stock.
    pub(crate) fn of(app: &App, tenant: Option<TenantId>) -> Self {
        Self { live: app.live(), tenant }
    }

    fn plan(&self) -> Option<&PricePlan> {
        let piece = self.live.config.tenant(self.tenant?)?;
        self.live.config.plan(piece.piece.value.plan)
    }

    /// What the plan says that a number costs, and in which currency; `None` where the stock says it.
    pub(crate) fn says(&self, country: &str, number_type: &str) -> Option<(NumberPrice, Currency)> {
        let plan = self.plan()?;
        let price = plan.number_price(country, number_type.parse::<NumberType>().ok()?)?;
        Some((price, plan.currency))
    }

    /// A row of the stock at what it costs the tenant.
    pub(crate) fn priced(&self, row: Stock) -> Stock {
        match self.says(&row.country, &row.number_type) {
            Some((price, currency)) => Stock {
                monthly_micros: price.monthly_micros,
                setup_micros: price.setup_micros,
                currency: currency.code().to_owned(),
                ..row
            },
            None => row,
        }
    }

    /// Rows of the stock at what they cost the tenant.
    pub(crate) fn all(&self, rows: Vec<Stock>) -> Vec<Stock> {
        rows.into_iter().map(|row| self.priced(row)).collect()
    }
}
