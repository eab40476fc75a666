//! Rows of `regulatory_requirements`.

use sea_orm::entity::prelude::*;

/// What is wanted of whoever buys a kind of number.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "regulatory_requirements")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// `geographic`, `tollFree` or `mobile`.
    pub number_type: String,
    /// `address`, `identity` or `business`.
    pub kind: String,
    /// What is wanted, in words.
    pub description: String,
    /// Whether a document must come with it.
    pub needs_document: bool,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
