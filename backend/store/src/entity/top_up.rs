//! Rows of `top_ups`.

use sea_orm::entity::prelude::*;

/// A top-up that the payment system is asked for.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "top_ups")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which tenant.
    pub tenant_id: Uuid,
    /// How much, micro-units.
    pub amount_micros: i64,
    /// ISO 4217.
    pub currency: String,
    /// `requested`, `pending`, `paid`, `refused` or `failed`.
    pub state: String,
    /// How often it was posted.
    pub attempts: i32,
    /// When it is posted next; of a pending one, when it is given up.
    pub next_at: DateTimeUtc,
    /// What the payment system calls it.
    pub reference: Option<String>,
    /// Why it was refused or failed, or why its last post came to nothing.
    pub problem: Option<String>,
    /// When it was asked for.
    pub created_at: DateTimeUtc,
    /// When it was paid, refused or given up.
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
