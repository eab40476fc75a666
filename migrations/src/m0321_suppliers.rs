//! Suppliers from outside, and what was asked of them: each step is written down before it is asked for, so that a crash
//! leaves nothing held or bought that nobody knows of.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(suppliers()).await?;
        manager.create_table(supplier_orders()).await?;
        for (name, columns) in [
            ("supplier_orders_due", ["state", "next_at"]),
            ("supplier_orders_reference", ["reference", "supplier_id"]),
        ] {
            let mut index = Index::create();
            index.name(name).table("supplier_orders").col(columns[0]).col(columns[1]);
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn suppliers() -> TableCreateStatement {
    Table::create()
        .table("suppliers")
        .col(pk_uuid("id"))
        .col(string_len("name", 80).unique_key())
        .col(text("url"))
        .col(blob("secret"))
        .col(json("countries"))
        .col(uuid("carrier_id"))
        .col(integer("margin_basis_points"))
        .col(integer("timeout_ms"))
        .col(boolean("enabled"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn supplier_orders() -> TableCreateStatement {
    Table::create()
        .table("supplier_orders")
        .col(pk_uuid("id"))
        .col(uuid("supplier_id"))
        .col(uuid("reference"))
        .col(json("numbers"))
        .col(string_len("state", 20))
        .col(integer("attempts"))
        .col(timestamp_with_time_zone("next_at"))
        .col(text_null("last_error"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .foreign_key(ForeignKey::create().from("supplier_orders", "supplier_id").to("suppliers", "id"))
        .to_owned()
}
