//! Rows of `trunk_registrations`.

use sea_orm::entity::prelude::*;

/// Our registration with the registrar of a trunk or carrier.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trunk_registrations")]
pub struct Model {
    /// The trunk or carrier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer_id: Uuid,
    /// Whose trunk; none for a carrier.
    pub tenant_id: Option<Uuid>,
    /// A name or an address.
    pub registrar: String,
    /// Its port, where it is not found by name.
    pub port: Option<i32>,
    /// `tls`, `tcp` or `udp`, where it is not found by name.
    pub transport: Option<String>,
    /// The domain of the address of record.
    pub domain: String,
    /// The digest username, and user of the address of record.
    pub username: String,
    /// The password, sealed.
    pub password: Vec<u8>,
    /// User part of our Contact.
    pub contact_user: String,
    /// Seconds that are asked for.
    pub expires: i32,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
