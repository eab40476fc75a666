//! Rows of `rate_deck_versions`.

use sea_orm::entity::prelude::*;

/// A version of a rate deck.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_deck_versions")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which deck.
    pub deck_id: Uuid,
    /// Its number, ascending.
    pub number: i32,
    /// `draft`, `scheduled`, `applied` or `withdrawn`.
    pub state: String,
    /// What it says, by its hash.
    pub hash: String,
    /// How many prefixes it has.
    pub row_count: i64,
    /// Where it is from.
    pub note: String,
    /// What was odd about its file, and what it changed of the version in force then.
    pub preview: Json,
    /// From when on it is in force; of a draft nothing.
    pub effective_at: Option<DateTimeUtc>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
