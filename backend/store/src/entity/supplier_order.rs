//! Rows of `supplier_orders`.

use sea_orm::entity::prelude::*;

/// What was asked of a supplier for one reference.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supplier_orders")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of whom.
    pub supplier_id: Uuid,
    /// For what: the search or reservation, as the supplier knows it.
    pub reference: Uuid,
    /// The numbers: an array of texts.
    pub numbers: Json,
    /// `holding`, `held`, `buying`, `bought`, `releasing` or `released`.
    pub state: String,
    /// How often the step was tried.
    pub attempts: i32,
    /// When it is looked at again.
    pub next_at: DateTimeUtc,
    /// What the last try said.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
