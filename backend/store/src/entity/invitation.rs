//! Rows of `invitations`.

use sea_orm::entity::prelude::*;

/// An invitation to sign up, without its token.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SHA-256 of the token, hexadecimal.
    pub hash: String,
    /// Whose address must sign up; anybody's where there is none.
    pub email: Option<String>,
    /// What the operator noted.
    pub note: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTimeUtc,
    /// Until when it works.
    pub expires_at: DateTimeUtc,
    /// When somebody signed up with it.
    pub used_at: Option<DateTimeUtc>,
    /// The tenant that was made with it.
    pub tenant_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
