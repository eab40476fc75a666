//! Rows of `usage_volumes`.

use sea_orm::entity::prelude::*;

/// What a tenant has used of a kind of leg in a month.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_volumes")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    /// Which month (UTC): `2026-11`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: String,
    /// The kind of leg.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Milliseconds billed of calls that are over.
    pub used_ms: i64,
    /// Those of them that were free.
    pub free_used_ms: i64,
    /// Free milliseconds that are set aside for calls that are up.
    pub free_granted_ms: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
