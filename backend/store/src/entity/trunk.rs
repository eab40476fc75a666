//! Rows of `trunks`.

use sea_orm::entity::prelude::*;

/// A tenant's session border controller.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trunks")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// Its name, lower case, unique on the platform.
    pub fqdn: String,
    /// Its SIP port.
    pub port: i32,
    /// Whether it is switched on.
    pub enabled: bool,
    /// `tls`, `tcp` or `udp`.
    pub transport: String,
    /// Its addresses: an array of texts.
    pub addresses: Json,
    /// `required`, `optional` or `off`.
    pub srtp: String,
    /// Its codecs: an array of texts.
    pub codecs: Json,
    /// New calls per second.
    pub calls_per_second: i32,
    /// Calls up at the same time.
    pub max_calls: i32,
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
