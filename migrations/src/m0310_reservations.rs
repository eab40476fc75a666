//! Reservations: numbers that a tenant chose one by one and holds for a while.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(reservations()).await?;
        let by_name = Index::create()
            .unique()
            .name("reservations_of_tenant")
            .table("reservations")
            .col("tenant_id")
            .col("public_id")
            .to_owned();
        manager.create_index(by_name).await?;
        let by_end = Index::create()
            .name("reservations_by_end")
            .table("reservations")
            .col("state")
            .col("expires_at")
            .to_owned();
        manager.create_index(by_end).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("reservations").to_owned()).await
    }
}

/// A tenant names its reservations itself, so that two tenants may choose one name: what the stock is held by is `id`.
fn reservations() -> TableCreateStatement {
    Table::create()
        .table("reservations")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("public_id"))
        .col(string_len("state", 20))
        .col(json("items"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(ForeignKey::create().from("reservations", "tenant_id").to("tenants", "id"))
        .to_owned()
}
