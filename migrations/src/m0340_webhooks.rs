//! Subscriptions to events, their deliveries, and the mark below which a tenant's balance is low.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(webhooks()).await?;
        manager.create_table(deliveries()).await?;
        manager.create_table(marks()).await?;
        let on = manager.get_connection();
        for statement in INDEXES {
            on.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["balance_marks", "webhook_deliveries", "webhooks"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

const INDEXES: [&str; 4] = [
    "CREATE UNIQUE INDEX webhooks_name ON webhooks (tenant_id, name)",
    "CREATE INDEX deliveries_waiting ON webhook_deliveries (webhook_id, next_at) WHERE state = 'pending'",
    "CREATE INDEX deliveries_dead ON webhook_deliveries (webhook_id, id) WHERE state = 'dead'",
    "CREATE INDEX deliveries_of_webhook ON webhook_deliveries (webhook_id, id)",
];

/// A secret that was replaced signs beside its successor until it runs out.
fn webhooks() -> TableCreateStatement {
    Table::create()
        .table("webhooks")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("name", 64))
        .col(string_len("url", 2_048))
        .col(string_len("schema", 40))
        .col(json("event_types"))
        .col(string_len("subject_begins_with", 256))
        .col(string_len("subject_ends_with", 256))
        .col(boolean("enabled"))
        .col(integer("max_attempts"))
        .col(integer("life_minutes"))
        .col(blob("secret"))
        .col(blob_null("previous_secret"))
        .col(timestamp_with_time_zone_null("previous_until"))
        .col(string_len("validation", 20))
        .col(string_len_null("validation_code", 64))
        .col(timestamp_with_time_zone_null("validation_until"))
        .col(text_null("validation_error"))
        .col(integer_null("allowed_per_minute"))
        .col(big_integer("dropped"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .to_owned()
}

/// `log` holds the last tries with their requests and answers.
fn deliveries() -> TableCreateStatement {
    Table::create()
        .table("webhook_deliveries")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("webhook_id"))
        .col(uuid("event_id"))
        .col(string_len("kind", 60))
        .col(text("payload"))
        .col(timestamp_with_time_zone("event_at"))
        .col(string_len("state", 20))
        .col(integer("attempts"))
        .col(timestamp_with_time_zone("next_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(string_len_null("claimed_by", 128))
        .col(integer_null("last_status"))
        .col(text_null("last_error"))
        .col(text("log"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("done_at"))
        .to_owned()
}

fn marks() -> TableCreateStatement {
    Table::create().table("balance_marks").col(pk_uuid("tenant_id")).col(big_integer("low_micros")).to_owned()
}
