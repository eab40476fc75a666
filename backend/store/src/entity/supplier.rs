//! Rows of `suppliers`.

use sea_orm::entity::prelude::*;

/// A supplier from outside.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suppliers")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// How it is called.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// The secret under which requests are signed, sealed.
    pub secret: Vec<u8>,
    /// Countries whose numbers it sells: an array of codes; empty is all.
    pub countries: Json,
    /// The carrier over which calls to its numbers come.
    pub carrier_id: Uuid,
    /// What a tenant pays beyond its price, ten-thousandths of it.
    pub margin_basis_points: i32,
    /// How long it may take to answer, milliseconds.
    pub timeout_ms: i32,
    /// Whether it is asked.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
