//! The messages and media turns of calls that are over, packed.

use sea_orm_migration::{prelude::*, schema::*};

/// Makes `call_traces`.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(call_traces()).await?;
        let by_age = Index::create().name("call_traces_by_age").table("call_traces").col("at").to_owned();
        manager.create_index(by_age).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("call_traces").to_owned()).await
    }
}

/// One row per carried call, by the payer's record. The record may come a moment later than the row, or never (it is
/// then swept by its age), so no key binds the two.
fn call_traces() -> TableCreateStatement {
    Table::create()
        .table("call_traces")
        .col(pk_uuid("call_id"))
        .col(timestamp_with_time_zone("at"))
        .col(blob("body"))
        .to_owned()
}
