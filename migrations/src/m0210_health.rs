//! How trunks and carriers are doing, and when that changed.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(current()).await?;
        manager.create_table(changes()).await?;
        manager
            .create_index(
                Index::create()
                    .name("trunk_health_changes_peer")
                    .table("trunk_health_changes")
                    .col("peer_id")
                    .col("at")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("trunk_health_changes_at")
                    .table("trunk_health_changes")
                    .col("at")
                    .to_owned(),
            )
            .await
    }
}

/// One row for each trunk or carrier that was ever heard.
fn current() -> TableCreateStatement {
    Table::create()
        .table("trunk_health")
        .col(pk_uuid("peer_id"))
        .col(uuid_null("tenant_id"))
        .col(string_len("health", 20))
        .col(string_len("reason", 40))
        .col(timestamp_with_time_zone("since"))
        .col(timestamp_with_time_zone_null("heard_at"))
        .col(timestamp_with_time_zone_null("certificate_until"))
        .to_owned()
}

fn changes() -> TableCreateStatement {
    Table::create()
        .table("trunk_health_changes")
        .col(pk_uuid("id"))
        .col(uuid_null("tenant_id"))
        .col(uuid("peer_id"))
        .col(timestamp_with_time_zone("at"))
        .col(string_len("from_health", 20))
        .col(string_len("to_health", 20))
        .col(string_len("reason", 40))
        .to_owned()
}
