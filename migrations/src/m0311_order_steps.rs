//! Orders are carried out in steps that can be undone, so that a crash leaves none of them half done.

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
        let next_at = Table::alter()
            .table("orders")
            .add_column(ColumnDef::new("next_at").timestamp_with_time_zone().null())
            .to_owned();
        manager.alter_table(next_at).await?;
        // Few orders are open at a time: the index holds those alone.
        let open = "CREATE INDEX orders_open ON orders (next_at) WHERE state IN ('running', 'undoing')";
        manager.get_connection().execute_unprepared(open).await?;
        Ok(())
    }
}

/// Orders that were there before were done in one transaction.
const STATEMENTS: [&str; 7] = [
    "ALTER TABLE orders ADD COLUMN kind VARCHAR(20) NOT NULL DEFAULT 'search'",
    "ALTER TABLE orders ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'done'",
    "ALTER TABLE orders ADD COLUMN step INTEGER NOT NULL DEFAULT 4",
    "ALTER TABLE orders ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE orders ADD COLUMN actor VARCHAR(200) NOT NULL DEFAULT 'system'",
    "ALTER TABLE orders ADD COLUMN reason_code VARCHAR(60) NULL",
    "ALTER TABLE orders ADD COLUMN reason TEXT NULL",
];
