//! An order says what it bought, and for whom it was placed.

use sea_orm_migration::prelude::*;

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const STATEMENTS: [&str; 2] = [
    "ALTER TABLE orders ADD COLUMN kind VARCHAR(20) NOT NULL DEFAULT 'search'",
    "ALTER TABLE orders ADD COLUMN actor VARCHAR(200) NOT NULL DEFAULT 'system'",
];
