//! Rows of `operations`.

use sea_orm::entity::prelude::*;

/// An operation of the data plane.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operations")]
pub struct Model {
    /// Kind and identifier: `search_<uuid>`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Whose.
    pub tenant_id: Uuid,
    /// `search`, `purchase`, `reservationPurchase`, `releasePhoneNumber` or `updatePhoneNumberCapabilities`.
    pub kind: String,
    /// `notStarted`, `running`, `succeeded`, `failed` or `canceled`.
    pub status: String,
    /// The path of what it makes.
    pub resource: Option<String>,
    /// Why it failed.
    pub error_code: Option<String>,
    /// The same for people.
    pub error_message: Option<String>,
    /// When it was asked for.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
