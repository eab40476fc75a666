//! Tenants, the people who sign in, their sessions, and the access keys.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(tenants()).await?;
        manager.create_table(users()).await?;
        manager.create_table(sessions()).await?;
        manager.create_index(index("sessions", "expires_at")).await?;
        manager.create_table(access_keys()).await
    }
}

fn tenants() -> TableCreateStatement {
    Table::create()
        .table("tenants")
        .col(pk_uuid("id"))
        .col(string_len_uniq("slug", 63))
        .col(string_len("name", 200))
        .col(string_len("status", 20))
        .col(integer("calls_per_second"))
        .col(integer("max_calls"))
        .col(uuid("plan_id"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(pk_uuid("id"))
        .col(uuid_null("tenant_id"))
        .col(string_len_uniq("email", 254))
        .col(text("password_hash"))
        .col(timestamp_with_time_zone_null("verified_at"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("users", "tenant_id").to("tenants", "id"))
        .to_owned()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(string_len("id_hash", 64).primary_key())
        .col(uuid("user_id"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(ForeignKey::create().from("sessions", "user_id").to("users", "id"))
        .to_owned()
}

fn access_keys() -> TableCreateStatement {
    Table::create()
        .table("access_keys")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("slot", 20))
        .col(blob("secret"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("access_keys", "tenant_id").to("tenants", "id"))
        .index(Index::create().unique().name("access_keys_slot").col("tenant_id").col("slot"))
        .to_owned()
}

fn index(table: &'static str, column: &'static str) -> IndexCreateStatement {
    Index::create().name(format!("{table}_{column}")).table(table).col(column).to_owned()
}
