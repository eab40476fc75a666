//! Rows of `leases`.

use sea_orm::entity::prelude::*;

/// A number that a tenant has or had.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// The number with its `+`.
    pub e164: String,
    /// `geographic`, `tollFree` or `mobile`.
    pub number_type: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its area code.
    pub area_code: Option<String>,
    /// What it can do with calls.
    pub calling: String,
    /// What it can do with texts.
    pub sms: String,
    /// `person` or `application`.
    pub assignment: String,
    /// `trunk`, `user`, `application`, `forward` or `none`.
    pub binding_kind: String,
    /// The trunk, user, application or number.
    pub binding_target: Option<String>,
    /// What a month costs, micro-units.
    pub monthly_micros: i64,
    /// ISO 4217.
    pub currency: String,
    /// When it was bought.
    pub purchased_at: DateTimeUtc,
    /// Until when it is paid.
    pub paid_until: DateTimeUtc,
    /// When the tenant gave it back.
    pub release_asked_at: Option<DateTimeUtc>,
    /// When it ended.
    pub released_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
