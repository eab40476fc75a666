//! Rows of `porting_steps`.

use sea_orm::entity::prelude::*;

/// A step that a request to port took.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "porting_steps")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request.
    pub request_id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// Where it was; nothing for the first.
    pub from_state: Option<String>,
    /// Where it came to.
    pub to_state: String,
    /// `tenant` or `operator`.
    pub party: String,
    /// What was said with it.
    pub note: Option<String>,
    /// When.
    pub at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
