//! Rows of `rate_deck_bodies`.

use sea_orm::entity::prelude::*;

/// What versions of decks say.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_deck_bodies")]
pub struct Model {
    /// SHA-256 of the packed rows, hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    /// The packed rows, compressed.
    pub body: Vec<u8>,
    /// When it first came.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
