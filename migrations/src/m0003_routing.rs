//! Trunks, domains, voice routes and SIP users of the tenants.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(trunks()).await?;
        manager
            .create_index(Index::create().name("trunks_tenant").table("trunks").col("tenant_id").to_owned())
            .await?;
        manager.create_table(domains()).await?;
        manager.create_table(routes()).await?;
        manager.create_table(sip_users()).await
    }
}

fn trunks() -> TableCreateStatement {
    Table::create()
        .table("trunks")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len_uniq("fqdn", 253))
        .col(integer("port"))
        .col(boolean("enabled"))
        .col(string_len("transport", 10))
        .col(json("addresses"))
        .col(string_len("srtp", 20))
        .col(json("codecs"))
        .col(integer("calls_per_second"))
        .col(integer("max_calls"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("trunks", "tenant_id").to("tenants", "id"))
        .to_owned()
}

fn domains() -> TableCreateStatement {
    Table::create()
        .table("domains")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("name", 253))
        .col(string_len("token", 100))
        .col(timestamp_with_time_zone_null("verified_at"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("domains", "tenant_id").to("tenants", "id"))
        .index(Index::create().unique().name("domains_name").col("tenant_id").col("name"))
        .to_owned()
}

fn routes() -> TableCreateStatement {
    Table::create()
        .table("routes")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(integer("position"))
        .col(string_len("name", 256))
        .col(text_null("description"))
        .col(text("number_pattern"))
        .col(json("trunks"))
        .col(text_null("caller_id_override"))
        .foreign_key(ForeignKey::create().from("routes", "tenant_id").to("tenants", "id"))
        .index(Index::create().unique().name("routes_position").col("tenant_id").col("position"))
        .to_owned()
}

fn sip_users() -> TableCreateStatement {
    Table::create()
        .table("sip_users")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("username", 64))
        .col(string_len_null("display_name", 200))
        .col(string_len("realm", 253))
        .col(blob("ha1_md5"))
        .col(blob("ha1_sha256"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("sip_users", "tenant_id").to("tenants", "id"))
        .index(Index::create().unique().name("sip_users_name").col("tenant_id").col("username"))
        .to_owned()
}
