//! Stops of tenants that spent too much too fast, and the countries that each tenant has called.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(stops()).await?;
        manager.create_table(countries()).await?;
        let on = manager.get_connection();
        for statement in INDEXES {
            on.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["called_countries", "velocity_stops"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

const INDEXES: [&str; 3] = [
    "CREATE INDEX velocity_stops_of_tenant ON velocity_stops (tenant_id, id)",
    "CREATE INDEX velocity_stops_open ON velocity_stops (id) WHERE lifted_at IS NULL",
    "CREATE UNIQUE INDEX called_countries_once ON called_countries (tenant_id, country)",
];

/// A stop is over at `until` (never where it is null), or when it is lifted.
fn stops() -> TableCreateStatement {
    Table::create()
        .table("velocity_stops")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("kind", 20))
        .col(string_len("value", 64))
        .col(string_len("span", 10))
        .col(big_integer("spent_micros"))
        .col(big_integer("limit_micros"))
        .col(string_len("currency", 3))
        .col(boolean("ends_calls"))
        .col(boolean("by_operator"))
        .col(string_len("node", 128))
        .col(timestamp_with_time_zone("since"))
        .col(timestamp_with_time_zone_null("until"))
        .col(timestamp_with_time_zone_null("lifted_at"))
        .col(string_len_null("lifted_by", 254))
        .to_owned()
}

fn countries() -> TableCreateStatement {
    Table::create()
        .table("called_countries")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("country", 2))
        .col(uuid("call_id"))
        .col(timestamp_with_time_zone("at"))
        .to_owned()
}
