//! Numbers: the stock for sale, searches that hold some of it, operations, orders, and the leases of those sold.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(stock()).await?;
        manager.create_index(stock_index()).await?;
        manager
            .create_index(
                Index::create()
                    .name("stock_held_until")
                    .table("stock")
                    .col("state")
                    .col("held_until")
                    .to_owned(),
            )
            .await?;
        manager.create_table(searches()).await?;
        manager.create_table(operations()).await?;
        manager.create_table(orders()).await?;
        manager.create_table(leases()).await?;
        // A number has one lease at a time: the database itself refuses a second buyer.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE UNIQUE INDEX leases_active ON leases (e164) WHERE released_at IS NULL",
            )
            .await?;
        manager
            .create_index(
                Index::create().name("leases_tenant").table("leases").col("tenant_id").col("e164").to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("leases_paid_until").table("leases").col("paid_until").to_owned(),
            )
            .await
    }
}

fn stock() -> TableCreateStatement {
    Table::create()
        .table("stock")
        .col(string_len("e164", 16).primary_key())
        .col(string_len("number_type", 20))
        .col(string_len("country", 2))
        .col(string_len_null("locality", 100))
        .col(string_len_null("area_code", 10))
        .col(string_len("calling", 20))
        .col(string_len("sms", 20))
        .col(uuid("carrier_id"))
        .col(big_integer("monthly_micros"))
        .col(string_len("currency", 3))
        .col(string_len("state", 20))
        .col(uuid_null("held_by"))
        .col(timestamp_with_time_zone_null("held_until"))
        .to_owned()
}

fn stock_index() -> IndexCreateStatement {
    Index::create()
        .name("stock_offers")
        .table("stock")
        .col("country")
        .col("number_type")
        .col("state")
        .col("area_code")
        .to_owned()
}

fn searches() -> TableCreateStatement {
    Table::create()
        .table("number_searches")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("state", 20))
        .col(json("request"))
        .col(json("numbers"))
        .col(big_integer("monthly_micros"))
        .col(string_len("currency", 3))
        .col(string_len_null("error", 40))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(ForeignKey::create().from("number_searches", "tenant_id").to("tenants", "id"))
        .to_owned()
}

fn operations() -> TableCreateStatement {
    Table::create()
        .table("operations")
        .col(string_len("id", 100).primary_key())
        .col(uuid("tenant_id"))
        .col(string_len("kind", 40))
        .col(string_len("status", 20))
        .col(text_null("resource"))
        .col(string_len_null("error_code", 60))
        .col(text_null("error_message"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .foreign_key(ForeignKey::create().from("operations", "tenant_id").to("tenants", "id"))
        .to_owned()
}

fn orders() -> TableCreateStatement {
    Table::create()
        .table("orders")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("search_id"))
        .col(json("items"))
        .col(big_integer("amount_micros"))
        .col(string_len("currency", 3))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("orders", "tenant_id").to("tenants", "id"))
        .index(Index::create().unique().name("orders_search").col("search_id"))
        .to_owned()
}

fn leases() -> TableCreateStatement {
    Table::create()
        .table("leases")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("e164", 16))
        .col(string_len("number_type", 20))
        .col(string_len("country", 2))
        .col(string_len_null("area_code", 10))
        .col(string_len("calling", 20))
        .col(string_len("sms", 20))
        .col(string_len("assignment", 20))
        .col(string_len("binding_kind", 20))
        .col(text_null("binding_target"))
        .col(big_integer("monthly_micros"))
        .col(string_len("currency", 3))
        .col(timestamp_with_time_zone("purchased_at"))
        .col(timestamp_with_time_zone("paid_until"))
        .col(timestamp_with_time_zone_null("release_asked_at"))
        .col(timestamp_with_time_zone_null("released_at"))
        .foreign_key(ForeignKey::create().from("leases", "tenant_id").to("tenants", "id"))
        .to_owned()
}
