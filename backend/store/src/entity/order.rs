//! Rows of `orders`.

use sea_orm::entity::prelude::*;

/// A purchase.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// The search or reservation that it buys; each is bought once.
    pub search_id: Uuid,
    /// Number, lease and amount of each.
    pub items: Json,
    /// What is debited, micro-units.
    pub amount_micros: i64,
    /// ISO 4217.
    pub currency: String,
    /// When.
    pub created_at: DateTimeUtc,
    /// `search` or `reservation`.
    pub kind: String,
    /// `running`, `done`, `undoing` or `undone`.
    pub state: String,
    /// How many of its steps are taken.
    pub step: i32,
    /// How often it was taken up again.
    pub attempts: i32,
    /// Who ordered.
    pub actor: String,
    /// Why it was undone, for programs.
    pub reason_code: Option<String>,
    /// The same for people.
    pub reason: Option<String>,
    /// When it may be taken up again, while it is open.
    pub next_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
