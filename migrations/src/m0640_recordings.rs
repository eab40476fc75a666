//! Recordings of calls, and what tenants say of them.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(policies()).await?;
        manager.create_table(recordings()).await?;
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["recordings", "recording_policies"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// The third holds that a call has one recording at a time.
const INDEXES: [&str; 5] = [
    "CREATE INDEX recordings_of_tenant ON recordings (tenant_id, id)",
    "CREATE INDEX recordings_of_call ON recordings (call_id)",
    "CREATE UNIQUE INDEX recordings_one_open ON recordings (carried_id) WHERE state IN ('recording', 'paused')",
    "CREATE INDEX recordings_open ON recordings (node) WHERE state IN ('recording', 'paused')",
    "CREATE INDEX recordings_expire ON recordings (expires_at) WHERE deleted_at IS NULL",
];

fn policies() -> TableCreateStatement {
    Table::create()
        .table("recording_policies")
        .col(pk_uuid("tenant_id"))
        .col(string_len("mode", 20))
        .col(integer("retention_days"))
        .col(string_len("notice", 20))
        .col(timestamp_with_time_zone("updated_at"))
        .to_owned()
}

/// `call_id` is the tenant's own record of the call; `carried_id` is its payer's, under which the call runs.
fn recordings() -> TableCreateStatement {
    Table::create()
        .table("recordings")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("call_id"))
        .col(uuid("carried_id"))
        .col(string_len("node", 255))
        .col(string_len("state", 20))
        .col(string_len("notice", 20))
        .col(string_len("begun_by", 254))
        .col(timestamp_with_time_zone("started_at"))
        .col(timestamp_with_time_zone_null("ended_at"))
        .col(big_integer("duration_ms"))
        .col(big_integer("bytes"))
        .col(big_integer("lost"))
        .col(big_integer("unreadable"))
        .col(string_len_null("failure", 500))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("deleted_at"))
        .to_owned()
}
