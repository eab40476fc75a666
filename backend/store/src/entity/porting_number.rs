//! Rows of `porting_numbers`.

use sea_orm::entity::prelude::*;

/// A number of a request to port.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "porting_numbers")]
pub struct Model {
    /// The request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: Uuid,
    /// The number with its `+`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub e164: String,
    /// Whose request it is.
    pub tenant_id: Uuid,
    /// `pending`, `accepted`, `rejected` or `ported`.
    pub state: String,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The lease that it became, or was.
    pub lease_id: Option<Uuid>,
    /// Whether it keeps the number from other requests.
    pub holds: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
