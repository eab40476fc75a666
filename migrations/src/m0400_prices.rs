//! Versions of price plans, rate decks, and what tenants have used of a month's minutes.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [plan_versions(), decks(), deck_bodies(), deck_versions(), volumes()] {
            manager.create_table(table).await?;
        }
        for (name, table, columns) in [
            ("price_plan_versions_of_plan", "price_plan_versions", ["plan_id", "number"]),
            ("rate_deck_versions_of_deck", "rate_deck_versions", ["deck_id", "number"]),
        ] {
            let mut index = Index::create().name(name).table(table).unique().to_owned();
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        for (name, table) in [
            ("price_plan_versions_by_state", "price_plan_versions"),
            ("rate_deck_versions_by_state", "rate_deck_versions"),
        ] {
            let index = Index::create().name(name).table(table).col("state").col("effective_at").to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in
            ["usage_volumes", "rate_deck_versions", "rate_deck_bodies", "rate_decks", "price_plan_versions"]
        {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn plan_versions() -> TableCreateStatement {
    Table::create()
        .table("price_plan_versions")
        .col(pk_uuid("id"))
        .col(uuid("plan_id"))
        .col(integer("number"))
        .col(string_len("state", 20))
        .col(timestamp_with_time_zone("effective_at"))
        .col(json("body"))
        .col(string_len("created_by", 254))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("price_plan_versions", "plan_id").to("price_plans", "id"))
        .to_owned()
}

fn decks() -> TableCreateStatement {
    Table::create()
        .table("rate_decks")
        .col(pk_uuid("id"))
        .col(string_len_uniq("name", 100))
        .col(string_len("kind", 20))
        .col(string_len("currency", 3))
        .col(uuid_null("current_version_id"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

/// The rows of a deck, packed and compressed, by the hash of what they say: versions that say the same share them.
fn deck_bodies() -> TableCreateStatement {
    Table::create()
        .table("rate_deck_bodies")
        .col(string_len("hash", 64).primary_key())
        .col(blob("body"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn deck_versions() -> TableCreateStatement {
    Table::create()
        .table("rate_deck_versions")
        .col(pk_uuid("id"))
        .col(uuid("deck_id"))
        .col(integer("number"))
        .col(string_len("state", 20))
        .col(string_len("hash", 64))
        .col(big_integer("row_count"))
        .col(text("note"))
        .col(json("preview"))
        .col(timestamp_with_time_zone_null("effective_at"))
        .col(string_len("created_by", 254))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("rate_deck_versions", "deck_id").to("rate_decks", "id"))
        .to_owned()
}

/// Milliseconds that a tenant has used of a kind of leg in a month (UTC).
fn volumes() -> TableCreateStatement {
    Table::create()
        .table("usage_volumes")
        .col(uuid("tenant_id"))
        .col(string_len("month", 7))
        .col(string_len("kind", 20))
        .col(big_integer("used_ms"))
        .col(big_integer("free_used_ms"))
        .col(big_integer("free_granted_ms"))
        .primary_key(Index::create().col("tenant_id").col("month").col("kind"))
        .to_owned()
}
