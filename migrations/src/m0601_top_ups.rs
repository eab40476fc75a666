//! Automatic top-ups: the rules of tenants, and each top-up that a rule asked the payment system for.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(rules()).await?;
        manager.create_table(top_ups()).await?;
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["top_ups", "top_up_rules"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// The second holds that a tenant has one open top-up at most.
const INDEXES: [&str; 3] = [
    "CREATE INDEX top_ups_of_tenant ON top_ups (tenant_id, id)",
    "CREATE UNIQUE INDEX top_ups_one_open ON top_ups (tenant_id) WHERE state IN ('requested', 'pending')",
    "CREATE INDEX top_ups_due ON top_ups (next_at) WHERE state IN ('requested', 'pending')",
];

fn rules() -> TableCreateStatement {
    Table::create()
        .table("top_up_rules")
        .col(pk_uuid("tenant_id"))
        .col(boolean("enabled"))
        .col(string_len("currency", 3))
        .col(big_integer("threshold_micros"))
        .col(big_integer("amount_micros"))
        .col(integer("daily_count"))
        .col(big_integer_null("daily_micros"))
        .col(timestamp_with_time_zone("updated_at"))
        .to_owned()
}

/// A requested one is posted at `next_at`; a pending one is given up then.
fn top_ups() -> TableCreateStatement {
    Table::create()
        .table("top_ups")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(big_integer("amount_micros"))
        .col(string_len("currency", 3))
        .col(string_len("state", 20))
        .col(integer("attempts"))
        .col(timestamp_with_time_zone("next_at"))
        .col(string_len_null("reference", 200))
        .col(string_len_null("problem", 500))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("ended_at"))
        .to_owned()
}
