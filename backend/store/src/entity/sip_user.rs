//! Rows of `sip_users`.

use sea_orm::entity::prelude::*;

/// A phone that registers with digest.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sip_users")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// Its name, lower case.
    pub username: String,
    /// For people.
    pub display_name: Option<String>,
    /// The realm that its hashes are made for.
    pub realm: String,
    /// H(A1) by MD5, sealed.
    pub ha1_md5: Vec<u8>,
    /// H(A1) by SHA-256, sealed.
    pub ha1_sha256: Vec<u8>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
