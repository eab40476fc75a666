//! Rows of `recording_policies`.

use sea_orm::entity::prelude::*;

/// What a tenant says of recording its calls.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recording_policies")]
pub struct Model {
    /// Of which tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    /// `off`, `onDemand` or `always`.
    pub mode: String,
    /// For how long one is kept, days.
    pub retention_days: i32,
    /// `none` or `tone`.
    pub notice: String,
    /// When it was last changed.
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
