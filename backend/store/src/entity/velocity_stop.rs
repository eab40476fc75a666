//! Rows of `velocity_stops`.

use sea_orm::entity::prelude::*;

/// Calls of a tenant that are stopped because too much was spent too fast.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "velocity_stops")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which tenant.
    pub tenant_id: Uuid,
    /// `tenant`, `destination` or `caller`.
    pub kind: String,
    /// Which destination or caller.
    pub value: String,
    /// `hour` or `day`.
    pub span: String,
    /// What was spent in it, micro-units.
    pub spent_micros: i64,
    /// What may be.
    pub limit_micros: i64,
    /// The currency of both.
    pub currency: String,
    /// Whether calls that are up end too.
    pub ends_calls: bool,
    /// Whether the limit is the operator's, so that the operator alone lifts the stop.
    pub by_operator: bool,
    /// The node that counted.
    pub node: String,
    /// Since when.
    pub since: DateTimeUtc,
    /// Until when; none is until it is lifted.
    pub until: Option<DateTimeUtc>,
    /// When it was lifted.
    pub lifted_at: Option<DateTimeUtc>,
    /// By whom.
    pub lifted_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
