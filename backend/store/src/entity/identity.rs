//! Rows of `identities`.

use sea_orm::entity::prelude::*;

/// A user of a tenant's app.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose app it uses.
    pub tenant_id: Uuid,
    /// Tokens of a generation below this one are void.
    pub generation: i32,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When its tokens were last revoked.
    pub revoked_at: Option<DateTimeUtc>,
    /// When it was deleted: it is kept until its last token has expired.
    pub deleted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
