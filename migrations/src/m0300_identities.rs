//! The users of tenants' apps, and the keys under which their tokens are signed.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(identities()).await?;
        manager.create_table(signing_keys()).await?;
        let by_tenant = Index::create()
            .name("identities_of_tenant")
            .table("identities")
            .col("tenant_id")
            .col("id")
            .to_owned();
        manager.create_index(by_tenant).await?;
        let by_revocation =
            Index::create().name("identities_by_revocation").table("identities").col("revoked_at").to_owned();
        manager.create_index(by_revocation).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["signing_keys", "identities"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// Tokens of an older generation are void. A deleted user stays until its last token would have expired.
fn identities() -> TableCreateStatement {
    Table::create()
        .table("identities")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(integer("generation"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("revoked_at"))
        .col(timestamp_with_time_zone_null("deleted_at"))
        .to_owned()
}

/// The youngest one signs; those that are retired still verify until what they signed has expired.
fn signing_keys() -> TableCreateStatement {
    Table::create()
        .table("signing_keys")
        .col(pk_uuid("id"))
        .col(blob("private_key"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("retired_at"))
        .to_owned()
}
