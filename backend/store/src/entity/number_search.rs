//! Rows of `number_searches`.

use sea_orm::entity::prelude::*;

/// A search, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "number_searches")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// `held`, `empty`, `bought` or `lapsed`.
    pub state: String,
    /// What was asked.
    pub request: Json,
    /// The numbers: an array of texts.
    pub numbers: Json,
    /// What a month of all of them costs, micro-units.
    pub monthly_micros: i64,
    /// ISO 4217.
    pub currency: String,
    /// Why it holds none.
    pub error: Option<String>,
    /// When it was asked.
    pub created_at: DateTimeUtc,
    /// Until when it holds them.
    pub expires_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
