//! Rows of `trunk_health_changes`.

use sea_orm::entity::prelude::*;

/// The health of a trunk or carrier changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trunk_health_changes")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose trunk; none for a carrier.
    pub tenant_id: Option<Uuid>,
    /// The trunk or carrier.
    pub peer_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// How it was.
    pub from_health: String,
    /// How it is.
    pub to_health: String,
    /// Why.
    pub reason: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
