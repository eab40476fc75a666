//! Our registrations with the registrars of carriers and PBXs.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(registrations()).await
    }
}

/// One for each trunk or carrier at most.
fn registrations() -> TableCreateStatement {
    Table::create()
        .table("trunk_registrations")
        .col(pk_uuid("peer_id"))
        .col(uuid_null("tenant_id"))
        .col(string_len("registrar", 253))
        .col(integer_null("port"))
        .col(string_len_null("transport", 10))
        .col(string_len("domain", 253))
        .col(string_len("username", 128))
        .col(blob("password"))
        .col(string_len("contact_user", 128))
        .col(integer("expires"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}
