//! Rows of `stock`.

use sea_orm::entity::prelude::*;

/// A number that the platform has for sale, or sold.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stock")]
pub struct Model {
    /// The number with its `+`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub e164: String,
    /// `geographic`, `tollFree` or `mobile`.
    pub number_type: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its place.
    pub locality: Option<String>,
    /// Its area code.
    pub area_code: Option<String>,
    /// What it can do with calls.
    pub calling: String,
    /// What it can do with texts.
    pub sms: String,
    /// Where it comes from.
    pub carrier_id: Uuid,
    /// What a month costs, micro-units.
    pub monthly_micros: i64,
    /// ISO 4217.
    pub currency: String,
    /// `free`, `held`, `leased`, `quarantined` or `withdrawn`.
    pub state: String,
    /// The search or reservation that holds it.
    pub held_by: Option<Uuid>,
    /// Until when it is held, or in quarantine.
    pub held_until: Option<DateTimeUtc>,
    /// What it has in common with others; [`crate::stock::add`] finds it.
    pub kind_id: i64,
    /// The supplier from outside that it comes from; `None` is the platform's own inventory.
    pub supplier_id: Option<Uuid>,
    /// What a month costs the operator, micro-units.
    pub cost_micros: i64,
    /// What is charged once, micro-units.
    pub setup_micros: i64,
    /// Whose it was last, while it is in quarantine.
    pub last_tenant_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
