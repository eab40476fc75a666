//! Rows of `invoices`.

use sea_orm::entity::prelude::*;

/// An invoice or a credit note.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoices")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// `invoice` or `creditNote`.
    pub kind: String,
    /// `draft`, `open`, `paid`, `overdue` or `writtenOff`.
    pub state: String,
    /// Its series; of a draft, that which it will be in.
    pub series: String,
    /// Its number in the series; none of a draft.
    pub number: Option<i64>,
    /// When its period began.
    pub starts_at: DateTimeUtc,
    /// When its period ended.
    pub ends_at: DateTimeUtc,
    /// ISO 4217.
    pub currency: String,
    /// The sum of its lines, micro-units.
    pub charges_micros: i64,
    /// The tax, micro-units.
    pub tax_micros: i64,
    /// Whether the tax is among the charges.
    pub tax_included: bool,
    /// What makes the total payable, micro-units.
    pub rounding_micros: i64,
    /// What it comes to, micro-units.
    pub total_micros: i64,
    /// What of it is not paid, micro-units.
    pub open_micros: i64,
    /// The tax, as JSON.
    pub tax: String,
    /// Who sells, as JSON.
    pub seller: String,
    /// Who buys, as JSON.
    pub buyer: String,
    /// What the operator says on it.
    pub note: String,
    /// Of a credit note: the invoice that it is about.
    pub credits_id: Option<Uuid>,
    /// When it got its number.
    pub issued_at: Option<DateTimeUtc>,
    /// When it is to be paid.
    pub due_at: Option<DateTimeUtc>,
    /// When it was paid or written off.
    pub settled_at: Option<DateTimeUtc>,
    /// Reminders sent.
    pub reminders: i32,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
