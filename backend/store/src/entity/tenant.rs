//! Rows of `tenants`.

use sea_orm::entity::prelude::*;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its slug, unique.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// `active`, `unverified` or `suspended`.
    pub status: String,
    /// New calls per second.
    pub calls_per_second: i32,
    /// Calls up at the same time.
    pub max_calls: i32,
    /// Its price plan.
    pub plan_id: Uuid,
    /// Where it may call, and for how much.
    pub protection: Json,
    /// Its agreement and country, and which ways of connection it may use.
    pub terms: Json,
    /// When it signed up.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
