//! Rows of `reservations`.

use sea_orm::entity::prelude::*;

/// Numbers that a tenant chose, and holds for a while.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reservations")]
pub struct Model {
    /// What its numbers are held by.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// The tenant's own name for it.
    pub public_id: Uuid,
    /// `active`, `submitted`, `completed` or `expired`.
    pub state: String,
    /// The numbers, with what is asked of each.
    pub items: Json,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
    /// Until when it holds them.
    pub expires_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
