//! What belongs to the platform: carriers, plans, audit, outbox, configuration by version, kept values, replays.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(carriers()).await?;
        manager.create_table(price_plans()).await?;
        manager.create_table(audit()).await?;
        manager
            .create_index(
                Index::create().name("audit_tenant").table("audit").col("tenant_id").col("at").to_owned(),
            )
            .await?;
        manager.create_table(outbox()).await?;
        manager
            .create_index(
                Index::create().name("outbox_due").table("outbox").col("state").col("next_at").to_owned(),
            )
            .await?;
        manager.create_table(config_versions()).await?;
        manager.create_table(platform_values()).await?;
        manager.create_table(replays()).await
    }
}

fn carriers() -> TableCreateStatement {
    Table::create()
        .table("carriers")
        .col(pk_uuid("id"))
        .col(string_len_uniq("name", 100))
        .col(boolean("sandbox"))
        .col(boolean("enabled"))
        .col(json("hosts"))
        .col(string_len("caller_id", 20))
        .col(integer("calls_per_second"))
        .col(integer("max_calls"))
        .col(json("prefixes"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn price_plans() -> TableCreateStatement {
    Table::create()
        .table("price_plans")
        .col(pk_uuid("id"))
        .col(string_len_uniq("name", 100))
        .col(string_len("version", 60))
        .col(json("body"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn audit() -> TableCreateStatement {
    Table::create()
        .table("audit")
        .col(pk_uuid("id"))
        .col(timestamp_with_time_zone("at"))
        .col(uuid_null("tenant_id"))
        .col(string_len("actor", 254))
        .col(string_len("what", 60))
        .col(text("target"))
        .col(json_null("before"))
        .col(json_null("after"))
        .to_owned()
}

fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(pk_uuid("id"))
        .col(uuid_null("tenant_id"))
        .col(string_len("kind", 60))
        .col(json("payload"))
        .col(string_len("state", 20))
        .col(integer("attempts"))
        .col(timestamp_with_time_zone("next_at"))
        .col(text_null("last_error"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn config_versions() -> TableCreateStatement {
    Table::create()
        .table("config_versions")
        .col(string_len("hash", 64).primary_key())
        .col(string_len("kind", 20))
        // Text, not JSON: its bytes are what was hashed.
        .col(text("body"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn platform_values() -> TableCreateStatement {
    Table::create()
        .table("platform_values")
        .col(string_len("name", 60).primary_key())
        .col(blob("value"))
        .to_owned()
}

fn replays() -> TableCreateStatement {
    Table::create()
        .table("replays")
        .col(string_len("id", 64).primary_key())
        .col(string_len("fingerprint", 64))
        .col(small_integer_null("status"))
        .col(blob_null("answer"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}
