//! Rows of `price_plan_versions`.

use sea_orm::entity::prelude::*;

/// A version of a price plan.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "price_plan_versions")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which plan.
    pub plan_id: Uuid,
    /// Its number, ascending.
    pub number: i32,
    /// `scheduled`, `applied` or `withdrawn`.
    pub state: String,
    /// From when on it is in force.
    pub effective_at: DateTimeUtc,
    /// The plan.
    pub body: Json,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
