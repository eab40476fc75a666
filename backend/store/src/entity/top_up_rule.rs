//! Rows of `top_up_rules`.

use sea_orm::entity::prelude::*;

/// When a tenant's account is topped up by itself, and by how much.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "top_up_rules")]
pub struct Model {
    /// Of which tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    /// Whether it is on.
    pub enabled: bool,
    /// ISO 4217.
    pub currency: String,
    /// Below this much available money, micro-units.
    pub threshold_micros: i64,
    /// By this much, micro-units.
    pub amount_micros: i64,
    /// Top-ups in 24 hours at most.
    pub daily_count: i32,
    /// What they come to in 24 hours at most, micro-units.
    pub daily_micros: Option<i64>,
    /// When it was last changed.
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
