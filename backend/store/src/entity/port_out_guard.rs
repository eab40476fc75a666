//! Rows of `port_out_guards`.

use sea_orm::entity::prelude::*;

/// What keeps an owned number from being taken away.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "port_out_guards")]
pub struct Model {
    /// The lease of the number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub lease_id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// Whether no request is taken at all.
    pub locked: bool,
    /// What a request must bring, sealed.
    pub pin: Option<Vec<u8>>,
    /// When it was said.
    pub changed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
