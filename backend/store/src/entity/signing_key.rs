//! Rows of `signing_keys`.

use sea_orm::entity::prelude::*;

/// A key under which tokens are signed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// Its identifier, which tokens name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The private key (PEM), sealed.
    pub private_key: Vec<u8>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// Since when it signs nothing more.
    pub retired_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
