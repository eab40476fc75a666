//! Rows of `billing_periods`.

use sea_orm::entity::prelude::*;

/// A period of a tenant that is over and counted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "billing_periods")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// When it began: where the one before ended.
    pub starts_at: DateTimeUtc,
    /// When it ended; not in it.
    pub ends_at: DateTimeUtc,
    /// No entry of it has a smaller id.
    pub scan_from: Uuid,
    /// Where the entries end that the period before could have.
    pub from_id: Uuid,
    /// Where the entries end that it could have.
    pub upto: Uuid,
    /// ISO 4217.
    pub currency: String,
    /// What its entries charge, micro-units: positive is to be paid.
    pub charges_micros: i64,
    /// The document about it; none where nothing was charged.
    pub invoice_id: Option<Uuid>,
    /// When it was closed.
    pub closed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
