//! Rows of `regulatory_evidence`.

use sea_orm::entity::prelude::*;

/// What a tenant showed for a requirement.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "regulatory_evidence")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// For what.
    pub requirement_id: Uuid,
    /// `submitted`, `approved` or `rejected`.
    pub state: String,
    /// What the tenant says, sealed.
    pub statement: Vec<u8>,
    /// What the document is.
    pub content_type: Option<String>,
    /// The document, sealed.
    pub document: Option<Vec<u8>>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When it was shown.
    pub created_at: DateTimeUtc,
    /// When the operator judged it.
    pub judged_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
