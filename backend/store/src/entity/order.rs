//! Rows of `orders`.

use sea_orm::entity::prelude::*;

/// A purchase.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// The search or reservation that it bought; each is bought once.
    pub search_id: Uuid,
    /// Number, lease and amount of each.
    pub items: Json,
    /// What was debited, micro-units.
    pub amount_micros: i64,
    /// ISO 4217.
    pub currency: String,
    /// When.
    pub created_at: DateTimeUtc,
    /// `search` or `reservation`.
    pub kind: String,
    /// Who ordered.
    pub actor: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
