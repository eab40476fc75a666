//! Rows of `webhook_deliveries`.

use sea_orm::entity::prelude::*;

/// One event on its way to one subscription.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// Its identifier, ascending with time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which tenant.
    pub tenant_id: Uuid,
    /// To which subscription.
    pub webhook_id: Uuid,
    /// Which event.
    pub event_id: Uuid,
    /// What kind it is.
    pub kind: String,
    /// What it says, JSON.
    pub payload: String,
    /// When it happened.
    pub event_at: DateTimeUtc,
    /// `pending`, `delivered` or `dead`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next; of one that is claimed, when the claim runs out.
    pub next_at: DateTimeUtc,
    /// Until when it is tried.
    pub expires_at: DateTimeUtc,
    /// The node that tries it.
    pub claimed_by: Option<String>,
    /// The last answer's status.
    pub last_status: Option<i32>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// The last tries, JSON.
    pub log: String,
    /// When it was written.
    pub created_at: DateTimeUtc,
    /// When it was delivered, or given up.
    pub done_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
