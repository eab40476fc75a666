//! API keys, invitations, and what is kept with answers to repeated requests.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(api_keys()).await?;
        let by_tenant = Index::create()
            .name("api_keys_of_tenant")
            .table("api_keys")
            .col("tenant_id")
            .col("id")
            .to_owned();
        manager.create_index(by_tenant).await?;
        manager.create_table(invitations()).await?;
        let headers = Table::alter().table("replays").add_column(text_null("headers")).to_owned();
        manager.alter_table(headers).await?;
        let caller =
            Table::alter().table("replays").add_column(string_len("caller", 100).default("")).to_owned();
        manager.alter_table(caller).await?;
        for (name, table, columns) in [
            ("replays_of_caller", "replays", ["caller", "created_at"].as_slice()),
            ("audit_of_target", "audit", &["target", "id"]),
            ("audit_of_tenant", "audit", &["tenant_id", "id"]),
        ] {
            let mut index = Index::create().name(name).table(table).to_owned();
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table) in
            [("audit_of_tenant", "audit"), ("audit_of_target", "audit"), ("replays_of_caller", "replays")]
        {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        for column in ["caller", "headers"] {
            let table = Table::alter().table("replays").drop_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        for table in ["invitations", "api_keys"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// The secret itself is nowhere: `hash` is its SHA-256. Keys without a tenant are the operator's.
fn api_keys() -> TableCreateStatement {
    Table::create()
        .table("api_keys")
        .col(pk_uuid("id"))
        .col(uuid_null("tenant_id"))
        .col(string_len("name", 100))
        .col(string_len_uniq("prefix", 20))
        .col(string_len("hash", 64))
        .col(string_len("grants", 300))
        .col(string_len("created_by", 254))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("expires_at"))
        .col(timestamp_with_time_zone_null("last_used_at"))
        .col(timestamp_with_time_zone_null("revoked_at"))
        .to_owned()
}

/// Who may sign up while sign-up is by invitation. `hash` is the SHA-256 of the link's token.
fn invitations() -> TableCreateStatement {
    Table::create()
        .table("invitations")
        .col(pk_uuid("id"))
        .col(string_len_uniq("hash", 64))
        .col(string_len_null("email", 254))
        .col(string_len("note", 200))
        .col(string_len("created_by", 254))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("used_at"))
        .col(uuid_null("tenant_id"))
        .to_owned()
}
