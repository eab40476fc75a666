//! Rows of `api_keys`.

use sea_orm::entity::prelude::*;

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose; `None` for the operator's.
    pub tenant_id: Option<Uuid>,
    /// For people.
    pub name: String,
    /// The beginning of the key, which finds it.
    pub prefix: String,
    /// SHA-256 of the whole key, hexadecimal.
    pub hash: String,
    /// What it may do: words with spaces between them.
    pub grants: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTimeUtc,
    /// Until when it works.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
