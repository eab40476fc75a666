//! Accounts, the append-only double-entry ledger, and holds on money.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

/// Makes `accounts`, `journals`, `entries` and `holds`.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(accounts()).await?;
        manager.create_table(journals()).await?;
        manager.create_table(entries()).await?;
        manager.create_table(holds()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        for guard in append_only(manager.get_database_backend()) {
            manager.get_connection().execute_unprepared(&guard).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["holds", "entries", "journals", "accounts"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION ledger_is_append_only()").await?;
        }
        Ok(())
    }
}

/// One account per tenant, whose id is the tenant's, and the platform's own counter accounts. A platform account's
/// balance is the sum of its entries and not kept here, so that no row is written by every call.
fn accounts() -> TableCreateStatement {
    Table::create()
        .table("accounts")
        .col(pk_uuid("id"))
        .col(uuid_null("tenant_id"))
        .col(string("name"))
        .col(string_len("currency", 3))
        .col(big_integer("balance_micros").default(0))
        .col(big_integer("held_micros").default(0))
        .col(big_integer("credit_limit_micros").default(0))
        .col(timestamp_with_time_zone("opened_at"))
        .to_owned()
}

/// One business event; its entries sum to zero. `key` makes the same event happen once.
fn journals() -> TableCreateStatement {
    Table::create()
        .table("journals")
        .col(pk_uuid("id"))
        .col(string_uniq("key"))
        .col(string("kind"))
        .col(text("description"))
        .col(timestamp_with_time_zone("at"))
        .to_owned()
}

fn entries() -> TableCreateStatement {
    Table::create()
        .table("entries")
        .col(pk_uuid("id"))
        .col(uuid("journal_id"))
        .col(uuid("account_id"))
        .col(uuid_null("tenant_id"))
        .col(timestamp_with_time_zone("at"))
        .col(string("kind"))
        .col(big_integer("amount_micros"))
        .col(string_len("currency", 3))
        .col(big_integer_null("balance_after_micros"))
        .col(uuid_null("call_id"))
        .col(uuid_null("number_id"))
        .col(uuid_null("invoice_id"))
        .foreign_key(ForeignKey::create().from("entries", "journal_id").to("journals", "id"))
        .foreign_key(ForeignKey::create().from("entries", "account_id").to("accounts", "id"))
        .to_owned()
}

/// Money that is set aside for a call or an order; an account's `held_micros` is the sum of its holds.
fn holds() -> TableCreateStatement {
    Table::create()
        .table("holds")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string("purpose"))
        .col(uuid("reference"))
        .col(big_integer("amount_micros"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("holds", "tenant_id").to("accounts", "id"))
        .to_owned()
}

fn indexes() -> [IndexCreateStatement; 4] {
    [
        Index::create().name("entries_of_tenant").table("entries").col("tenant_id").col("id").to_owned(),
        Index::create().name("entries_of_call").table("entries").col("call_id").to_owned(),
        Index::create().name("entries_of_journal").table("entries").col("journal_id").to_owned(),
        Index::create()
            .name("holds_by_reference")
            .table("holds")
            .col("purpose")
            .col("reference")
            .unique()
            .to_owned(),
    ]
}

/// What was written to the ledger stays: the database itself refuses to change or delete it.
fn append_only(backend: DbBackend) -> Vec<String> {
    let mut statements = Vec::new();
    if backend == DbBackend::Postgres {
        statements.push(
            "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
                .to_owned(),
        );
    }
    for table in ["journals", "entries"] {
        for change in ["UPDATE", "DELETE"] {
            let name = format!("{table}_no_{}", change.to_lowercase());
            let body = if backend == DbBackend::Postgres {
                "FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()"
            } else {
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            };
            statements.push(format!("CREATE TRIGGER {name} BEFORE {change} ON {table} {body}"));
        }
    }
    statements
}
