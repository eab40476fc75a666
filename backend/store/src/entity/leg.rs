//! Rows of `legs`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "legs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub side: String,
    pub peer: Option<String>,
    pub transport: Option<String>,
    pub sip_call_id: Option<String>,
    pub codec: String,
    pub packets: i64,
    pub bytes: i64,
    pub lost: i64,
    pub foreign_packets: i64,
    pub jitter_us: i64,
    pub sent_packets: i64,
    pub verdict: String,
    pub explanation: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
