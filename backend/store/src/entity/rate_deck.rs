//! Rows of `rate_decks`.

use sea_orm::entity::prelude::*;

/// A rate deck.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_decks")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its name, unique.
    pub name: String,
    /// `price` or `cost`.
    pub kind: String,
    /// The currency of its prices.
    pub currency: String,
    /// The version in force.
    pub current_version_id: Option<Uuid>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
