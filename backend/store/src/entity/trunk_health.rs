//! Rows of `trunk_health`.

use sea_orm::entity::prelude::*;

/// How a trunk or carrier is doing.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trunk_health")]
pub struct Model {
    /// The trunk or carrier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer_id: Uuid,
    /// Whose trunk; none for a carrier.
    pub tenant_id: Option<Uuid>,
    /// `unknown`, `online`, `warning` or `offline`.
    pub health: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTimeUtc,
    /// When something last came from it, as of the last change.
    pub heard_at: Option<DateTimeUtc>,
    /// When its certificate ends, where one was seen.
    pub certificate_until: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
