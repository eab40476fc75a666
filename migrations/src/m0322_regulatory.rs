//! What regulators want to know of whoever buys a number: the operator's rules, and what tenants showed.

use sea_orm_migration::{prelude::*, schema::*};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(requirements()).await?;
        manager.create_table(evidence()).await?;
        for (name, table, columns) in [
            ("regulatory_requirements_of_kind", "regulatory_requirements", ["country", "number_type"]),
            ("regulatory_evidence_of_tenant", "regulatory_evidence", ["tenant_id", "requirement_id"]),
            ("regulatory_evidence_by_state", "regulatory_evidence", ["state", "id"]),
        ] {
            let index = Index::create().name(name).table(table).col(columns[0]).col(columns[1]).to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn requirements() -> TableCreateStatement {
    Table::create()
        .table("regulatory_requirements")
        .col(pk_uuid("id"))
        .col(string_len("country", 2))
        .col(string_len("number_type", 20))
        .col(string_len("kind", 20))
        .col(text("description"))
        .col(boolean("needs_document"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

/// What a tenant says stands sealed beside its document.
fn evidence() -> TableCreateStatement {
    Table::create()
        .table("regulatory_evidence")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("requirement_id"))
        .col(string_len("state", 20))
        .col(blob("statement"))
        .col(string_len_null("content_type", 80))
        .col(blob_null("document"))
        .col(text_null("reason"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("judged_at"))
        .foreign_key(ForeignKey::create().from("regulatory_evidence", "tenant_id").to("tenants", "id"))
        .foreign_key(
            ForeignKey::create()
                .from("regulatory_evidence", "requirement_id")
                .to("regulatory_requirements", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
