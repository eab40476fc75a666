//! Rows of `config_versions`.

use sea_orm::entity::prelude::*;

/// Configuration as it was.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "config_versions")]
pub struct Model {
    /// Its version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    /// `tenant` or `platform`.
    pub kind: String,
    /// Its canonical JSON.
    pub body: String,
    /// When it was first current.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
