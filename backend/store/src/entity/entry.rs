//! Rows of `entries`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub journal_id: Uuid,
    pub account_id: Uuid,
    pub tenant_id: Option<Uuid>,
    pub at: DateTimeUtc,
    pub kind: String,
    pub amount_micros: i64,
    pub currency: String,
    pub balance_after_micros: Option<i64>,
    pub call_id: Option<Uuid>,
    pub number_id: Option<Uuid>,
    pub invoice_id: Option<Uuid>,
    pub reverses_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
