//! Calls with their legs and decisions, and the heartbeats by which a crash is dated.

use sea_orm_migration::{prelude::*, schema::*};

/// Makes `calls`, `decisions`, `legs` and `heartbeats`.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [calls(), decisions(), legs(), heartbeats()] {
            manager.create_table(table).await?;
        }
        manager
            .create_index(
                Index::create().name("calls_of_tenant").table("calls").col("tenant_id").col("id").to_owned(),
            )
            .await?;
        for partial in PARTIAL_INDEXES {
            manager.get_connection().execute_unprepared(partial).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["heartbeats", "legs", "decisions", "calls"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// The same words on SQLite and PostgreSQL.
const PARTIAL_INDEXES: [&str; 2] = [
    "CREATE INDEX calls_live_on_node ON calls (node) WHERE state = 'live'",
    "CREATE INDEX calls_of_payers_call ON calls (payer_call_id) WHERE payer_call_id IS NOT NULL",
];

/// One row per call and tenant that sees it: the payer's, and for an on-net call to another tenant a second row of that
/// tenant, which names the payer's in `payer_call_id` and costs nothing.
fn calls() -> TableCreateStatement {
    Table::create()
        .table("calls")
        .col(pk_uuid("id"))
        .col(uuid_null("tenant_id"))
        .col(uuid_null("payer_call_id"))
        .col(string("node"))
        .col(string("direction"))
        .col(string("state"))
        .col(string_null("caller"))
        .col(string("callee"))
        .col(string_null("caller_trunk"))
        .col(string_null("callee_trunk"))
        .col(timestamp_with_time_zone("started_at"))
        .col(timestamp_with_time_zone_null("answered_at"))
        .col(timestamp_with_time_zone_null("ended_at"))
        .col(big_integer("duration_ms").default(0))
        .col(big_integer("funded_ms").default(0))
        .col(integer_null("outcome_code"))
        .col(big_integer_null("outcome_sub_code"))
        .col(string_null("cause"))
        .col(text_null("explanation"))
        .col(string_len("currency", 3))
        .col(text("quote"))
        .col(text("charges"))
        .col(big_integer("total_micros").default(0))
        .to_owned()
}

fn decisions() -> TableCreateStatement {
    Table::create()
        .table("decisions")
        .col(pk_uuid("id"))
        .col(ColumnDef::new("call_id").uuid().not_null().unique_key())
        .col(timestamp_with_time_zone("at"))
        .col(text("facts"))
        .col(text("funds"))
        .col(text("decision"))
        .col(text("config_versions"))
        .col(string_null("foreign_number"))
        .to_owned()
}

fn legs() -> TableCreateStatement {
    Table::create()
        .table("legs")
        .col(uuid("call_id"))
        .col(string("side"))
        .col(string_null("peer"))
        .col(string_null("transport"))
        .col(string_null("sip_call_id"))
        .col(string("codec"))
        .col(big_integer("packets").default(0))
        .col(big_integer("bytes").default(0))
        .col(big_integer("lost").default(0))
        .col(big_integer("foreign_packets").default(0))
        .col(big_integer("jitter_us").default(0))
        .col(big_integer("sent_packets").default(0))
        .col(string("verdict"))
        .col(text("explanation"))
        .primary_key(Index::create().col("call_id").col("side"))
        .to_owned()
}

/// When a node was last seen at work. At most five seconds old while it runs.
fn heartbeats() -> TableCreateStatement {
    Table::create()
        .table("heartbeats")
        .col(ColumnDef::new("node").string().not_null().primary_key())
        .col(timestamp_with_time_zone("started_at"))
        .col(timestamp_with_time_zone("at"))
        .to_owned()
}
