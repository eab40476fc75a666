//! Requests to port numbers, in and out: the numbers, papers and steps of each; and what keeps a number from leaving.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [requests(), numbers(), documents(), steps(), guards()] {
            manager.create_table(table).await?;
        }
        for (name, table, columns) in [
            ("porting_requests_of_tenant", "porting_requests", ["tenant_id", "direction", "id"]),
            ("porting_requests_by_state", "porting_requests", ["direction", "state", "id"]),
            ("porting_documents_of_request", "porting_documents", ["request_id", "tenant_id", "id"]),
            ("porting_steps_of_request", "porting_steps", ["request_id", "tenant_id", "id"]),
        ] {
            let mut index = Index::create().name(name).table(table).to_owned();
            columns.into_iter().for_each(|column| {
                index.col(column);
            });
            manager.create_index(index).await?;
        }
        // A number is in one request at a time: the database itself refuses a second.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE UNIQUE INDEX porting_numbers_held ON porting_numbers (e164) WHERE holds",
            )
            .await?;
        Ok(())
    }
}

/// Who the numbers belong to at the other provider stands sealed in `details`.
fn requests() -> TableCreateStatement {
    Table::create()
        .table("porting_requests")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("direction", 3))
        .col(string_len("state", 20))
        .col(string_len("country", 2))
        .col(string_len("number_type", 20))
        .col(text("provider"))
        .col(blob("details"))
        .col(string_len_null("wanted_on", 10))
        .col(string_len_null("firm_on", 10))
        .col(timestamp_with_time_zone_null("answer_by"))
        .col(uuid_null("carrier_id"))
        .col(big_integer("monthly_micros"))
        .col(big_integer("setup_micros"))
        .col(string_len("currency", 3))
        .col(text_null("reason"))
        .col(string_len("opened_by", 20))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(timestamp_with_time_zone_null("closed_at"))
        .foreign_key(ForeignKey::create().from("porting_requests", "tenant_id").to("tenants", "id"))
        .to_owned()
}

fn numbers() -> TableCreateStatement {
    Table::create()
        .table("porting_numbers")
        .col(uuid("request_id"))
        .col(string_len("e164", 16))
        .col(uuid("tenant_id"))
        .col(string_len("state", 20))
        .col(text_null("reason"))
        .col(uuid_null("lease_id"))
        .col(boolean("holds"))
        .primary_key(Index::create().col("request_id").col("e164"))
        .foreign_key(&mut of_request("porting_numbers"))
        .to_owned()
}

fn documents() -> TableCreateStatement {
    Table::create()
        .table("porting_documents")
        .col(pk_uuid("id"))
        .col(uuid("request_id"))
        .col(uuid("tenant_id"))
        .col(string_len("kind", 40))
        .col(string_len("content_type", 80))
        .col(big_integer("bytes"))
        .col(blob("content"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(&mut of_request("porting_documents"))
        .to_owned()
}

fn steps() -> TableCreateStatement {
    Table::create()
        .table("porting_steps")
        .col(pk_uuid("id"))
        .col(uuid("request_id"))
        .col(uuid("tenant_id"))
        .col(string_len_null("from_state", 20))
        .col(string_len("to_state", 20))
        .col(string_len("party", 20))
        .col(text_null("note"))
        .col(timestamp_with_time_zone("at"))
        .foreign_key(&mut of_request("porting_steps"))
        .to_owned()
}

fn guards() -> TableCreateStatement {
    Table::create()
        .table("port_out_guards")
        .col(pk_uuid("lease_id"))
        .col(uuid("tenant_id"))
        .col(boolean("locked"))
        .col(blob_null("pin"))
        .col(timestamp_with_time_zone("changed_at"))
        .foreign_key(ForeignKey::create().from("port_out_guards", "lease_id").to("leases", "id"))
        .foreign_key(ForeignKey::create().from("port_out_guards", "tenant_id").to("tenants", "id"))
        .to_owned()
}

fn of_request(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, "request_id").to("porting_requests", "id").to_owned()
}
