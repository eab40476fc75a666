//! Rehearsals: drafts that are tried on past calls, what was found, and what became of the draft.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(rehearsals()).await?;
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("rehearsals").to_owned()).await
    }
}

const INDEXES: [&str; 3] = [
    "CREATE INDEX rehearsals_of_tenant ON rehearsals (tenant_id, id)",
    "CREATE INDEX rehearsals_open ON rehearsals (id) WHERE state IN ('queued', 'running')",
    "CREATE INDEX rehearsals_due ON rehearsals (effective_at) WHERE draft_state = 'scheduled'",
];

/// `tenant_id` is null for the operator's. `draft` is what is tried; `undo` is how it was before it was applied.
fn rehearsals() -> TableCreateStatement {
    Table::create()
        .table("rehearsals")
        .col(pk_uuid("id"))
        .col(uuid_null("tenant_id"))
        .col(string_len("kind", 20))
        .col(string_len("title", 200))
        .col(json("draft"))
        .col(string_len("against", 20))
        .col(timestamp_with_time_zone("since"))
        .col(timestamp_with_time_zone("until"))
        .col(string_len("state", 20))
        .col(big_integer("looked_at").default(0))
        .col(string_len("node", 128))
        .col(json_null("figures"))
        .col(text_null("failure"))
        .col(string_len("created_by", 254))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("started_at"))
        .col(timestamp_with_time_zone_null("ended_at"))
        .col(string_len("draft_state", 20))
        .col(string_len("expected", 64))
        .col(json_null("undo"))
        .col(boolean("below_cost").default(false))
        .col(timestamp_with_time_zone_null("effective_at"))
        .col(string_len_null("decided_by", 254))
        .col(timestamp_with_time_zone_null("decided_at"))
        .col(text_null("refusal"))
        .to_owned()
}
