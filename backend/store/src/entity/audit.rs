//! Rows of `audit`.

use sea_orm::entity::prelude::*;

/// A change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// Its identifier, ascending with time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// In which tenant.
    pub tenant_id: Option<Uuid>,
    /// Who.
    pub actor: String,
    /// What was done.
    pub what: String,
    /// To what.
    pub target: String,
    /// How it was.
    pub before: Option<Json>,
    /// How it is.
    pub after: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
