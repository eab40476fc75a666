//! Rows of `webhooks`.

use sea_orm::entity::prelude::*;

/// A subscription to events.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which tenant.
    pub tenant_id: Uuid,
    /// What its owner calls it; unique in the tenant.
    pub name: String,
    /// Where events go.
    pub url: String,
    /// How they look.
    pub schema: String,
    /// Their types; empty for all.
    pub event_types: Json,
    /// What their subject begins with.
    pub subject_begins_with: String,
    /// What their subject ends with.
    pub subject_ends_with: String,
    /// Whether events go there.
    pub enabled: bool,
    /// Tries of one delivery.
    pub max_attempts: i32,
    /// Minutes for which a delivery is tried.
    pub life_minutes: i32,
    /// What signs bodies, sealed.
    pub secret: Vec<u8>,
    /// What signed them before, sealed.
    pub previous_secret: Option<Vec<u8>>,
    /// Until when that signs too.
    pub previous_until: Option<DateTimeUtc>,
    /// `valid`, `awaiting` or `failed`.
    pub validation: String,
    /// What its owner proves the endpoint with.
    pub validation_code: Option<String>,
    /// Until when that is taken.
    pub validation_until: Option<DateTimeUtc>,
    /// Why the endpoint did not prove itself.
    pub validation_error: Option<String>,
    /// Requests a minute that the endpoint allows.
    pub allowed_per_minute: Option<i32>,
    /// Events that were not queued, since the queue was full.
    pub dropped: i64,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it was last changed.
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
