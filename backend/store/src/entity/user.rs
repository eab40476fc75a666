//! Rows of `users`.

use sea_orm::entity::prelude::*;

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its tenant; `None` for operators.
    pub tenant_id: Option<Uuid>,
    /// Its e-mail address, lower case, unique.
    pub email: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// When the address was shown to be theirs.
    pub verified_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
