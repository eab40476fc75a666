//! Orders: a purchase in steps. Those inside the platform are one transaction, so that neither money nor number ever moves
//! alone. What is bought outside is bought ahead of it, step by step and written down first ([`crate::suppliers`]): where the
//! transaction does not come about, or a crash comes between, it is given back.

mod pay;
mod steps;

pub(super) use pay::{month, rest};

use super::{Operation, Tariff, rows};
use crate::{App, Error, eligibility, regulatory, suppliers};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    billing::lease_term,
    ids::TenantId,
    numbering::{AssignmentType, Capabilities},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use steps::Step;
use store::{
    Tx,
    orders::Order,
    searches,
    stock::{self, Stock},
};
use uuid::Uuid;

/// What an order buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What a search found.
    Search,
    /// What a tenant chose.
    Reservation,
    /// What a tenant brought from another provider.
    Porting,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Reservation => "reservation",
            Self::Porting => "porting",
        }
    }

    fn of(order: &Order) -> Self {
        let all = [Self::Reservation, Self::Porting];
        all.into_iter().find(|kind| kind.word() == order.kind).unwrap_or(Self::Search)
    }

    /// The kind of the operation, and its identifier: an order has one for ever.
    pub(super) fn operation(self, holder: Uuid) -> (&'static str, String) {
        match self {
            Self::Search => ("purchase", format!("purchase_{holder}")),
            Self::Reservation => ("reservationPurchase", format!("reservationPurchase_{holder}")),
            Self::Porting => ("porting", format!("porting_{holder}")),
        }
    }

    /// What holds the numbers, as the protocol's field is called.
    const fn field(self) -> &'static str {
        match self {
            Self::Search => "searchId",
            Self::Reservation => "reservationId",
            Self::Porting => "id",
        }
    }
}

/// A number that is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    number: String,
    /// The lease that it becomes.
    lease: Uuid,
    /// What the first month costs, micro-units.
    amount_micros: i64,
    /// What a month costs, micro-units.
    #[serde(default)]
    monthly_micros: i64,
    /// What is debited once, micro-units.
    #[serde(default)]
    setup_micros: i64,
    /// What the tenant asked of it.
    calling: String,
    /// What the tenant asked of it.
    sms: String,
    assignment: String,
}

/// What a tenant asked of a number that it orders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// What it is to do.
    pub(super) capabilities: Capabilities,
    /// Who uses it.
    pub(super) assignment: AssignmentType,
}

/// Who orders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buyer<'a> {
    pub(super) app: &'a App,
    pub(super) scope: &'a Scope,
    pub(super) tenant: TenantId,
    pub(super) name: &'a str,
}

impl Buyer<'_> {
    /// The operation of an order that was placed before.
    pub(super) async fn placed(&self, tx: &Tx, kind: Kind, holder: Uuid) -> Result<Option<Operation>, Error> {
        let (_, id) = kind.operation(holder);
        searches::operation(tx, self.scope, &id).await?.map(rows::operation).transpose()
    }

    /// Looks whether the tenant may buy what a search or reservation holds, buys outside what others sell of it, and makes
    /// sure of the rest. The operation, where somebody was quicker with the same purchase.
    ///
    /// All of it comes ahead of the order's transaction: one that waited for a second connection could wait for ever.
    pub(super) async fn ensure(&self, kind: Kind, holder: Uuid) -> Result<Option<Operation>, Error> {
        let held = stock::held_by(self.app.db().read(), self.scope, holder).await?;
        let countries: BTreeSet<&str> = held.iter().map(|row| row.country.as_str()).collect();
        for country in countries {
            eligibility::check_numbers(self.app, self.scope, country).await?;
        }
        regulatory::check(self.app, self.scope, &held.iter().collect::<Vec<_>>()).await?;
        let Err(error) = suppliers::buy(self.app, self.scope, holder).await else { return Ok(None) };
        let (_, id) = kind.operation(holder);
        match searches::operation(self.app.db().read(), self.scope, &id).await? {
            Some(known) => Ok(Some(rows::operation(known)?)),
            None => Err(error),
        }
    }

    /// Places an order and takes its steps as far as this transaction reaches: to the end, where all of it is the
    /// database's own. Where it fails, nothing was ordered.
    pub(super) async fn place(
        &self,
        tx: &Tx,
        (kind, holder): (Kind, Uuid),
        numbers: &[(Stock, Asked)],
    ) -> Result<Operation, Error> {
        self.fill(tx, (kind, holder), numbers).await?;
        let (kind, id) = kind.operation(holder);
        let (scope, tenant, at) = (self.scope, self.tenant, self.app.now());
        rows::done(scope, rows::Done { id, kind, resource: None, error: None, tenant, at, tx }).await
    }

    /// The order itself, without the operation that a protocol asks after: the leases by number.
    async fn fill(
        &self,
        tx: &Tx,
        (kind, holder): (Kind, Uuid),
        numbers: &[(Stock, Asked)],
    ) -> Result<BTreeMap<String, Uuid>, Error> {
        let now = self.app.now();
        let prorate = super::renew::prorates(self.app, self.tenant);
        let item = |(row, asked): &(Stock, Asked)| item(row, *asked, first_month(row, now, prorate));
        let tariff = Tariff::of(self.app, Some(self.tenant));
        let at_price = |(row, asked): &(Stock, Asked)| match kind {
            // Its price was agreed with the request.
            Kind::Porting => (row.clone(), *asked),
            Kind::Search | Kind::Reservation => (tariff.priced(row.clone()), *asked),
        };
        let numbers: Vec<(Stock, Asked)> = numbers.iter().map(at_price).collect();
        let items: Vec<Item> = numbers.iter().map(item).collect();
        let order = Order {
            id: Uuid::now_v7(),
            tenant_id: self.tenant.0,
            search_id: holder,
            items: serde_json::to_value(&items).map_err(Error::internal)?,
            amount_micros: items.iter().map(|item| item.amount_micros + item.setup_micros).sum(),
            currency: numbers.first().map_or_else(String::new, |(row, _)| row.currency.clone()),
            created_at: now,
            kind: kind.word().to_owned(),
            actor: self.name.to_owned(),
        };
        let system = Scope::system("an order moves the stock and the account");
        for step in Step::ALL {
            step.take(self.app, tx, &system, &order).await?;
        }
        store::orders::insert(tx, self.scope, order).await?;
        Ok(items.into_iter().map(|item| (item.number, item.lease)).collect())
    }
}

/// Sells to a tenant, on somebody's word, the numbers that the stock holds for a request of its to port them: the leases
/// by number.
///
/// # Errors
/// [`Error::PaymentRequired`] where the balance does not cover set-up and first month.
pub(crate) async fn bring(
    app: &App,
    tx: &Tx,
    (tenant, name): (TenantId, &str),
    request: Uuid,
    (stock, (capabilities, assignment)): (&[Stock], (Capabilities, AssignmentType)),
) -> Result<BTreeMap<String, Uuid>, Error> {
    let scope = Scope::system("numbers that were ported become a tenant's");
    let asked = Asked { capabilities, assignment };
    let numbers: Vec<_> = stock.iter().map(|row| (row.clone(), asked)).collect();
    Buyer { app, scope: &scope, tenant, name }.fill(tx, (Kind::Porting, request), &numbers).await
}

/// What the first stretch of a lease costs, micro-units.
fn first_month(row: &Stock, now: DateTime<Utc>, prorate: bool) -> i64 {
    lease_term(now, now, row.monthly_micros, prorate).micros
}

fn item(row: &Stock, asked: Asked, amount_micros: i64) -> Item {
    Item {
        number: row.e164.clone(),
        lease: Uuid::now_v7(),
        amount_micros,
        monthly_micros: row.monthly_micros,
        setup_micros: row.setup_micros,
        calling: asked.capabilities.calling.word().to_owned(),
        sms: asked.capabilities.sms.word().to_owned(),
        assignment: asked.assignment.word().to_owned(),
    }
}

fn items(order: &Order) -> Result<Vec<Item>, Error> {
    crate::snapshot::load::read("orders.items", order.items.clone())
}

/// The items as the audit shows them.
fn shown(items: &[Item]) -> Value {
    let one = |item: &Item| serde_json::json!({ "number": item.number, "lease": item.lease, "amountMicros": item.amount_micros });
    items.iter().map(one).collect()
}

/// 409 where what is ordered is not held any more.
pub(super) fn lapsed(kind: Kind) -> Error {
    Error::conflict(
        kind.field(),
        match kind {
            Kind::Search => "this search holds no numbers any more: search again, and buy within 16 minutes",
            Kind::Reservation => {
                "this reservation holds no numbers any more: make another one, and buy in time"
            }
            Kind::Porting => "one of these numbers is somebody's already: reject it, and complete the others",
        },
    )
}
