//! Of a tenant's periods one begins where another ends, and no other: two that close at the same moment do not both.

use sea_orm_migration::prelude::*;

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "CREATE UNIQUE INDEX billing_periods_start ON billing_periods (tenant_id, starts_at)";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
