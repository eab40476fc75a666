//! Rows of `carriers`.

use sea_orm::entity::prelude::*;

/// An upstream carrier.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "carriers")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its name, unique.
    pub name: String,
    /// Whether it is the simulated one.
    pub sandbox: bool,
    /// Whether it is used.
    pub enabled: bool,
    /// Its hosts.
    pub hosts: Json,
    /// `any` or `owned`.
    pub caller_id: String,
    /// New calls per second.
    pub calls_per_second: i32,
    /// Calls up at the same time.
    pub max_calls: i32,
    /// What it carries.
    pub prefixes: Json,
    /// What else it was told.
    pub settings: Json,
    /// The password with which we register at it or answer its challenges, sealed.
    pub outbound_secret: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
