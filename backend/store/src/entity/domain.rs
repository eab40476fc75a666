//! Rows of `domains`.

use sea_orm::entity::prelude::*;

/// A domain that a tenant says is its own.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// Its name, lower case.
    pub name: String,
    /// What its TXT record must hold.
    pub token: String,
    /// When the record was found.
    pub verified_at: Option<DateTimeUtc>,
    /// Whether trunks in it are used.
    pub enabled: bool,
    /// When it was named.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
