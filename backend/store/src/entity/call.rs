//! Rows of `calls`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Option<Uuid>,
    pub payer_call_id: Option<Uuid>,
    pub node: String,
    pub direction: String,
    pub state: String,
    pub caller: Option<String>,
    pub callee: String,
    pub caller_trunk: Option<String>,
    pub callee_trunk: Option<String>,
    pub started_at: DateTimeUtc,
    pub answered_at: Option<DateTimeUtc>,
    pub ended_at: Option<DateTimeUtc>,
    pub duration_ms: i64,
    pub funded_ms: i64,
    pub held_micros: i64,
    pub outcome_code: Option<i32>,
    pub outcome_sub_code: Option<i64>,
    pub cause: Option<String>,
    pub explanation: Option<String>,
    pub currency: String,
    pub quote: String,
    pub charges: String,
    pub total_micros: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
