//! Rows of `porting_documents`.

use sea_orm::entity::prelude::*;

/// A paper of a request to port.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "porting_documents")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request.
    pub request_id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// `letterOfAuthority`, `bill` or `other`.
    pub kind: String,
    /// What it is.
    pub content_type: String,
    /// How long it is, in bytes, opened.
    pub bytes: i64,
    /// The paper, sealed.
    pub content: Vec<u8>,
    /// When it was sent.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
