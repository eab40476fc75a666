//! Rows of `stock_kinds`.

use sea_orm::entity::prelude::*;

/// What numbers of the stock have in common. What they lack is an empty text.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stock_kinds")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Where they come from.
    pub carrier_id: Uuid,
    /// The supplier; nil is the platform's own inventory.
    pub supplier_id: Uuid,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// `geographic`, `tollFree` or `mobile`.
    pub number_type: String,
    /// Their place, or nothing.
    pub locality: String,
    /// Their area code, or nothing.
    pub area_code: String,
    /// What they can do with calls.
    pub calling: String,
    /// What they can do with texts.
    pub sms: String,
    /// What a month costs, micro-units.
    pub monthly_micros: i64,
    /// What a month costs the operator, micro-units.
    pub cost_micros: i64,
    /// What is charged once, micro-units.
    pub setup_micros: i64,
    /// ISO 4217.
    pub currency: String,
    /// How many of them are free: the database counts, in the transaction that changes a number.
    pub free: i64,
    /// No number of the kind is lower; nothing where there was none yet.
    pub lowest: String,
    /// No number of the kind is higher.
    pub highest: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
