//! A call is recorded by each of its tenants for itself: one recording of a tenant at a time, and no longer one of the call.

use sea_orm_migration::prelude::*;

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: [&str; 2]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

const UP: [&str; 2] = [
    "DROP INDEX recordings_one_open",
    "CREATE UNIQUE INDEX recordings_one_open ON recordings (carried_id, tenant_id) \
     WHERE state IN ('recording', 'paused')",
];

const DOWN: [&str; 2] = [
    "DROP INDEX recordings_one_open",
    "CREATE UNIQUE INDEX recordings_one_open ON recordings (carried_id) WHERE state IN ('recording', 'paused')",
];
