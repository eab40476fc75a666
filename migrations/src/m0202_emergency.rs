//! Emergency numbers by country, and the addresses that tenants register for their numbers.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("emergency_countries")
                    .col(string_len("country", 2).primary_key())
                    .col(json("body"))
                    .col(timestamp_with_time_zone("updated_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("emergency_addresses")
                    .col(pk_uuid("id"))
                    .col(uuid("tenant_id"))
                    .col(string_len("e164", 16))
                    .col(json("body"))
                    .col(timestamp_with_time_zone("updated_at"))
                    .foreign_key(
                        ForeignKey::create().from("emergency_addresses", "tenant_id").to("tenants", "id"),
                    )
                    .index(
                        Index::create()
                            .unique()
                            .name("emergency_addresses_number")
                            .col("tenant_id")
                            .col("e164"),
                    )
                    .to_owned(),
            )
            .await
    }
}
