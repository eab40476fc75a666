//! Rows of `invoice_lines`.

use sea_orm::entity::prelude::*;

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoice_lines")]
pub struct Model {
    /// Of which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: Uuid,
    /// Its place, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i32,
    /// What for.
    pub subject: String,
    /// The number; empty where there is none.
    pub number: String,
    /// For people.
    pub description: String,
    /// The version of the prices; empty where there is none.
    pub rate_version: String,
    /// How many charges.
    pub quantity: i64,
    /// Milliseconds billed.
    pub billed_ms: i64,
    /// Their sum, micro-units.
    pub amount_micros: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
