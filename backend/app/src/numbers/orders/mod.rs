//! Orders: a purchase in steps, each of which can be undone. What is the database's own is one transaction, so that
//! neither money nor number ever moves alone.

mod pay;
mod steps;

pub(super) use pay::month;
pub(super) use steps::check_countries;

use super::{Operation, rows};
use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    ids::TenantId,
    numbering::{AssignmentType, Capabilities},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steps::Step;
use store::{
    Tx,
    orders::{DONE, Order, RUNNING, UNDOING},
    searches,
    stock::Stock,
};
use uuid::Uuid;

/// What an order buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What a search found.
    Search,
    /// What a tenant chose.
    Reservation,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Reservation => "reservation",
        }
    }

    fn of(order: &Order) -> Self {
        if order.kind == Self::Reservation.word() { Self::Reservation } else { Self::Search }
    }

    /// The kind of the operation, and its identifier: an order has one for ever.
    pub(super) fn operation(self, holder: Uuid) -> (&'static str, String) {
        match self {
            Self::Search => ("purchase", format!("purchase_{holder}")),
            Self::Reservation => ("reservationPurchase", format!("reservationPurchase_{holder}")),
        }
    }

    /// What holds the numbers, as the protocol's field is called.
    const fn field(self) -> &'static str {
        match self {
            Self::Search => "searchId",
            Self::Reservation => "reservationId",
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

    /// Places an order and takes its steps as far as this transaction reaches: to the end, where all of it is the
    /// database's own. Where it fails, nothing was ordered.
    pub(super) async fn place(
        &self,
        tx: &Tx,
        (kind, holder): (Kind, Uuid),
        numbers: &[(Stock, Asked)],
    ) -> Result<Operation, Error> {
        let now = self.app.now();
        let items: Vec<Item> = numbers.iter().map(|(row, asked)| item(row, *asked)).collect();
        let mut order = Order {
            id: Uuid::now_v7(),
            tenant_id: self.tenant.0,
            search_id: holder,
            items: serde_json::to_value(&items).map_err(Error::internal)?,
            amount_micros: items.iter().map(|item| item.amount_micros).sum(),
            currency: numbers.first().map_or_else(String::new, |(row, _)| row.currency.clone()),
            created_at: now,
            kind: kind.word().to_owned(),
            state: RUNNING.to_owned(),
            step: 0,
            attempts: 0,
            actor: self.name.to_owned(),
            reason_code: None,
            reason: None,
            next_at: None,
        };
        let system = Scope::system("an order moves the stock and the account");
        while let Some(step) = Step::next(&order) {
            step.take(self.app, tx, &system, &order).await?;
            order.step += 1;
        }
        order.state = DONE.to_owned();
        store::orders::insert(tx, self.scope, order.clone()).await?;
        write_operation(tx, &system, &order, now).await
    }
}

fn item(row: &Stock, asked: Asked) -> Item {
    Item {
        number: row.e164.clone(),
        lease: Uuid::now_v7(),
        amount_micros: row.monthly_micros,
        calling: asked.capabilities.calling.word().to_owned(),
        sms: asked.capabilities.sms.word().to_owned(),
        assignment: asked.assignment.word().to_owned(),
    }
}

fn items(order: &Order) -> Result<Vec<Item>, Error> {
    crate::snapshot::load::read("orders.items", order.items.clone())
}

/// The operation as its order stands.
async fn write_operation(
    tx: &Tx,
    scope: &Scope,
    order: &Order,
    now: DateTime<Utc>,
) -> Result<Operation, Error> {
    let (kind, id) = Kind::of(order).operation(order.search_id);
    let status = match order.state.as_str() {
        DONE => "succeeded",
        RUNNING | UNDOING => "running",
        _ => "failed",
    };
    let failed = status == "failed";
    let row = searches::Operation {
        id,
        tenant_id: order.tenant_id,
        kind: kind.to_owned(),
        status: status.to_owned(),
        resource: None,
        error_code: order.reason_code.clone().filter(|_| failed),
        error_message: order.reason.clone().filter(|_| failed),
        created_at: order.created_at,
        updated_at: now,
    };
    searches::put_operation(tx, scope, row.clone()).await?;
    rows::operation(row)
}

/// The items as the audit and the event show them.
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
        },
    )
}
