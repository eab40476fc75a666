//! What trunks, routes, carriers, tenants and domains can be told beyond their first columns: one JSON document each,
//! whose shape the domain's types give, and sealed secrets beside it.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// A document that says nothing.
const EMPTY: &str = "{}";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["trunks", "routes", "carriers"] {
            add(manager, table, json("settings").default(EMPTY).to_owned()).await?;
        }
        for table in ["trunks", "carriers"] {
            add(manager, table, blob_null("outbound_secret")).await?;
        }
        add(manager, "tenants", json("protection").default(EMPTY).to_owned()).await?;
        add(manager, "tenants", json("terms").default(EMPTY).to_owned()).await?;
        add(manager, "domains", boolean("enabled").default(true).to_owned()).await
    }
}

/// One column a statement: SQLite adds no more at once.
async fn add(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}
